"""Dossiers and prints: opened, closed and numbered once, seen by their agencies, governed by the document."""

import pytest

from archive import Status
from common import Digest
from datastore import (
    Actor,
    AlreadyThere,
    AttachedHow,
    DossierState,
    Ending,
    IllegalTransition,
    NotAllowed,
    NotFound,
    PrintTold,
    StaleState,
)
from signing import check_short_code
from tests.datastore.house import BINH, MAI, STRANGER, House

NUMBER = "H41.01-261122-0001"
SHA = Digest.of(b"revision")


def test_a_dossier_lives_from_received_to_one_ending(house: House) -> None:
    document = house.receive(house.owner())
    with house.store.begin(MAI, "dossier") as work:
        opened = work.dossiers.open(NUMBER, procedure="1.001193", agency="H41.02")
        assert (opened.state, opened.agency, opened.intake_agency) == (
            DossierState.OPEN,
            "H41.02",
            "H41.01",
        )
        for _ in range(2):
            attached = work.dossiers.attach(NUMBER, document.id, component="KET_HON", how=AttachedHow.KEPT)
        assert [one.document_id for one in attached.documents] == [document.id]
        assert work.documents.get(document.id).dossier == NUMBER
        assert [paper.id for paper in work.dossiers.papers(NUMBER)] == [document.id]
        work.dossiers.record(NUMBER, "supplement", "a missing page")
        with pytest.raises(IllegalTransition):
            work.dossiers.close(NUMBER, DossierState.OPEN)
        closed = work.dossiers.close(NUMBER, DossierState.SUCCEEDED).dossier
        assert work.dossiers.close(NUMBER, DossierState.SUCCEEDED) == Ending(closed, now=False)
        assert [event.kind for event in closed.events] == ["received", "supplement", "succeeded"]
        assert closed.closed_at == work.at
        with pytest.raises(IllegalTransition):
            work.dossiers.close(NUMBER, DossierState.REFUSED)
        with pytest.raises(IllegalTransition):
            work.dossiers.record(NUMBER, "transferred")
        with pytest.raises(IllegalTransition):
            work.dossiers.attach(NUMBER, document.id, component="OTHER", how=AttachedHow.REUSED)


def test_the_component_of_a_paper_follows_its_type_unless_somebody_named_it(house: House) -> None:
    """A paper of no known type stayed `unknown` in its dossier for good, whatever it was read or classified as."""
    owner = house.owner()
    unknown = house.receive(owner, content=b"of no type yet", doc_type=None)
    known = house.receive(owner, content=b"of a type", doc_type="KET_HON")
    named = {known.id: "000.00.00.G09-KQ002269"}
    with house.store.begin(MAI, "dossier") as work:
        work.dossiers.open(NUMBER, procedure="1.001193")
        for paper, component in ((unknown, "unknown"), (known, named[known.id])):
            work.dossiers.attach(NUMBER, paper.id, component=component, how=AttachedHow.KEPT)
    house.read(unknown.id, doc_type="KHAI_TU")
    house.read(known.id)
    for doc_type in ("KHAI_TU", "KHAI_SINH"):
        with house.store.begin(MAI, "classify") as work:
            for paper in (unknown, known):
                work.documents.classify(paper.id, doc_type)
        with house.store.begin(MAI, "look") as work:
            stands = {one.document_id: one.component for one in work.dossiers.get(NUMBER).documents}
        assert stands == {unknown.id: doc_type} | named
    with house.store.begin(MAI, "dossier") as work:
        seen = work.documents.get(unknown.id)
        digest = seen.version.originals_digest
        for component in ("KHAI_SINH", "KET_HON"):
            work.dossiers.cite(NUMBER, unknown.id, component=component, version=1, sha256=digest)
        work.documents.classify(unknown.id, "KHAI_TU")
        stands_as = {
            one.component for one in work.dossiers.get(NUMBER).documents if one.document_id == unknown.id
        }
    assert stands_as == {"KHAI_SINH", "KET_HON"}, "what a dossier cites stays as it is cited"


def test_a_dossier_number_is_opened_once(house: House) -> None:
    with house.store.begin(MAI, "dossier") as work:
        work.dossiers.open(NUMBER, procedure="1.001193")
    with pytest.raises(AlreadyThere) as caught, house.store.begin(MAI, "dossier") as work:
        work.dossiers.open(NUMBER, procedure="1.001193")
    assert caught.value.facts == {"what": "dossier", "name": NUMBER}


def test_a_dossier_is_seen_by_its_agencies_and_by_owners_of_its_papers(house: House) -> None:
    an, binh = house.owner(), house.owner(BINH)
    document = house.receive(an)
    with house.store.begin(MAI, "dossier") as work:
        work.dossiers.open(NUMBER, procedure="1.001193")
        work.dossiers.attach(NUMBER, document.id, component="KET_HON", how=AttachedHow.REUSED)
    with house.store.begin(Actor(str(an), "owner", "H41.01", "mine"), "visit") as work:
        assert work.dossiers.get(NUMBER).number == NUMBER
    for actor in (STRANGER, Actor(str(binh), "owner", "H41.01", "curiosity")):
        with pytest.raises(NotFound), house.store.begin(actor, "visit") as work:
            work.dossiers.get(NUMBER)


def test_prints_are_numbered_within_a_document_and_indexed_over_all(house: House) -> None:
    owner = house.owner()
    first, second = house.valid(owner, content=b"1"), house.valid(owner, content=b"2")
    with house.store.begin(MAI, "print") as work:
        issued = [
            work.prints.issue(document, revision_sha256=SHA, to_whom="bank", reason="loan")
            for document in (first.id, first.id, second.id)
        ]
        assert [(one.number, one.status_index) for one in issued] == [(1, 0), (2, 1), (1, 2)]
        assert all(check_short_code(one.short_code) == one.short_code for one in issued)
        assert work.prints.of_document(first.id) == tuple(issued[:2])
        assert work.prints.get(issued[2].id) == issued[2]


def test_a_documents_status_governs_its_prints_and_each_can_be_revoked(house: House) -> None:
    document = house.valid(house.owner())
    with house.store.begin(MAI, "print") as work:
        one, two = (
            work.prints.issue(document.id, revision_sha256=SHA, to_whom="bank", reason="loan") for _ in "12"
        )
        work.prints.revoke(one.id, reason="lost")
        revoked = work.prints.revoke(one.id, reason="again")
        assert revoked.revoke_reason == "lost"
        assert [(each.index, each.status, each.print_revoked) for each in work.prints.statuses()] == [
            (0, Status.VALID, True),
            (1, Status.VALID, False),
        ]
        work.documents.revoke(document.id, reason="false")
        # Only the print that still counts is told.
        assert [n.print_id for n in work.documents.notices(document.id) if n.print_id] == [two.id]
    nobody = Actor("verifier", "verifier", "", "check a print")
    told = house.store.standings_of_prints([one.short_code, two.short_code, "0000-0000-0000-0"])
    assert told.keys() == {one.short_code, two.short_code}  # of what is no print, nothing
    assert told[one.short_code].print_revoked
    assert not told[two.short_code].print_revoked
    assert {each.status for each in told.values()} == {Status.REVOKED}
    assert house.store.standings_of_prints([]) == {}
    with house.store.begin(nobody, "verify") as work, pytest.raises(NotAllowed):
        work.prints.get(two.id)


def test_the_diary_tells_of_a_print_to_whom_and_why_to_whoever_sees_the_paper(house: House) -> None:
    """The line said that somebody had printed, and not for whom."""
    an, binh = house.owner(), house.owner(BINH)
    document = house.valid(an)
    with house.store.begin(MAI, "print") as work:
        printed = work.prints.issue(document.id, revision_sha256=SHA, to_whom="bank", reason="loan")
    with house.store.begin(MAI, "revoke_print") as work:
        work.prints.revoke(printed.id, reason="lost")
    himself = Actor(str(an), "owner", "H41.01", "my papers")
    auditor = Actor("ha", "auditor", "H41.01", "audit")

    def told(reader: Actor) -> list[tuple[str, PrintTold]]:
        with house.store.begin(reader, "look_at_diary") as work:
            return [(line.act, one) for line in work.diary.of_owner(an) for one in line.prints]

    taken_back = PrintTold(1, "bank", "lost", taken_back=True)
    both = [("print", PrintTold(1, "bank", "loan")), ("revoke_print", taken_back)]
    assert (told(himself), told(MAI), told(auditor)) == (both, both, [])
    with house.store.begin(MAI, "refile") as work:
        work.documents.refile(document.id, to=binh, away_from=[an], reason="another's")
    assert told(himself) == [], "for whom the paper of somebody else was printed is not his to know"


def test_a_seal_is_kept_once_and_only_for_a_valid_paper(house: House) -> None:
    valid, provisional = house.valid(house.owner()), house.provisional(house.owner(), content=b"2")
    with house.store.begin(MAI, "print") as work:
        printed = work.prints.issue(valid.id, revision_sha256=SHA, to_whom="bank", reason="loan")
        assert work.prints.set_seal(printed.id, b"cose").seal == b"cose"
        assert work.prints.set_seal(printed.id, b"cose").seal == b"cose"
        with pytest.raises(StaleState):
            work.prints.set_seal(printed.id, b"other")
        unsealed = work.prints.issue(provisional.id, revision_sha256=SHA, to_whom="bank", reason="loan")
        with pytest.raises(IllegalTransition):
            work.prints.set_seal(unsealed.id, b"cose")
        with pytest.raises(NotFound):
            work.prints.set_seal(valid.id, b"cose")


def test_what_nobody_decided_on_is_not_printed(house: House) -> None:
    document = house.receive(house.owner())
    with pytest.raises(IllegalTransition), house.store.begin(MAI, "print") as work:
        work.prints.issue(document.id, revision_sha256=SHA, to_whom="bank", reason="loan")


def test_a_paper_has_one_receipt_and_receipts_count_per_agency(house: House) -> None:
    owner = house.owner()
    first, second = house.receive(owner, content=b"1"), house.receive(owner, content=b"2")
    with house.store.begin(MAI, "receipt") as work:
        receipts = [work.receipts.issue(each, {"pages": 1}) for each in (first.id, second.id, first.id)]
        assert [receipt.number for receipt in receipts] == [1, 2, 1]
        assert work.receipts.of_document(first.id) == (receipts[0],)
    other = house.receive(owner, actor=STRANGER)
    with house.store.begin(STRANGER, "receipt") as work:
        assert work.receipts.issue(other.id, {}).number == 1


def test_a_dossier_cites_bytes_that_stay_what_they_are(house: House) -> None:
    document = house.provisional(house.owner())
    seen = Digest.of(b"the bytes that were seen")
    with house.store.begin(MAI, "open") as work:
        work.dossiers.open("H41.01-261122-0042", procedure="1.001193")
    for _twice in range(2):
        with house.store.begin(MAI, "cite") as work:
            cited = work.dossiers.cite(
                "H41.01-261122-0042", document.id, component="A", version=1, sha256=seen
            )
    with house.store.begin(MAI, "look") as work:
        assert work.dossiers.citations("H41.01-261122-0042") == (cited,)
        with pytest.raises(AlreadyThere):
            work.dossiers.cite(
                "H41.01-261122-0042", document.id, component="A", version=1, sha256=Digest.of(b"others")
            )


def test_anybody_learns_of_a_dossier_how_far_it_is(house: House) -> None:
    assert house.store.dossier_state("H41.01-261122-0043") is None
    with house.store.begin(MAI, "open") as work:
        work.dossiers.open("H41.01-261122-0043", procedure="1.001193")
    assert house.store.dossier_state("H41.01-261122-0043") is DossierState.OPEN
