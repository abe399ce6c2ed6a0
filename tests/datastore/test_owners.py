"""Owners: one per number, with dated numbers, one store, and a name that is never overwritten silently."""

from datetime import date, timedelta

import pytest

from common import PartialDate
from datastore import Actor, AlreadyThere, NotAllowed, NotFound, OverrideKind, OwnerKind, OwnerState, Stated
from ingest import BadIdentifier
from tests.datastore.house import AN, BINH, MAI, STRANGER, House


@pytest.mark.parametrize(
    ("written", "canonical", "kind", "number_kind"),
    [
        ("040 090 001234", AN, OwnerKind.PERSON, "personal_id"),
        ("0100109106001", "0100109106-001", OwnerKind.ORGANISATION, "enterprise_code"),
        ("h41.01", "H41.01", OwnerKind.AGENCY, "agency_code"),
        ("NN-LAO-P1234567", "NN-LAO-P1234567", OwnerKind.FOREIGNER, "foreign_id"),
    ],
)
def test_an_owner_is_made_once_for_every_way_to_write_its_number(
    house: House, written: str, canonical: str, kind: OwnerKind, number_kind: str
) -> None:
    with house.store.begin(MAI, "look-up") as work:
        first = work.owners.ensure(written, name="  Tên   đầy đủ ")
        again = work.owners.ensure(canonical)
        assert first == again
        assert (first.identifier, first.kind, first.name) == (canonical, kind, "Tên đầy đủ")
        assert first.identifiers[0].kind == number_kind
        assert work.owners.store_of(first.id).owner_id == first.id


def test_a_number_that_is_none_makes_no_owner(house: House) -> None:
    with pytest.raises(BadIdentifier), house.store.begin(MAI, "look-up") as work:
        work.owners.ensure("12")
    assert house.store.statistics().owners == 0


def test_what_is_known_of_an_owner_is_filled_but_never_replaced_silently(house: House) -> None:
    with house.store.begin(MAI, "look-up") as work:
        work.owners.ensure(AN)
        filled = work.owners.ensure(AN, name="Nguyễn Văn An", birth_date=PartialDate(1990, 3))
        other = work.owners.ensure(AN, name="Nguyễn Văn Anh", birth_date=PartialDate(1991))
        assert (filled.name, str(filled.birth_date)) == ("Nguyễn Văn An", "1990-03")
        assert other == filled
        decided = work.owners.rename(filled.id, name="Nguyễn Văn Anh", birth_date=PartialDate(1991))
        assert (decided.name, str(decided.birth_date)) == ("Nguyễn Văn Anh", "1991")
        assert work.owners.set_state(filled.id, OwnerState.DECEASED).state is OwnerState.DECEASED


def test_what_was_said_of_an_owner_and_is_not_known_stands_with_the_paper_once(house: House) -> None:
    an, binh = house.owner(AN, "Nguyễn Văn An"), house.owner(BINH, "Trần Thị Bình")
    chi, document = house.owner("040090007777", "Lê Chi"), house.receive(an, binh)
    with house.store.begin(MAI, "bring") as work:
        known = work.owners.get(an)
        assert known.stated_otherwise("nguyen  van an", PartialDate(1990)) is None
        of_an = known.stated_otherwise(" Nguyễn  Văn Bảo", PartialDate(1990))
        of_binh = work.owners.get(binh).stated_otherwise("Bình", None)
        assert of_an == Stated(an, "Nguyễn Văn Bảo", None)
        assert of_binh == Stated(binh, "Bình", None)
        work.owners.keep_stated(document.id, [of_an, of_binh, of_an])
        work.owners.keep_stated(document.id, [of_an])
    with house.store.begin(MAI, "look") as work:
        assert (
            work.documents.get(document.id).stamp == document.stamp + 1
        )  # who saw it before has not seen this
        assert set(work.owners.stated_for([document])[document.id]) == {of_an, of_binh}
        with pytest.raises(NotFound):
            work.owners.keep_stated(document.id, [Stated(chi, "x", None)])
    with house.store.begin(Actor(str(binh), "owner", "H41.01", ""), "look") as work:
        assert work.owners.stated_for([document])[document.id] == (of_binh,)


def test_an_owner_keeps_former_numbers_beside_the_current_one(house: House) -> None:
    owner = house.owner()
    with house.store.begin(MAI, "identify") as work:
        with_old = work.owners.add_identifier(
            owner, "183456789", kind="old_number", valid_from=work.at - timedelta(days=9000), valid_to=work.at
        )
        assert with_old.identifier == AN
        assert {one.identifier for one in with_old.identifiers} == {AN, "183456789"}
        ended = work.owners.end_identifier(owner, AN)
        assert ended.identifier == AN  # the last one known, as long as there is no other
        moved = work.owners.add_identifier(owner, "040090009999", kind="personal_id")
        assert moved.identifier == "040090009999"
        assert work.owners.find(AN) is None
        found = work.owners.find("040090009999")
        assert found is not None
        assert found.id == owner


def test_a_number_is_one_owners_at_a_time(house: House) -> None:
    house.owner(AN)
    binh = house.owner(BINH)
    with pytest.raises(AlreadyThere) as caught, house.store.begin(MAI, "identify") as work:
        work.owners.add_identifier(binh, AN, kind="personal_id")
    assert AN not in str(caught.value)
    with pytest.raises(NotFound), house.store.begin(MAI, "identify") as work:
        work.owners.end_identifier(binh, AN)


def test_an_owner_sees_itself_and_nobody_else(house: House) -> None:
    an, binh = house.owner(AN), house.owner(BINH, "Trần Thị Bình")
    himself = Actor(str(an), "owner", "H41.01", "my papers")
    with house.store.begin(himself, "visit") as work:
        assert work.owners.get(an).name == "Nguyễn Văn An"
        found = work.owners.find(AN)
        assert found is not None
        assert found.id == an
        assert work.owners.find(BINH) is None
        for forbidden in (
            lambda: work.owners.get(binh),
            lambda: work.owners.store_of(binh),
        ):
            with pytest.raises(NotFound):
                forbidden()
        for identifier in (BINH, "040090007777"):
            with pytest.raises(NotAllowed):
                work.owners.ensure(identifier)


def test_an_actor_who_claims_to_be_an_owner_without_an_id_finds_nothing(house: House) -> None:
    nobody = Actor("not an id", "owner", "H41.01", "guessing")
    with pytest.raises(NotFound), house.store.begin(nobody, "visit") as work:
        work.owners.find(AN)


def test_a_store_lists_its_entries_for_those_who_may_see_them(house: House) -> None:
    owner = house.owner()
    document = house.receive(owner)
    with house.store.begin(MAI, "list") as work:
        assert [entry.document_id for entry in work.owners.entries(owner)] == [document.id]
        work.documents.end_access(document.id, owner, reason="withdrawn")
        assert work.owners.entries(owner) == ()
        (ended,) = work.owners.entries(owner, ended=True)
        assert (ended.end_reason, ended.to_at) == ("withdrawn", work.at)
    with house.store.begin(STRANGER, "list") as work:
        assert work.owners.entries(owner, ended=True) == ()


def test_agencies_have_names_and_dated_overrides(house: House) -> None:
    with house.store.begin(MAI, "import") as work:
        work.overrides.name_agency("H41.01", "UBND phường Trường Vinh")
        work.overrides.name_agency("H41.01", "UBND phường Vinh Hưng")
        assert work.overrides.agency_name("H41.01") == "UBND phường Vinh Hưng"
        assert work.overrides.agency_name("H41.02") == "H41.02"
        old = date(2026, 1, 1)
        for start, value in ((old, "old"), (date(2026, 7, 1), "new")):
            work.overrides.put(
                OverrideKind.RULE, "reuse.own", {"answer": value}, valid_from=start, decision="QĐ 1/2026"
            )
        ended = work.overrides.put(
            OverrideKind.CATALOGUE,
            "DON_XIN",
            {"name": "Đơn"},
            valid_from=old,
            valid_to=date(2026, 2, 1),
            decision="QĐ 2/2026",
        )
        assert work.overrides.on(OverrideKind.CATALOGUE, date(2026, 2, 1)) == (ended,)
        assert work.overrides.on(OverrideKind.CATALOGUE, date(2026, 2, 2)) == ()
        (rule,) = work.overrides.on(OverrideKind.RULE, date(2026, 11, 22))
        assert (rule.value, rule.valid_from) == ({"answer": "new"}, date(2026, 7, 1))
        (rule,) = work.overrides.on(OverrideKind.RULE, date(2026, 3, 1))
        assert rule.value == {"answer": "old"}
        work.overrides.put(OverrideKind.RULE, "reuse.own", {"answer": "mended"}, valid_from=old, decision="x")
        assert work.overrides.on(OverrideKind.RULE, date(2026, 3, 1))[0].value == {"answer": "mended"}
    with house.store.begin(STRANGER, "read rules") as work:
        assert work.overrides.on(OverrideKind.RULE, date(2026, 11, 22)) == ()
