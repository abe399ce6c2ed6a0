"""Words in the order in which people read them, as lines and paragraphs of text.

The engine's own order is kept, but for the head of official papers: issuer and number stand left, motto and
date right (Decree 30/2020, Annex I), so close to each other that the engine reads across. There the left
column comes first, then the right one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

from common import fold
from ingest.model import Word
from ingest.reader_image import ReaderImage
from ingest.recogniser import RawWord

_MOTTO = ("cong", "hoa", "xa", "hoi")
_DATE = frozenset({"thang", "nam"})
_MOTTO_WORDS = 3
"""So many of its first four words must be read right."""
_SALUTATION = ("kinh", "gui")
_RECIPIENTS = ("noi", "nhan")
_WIDE_GAP = 2.5
"""Heights of a line between the recipients' list and the signer."""
_LINES_ABOVE, _LINES_BELOW = 1.5, 14
"""Heights of a line around the motto in which a second column may stand: number, date, subject."""
_NUMBER_APART = re.compile(r"(?<=\d) (?=/[^\W\d])")
_SPECK = 0.35
_GAP, _GAP_TO_SPACE = 0.5, 1.8
"""Between columns: of a line's height (an ordinary space is a third), and of the line's other spaces, which
justified text widens."""


@dataclass(frozen=True, slots=True)
class Line:
    """The words of one line, and the paragraph of the engine's layout that it belongs to."""

    paragraph: tuple[int, int]
    words: tuple[RawWord, ...]

    @property
    def middle(self) -> float:
        """Mean height of its words' middles, in pixels from the top."""
        return sum(word.top + word.height / 2 for word in self.words) / len(self.words)


@dataclass(frozen=True, slots=True)
class Head:
    """Where the head of an official paper stands and where its columns part."""

    top: float
    second_row: float
    """Where the number and the date begin, below issuer and motto."""
    last_right: float
    """Where the right column ends: with the date. A centred title that stands lower is no part of it."""
    bottom: float
    between: float

    def is_above(self, line: Line) -> bool:
        """Whether the line comes after the head."""
        has_left = any(_is_left(word, self.between) for word in line.words)
        return line.middle >= (self.bottom if has_left else self.last_right)


@dataclass(frozen=True, slots=True)
class Foot:
    """Where the recipients (left) and the signer (right) stand."""

    top: float
    between: float


def arrange(raw: Sequence[RawWord], image: ReaderImage) -> tuple[tuple[Word, ...], str]:
    """The words with their boxes on the page, in reading order, and the text of the page."""
    words: list[Word] = []
    paragraphs: list[str] = []
    number = 0
    for block, lines in enumerate(_paragraphs([word for word in raw if not _is_speck(word)])):
        for line in lines:
            words += [_placed(word, image, number, block) for word in line.words]
            number += 1
        paragraphs.append("\n".join(line_text([word.text for word in line.words]) for line in lines))
    return tuple(words), "\n\n".join(paragraphs)


def _is_speck(word: RawWord) -> bool:
    """A stroke of a seal or a signature that the engine took for a letter or a sign; a digit is never one."""
    signs = [sign for sign in word.text if sign.isalnum()]
    return word.confidence < _SPECK and len(signs) < 2 and not any(sign.isdigit() for sign in signs)


def line_text(words: Sequence[str]) -> str:
    """The words of a line with spaces, but none between a number and its symbol (`11 /TB-UBND`)."""
    return _NUMBER_APART.sub("", " ".join(words))


def _placed(word: RawWord, image: ReaderImage, line: int, block: int) -> Word:
    box = image.box_on_page(word.left, word.top, word.width, word.height)
    return Word(word.text, box, word.confidence, line, block)


def _paragraphs(raw: Sequence[RawWord]) -> list[list[Line]]:
    by_line = groupby(raw, key=lambda word: (word.block, word.paragraph, word.line))
    lines = [Line(place[:2], tuple(words)) for place, words in by_line]
    foot = _find_foot(lines)
    body = lines if foot is None else [line for line in lines if line.middle < foot.top]
    last = [] if foot is None else _columns([line for line in lines if line.middle >= foot.top], foot.between)
    return [*_head_and_body(body), *last]


def _head_and_body(lines: Sequence[Line]) -> list[list[Line]]:
    head = _find_head(lines)
    if head is None:
        return _grouped(lines)
    above = [line for line in lines if line.middle < head.top]
    below = [line for line in lines if head.is_above(line)]
    inside = [line for line in lines if line.middle >= head.top and not head.is_above(line)]
    rows = (
        [line for line in inside if line.middle < head.second_row],
        [line for line in inside if line.middle >= head.second_row],
    )
    columns = [column for row in rows for column in _columns(row, head.between)]
    return [*_grouped(above), *columns, *_grouped(below)]


def _grouped(lines: Iterable[Line]) -> list[list[Line]]:
    return [list(group) for _, group in groupby(lines, key=lambda line: line.paragraph)]


def _find_head(lines: Sequence[Line]) -> Head | None:
    """The head around a motto that has something to its left; a certificate's stands alone in the middle."""
    for line in lines:
        for index, word in enumerate(line.words):
            if fold(word.text) == _MOTTO[0] and _is_motto(line.words[index : index + 4]):
                left = [line.words[index - 1]] if index else _beside(word, lines)
                return _head_around(word, left, lines) if left else None
    return None


def _beside(motto: RawWord, lines: Sequence[Line]) -> list[RawWord]:
    """The last words of the lines that end left of the motto, at its height."""
    return [
        line.words[-1]
        for line in lines
        if abs(line.middle - (motto.top + motto.height / 2)) < 2 * motto.height
        and line.words[-1].left + line.words[-1].width < motto.left
    ]


def _is_motto(words: Sequence[RawWord]) -> bool:
    right = sum(fold(word.text) == expected for word, expected in zip(words, _MOTTO, strict=False))
    return right >= _MOTTO_WORDS


def _head_around(motto: RawWord, left: Sequence[RawWord], lines: Sequence[Line]) -> Head:
    """The head ends above the salutation, and above the first line that runs across both columns."""
    height = motto.height
    between = (max(word.left + word.width for word in left) + motto.left) / 2
    lowest = motto.top + _LINES_BELOW * height
    below = [line for line in lines if motto.top + height < line.middle < lowest]
    ends = [
        line.middle for line in below if _runs_across(line, between, height) or _begins(line, _SALUTATION)
    ]
    bottom = min([lowest, *(end - height / 2 for end in ends)])
    dates = [line.middle for line in below if line.middle < bottom and _is_date(line)]
    date = min(dates, default=bottom)
    return Head(motto.top - _LINES_ABOVE * height, date - height, date + height, bottom, between)


def _find_foot(lines: Sequence[Line]) -> Foot | None:
    """The recipients' list with the signer beside it, if a clear gap parts them."""
    start = next((line for line in lines if _begins(line, _RECIPIENTS)), None)
    if start is None:
        return None
    height = start.words[0].height
    top = start.middle - _LINES_ABOVE * height
    starts = [
        after.left
        for line in lines
        if line.middle >= top
        for before, after in pairwise(line.words)
        if after.left - (before.left + before.width) > _WIDE_GAP * height and len(after.text) > 1
    ]
    return Foot(top, min(starts) - height / 2) if starts else None


def _begins(line: Line, words: Sequence[str]) -> bool:
    found = [fold(word.text).strip(":.,") for word in line.words[: len(words)]]
    return found == list(words)


def _is_date(line: Line) -> bool:
    words = {fold(word.text) for word in line.words}
    return len(words & _DATE) == len(_DATE)


def _runs_across(line: Line, between: float, height: int) -> bool:
    left = [word for word in line.words if _is_left(word, between)]
    right = [word for word in line.words if not _is_left(word, between)]
    if not left or not right:
        return False
    spaces = [*_spaces(left), *_spaces(right)]
    least = max(_GAP * height, _GAP_TO_SPACE * median(spaces) if spaces else 0)
    return right[0].left - (left[-1].left + left[-1].width) < least


def _spaces(words: Sequence[RawWord]) -> list[int]:
    return [after.left - (word.left + word.width) for word, after in pairwise(words)]


def _is_left(word: RawWord, between: float) -> bool:
    return word.left + word.width / 2 < between


def _columns(lines: Sequence[Line], between: float) -> list[list[Line]]:
    """The lines cut at the gap: the left column, then the right one, each from top to bottom."""
    columns: list[list[Line]] = [[], []]
    for line in lines:
        for column, left in zip(columns, (True, False), strict=True):
            words = tuple(word for word in line.words if _is_left(word, between) is left)
            if words:
                column.append(Line(line.paragraph, words))
    return [sorted(column, key=lambda line: line.middle) for column in columns if column]
