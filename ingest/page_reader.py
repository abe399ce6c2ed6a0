"""Reading one page: upright, level, evenly lit, recognised; every box back on the page as people see it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest import quality
from ingest.model import Page, PageReading
from ingest.reader_image import ReaderImage, even_light, is_blank, level_for_reading, single_channel
from ingest.reading_order import arrange
from ingest.recogniser import RawWord, Recogniser
from ingest.text_layer import LayerWord, prefer_layer

Pixels = NDArray[np.uint8]

_SURE = 0.78
"""Mean confidence from which a page is upright; turned pages stay below 0.6."""
_FEWEST_WORDS = 4
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
    def confidence(self) -> float:
        """Mean over the words, each by its length; 0 without words."""
        letters = sum(len(word.text) for word in self.words)
        return sum(word.confidence * len(word.text) for word in self.words) / letters if letters else 0.0

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
    grey = single_channel(pixels)
    even = even_light(grey, dpi)
    height, width = even.shape
    if is_blank(even):
        page = Page(number, width, height, dpi, 0, 0.0, True, quality.blank(number))
        return PageReading(page, (), "", 0.0)
    best = _upright(even, dpi, recogniser)
    image = best.image
    seen = quality.measure(grey, even, dpi, image.skew)
    page = Page(
        number,
        image.page_width,
        image.page_height,
        dpi,
        best.turn,
        image.skew,
        False,
        quality.judge(number, seen),
    )
    words, text = arrange(best.words, image)
    if layer and best.turn == 0:
        words, text = prefer_layer(words, layer)
    letters = sum(len(word.text) for word in words)
    sure = sum(word.confidence * len(word.text) for word in words) / letters if letters else 0.0
    return PageReading(page, words, text, round(sure, 4))


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
    if first.confidence >= _SURE and len(first.words) >= _FEWEST_WORDS and not first.sideways:
        return first
    told = recogniser.orientation(even, dpi)
    turns = (90, 180, 270) if told is None else () if told == 0 else (told,)
    others = [_attempt(even, dpi, turn, recogniser) for turn in turns]
    return max([first, *others], key=lambda attempt: attempt.worth)


def _attempt(even: Pixels, dpi: int, turn: int, recogniser: Recogniser) -> Attempt:
    image = level_for_reading(turned(even, turn), dpi)
    return Attempt(turn, image, recogniser.read(image.pixels, max(dpi, 150)))
