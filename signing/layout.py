"""Where the marks stand on page 1: the clerk's top left, the agency's top right, on white paper.

The two boxes never overlap, never leave the page and never cover what is printed: where the top of the page
is not white enough, the page grows upwards by a band (its boxes change, the scan keeps place and scale). All
measures here are points on the upright page, `left`/`top` from its top left corner, y downwards.
"""

from dataclasses import dataclass

from common import mm
from signing.ink import InkMap
from signing.typeface import LEADING, fit

SIZE = 10.0
"""Decree 30/2020 Annex I, II.I.3."""
_WIDEST = mm(75)
_MARGIN = mm(5)
_OFFSETS = tuple(mm(top) for top in (5, 6, 7, 8, 10))
"""How far below the upper edge a mark may stand and still be at the top of the page."""
_AIR = mm(1)
"""White that is kept around a mark."""
_RESERVED_LINES = 4
"""Room for a mark whose text is not known yet: form of copy, agency in two lines, time."""
_TALLEST = 0.25
"""A mark takes at most this share of the page's height before its text becomes smaller …"""
_SMALLEST = 5.0
"""… but never smaller than this while the band may still grow."""


@dataclass(frozen=True, slots=True)
class Place:
    """A box on the upright page, in points from its top left."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The boxes of the two marks; `band` is how much the page grows upwards first (boxes count from it)."""

    band: float
    clerk: Place
    agency: Place


def plan(
    width: float,
    height: float,
    ink: InkMap,
    *,
    clerk: tuple[str, ...] | None,
    agency: tuple[str, ...] | None,
) -> Layout:
    """The layout for a page of this size; a text that is None is not known yet and gets common room."""
    margin = min(_MARGIN, width * 0.025)
    widest = min(_WIDEST, (width - 3 * margin) / 2)
    sizes = [_room(lines, widest, height) for lines in (clerk, agency)]
    for top in _OFFSETS:
        layout = _at(top, 0.0, margin, width, sizes)
        if all(ink.white(_grown(place), width, height) for place in (layout.clerk, layout.agency)):
            return layout
    tallest = max(box_height for _, box_height in sizes)
    return _at(margin, tallest + 2 * margin, margin, width, sizes)


def _room(lines: tuple[str, ...] | None, widest: float, page_height: float) -> tuple[float, float]:
    """Width and height that a mark needs."""
    if lines is None:
        return widest, _RESERVED_LINES * SIZE * LEADING
    fitted = fit(lines, size=SIZE, width=widest)
    if fitted.height > page_height * _TALLEST:
        fitted = fit(lines, size=SIZE, width=widest, height=page_height * _TALLEST)
    if fitted.size < _SMALLEST:
        fitted = fit(lines, size=_SMALLEST, width=widest)
    return widest, fitted.height


def _at(top: float, band: float, margin: float, width: float, sizes: list[tuple[float, float]]) -> Layout:
    (clerk_width, clerk_height), (agency_width, agency_height) = sizes
    return Layout(
        band=band,
        clerk=Place(margin, top, clerk_width, clerk_height),
        agency=Place(width - margin - agency_width, top, agency_width, agency_height),
    )


def _grown(place: Place) -> Place:
    return Place(place.left - _AIR, place.top - _AIR, place.width + 2 * _AIR, place.height + 2 * _AIR)
