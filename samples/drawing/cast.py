"""The persons, offices and dates of one set of papers: one small story in which everything agrees.

A man gets his single-status paper, marries, and a child is born; beside it a death, a pupil, a shop, an
enterprise and what the commune writes. Another seed tells the same story of other people.
"""

import datetime as dt
from dataclasses import dataclass
from random import Random

from drawing.people import (
    COMMUNES,
    Commune,
    Enterprise,
    Person,
    day,
    enterprise_code,
    invented_name,
    other,
    person,
)

NGHE_AN = tuple(c for c in COMMUNES if c.province == "tỉnh Nghệ An")
TRADES = (
    ("Dịch vụ Nông nghiệp", "Agricultural Service"),
    ("Xây dựng và Thương mại", "Construction and Trading"),
    ("Chế biến Gỗ", "Wood Processing"),
    ("Vận tải và Du lịch", "Transport and Tourism"),
)
MARKS = (
    ("Sông Hiếu", "Song Hieu"),
    ("Phú Quỳ", "Phu Quy"),
    ("Bình Minh", "Binh Minh"),
    ("Trường Sơn", "Truong Son"),
)


@dataclass(frozen=True, slots=True)
class Office:
    """A commune's People's Committee and who signs for it."""

    commune: Commune
    chairman: str
    deputy: str

    @property
    def name(self) -> str:
        return f"Ủy ban nhân dân {self.commune.kind} {self.commune.name}"

    @property
    def short_name(self) -> str:
        return f"UBND {self.commune.kind} {self.commune.name}"

    @property
    def head(self) -> tuple[str, str]:
        return "ỦY BAN NHÂN DÂN", f"{self.commune.kind} {self.commune.name}".upper()

    @property
    def seal(self) -> tuple[str, str]:
        return (
            f"ỦY BAN NHÂN DÂN {self.commune.kind} {self.commune.name}".upper(),
            self.commune.province.upper(),
        )


@dataclass(frozen=True, slots=True)
class Dates:
    """When each paper was issued; the marriage lies in the six months of the single-status paper."""

    single_status: dt.date
    marriage: dt.date
    birth: dt.date
    birth_registered: dt.date
    death: dt.date
    death_registered: dt.date
    exam: dt.date
    diploma: dt.date
    enterprise: dt.date
    shop: dt.date
    decision: dt.date
    letter: dt.date
    notice: dt.date


@dataclass(frozen=True, slots=True)
class Cast:
    office: Office
    groom_office: Office
    groom: Person
    bride: Person
    child: Person
    grandmother: Person
    deceased: Person
    pupil: Person
    trader: Person
    founder: Person
    enterprise: Enterprise
    registrar: str
    director: str
    colleagues: tuple[str, ...]
    dates: Dates
    numbers: tuple[int, ...]


def cast(rng: Random) -> Cast:
    """Everybody of one set, from one source of chance."""
    home = rng.choice(NGHE_AN)
    away = other(rng, COMMUNES, home)
    dates = _dates(rng)
    groom = person(rng, away, "Nam", (1990, 1999))
    bride = person(rng, home, "Nữ", (1991, 2000))
    names = [invented_name(rng, rng.choice(("Nam", "Nam", "Nữ"))) for _ in range(16)]
    founder = person(rng, other(rng, NGHE_AN, home), rng.choice(("Nam", "Nữ")), (1972, 1992))
    return Cast(
        office=Office(home, names[0], names[1]),
        groom_office=Office(away, names[2], names[3]),
        groom=groom,
        bride=bride,
        child=_child(rng, groom, bride, dates.birth),
        grandmother=person(rng, home, "Nữ", (1962, 1970), bride.name.split()[0]),
        deceased=person(rng, home, rng.choice(("Nam", "Nữ")), (1934, 1948)),
        pupil=person(rng, home, rng.choice(("Nam", "Nữ")), (2008, 2008)),
        trader=person(rng, home, rng.choice(("Nam", "Nữ")), (1975, 1995)),
        founder=founder,
        enterprise=_enterprise(rng),
        registrar=names[4],
        director=names[5],
        colleagues=tuple(names[6:]),
        dates=dates,
        numbers=tuple(rng.randint(12, 480) for _ in range(16)),
    )


def _dates(rng: Random) -> Dates:
    birth = day(rng, dt.date(2026, 6, 1), dt.date(2026, 7, 31))
    death = day(rng, dt.date(2026, 1, 5), dt.date(2026, 3, 31))
    single_status = day(rng, dt.date(2025, 8, 4), dt.date(2025, 9, 12))
    return Dates(
        single_status=single_status,
        marriage=day(rng, single_status + dt.timedelta(days=10), single_status + dt.timedelta(days=60)),
        birth=birth,
        birth_registered=day(rng, birth + dt.timedelta(days=5), birth + dt.timedelta(days=30)),
        death=death,
        death_registered=day(rng, death + dt.timedelta(days=1), death + dt.timedelta(days=9)),
        exam=dt.date(2026, 6, 11),
        diploma=day(rng, dt.date(2026, 8, 10), dt.date(2026, 8, 28)),
        enterprise=day(rng, dt.date(2025, 8, 1), dt.date(2026, 5, 29)),
        shop=day(rng, dt.date(2025, 9, 1), dt.date(2026, 8, 31)),
        decision=day(rng, dt.date(2026, 3, 2), dt.date(2026, 9, 30)),
        letter=day(rng, dt.date(2026, 3, 2), dt.date(2026, 10, 30)),
        notice=day(rng, dt.date(2026, 3, 2), dt.date(2026, 10, 30)),
    )


def _child(rng: Random, father: Person, mother: Person, birth: dt.date) -> Person:
    sex = rng.choice(("Nam", "Nữ"))
    born = person(rng, mother.commune, sex, (birth.year, birth.year), father.name.split()[0])
    return Person(born.name, sex, birth, born.personal_id, mother.commune, mother.street)


def _enterprise(rng: Random) -> Enterprise:
    (trade, english), (mark, plain) = rng.choice(TRADES), rng.choice(MARKS)
    short = "".join(word[0] for word in plain.split())
    return Enterprise(
        code=enterprise_code(rng),
        name=f"CÔNG TY TNHH MỘT THÀNH VIÊN {trade} {mark}".upper(),
        foreign_name=f"{plain} {english} Company Limited".upper(),
        short_name=f"{plain} {short} Co., Ltd".upper(),
    )
