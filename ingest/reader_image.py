"""The copy of a page that the reader gets: one channel, even light, level lines. Never shown, never kept.

What each step gains is measured: the red channel lets a red seal vanish from the text below it; dividing by
the paper's own brightness takes out shade and yellowing; levelling the lines matters most on photocopies.
Enlarging and binarising help nobody. After the light is even the paper is white, so the border that a turn
brings in is white as well and continues the paper.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from common import Box

Pixels = NDArray[np.uint8]

RED, GREEN = 0, 1
_INK, _FAINT_INK = 160, 215
"""Below these greys, on evenly lit paper of 250, is ink, or pale ink."""
_PAPER = 250
_SKEW_DPI = 100
_FEWEST_DPI = 150
"""Below it the reader's copy is enlarged: 11.0 % became 9.2 % wrong letters on a letter of 82 dpi."""
_STEEPEST = 10.0
_SMALLEST = 0.08
"""Degrees below which turning blurs more than it levels."""
_MOST_POINTS = 60_000
_FEWEST_POINTS = 200
_EDGE = 0.03
"""Share of each side that is not looked at for ink: the shadow of the scanner's lid."""
_LIGHT_DPI = 50
_BLANK_SHARE = 0.0004
"""Of the page without its edges; one line of print covers five times as much."""


@dataclass(frozen=True, slots=True)
class ReaderImage:
    """The prepared page, and the way back from its pixels to those of the upright page."""

    pixels: Pixels
    skew: float
    """Degrees that the lines leaned clockwise before they were levelled."""
    to_page: NDArray[np.float64]
    page_width: int
    page_height: int

    def box_on_page(self, left: int, top: int, width: int, height: int) -> Box:
        """The upright box on the page around a box on this image, within the page."""
        corners = np.array([[x, y, 1.0] for x in (left, left + width) for y in (top, top + height)])
        placed = corners @ self.to_page.T
        x0, y0 = np.floor(placed.min(axis=0) + 0.5)
        x1, y1 = np.floor(placed.max(axis=0) + 0.5)
        return Box(
            int(min(max(x0, 0), self.page_width)),
            int(min(max(y0, 0), self.page_height)),
            int(min(max(x1, 0), self.page_width)),
            int(min(max(y1, 0), self.page_height)),
        )


def single_channel(pixels: Pixels, channel: int = RED) -> Pixels:
    """Red of a colour page: red seals vanish, blue handwriting stays dark. In green both are dark."""
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, channel])


def even_light(grey: Pixels, dpi: int) -> Pixels:
    """The page divided by the brightness of its own paper, which becomes white."""
    factor = min(1.0, _LIGHT_DPI / dpi)
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    # Closing with a window larger than any letter leaves the paper only.
    paper = cv2.morphologyEx(
        small, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8), borderType=cv2.BORDER_REPLICATE
    )
    paper = cv2.GaussianBlur(paper, (0, 0), 5, borderType=cv2.BORDER_REPLICATE)
    paper = cv2.resize(paper, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(grey, np.maximum(paper, 1), scale=_PAPER), dtype=np.uint8)


class Ink(Enum):
    """How much print a page carries."""

    NONE = "none"
    """Specks at most."""
    FAINT = "faint"
    """Something pale: thin print, or the other side showing through. Reading tells which."""
    CLEAR = "clear"


def ink_on(even: Pixels) -> Ink:
    """What an evenly lit page carries, its edges left out."""
    height, width = even.shape
    top, left = int(height * _EDGE), int(width * _EDGE)
    # Specks are smaller than strokes: a median takes them out.
    inner = cv2.medianBlur(np.ascontiguousarray(even[top : height - top, left : width - left]), 3)
    for ink, darkest in ((Ink.CLEAR, _INK), (Ink.FAINT, _FAINT_INK)):
        if np.count_nonzero(inner < darkest) >= _BLANK_SHARE * inner.size:
            return ink
    return Ink.NONE


def find_skew(even: Pixels, dpi: int) -> float:
    """Degrees that the lines of an evenly lit page lean clockwise, between -10 and 10; 0 without lines."""
    across, down = _ink(even, dpi)
    if across.size < _FEWEST_POINTS:
        return 0.0
    best = 0.0
    for span, step in ((_STEEPEST, 0.5), (0.5, 0.1), (0.1, 0.02)):
        angles = best + np.arange(-span, span + step / 2, step)
        best = float(max(angles, key=lambda angle: _sharpness(across, down, angle)))
    return round(best, 2) if abs(best) <= _STEEPEST else 0.0


def level_for_reading(even: Pixels, dpi: int) -> ReaderImage:
    """The reader's copy of an upright, evenly lit page: levelled, and enlarged where it is very coarse."""
    levelled = level(even, find_skew(even, dpi))
    if dpi >= _FEWEST_DPI:
        return levelled
    factor = _FEWEST_DPI / dpi
    larger = cv2.resize(levelled.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    back = levelled.to_page * (1 / factor, 1 / factor, 1)
    return replace(levelled, pixels=np.asarray(larger, dtype=np.uint8), to_page=back)


def level(even: Pixels, skew: float) -> ReaderImage:
    """Turn an evenly lit page back by `skew`; nothing is cut off."""
    height, width = even.shape
    if abs(skew) < _SMALLEST:
        return ReaderImage(even, skew, np.array([[1.0, 0, 0], [0, 1.0, 0]]), width, height)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), skew, 1.0)
    radians = math.radians(abs(skew))
    wide = math.ceil(width * math.cos(radians) + height * math.sin(radians))
    high = math.ceil(height * math.cos(radians) + width * math.sin(radians))
    turn[:, 2] += ((wide - width) / 2, (high - height) / 2)
    levelled = cv2.warpAffine(even, turn, (wide, high), flags=cv2.INTER_LINEAR, borderValue=_PAPER)
    back = np.asarray(cv2.invertAffineTransform(turn), dtype=np.float64)
    return ReaderImage(np.asarray(levelled, dtype=np.uint8), skew, back, width, height)


def _ink(even: Pixels, dpi: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    factor = min(1.0, _SKEW_DPI / dpi)
    small = cv2.resize(even, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    height, width = small.shape
    top, left = int(height * _EDGE), int(width * _EDGE)
    inner = np.asarray(small[top : height - top, left : width - left])
    down, across = np.nonzero(inner < _INK)
    if down.size < _FEWEST_POINTS:
        down, across = np.nonzero(inner < _FAINT_INK)
    every = max(1, math.ceil(down.size / _MOST_POINTS))
    return across[::every].astype(np.float64), down[::every].astype(np.float64)


def _sharpness(across: NDArray[np.float64], down: NDArray[np.float64], angle: float) -> float:
    """How sharply the ink falls into rows that lean by `angle`: squared steps between neighbours."""
    rows = down - across * math.tan(math.radians(angle))
    counts = np.bincount((rows - rows.min()).astype(np.int64))
    return float(np.sum(np.diff(counts.astype(np.float64)) ** 2))
