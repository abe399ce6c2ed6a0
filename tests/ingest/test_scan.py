import unicodedata
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from common import Digest
from ingest import (
    DamagedFile,
    DynamicForm,
    EmptyFile,
    FileMissing,
    Limits,
    MediaType,
    NoPages,
    PasswordProtected,
    Refusal,
    TooLarge,
    TooManyPages,
    TooManyPixels,
    UnknownKind,
    open_scan,
)
from ingest.names import LONGEST_NAME, display_name
from tests.ingest.pdfs import pdf_of_pages


@pytest.mark.parametrize(
    ("file", "kind", "pages"),
    [
        ("letters/real_qd_707_ttg.pdf", MediaType.PDF, 1),
        ("letters/qn_07CT_2018_stamp.pdf", MediaType.PDF, 4),
        ("letters/danang_1906_p1.jpg", MediaType.JPEG, 1),
        ("letters/turned_90.tif", MediaType.TIFF, 2),
        ("qr/qrcode-2_1.png", MediaType.PNG, 1),
    ],
)
def test_a_real_file_is_known_with_its_pages(
    shared_data: Path, file: str, kind: MediaType, pages: int
) -> None:
    path = shared_data / file
    scan = open_scan(path)
    assert (scan.media_type, scan.pages, scan.name) == (kind, pages, path.name)
    assert (scan.size, scan.sha256) == (path.stat().st_size, Digest.of_file(path))


def test_filled_signature_fields_are_noticed(shared_data: Path) -> None:
    assert open_scan(shared_data / "letters/qn_11TB_born_digital.pdf").signed
    assert open_scan(shared_data / "signatures/minimal-two-fields-signed-twice.pdf").signed
    assert not open_scan(shared_data / "letters/real_qd_707_ttg.pdf").signed


@pytest.mark.parametrize(
    ("file", "refusal"),
    [
        ("decompression_bomb.gif", UnknownKind),
        ("fuzz_378014596.pdf", DamagedFile),
        ("hugemono.pdf", TooManyPixels),
        ("invalid.pdf", DamagedFile),
        ("livecycle.pdf", DynamicForm),
        ("pages-loop.pdf", DamagedFile),
        ("password-is-test.pdf", PasswordProtected),
        ("truncated_jpeg.jpg", DamagedFile),
    ],
)
def test_a_hostile_file_is_refused_with_its_reason(
    shared_data: Path, file: str, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal) as raised:
        open_scan(shared_data / "hostile" / file)
    assert file in raised.value.sentence.vi


def test_every_hostile_or_attacked_file_is_opened_or_refused(shared_data: Path) -> None:
    opened, refused = set(), set()
    for path in [*(shared_data / "hostile").iterdir(), *(shared_data / "signatures").iterdir()]:
        try:
            opened.add(open_scan(path).name)
        except Refusal:
            refused.add(path.name)
    assert refused == {
        "decompression_bomb.gif",
        "fuzz_378014596.pdf",
        "hugemono.pdf",
        "invalid.pdf",
        "livecycle.pdf",
        "pages-loop.pdf",
        "password-is-test.pdf",
        "truncated_jpeg.jpg",
    }
    assert len(opened) == 17


def test_an_empty_file_a_missing_one_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    with pytest.raises(EmptyFile):
        open_scan(tmp_path / "empty.pdf")
    with pytest.raises(FileMissing):
        open_scan(tmp_path / "nowhere.pdf")
    with pytest.raises(FileMissing):
        open_scan(tmp_path)


def test_a_program_that_is_called_pdf_is_not_taken_for_one(tmp_path: Path) -> None:
    program = tmp_path / "giay_khai_sinh.pdf"
    program.write_bytes(b"MZ\x90\x00" + b"\x00" * 5000)
    with pytest.raises(UnknownKind):
        open_scan(program)


def test_a_pdf_without_pages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoPages):
        open_scan(pdf_of_pages(tmp_path / "none.pdf", 0))


def test_limits_of_bytes_and_pages_hold(tmp_path: Path) -> None:
    path = pdf_of_pages(tmp_path / "three.pdf", 3)
    with pytest.raises(TooManyPages) as raised:
        open_scan(path, limits=Limits(pages=2))
    assert raised.value.facts == {"name": "three.pdf", "pages": 3, "limit": 2}
    with pytest.raises(TooLarge):
        open_scan(path, limits=Limits(bytes=100))


def test_an_image_of_too_many_pixels_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    Image.new("1", (12_000, 12_000)).save(path)
    with pytest.raises(TooManyPixels):
        open_scan(path)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_an_upload_that_broke_off_is_refused_and_not_mended(
    shared_data: Path, tmp_path: Path, share: float
) -> None:
    whole = (shared_data / "letters/qn_07CT_2018_stamp.pdf").read_bytes()
    path = tmp_path / "broken.pdf"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DamagedFile):
        open_scan(path)


def test_a_tiff_that_broke_off_in_its_last_page_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.tif"
    pages = [Image.effect_noise((400, 400), 50) for _ in range(3)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    path.write_bytes(path.read_bytes()[:-100_000])
    with pytest.raises(DamagedFile):
        open_scan(path)


def test_a_pdf_that_only_forbids_printing_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "owner.pdf"
    with pikepdf.open(pdf_of_pages(tmp_path / "plain.pdf", 1)) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(owner="boss", user=""))
    assert open_scan(path).pages == 1


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("../../etc/giấy khai sinh.pdf", "giấy khai sinh.pdf"),
        ("C:\\scan\\đơn.pdf", "đơn.pdf"),
        (unicodedata.normalize("NFD", "quyết định.tif"), "quyết định.tif"),
        ("hợp\u202efdp.exe", "hợpfdp.exe"),
        ("a\x00b\nc\td.pdf", "ab c d.pdf"),
        ("..", "không-tên"),
        ("", "không-tên"),
    ],
)
def test_a_name_is_cleaned_before_anybody_sees_it(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


def test_a_very_long_name_keeps_its_beginning_and_its_suffix() -> None:
    shown = display_name("ă" * 300 + ".pdf")
    assert len(shown) == LONGEST_NAME
    assert shown.startswith("ăăă")
    assert shown.endswith("….pdf")


def test_a_page_too_narrow_to_be_read_is_refused_by_the_name_of_its_scan(tmp_path: Path) -> None:
    Image.new("L", (2, 3000), 255).save(tmp_path / "strip.png")
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(298, 420))
        pdf.pages[0].mediabox = pikepdf.Array([0, 0, 2.5, 420])
        pdf.save(tmp_path / "strip.pdf")
    for name in ("strip.png", "strip.pdf"):
        with pytest.raises(DamagedFile) as raised:
            open_scan(tmp_path / name)
        assert name in raised.value.sentence.vi
