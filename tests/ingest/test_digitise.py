import json
import os
import subprocess
import unicodedata
from pathlib import Path

import numpy as np
import pikepdf
import pypdf
import pytest
from pikepdf import pdfa
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from rapidfuzz.distance import Levenshtein

from ingest import (
    DamagedFile,
    Document,
    Limits,
    NoRoomForDocument,
    PagePool,
    Reading,
    Scan,
    TookTooLong,
    digitise,
    open_scan,
)
from measure import character_error as measured_error
from tests.conftest import CHECKOUT
from tests.ingest.pdfs import A4, printed_page, saved

LINES = [
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
    "Người yêu cầu: Nguyễn Thị Thùy Dương",
    "Nơi cư trú: phường Nghi Hương, tỉnh Nghệ An",
    "Ủy ban nhân dân xã xác nhận chữ ký trên là đúng.",
]


def digitised(path: Path, into: Path, pool: PagePool) -> Document:
    return digitise([open_scan(path)], into=into, pool=pool)


def character_error(read: str, true: str) -> float:
    one, other = (" ".join(unicodedata.normalize("NFC", text).split()) for text in (read, true))
    return Levenshtein.distance(one, other) / len(other)


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory, pool: PagePool) -> Document:
    """Return a clean printed page, digitised."""
    folder = tmp_path_factory.mktemp("letter")
    return digitised(saved(printed_page(LINES), folder / "đơn.png"), folder, pool)


def test_a_printed_page_is_read_word_for_word(letter: Document) -> None:
    assert letter.reading.text.split() == " ".join(LINES).split()
    assert letter.reading.pages[0].confidence > 0.9


def test_the_reading_names_engine_and_model(letter: Document) -> None:
    assert letter.reading.recogniser.startswith("tesserocr ")
    assert ", vie " in letter.reading.recogniser


def test_a_reading_survives_its_json(letter: Document) -> None:
    assert Reading.from_json(json.loads(json.dumps(letter.reading.as_json()))) == letter.reading


def test_the_pdf_is_approved_as_pdfa_2b_and_has_its_language_and_title(letter: Document) -> None:
    assert letter.pdf is not None
    assert pdfa.validate_written(letter.pdf, "2b").passed
    with pikepdf.open(letter.pdf) as pdf:
        assert str(pdf.Root.Lang) == "vi"
        assert str(pdf.docinfo["/Title"])


def test_what_is_copied_from_the_pdf_is_what_was_read(letter: Document) -> None:
    assert letter.pdf is not None
    copied = pypdf.PdfReader(letter.pdf).pages[0].extract_text()
    assert unicodedata.is_normalized("NFC", copied)
    assert copied.split() == letter.reading.text.split()


def test_the_words_of_the_pdf_lie_where_they_are_printed(letter: Document) -> None:
    assert letter.pdf is not None
    places: list[tuple[str, float, float]] = []

    def visit(text: str, _: object, matrix: list[float], *rest: object) -> None:
        places.append((text.strip(), matrix[4], matrix[5]))

    page = pypdf.PdfReader(letter.pdf).pages[0]
    page.extract_text(visitor_text=visit)
    word = letter.reading.pages[0].words[0]
    x, y = next((x, y) for text, x, y in places if text.startswith(word.text))
    scale = 72 / 200
    assert abs(x - word.box.x0 * scale) < 3
    assert word.box.y0 * scale < float(page.mediabox.height) - y < word.box.y1 * scale + 1


def test_the_same_scan_gives_the_same_bytes(letter: Document, tmp_path: Path, pool: PagePool) -> None:
    again = digitise(letter.scans, into=tmp_path, pool=pool)
    assert again.sha256 == letter.sha256


def test_nothing_but_the_document_is_left_in_the_folder(letter: Document) -> None:
    assert letter.pdf is not None
    assert {path.name for path in letter.pdf.parent.iterdir()} == {"document.pdf", "đơn.png"}


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_was_laid_in_wrongly_is_turned_upright(turn: int, tmp_path: Path, pool: PagePool) -> None:
    page = printed_page([*LINES, *LINES]).rotate(turn, expand=True)
    document = digitised(saved(page, tmp_path / "page.png"), tmp_path, pool)
    found = document.reading.pages[0]
    assert (found.page.rotation, found.page.width, found.page.height) == (turn, 1654, 2339)
    assert found.text.split() == " ".join([*LINES, *LINES]).split()


def test_a_leaning_page_is_read_level_but_shown_as_it_came(tmp_path: Path, pool: PagePool) -> None:
    leaning = printed_page([*LINES, *LINES]).rotate(
        -2.5, fillcolor="white", resample=Image.Resampling.BICUBIC
    )
    document = digitised(saved(leaning, tmp_path / "page.png"), tmp_path, pool)
    found = document.reading.pages[0]
    assert abs(found.page.skew - 2.5) < 0.1
    assert character_error(found.text, " ".join([*LINES, *LINES])) < 0.01
    ink = np.asarray(leaning.convert("L")) < 128
    for word in found.words:
        assert ink[word.box.y0 : word.box.y1, word.box.x0 : word.box.x1].any()
    assert document.pdf is not None
    copied = pypdf.PdfReader(document.pdf).pages[0].extract_text()
    assert copied.split() == found.text.split()


def test_a_red_seal_over_the_text_does_not_keep_it_from_being_read(tmp_path: Path, pool: PagePool) -> None:
    seal = Image.new("RGB", A4, "white")
    pen = ImageDraw.Draw(seal)
    for radius in (150, 130, 90):
        pen.ellipse((500 - radius, 450 - radius, 500 + radius, 450 + radius), outline=(215, 30, 40), width=9)
    page = ImageChops.multiply(printed_page(LINES), seal)
    document = digitised(saved(page, tmp_path / "page.jpg"), tmp_path, pool)
    assert character_error(document.reading.text, " ".join(LINES)) < 0.01


def test_the_original_is_not_touched(tmp_path: Path, pool: PagePool) -> None:
    path = saved(printed_page(LINES), tmp_path / "page.png")
    before = path.read_bytes()
    digitised(path, tmp_path, pool)
    assert path.read_bytes() == before


def test_an_empty_page_is_marked_blank_and_kept(shared_data: Path, tmp_path: Path, pool: PagePool) -> None:
    document = digitised(shared_data / "hostile/no_contents.pdf", tmp_path, pool)
    page = document.reading.pages[0]
    assert page.page.blank
    assert page.words == ()
    assert [reason.code for reason in page.page.quality.reasons] == ["page_blank"]
    assert document.pdf is not None


def test_several_scans_together_are_one_document(tmp_path: Path, pool: PagePool) -> None:
    paths = [
        saved(printed_page([line] * 6), tmp_path / name)
        for line, name in zip(LINES, "ab", strict=False)
        for name in [f"{name}.png"]
    ]
    steps: list[tuple[int, int]] = []
    document = digitise(
        [open_scan(path) for path in paths],
        into=tmp_path,
        pool=pool,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert [page.page.number for page in document.reading.pages] == [1, 2]
    assert steps == [(1, 2), (2, 2)]
    assert document.pdf is not None
    assert len(pypdf.PdfReader(document.pdf).pages) == 2


def test_number_and_date_that_only_widgets_draw_are_in_the_text_and_nothing_is_made_of_a_signed_pdf(
    shared_data: Path, tmp_path: Path, pool: PagePool
) -> None:
    document = digitised(shared_data / "letters/qn_11TB_born_digital.pdf", tmp_path, pool)
    assert "Số: 11/TB-UBND" in document.reading.text
    assert "Quảng Ngãi, ngày 08 tháng 01 năm 2025" in document.reading.text
    assert (document.pdf, document.sha256) == (None, None)
    assert list(tmp_path.iterdir()) == []


def test_issuer_and_motto_side_by_side_are_not_mixed_line_by_line(
    shared_data: Path, tmp_path: Path, pool: PagePool
) -> None:
    text = digitised(shared_data / "letters/qn_11TB_born_digital.pdf", tmp_path, pool).reading.text
    assert "ỦY BAN NHÂN DÂN\nTỈNH QUẢNG NGÃI\n" in text
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc\n" in text


def test_the_turned_page_of_another_project_is_found(
    shared_data: Path, tmp_path: Path, pool: PagePool
) -> None:
    document = digitised(shared_data / "letters/turned_90.tif", tmp_path, pool)
    assert [page.page.rotation for page in document.reading.pages] == [270, 0]
    assert document.reading.pages[0].text.startswith("Rước đèn tháng tám")


def test_scripts_of_the_sender_do_not_reach_the_document(
    shared_data: Path, tmp_path: Path, pool: PagePool
) -> None:
    document = digitised(shared_data / "hostile/evaljs.pdf", tmp_path, pool)
    assert document.pdf is not None
    with pikepdf.open(document.pdf) as pdf:
        assert set(pdf.Root.keys()) == {"/Type", "/Pages", "/Lang", "/Metadata", "/OutputIntents"}
        kinds = {str(found.get("/S")) for found in pdf.objects if isinstance(found, pikepdf.Dictionary)}
    assert "/JavaScript" not in kinds


PAPERS = ("giay_khai_sinh.jpg", "giay_xac_nhan_tinh_trang_hon_nhan.jpg", "quyet_dinh_ubnd.tif")


@pytest.mark.parametrize("name", PAPERS)
def test_on_papers_in_office_quality_at_most_one_letter_in_a_hundred_is_wrong(
    name: str, tmp_path: Path, pool: PagePool
) -> None:
    paper = CHECKOUT / "samples" / name
    truth = json.loads(paper.with_suffix(".truth.json").read_text(encoding="utf-8"))
    document = digitised(paper, tmp_path, pool)
    for read, page in zip(document.reading.pages, truth["pages"], strict=True):
        assert measured_error(read.text, page) <= 0.01


def test_pages_that_no_reader_likes_say_why(tmp_path: Path, pool: PagePool) -> None:
    coarse = printed_page(LINES).resize((800, 1131))
    coarse.save(tmp_path / "coarse.png", dpi=(97, 97))
    blurred = printed_page(LINES).filter(ImageFilter.GaussianBlur(4))
    leaning = printed_page([*LINES, *LINES]).rotate(5, fillcolor="white")
    faint = Image.blend(printed_page(LINES), Image.new("RGB", (1654, 2339), "white"), 0.75)
    files = [tmp_path / "coarse.png"]
    files += [
        saved(page, tmp_path / f"{number}.png") for number, page in enumerate([blurred, leaning, faint])
    ]
    reading = digitise([open_scan(path) for path in files], into=tmp_path, pool=pool).reading
    reasons = [{reason.code for reason in page.page.quality.reasons} for page in reading.pages]
    assert "page_coarse" in reasons[0]
    assert "page_blurred" in reasons[1]
    assert "page_leans" in reasons[2]
    assert "page_faint" in reasons[3]
    blurred_quality = reading.pages[1].page.quality
    assert blurred_quality.score < 0.8
    assert "Trang 2 bị mờ, đề nghị quét lại." in {reason.vi for reason in blurred_quality.reasons}


def test_a_clean_page_has_no_reason_against_it(letter: Document) -> None:
    assert letter.reading.pages[0].page.quality.score == 1.0


def test_a_file_that_changed_after_it_was_opened_is_refused_and_leaves_nothing(
    tmp_path: Path, pool: PagePool
) -> None:
    path = saved(printed_page(LINES), tmp_path / "page.png")
    scan = open_scan(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DamagedFile):
        digitise([scan], into=tmp_path, pool=pool)
    assert [left.name for left in tmp_path.iterdir()] == ["page.png"]


def test_a_page_that_takes_too_long_to_draw_is_refused_and_leaves_nothing(
    shared_data: Path, tmp_path: Path, pool: PagePool
) -> None:
    scan: Scan = open_scan(shared_data / "letters/real_qd_707_ttg.pdf")
    with pytest.raises(TookTooLong):
        digitise([scan], into=tmp_path, pool=pool, limits=Limits(page_seconds=0.01))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named_and_nothing_is_left(tmp_path: Path, pool: PagePool) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    scan = open_scan(saved(printed_page(LINES), tmp_path / "page.png"))
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], check=True)
    try:
        with pytest.raises(NoRoomForDocument):
            digitise([scan], into=small, pool=pool)
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)
