"""The type by its title: on what the reader gave for drawn and real papers, and where a title must not be found."""

import random

import pytest

from ingest import guess_type
from tests.ingest.papers import CATALOGUE, paper, paper_names, plain, type_of

HEAD = """
ỦY BAN NHÂN DÂN                    CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
XÃ KIM LIÊN                          Độc lập - Tự do - Hạnh phúc
Số: 12/{symbol}                  Kim Liên, ngày 15 tháng 10 năm 2025
"""


@pytest.mark.parametrize("name", paper_names())
def test_the_type_of_every_stored_reading_is_found(name: str) -> None:
    read = paper(name)
    guess = guess_type(read.pages, CATALOGUE)
    assert guess.code is not None
    assert CATALOGUE.find(guess.code).local == read.type
    assert 0.8 <= guess.score <= 1
    assert guess.runner_up != guess.code


def titled(symbol: str, *lines: str) -> str:
    return HEAD.format(symbol=symbol) + "\n".join(f"{line:^90}" for line in lines)


@pytest.mark.parametrize(
    ("lines", "local"),
    [
        (("GIẤY KHAI SINH",), "KHAI_SINH"),
        (("GIẤY KHAI SINH", "(BẢN SAO)"), "KHAI_SINH"),
        (("TRÍCH LỤC KHAI SINH", "(BẢN SAO)"), "TL_KHAI_SINH"),
        (("TRÍCH LỤC KHAI SINH (BẢN SAO)",), "TL_KHAI_SINH"),
        (("GIẤY CHỨNG NHẬN", "QUYỀN SỬ DỤNG ĐẤT", "QUYỀN SỞ HỮU TÀI SẢN GẮN LIỀN VỚI ĐẤT"), "GCN_QSDD"),
        (("GIẤY CHỨNG NHẬN ĐĂNG KÝ HỘ KINH DOANH",), "GCN_HKD"),
        (("PHIẾU LÝ LỊCH TƯ PHÁP SỐ 1",), "LLTP"),
        (("XÁC NHẬN THÔNG TIN VỀ CƯ TRÚ",), "CT07_CU_TRU"),
        (("QUYẾT ĐỊNH", "Về việc thu hồi Giấy chứng nhận đăng ký kết hôn"), "QD_UBND"),
        (("QUYẾT ĐỊNH", "Về việc trợ cấp xã hội hàng tháng"), "QD_TCXH"),
        (("QUYẾT ĐỊNH", "Ban hành Quy định về trợ cấp xã hội"), "QD_UBND"),
        (("THÔNG BÁO", "Về việc cấp lại giấy khai sinh"), "THONG_BAO"),
    ],
)
def test_a_title_decides_whatever_its_subject_mentions(lines: tuple[str, ...], local: str) -> None:
    found = type_of(plain(titled("QĐ-UBND", *lines)))
    assert found is not None
    assert found.local == local


def test_every_title_of_the_catalogue_leads_to_its_type() -> None:
    for each in CATALOGUE:
        for title in each.titles:
            found = type_of(plain(titled("X", title)))
            assert found is each, title


def misread(text: str, seed: int) -> str:
    """One letter in twelve read as another one."""
    choice = random.Random(seed)
    letters = [
        choice.choice("AEIOUTLNH") if letter.isalpha() and choice.random() < 1 / 12 else letter
        for letter in text
    ]
    return "".join(letters)


def test_titles_with_reading_errors_are_hardly_ever_taken_for_another_type() -> None:
    right = wrong = 0
    for number, each in enumerate(CATALOGUE):
        for seed, title in enumerate(each.titles):
            found = type_of(plain(titled("X", misread(title, 100 * number + seed))))
            right += found is each
            wrong += found not in (each, None)
    assert right / (right + wrong) > 0.97
    assert right > 130


def test_a_letter_about_certificates_is_a_letter() -> None:
    text = HEAD.format(symbol="UBND-TP") + (
        "V/v cấp bản sao trích lục hộ tịch\n\n"
        "          Kính gửi: Sở Tư pháp\n\n"
        "   Ủy ban nhân dân xã nhận được hồ sơ gồm GIẤY KHAI SINH và GIẤY CHỨNG NHẬN KẾT HÔN của công dân.\n"
    )
    found = type_of(plain(text))
    assert found is not None
    assert found.local == "CONG_VAN"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "Tôi gửi kèm giấy khai sinh của con tôi và giấy chứng nhận kết hôn.",
        titled("BC-UBND", "BÁO CÁO", "Kết quả đăng ký kết hôn năm 2025"),
        titled("TTr-UBND", "TỜ TRÌNH", "Về việc ban hành Quyết định"),
        "CÔNG VĂN ĐẾN\nSố: 2352\nNgày: 21/3/2018",
        "1234567890 !!! ???",
    ],
)
def test_without_a_known_title_a_person_is_asked(text: str) -> None:
    guess = guess_type(plain(text), CATALOGUE)
    assert (guess.code, guess.name) == (None, None)


def test_a_title_behind_an_empty_cover_is_found() -> None:
    found = type_of(plain("", titled("X", "GIẤY PHÉP XÂY DỰNG")))
    assert found is not None
    assert found.local == "GPXD"


def test_a_document_without_pages_has_no_type() -> None:
    assert guess_type((), CATALOGUE).code is None
