"""What all forms share: the paper as a value, the two-column head, the foot with the signer."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drawing.cast import Office
from drawing.people import Person, long_date
from drawing.sheet import MM_PER_POINT, Cell, Compositor, Face, Grid, Ink, Leaf, Rule, Seal, Signature, Style

A4 = (210.0, 297.0)
A4_LANDSCAPE = (297.0, 210.0)
A5 = (148.0, 210.0)

MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose paper it is: a personal number, an enterprise code or an agency code."""

    identifier: str
    name: str
    birth_date: str | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """One document: what it is, whose, what stands on it and where."""

    name: str
    type: str
    code: str | None
    owners: tuple[Owner, ...]
    leaves: tuple[Leaf, ...]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """What differs from office to office: type size of letters and of forms, in points."""

    letter: float = 13.5
    form: float = 13.0

    def serif(self, size: float | None = None) -> Style:
        return Style(Face.REGULAR, size or self.letter)


def pen(size: float) -> Style:
    return Style(Face.PEN, size, Ink.BLUE_PEN)


def typewriter(size: float) -> Style:
    return Style(Face.TYPEWRITER, size, Ink.CARBON)


def owner(person: Person) -> Owner:
    return Owner(person.personal_id, person.name, person.birth.isoformat())


def agency(office: Office) -> Owner:
    return Owner(office.commune.agency_code, office.name)


def capital_first(text: str) -> str:
    return text[0].upper() + text[1:]


def national_head(c: Compositor, size: float) -> None:
    """The country and the motto over the whole width, as on certificates."""
    c.centred(MOTTO[0], Style(Face.BOLD, size))
    c.centred(MOTTO[1], Style(Face.BOLD, size))
    c.underline(c.centre, c.y - size * MM_PER_POINT * 0.95, width_of_motto(size))
    c.feed(4)


def width_of_motto(size: float) -> float:
    return size * 4.2


def head(
    c: Compositor,
    issuer: Sequence[str],
    number: Sequence[str],
    place_and_date: str,
    size: float = 12.5,
    superior: str | None = None,
) -> None:
    """Issuer left, country and motto right; below them number (and a letter's subject), place and date."""
    wide = c.right - c.left
    left, right = c.left + wide * 0.2, c.left + wide * 0.71
    bold, plain = Style(Face.BOLD, size), Style(Face.REGULAR, size)
    names = [(superior, plain)] if superior else []
    first = c.stack([*names, *((line, bold) for line in issuer)], left, c.y)
    motto = c.stack([(MOTTO[0], bold), (MOTTO[1], bold.but(Face.BOLD))], right, c.y)
    c.underline(left, first[-1][0] + 1.6, size * 1.6)
    c.underline(right, motto[-1][0] + 1.6, width_of_motto(size))
    c.y = max(first[-1][0], motto[-1][0]) + size * MM_PER_POINT * 1.75
    numbered = c.stack(
        [(line, plain if i == 0 else plain_small(size)) for i, line in enumerate(number)], left, c.y
    )
    dated = c.stack([(place_and_date, plain.but(Face.ITALIC))], right, c.y)
    c.story.append(Grid(((first, motto), (numbered, dated))))
    c.y = numbered[-1][0] + size * MM_PER_POINT * 2.0


def plain_small(size: float) -> Style:
    return Style(Face.REGULAR, size - 1)


def place_date(place: str, date: dt.date) -> str:
    return f"{place}, {long_date(date)}"


def signer_cell(
    c: Compositor, roles: Sequence[str], signer: str, seal: tuple[str, str] | None, centre: float, size: float
) -> Cell:
    """Roles, a signature, the name; a red seal over the signature's left and the name's beginning."""
    bold = Style(Face.BOLD, size)
    top = c.stack([(line, _role_style(line, bold)) for line in roles], centre, c.y)
    name_y = top[-1][0] + 29
    c.marks.append(Signature(centre - 20, name_y - 22, 42, 16))
    name = c.stack([(signer, bold)], centre, name_y)
    if seal:
        c.marks.append(Seal(centre - 19, name_y - 12, *seal))
    return (*top, *name)


def _role_style(line: str, bold: Style) -> Style:
    return Style(Face.ITALIC, bold.size - 1) if line.startswith("(") or ", ngày " in line else bold


def foot(
    c: Compositor,
    recipients: Sequence[str],
    roles: Sequence[str],
    signer: str,
    seal: tuple[str, str],
    size: float = 13,
) -> None:
    """`Nơi nhận` left, the signer right."""
    c.feed(3)
    wide = c.right - c.left
    titles = [("Nơi nhận:", Style(Face.BOLD_ITALIC, 12))] if recipients else []
    left = c.listing([*titles, *((line, Style(Face.REGULAR, 11)) for line in recipients)], c.left, c.y)
    right = signer_cell(c, roles, signer, seal, c.left + wide * 0.73, size)
    c.story.append(Grid(((left, right),)) if left else Grid(((right,),)))
    c.y = max([*left, *right])[0] + 8


def title_rule(c: Compositor, length: float) -> None:
    """The short line below a title; a mark without text."""
    c.marks.append(Rule(c.centre - length / 2, c.y - 3.6, c.centre + length / 2, c.y - 3.6))
    c.feed(3)
