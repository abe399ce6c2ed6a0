"""Papers to print and ways to look at prints, shared by the tests of the paper copy."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pikepdf
import pypdfium2
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from PIL import Image, ImageChops, ImageFilter, ImageStat

from archive import PrintStrip, Status, Weight
from common import Digest
from signing import SealClaims, SealKey, TrustBundle, make_seal, seal_link

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
KEY = SealKey(generate_private_key(SECP256R1()), "H41.12", NOW - timedelta(30), NOW + timedelta(60))
TRUST = TrustBundle(as_of=NOW, seal_keys=(KEY.public,))
HOST = "xacthuc.nghean.gov.vn"
CLAIMS = SealClaims(
    issuer="H41.12",
    document_id=UUID("0193a0b0-0000-7000-8000-000000000001"),
    revision_sha256=Digest.of(b"revision"),
    print_number=7,
    status_index=123_456,
    issued_at=NOW,
    log_leaf=1_234_567,
    dossier_number="000.00.01.H41-241031-0001",
    procedure_code="1.001193",
    identifier_masked="040090001234",
    paper_name="Giấy khai sinh",
    system_name="Hệ thống thông tin giải quyết thủ tục hành chính tỉnh Nghệ An",
    scope="Toàn quốc",
)
STRIP = PrintStrip(
    paper_name="Giấy khai sinh",
    code_shown="040******234.KQ.G15.000031",
    weight=Weight.DIGITISED,
    status=Status.VALID,
    issuing_office="Ủy ban nhân dân phường Trường Vinh",
    system_name="Hệ thống thông tin giải quyết thủ tục hành chính tỉnh Nghệ An",
    issued_for="Nguyễn Thị Minh Khai",
    reason="Nộp hồ sơ nhập học cho con",
    print_number=7,
    at=NOW,
    host=HOST,
    link=seal_link(HOST, make_seal(CLAIMS, KEY)),
    short_code="RC73-4QXT-6X4R-X",
)
PROVISIONAL = replace(STRIP, status=Status.PROVISIONAL, link=None, short_code=None)


@dataclass(frozen=True, slots=True)
class Paper:
    """A page to print: its size in points, and how it is turned and cropped."""

    width: float = 595
    height: float = 842
    rotate: int = 0
    crop: tuple[float, float, float, float] | None = None
    unit: float = 1


def draw_papers(into: Path, papers: Sequence[Paper]) -> Path:
    """Pages with a black frame on their edge and a black square at the bottom left (before turning)."""
    with pikepdf.new() as document:
        for paper in papers:
            document.add_blank_page(page_size=(paper.width, paper.height))
            page = document.pages[-1]
            w, h = paper.width, paper.height
            drawing = f"6 w 3 3 {w - 6} {h - 6} re S {w * 0.1} {h * 0.1} {w * 0.2} {h * 0.1} re f"
            page.Contents = document.make_stream(drawing.encode())
            page.rotation = paper.rotate
            if paper.crop:
                page.cropbox = pikepdf.Array(list(paper.crop))
            if paper.unit != 1:
                page.UserUnit = paper.unit
        document.save(into)
    return into


def render(pdf: Path, page: int = 1, dpi: int = 200) -> Image.Image:
    """A page as a viewer shows it, with what its widgets draw."""
    with pypdfium2.PdfDocument(pdf) as document:
        document.init_forms()
        image: Image.Image = document[page - 1].render(scale=dpi / 72, rev_byteorder=True).to_pil()
        return image.convert("RGB")


def photographed(image: Image.Image) -> Image.Image:
    """Blurred, squeezed by JPEG at quality 75, and turned by 2°."""
    file = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(1)).save(file, "JPEG", quality=75)
    again = Image.open(file).convert("RGB")
    return again.rotate(2, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def codes_on(image: Image.Image) -> list[str]:
    """What a QR reader reads on a picture."""
    return [found.text for found in zxingcpp.read_barcodes(image)]


def text_on(pdf: Path, page: int = 1) -> str:
    """The text of a page, as it can be searched."""
    with pypdfium2.PdfDocument(pdf) as document:
        text: str = document[page - 1].get_textpage().get_text_bounded()
        return text


def difference(one: Image.Image, two: Image.Image) -> float:
    """How far two pictures are apart on average, 0 to 255, after making them small and soft."""
    size = (one.width // 6, one.height // 6)
    pairs = (image.convert("L").resize(size, Image.Resampling.BOX) for image in (one, two))
    return float(ImageStat.Stat(ImageChops.difference(*pairs)).mean[0])
