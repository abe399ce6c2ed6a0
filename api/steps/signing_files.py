"""Signing and judging loose files, without the store."""

from pathlib import Path
from typing import TYPE_CHECKING

from api.deliver import deliver, require_free
from api.house import House
from common import new_id
from ingest import MediaType, NotPdf, open_scan
from signing import (
    CopyForm,
    Mark,
    Role,
    Verdict,
    agency_mark,
    clerk_mark,
    officer_mark,
    validate,
)

if TYPE_CHECKING:
    from signing import SignedDocument


def sign_file(house: House, file: Path, role: Role, *, name: str | None, out: Path) -> "SignedDocument":
    """Signs a PDF in a role with the development keys; FileExists, and what `prepare` raises."""
    from signing import complete, prepare  # they load pyHanko, which only whoever signs should wait for

    require_free(out)
    scan = open_scan(file, limits=house.limits)
    if scan.media_type is not MediaType.PDF:
        raise NotPdf(name=scan.name)
    settings, now = house.settings, house.clock()
    default = settings.agency_name if role is Role.AGENCY else settings.clerk_name
    signer = house.keys.signers.signer(role, name or default)
    with house.room.desk() as desk:
        tbs = prepare(
            file,
            mark=_mark(role, name or default, house),
            certificate_of=signer,
            now=now,
            into=desk / "prepared.pdf",
            id=new_id(now),
            reserve=agency_mark(CopyForm.TRUE_COPY, settings.agency_name, now)
            if role is not Role.AGENCY
            else None,
        )
        signed = complete(
            tbs, signer.sign(tbs), time_stamps=house.keys.signers.time_stamps, into=desk / "signed.pdf"
        )
        deliver(signed.pdf, out)
    return signed


def _mark(role: Role, name: str, house: House) -> Mark:
    if role is Role.CLERK:
        return clerk_mark(name, house.clock())
    if role is Role.AGENCY:
        return agency_mark(CopyForm.TRUE_COPY, name, house.clock())
    return officer_mark()


def validate_file(house: House, file: Path) -> Verdict:
    """The verdict on a PDF; FileMissing and NotPdf for what is none. A damaged PDF has a verdict too."""
    return validate(file, trust=house.trust, now=house.clock())
