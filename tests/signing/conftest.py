"""A real little PKI, a frozen clock and real signed files, made once for the whole room."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import img2pdf
import pikepdf
import pikepdf.pdfa
import pytest
from PIL import Image, ImageDraw

from common.ids import new_id
from signing import (
    CopyForm,
    DevelopmentPki,
    FileSigner,
    Mark,
    Role,
    SignedDocument,
    ToBeSigned,
    agency_mark,
    clerk_mark,
    complete,
    prepare,
)

CLERK = "Nguyễn Thị Quỳnh Như"
AGENCY = "ỦY BAN NHÂN DÂN PHƯỜNG TRƯỜNG VINH"


class FrozenClock:
    """A clock that stands until somebody moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


NOON = datetime(2026, 11, 22, 5, 0, 0, tzinfo=UTC)


def scanned_page(*, top_is_white: bool = True, size: tuple[int, int] = (827, 1169)) -> bytes:
    """A PDF/A-2b as ingest makes it from a scan at 100 dpi: grey paper, lines of 'text', perhaps up to the edge."""
    picture = Image.new("RGB", size, (238, 236, 230))
    pen = ImageDraw.Draw(picture)
    for y in range(20 if not top_is_white else 160, size[1] - 80, 26):
        pen.rectangle((20, y, size[0] - 20, y + 9), fill=(30, 30, 40))
    jpeg, pdf = BytesIO(), BytesIO()
    picture.save(jpeg, "JPEG", quality=75, dpi=(100, 100))
    with pikepdf.open(BytesIO(img2pdf.convert(jpeg.getvalue()))) as document:
        pikepdf.pdfa.save(document, pdf, "2b")
    return pdf.getvalue()


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a clerk has: keys, a clock, a folder; signs in one go."""

    pki: DevelopmentPki
    clock: FrozenClock
    folder: Path

    @property
    def clerk(self) -> FileSigner:
        return self.pki.signer(Role.CLERK, CLERK)

    @property
    def agency(self) -> FileSigner:
        return self.pki.signer(Role.AGENCY, AGENCY)

    def mark(self, role: Role) -> Mark:
        now = self.clock()
        marks = {
            Role.CLERK: clerk_mark(CLERK, now),
            Role.OFFICER: Mark(Role.OFFICER),
            Role.AGENCY: agency_mark(CopyForm.TRUE_COPY, AGENCY, now),
        }
        return marks[role]

    def prepared(self, pdf: Path, role: Role, signer: FileSigner, mark: Mark | None = None) -> ToBeSigned:
        now = self.clock()
        id = new_id(now)
        return prepare(
            pdf,
            mark=mark or self.mark(role),
            certificate_of=signer,
            now=now,
            into=self.folder / f"{id}.prepared.pdf",
            id=id,
        )

    def signed(
        self, pdf: Path, role: Role, signer: FileSigner | None = None, mark: Mark | None = None
    ) -> SignedDocument:
        signer = signer or (self.agency if role is Role.AGENCY else self.clerk)
        tbs = self.prepared(pdf, role, signer, mark)
        return complete(
            tbs, signer.sign(tbs), time_stamps=self.pki.time_stamps, into=self.folder / f"{tbs.id}.pdf"
        )


def a_desk(folder: Path) -> Desk:
    clock = FrozenClock(NOON)
    keys = DevelopmentPki.make_or_open(folder / "keys", clock, agency=AGENCY)
    return Desk(keys, clock, folder)


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose clock stands at noon; whoever moves the clock or revokes makes `own_desk`."""
    return a_desk(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def own_desk(tmp_path: Path) -> Desk:
    """A desk of the test's own."""
    return a_desk(tmp_path)


@pytest.fixture(scope="session")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scan") / "scan.pdf"
    path.write_bytes(scanned_page())
    return path


@pytest.fixture(scope="session")
def by_clerk(desk: Desk, scan: Path) -> SignedDocument:
    """Revision 1."""
    return desk.signed(scan, Role.CLERK)


@pytest.fixture(scope="session")
def by_both(desk: Desk, by_clerk: SignedDocument) -> SignedDocument:
    """Revision 2."""
    return desk.signed(by_clerk.pdf, Role.AGENCY)


@pytest.fixture
def altered(tmp_path: Path) -> Callable[[bytes], Path]:
    """Writes bytes to a new file."""

    def write(content: bytes) -> Path:
        path = tmp_path / "altered.pdf"
        path.write_bytes(content)
        return path

    return write
