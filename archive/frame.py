"""Where everything lies on the sheets of a print: pure geometry in PDF points, origin at the bottom left.

Every page stands whole in a fixed frame on A4, upright or on its side as the page is, at 85 % of its size or
smaller, never larger. Page 1 shares its sheet with the strip, which is 43 mm high so that the largest QR code
(version 18) fits with modules of 0.46 mm: an A4 page then stands at 80 %, on its side at 72 %. Below every
page is one line of ours, above pages from 2 on another. Nothing of ours lies within 4.5 mm of the paper's
edge, where office printers cannot print, and nothing of ours overlaps the page.
"""

from dataclasses import dataclass

from common import mm

A4_SHORT, A4_LONG = mm(210), mm(297)
LARGEST_SCALE = 0.85
MODULE = mm(0.46)
"""Edge of a QR module; 0.45 mm is the least that survives copying and a phone camera."""
SIDE = mm(8)
TOP = mm(5)
STRIP = mm(43)
FOOTER = mm(10)
HEADER = mm(9)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle on the sheet."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Placement:
    """One page's sheet, and the rectangle and scale at which the page stands on it."""

    sheet_width: float
    sheet_height: float
    page: Area
    scale: float


def place(width: float, height: float, *, first: bool) -> Placement:
    """Where a page of this size (points, upright) stands; `first` leaves room for the strip.

    Wide pages turn the sheet on its side unless they fit the upright sheet at 85 % (an identity card).
    """
    upright = _on_sheet(width, height, A4_SHORT, A4_LONG, first=first)
    if width <= height or upright.scale == LARGEST_SCALE:
        return upright
    return _on_sheet(width, height, A4_LONG, A4_SHORT, first=first)


def _on_sheet(
    width: float, height: float, sheet_width: float, sheet_height: float, *, first: bool
) -> Placement:
    above = TOP + STRIP if first else HEADER
    room = Area(SIDE, FOOTER, sheet_width - 2 * SIDE, sheet_height - FOOTER - above)
    scale = min(LARGEST_SCALE, room.width / width, room.height / height)
    placed_width, placed_height = width * scale, height * scale
    x = (sheet_width - placed_width) / 2
    # Under the strip the page hangs from the top; alone on its sheet it stands in the middle.
    gap = room.height - placed_height
    y = room.y + (gap if first else gap / 2)
    return Placement(sheet_width, sheet_height, Area(x, y, placed_width, placed_height), scale)
