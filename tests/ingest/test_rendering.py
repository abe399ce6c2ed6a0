"""Pages as they are drawn in the sandbox."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ingest.rendering import drawn_pages


def test_a_fax_with_oblong_pixels_is_drawn_with_square_ones(tmp_path: Path) -> None:
    page = Image.new("1", (1728, 1146), 1)
    ImageDraw.Draw(page).rectangle((408, 196, 816, 392), fill=0)  # 2 by 2 inches
    page.save(tmp_path / "fax.tif", dpi=(204, 98), compression="group4")
    request = {"path": str(tmp_path / "fax.tif"), "kind": "image/tiff", "pixels": 10_000_000}
    (drawn,) = drawn_pages(request)
    down, across = np.nonzero(drawn.pixels < 128)
    assert drawn.dpi == 204
    assert drawn.pixels.shape == (round(1146 * 204 / 98), 1728)
    assert abs((down.max() - down.min()) - (across.max() - across.min())) <= 4
