import numpy as np

from ingest.reader_image import level
from ingest.reading_order import arrange
from ingest.recogniser import RawWord

PAGE = level(np.full((2339, 1654), 250, np.uint8), 0.0)
LETTER, SPACE, HEIGHT = 16, 10, 30


def line(number: int, *parts: tuple[int, str]) -> list[RawWord]:
    """One line as the engine gives it: `parts` are texts with their left edges."""
    words = []
    for left, text in parts:
        for word in text.split():
            words.append(
                RawWord(word, left, 100 + 50 * number, LETTER * len(word), HEIGHT, 0.95, 1, 1, number)
            )
            left += LETTER * len(word) + SPACE
    return words


def text_of(*lines: list[RawWord]) -> list[str]:
    return arrange([word for words in lines for word in words], PAGE)[1].splitlines()


def test_a_head_that_the_engine_read_across_comes_out_as_two_columns() -> None:
    assert text_of(
        line(0, (150, "ỦY BAN NHÂN DÂN"), (700, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")),
        line(1, (150, "TỈNH QUẢNG NGÃI"), (800, "Độc lập - Tự do - Hạnh phúc")),
        line(3, (150, "Số: 11 /TB-UBND"), (750, "Quảng Ngãi, ngày 08 tháng 01 năm 2025")),
        line(4, (150, "V/v báo cáo")),
        line(6, (200, "Kính gửi: Sở Tư pháp và các đơn vị có liên quan trên địa bàn")),
    ) == [
        "ỦY BAN NHÂN DÂN",
        "TỈNH QUẢNG NGÃI",
        "",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "",
        "Số: 11/TB-UBND",
        "V/v báo cáo",
        "",
        "Quảng Ngãi, ngày 08 tháng 01 năm 2025",
        "",
        "Kính gửi: Sở Tư pháp và các đơn vị có liên quan trên địa bàn",
    ]


def test_a_certificate_with_its_motto_in_the_middle_keeps_its_lines() -> None:
    assert text_of(
        line(0, (500, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")),
        line(1, (600, "Độc lập - Tự do - Hạnh phúc")),
        line(3, (200, "Họ tên: Nguyễn Văn An"), (900, "Giới tính: Nam")),
    ) == [
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Họ tên: Nguyễn Văn An Giới tính: Nam",
    ]


def test_recipients_and_signer_are_parted_at_the_foot() -> None:
    assert text_of(
        line(20, (150, "Nơi nhận:"), (900, "KT. CHỦ TỊCH")),
        line(21, (150, "- Như trên;"), (900, "PHÓ CHỦ TỊCH")),
        line(22, (150, "- Lưu: VT.")),
    ) == ["Nơi nhận:", "- Như trên;", "- Lưu: VT.", "", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"]


def test_strokes_of_a_seal_are_left_out_but_an_unsure_digit_stays() -> None:
    stroke = RawWord("¬.", 900, 100, 30, 30, 0.1, 1, 1, 0)
    digit = RawWord("7", 950, 100, 16, 30, 0.1, 1, 1, 0)
    assert text_of([*line(0, (150, "Khối")), stroke, digit]) == ["Khối 7"]
