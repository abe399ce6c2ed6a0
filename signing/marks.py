"""What a signature says on page 1: who, in which role, when. Text only; `layout.py` finds the place.

Sources: the clerk's mark is the text sign of conversion from paper with full name and time (Circular
01/2023/TT-VPCP Art. 8; Law on E-Transactions 20/2023/QH15 Art. 12; Decree 137/2024 Art. 4); the agency's is
the form of copy, the agency and the time in ISO 8601 (Decree 30/2020 Annex I, II.I.3).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from common import one_line, shown_iso


class Role(StrEnum):
    """In which office somebody signs."""

    CLERK = "clerk"
    """Turned the paper into the file and answers for that: revision 1, top left."""
    OFFICER = "officer"
    """Handled the dossier and confirmed the data; leaves no mark on the page."""
    AGENCY = "agency"
    """The agency whose document it becomes: revision 2, top right."""


class CopyForm(StrEnum):
    """The forms of copy of Decree 30/2020, Art. 25, as they are printed."""

    TRUE_COPY = "SAO Y"
    EXTRACT = "TRÍCH SAO"
    COPY_OF_COPY = "SAO LỤC"


@dataclass(frozen=True, slots=True)
class Mark:
    """The lines that a signature shows; a mark without lines is an invisible signature."""

    role: Role
    lines: tuple[str, ...] = ()


def clerk_mark(name: str, at: datetime) -> Mark:
    """The sign of conversion from paper with the converter's full name and the time."""
    lines = (
        "Văn bản chuyển đổi từ bản giấy",
        f"Người chuyển đổi: {one_line(name)}",
        f"Thời gian: {shown_iso(at)}",
    )
    return Mark(Role.CLERK, lines)


def agency_mark(copy_form: CopyForm, agency_name: str, at: datetime) -> Mark:
    """Form of copy, agency, time of signing."""
    agency = tuple(line for line in map(one_line, agency_name.splitlines()) if line)
    return Mark(Role.AGENCY, (copy_form.value, *agency, f"Thời gian ký: {shown_iso(at)}"))


def officer_mark() -> Mark:
    """An officer's signature is not shown on the page: no rule gives it a place there."""
    return Mark(Role.OFFICER)
