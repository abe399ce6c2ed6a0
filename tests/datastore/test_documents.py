"""Documents: held once, coded per owner, read, checked, decided, and moved to whom they belong."""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from archive import Ground, SourceForm, Status, Weight
from common import Digest
from datastore import (
    Actor,
    AlreadyHeld,
    AttachedHow,
    DocumentRecord,
    HeldElsewhere,
    IllegalTransition,
    LastOwner,
    NewOriginal,
    NewRevision,
    NotDecided,
    NotFound,
    NotTheSame,
    OwnerThere,
    Provenance,
    SigningState,
    StaleState,
    StillCited,
    Work,
    WouldBeLost,
    digest_of,
    original_key,
    pdf_key,
    prepared_key,
    reading_key,
)
from datastore.locks import hold
from signing import Role
from tests.datastore.house import AN, BINH, MAI, READ, STRANGER, House


def test_a_received_paper_is_coded_held_and_readable_by_staff_and_owner(house: House) -> None:
    owner = house.owner()
    document = house.receive(owner, content=b"the scan")
    assert (document.status, document.weight) == (Status.RECEIVED, Weight.UNCONFIRMED)
    assert document.code == f"{AN}.KET_HON"
    assert document.current_codes[0].instance == 1
    assert document.version.originals[0].sha256 == Digest.of(b"the scan")
    himself = Actor(str(owner), "owner", "H41.01", "my papers")
    for actor in (MAI, himself):
        with house.store.begin(actor, "fetch") as work:
            record = work.documents.get(document.id)
            key = work.documents.data_key(document.id)
        assert house.objects.read(record.version.originals[0].object, sealing=key) == b"the scan"


def test_a_paper_of_several_scans_keeps_them_in_order_under_one_digest(house: House) -> None:
    owner, draft = house.owner(), house.store.draft()
    kept = [
        house.store.put(original_key(draft.id, 1, n), page, sealing=draft.data_key)
        for n, page in enumerate((b"front", b"back"), start=1)
    ]
    originals = [NewOriginal(one, "image/jpeg", "mă\u0323t.jpg") for one in kept]
    with house.store.begin(MAI, "intake") as work:
        document = work.documents.receive(draft, originals=originals, owners=[owner], page_count=2)
        digests = [Digest.of(b"front"), Digest.of(b"back")]
        assert document.version.originals_digest == digest_of(digests)
        assert [one.sha256 for one in document.version.originals] == digests
        assert document.version.originals[0].name == "mặt.jpg"
        held = work.documents.find_held(digests, [owner])
        assert held is not None
        assert held.id == document.id
        assert work.documents.find_held(list(reversed(digests)), [owner]) is None


def test_the_same_files_brought_otherwise_are_another_paper_and_the_one_that_is_there_is_named(
    house: House,
) -> None:
    """It became another paper without a word."""
    an, binh, dung = house.owner(AN), house.owner(BINH), house.owner("001090004321", "Lê Dũng")
    draft, pages = house.store.draft(), (b"front", b"back")
    kept = [
        house.store.put(original_key(draft.id, 1, n), page, sealing=draft.data_key)
        for n, page in enumerate(pages, start=1)
    ]
    with house.store.begin(MAI, "intake") as work:
        originals = [NewOriginal(one, "image/jpeg", "x") for one in kept]
        both = work.documents.receive(draft, originals=originals, owners=[an]).id
    alone = house.receive(an, content=b"front").id
    front, back = (Digest.of(page) for page in pages)

    def there(*digests: Digest, owners: Sequence[UUID], actor: Actor = MAI) -> tuple[UUID, ...]:
        with house.store.begin(actor, "intake") as work:
            return work.documents.brought_otherwise(digests, owners)

    assert there(back, front, owners=[an]) == (both, alone)
    assert there(front, owners=[binh, an]) == (alone,)
    assert there(back, Digest.of(b"third"), owners=[an]) == ()
    assert there(back, front, owners=[dung]) == ()
    assert there(back, front, owners=[an], actor=STRANGER) == (), "what it may not see is not named"
    with house.store.begin(MAI, "look_at_diary") as work:
        told = [line.document_id for line in work.diary.of_owner(an) if line.act == "look_for_held"]
    assert sorted(one for one in told if one is not None) == [both, alone, alone]


def test_an_ordinary_intake_asks_nothing_about_papers_that_were_brought_otherwise(house: House) -> None:
    owner, asked = house.owner(AN), []
    with house.store.begin(MAI, "intake") as work:
        event.listen(house.store._engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
        made = work.owners.ensure("001090004321").id
        before = len(asked)
        assert work.documents.brought_otherwise([Digest.of(b"1")], [owner]) == ()
        assert work.documents.brought_otherwise([Digest.of(b"1"), Digest.of(b"2")], [made]) == ()
        assert len(asked) == before


def test_the_same_original_of_the_same_owners_is_held_once(house: House) -> None:
    an, binh = house.owner(AN), house.owner(BINH)
    document = house.receive(an, content=b"same")
    with pytest.raises(AlreadyHeld) as caught:
        house.receive(an, content=b"same")
    assert caught.value.facts == {"document_id": document.id}
    assert house.receive(an, binh, content=b"same").id != document.id
    assert house.receive(content=b"same").id != document.id
    with pytest.raises(AlreadyHeld):
        house.receive(content=b"same")
    # What another agency holds is not told, so the same bytes may stand there once more.
    assert house.receive(an, content=b"same", actor=STRANGER).id != document.id


def test_a_revoked_paper_may_be_brought_again(house: House) -> None:
    owner = house.owner()
    document = house.valid(owner, content=b"same")
    with house.store.begin(MAI, "revoke") as work:
        work.documents.revoke(document.id, reason="issued by mistake")
    assert house.receive(owner, content=b"same").id != document.id


def test_the_same_original_for_some_of_its_owners_is_the_same_paper(house: House) -> None:
    """One spouse brought the marriage certificate that is filed for both, and it became a second paper."""
    an, binh, dung = house.owner(AN), house.owner(BINH), house.owner("001090004321", "Lê Dũng")
    both = house.receive(an, binh, content=b"same")
    for one in (an, binh):
        with house.store.begin(MAI, "intake") as work:
            held = work.documents.find_held([Digest.of(b"same")], [one])
            assert held is not None
            assert held.id == both.id
        with pytest.raises(AlreadyHeld):
            house.receive(one, content=b"same")
    # One more owner, nobody, or another agency is another paper; what is filed for one alone goes first.
    for owners in ((dung,), (an, dung), ()):
        assert house.receive(*owners, content=b"same").id != both.id
    with house.store.begin(MAI, "intake") as work:
        alone = work.documents.find_held([Digest.of(b"same")], [dung])
        assert alone is not None
        assert alone.owner_ids == (dung,)
    assert house.receive(an, content=b"same", actor=STRANGER).id != both.id


def test_a_paper_of_one_owner_is_put_away_for_that_of_both_and_no_owner_is_added_by_that(
    house: House,
) -> None:
    """`put-away` asked for the same owners and `refile` said that they hold it already: nobody got out."""
    an, binh = house.owner(AN), house.owner(BINH)
    one = house.receive(an, content=b"same")
    both = house.receive(an, binh, content=b"same")
    with house.store.begin(MAI, "tidy up") as work:
        with pytest.raises(AlreadyHeld):
            work.documents.refile(one.id, to=binh, away_from=(), reason="of both")
        with pytest.raises(NotTheSame):
            work.documents.put_away_duplicate(both.id, by=one.id, reason="brought twice")
        away = work.documents.put_away_duplicate(one.id, by=both.id, reason="brought twice")
        assert (away.superseded_by, away.owner_ids) == (both.id, (an,))
        held = work.documents.find_held([Digest.of(b"same")], [an])
        assert held is not None
        assert held.id == both.id


@pytest.mark.parametrize("owned", [True, False])
def test_a_paper_is_not_moved_to_an_owner_who_has_it_with_others_but_put_away(
    house: House, owned: bool
) -> None:
    """The owner had it twice then, each with a code and a signature of its own."""
    an, binh, dung = house.owner(AN), house.owner(BINH), house.owner("001090004321", "Lê Dũng")
    both = house.receive(an, binh, content=b"same")
    wrong = house.receive(*([dung] if owned else []), content=b"same")
    with house.store.begin(MAI, "refile") as work:
        documents = work.documents
        refile = partial(documents.refile, wrong.id, to=an, reason="wrong number typed")
        move = refile if owned else partial(documents.assign_owners, wrong.id, [an])
        with pytest.raises(AlreadyHeld) as caught:
            move()
        assert caught.value.facts["document_id"] == both.id
        away = work.documents.put_away(wrong.id, by=both.id, to=an, reason="wrong number typed")
        assert (away.superseded_by, away.owner_ids) == (both.id, ())


@pytest.mark.parametrize("signed", [False, True])
def test_a_scan_that_was_put_away_and_comes_again_is_the_paper_that_stands_in_its_place(
    house: House, signed: bool
) -> None:
    """The superseded one was cited, and one that was rejected came in once more."""
    owner = house.owner()
    make = house.provisional if signed else house.receive
    first, second, third = (make(owner, content=each) for each in (b"first", b"second", b"third"))
    with house.store.begin(MAI, "put_away") as work:
        work.documents.put_away_duplicate(first.id, by=second.id, reason="scanned twice")
        work.documents.put_away_duplicate(second.id, by=third.id, reason="scanned twice")
    for content in (b"first", b"second", b"third"):
        with house.store.begin(MAI, "intake") as work:
            held = work.documents.find_held([Digest.of(content)], [owner])
            assert held is not None
            assert held.id == third.id
        with pytest.raises(AlreadyHeld) as caught:
            house.receive(owner, content=content)
        assert caught.value.facts == {"document_id": third.id}
    # What another agency holds stands for nothing there.
    assert house.receive(owner, content=b"first", actor=STRANGER).id != first.id


@pytest.mark.parametrize(("signed", "again"), [(False, False), (True, True)])
def test_a_scan_that_was_put_away_for_a_paper_that_is_over_stands_for_itself_or_comes_in_again(
    house: House, signed: bool, again: bool
) -> None:
    """What was rejected before it was signed hides nothing; what was signed is there, and says how it stands."""
    owner = house.owner()
    make = house.provisional if signed else house.receive
    away, stood = make(owner, content=b"away"), house.valid(owner, content=b"stood")
    with house.store.begin(MAI, "tidy up") as work:
        work.documents.put_away_duplicate(away.id, by=stood.id, reason="scanned twice")
        work.documents.revoke(stood.id, reason="issued by mistake")
        held = work.documents.find_held([Digest.of(b"away")], [owner])
        assert (held is not None and held.id == away.id) is again
    if not again:
        anew = house.receive(owner, content=b"away")
        assert (anew.id != away.id, anew.status) == (True, Status.RECEIVED)


def test_a_paper_that_was_rejected_comes_in_again_and_hides_no_good_one(house: House) -> None:
    owner = house.owner()
    refused = house.receive(owner, content=b"same")
    with house.store.begin(MAI, "reject") as work:
        work.documents.become(refused.id, Status.REJECTED, reason="scan_unreadable")
        assert work.documents.find_held([Digest.of(b"same")], [owner]) is None
    good = house.receive(owner, content=b"same")
    with house.store.begin(MAI, "intake") as work:
        held = work.documents.find_held([Digest.of(b"same")], [owner])
    assert held is not None
    assert held.id == good.id != refused.id


def test_a_scan_whose_place_was_taken_by_a_paper_of_others_is_not_theirs(house: House) -> None:
    an, binh = house.owner(AN), house.owner(BINH)
    sold, bought = house.valid(an, content=b"of the seller"), house.valid(binh, content=b"of the buyer")
    with house.store.begin(MAI, "supersede") as work:
        work.documents.supersede(sold.id, by=bought.id, reason="sold")
        held = work.documents.find_held([Digest.of(b"of the seller")], [an])
    assert held is not None
    assert (held.id, held.status) == (sold.id, Status.SUPERSEDED)


def test_postal_staff_is_not_shown_the_paper_that_stands_for_its_scan_unless_it_took_it_in(
    house: House,
) -> None:
    owner, postman = house.owner(), Actor("post", "postal", "H41.01", "intake")
    his = house.receive(owner, content=b"his", actor=postman)
    kept = house.receive(owner, content=b"another's")
    with house.store.begin(MAI, "put_away") as work:
        work.documents.put_away_duplicate(his.id, by=kept.id, reason="scanned twice")
    with house.store.begin(postman, "intake") as work:
        assert work.documents.find_held([Digest.of(b"his")], [owner]) is None
    with pytest.raises(AlreadyHeld):
        house.receive(owner, content=b"his", actor=postman)


def test_two_papers_of_one_type_get_two_instances_of_one_code(house: House) -> None:
    owner = house.owner()
    first, second = (house.receive(owner, content=each) for each in (b"one", b"two"))
    assert first.code == second.code == f"{AN}.KET_HON"
    assert [doc.current_codes[0].instance for doc in (first, second)] == [1, 2]
    with house.store.begin(MAI, "look up") as work:
        assert {found.id for found in work.search.find(f"{AN}.KET_HON")} == {first.id, second.id}


def test_a_paper_nobody_owns_waits_until_somebody_names_its_owners(house: House) -> None:
    document = house.receive(doc_type=None)
    assert document.code is None
    waiting = house.read(document.id)
    assert waiting.status is Status.PENDING_IDENTIFIER
    an, binh = house.owner(AN), house.owner(BINH)
    with house.store.begin(MAI, "identify") as work:
        work.documents.classify(document.id, "KET_HON")
        owned = work.documents.assign_owners(document.id, [an, binh, an])
    assert (owned.status, owned.owner_ids) == (Status.READ, (an, binh))
    assert [code.code for code in owned.codes] == [f"{AN}.KET_HON", f"{BINH}.KET_HON"]
    with pytest.raises(IllegalTransition), house.store.begin(MAI, "identify") as work:
        work.documents.assign_owners(document.id, [an])


def test_a_reading_adds_text_and_type_but_keeps_what_a_person_chose(house: House) -> None:
    owner = house.owner()
    document = house.receive(owner, doc_type=None)
    read = house.read(document.id)
    assert (read.status, read.version.page_count, read.version.readings) == (Status.READ, 1, 1)
    assert read.version.fields == {"number": {"value": "12"}}
    with house.store.begin(MAI, "read") as work:
        key = work.documents.data_key(document.id)
    second = house.store.put(reading_key(document.id, 1, 2), b'{"k":2}', sealing=key)
    with house.store.begin(MAI, "read") as work:
        again = work.documents.record_reading(
            document.id, reading=second, pdf=None, page_count=1, text="mới", doc_type="KHAI_SINH"
        )
        assert (again.doc_type, again.version.readings) == ("KHAI_SINH", 2)
        assert again.version.pdf == read.version.pdf
        assert again.version.reading is not None
        assert again.version.reading.key.endswith("reading-2.json")
        assert work.documents.set_fields(document.id, {"a": 1}).version.fields == {"a": 1}
    third = house.store.put(reading_key(document.id, 1, 3), b"{}", sealing=key)
    other = house.store.put(reading_key(document.id, 1, 3), b"{}", sealing=key)
    with pytest.raises(StaleState), house.store.begin(MAI, "read") as work:
        work.documents.record_reading(document.id, reading=third, pdf=other, page_count=1, text="")


def test_the_code_follows_a_corrected_type_until_it_was_signed(house: House) -> None:
    owner = house.owner()
    document = house.receive(owner, doc_type="KHAI_SINH")
    with house.store.begin(MAI, "correct") as work:
        same = work.documents.classify(document.id, "KHAI_SINH")
        corrected = work.documents.classify(document.id, "KET_HON")
    assert same.codes == document.codes
    assert [(code.code, code.ended_at is None) for code in corrected.codes] == [
        (f"{AN}.KHAI_SINH", False),
        (f"{AN}.KET_HON", True),
    ]
    house.read(document.id)
    house.sign(document.id)
    with pytest.raises(IllegalTransition), house.store.begin(MAI, "correct") as work:
        work.documents.classify(document.id, "KHAI_SINH")


def test_a_checked_paper_says_by_whom_with_which_weight_and_where_from(house: House) -> None:
    document = house.receive(house.owner())
    house.read(document.id)
    came = Provenance(SourceForm.ORIGINAL, compared_by="mai.clerk", original_returned=True)
    with house.store.begin(MAI, "check") as work:
        checked = work.documents.check(
            document.id, by="mai.clerk", weight=Weight.DIGITISED, provenance=came, fields={"number": "7"}
        )
    assert (checked.status, checked.checked_by, checked.weight) == (
        Status.CHECKED,
        "mai.clerk",
        Weight.DIGITISED,
    )
    assert (checked.provenance, checked.version.fields) == (came, {"number": "7"})


def test_a_paper_becomes_valid_only_with_a_ground_and_a_checker(house: House) -> None:
    document = house.provisional(house.owner())
    with pytest.raises(NotDecided) as caught, house.store.begin(MAI, "decide") as work:
        work.documents.become(document.id, Status.VALID)
    assert caught.value.facts == {"missing": "ground"}
    with house.store.begin(MAI, "decide") as work:
        assert work.documents.record_ground(document.id, Ground.BACK_FILE).ground is Ground.BACK_FILE
        valid = work.documents.make_valid(document.id, Ground.DOSSIER_SUCCEEDED, weight=Weight.DIGITISED)
        again = work.documents.make_valid(document.id, Ground.BACK_FILE)
    assert (valid.status, valid.ground) == (Status.VALID, Ground.DOSSIER_SUCCEEDED)
    assert again.ground is Ground.DOSSIER_SUCCEEDED
    with pytest.raises(IllegalTransition), house.store.begin(MAI, "decide") as work:
        work.documents.record_ground(document.id, Ground.BACK_FILE)


def test_what_nobody_checked_never_becomes_valid(house: House) -> None:
    document = house.provisional(house.owner())
    with house.behind_the_program() as rows:
        rows.execute("UPDATE documents SET checked_by = NULL")
    with pytest.raises(NotDecided) as caught, house.store.begin(MAI, "decide") as work:
        work.documents.make_valid(document.id, Ground.BACK_FILE)
    assert caught.value.facts == {"missing": "checked_by"}


def test_a_step_that_its_life_does_not_know_is_refused(house: House) -> None:
    document = house.receive(house.owner())
    with pytest.raises(IllegalTransition) as caught, house.store.begin(MAI, "decide") as work:
        work.documents.make_valid(document.id, Ground.BACK_FILE)
    assert caught.value.facts == {"what": "document", "old": "received", "new": "valid"}


def test_a_change_on_stale_knowledge_is_refused(house: House) -> None:
    document = house.provisional(house.owner())
    with house.store.begin(MAI, "decide") as work:
        work.documents.make_valid(document.id, Ground.BACK_FILE, stamp=document.stamp)
    with pytest.raises(StaleState), house.store.begin(MAI, "archive") as work:
        work.documents.become(document.id, Status.REVOKED, reason="late", stamp=document.stamp)


def test_two_owners_hold_one_paper_and_destroying_ones_access_leaves_the_other(house: House) -> None:
    an, binh = house.owner(AN), house.owner(BINH, "Trần Thị Bình")
    document = house.valid(an, binh, content=b"marriage certificate")
    with house.store.begin(MAI, "destroy access") as work:
        left = work.documents.end_access(document.id, an, reason="asked by the owner")
    assert left.owner_ids == (binh,)
    himself, herself = (Actor(str(owner), "owner", "H41.01", "my papers") for owner in (an, binh))
    with pytest.raises(NotFound), house.store.begin(himself, "fetch") as work:
        work.documents.data_key(document.id)
    with house.store.begin(herself, "fetch") as work:
        key = work.documents.data_key(document.id)
        original = work.documents.get(document.id).version.originals[0]
    assert house.objects.read(original.object, sealing=key) == b"marriage certificate"
    with pytest.raises(NotFound), house.store.begin(MAI, "destroy access") as work:
        work.documents.end_access(document.id, an, reason="twice")


def test_an_owner_who_left_is_not_found_by_number_any_more(house: House) -> None:
    an, binh = house.owner(AN), house.owner(BINH, "Trần Thị Bình")
    document = house.valid(an, binh)
    with house.store.begin(MAI, "destroy access") as work:
        left = work.documents.end_access(document.id, an, reason="asked by the owner")
        assert left.code == f"{BINH}.KET_HON"
        assert [(code.owner_id, code.ended_at) for code in left.codes] == [(an, work.at), (binh, None)]
        assert work.search.find(AN) == ()
        assert [found.id for found in work.search.find(BINH)] == [document.id]


def test_a_refiled_paper_leaves_the_wrong_store_at_once_and_everybody_is_told(house: House) -> None:
    an, binh = house.owner(AN), house.owner(BINH, "Trần Thị Bình")
    house.receive(binh, content=b"her own first one")
    document = house.valid(an, content=b"misfiled")
    with house.store.begin(MAI, "print") as work:
        printed = work.prints.issue(
            document.id, revision_sha256=document.revisions[0].sha256, to_whom="bank", reason="loan"
        )
        work.dossiers.open("H41.01-261122-0001", procedure="1.001193")
        work.dossiers.attach("H41.01-261122-0001", document.id, component="KET_HON", how=AttachedHow.REUSED)
    with house.store.begin(MAI, "refile") as work:
        moved = work.documents.refile(document.id, to=binh, reason="wrong number typed")
        notices = work.documents.notices(document.id)
    assert moved.owner_ids == (binh,)
    assert [(code.code, code.instance, code.ended_at is None) for code in moved.codes] == [
        (f"{AN}.KET_HON", 1, False),
        (f"{BINH}.KET_HON", 2, True),
    ]
    assert {notice.print_id for notice in notices} == {None, printed.id}
    assert {notice.dossier for notice in notices} == {None, "H41.01-261122-0001"}
    assert {notice.owner_id for notice in notices} == {None, an, binh}
    himself = Actor(str(an), "owner", "H41.01", "my papers")
    with house.store.begin(himself, "visit") as work:
        assert work.documents.of_owner(an) == ()
        assert work.search.find("ket hon") == ()
        (line,) = (one for one in work.diary.of_owner(an) if one.note == "refiled: wrong number typed")
        assert (line.document_id, line.code, line.doc_type) == (document.id, None, None), (
            "not seen, not named"
        )
        with pytest.raises(NotFound):
            work.documents.data_key(document.id)
    herself = Actor(str(binh), "owner", "H41.01", "my papers")
    with house.store.begin(herself, "visit") as work:
        assert document.id in {found.id for found in work.documents.of_owner(binh)}
        assert any(line.note == "refiled: wrong number typed" for line in work.diary.of_owner(binh))
        assert work.documents.data_key(document.id).of == str(document.id)
    with house.store.begin(MAI, "look up") as work:
        events = work.dossiers.get("H41.01-261122-0001").events
        assert [event.kind for event in events] == ["received", "document_refiled"]
        assert work.search.find(f"{AN}.KET_HON") == ()


def test_a_misfiled_paper_that_its_right_owner_has_already_is_put_away_and_points_there(house: House) -> None:
    """Refiling it was refused as held already, and it stayed in the wrong store for good."""
    an, binh = house.owner(AN), house.owner(BINH, "Trần Thị Bình")
    right, wrong = house.receive(binh, content=b"hers"), house.valid(an, content=b"hers")
    other = house.receive(binh, content=b"another of hers")
    with house.store.begin(MAI, "print") as work:
        printed = work.prints.issue(
            wrong.id, revision_sha256=wrong.revisions[0].sha256, to_whom="bank", reason="loan"
        )
        work.dossiers.open("H41.01-261122-0001", procedure="1.001193")
        work.dossiers.attach("H41.01-261122-0001", wrong.id, component="KET_HON", how=AttachedHow.REUSED)
    with house.store.begin(MAI, "refile") as work:
        with pytest.raises(AlreadyHeld):
            work.documents.refile(wrong.id, to=binh, reason="wrong number typed")
        for no_such in (other.id, wrong.id):
            with pytest.raises(IllegalTransition) as caught:
                work.documents.put_away(wrong.id, by=no_such, to=binh, reason="x")
            assert "--by" not in caught.value.sentence.vi, "nobody chose the other paper"
        away = work.documents.put_away(wrong.id, by=right.id, to=binh, reason="wrong number typed")
        notices = work.documents.notices(wrong.id)
        assert work.documents.put_away(wrong.id, by=right.id, to=binh, reason="again") == away
        with pytest.raises(IllegalTransition):
            work.documents.assign_owners(wrong.id, [binh])
        with pytest.raises(IllegalTransition):
            work.documents.put_away(right.id, by=wrong.id, to=binh, reason="it stands for nothing")
        assert [found.id for found in work.documents.of_owner(binh)] == [other.id, right.id]
        assert [code.ended_at for code in away.codes] == [work.at]
    assert (away.status, away.superseded_by, away.reason) == (Status.REVOKED, right.id, "wrong number typed")
    assert (away.owner_ids, away.current_codes) == ((), ())
    told = {notice.print_id or notice.dossier or notice.owner_id for notice in notices}
    assert told == {printed.id, "H41.01-261122-0001", an}
    with house.store.begin(Actor(str(an), "owner", "H41.01", "my papers"), "visit") as work:
        assert work.documents.of_owner(an) == ()
        assert any(line.note == "revoked: wrong number typed" for line in work.diary.of_owner(an))
        with pytest.raises(NotFound):
            work.documents.data_key(wrong.id)
    with house.store.begin(MAI, "intake") as work:
        digests = [one.object.sha256_plain for one in right.version.originals]
        assert work.documents.find_held(digests, ()) is None


@pytest.mark.parametrize("owned", [True, False])
def test_a_paper_that_was_never_signed_is_rejected_when_it_is_put_away(house: House, owned: bool) -> None:
    an, binh = house.owner(AN), house.owner(BINH)
    right = house.receive(binh, content=b"hers")
    wrong = house.receive(*([an] if owned else []), content=b"hers")
    with house.store.begin(MAI, "refile") as work:
        away = work.documents.put_away(wrong.id, by=right.id, to=binh, reason="brought twice")
        assert (away.status, away.superseded_by, away.owner_ids) == (Status.REJECTED, right.id, ())


@pytest.mark.parametrize(("signed", "status"), [(False, Status.REJECTED), (True, Status.SUPERSEDED)])
def test_a_paper_that_was_scanned_twice_is_put_away_by_a_clerk_for_the_one_that_is_as_far(
    house: House, signed: bool, status: Status
) -> None:
    """A second scan has other bytes, so nothing knew it for the same paper, and only an officer could end it."""
    an, binh = house.owner(AN), house.owner(BINH)
    clerk = Actor("lan.clerk", "clerk", "H41.01", "tidy up")
    make = house.provisional if signed else house.receive
    twice, kept = make(an, binh, content=b"scanned"), make(binh, an, content=b"scanned better")
    with house.store.begin(clerk, "put_away") as work:
        away = work.documents.put_away_duplicate(twice.id, by=kept.id, reason="scanned twice")
        assert work.documents.put_away_duplicate(twice.id, by=kept.id, reason="again") == away
        assert work.documents.get(kept.id) == kept
        assert {notice.owner_id for notice in work.documents.notices(twice.id)} == {an, binh}
    assert (away.status, away.superseded_by, away.reason) == (status, kept.id, "scanned twice")
    # It stays where it stands, with what was given and kept, and both owners see why.
    assert (away.owner_ids, away.codes, away.version) == (twice.owner_ids, twice.codes, twice.version)
    for owner in (an, binh):
        with house.store.begin(Actor(str(owner), "owner", "H41.01", "my papers"), "visit") as work:
            told = [line for line in work.diary.of_owner(owner) if line.note == "superseded: scanned twice"]
            assert [(line.person, line.document_id) for line in told] == [("lan.clerk", twice.id)]


@pytest.mark.parametrize(
    ("stands", "said"),
    [(House.provisional, "không cần xác nhận"), (House.receive, "hãy xác nhận sau khi nhận dạng xong")],
    ids=["provisional", "received"],
)
def test_a_paper_that_waits_for_no_check_says_whether_it_needs_one_later(
    house: House, stands: Callable[[House, UUID], DocumentRecord], said: str
) -> None:
    """Whoever checked it again read of states; whoever checked it too early, that there is nothing to confirm."""
    paper = stands(house, house.owner())
    with house.store.begin(MAI, "check") as work:
        with pytest.raises(IllegalTransition) as caught:
            work.documents.check(paper.id, by="mai.tran")
        assert said in caught.value.sentence.vi


def test_what_was_decided_on_is_not_put_away_as_scanned_twice(house: House) -> None:
    owner = house.owner()
    valid, other = house.valid(owner, content=b"one"), house.valid(owner, content=b"other")
    with house.store.begin(MAI, "put_away") as work:
        with pytest.raises(IllegalTransition) as caught:
            work.documents.put_away_duplicate(valid.id, by=other.id, reason="scanned twice")
        assert "để bản kia thay thế (supersede)" in caught.value.sentence.vi
        assert work.documents.get(valid.id) == valid


def test_a_paper_by_itself_is_refused_with_what_to_name_instead(house: House) -> None:
    """Somebody who typed the same id twice was told that a paper in force cannot become superseded."""
    paper = house.valid(house.owner())
    with house.store.begin(MAI, "change") as work:
        for change in (work.documents.supersede, work.documents.put_away_duplicate):
            with pytest.raises(IllegalTransition) as caught:
                change(paper.id, by=paper.id, reason="x")
            assert caught.value.sentence.code == "illegal_transition"
            assert "hãy nêu mã của giấy tờ kia" in caught.value.sentence.vi
        assert work.documents.get(paper.id) == paper


def test_only_a_paper_that_is_as_far_and_stands_takes_the_place_of_one_that_was_scanned_twice(
    house: House,
) -> None:
    owner = house.owner()
    twice, behind = house.provisional(owner, content=b"one"), house.receive(owner, content=b"behind")
    over = house.valid(owner, content=b"over")
    with house.store.begin(MAI, "put_away") as work:
        work.documents.revoke(over.id, reason="false")
        for other, status, new in ((behind, "received", "stand_in"), (over, "revoked", "stand_in_over")):
            with pytest.raises(IllegalTransition) as caught:
                work.documents.put_away_duplicate(twice.id, by=other.id, reason="x")
            assert caught.value.facts == {"what": "document", "old": status, "new": new}
            # One that is over can neither be put away nor be worked on any more.
            assert ("cất bản kia đi" in caught.value.sentence.vi) is (other is behind)
        assert work.documents.put_away_duplicate(behind.id, by=twice.id, reason="x").superseded_by == twice.id


def test_papers_of_other_owners_or_types_or_out_of_sight_are_not_one_that_was_scanned_twice(
    house: House,
) -> None:
    an, binh = house.owner(AN), house.owner(BINH)
    one, hers = house.receive(an, content=b"one"), house.receive(an, binh, content=b"theirs")
    birth = house.receive(an, content=b"birth", doc_type="KHAI_SINH")
    open_type = [house.receive(an, content=bytes([n]), doc_type=None) for n in range(2)]
    nobodys = [house.receive(content=bytes([n])) for n in range(2)]
    strangers = house.receive(an, content=b"one", actor=STRANGER)
    with house.store.begin(MAI, "put_away") as work:
        for twice, of, what in (
            (hers, one, "owner"), (one, birth, "type"), (nobodys[0], nobodys[1], "owner"),
            (open_type[0], open_type[1], "type"),
        ):  # fmt: skip
            with pytest.raises(NotTheSame) as caught:
                work.documents.put_away_duplicate(twice.id, by=of.id, reason="x")
            assert caught.value.facts == {"what": what}
        with pytest.raises(NotFound):
            work.documents.put_away_duplicate(one.id, by=strangers.id, reason="x")
        assert work.documents.get(one.id) == one


def test_a_paper_whose_place_another_took_is_not_written_once_its_codes_are_held(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written again PostgreSQL locks that other paper, behind the codes, and two officers waited in a circle."""
    binh, owner = house.owner(BINH), house.owner(AN)
    away, kept = house.receive(owner, content=b"one"), house.receive(owner, content=b"other")
    with house.store.begin(MAI, "put_away") as work:
        work.documents.put_away_duplicate(away.id, by=kept.id, reason="scanned twice")
    done: list[str] = []

    def note_update(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        done.extend(["written"] if statement.startswith("UPDATE documents ") else [])

    def note_hold(session: Session, *names: str) -> None:
        done.extend(["held"] if any(name.startswith("code ") for name in names) else [])
        hold(session, *names)

    event.listen(house.store._engine, "before_cursor_execute", note_update)
    monkeypatch.setattr("datastore.documents.hold", note_hold)
    changes: tuple[Callable[[Work], object], ...] = (
        lambda work: work.documents.refile(away.id, to=binh, reason="hers"),
        lambda work: work.documents.classify(away.id, "KHAI_SINH"),
    )
    for change in changes:
        done.clear()
        with house.store.begin(MAI, "change") as work:
            change(work)
        assert "written" in done
        assert done[-1] == "held"


def test_the_scan_that_has_the_ground_or_weighs_more_is_not_put_away_for_the_other(house: House) -> None:
    """Nothing brings back what was put away, and the other one would wait for a ground for good."""
    owner = house.owner()
    plain, grounded = house.receive(owner, content=b"plain"), house.receive(owner, content=b"with its ground")
    light = house.receive(owner, content=b"photo", weight=Weight.UPLOADED)
    heavy = house.receive(owner, content=b"signed by its issuer", weight=Weight.ISSUED_ELECTRONICALLY)
    with house.store.begin(MAI, "put_away") as work:
        work.documents.record_ground(grounded.id, Ground.DOSSIER_SUCCEEDED)
        for twice, of, what in ((grounded, plain, "ground"), (heavy, light, "weight")):
            with pytest.raises(WouldBeLost) as caught:
                work.documents.put_away_duplicate(twice.id, by=of.id, reason="x")
            assert caught.value.facts == {"what": what}
        for twice, of in ((plain, grounded), (light, heavy)):
            assert work.documents.put_away_duplicate(twice.id, by=of.id, reason="x").superseded_by == of.id


def test_an_open_dossier_does_not_lose_a_paper_because_it_was_scanned_twice(house: House) -> None:
    """Its success makes valid what is attached to it: the other scan would have stayed provisional for good."""
    owner, number = house.owner(), "H41.01-261122-0001"
    twice, kept = (house.provisional(owner, content=each) for each in (b"one", b"other"))
    with house.store.begin(MAI, "put_away") as work:
        work.dossiers.open(number, procedure="1.001193")
        work.dossiers.attach(number, twice.id, component="A", how=AttachedHow.KEPT)
        with pytest.raises(StillCited):
            work.documents.put_away_duplicate(twice.id, by=kept.id, reason="x")
        work.dossiers.attach(number, kept.id, component="A", how=AttachedHow.KEPT)
        work.documents.put_away_duplicate(twice.id, by=kept.id, reason="scanned twice")
        kinds = [event.kind for event in work.dossiers.get(number).events]
    assert kinds == ["received", "document_superseded"]


def test_who_moves_a_paper_of_another_agency_is_not_told_which_one_that_agency_holds_out_of_its_sight(
    house: House,
) -> None:
    """It was told the id of a paper that it may not see, or that the paper is not there, which it had just seen."""
    an, binh, dung = house.owner(AN), house.owner(BINH), house.owner("001090004321")
    with house.store.begin(MAI, "open") as work:
        work.dossiers.open("H41.01-261122-0001", procedure="1.001193", agency=STRANGER.agency)
    for content, owners in ((b"hers", (binh,)), (b"theirs", (binh, dung))):
        moved, there = house.receive(an, content=content), house.receive(*owners, content=content)
        with house.store.begin(MAI, "attach") as work:
            work.dossiers.attach(
                "H41.01-261122-0001", moved.id, component=content.decode(), how=AttachedHow.KEPT
            )
        for officer, refused in ((STRANGER, HeldElsewhere), (MAI, AlreadyHeld)):
            with pytest.raises(refused) as caught, house.store.begin(officer, "refile") as work:
                work.documents.refile(moved.id, to=binh, reason="wrong number typed")
            assert (there.id in caught.value.facts.values()) is (officer is MAI)
            assert (str(there.id) in str(caught.value)) is (officer is MAI)
        with house.store.begin(Actor(str(binh), "owner", "H41.01", "my papers"), "look_at_diary") as work:
            lines = work.diary.of_owner(binh)
        told = [
            (line.person, line.act, line.document_id) for line in lines if line.outcome == "held_elsewhere"
        ]
        assert told[-1] == (STRANGER.person, "refile", moved.id), "who tries owner after owner is seen"


def test_one_of_two_owners_is_refiled_and_the_other_keeps_code_and_access(house: House) -> None:
    an, binh, dung = house.owner(AN), house.owner(BINH), house.owner("001090004321", "Lê Dũng")
    document = house.valid(an, binh)
    with house.store.begin(MAI, "refile") as work:
        moved = work.documents.refile(document.id, away_from=[binh], to=dung, reason="wrong wife")
        assert moved.owner_ids == (an, dung)
        assert [code.code for code in moved.current_codes] == [f"{AN}.KET_HON", "001090004321.KET_HON"]
        with pytest.raises(NotFound):
            work.documents.refile(document.id, away_from=[binh], to=an, reason="again")
        with pytest.raises(NotFound):
            work.documents.refile(document.id, to=document.id, reason="no such owner")


def test_an_owner_who_was_left_out_is_added_and_finds_the_paper_under_a_code_of_its_own(house: House) -> None:
    """A marriage certificate that was filed for one spouse could not get its second owner."""
    an, binh = house.owner(AN), house.owner(BINH, "Trần Thị Bình")
    house.receive(binh, content=b"an earlier one of hers")
    document = house.valid(an, content=b"the certificate")
    with house.store.begin(MAI, "open") as work:
        work.dossiers.open("H41.01-261122-0001", procedure="1.001193")
        work.dossiers.attach("H41.01-261122-0001", document.id, component="KET_HON", how=AttachedHow.REUSED)
    with house.store.begin(MAI, "refile") as work:
        both = work.documents.refile(document.id, to=binh, away_from=(), reason="also the wife's")
        told = {notice.owner_id or notice.dossier for notice in work.documents.notices(document.id)}
    assert (both.status, both.owner_ids) == (Status.VALID, (an, binh))
    assert [(code.code, code.instance) for code in both.current_codes] == [
        (f"{AN}.KET_HON", 1),
        (f"{BINH}.KET_HON", 2),
    ]
    assert told == {an, binh, "H41.01-261122-0001"}
    for owner, code in ((an, f"{AN}.KET_HON"), (binh, f"{BINH}.KET_HON")):
        with house.store.begin(Actor(str(owner), "owner", "H41.01", "my papers"), "visit") as work:
            lines = [line for line in work.diary.of_owner(owner) if line.document_id == document.id]
            assert {(line.code, line.doc_type) for line in lines} == {(code, "KET_HON")}, (
                "each by its own code"
            )
            assert document.id in {found.id for found in work.documents.of_owner(owner)}
            assert work.documents.data_key(document.id).of == str(document.id)
            by = {line.person for line in work.diary.of_owner(owner) if line.act == "refile"}
            assert by == {MAI.person}
            assert any(line.note == "refiled: also the wife's" for line in work.diary.of_owner(owner))
    with house.store.begin(MAI, "look up") as work:
        assert document.id in {found.id for found in work.search.find("tran thi binh")}
    with pytest.raises(AlreadyHeld):
        house.receive(binh, an, content=b"the certificate")


def test_an_owner_who_was_added_wrongly_is_taken_out_and_may_be_added_again(house: House) -> None:
    an, binh = house.owner(AN), house.owner(BINH)
    document = house.valid(an, binh)
    with house.store.begin(MAI, "refile") as work:
        left = work.documents.refile(document.id, away_from=[binh], reason="another Bình")
    assert (left.owner_ids, left.code) == ((an,), f"{AN}.KET_HON")
    herself = Actor(str(binh), "owner", "H41.01", "my papers")
    with house.store.begin(herself, "visit") as work:
        assert work.documents.of_owner(binh) == ()
        assert any(line.note == "refiled: another Bình" for line in work.diary.of_owner(binh))
        with pytest.raises(NotFound):
            work.documents.data_key(document.id)
    with house.store.begin(MAI, "refile") as work:
        again = work.documents.refile(document.id, to=binh, away_from=[], reason="her after all")
    assert [(code.code, code.instance, code.ended_at is None) for code in again.codes] == [
        (f"{AN}.KET_HON", 1, True),
        (f"{BINH}.KET_HON", 1, False),
        (f"{BINH}.KET_HON", 2, True),
    ]
    with house.store.begin(herself, "visit") as work:
        assert [found.id for found in work.documents.of_owner(binh)] == [document.id]
        assert work.documents.data_key(document.id).of == str(document.id)


def test_owners_that_make_no_sense_are_refused_and_nothing_changes(house: House) -> None:
    an, binh, dung = house.owner(AN), house.owner(BINH), house.owner("001090004321", "Lê Dũng")
    document, held = house.valid(an, content=b"one"), house.receive(an, binh, content=b"one")
    with house.store.begin(MAI, "refile") as work:
        for id, away in ((document.id, None), (document.id, ()), (held.id, [binh])):
            with pytest.raises(OwnerThere):
                work.documents.refile(id, to=an, away_from=away, reason="his already")
        with pytest.raises(LastOwner):
            work.documents.refile(document.id, away_from=[an], reason="nobody's")
        with pytest.raises(LastOwner):
            work.documents.refile(held.id, away_from=[an, binh], reason="nobody's")
        for owners in ([dung], [an, dung]):
            with pytest.raises(NotFound):
                work.documents.refile(held.id, away_from=owners, reason="never his")
        for one, other, to, away in ((document, held, binh, ()), (held, document, None, [binh])):
            with pytest.raises(AlreadyHeld) as caught:
                work.documents.refile(one.id, to=to, away_from=away, reason="as the other one")
            assert caught.value.facts == {"document_id": other.id}
        assert [work.documents.get(one.id) for one in (document, held)] == [document, held]


def test_a_destroyed_paper_gets_no_owner_and_loses_none(house: House) -> None:
    an, binh, dung = house.owner(AN), house.owner(BINH), house.owner("001090004321", "Lê Dũng")
    document = house.receive(an, binh)
    with house.store.begin(MAI, "destroy") as work:
        work.documents.become(document.id, Status.REJECTED, reason="not readable")
        work.documents.become(document.id, Status.DESTROYED, reason="its time is over")
    with house.store.begin(MAI, "refile") as work:
        for to, away in ((dung, ()), (None, [binh])):
            with pytest.raises(IllegalTransition) as caught:
                work.documents.refile(document.id, to=to, away_from=away, reason="too late")
            assert caught.value.sentence.vi.endswith("không thể chuyển sang chủ khác.")


def test_an_owner_is_shown_no_code_of_another_with_whom_the_paper_is_or_was(house: House) -> None:
    """A code holds a personal number: that of a wife, or of a stranger into whose store the paper was misfiled."""
    an, binh, dung = house.owner(AN), house.owner(BINH), house.owner("001090004321", "Lê Dũng")
    document = house.valid(an, binh)
    with house.store.begin(MAI, "refile") as work:
        work.documents.refile(document.id, away_from=[binh], to=dung, reason="wrong wife")
    with house.store.begin(Actor(str(an), "owner", "H41.01", ""), "visit") as work:
        shown = [work.documents.get(document.id), *work.documents.of_owner(an), *work.search.find("ket hon")]
        assert {code.code for one in shown for code in one.codes} == {f"{AN}.KET_HON"}
        listed = [*work.documents.listed(an, limit=9), *work.search.listed("ket hon")]
        assert [one.codes for one in listed] == [(f"{AN}.KET_HON",)] * 2
    with house.store.begin(Actor(str(an), "owner", "H41.01", ""), "visit") as work:
        for another in (binh, dung):
            with pytest.raises(NotFound):
                work.documents.listed(another, limit=9)


def test_a_paper_that_ends_twice_keeps_both_reasons_and_one_that_stands_has_none(house: House) -> None:
    """What was superseded lost its reason when it was revoked, and a good paper had that of its refiling for ever."""
    an, binh = house.owner(), house.owner(BINH)
    old, new, filed = (house.valid(an, content=each) for each in (b"old", b"new", b"misfiled"))
    right = house.valid(binh, content=b"misfiled")
    with house.store.begin(MAI, "change") as work:
        work.documents.supersede(old.id, by=new.id, reason="corrected name")
        revoked = work.documents.revoke(old.id, reason="seal was forged")
        moved = work.documents.refile(new.id, to=binh, reason="wrong number typed")
        work.documents.revoke(filed.id, reason="issued by mistake")
        away = work.documents.put_away(filed.id, by=right.id, to=binh, reason="wrong number typed")
    assert (revoked.superseded_by, revoked.reason) == (new.id, "corrected name; seal was forged")
    assert (moved.status, moved.reason) == (Status.VALID, None)
    assert (away.status, away.reason) == (Status.REVOKED, "issued by mistake; wrong number typed")


def test_a_superseded_paper_names_its_successor_and_its_citers_are_told(house: House) -> None:
    owner = house.owner()
    old, new = house.valid(owner, content=b"old"), house.valid(owner, content=b"new")
    with house.store.begin(MAI, "supersede") as work:
        done = work.documents.supersede(old.id, by=new.id, reason="corrected name")
        again = work.documents.supersede(old.id, by=new.id, reason="corrected name")
        assert (done.status, done.superseded_by, done.reason) == (
            Status.SUPERSEDED,
            new.id,
            "corrected name",
        )
        assert again == done
        assert [notice.owner_id for notice in work.documents.notices(old.id)] == [owner]


def test_only_a_paper_that_stands_may_take_a_place(house: House) -> None:
    owner = house.owner()
    old, new = house.valid(owner, content=b"old"), house.provisional(owner, content=b"new")
    rejected, revoked = house.receive(owner, content=b"bad"), house.valid(owner, content=b"false")
    waiting = house.receive(owner, content=b"not signed yet")
    with house.store.begin(MAI, "refuse") as work:
        work.documents.become(rejected.id, Status.REJECTED, reason="not readable")
        work.documents.revoke(revoked.id, reason="false")
        for successor, status in ((rejected, "rejected"), (revoked, "revoked")):
            with pytest.raises(IllegalTransition) as caught:
                work.documents.supersede(old.id, by=successor.id, reason="corrected")
            assert caught.value.facts == {"what": "document", "old": status, "new": "successor_over"}
            assert "được ký" not in caught.value.sentence.vi, "it was to be waited for"
        with pytest.raises(IllegalTransition) as caught:
            work.documents.supersede(old.id, by=waiting.id, reason="corrected")
        assert "đợi giấy tờ đó được ký" in caught.value.sentence.vi
        assert work.documents.supersede(old.id, by=new.id, reason="corrected").superseded_by == new.id
        work.documents.revoke(new.id, reason="false as well")
        again = work.documents.supersede(old.id, by=new.id, reason="corrected")
    assert (again.status, again.superseded_by) == (Status.SUPERSEDED, new.id)


def test_what_may_not_be_seen_is_not_found(house: House) -> None:
    an = house.owner()
    document = house.valid(an)
    binh = house.owner(BINH)
    other_owner = Actor(str(binh), "owner", "H41.01", "curiosity")
    for actor in (STRANGER, other_owner):
        with house.store.begin(actor, "pry") as work:
            for forbidden in (
                lambda: work.documents.get(document.id),
                lambda: work.documents.data_key(document.id),
                lambda: work.prints.of_document(document.id),
                lambda: work.jobs.enqueue(READ, document.id),
                lambda: work.signings.of_document(document.id),
                lambda: work.receipts.of_document(document.id),
                lambda: work.diary.of_document(document.id),
            ):
                with pytest.raises(NotFound):
                    forbidden()
            assert work.search.find(f"{AN}.KET_HON") == ()
            assert work.search.find("nguyen") == ()
    with house.store.begin(STRANGER, "pry") as work:
        with pytest.raises(NotFound):
            work.documents.revoke(document.id, reason="x")
        with pytest.raises(NotFound):
            work.documents.refile(document.id, to=binh, reason="x")


def test_a_look_at_what_may_not_be_seen_leaves_a_line_and_nothing_else(house: House) -> None:
    document = house.valid(house.owner())
    with pytest.raises(NotFound), house.store.begin(STRANGER, "pry") as work:
        work.documents.revoke(document.id, reason="x")
    with house.behind_the_program() as rows:
        lines = rows.fetch("SELECT agency, act, outcome, document_id, note FROM diary ORDER BY id")
    assert lines[-1] == ("H55.02", "pry", "not_found", None, f"document {document.id}")
    with house.store.begin(MAI, "look") as work:
        assert work.documents.get(document.id).stamp == document.stamp


@pytest.mark.parametrize(
    ("typed", "note"),
    [("H41.01-261122-0001", "dossier H41.01-261122-0001"), (AN, "dossier")],
)
def test_the_line_of_what_was_not_found_names_a_dossier_and_never_a_person(
    house: House, typed: str, note: str
) -> None:
    with pytest.raises(NotFound), house.store.begin(STRANGER, "pry") as work:
        work.dossiers.get(typed)
    with house.behind_the_program() as rows:
        lines = rows.fetch("SELECT outcome, note FROM diary ORDER BY id")
    assert lines[-1] == ("not_found", note)


def test_nobody_learns_from_an_id_whether_an_owner_is_there(house: House) -> None:
    an, binh, nobody = house.owner(AN), house.owner(BINH), house.store.draft().id
    himself = Actor(str(an), "owner", "H41.01", "my papers")
    for actor, owner in ((MAI, nobody), (himself, binh), (himself, nobody)):
        with house.store.begin(actor, "list") as work:
            for ask in (work.documents.of_owner, work.diary.of_owner, work.owners.get, work.owners.store_of):
                with pytest.raises(NotFound):
                    ask(owner)


def test_the_competent_agency_sees_what_another_agency_took_in(house: House) -> None:
    owner, draft = house.owner(), house.store.draft()
    kept = house.store.put(original_key(draft.id, 1), b"x", sealing=draft.data_key)
    with house.store.begin(MAI, "intake") as work:
        document = work.documents.receive(
            draft,
            originals=[NewOriginal(kept, "image/png", "a.png")],
            owners=[owner],
            competent_agency="H55.02",
        )
    with house.store.begin(STRANGER, "decide") as work:
        assert work.documents.get(document.id).intake_agency == "H41.01"


def test_an_object_without_an_open_intention_is_never_named(house: House) -> None:
    owner, draft = house.owner(), house.store.draft()
    kept = house.objects.put(original_key(draft.id, 1), b"x", sealing=draft.data_key)
    with pytest.raises(StaleState), house.store.begin(MAI, "intake") as work:
        work.documents.receive(draft, originals=[NewOriginal(kept, "image/png", "a")], owners=[owner])


def test_a_store_that_does_not_exist_receives_nothing(house: House) -> None:
    with pytest.raises(NotFound):
        house.receive(house.store.draft().id)
    assert house.store.statistics().documents == {}


def test_roles_are_signed_once_and_every_repeat_gives_what_stands(house: House) -> None:
    document = house.receive(house.owner())
    house.read(document.id)
    with house.store.begin(MAI, "sign") as work:
        key = work.documents.data_key(document.id)
    prepared = house.store.put(prepared_key(document.id, 1, "clerk"), b"%PDF prepared", sealing=key)
    id, other = house.store.draft().id, house.store.draft().id
    with house.store.begin(MAI, "sign") as work:
        first = work.signings.intend(
            id, document.id, Role.CLERK, to_be_signed={"digest": "aa"}, prepared=prepared
        )
        second = work.signings.intend(other, document.id, Role.CLERK, to_be_signed={"digest": "bb"})
        assert first == second
        assert second.id == id
        assert first.prepared is not None
        assert first.prepared.key == prepared.key
        assert work.signings.get(id).state is SigningState.PREPARED
        with pytest.raises(NotFound):
            work.signings.get(other)
    with house.store.begin(MAI, "sign") as work:
        assert work.signings.signed(id, b"value").state is SigningState.SIGNED
        assert work.signings.signed(id, b"value").signature == b"value"
        with pytest.raises(StaleState):
            work.signings.signed(id, b"another value")
        with pytest.raises(IllegalTransition):
            work.signings.withdraw(id)
    kept = [house.store.put(pdf_key(document.id, 1, 1), b"%PDF signed", sealing=key) for _ in range(2)]
    with house.store.begin(MAI, "sign") as work:
        made = work.signings.complete(id, NewRevision(kept[0], house.clock(), "B-T"))
        again = work.signings.complete(id, NewRevision(kept[1], house.clock(), "B-T"))
        assert made == again
        assert (made.k, made.role, made.level) == (1, Role.CLERK, "B-T")
        assert [one.state for one in work.signings.of_document(document.id)] == [SigningState.COMPLETED]
        latest = work.documents.get(document.id).latest_revision
        assert latest == made
    with house.store.begin(MAI, "sign") as work:
        officer = work.signings.intend(other, document.id, Role.OFFICER, to_be_signed={})
        work.signings.withdraw(officer.id)
        assert [one.role for one in work.signings.of_document(document.id)] == [Role.CLERK]


def asked(house: House, content: bytes) -> Status | None:
    return house.store.standing_of_bytes(Digest.of(content))


def test_whoever_holds_a_signed_file_learns_its_standing_and_nothing_else(house: House) -> None:
    owner = house.owner()
    document = house.valid(owner, content=b"the scan")
    assert asked(house, b"%PDF-1.7 signed") is Status.VALID
    for unsigned in (b"the scan", b"%PDF-1.7", b"never seen"):
        assert asked(house, unsigned) is None
    with house.store.begin(MAI, "revoke") as work:
        work.documents.revoke(document.id, reason="false")
    assert asked(house, b"%PDF-1.7 signed") is Status.REVOKED


def test_strangers_who_verify_write_nothing(house: House) -> None:
    document = house.valid(house.owner())
    with house.store.begin(MAI, "print") as work:
        printed = work.prints.issue(
            document.id, revision_sha256=Digest.of(b"%PDF-1.7 signed"), to_whom="a school", reason="enrolment"
        )
    with house.behind_the_program() as rows:
        before = rows.fetch("SELECT count(*) FROM diary")
    assert house.store.standings_of_prints([printed.short_code])
    assert asked(house, b"%PDF-1.7 signed") is Status.VALID
    with house.behind_the_program() as rows:
        assert rows.fetch("SELECT count(*) FROM diary") == before


def test_a_file_that_arrived_signed_is_known_and_a_decision_speaks_before_a_mere_intake(house: House) -> None:
    owner, content = house.owner(), b"%PDF signed elsewhere"
    document = house.receive(owner, content=content, verdict={"verdict": "passed"})
    assert asked(house, content) is Status.RECEIVED
    house.read(document.id)
    with house.store.begin(MAI, "check") as work:
        work.documents.check(document.id, by="mai.clerk")
    house.sign(document.id)
    with house.store.begin(MAI, "decide") as work:
        work.documents.become(document.id, Status.PROVISIONAL)
        work.documents.make_valid(document.id, Ground.BACK_FILE)
    house.receive(owner, content=content, verdict={"verdict": "passed"}, actor=STRANGER)
    assert asked(house, content) is Status.VALID


def test_a_line_of_a_list_says_what_the_paper_says(house: House) -> None:
    owner = house.owner()
    received = house.receive(owner, content=b"received")
    read = house.receive(owner, content=b"read")
    house.read(read.id)
    signed = house.provisional(owner, content=b"signed")
    valid = house.valid(owner, content=b"valid")
    house.receive(house.owner(BINH, "Trần Thị Bình"), content=b"of somebody else")
    with house.store.begin(MAI, "list") as work:
        lines = work.documents.listed(owner, limit=10)
        papers = work.documents.of_owner(owner)
    assert [line.id for line in lines] == [valid.id, signed.id, read.id, received.id]
    for line, paper in zip(lines, papers, strict=True):
        stands = paper.latest_revision.object if paper.latest_revision else paper.version.pdf
        shown = stands or paper.version.originals[0].object
        assert (line.id, line.status, line.weight, line.doc_type) == (
            paper.id, paper.status, paper.weight, paper.doc_type,
        )  # fmt: skip
        assert line.codes == tuple(code.code for code in paper.current_codes)
        assert (line.version, line.sha256, line.pages) == (
            paper.version.n, shown.sha256_plain, paper.version.page_count,
        )  # fmt: skip
        assert (line.received_at, line.changed_at) == (paper.received_at, paper.changed_at)
