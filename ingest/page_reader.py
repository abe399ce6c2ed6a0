"""Reading one page: upright, level, evenly lit, recognised; every box back on the page as people see it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest import quality
from ingest.model import Page, PageReading, Word
from ingest.reader_image import (
    GREEN,
    RED,
    Ink,
    ReaderImage,
    even_light,
    ink_on,
    level_for_reading,
    single_channel,
)
from ingest.reading_order import arrange
from ingest.recogniser import RawWord, Recogniser
from ingest.text_layer import LayerWord, prefer_layer

Pixels = NDArray[np.uint8]

_SURE = 0.78
"""Mean confidence from which a page is upright; turned pages stay below 0.6."""
_FEWEST_WORDS = 4
_FEWEST_LETTERS = 12
"""Read for sure on a page with pale ink, that it does not count as blank."""
_LONG_WORD = 4
_READ = 0.6
"""A word that counts when turns are compared."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was read with the page turned clockwise by `turn`."""

    turn: int
    image: ReaderImage
    words: Sequence[RawWord]

    @property
    def worth(self) -> float:
        """How much was read for sure along level lines."""
        if self.sideways:
            return 0.0
        return sum(word.confidence * len(word.text) for word in self.words if word.confidence > _READ)

    @property
    def sideways(self) -> bool:
        """Whether most words stand on end: the engine reads pages that lie on their side as they are."""
        long = [word for word in self.words if len(word.text) >= _LONG_WORD]
        return 2 * sum(word.height > word.width for word in long) > len(long)


def read_page(
    pixels: Pixels, dpi: int, number: int, recogniser: Recogniser, layer: Sequence[LayerWord] = ()
) -> PageReading:
    """Read page `number`; `layer` are the words that a born-digital page carries itself."""
    view = _view(pixels, dpi)
    best = None if view.ink is Ink.NONE else _upright(view.even, dpi, recogniser)
    if best is None or (view.ink is Ink.FAINT and best.worth < _FEWEST_LETTERS):
        height, width = view.even.shape
        page = Page(number, width, height, dpi, 0, 0.0, True, quality.blank(number))
        return PageReading(page, (), "", 0.0)
    image = best.image
    judged = quality.judge(number, quality.measure(view.grey, view.even, dpi, image.skew))
    page = Page(number, image.page_width, image.page_height, dpi, best.turn, image.skew, False, judged)
    words, text = arrange(best.words, image)
    if layer and best.turn == 0:
        words, text = prefer_layer(words, layer)
    return PageReading(page, words, text, round(mean_confidence(words), 4))


@dataclass(frozen=True, slots=True)
class _View:
    """A page in one channel, as it is and evenly lit, and how much ink shows there."""

    grey: Pixels
    even: Pixels
    ink: Ink


def _view(pixels: Pixels, dpi: int) -> _View:
    """The page in red, where seals vanish; if nothing dark is left there, in green, for what is red itself."""
    for channel in (RED, GREEN):
        grey = single_channel(pixels, channel)
        even = even_light(grey, dpi)
        view = _View(grey, even, ink_on(even))
        if view.ink is Ink.CLEAR or pixels.ndim == 2:
            break
    return view


def mean_confidence(words: Sequence[Word] | Sequence[RawWord]) -> float:
    """Mean over the words, each by its length; 0 without words."""
    letters = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / letters if letters else 0.0


def unread_page(pixels: Pixels, dpi: int, number: int) -> PageReading:
    """The reading of a page on which the reader failed: as it came, without words, with the reason."""
    height, width = pixels.shape[:2]
    page = Page(number, width, height, dpi, 0, 0.0, False, quality.unreadable(number))
    return PageReading(page, (), "", 0.0)


def turned(pixels: Pixels, turn: int) -> Pixels:
    """The page turned clockwise by 0, 90, 180 or 270 degrees."""
    return np.ascontiguousarray(np.rot90(pixels, -(turn // 90)))


def _upright(even: Pixels, dpi: int, recogniser: Recogniser) -> Attempt:
    """The best of the four turns. Most pages are upright, so the others are tried only when in doubt."""
    first = _attempt(even, dpi, 0, recogniser)
    if mean_confidence(first.words) >= _SURE and len(first.words) >= _FEWEST_WORDS and not first.sideways:
        return first
    told = recogniser.orientation(even, dpi)
    turns = (90, 180, 270) if told is None else () if told == 0 else (told,)
    others = [_attempt(even, dpi, turn, recogniser) for turn in turns]
    return max([first, *others], key=lambda attempt: attempt.worth)


def _attempt(even: Pixels, dpi: int, turn: int, recogniser: Recogniser) -> Attempt:
    image = level_for_reading(turned(even, turn), dpi)
    return Attempt(turn, image, recogniser.read(image.pixels, max(dpi, 150)))
