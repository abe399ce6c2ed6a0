"""Identifiers: one canonical form each, warnings instead of refusals, sentences that never repeat a number."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import PartialDate
from ingest import (
    AgencyCode,
    BadEnterpriseCheckDigit,
    BadIdentifier,
    EnterpriseCode,
    ForeignId,
    OldIdNumber,
    OldNumberOnly,
    PersonalId,
    Sex,
    parse_identifier,
    personal_ids_in,
)

TODAY = date(2026, 11, 22)
DIGITS = st.text("0123456789", min_size=12, max_size=12)


def test_a_personal_number_tells_century_sex_year_and_province() -> None:
    number = PersonalId.parse("040090001234")
    assert (number.birth_year, number.sex, number.province) == (1990, Sex.MALE, "Nghệ An")
    younger = PersonalId.parse("001 315 000 111")
    assert (str(younger), younger.birth_year, younger.sex) == ("001315000111", 2015, Sex.FEMALE)


@given(DIGITS)
def test_twelve_digits_are_never_refused_and_stay_as_they_are(digits: str) -> None:
    number = parse_identifier(digits)
    assert isinstance(number, PersonalId)
    assert str(number) == digits
    assert str(parse_identifier(str(number))) == digits


def test_an_unknown_province_and_a_birth_in_the_future_are_warnings() -> None:
    assert {warning.code for warning in PersonalId("999890001234").warnings(TODAY)} == {
        "personal_id_province_unknown",
        "personal_id_not_yet_born",
    }
    assert PersonalId("040090001234").warnings(TODAY) == ()


def test_a_number_that_disagrees_with_the_printed_birth_date_or_sex_is_flagged() -> None:
    number = PersonalId("040090001234")
    found = number.contradictions(PartialDate(1991, 3), Sex.FEMALE)
    assert [sentence.code for sentence in found] == ["personal_id_other_birth_year", "personal_id_other_sex"]
    assert number.contradictions(PartialDate(1990), Sex.MALE) == ()
    assert number.contradictions(None, None) == ()


@pytest.mark.parametrize("code", ["0100047516", "0314409058", "0100109106", "0301442379", "0100686209"])
def test_real_enterprise_codes_pass_their_check_digit(code: str) -> None:
    assert str(parse_identifier(code)) == code


def test_a_wrong_check_digit_of_an_enterprise_code_is_refused() -> None:
    with pytest.raises(BadEnterpriseCheckDigit):
        EnterpriseCode.parse("2900000000")
    with pytest.raises(BadEnterpriseCheckDigit):
        EnterpriseCode.parse("0100109107")


def test_a_branch_has_its_hyphen_in_the_canonical_form() -> None:
    branch = EnterpriseCode.parse("0100109106001")
    assert str(branch) == "0100109106-001"
    assert branch == EnterpriseCode.parse("0100109106-001")
    assert str(branch.parent) == "0100109106"


@given(st.integers(1, 99), st.integers(1, 9_999_999), st.integers(1, 999))
def test_every_enterprise_code_with_a_right_check_digit_goes_round(
    prefix: int, number: int, branch: int
) -> None:
    nine = f"{prefix:02d}{number:07d}"
    check = 10 - sum(int(d) * w for d, w in zip(nine, (31, 29, 23, 19, 17, 13, 7, 5, 3), strict=True)) % 11
    if check == 10:
        with pytest.raises(BadIdentifier):
            parse_identifier(f"{nine}0")
    else:
        assert str(parse_identifier(f"{nine}{check}{branch:03d}")) == f"{nine}{check}-{branch:03d}"


@pytest.mark.parametrize("code", ["H41", "H41.01", "H55.242", "G09.20", "H41.01.0A", "000.00.01.H41"])
def test_agency_codes_of_both_forms_are_taken(code: str) -> None:
    parsed = parse_identifier(code)
    assert isinstance(parsed, AgencyCode)
    assert str(parsed) == code
    assert parsed.is_old_form == code.startswith("000")


def test_an_old_agency_code_names_its_province_and_warns() -> None:
    old = AgencyCode.parse("000.00.01.h41")
    assert old.ministry_or_province == "H41"
    assert [warning.code for warning in old.warnings(TODAY)] == ["agency_code_old_form"]


def test_a_foreigner_is_named_by_alpha_three_however_it_is_typed() -> None:
    assert str(ForeignId.parse("nn-us-c1234567")) == "NN-USA-C1234567"
    assert parse_identifier("NN-USA-C1234567") == ForeignId.parse("NN-US-C1234567")
    assert str(parse_identifier("NN-XXA-12345")) == "NN-XXA-12345"


def test_nine_digits_are_recognised_as_the_old_number_that_names_nobody() -> None:
    with pytest.raises(OldNumberOnly):
        parse_identifier("183456789")
    assert str(OldIdNumber.parse("183 456 789")) == "183456789"


HOSTILE = [
    "",
    " ",
    "1" * 300,
    "04009000123",
    "0400900092345",
    "０４００９０００１２３４",
    "٠٤٠٠٩٠٠٠١٢٣٤",
    "\u202e040090001234",
    "040090\u200b001234",
    "040090001234\x00",
    "H41..01",
    "Z41.01",
    "H41.01.",
    "H41." + "0" * 40,
    "NN-",
    "NN--123456",
    "NN-ZZ-123456",
    "NN-USA-",
    "NN-USA-12 34",
    "Nguyễn",
    "../../etc",
    "0000000000",
    "0100109106-000",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused_with_a_sentence_that_does_not_repeat_it(text: str) -> None:
    with pytest.raises(BadIdentifier) as refusal:
        parse_identifier(text)
    sentence = refusal.value.sentence
    assert sentence.vi
    assert sentence.en
    assert not refusal.value.facts


@given(st.text(max_size=80))
def test_any_text_is_an_identifier_or_a_refusal_and_identifiers_go_round(text: str) -> None:
    try:
        identifier = parse_identifier(text)
    except BadIdentifier:
        return
    assert parse_identifier(str(identifier)) == identifier


def test_a_personal_number_stays_out_of_its_repr() -> None:
    assert "0001234" not in repr(PersonalId("040090001234"))


def test_personal_numbers_are_found_in_a_text_and_other_long_numbers_are_not() -> None:
    text = """
    Họ và tên: Nguyễn Văn An  Số định danh cá nhân: 040090001234, cấp ngày 05 03 1990 15 03 2021
    Giấy tờ tùy thân: CCCD 038 193 004 321; 0401 9826 3731; 040.090.001.234
    Số tiền: 125.000.000.000 đồng; 999090001234; 040 0900 01234; mã vạch 0400900012341
    Sinh năm 2090: 040490001234
    """
    assert [str(one) for one in personal_ids_in(text, TODAY)] == [
        "040090001234",
        "038193004321",
        "040198263731",
    ]
