"""Fields: right, in doubt or absent on what the reader really gave; never invented, never from a stamp."""

import cProfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import Box
from ingest import (
    DocumentType,
    Field,
    Page,
    PageReading,
    Quality,
    Word,
    find_fields,
    guess_type,
    propose_owners,
)
from tests.ingest.papers import CATALOGUE, fields_of, paper, paper_names, plain, type_of, values_of

LETTER = """
UBND TỈNH NGHỆ AN                  CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
SỞ TƯ PHÁP                          Độc lập - Tự do - Hạnh phúc
Số: {number}                  Nghệ An, ngày {day} tháng 11 năm 2025
V/v hướng dẫn cấp bản sao            CÔNG VĂN ĐẾN
trích lục hộ tịch                    Số: 9999
                                     Ngày: 10/12/2025

     Kính gửi: Ủy ban nhân dân các xã, phường
Sở Tư pháp nhận được Công văn số 77/UBND-TP ngày 01/01/2020 của UBND xã.

Nơi nhận:                                KT. GIÁM ĐỐC
- Như trên;                              PHÓ GIÁM ĐỐC


                                         Hoàng Quốc Hào
"""

DECISION = """
ỦY BAN NHÂN DÂN                    CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
TỈNH NGHỆ AN                          Độc lập - Tự do - Hạnh phúc
Số:      /QĐ-UBND                    Nghệ An, ngày     tháng 9 năm 2025

                              QUYẾT ĐỊNH
          Về việc thu hồi Giấy chứng nhận quyền sử dụng đất
                 đã cấp cho ông Nguyễn Văn A

                 ỦY BAN NHÂN DÂN TỈNH NGHỆ AN
Căn cứ Quyết định số 45/QĐ-UBND ngày 01 tháng 02 năm 2020 của UBND tỉnh;
                              QUYẾT ĐỊNH:
Điều 1. Thu hồi Giấy chứng nhận.

                                         TM. ỦY BAN NHÂN DÂN
                                            KT. CHỦ TỊCH
                                            PHÓ CHỦ TỊCH

                                          Đại tá Bùi Thanh An
"""

OLD_BIRTH = """
ỦY BAN NHÂN DÂN          CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM            Mẫu TP/HT-2012-KS.1
Xã: Hưng Dũng              Độc lập - Tự do - Hạnh phúc                 Số: 45
Thành phố: Vinh                                                         Quyển số: 01/2012
                               GIẤY KHAI SINH
Họ và tên: LÊ MINH CHÂU ............          Giới tính: {sex}
Ngày, tháng, năm sinh: 12/11/2012 ghi bằng chữ: Ngày mười hai tháng mười một năm hai nghìn không trăm mười hai
Nơi sinh: ……………… Bệnh viện Sản Nhi Nghệ An ………
Dân tộc: Kinh                 Quốc tịch: Việt Nam
Số định danh cá nhân: 040 312 000 111
Họ và tên cha: LÊ VĂN HÒA
Dân tộc: Kinh        Quốc tịch: Việt Nam       Năm sinh: 1985
Họ và tên mẹ: TRẦN THỊ MAI
Dân tộc: Thái        Quốc tịch: Việt Nam       Năm sinh: 1987
Nơi đăng ký: UBND phường Hưng Dũng
Ngày, tháng, năm đăng ký: 20/11/2012
"""


def same(one: str, other: str) -> bool:
    """Equal but for spaces and the case of letters."""
    return one.casefold().replace(" ", "") == other.casefold().replace(" ", "")


def counted(names: list[str]) -> tuple[int, int, int]:
    """Fields that are right, that are wrong without doubt, and all, over the stored readings."""
    right = wrong = total = 0
    for name in names:
        read = paper(name)
        fields = fields_of(read.pages)
        for field, truth in read.truth.items():
            found = fields.get(field)
            total += 1
            right += found is not None and same(found.value, truth)
            wrong += found is not None and not found.doubtful and not same(found.value, truth)
    return right, wrong, total


def test_of_all_that_stands_on_the_stored_papers_nearly_everything_is_found_and_nothing_wrong_is_sure() -> (
    None
):
    right, wrong, total = counted(paper_names())
    assert right / total >= 0.94
    assert wrong == 0


def test_a_field_says_where_it_stands() -> None:
    field = fields_of(paper("giay_khai_sinh").pages)["full_name"]
    assert field.page == 1
    assert field.box is not None
    assert field.box.width > field.box.height > 10


@pytest.mark.parametrize("name", ["qn_07CT_2018_stamp", "qn_299UB_hoatoc", "qn_47QD_2025", "qn_575UB_2025"])
def test_a_number_and_day_that_a_pen_wrote_are_in_doubt_or_absent(name: str) -> None:
    fields = fields_of(paper(name).pages)
    assert fields["number"].doubtful
    assert fields["date"].doubtful


def test_the_incoming_stamp_gives_no_number() -> None:
    assert "2352" not in values_of(paper("qn_07CT_2018_stamp").pages)["number"]
    values = values_of(plain(LETTER.format(number="1234/STP-HCTP", day="5")))
    assert (values["number"], values["date"]) == ("1234/STP-HCTP", "2025-11-05")


@pytest.mark.parametrize("number", ["1906/SGDĐT-CTrTT", "12/BGDĐT-VP", "7/UBND-KTTH"])
def test_the_symbol_of_an_issuer_keeps_its_letters(number: str) -> None:
    """`SGDĐT` once lost its D, because `QDĐ` is a misread `QĐ`."""
    assert values_of(plain(LETTER.format(number=number, day="5")))["number"] == number


def test_a_letter_gives_its_head_and_foot() -> None:
    values = values_of(plain(LETTER.format(number="1234/STP-HCTP", day="05")))
    assert values["kind"] == "CÔNG VĂN"
    assert values["subject"] == "V/v hướng dẫn cấp bản sao trích lục hộ tịch"
    assert (values["issuer"], values["superior"]) == ("SỞ TƯ PHÁP", "UBND TỈNH NGHỆ AN")
    assert values["signer"] == "Hoàng Quốc Hào"


@pytest.mark.parametrize(
    ("printed", "value", "doubtful"),
    [
        ("1234/STP-HCTP", "1234/STP-HCTP", False),
        ("1234 / STP - HCTP", "1234/STP-HCTP", False),
        ("II/STP-HCTP", "11/STP-HCTP", True),
        ("đ#/STP-HCTP", "/STP-HCTP", True),
        ("T01/STP-HCTP", "/STP-HCTP", True),
        ("12/2025/STP-HCTP", "12/2025/STP-HCTP", False),
    ],
)
def test_digits_that_were_not_read_are_not_invented(printed: str, value: str, doubtful: bool) -> None:
    number = fields_of(plain(LETTER.format(number=printed, day="05")))["number"]
    assert (number.value, number.doubtful) == (value, doubtful)


@pytest.mark.parametrize(
    ("day", "value"), [("82", "2025-11"), ("GỞ", "2025-11"), ("{Š", "2025-11"), ("O5", "2025-11-05")]
)
def test_a_day_that_was_not_read_leaves_a_partial_date_in_doubt(day: str, value: str) -> None:
    date = fields_of(plain(LETTER.format(number="1/STP-HCTP", day=day)))["date"]
    assert (date.value, date.doubtful) == (value, True)


def test_an_empty_number_is_not_taken_from_the_grounds_below() -> None:
    fields = fields_of(plain(DECISION))
    assert (fields["number"].value, fields["number"].doubtful) == ("/QĐ-UBND", True)
    assert (fields["date"].value, fields["date"].doubtful) == ("2025-09", True)
    assert fields["subject"].value == (
        "Về việc thu hồi Giấy chứng nhận quyền sử dụng đất đã cấp cho ông Nguyễn Văn A"
    )
    assert fields["issuer"].value == "ỦY BAN NHÂN DÂN TỈNH NGHỆ AN"
    assert fields["signer"].value == "Bùi Thanh An"
    assert "superior" not in fields


def test_an_old_form_gives_its_fields_to_the_right_persons() -> None:
    values = values_of(plain(OLD_BIRTH.format(sex="Nữ")))
    assert values["full_name"] == "LÊ MINH CHÂU"
    assert (values["birth_date"], values["date"]) == ("2012-11-12", "2012-11-20")
    assert values["birth_place"] == "Bệnh viện Sản Nhi Nghệ An"
    assert (values["father_name"], values["father_birth_year"]) == ("LÊ VĂN HÒA", "1985")
    assert (values["mother_name"], values["mother_birth_year"]) == ("TRẦN THỊ MAI", "1987")
    assert (values["ethnicity"], values["mother_ethnicity"]) == ("Kinh", "Thái")
    assert (values["number"], values["book"]) == ("45", "01/2012")


def test_a_personal_number_that_disagrees_with_the_sex_beside_it_is_in_doubt() -> None:
    assert not fields_of(plain(OLD_BIRTH.format(sex="Nữ")))["personal_id"].doubtful
    fields = fields_of(plain(OLD_BIRTH.format(sex="Nam")))
    assert fields["personal_id"].doubtful
    assert fields["sex"].doubtful
    assert not fields["full_name"].doubtful


def test_the_child_is_the_proposed_owner_of_a_birth_certificate() -> None:
    pages = plain(OLD_BIRTH.format(sex="Nữ"))
    (owner,) = propose_owners(type_of(pages), fields_of(pages))
    assert (str(owner.identifier), owner.name, str(owner.birth_date)) == (
        "040312000111",
        "LÊ MINH CHÂU",
        "2012-11-12",
    )
    assert not owner.doubtful


def test_both_spouses_own_a_marriage_certificate() -> None:
    read = paper("giay_chung_nhan_ket_hon")
    owners = propose_owners(type_of(read.pages), fields_of(read.pages))
    assert [str(owner.identifier) for owner in owners] == [
        read.truth["wife_personal_id"],
        read.truth["husband_personal_id"],
    ]
    assert [owner.name for owner in owners] == [read.truth["wife_name"], read.truth["husband_name"]]


def test_an_enterprise_owns_its_registration_and_its_representative_does_not() -> None:
    read = paper("giay_chung_nhan_dang_ky_doanh_nghiep")
    (owner,) = propose_owners(type_of(read.pages), fields_of(read.pages))
    assert (str(owner.identifier), owner.name) == (
        read.truth["enterprise_code"],
        read.truth["enterprise_name"],
    )


def test_an_owner_without_identifier_is_proposed_in_doubt() -> None:
    read = paper("bang_tot_nghiep")
    (owner,) = propose_owners(type_of(read.pages), fields_of(read.pages))
    assert owner.identifier is None
    assert owner.name == read.truth["full_name"]
    assert owner.doubtful


def test_nobody_is_proposed_without_a_type_or_a_name() -> None:
    assert propose_owners(None, {"full_name": Field("LÊ MINH CHÂU", 1.0, False)}) == ()
    assert propose_owners(CATALOGUE.find("KHAI_SINH"), {}) == ()


@pytest.mark.parametrize("code", ["GCN_ATTP", "GCN_ANTT"])
def test_the_name_of_a_facility_is_not_that_of_whoever_runs_it(code: str) -> None:
    read = {"facility": "BẾP CƠM", "full_name": "LÊ MINH CHÂU", "personal_id": "040144985806"}
    fields = {name: Field(value, 1.0, False) for name, value in read.items()}
    (owner,) = propose_owners(CATALOGUE.find(code), fields)
    assert (str(owner.identifier), owner.name, owner.called) == ("040144985806", "BẾP CƠM", "LÊ MINH CHÂU")
    (unnamed,) = propose_owners(CATALOGUE.find(code), {"facility": fields["facility"]})
    assert (unnamed.name, unnamed.called) == ("BẾP CƠM", None)


@pytest.mark.parametrize(("code", "name"), [("KHAI_SINH", "full_name"), ("GCN_DKDN", "enterprise_name")])
def test_who_is_named_itself_is_called_so(code: str, name: str) -> None:
    (owner,) = propose_owners(CATALOGUE.find(code), {name: Field("MINH CHÂU", 1.0, False)})
    assert owner.called == owner.name == "MINH CHÂU"


def test_badly_read_words_make_a_field_doubtful() -> None:
    read = paper("giay_khai_sinh")
    page = read.pages[0]
    spoilt = replace(page, words=tuple(replace(word, confidence=0.4) for word in page.words))
    assert all(field.doubtful for field in fields_of((spoilt,)).values())


def test_a_blank_page_and_no_page_give_no_fields() -> None:
    assert fields_of(plain("")) == {}
    assert fields_of(()) == {}


def test_the_annex_behind_the_signature_does_not_change_the_signer() -> None:
    annex = "DANH SÁCH\n" + " " * 45 + "TRƯỞNG BAN\n" + " " * 45 + "Trần Văn Khác\n"
    assert values_of(plain(DECISION, annex))["signer"] == "Bùi Thanh An"


def test_fields_on_a_leaning_page_are_found_like_on_a_level_one() -> None:
    read = paper("thong_bao_ubnd")
    assert abs(read.pages[0].page.skew) > 0.1
    assert values_of(read.pages)["number"] == read.truth["number"]


BOXES = st.builds(
    lambda x, y, wide, high: Box(x, y, x + wide, y + high),
    st.integers(0, 1600),
    st.integers(0, 2300),
    st.integers(0, 300),
    st.integers(0, 80),
)
PIECES = [
    "Số:",
    "/QĐ-UBND",
    "ngày",
    "tháng",
    "năm",
    "QUYẾT",
    "ĐỊNH",
    "V/v",
    "Họ",
    "tên:",
    "CHỦ",
    "TỊCH",
    "CỘNG",
    "HÒA",
    "…",
]
WORDS = st.builds(
    Word,
    st.one_of(st.sampled_from(PIECES), st.text(min_size=1, max_size=12)),
    BOXES,
    st.floats(0, 1),
    st.integers(0, 6),
    st.just(0),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=40), st.floats(-5, 5), st.sampled_from([None, *CATALOGUE.all()]))
def test_whatever_a_reader_gives_is_answered(
    words: list[Word], skew: float, doc_type: DocumentType | None
) -> None:
    page = Page(1, 1654, 2339, 200, 0, skew, False, Quality(0.5))
    pages = (PageReading(page, tuple(words), "", 0.5),)
    guess = guess_type(pages, CATALOGUE)
    assert 0 <= guess.score <= 1
    fields = find_fields(pages, doc_type, CATALOGUE)
    assert all(field.value and 0 <= field.confidence <= 1 for field in fields.values())
    assert len(propose_owners(doc_type, fields)) <= 3


def test_a_page_made_to_cost_time_is_looked_at_in_part() -> None:
    head = paper("thong_bao_ubnd").pages[0]
    last = max(word.line for word in head.words)
    flood = tuple(
        Word("GIẤY", Box(i % 1600, 2300, i % 1600 + 3, 2320), 0.9, last + 1, 0) for i in range(60_000)
    )
    assert values_of((replace(head, words=(*head.words, *flood)),))["number"].endswith("/TB-UBND")


def page_of_labels(count: int) -> PageReading:
    """A birth certificate on which the label that opens a part of it stands `count` times, ten in a row."""
    words = [
        Word(text, Box(800 + 130 * i, 100, 900 + 130 * i, 140), 0.95, 0, 0)
        for i, text in enumerate(("GIẤY", "KHAI", "SINH"))
    ]
    for number in range(count):
        row, column = divmod(number, 10)
        for place, text in enumerate(("Họ", "và", "tên", "người", "mẹ:")):
            left, top = 10 + 240 * column + 48 * place, 300 + 14 * row
            words.append(Word(text, Box(left, top, left + 44, top + 10), 0.95, 1 + row, 1))
    return PageReading(Page(1, 2480, 3508, 300, 0, 0.0, False, Quality(1.0)), tuple(words), "", 0.95)


def calls_while_looking_for_fields(page: PageReading) -> int:
    """How many functions are called, which unlike the clock says the same on every machine."""
    profile = cProfile.Profile()
    profile.runcall(find_fields, [page], CATALOGUE.find("KHAI_SINH"), CATALOGUE)
    return sum(entry.callcount for entry in profile.getstats())


def test_a_page_full_of_labels_costs_in_proportion_to_its_words() -> None:
    few, many = (calls_while_looking_for_fields(page_of_labels(count)) for count in (100, 400))
    assert many < 6 * few
