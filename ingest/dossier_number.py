"""Dossier numbers (mã số hồ sơ) in every form that the law has given them.

    000.00.01.H41-241031-0001       Circular 01/2018/TT-VPCP, Art. 19
    H41.001.02-250915-0001          Circular 03/2025/TT-VPCP, Art. 13
    G15.001-260201-010001           the same, Art. 13.3 (4/2025): two digits of the system's owner first
    G09.20-20260609-0092637         seen in a ministry's system: eight-digit date, longer number

Numbers are granted by the one-stop system; nothing here mints one.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Self

from common import KhosoError, nfc
from ingest.identifiers import AgencyCode

_LONGEST = 64
_SHAPE = re.compile(
    r"(?P<agency>[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Y][0-9]{2}|[A-Y][0-9]{2}(?:\.[0-9A-Z]{1,3}){0,2})"
    r"-(?P<day>[0-9]{6}|[0-9]{8})-(?P<sequence>[0-9]{4,})"
)


class BadDossierNumber(KhosoError):
    """Not a dossier number of any known form, or its day is not in the calendar."""

    code = "bad_dossier_number"


@dataclass(frozen=True, slots=True)
class DossierNumber:
    """Which agency took the dossier in, on which day, and its number there (digits, leading zeros kept)."""

    agency: AgencyCode
    day: date
    sequence: str
    long_day: bool = False
    """The day is written with four digits of the year; equal numbers are equal texts."""

    def __post_init__(self) -> None:
        if not _SHAPE.fullmatch(str(self)):
            raise BadDossierNumber

    @classmethod
    def parse(cls, text: str) -> Self:
        """The number in any of its forms, in small letters too; BadDossierNumber for anything else."""
        bare = nfc(text).strip()
        match = _SHAPE.fullmatch(bare.upper()) if len(bare) <= _LONGEST and bare.isascii() else None
        if match is None:
            raise BadDossierNumber
        return cls(AgencyCode(match["agency"]), _day(match["day"]), match["sequence"], len(match["day"]) == 8)

    def __str__(self) -> str:
        day = self.day.strftime("%Y%m%d")
        return f"{self.agency}-{day if self.long_day else day[2:]}-{self.sequence}"


def _day(digits: str) -> date:
    full = digits if len(digits) == 8 else f"20{digits}"
    try:
        day = date(int(full[:4]), int(full[4:6]), int(full[6:]))
    except ValueError as error:
        raise BadDossierNumber from error
    if day.year < 2000:
        raise BadDossierNumber
    return day
