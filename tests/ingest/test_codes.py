"""Document codes, dossier numbers and the text of identity cards' QR codes."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import PartialDate
from ingest import (
    AgencyCode,
    BadCardQr,
    BadDocumentCode,
    BadDossierNumber,
    BadIdentifier,
    CardQr,
    DocumentCode,
    DossierNumber,
    EnterpriseCode,
    ForeignId,
    PersonalId,
    Sex,
    is_doc_type,
    parse_identifier,
)

CARD = "040090001234|183456789|Nguyễn Văn An|05031990|Nam|Khối 1, Phường Trường Vinh, Nghệ An|15042021"


@pytest.mark.parametrize(
    ("text", "owner", "doc_type"),
    [
        ("040090001234.KQ.G15.000031", "040090001234", "KQ.G15.000031"),
        ("040090001234.KHAI_SINH", "040090001234", "KHAI_SINH"),
        ("0100109106001.GCN_DKCN", "0100109106-001", "GCN_DKCN"),
        ("H41.01.KQ.G15.000031", "H41.01", "KQ.G15.000031"),
        ("H41.01.QD_UBND", "H41.01", "QD_UBND"),
        ("000.00.00.H41.QD_UBND", "000.00.00.H41", "QD_UBND"),
        ("000.00.00.H41.000.00.00.G09-KQ002269", "000.00.00.H41", "000.00.00.G09-KQ002269"),
        ("NN-LA-P1234567.KET_HON", "NN-LAO-P1234567", "KET_HON"),
    ],
)
def test_a_code_is_read_from_the_right_with_its_owner_made_canonical(
    text: str, owner: str, doc_type: str
) -> None:
    code = DocumentCode.parse(text)
    assert (str(code.identifier), code.doc_type) == (owner, doc_type)
    assert DocumentCode.parse(str(code)) == code


TYPES = st.one_of(
    st.from_regex(r"KQ\.[A-Y][0-9]{2}\.[0-9]{6}", fullmatch=True),
    st.from_regex(r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Y][0-9]{2}-KQ[0-9]{6}", fullmatch=True),
    st.from_regex(r"[A-Z][A-Z0-9_]{1,29}", fullmatch=True),
)
OWNERS = st.one_of(
    st.from_regex(r"[0-9]{12}", fullmatch=True).map(PersonalId),
    st.from_regex(r"[A-Y][0-9]{2}(\.[0-9A-Z]{1,4}){0,4}", fullmatch=True).map(AgencyCode),
    st.from_regex(r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Y][0-9]{2}", fullmatch=True).map(AgencyCode),
    st.sampled_from(["0100109106", "0314409058-002"]).map(EnterpriseCode),
    st.from_regex(r"[A-Z0-9]{3,20}", fullmatch=True).map(lambda number: ForeignId("KOR", number)),
)


@given(OWNERS, TYPES)
def test_every_code_goes_round(
    owner: PersonalId | AgencyCode | EnterpriseCode | ForeignId, doc_type: str
) -> None:
    code = DocumentCode(owner, doc_type)
    again = DocumentCode.parse(str(code))
    # An agency may be named like a type (`H41.KQ` + `.G15.000031`); the text then still means one thing only.
    assert str(again) == str(code)
    assert len(again.doc_type) >= len(code.doc_type)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "KQ.G15.000031",
        ".KQ.G15.000031",
        "040090001234",
        "040090001234.",
        "040090001234.kq.g15.000031",
        "040090001234.KQ.G15.31",
        "183456789.KHAI_SINH",
        "0400900092345.KHAI_SINH",
        "０４００９０００１２３４.KHAI_SINH",
        "\u202e040090001234.KHAI_SINH",
        "040090001234.KHAI SINH",
        "040090001234.KHAI_SÍNH",
        "A" * 300,
        "040090001234." + "A" * 300,
    ],
)
def test_what_is_no_document_code_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadDocumentCode) as refusal:
        DocumentCode.parse(text)
    assert "<" in refusal.value.sentence.vi or "mã" in refusal.value.sentence.vi


@given(st.text(max_size=60))
def test_any_text_is_a_document_code_or_a_refusal(text: str) -> None:
    try:
        code = DocumentCode.parse(text)
    except BadDocumentCode:
        return
    assert is_doc_type(code.doc_type)
    assert parse_identifier(str(code.identifier)) == code.identifier


@pytest.mark.parametrize(
    ("text", "agency", "day", "sequence"),
    [
        ("000.00.01.H41-241031-0001", "000.00.01.H41", date(2024, 10, 31), "0001"),
        ("H41.001.02-250915-0001", "H41.001.02", date(2025, 9, 15), "0001"),
        ("G15.001-260201-010001", "G15.001", date(2026, 2, 1), "010001"),
        ("G09.20-20260609-0092637", "G09.20", date(2026, 6, 9), "0092637"),
    ],
)
def test_every_form_of_dossier_number_is_read_and_goes_round(
    text: str, agency: str, day: date, sequence: str
) -> None:
    number = DossierNumber.parse(f" {text.lower()} ")
    assert (str(number.agency), number.day, number.sequence) == (agency, day, sequence)
    assert str(number) == text


@given(
    st.from_regex(r"[A-Y][0-9]{2}(\.[0-9A-Z]{1,3}){0,2}", fullmatch=True).map(AgencyCode),
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.from_regex(r"[0-9]{4,8}", fullmatch=True),
    st.booleans(),
)
def test_every_dossier_number_goes_round(
    agency: AgencyCode, day: date, sequence: str, long_day: bool
) -> None:
    number = DossierNumber(agency, day, sequence, long_day)
    assert DossierNumber.parse(str(number)) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "000.00.01.H41-241331-0001",
        "000.00.01.H41-250229-0001",
        "000.00.01.H41-241031-001",
        "H41-19990101-0001",
        "H41.0001-241031-0001",
        "0.0.1.H41-241031-0001",
        "H41-２４１０３１-0001",
        "H41-241031-0001-" + "1" * 300,
        "\u202eH41-241031-0001",
    ],
)
def test_what_is_no_dossier_number_is_refused(text: str) -> None:
    with pytest.raises(BadDossierNumber):
        DossierNumber.parse(text)


def test_the_text_of_a_card_gives_its_seven_fields() -> None:
    card = CardQr.parse(CARD)
    assert str(card.personal_id) == "040090001234"
    assert str(card.old_number) == "183456789"
    assert (card.name, card.sex, card.birth_date) == ("Nguyễn Văn An", Sex.MALE, PartialDate(1990, 3, 5))
    assert (card.address, card.issued) == ("Khối 1, Phường Trường Vinh, Nghệ An", PartialDate(2021, 4, 15))
    assert (card.extra_fields, card.warnings) == ((), ())


def test_decomposed_letters_of_a_card_become_one_form() -> None:
    import unicodedata

    assert CardQr.parse(unicodedata.normalize("NFD", CARD)) == CardQr.parse(CARD)


def test_a_card_without_old_number_has_six_or_seven_fields_and_six_warn() -> None:
    assert CardQr.parse(CARD.replace("183456789", "")).old_number is None
    six = CardQr.parse(CARD.replace("183456789|", ""))
    assert six.name == "Nguyễn Văn An"
    assert [warning.code for warning in six.warnings] == ["card_qr_without_old_number"]


def test_fields_that_new_cards_add_are_kept_as_they_are() -> None:
    card = CardQr.parse(f"{CARD}||Nguyễn Văn Cha|Lê Thị Mẹ|")
    assert card.extra_fields == ("", "Nguyễn Văn Cha", "Lê Thị Mẹ", "")


def test_other_forms_of_dates_on_cards_are_read() -> None:
    assert CardQr.parse(CARD.replace("05031990", "1990")).birth_date == PartialDate(1990)
    assert CardQr.parse(CARD.replace("05031990", "5/3/1990")).birth_date == PartialDate(1990, 3, 5)


def test_a_card_whose_number_disagrees_with_its_birth_date_warns() -> None:
    card = CardQr.parse(CARD.replace("05031990", "05031991").replace("Nam", "Nữ"))
    assert {warning.code for warning in card.warnings} == {
        "personal_id_other_birth_year",
        "personal_id_other_sex",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|||||||",
        "hello",
        "https://example.org",
        "1|2|3",
        CARD.replace("040090001234", "04009000123"),
        CARD.replace("183456789", "18345678"),
        CARD.replace("05031990", "31021990"),
        CARD.replace("05031990", "05/1990"),
        CARD.replace("|Nam|", "|?|"),
        CARD.replace("Nguyễn Văn An", ""),
        CARD.replace("Nguyễn Văn An", "Nguyễn \u202eVăn An"),
        CARD + "x" * 3000,
    ],
)
def test_what_is_no_card_is_refused_and_the_part_is_named(text: str) -> None:
    with pytest.raises(BadCardQr) as refusal:
        CardQr.parse(text)
    assert set(refusal.value.facts) == {"part"}


def test_a_document_code_error_keeps_its_cause() -> None:
    with pytest.raises(BadDocumentCode) as refusal:
        DocumentCode.parse("0100109107.GCN_DKDN")
    assert isinstance(refusal.value.__cause__, BadIdentifier)
