"""Which square millimetres of a page's upper part are printed on: the only place here that renders a page.

Rendering is done by a native library on bytes that may be hostile, so `ink_of` is meant to run confined; what
comes back is a small map of bits.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pypdfium2

if TYPE_CHECKING:
    from signing.layout import Place

_CELLS_ACROSS = 210
"""As many cells as an A4 page has millimetres."""
_PIXELS_PER_CELL = 3
_LOOKED_AT = 0.4
"""The upper share of the page that is looked at; marks stand above that."""
_BLOCK = 30
"""Pixels of a block whose own paper tone is found: uneven light is no ink."""
_DARKER = 40
_MUCH_DARKER = 90
_SPECKLE = 0.003
"""The share of cells in a box that dust may blacken."""


@dataclass(frozen=True, slots=True)
class InkMap:
    """Rows of cells from the top of the upright page, true where something is printed."""

    across: int
    down: int
    rows: tuple[tuple[bool, ...], ...]

    def white(self, place: "Place", width: float, height: float) -> bool:
        """Whether a box (points) of a page of this size has no ink; below the map all counts as ink."""
        x0, x1 = (int(x / width * self.across) for x in (place.left, place.left + place.width))
        y0, y1 = (int(y / height * self.down) for y in (place.top, place.top + place.height))
        if y1 >= len(self.rows):
            return False
        cells = [cell for row in self.rows[max(0, y0) : y1 + 1] for cell in row[max(0, x0) : x1 + 1]]
        return sum(cells) <= len(cells) * _SPECKLE

    @classmethod
    def from_json(cls, facts: dict[str, object]) -> "InkMap":
        across, down, rows = facts["across"], facts["down"], facts["rows"]
        if not isinstance(across, int) or not isinstance(down, int) or not isinstance(rows, list):
            raise TypeError("not an ink map")
        return cls(across, down, tuple(tuple(cell == "1" for cell in row) for row in rows))


def ink_of(request: dict[str, object]) -> dict[str, object]:
    """`{"pdf": path}` → the ink map of page 1 as JSON, rows as text of 0 and 1."""
    document = pypdfium2.PdfDocument(Path(str(request["pdf"])))
    try:
        page = document[0]
        document.init_forms()
        width, height = page.get_size()
        scale = _CELLS_ACROSS * _PIXELS_PER_CELL / width
        # A page many times higher than wide is drawn smaller; its marks get a band.
        scale = min(scale, 3000 / height)
        picture = page.render(scale=scale, may_draw_forms=True).to_numpy()
    finally:
        document.close()
    cells = _cells(_ink(picture))
    looked_at = max(1, int(cells.shape[0] * _LOOKED_AT))
    rows = ["".join("1" if cell else "0" for cell in row) for row in cells[:looked_at]]
    return {"across": int(cells.shape[1]), "down": int(cells.shape[0]), "rows": rows}


def _ink(
    picture: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]",
) -> "np.ndarray[tuple[int, int], np.dtype[np.bool_]]":
    """Pixels clearly darker than the paper around them or than the page; the darkest channel sees seals."""
    grey = picture[:, :, :3].min(axis=2).astype(np.int16)
    ink = grey < np.percentile(grey, 80) - _MUCH_DARKER
    for y in range(0, grey.shape[0], _BLOCK):
        for x in range(0, grey.shape[1], _BLOCK):
            block = (slice(y, y + _BLOCK), slice(x, x + _BLOCK))
            ink[block] |= grey[block] < np.percentile(grey[block], 80) - _DARKER
    return np.asarray(ink)


def _cells(
    ink: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]",
) -> "np.ndarray[tuple[int, int], np.dtype[np.bool_]]":
    """Cells of 3 × 3 pixels; two dark pixels make a cell dark."""
    down, across = (max(1, side // _PIXELS_PER_CELL) for side in ink.shape)
    padded = np.zeros((down * _PIXELS_PER_CELL, across * _PIXELS_PER_CELL), dtype=np.bool_)
    visible = ink[: padded.shape[0], : padded.shape[1]]
    padded[: visible.shape[0], : visible.shape[1]] = visible
    counts = padded.reshape(down, _PIXELS_PER_CELL, across, _PIXELS_PER_CELL).sum(axis=(1, 3))
    return np.asarray(counts >= 2)
