from pathlib import Path

import pytest
import qrcode
from PIL import Image, ImageFilter
from qrcode.constants import ERROR_CORRECT_M

from ingest import UnknownKind, read_codes
from tests.ingest.pdfs import A4, printed_page, saved


def test_a_qr_picture_of_another_project_gives_its_text(shared_data: Path) -> None:
    (code,) = read_codes(shared_data / "qr/qrcode-2_1.png")
    assert code.text.encode() == (shared_data / "qr/qrcode-2_1.txt").read_bytes().rstrip(b"\n")
    assert (code.format, code.page) == ("QRCode", 1)


@pytest.mark.parametrize("turn", [-2, 2, 90])
def test_a_full_seal_survives_scanning_blur_jpeg_and_a_leaning_page(turn: int, tmp_path: Path) -> None:
    text = "https://kho.example/v#" + "0123456789" * 72
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=1, border=4)
    code.add_data(text)
    code.make()
    assert code.version <= 18
    drawn = code.make_image().get_image().convert("L")
    side = round(drawn.width * 0.45 / 25.4 * 200)  # modules of 0.45 mm at 200 dpi
    page = Image.new("L", A4, "white")
    page.paste(drawn.resize((side, side), Image.Resampling.LANCZOS), (90, 90))
    photo = page.rotate(turn, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    photo.filter(ImageFilter.GaussianBlur(1)).save(tmp_path / "photo.jpg", quality=75)
    (found,) = read_codes(tmp_path / "photo.jpg")
    assert found.text == text


def test_a_page_without_codes_has_none(tmp_path: Path) -> None:
    assert read_codes(saved(printed_page(["Không có mã nào"]), tmp_path / "page.png")) == ()


def test_codes_of_an_unknown_kind_of_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"GIF89a" + bytes(100))
    with pytest.raises(UnknownKind):
        read_codes(tmp_path / "photo.jpg")
