"""A sheet of paper as a value: where every mark stands, in millimetres, and the text in reading order.

The `Compositor` places marks and tells the story of the page at the same time, so picture and truth cannot
disagree. Dotted lines, frames, seals and pen signatures are marks without text.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont

MM_PER_POINT = 25.4 / 72
PEN_GAP = 0.9  # a hand leaves some room before the print goes on; millimetres
# Debian 12 has version 2, with the Vietnamese letters, in a folder of its own; later systems have no other.
_LIBERATION = Path("/usr/share/fonts/truetype/liberation2")
SERIF = f"{_LIBERATION if _LIBERATION.exists() else _LIBERATION.with_name('liberation')}/LiberationSerif-"
GYRE = "/usr/share/texmf/fonts/opentype/public/tex-gyre/"


class Face(Enum):
    """The type faces; the last two are the other hands in which blanks are filled."""

    REGULAR = SERIF + "Regular.ttf"
    BOLD = SERIF + "Bold.ttf"
    ITALIC = SERIF + "Italic.ttf"
    BOLD_ITALIC = SERIF + "BoldItalic.ttf"
    PEN = GYRE + "texgyrechorus-mediumitalic.otf"
    TYPEWRITER = GYRE + "texgyrecursor-bold.otf"


class Ink(Enum):
    """What left the mark; the value is its colour on white paper."""

    TONER = (38, 36, 40)
    CARBON = (52, 50, 66)
    BLUE_PEN = (72, 88, 172)
    SEAL = (212, 34, 48)
    FORM = (228, 142, 142)
    FRAME = (196, 92, 96)


@dataclass(frozen=True, slots=True)
class Style:
    face: Face
    size: float
    ink: Ink = Ink.TONER

    def but(self, face: Face) -> "Style":
        return replace(self, face=face)

    @property
    def leading(self) -> float:
        """Millimetres from one base line to the next."""
        return self.size * MM_PER_POINT * 1.28


@dataclass(frozen=True, slots=True)
class Word:
    x: float
    y: float
    text: str
    style: Style


@dataclass(frozen=True, slots=True)
class Rule:
    x0: float
    y0: float
    x1: float
    y1: float
    width: float = 0.25


@dataclass(frozen=True, slots=True)
class Dots:
    x0: float
    x1: float
    y: float


@dataclass(frozen=True, slots=True)
class Seal:
    """A round seal around (x, y): `ring` runs over the top, `foot` under the star."""

    x: float
    y: float
    ring: str
    foot: str
    radius: float = 17.5


@dataclass(frozen=True, slots=True)
class Signature:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The printed border of a certificate with a pale rosette in the middle."""

    inset: float


Mark = Word | Rule | Dots | Seal | Signature | Frame
Line = tuple[float, str]
Cell = tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells that stand side by side, rows of columns: they may be read in more than one order."""

    rows: tuple[tuple[Cell, ...], ...]

    def natural(self) -> str:
        """Cell by cell, the left one first."""
        return _text(line for row in self.rows for cell in row for line in cell)

    def orders(self) -> tuple[str, ...]:
        """The natural order, column by column, the right column first, and line by line across."""
        columns = list(itertools.zip_longest(*self.rows, fillvalue=()))
        flat = [line for row in self.rows for cell in row for line in cell]
        found = [
            self.natural(),
            _text(line for column in columns for cell in column for line in cell),
            _text(line for column in reversed(columns) for cell in column for line in cell),
            _text(line for row in self.rows for cell in reversed(row) for line in cell),
            _text(sorted(flat, key=lambda line: round(line[0] / 2.5))),
        ]
        return tuple(dict.fromkeys(found))


def _text(lines: Iterable[Line]) -> str:
    return "\n".join(text for _, text in lines)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One side of one sheet; sizes in millimetres."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    story: tuple[str | Grid, ...]


@dataclass(frozen=True, slots=True)
class Blank:
    """A label and what was filled in behind it; `share` is its part of the line."""

    label: str
    value: str
    share: float = 1.0


@cache
def _measuring_font(face: Face) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(face.value, 200, layout_engine=ImageFont.Layout.BASIC)


def width_of(text: str, style: Style) -> float:
    """Width in millimetres, not rounded to pixels."""
    return _ems(text, style.face) * style.size * MM_PER_POINT


@lru_cache(maxsize=20_000)
def _ems(text: str, face: Face) -> float:
    return float(_measuring_font(face).getlength(text)) / 200


class Compositor:
    """Sets a leaf from the top down; `y` is the base line of what comes next."""

    def __init__(
        self, size: tuple[float, float], margins: tuple[float, float, float], body: Style, hand: Style
    ) -> None:
        self.width, self.height = size
        self.left, self.right, self.y = margins[0], self.width - margins[1], margins[2]
        self.body, self.hand = body, hand
        self.dotted = hand.face is Face.TYPEWRITER
        self.marks: list[Mark] = []
        self.story: list[str | Grid] = []

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2

    def leaf(self) -> Leaf:
        return Leaf(self.width, self.height, tuple(self.marks), tuple(self.story))

    def feed(self, millimetres: float) -> None:
        self.y += millimetres

    def set(self, x: float, y: float, text: str, style: Style) -> float:
        """Set words from x on and return where they end; `{…}` is filled in by the other hand."""
        for piece, hand in _pieces(text, style, self.hand):
            if not piece.isspace():
                self.marks.append(Word(x, y, piece, hand))
            x += width_of(piece, hand) + (PEN_GAP if hand.face is Face.PEN else 0)
        return x

    def set_centred(self, centre: float, y: float, text: str, style: Style) -> None:
        width = sum(width_of(piece, hand) for piece, hand in _pieces(text, style, self.hand))
        self.set(centre - width / 2, y, text, style)

    def stack(self, lines: Sequence[tuple[str, Style]], centre: float, top: float) -> Cell:
        """Centred lines below each other; no story is told, the cell goes into a grid."""
        cell: list[Line] = []
        for text, style in lines:
            self.set_centred(centre, top, text, style)
            cell.append((top, _plain(text)))
            top += style.leading
        return tuple(cell)

    def listing(self, lines: Sequence[tuple[str, Style]], x: float, top: float) -> Cell:
        """Lines below each other that begin at x, for a grid."""
        cell: list[Line] = []
        for text, style in lines:
            self.set(x, top, text, style)
            cell.append((top, _plain(text)))
            top += style.leading
        return tuple(cell)

    def underline(self, centre: float, y: float, length: float) -> None:
        self.marks.append(Rule(centre - length / 2, y, centre + length / 2, y))

    def centred(self, text: str, style: Style) -> None:
        self.set_centred(self.centre, self.y, text, style)
        self.story.append(_plain(text))
        self.feed(style.leading)

    def line(self, text: str, style: Style, x: float | None = None) -> None:
        self.set(self.left if x is None else x, self.y, text, style)
        self.story.append(_plain(text))
        self.feed(style.leading)

    def paragraph(self, text: str, style: Style | None = None, indent: float = 10.0) -> None:
        """A justified paragraph; `**…**` is bold."""
        style = style or self.body
        words = [(word, run) for part, run in _runs(text, style) for word in part.split()]
        x = self.left + indent
        while words:
            count = _fitting(words, self.right - x)
            self._justified(words[:count], x, last=count == len(words))
            words, x = words[count:], self.left
        self.feed(1.3)

    def _justified(self, words: list[tuple[str, Style]], x: float, *, last: bool) -> None:
        used = sum(width_of(*word) for word in words)
        gap = width_of(" ", self.body) if last else (self.right - x - used) / max(1, len(words) - 1)
        for text, style in words:
            self.marks.append(Word(x, self.y, text, style))
            x += width_of(text, style) + gap
        self.story.append(" ".join(text for text, _ in words))
        self.feed(self.body.leading)

    def blanks(self, *blanks: Blank, leading: float = 8.0) -> None:
        """One line of a form; a single value too long for it goes on below."""
        told, x = [], self.left
        total = sum(blank.share for blank in blanks)
        for blank in blanks:
            end = x + (self.right - self.left) * blank.share / total
            rest = self._fill(blank, x, end)
            told.append(f"{blank.label} {blank.value.removesuffix(rest).strip()}")
            x = end
        self.story.append(" ".join(told))
        self.feed(leading)
        while rest:
            rest = self._go_on(rest, leading)

    def _fill(self, blank: Blank, x: float, end: float) -> str:
        start = self.set(x, self.y, blank.label, self.body) + 2.0
        if self.dotted:
            self.marks.append(Dots(start - 1.0, end - 1.5, self.y + 0.6))
        fits, rest = _split(blank.value, self.hand, end - 2.0 - start)
        self.set(start, self.y, fits, self.hand)
        return rest

    def _go_on(self, text: str, leading: float) -> str:
        if self.dotted:
            self.marks.append(Dots(self.left, self.right - 1.5, self.y + 0.6))
        fits, rest = _split(text, self.hand, self.right - self.left - 2.0)
        self.set(self.left + 1.0, self.y, fits, self.hand)
        self.story.append(fits)
        self.feed(leading)
        return rest


def _plain(text: str) -> str:
    return re.sub(r"[{}]", "", text)


def _pieces(text: str, style: Style, hand: Style) -> list[tuple[str, Style]]:
    """Words and the spaces between them, each in the style it is set in."""
    parts = re.split(r"[{}]", text)
    return [
        (piece, hand if odd % 2 else style)
        for odd, part in enumerate(parts)
        for piece in re.findall(r"\s+|\S+", part)
    ]


def _runs(text: str, style: Style) -> list[tuple[str, Style]]:
    parts = text.split("**")
    return [(part, style.but(Face.BOLD) if odd % 2 else style) for odd, part in enumerate(parts)]


def _fitting(words: list[tuple[str, Style]], room: float) -> int:
    used, space = 0.0, width_of(" ", words[0][1])
    for count, word in enumerate(words):
        used += width_of(*word)
        if used > room and count:
            return count
        used += space
    return len(words)


def _split(text: str, style: Style, room: float) -> tuple[str, str]:
    words = text.split()
    count = _fitting([(word, style) for word in words], room) if words else 0
    return " ".join(words[:count]), " ".join(words[count:])
