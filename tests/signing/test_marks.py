"""Marks on page 1: the law's texts in all letters, on white paper, upright, never off the page."""

import random
import subprocess
import unicodedata
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageDraw
from reportlab.pdfgen import canvas

from common.fonts import VIETNAMESE_LETTERS
from common.geometry import mm
from signing import CopyForm, LetterMissing, Mark, Role, SignedDocument, agency_mark, clerk_mark, officer_mark
from signing.ink import InkMap, ink_of
from signing.layout import Place, plan
from signing.typeface import fit, typeface
from tests.conftest import program
from tests.signing.conftest import AGENCY, CLERK, NOON, Desk, scanned_page

A4 = (595.0, 842.0)
WHITE = InkMap(210, 297, tuple((False,) * 210 for _ in range(119)))
BLACK = InkMap(210, 297, tuple((True,) * 210 for _ in range(119)))


def words_of(pdf: Path, page: int = 1) -> str:
    """The text that poppler reads, form fields included."""
    command = [program("pdftotext"), "-f", str(page), "-l", str(page), "-layout", str(pdf), "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode()


def rect_of(pdf: Path, field: str) -> tuple[float, float, float, float]:
    with pikepdf.open(pdf) as document:
        for widget in document.pages[0].Annots:
            if str(widget.T) == field:
                x0, y0, x1, y1 = (float(value) for value in widget.Rect)
                return x0, y0, x1, y1
    raise AssertionError(f"no field {field}")


def test_the_clerks_mark_is_the_sign_of_conversion_with_full_name_and_time() -> None:
    assert clerk_mark(CLERK, NOON).lines == (
        "Văn bản chuyển đổi từ bản giấy",
        "Người chuyển đổi: Nguyễn Thị Quỳnh Như",
        "Thời gian: 2026-11-22T12:00:00+07:00",
    )


def test_the_agencys_mark_is_form_of_copy_agency_and_time() -> None:
    mark = agency_mark(CopyForm.TRUE_COPY, "UBND TỈNH NGHỆ AN\nSỞ TƯ PHÁP", NOON)
    assert mark.role is Role.AGENCY
    assert mark.lines == (
        "SAO Y",
        "UBND TỈNH NGHỆ AN",
        "SỞ TƯ PHÁP",
        "Thời gian ký: 2026-11-22T12:00:00+07:00",
    )


def test_an_officer_leaves_no_mark() -> None:
    assert officer_mark().lines == ()


def test_both_marks_can_be_read_in_the_signed_file(by_both: SignedDocument) -> None:
    text = " ".join(words_of(by_both.pdf).split())
    for line in (f"Người chuyển đổi: {CLERK}", "SAO Y", AGENCY, "Thời gian ký: 2026-11-22T12:00:00+07:00"):
        assert line in text


def test_all_134_letters_survive_also_when_typed_decomposed(desk: Desk, scan: Path) -> None:
    letters = " ".join(VIETNAMESE_LETTERS[start : start + 12] for start in range(0, 134, 12))
    mark = Mark(Role.CLERK, (unicodedata.normalize("NFD", letters),))
    signed = desk.signed(scan, Role.CLERK, mark=mark)
    assert set(VIETNAMESE_LETTERS) <= set(words_of(signed.pdf))


def test_the_font_is_embedded_as_a_small_subset(by_both: SignedDocument) -> None:
    listing = subprocess.run(
        [program("pdffonts"), str(by_both.pdf)], capture_output=True, check=True
    ).stdout.decode()
    fonts = [line.split() for line in listing.splitlines() if "+LiberationSerif" in line]
    # One per mark: embedded, a subset, with a map to Unicode.
    assert [font[-5:-2] for font in fonts] == [["yes", "yes", "yes"]] * 2
    with pikepdf.open(by_both.pdf) as document:
        widget = next(item for item in document.pages[0].Annots if str(item.T) == "KhosoClerk")
        font = widget.AP.N.Resources.Font.F
        descriptor = font.DescendantFonts[0].FontDescriptor
        assert len(descriptor.FontFile2.read_bytes()) < 12_000


def test_a_letter_without_a_shape_is_refused_by_its_number(desk: Desk, scan: Path) -> None:
    with pytest.raises(LetterMissing) as error:
        desk.prepared(scan, Role.CLERK, desk.clerk, Mark(Role.CLERK, ("Nguyễn 阮",)))
    assert error.value.facts == {"letter": "U+962E"}


def test_the_marks_stand_top_left_and_top_right_and_do_not_touch(by_both: SignedDocument) -> None:
    clerk, agency = rect_of(by_both.pdf, "KhosoClerk"), rect_of(by_both.pdf, "KhosoAgency")
    with pikepdf.open(by_both.pdf) as document:
        _, _, width, height = (float(value) for value in document.pages[0].mediabox)
    assert clerk[0] < mm(10)
    assert agency[2] > width - mm(10)
    assert clerk[2] < agency[0]
    assert min(clerk[3], agency[3]) > height - mm(12)


def test_a_white_top_is_used_and_the_page_keeps_its_size(scan: Path, by_clerk: SignedDocument) -> None:
    with pikepdf.open(scan) as before, pikepdf.open(by_clerk.pdf) as after:
        assert list(before.pages[0].mediabox) == list(after.pages[0].mediabox)


def test_a_full_top_gets_a_band_and_the_scan_stays_where_and_as_it_was(desk: Desk, tmp_path: Path) -> None:
    scan = tmp_path / "full.pdf"
    scan.write_bytes(scanned_page(top_is_white=False))
    signed = desk.signed(scan, Role.CLERK)
    with pikepdf.open(scan) as before, pikepdf.open(signed.pdf) as after:
        old, new = before.pages[0], after.pages[0]
        assert float(new.mediabox[3]) > float(old.mediabox[3]) + mm(15)
        assert [float(n) for n in new.mediabox[:3]] == [float(n) for n in old.mediabox[:3]]
        assert new.Contents.read_raw_bytes() == old.Contents.read_raw_bytes()
        # The field lies wholly in the band.
        assert rect_of(signed.pdf, "KhosoClerk")[1] >= float(old.mediabox[3])


SHAPES: dict[str, tuple[float, float]] = {
    "A4": A4,
    "A5": (420, 595),
    "A3": (842, 1191),
    "landscape": (842, 595),
    "card": (243, 153),
}


def drawn(width: float, height: float, *, rotate: int = 0, crop: bool = False, unit: float = 1.0) -> bytes:
    """A page full of frames (so that a band is needed) with a red rim, turned and cropped as asked."""
    out = BytesIO()
    pen = canvas.Canvas(out, pagesize=(width, height))
    pen.setFillColorRGB(1, 0, 0)
    pen.rect(0, 0, width, height, fill=1)
    pen.setFillColorRGB(1, 1, 1)
    pen.rect(30, 30, width - 60, height - 60, fill=1)
    pen.setLineWidth(8)
    for inset in range(38, int(min(width, height) / 2), 24):
        pen.rect(inset, inset, width - 2 * inset, height - 2 * inset)
    pen.showPage()
    pen.save()
    with pikepdf.open(out) as document:
        page = document.pages[0]
        page.Rotate = rotate
        if crop:
            page.CropBox = [30, 30, width - 30, height - 30]
        if unit != 1.0:
            page.UserUnit = unit
        turned = BytesIO()
        document.save(turned)
    return turned.getvalue()


def shown(pdf: bytes) -> "np.ndarray[tuple[int, ...], np.dtype[np.int16]]":
    """Pixels of page 1 without its form fields, at 36 dpi."""
    document = pypdfium2.PdfDocument(pdf)
    picture = document[0].render(scale=0.5, may_draw_forms=False, draw_annots=False).to_numpy()
    document.close()
    return np.asarray(picture[:, :, :3].astype(np.int16))


CASES = [("A4", crop, rotate) for crop in (False, True) for rotate in (0, 90, 180, 270)]


@pytest.mark.parametrize(
    ("shape", "crop", "rotate"),
    [*CASES, ("A5", True, 90), ("A3", False, 0), ("landscape", False, 0), ("card", True, 0)],
)
def test_on_pages_of_any_shape_the_marks_stand_in_a_band_above_the_untouched_page(
    desk: Desk, altered: Callable[[bytes], Path], shape: str, crop: bool, rotate: int
) -> None:
    source = drawn(*SHAPES[shape], rotate=rotate, crop=crop)
    tbs = desk.prepared(altered(source), Role.CLERK, desk.clerk)
    before, after = shown(source), shown(tbs.prepared.read_bytes())
    # The band is above and white; below it the page is as it was, but for the softness of edges.
    height, width = before.shape[:2]
    band = after.shape[0] - height
    assert abs(after.shape[1] - width) <= 1
    assert band > 20
    assert after[: band - 2].min() == 255
    column = before[2 : height - 2, width // 3]
    differing = [
        (np.abs(column - after[top : top + len(column), width // 3]).max(axis=1) > 200).sum()
        for top in (band + 1, band + 2, band + 3)  # whichever way the heights were rounded
    ]
    assert min(differing) <= 2


def test_on_a_turned_page_the_mark_reads_upright(desk: Desk, altered: Callable[[bytes], Path]) -> None:
    for rotate in (0, 90, 180, 270):
        pdf = altered(drawn(*A4, rotate=rotate))
        tbs = desk.prepared(pdf, Role.CLERK, desk.clerk)
        first = words_of(tbs.prepared).strip().splitlines()[0]
        assert first.startswith("Văn bản chuyển đổi từ bản giấy"), rotate


def test_a_page_with_large_units_gets_marks_in_points(desk: Desk, altered: Callable[[bytes], Path]) -> None:
    tbs = desk.prepared(altered(drawn(*A4, unit=2.0)), Role.CLERK, desk.clerk)
    x0, _, x1, _ = rect_of(tbs.prepared, "KhosoClerk")
    assert (x1 - x0) * 2 == pytest.approx(mm(75), abs=1)


def test_an_issuer_of_forty_lines_stays_inside_its_box(desk: Desk, scan: Path) -> None:
    issuer = "\n".join(f"ỦY BAN NHÂN DÂN PHƯỜNG SỐ {number}" for number in range(40))
    mark = agency_mark(CopyForm.TRUE_COPY, issuer, NOON)
    revision1 = desk.signed(scan, Role.CLERK)
    signed = desk.signed(revision1.pdf, Role.AGENCY, mark=mark)
    text = " ".join(words_of(signed.pdf).split())
    assert "ỦY BAN NHÂN DÂN PHƯỜNG SỐ 39" in text
    box = rect_of(signed.pdf, "KhosoAgency")
    with pikepdf.open(signed.pdf) as document:
        _, _, width, height = (float(value) for value in document.pages[0].mediabox)
    assert box[2] < width
    assert box[3] < height


def test_room_is_kept_for_a_mark_that_is_known_to_come() -> None:
    issuer = tuple(f"DÒNG {number}" for number in range(12))
    layout = plan(*A4, WHITE, clerk=("Một dòng",), agency=issuer)
    assert layout.agency.height > 12 * 10
    assert layout.band == 0


def test_ink_anywhere_under_a_mark_makes_a_band() -> None:
    rows = [list(row) for row in WHITE.rows]
    rows[10][150:156] = [True] * 6
    spotted = InkMap(210, 297, tuple(tuple(row) for row in rows))
    assert plan(*A4, WHITE, clerk=("A",), agency=None).band == 0
    assert plan(*A4, spotted, clerk=("A",), agency=None).band > 0
    assert not BLACK.white(Place(0, 0, 10, 10), *A4)


def test_ink_is_what_is_darker_than_the_paper_around_it(tmp_path: Path) -> None:
    picture = (
        Image.linear_gradient("L").resize((827, 1169)).convert("RGB").point(lambda tone: 170 + tone // 3)
    )
    pen = ImageDraw.Draw(picture)
    pen.ellipse((600, 60, 700, 160), outline=(200, 40, 60), width=5)
    picture.save(tmp_path / "shaded.pdf", resolution=100)
    ink = InkMap.from_json(ink_of({"pdf": str(tmp_path / "shaded.pdf")}))
    width, height = 827 * 0.72, 1169 * 0.72
    # Uneven light is paper, a red seal is ink.
    assert ink.white(Place(20, 20, 300, 150), width, height)
    assert not ink.white(Place(420, 30, 100, 100), width, height)


def test_lines_break_at_spaces_and_long_words_at_letters() -> None:
    names = random.Random(7).choices(["Nguyễn", "Thị", "Quỳnh", "Anh", "Trường"], k=40)
    fitted = fit((" ".join(names), "W" * 80), size=10, width=100)
    assert all(typeface().width(line, 10) <= 100 for line in fitted.lines)
    assert " ".join(fitted.lines).replace("W", "").split() == names
    assert sum(line.count("W") for line in fitted.lines) == 80


def test_text_shrinks_until_it_fits_a_box() -> None:
    fitted = fit(tuple("ABCDEFGHIJ"), size=10, width=100, height=40)
    assert fitted.height <= 40
    assert fitted.width <= 100
    assert 3 < fitted.size < 4
