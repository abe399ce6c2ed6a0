"""The catalogue: forty types as data, national codes with dates, old codes never lost."""

from datetime import date

import pytest

from ingest import (
    BadCatalogueOverride,
    CatalogueOverride,
    Owners,
    UnknownDocumentType,
    is_doc_type,
    load_catalogue,
)

LATER = date(2027, 3, 1)
DEATH = CatalogueOverride("KHAI_TU", "KQ.G15.000099", LATER)


def test_all_forty_types_have_names_titles_owners_and_a_code() -> None:
    types = load_catalogue().all()
    assert len(types) == 40
    assert len({each.local for each in types}) == 40
    assert all(
        is_doc_type(each.local) and is_doc_type(each.code) and each.name and each.name_en for each in types
    )
    assert [each.local for each in types if not each.titles] == ["CONG_VAN"]
    assert all(each.owned_by for each in types)


def test_every_owner_and_section_names_a_field_of_its_type() -> None:
    head = {"issuer"}
    for each in load_catalogue():
        names = {spec.name for spec in each.fields} | head
        used = {name for owner in each.owned_by for name in (*owner.identifier, owner.name) if name}
        sections = {spec.section for spec in each.fields if spec.section}
        assert sections <= names, each.local
        assert used <= names | {"personal_id"}, each.local


def test_the_national_code_is_shown_where_it_is_known() -> None:
    catalogue = load_catalogue()
    assert catalogue.find("KHAI_SINH").code == "KQ.G15.000031"
    assert catalogue.find("KQ.G15.000032").local == "KET_HON"
    assert catalogue.find("KHAI_TU").code == "KHAI_TU"
    assert catalogue.find("KET_HON").owners is Owners.TWO


def test_a_national_code_that_comes_later_is_shown_from_its_day_on() -> None:
    before, after = load_catalogue(date(2027, 2, 28), [DEATH]), load_catalogue(LATER, [DEATH])
    assert before.find("KHAI_TU").code == "KHAI_TU"
    assert after.find("KHAI_TU").code == "KQ.G15.000099"
    assert load_catalogue(overrides=[DEATH]).find("KHAI_TU").code == "KQ.G15.000099"


def test_what_was_stored_under_an_older_code_is_found_by_it() -> None:
    again = CatalogueOverride("KHAI_TU", "KQ.G15.000100", date(2028, 1, 1))
    catalogue = load_catalogue(date(2028, 6, 1), [again, DEATH])
    found = catalogue.find("KHAI_TU")
    assert found.code == "KQ.G15.000100"
    assert catalogue.find("KQ.G15.000099") is found
    between = load_catalogue(date(2027, 6, 1), [again, DEATH])
    assert between.find("KQ.G15.000100").code == "KQ.G15.000099"


@pytest.mark.parametrize(
    "override",
    [
        CatalogueOverride("NOT_THERE", "KQ.G15.000099", LATER),
        CatalogueOverride("KHAI_TU", "KQ.G15.000031", LATER),
        CatalogueOverride("KHAI_TU", "G15.99", LATER),
    ],
)
def test_an_override_that_fits_no_type_is_refused(override: CatalogueOverride) -> None:
    with pytest.raises(BadCatalogueOverride):
        load_catalogue(overrides=[override])


def test_an_unknown_code_is_refused_with_a_short_sentence() -> None:
    with pytest.raises(UnknownDocumentType) as refusal:
        load_catalogue().find("X" * 300)
    assert len(str(refusal.value)) < 400


def test_a_personal_number_typed_as_a_code_stays_out_of_the_refusal() -> None:
    with pytest.raises(UnknownDocumentType) as refusal:
        load_catalogue().find("040090001234")
    assert "040090001234" not in f"{refusal.value} {refusal.value.facts}"
