"""Runs inside the sandbox: finds the machine-readable codes on the pages of a file (`barcodes.py`)."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import zxingcpp

from ingest.rendering import Pixels, drawn_pages

_KINDS = zxingcpp.BarcodeFormats(
    [
        zxingcpp.BarcodeFormat.QRCode,
        zxingcpp.BarcodeFormat.DataMatrix,
        zxingcpp.BarcodeFormat.Aztec,
        zxingcpp.BarcodeFormat.PDF417,
    ]
)
_SHARPENED_BLUR = 2.0
_LARGER = 2.0

Found = tuple[str, str, int, int, int, int, int]


def find(request: dict[str, Any]) -> list[Found]:
    """`[text, kind, page, x0, y0, x1, y1]` for every code."""
    found: list[Found] = []
    for number, page in enumerate(drawn_pages(request), start=1):
        found += _on_page(page.pixels, number)
    return found


def _on_page(pixels: Pixels, number: int) -> list[Found]:
    """The codes of the first view of the page that shows any."""
    for view, scale in _views(pixels):
        codes = zxingcpp.read_barcodes(view, formats=_KINDS, try_rotate=True, try_downscale=True)
        if codes:
            return [(code.text, code.format.name, number, *_corners(code.position, scale)) for code in codes]
    return []


def _views(pixels: Pixels) -> Iterator[tuple[Pixels, float]]:
    """The page as it is; then sharpened and enlarged, for modules of few and blurred pixels."""
    grey = (
        pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    )
    yield grey, 1.0
    soft = cv2.GaussianBlur(grey, (0, 0), _SHARPENED_BLUR)
    sharp = np.asarray(cv2.addWeighted(grey, 2.5, soft, -1.5, 0), dtype=np.uint8)
    yield sharp, 1.0
    larger = cv2.resize(grey, None, fx=_LARGER, fy=_LARGER, interpolation=cv2.INTER_CUBIC)
    yield np.asarray(larger, dtype=np.uint8), _LARGER


def _corners(position: Any, scale: float) -> tuple[int, int, int, int]:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    xs = [corner.x / scale for corner in corners]
    ys = [corner.y / scale for corner in corners]
    return round(min(xs)), round(min(ys)), round(max(xs)), round(max(ys))
