"""Words on a page as rows that a person would see: straightened, split at wide gaps, searchable without accents.

Boxes of words lie on the page as it was scanned and may lean; here the lean is taken out, so that "left of" and
"below" mean what they say. Every `Token` keeps its word's own box for whoever shows it. A page without boxes (plain
lines of text) gets a grid of its own and is then treated alike.
"""

import math
import re
import statistics
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise

from common import Box, fold
from ingest.model import PageReading, Word

_GRID_WIDTH, _GRID_HEIGHT = 10, 24
"""Pixels per letter and line where a page has lines but no boxes."""
_MOST_WORDS = 4_000
"""A dense A3 table has 2,500. A page made to cost time has more; what follows on it is not looked at."""
_LONGEST_WORD = 100


@dataclass(frozen=True, slots=True)
class Token:
    """One word, or the part of it after a colon, in straightened coordinates (pixels)."""

    text: str
    confidence: float
    page: int
    box: Box
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def middle(self) -> float:
        """The x of its centre."""
        return (self.x0 + self.x1) / 2


@dataclass(frozen=True)
class Row:
    """Tokens side by side, from left to right; never empty."""

    tokens: tuple[Token, ...]

    @property
    def x0(self) -> float:
        return self.tokens[0].x0

    @property
    def x1(self) -> float:
        return self.tokens[-1].x1

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2

    @cached_property
    def top(self) -> float:
        return statistics.median(token.y0 for token in self.tokens)

    @cached_property
    def bottom(self) -> float:
        return statistics.median(token.y1 for token in self.tokens)

    @property
    def height(self) -> float:
        return max(self.bottom - self.top, 1.0)

    @cached_property
    def text(self) -> str:
        """Its words with single spaces."""
        return " ".join(token.text for token in self.tokens)

    @cached_property
    def _ends(self) -> tuple[list[int], str]:
        """Where each token ends in the folded text, and that text."""
        parts = [fold(token.text) for token in self.tokens]
        ends, at = [], -1
        for part in parts:
            at += len(part) + 1
            ends.append(at)
        return ends, " ".join(parts)

    @property
    def folded(self) -> str:
        """`text` folded; `between` leads from its positions back to tokens."""
        return self._ends[1]

    def between(self, start: int, end: int) -> tuple[Token, ...]:
        """The tokens that the folded text from `start` to before `end` touches."""
        ends = self._ends[0]
        return self.tokens[bisect_right(ends, start) : bisect_right(ends, max(end - 1, start)) + 1]

    def part(self, left: float = -math.inf, right: float = math.inf) -> "Row | None":
        """The tokens whose centres lie between the two x; None when there are none."""
        inside = tuple(token for token in self.tokens if left <= token.middle < right)
        return Row(inside) if inside else None

    def segments(self, gap: float = 2.0) -> tuple["Row", ...]:
        """The row cut wherever the space is wider than `gap` times its height."""
        runs, run = [], [self.tokens[0]]
        for before, token in pairwise(self.tokens):
            if token.x0 - before.x1 > gap * self.height:
                runs.append(Row(tuple(run)))
                run = []
            run.append(token)
        return (*runs, Row(tuple(run)))

    @property
    def is_upper(self) -> bool:
        """At least four letters, and most of them capitals."""
        letters = [letter for letter in self.text if letter.isalpha()]
        return len(letters) >= 4 and sum(map(str.isupper, letters)) >= 0.7 * len(letters)


@dataclass(frozen=True)
class Layout:
    """The rows of one page from top to bottom."""

    number: int
    width: float
    height: float
    rows: tuple[Row, ...]

    @cached_property
    def line_height(self) -> float:
        """The usual height of a row."""
        return statistics.median(row.height for row in self.rows) if self.rows else 1.0

    @cached_property
    def right_edge(self) -> float:
        """Where long lines end."""
        ends = sorted(row.x1 for row in self.rows)
        return ends[int(len(ends) * 0.9)] if ends else self.width


def layout(reading: PageReading) -> Layout:
    """The rows of a page, from its words or, without words, from its lines of text."""
    page = reading.page
    words = (reading.words or tuple(islice(_words_of(reading.text), _MOST_WORDS)))[:_MOST_WORDS]
    width = max([page.width, *(word.box.x1 for word in words)])
    height = max([page.height, *(word.box.y1 for word in words)])
    slope = math.tan(math.radians(page.skew)) if reading.words else 0.0
    lines: dict[int, list[Token]] = {}
    for word in _without_specks(words):
        lines.setdefault(word.line, []).extend(_tokens(word, page.number, slope))
    rows = _joined([Row(tuple(sorted(line, key=_left))) for line in lines.values() if line])
    return Layout(page.number, width, height, tuple(rows))


def _left(token: Token) -> float:
    return token.x0


def _words_of(text: str) -> Iterator[Word]:
    """Words on a grid of letters; nothing is known about how well they were read."""
    for number, line in enumerate(text.splitlines()):
        for match in re.finditer(r"\S+", line):
            top = number * _GRID_HEIGHT
            box = Box(
                match.start() * _GRID_WIDTH, top, match.end() * _GRID_WIDTH, top + _GRID_HEIGHT * 2 // 3
            )
            yield Word(match[0], box, 1.0, number, 0)


def _without_specks(words: Sequence[Word]) -> list[Word]:
    """Words without empty ones, and without badly read ones far taller than a line (edges of stamps, folds)."""
    real = [word for word in words if word.text.strip()]
    usual = statistics.median([word.box.height for word in real]) if real else 0
    return [word for word in real if word.confidence > 0.5 or word.box.height < 2.5 * usual]


def _tokens(word: Word, page: int, slope: float) -> Iterator[Token]:
    """The word straightened, and cut after a colon that a value follows without a space (`Số:453`)."""
    box, text = word.box, word.text.strip()[:_LONGEST_WORD]
    # Lines that lean clockwise fall towards the right; moving words up by what they fell makes the line level.
    fall = slope * (box.x0 + box.x1) / 2
    pieces = re.findall(r".*?[^\W\d]:(?=\S)|.+", text)
    at = box.x0
    for piece in pieces:
        wide = box.width * len(piece) / len(text)
        y0, y1 = box.y0 - fall, box.y1 - fall
        yield Token(piece, word.confidence, page, box, at, y0, at + wide, y1)
        at += wide  # type: ignore[assignment]


def _joined(lines: Iterable[Row]) -> list[Row]:
    """Lines of neighbouring blocks that stand at one height side by side as one row."""
    rows: list[Row] = []
    for line in sorted(lines, key=lambda row: row.top + row.bottom):
        beside = next((row for row in reversed(rows[-4:]) if _side_by_side(row, line)), None)
        if beside is None:
            rows.append(line)
        else:
            rows.remove(beside)
            rows.append(Row(tuple(sorted((*beside.tokens, *line.tokens), key=_left))))
    return sorted(rows, key=lambda row: row.top + row.bottom)


def _side_by_side(one: Row, other: Row) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    apart = all(a.x1 <= b.x0 + 2 or b.x1 <= a.x0 + 2 for a in one.tokens for b in other.tokens)
    return apart and shared > 0.5 * min(one.height, other.height)
