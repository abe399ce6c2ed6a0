"""Instants, dates and how they are shown.

An instant is an aware UTC `datetime` with microseconds; people see it in Asia/Ho_Chi_Minh. A date printed
on a paper is a date, not an instant, and may be partial ("tháng 5 năm 1990").
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Whoever needs the time is handed one; tests hand in frozen ones."""

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def utc_now() -> datetime:
    """The machine's clock, as an aware UTC instant."""
    return datetime.now(UTC)


def shown(instant: datetime) -> str:
    """An instant as a person in Viet Nam reads it: `22/11/2026 08:05:09`."""
    return instant.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S")


def shown_iso(instant: datetime) -> str:
    """ISO 8601 with the zone of Viet Nam: `2026-11-22T08:05:09+07:00` (Decree 30/2020, Annex I, II.I.3)."""
    return instant.astimezone(VIETNAM).isoformat(timespec="seconds")


_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date as printed: a year, perhaps a month, perhaps a day: `1990`, `1990-05`, `1990-05-03`."""

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("a day needs a month")
        date(self.year, self.month or 1, self.day or 1)

    @classmethod
    def parse(cls, text: str) -> "PartialDate":
        """Reads the three ISO forms; ValueError for anything else or a day that the calendar has not."""
        match = _PARTIAL.fullmatch(text)
        if match is None:
            raise ValueError(f"not a date: {text!r}")
        year, month, day = (int(part) if part else None for part in match.groups())
        return cls(year or 0, month, day)

    @property
    def complete(self) -> date | None:
        """The calendar date when all three parts are known."""
        return None if self.month is None or self.day is None else date(self.year, self.month, self.day)

    def __str__(self) -> str:
        parts = [f"{self.year:04d}", *(f"{part:02d}" for part in (self.month, self.day) if part is not None)]
        return "-".join(parts)
