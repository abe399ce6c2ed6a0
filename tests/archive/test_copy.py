"""Paper copies: what stands where, what stays behind, and that a photo of one still checks out."""

import io
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, pdfa
from PIL import Image, ImageOps

from archive import (
    LinkTooLong,
    PdfUnusable,
    PrintStrip,
    SealAndStatusDisagree,
    Status,
    Weight,
    make_paper_copy,
    page_fingerprint,
)
from archive.copy import _fingerprints, _hand_over, _page_count, _seconds
from archive.frame import FOOTER, HEADER, LARGEST_SCALE, MODULE, SIDE, TOP, place
from archive.frame import STRIP as STRIP_HEIGHT
from archive.printing import _add_sheet, print_pages
from archive.qr import qr_code
from common import Digest, KhosoError, mm
from signing import (
    LARGEST_SEAL,
    DevelopmentPki,
    Indication,
    Role,
    check_seal_text,
    clerk_mark,
    complete,
    make_seal,
    prepare,
    seal_link,
)
from tests.archive.prints import (
    CLAIMS,
    HOST,
    KEY,
    NOW,
    PROVISIONAL,
    STRIP,
    TRUST,
    Paper,
    codes_on,
    difference,
    draw_papers,
    photographed,
    render,
    text_on,
)

Printer = Callable[..., Path]


@pytest.fixture
def printed(tmp_path: Path) -> Printer:
    """Print in this process (the child does the same) and check that the result is a PDF/A-2b."""

    def run(source: Path, strip: PrintStrip = STRIP, name: str = "print.pdf") -> Path:
        into = tmp_path / name
        revision = Digest.of_file(source).hex
        print_pages({"pdf": str(source), "revision": revision, "strip": strip.as_json(), "into": str(into)})
        assert pdfa.validate_written(into, "2b").verdict == "pass"
        return into

    return run


def page_area(pdf: Path, paper: tuple[float, float], number: int, dpi: int = 100) -> Image.Image:
    """The part of a print's sheet on which the page stands."""
    placement = place(*paper, first=number == 1)
    area, scale = placement.page, dpi / 72
    sheet = render(pdf, number, dpi)
    top = placement.sheet_height - area.y - area.height
    return cut(sheet, scale, area.x, top, area.x + area.width, top + area.height)


def cut(sheet: Image.Image, scale: float, *edges: float) -> Image.Image:
    """The part between left, top, right and bottom, given in points."""
    left, top, right, bottom = (round(edge * scale) for edge in edges)
    return sheet.crop((left, top, right, bottom))


def assert_pages_stand_as_shown(source: Path, pdf: Path, sizes: list[tuple[float, float]]) -> None:
    for number, size in enumerate(sizes, 1):
        there = page_area(pdf, size, number)
        shown = render(source, number, 100).resize(there.size, Image.Resampling.BOX)
        # Scaling moves edges by parts of a pixel; a black square out of place makes 10.
        assert difference(shown, there) < 6, f"page {number}"


# --- the seal on paper -------------------------------------------------------------------------------------


def test_a_photo_of_a_print_of_a_real_letter_checks_out(printed: Printer, shared_data: Path) -> None:
    pdf = printed(shared_data / "letters" / "real_qd_707_ttg.pdf")
    links = codes_on(photographed(render(pdf)))
    verdict = check_seal_text(links[0], trust=TRUST, now=NOW)
    assert verdict.indication is Indication.TOTAL_PASSED
    assert verdict.claims is not None
    assert verdict.claims.document_id == CLAIMS.document_id


@pytest.mark.parametrize("size", [160, 230, 300, 370, 440, LARGEST_SEAL])
def test_a_photo_is_read_for_every_size_of_seal(printed: Printer, tmp_path: Path, size: int) -> None:
    # A seal of any content of that size: random bits are the hardest.
    content = Digest.of(bytes([size % 256])).value * (size // 32 + 1)
    link = seal_link("h" * 48 if size == LARGEST_SEAL else HOST, content[:size])
    pdf = printed(draw_papers(tmp_path / "blank.pdf", [Paper()]), replace(STRIP, link=link))
    assert link in codes_on(photographed(render(pdf)))


def test_the_largest_seal_fits_the_budget_on_paper() -> None:
    code = qr_code(seal_link("h" * 48, bytes([255]) * LARGEST_SEAL))
    assert code.version == 18
    assert mm(0.45) <= MODULE
    assert code.modules * MODULE <= mm(45)
    assert code.modules * MODULE + 4 * MODULE <= STRIP_HEIGHT


def test_a_link_that_does_not_fit_is_refused() -> None:
    for size in (LARGEST_SEAL + 40, 3000):
        with pytest.raises(LinkTooLong):
            qr_code("https://" + "h" * 48 + "/v#" + "9" * (3 * size))


def test_the_code_stands_at_the_top_left_with_a_quiet_zone(printed: Printer, tmp_path: Path) -> None:
    pdf = printed(draw_papers(tmp_path / "blank.pdf", [Paper()]))
    sheet, scale = render(pdf, dpi=300).convert("L"), 300 / 72
    edge = qr_code(STRIP.link or "").modules * MODULE
    quiet = 4 * MODULE
    inner = cut(sheet, scale, SIDE, TOP, SIDE + edge, TOP + edge)
    outer = cut(sheet, scale, SIDE - quiet, TOP - quiet, SIDE + edge + quiet, TOP + edge + quiet)
    dark = [sum(image.histogram()[:128]) for image in (inner, outer)]
    assert dark[0] > 1000
    assert abs(dark[1] - dark[0]) < dark[0] * 0.01


# --- the words around the page -----------------------------------------------------------------------------


def test_the_strip_says_what_the_law_asks_for(printed: Printer, tmp_path: Path) -> None:
    text = text_on(printed(draw_papers(tmp_path / "blank.pdf", [Paper()])))
    for words in (
        "Giấy khai sinh",
        "040******234.KQ.G15.000031",
        "Số hóa từ bản chính, đã đối chiếu",
        "digitised from the original and compared with it",
        "Có hiệu lực",
        STRIP.issuing_office,
        STRIP.system_name,
        STRIP.issued_for,
        STRIP.reason,
        "22/11/2026 08:00:00 +07:00",
        HOST,
        "RC73-4QXT-6X4R-X",
        "1/1",
    ):
        assert words in text


def test_every_page_says_its_number_its_print_and_its_fingerprint(printed: Printer, tmp_path: Path) -> None:
    source = draw_papers(tmp_path / "three.pdf", [Paper()] * 3)
    pdf, revision = printed(source), Digest.of_file(source)
    for number in (1, 2, 3):
        text = text_on(pdf, number)
        assert f"{number}/3" in text
        assert "Bản in số" in text
        assert page_fingerprint(revision, number, 3) in text
    assert STRIP.short_code is not None
    assert STRIP.short_code in text_on(pdf, 2)


def test_a_provisional_document_prints_without_a_code_and_says_so(printed: Printer, tmp_path: Path) -> None:
    pdf = printed(draw_papers(tmp_path / "blank.pdf", [Paper(), Paper()]), PROVISIONAL)
    assert codes_on(render(pdf)) == []
    for words in ("TẠM THỜI", "CHƯA CÓ HIỆU LỰC", "Không có mã QR", "does not replace the original"):
        assert words in text_on(pdf)
    assert "Tạm thời" in text_on(pdf, 2)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.VALID])
def test_only_valid_documents_carry_a_seal(status: Status) -> None:
    with pytest.raises(SealAndStatusDisagree):
        replace(STRIP, status=status)
    assert replace(PROVISIONAL, status=status).link is None


def test_a_valid_document_is_not_printed_without_its_seal() -> None:
    with pytest.raises(SealAndStatusDisagree):
        replace(STRIP, link=None)
    with pytest.raises(SealAndStatusDisagree):
        replace(STRIP, short_code=None)


def test_codes_of_the_issuer_are_named(printed: Printer, tmp_path: Path) -> None:
    pdf = printed(draw_papers(tmp_path / "blank.pdf", [Paper()]), replace(STRIP, issuer_codes=True))
    assert "của cơ quan ban hành" in text_on(pdf)


def test_endless_names_are_cut_and_never_run_over_the_edge(printed: Printer, tmp_path: Path) -> None:
    endless = "Quyết định về việc phê duyệt quy hoạch chi tiết " * 8
    strip = replace(STRIP, paper_name=endless, issuing_office=endless, issued_for=endless, reason=endless)
    pdf = printed(draw_papers(tmp_path / "two.pdf", [Paper(), Paper()]), strip)
    assert "…" in text_on(pdf)
    sheet = render(pdf, dpi=100).convert("L")
    right = sheet.crop((sheet.width - 20, 0, sheet.width, sheet.height))
    assert right.getextrema() == (255, 255)


@pytest.mark.parametrize("weight", list(Weight))
@pytest.mark.parametrize("status", [Status.REVOKED, Status.PENDING_IDENTIFIER])
def test_every_weight_and_status_has_its_words(
    printed: Printer, tmp_path: Path, weight: Weight, status: Status
) -> None:
    source = draw_papers(tmp_path / "small.pdf", [Paper(300, 200)])
    assert len(text_on(printed(source, replace(PROVISIONAL, weight=weight, status=status)))) > 300


def test_a_strip_goes_to_the_child_and_back_unchanged() -> None:
    for strip in (STRIP, PROVISIONAL):
        assert PrintStrip.from_json(strip.as_json()) == strip


# --- the pages ---------------------------------------------------------------------------------------------


def test_pages_of_any_size_stand_whole_and_upright(printed: Printer, tmp_path: Path) -> None:
    sizes = [(595, 842), (842, 595), (842, 1191), (243, 153), (419, 595), (2384, 3370), (595, 300)]
    source = draw_papers(tmp_path / "sizes.pdf", [Paper(*size) for size in sizes])
    assert_pages_stand_as_shown(source, printed(source), [(float(w), float(h)) for w, h in sizes])


ODD_PAGES = {
    "rotate 45": {"Rotate": b"45"},
    "rotate 135": {"Rotate": b"135"},
    "rotate 450": {"Rotate": b"450"},
    "rotate -45": {"Rotate": b"-45"},
    "rotate 90.5": {"Rotate": b"90.5"},
    "turned boxes": {"MediaBox": b"[595 842 0 0]"},
    "negative boxes": {"MediaBox": b"[-500 -700 95 142]", "CropBox": b"[-400 -600 0 100]"},
    "crop beside the page": {"CropBox": b"[2000 2000 2600 2900]"},
    "crop larger than the page": {"CropBox": b"[-900 -900 2600 2900]"},
    "user unit": {"UserUnit": b"2.5", "Rotate": b"-45"},
    "drawn": {"Rotate": b"45", "layers": b"<<>>"},
    "drawn and turned": {"Rotate": b"135", "layers": b"<<>>"},
}


@pytest.mark.parametrize("odd", ODD_PAGES.values(), ids=ODD_PAGES.keys())
def test_no_page_can_paint_outside_its_frame(printed: Printer, tmp_path: Path, odd: dict[str, bytes]) -> None:
    source = draw_papers(tmp_path / "odd.pdf", [Paper(), Paper()])
    with pikepdf.open(source, allow_overwriting_input=True) as document:
        for page in document.pages:
            page.Contents = document.make_stream(b"1 0 0 rg -9000 -9000 20000 20000 re f")
            for key, value in odd.items():
                place_of_it = document.Root if key == "layers" else page.obj
                name = "/OCProperties" if key == "layers" else f"/{key}"
                place_of_it[name] = pikepdf.Object.parse(value)
        document.save(source)
    pdf = printed(source)
    for number, above in ((1, TOP + STRIP_HEIGHT), (2, HEADER)):
        sheet, scale = render(pdf, number, 100), 100 / 72
        room = (SIDE, above, sheet.width / scale - SIDE, sheet.height / scale - FOOTER)
        left, top, right, bottom = (round(edge * scale) for edge in room)
        red = numpy.asarray(sheet).astype(int)
        painted = (red[..., 0] > 230) & (red[..., 1:].max(axis=-1) < 60)
        assert painted.any()
        painted[top - 1 : bottom + 1, left - 1 : right + 1] = False
        assert not painted.any(), f"page {number}"
    assert STRIP.link in codes_on(render(pdf))


def test_our_clip_holds_though_a_form_has_no_bounds_of_its_own(tmp_path: Path) -> None:
    placement = place(595, 842, first=True)
    with pikepdf.new() as result, pikepdf.new() as ours:
        ours.add_blank_page(page_size=(placement.sheet_width, placement.sheet_height))
        skewed = result.make_stream(
            b"1 0 0 rg -9000 -9000 20000 20000 re f",
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=Array([0, 0, 100, 900]),
            Matrix=Array([0.7, 0.7, -0.7, 0.7, -3000, 50]),
        )
        _add_sheet(result, placement, skewed, ours.pages[0])
        skewed.BBox = Array([-9000, -9000, 9000, 9000])
        result.save(tmp_path / "sheet.pdf")
    sheet, area = ImageOps.invert(render(tmp_path / "sheet.pdf", dpi=72)), placement.page
    top = placement.sheet_height - area.y - area.height
    assert sheet.getbbox() == pytest.approx((area.x, top, area.x + area.width, top + area.height), abs=1.5)


def test_turned_cropped_and_scaled_pages_stand_as_a_viewer_shows_them(
    printed: Printer, tmp_path: Path
) -> None:
    papers = [
        Paper(rotate=0, crop=(50, 60, 500, 700)),
        Paper(rotate=90, crop=(0, 0, 595, 421)),
        Paper(rotate=180),
        Paper(rotate=270, crop=(-100, -100, 300, 900)),
        Paper(unit=0.5),
    ]
    source = draw_papers(tmp_path / "turned.pdf", papers)
    sizes = [(450.0, 640.0), (421.0, 595.0), (595.0, 842.0), (842.0, 300.0), (297.5, 421.0)]
    assert_pages_stand_as_shown(source, printed(source), sizes)


def test_a_crop_box_beside_the_page_is_ignored(printed: Printer, tmp_path: Path) -> None:
    papers = [Paper(crop=(2000, 2000, 2100, 2100)), Paper()]
    pdf = printed(draw_papers(tmp_path / "beside.pdf", papers))
    whole = printed(draw_papers(tmp_path / "whole.pdf", [Paper(), Paper()]), name="other.pdf")
    assert difference(page_area(pdf, (595, 842), 1), page_area(whole, (595, 842), 1)) < 1


def test_a_landscape_document_prints_on_landscape_paper(printed: Printer, tmp_path: Path) -> None:
    pdf = printed(draw_papers(tmp_path / "wide.pdf", [Paper(842, 595), Paper(842, 595)]))
    assert render(pdf, 1).width > render(pdf, 1).height
    assert STRIP.link in codes_on(photographed(render(pdf, 1)))


@settings(max_examples=200, deadline=None)
@given(st.floats(10, 5000), st.floats(10, 5000), st.booleans())
def test_nothing_of_ours_touches_the_page(width: float, height: float, first: bool) -> None:
    placement = place(width, height, first=first)
    area = placement.page
    assert 0 < placement.scale <= LARGEST_SCALE
    assert area.width == pytest.approx(width * placement.scale)
    assert area.height == pytest.approx(height * placement.scale)
    assert area.x >= SIDE - 1e-6
    assert area.x + area.width <= placement.sheet_width - SIDE + 1e-6
    assert area.y >= FOOTER - 1e-6
    above = TOP + STRIP_HEIGHT if first else 0
    assert area.y + area.height <= placement.sheet_height - above + 1e-6


def test_a4_pages_stand_at_85_percent_and_the_first_at_80() -> None:
    assert place(595.28, 841.89, first=False).scale == LARGEST_SCALE
    assert place(595.28, 841.89, first=True).scale == pytest.approx(0.80, abs=0.01)
    assert place(841.89, 595.28, first=False).scale == LARGEST_SCALE
    assert place(841.89, 595.28, first=True).scale == pytest.approx(0.72, abs=0.01)
    assert place(419.53, 595.28, first=True).scale == LARGEST_SCALE


def test_the_seal_of_a_born_digital_letter_is_printed_though_only_a_widget_draws_it(
    printed: Printer, shared_data: Path
) -> None:
    source = shared_data / "letters" / "qn_11TB_born_digital.pdf"
    pdf = printed(source)
    colours = numpy.asarray(render(pdf, 2, 60)).astype(int)
    red = (colours[..., 0] > 180) & (colours[..., 1:].max(axis=-1) < 110)
    assert red.sum() > 200
    assert_pages_stand_as_shown(source, pdf, [page_size(source)] * 2)


def test_what_a_signature_widget_draws_stays_visible(printed: Printer, tmp_path: Path) -> None:
    source = draw_papers(tmp_path / "plain.pdf", [Paper()])
    with pikepdf.open(source, allow_overwriting_input=True) as document:
        look = document.make_stream(b"1 0 0 rg 0 0 100 50 re f", Type=Name.XObject, Subtype=Name.Form)
        look.BBox = Array([0, 0, 100, 50])
        widget = Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=pikepdf.String("s"),
            Rect=Array([300, 600, 500, 700]),
            F=132,
            AP=Dictionary(N=look),
        )
        field = document.make_indirect(widget)
        document.pages[0].Annots = Array([field])
        document.Root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=3)
        document.save(source)
    pdf = printed(source)
    area = page_area(pdf, (595, 842), 1)
    assert area.getpixel((area.width * 400 // 595, area.height * 192 // 842)) == (255, 0, 0)


def test_our_own_signed_pages_print_as_they_are_with_their_marks(printed: Printer, tmp_path: Path) -> None:
    source = draw_papers(tmp_path / "plain.pdf", [Paper()])
    with pikepdf.open(source) as document:
        pdfa.save(document, tmp_path / "scan.pdf", "2b")
    pki = DevelopmentPki.make_or_open(tmp_path / "pki", lambda: NOW, agency="UBND phường Trường Vinh")
    clerk = pki.signer(Role.CLERK, "Trần Thị Bình")
    waiting = prepare(
        tmp_path / "scan.pdf",
        mark=clerk_mark("Trần Thị Bình", NOW),
        certificate_of=clerk,
        now=NOW,
        into=tmp_path / "prepared.pdf",
        id=CLAIMS.document_id,
    )
    signed = complete(waiting, clerk.sign(waiting), time_stamps=pki.time_stamps, into=tmp_path / "signed.pdf")
    pdf = printed(signed.pdf)
    assert "Người chuyển đổi: Trần Thị Bình" in text_on(pdf)
    assert_pages_stand_as_shown(signed.pdf, pdf, [page_size(signed.pdf)])


def page_size(pdf: Path) -> tuple[float, float]:
    """Width and height of the first page in points."""
    with pikepdf.open(pdf) as document:
        left, bottom, right, top = (float(edge) for edge in document.pages[0].mediabox)
        return right - left, top - bottom


def test_scripts_forms_attachments_and_links_stay_behind(printed: Printer, tmp_path: Path) -> None:
    source = draw_papers(tmp_path / "active.pdf", [Paper()])
    with pikepdf.open(source, allow_overwriting_input=True) as document:
        script = Dictionary(S=Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        document.Root.OpenAction = script
        document.pages[0].AA = Dictionary(O=script)
        document.attachments["a.exe"] = b"MZ"
        link = Dictionary(
            Type=Name.Annot,
            Subtype=Name.Link,
            Rect=Array([0, 0, 100, 100]),
            A=Dictionary(S=Name.URI, URI=pikepdf.String("http://evil.example")),
        )
        document.pages[0].Annots = Array([document.make_indirect(link)])
        document.save(source)
    pdf = printed(source)
    with pikepdf.open(pdf) as document:
        assert set(document.Root.keys()) <= {
            "/Type",
            "/Pages",
            "/Metadata",
            "/OutputIntents",
            "/Lang",
            "/Version",
        }
        assert set(document.pages[0].obj.keys()) <= {
            "/Type",
            "/Parent",
            "/MediaBox",
            "/Resources",
            "/Contents",
        }
    assert b"evil.example" not in pdf.read_bytes()


def test_a_document_with_hidden_layers_is_drawn_as_a_viewer_shows_it(
    printed: Printer, tmp_path: Path
) -> None:
    source = draw_papers(tmp_path / "layers.pdf", [Paper()])
    with pikepdf.open(source, allow_overwriting_input=True) as document:
        layer = document.make_indirect(Dictionary({"/Type": Name.OCG, "/Name": pikepdf.String("x")}))
        document.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))
        page = document.pages[0]
        page.Resources = Dictionary(Properties=Dictionary(L=layer))
        page.Contents = document.make_stream(b"/OC /L BDC 100 100 400 600 re f EMC")
        document.save(source)
    assert page_area(printed(source), (595, 842), 1).getpixel((200, 300)) == (255, 255, 255)


def test_only_the_pages_that_need_it_are_drawn(printed: Printer, tmp_path: Path) -> None:
    source = draw_papers(tmp_path / "mixed.pdf", [Paper(), Paper()])
    with pikepdf.open(source, allow_overwriting_input=True) as document:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        document.pages[1].Resources = Dictionary(Font=Dictionary(F=font))
        document.pages[1].Contents = document.make_stream(b"BT /F 40 Tf 100 400 Td (KHO SO) Tj ET")
        document.save(source)
    pdf = printed(source)
    with pikepdf.open(pdf) as document:
        forms = [page.Resources.XObject["/Page"] for page in document.pages]
    assert ["/Resources" in form and "/XObject" in form.Resources for form in forms] == [False, True]
    assert_pages_stand_as_shown(source, pdf, [(595, 842), (595, 842)])


def test_the_same_input_gives_the_same_bytes(printed: Printer, tmp_path: Path) -> None:
    source = draw_papers(tmp_path / "again.pdf", [Paper(), Paper(842, 595)])
    assert printed(source, name="one.pdf").read_bytes() == printed(source, name="two.pdf").read_bytes()


# --- fingerprints ------------------------------------------------------------------------------------------


def test_a_fingerprint_is_the_written_down_hash() -> None:
    revision = Digest.of(b"revision")
    content = b"khoso page fingerprint v1\0" + revision.value + bytes([0, 0, 0, 3, 0, 0, 0, 12])
    bits = f"{int.from_bytes(Digest.of(content).value[:5]):040b}"
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    signs = "".join(letters[int(bits[at : at + 5], 2)] for at in range(0, 40, 5))
    assert page_fingerprint(revision, 3, 12) == f"{signs[:4]}-{signs[4:]}"


def test_a_swapped_page_shows_another_fingerprint(tmp_path: Path) -> None:
    one = draw_papers(tmp_path / "one.pdf", [Paper()] * 4)
    two = draw_papers(tmp_path / "two.pdf", [Paper(), Paper(), Paper(300, 300), Paper()])
    first = make_paper_copy(one, strip=STRIP, into=tmp_path / "a.pdf")
    second = make_paper_copy(two, strip=STRIP, into=tmp_path / "b.pdf")
    assert first.pages == second.pages == 4
    assert len({*first.fingerprints, *second.fingerprints}) == 8
    assert second.fingerprints[2] in text_on(second.pdf, 3)


# --- in the child ------------------------------------------------------------------------------------------


def test_three_hundred_scanned_pages_print_within_the_memory_of_the_child(tmp_path: Path) -> None:
    source, scan = tmp_path / "long.pdf", io.BytesIO()
    Image.effect_noise((1240, 1754), 60).save(scan, "JPEG", quality=30)
    with pikepdf.new() as document:
        for number in range(300):
            document.add_blank_page(page_size=(595, 842))
            picture = document.make_stream(
                scan.getvalue() + number.to_bytes(2),
                Type=Name.XObject,
                Subtype=Name.Image,
                Width=1240,
                Height=1754,
                ColorSpace=Name.DeviceGray,
                BitsPerComponent=8,
                Filter=Name.DCTDecode,
            )
            page = document.pages[-1]
            page.Resources = Dictionary(XObject=Dictionary(P=picture))
            page.Contents = document.make_stream(b"q 595 0 0 842 0 0 cm /P Do Q")
        document.save(source)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    copy = make_paper_copy(source, strip=STRIP, into=tmp_path / "print.pdf")
    assert copy.pages == len(set(copy.fingerprints)) == 300
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_print_may_take_longer_the_more_pages_it_has_but_never_beyond_five_minutes() -> None:
    assert [_seconds(pages) for pages in (1, 100, 270, 300, 10**6)] == [31, 130, 300, 300, 300]


@pytest.mark.parametrize("answer", [None, True, 0, -1, 1.0, "1", [1], {"pages": 1}])
def test_a_count_that_is_none_is_refused(answer: object) -> None:
    with pytest.raises(PdfUnusable):
        _page_count(answer)


REVISION = Digest.of(b"a revision")
FIRST, SECOND = (page_fingerprint(REVISION, page, 2) for page in (1, 2))
ODD_ANSWERS: list[object] = [
    None,
    [],
    "fingerprints",
    {},
    {"fingerprints": None},
    {"fingerprints": "AB"},
    {"fingerprints": [FIRST]},
    {"fingerprints": [FIRST, None]},
    {"fingerprints": [SECOND, FIRST]},
    {"fingerprints": {FIRST: 1, SECOND: 2}},
]


@pytest.mark.parametrize("answer", ODD_ANSWERS)
def test_an_answer_that_cannot_be_of_this_print_is_refused(answer: object) -> None:
    with pytest.raises(PdfUnusable):
        _fingerprints(answer, REVISION, 2)
    assert _fingerprints({"fingerprints": [FIRST, SECOND]}, REVISION, 2) == (FIRST, SECOND)


def test_only_a_file_of_the_childs_own_becomes_the_print(tmp_path: Path) -> None:
    ours, link, into = tmp_path / "ours", tmp_path / "link", tmp_path / "print.pdf"
    ours.write_bytes(b"secret")
    link.symlink_to(ours)
    for unfinished in (link, tmp_path, tmp_path / "nothing"):
        with pytest.raises(PdfUnusable):
            _hand_over(unfinished, into)
    assert not into.exists()
    _hand_over(ours, into)
    assert into.read_bytes() == b"secret"


HOSTILE = [
    "hugemono.pdf",
    "jbig2.pdf",
    "invalid.pdf",
    "livecycle.pdf",
    "no_contents.pdf",
    "rotated_skew.pdf",
    "fuzz_378014596.pdf",
    "bomb_giant.pdf",
    "evaljs.pdf",
    "pages-loop.pdf",
    "password-is-test.pdf",
    "truncated_jpeg.jpg",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_prints_or_is_refused_with_a_sentence(
    tmp_path: Path, shared_data: Path, name: str
) -> None:
    into = tmp_path / "print.pdf"
    refusal = printed_or_refused(shared_data / "hostile" / name, into)
    if refusal is None:
        assert pdfa.validate_written(into, "2b").verdict == "pass"
        assert list(tmp_path.iterdir()) == [into]
    else:
        assert refusal.sentence.vi
        assert list(tmp_path.iterdir()) == []


def printed_or_refused(source: Path, into: Path) -> KhosoError | None:
    """The refusal, or None when there is a print."""
    try:
        make_paper_copy(source, strip=PROVISIONAL, into=into)
    except KhosoError as refusal:
        return refusal
    return None


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n%%EOF", b"MZ"])
def test_a_file_that_is_no_pdf_is_refused(printed: Printer, tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "bad.pdf"
    source.write_bytes(content)
    with pytest.raises(PdfUnusable):
        printed(source)


def test_a_pdf_without_pages_or_with_a_page_of_no_size_is_refused(printed: Printer, tmp_path: Path) -> None:
    empty, flat = tmp_path / "empty.pdf", tmp_path / "flat.pdf"
    with pikepdf.new() as document:
        document.save(empty)
    draw_papers(flat, [Paper()])
    with pikepdf.open(flat, allow_overwriting_input=True) as document:
        document.pages[0].MediaBox = Array([0, 0, 0, 842])
        document.save(flat)
    for source in (empty, flat):
        with pytest.raises(PdfUnusable):
            printed(source)


def test_a_seal_made_for_the_print_is_the_one_read_from_it(tmp_path: Path) -> None:
    source = draw_papers(tmp_path / "paper.pdf", [Paper()] * 2)
    claims = replace(CLAIMS, revision_sha256=Digest.of_file(source), pages=2)
    link = seal_link(HOST, make_seal(claims, KEY))
    copy = make_paper_copy(source, strip=replace(STRIP, link=link), into=tmp_path / "print.pdf")
    verdict = check_seal_text(codes_on(render(copy.pdf))[0], trust=TRUST, now=NOW)
    assert verdict.claims is not None
    said = verdict.claims
    assert said.pages is not None
    # Offline, the seal alone tells every page's fingerprint.
    expected = tuple(page_fingerprint(said.revision_sha256, page, said.pages) for page in (1, 2))
    assert copy.fingerprints == expected
