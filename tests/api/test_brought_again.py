"""A file that is here already is brought again: which paper answers, and what is said of it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from api.cli.place import house
from api.house import House
from api.progress import Unheard
from api.steps import changes
from api.steps.holdings import look
from api.steps.intake import Paper, Person, Received, receive
from archive import Ground, Status
from datastore import Actor, IllegalTransition, reading_key
from tests.api.http.papers import AN, BINH, page

_DOSSIER = "H41.08-261122-0001"


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))


@pytest.fixture
def opened() -> Iterator[House]:
    with house(Unheard()) as place:
        yield place


def _scan(folder: Path, shade: int) -> Path:
    written = folder / f"{shade}.png"
    written.write_bytes(page(shade))
    return written


def _bring(
    opened: House,
    scan: Path,
    *owners: str,
    dossier: str | None = None,
    ground: Ground | None = None,
    compared: bool = False,
) -> Received:
    persons = tuple(Person(owner) for owner in owners)
    paper = Paper((scan,), persons, "KET_HON", dossier, ground, compared=compared)
    return receive(opened, _who(opened), paper)


def _who(opened: House) -> Actor:
    return opened.system("intake")


def test_a_scan_that_was_put_away_is_brought_again_and_the_dossier_cites_the_one_that_stands(
    opened: House, tmp_path: Path
) -> None:
    """It cited the one that was put away; whoever brought it had compared that scan, and not the other one."""
    away, kept = (_bring(opened, _scan(tmp_path, shade), AN).document.id for shade in (1, 2))
    changes.put_away(opened, _who(opened), away, kept, "Quét hai lần")
    with opened.datastore.begin(_who(opened), "open") as work:
        work.dossiers.open(_DOSSIER, procedure="1.001193")
    again = _bring(opened, tmp_path / "1.png", AN, dossier=_DOSSIER, compared=True, ground=Ground.BACK_FILE)
    assert (again.document.id, again.again) == (kept, True)
    assert [doubt.code for doubt in again.doubts] == ["another_scan_stands"]
    assert (again.document.provenance.compared_by, again.document.ground) == (None, None)
    with opened.datastore.begin(_who(opened), "look") as work:
        assert [one.document_id for one in work.dossiers.get(_DOSSIER).documents] == [kept]
    same = _bring(opened, tmp_path / "2.png", AN, compared=True)
    assert (same.document.id, same.doubts) == (kept, ())
    assert same.document.provenance.compared_by == _who(opened).person


def test_one_of_two_owners_brings_the_scan_that_is_filed_for_both(opened: House, tmp_path: Path) -> None:
    scan = _scan(tmp_path, 4)
    filed = _bring(opened, scan, AN).document.id
    changes.refile(opened, _who(opened), filed, changes.Move(added=BINH), "Giấy của cả hai vợ chồng")
    for owner in (AN, BINH):
        again = _bring(opened, scan, owner)
        assert (again.document.id, again.again, again.doubts) == (filed, True, ())
        assert len(again.document.owner_ids) == 2
    assert not _bring(opened, scan, "040090001236").again


def test_files_that_are_there_in_another_order_or_for_one_owner_less_are_told(
    opened: House, tmp_path: Path
) -> None:
    """They became another paper without a word."""
    first, second = _scan(tmp_path, 7), _scan(tmp_path, 8)
    there, turned = (
        receive(opened, _who(opened), Paper(files, (Person(AN),), "KET_HON"))
        for files in ((first, second), (second, first))
    )
    assert (there.doubts, turned.again) == ((), False)
    (doubt,) = turned.doubts
    assert (doubt.code, str(there.document.id) in doubt.vi) == ("brought_otherwise", True)
    alone = _bring(opened, first, AN)
    more = _bring(opened, first, BINH, AN)
    assert (alone.doubts, more.again) == ((), False)
    assert [str(alone.document.id) in doubt.en for doubt in more.doubts] == [True]


def test_more_owners_than_papers_of_the_type_have_are_told_to_whoever_names_them(
    opened: House, tmp_path: Path
) -> None:
    """It was kept without a word; the same owner added later is asked about."""
    persons = (Person(AN), Person(BINH))
    two, couple = (
        receive(opened, _who(opened), Paper((_scan(tmp_path, shade),), persons, doc_type))
        for shade, doc_type in ((9, "KHAI_SINH"), (10, "KET_HON"))
    )
    (doubt,) = two.doubts
    assert (doubt.code, "1 chủ" in doubt.vi) == ("owners_more_than_usual", True)
    assert len(two.document.owner_ids) == 2, "kept as it is said"
    assert couple.doubts == ()


def _as_if_read(opened: House, document: UUID) -> None:
    with opened.datastore.begin(_who(opened), "open_for_reading") as work:
        key = work.documents.data_key(document)
    reading = opened.datastore.put(reading_key(document, 1, 1), b"{}", sealing=key)
    with opened.datastore.begin(_who(opened), "read") as work:
        work.documents.record_reading(document, reading=reading, pdf=None, page_count=1, text="")


def test_what_is_said_for_one_of_two_owners_is_not_said_for_both(opened: House, tmp_path: Path) -> None:
    """Brought for one, by somebody who had compared it, the paper of both was checked and would be signed."""
    scan = _scan(tmp_path, 6)
    filed = _bring(opened, scan, AN, BINH).document.id
    _as_if_read(opened, filed)
    for_one = _bring(opened, scan, AN, compared=True, ground=Ground.BACK_FILE).document
    assert (for_one.id, for_one.status, for_one.ground) == (filed, Status.READ, None)
    assert for_one.provenance.compared_by is None
    for_both = _bring(opened, scan, BINH, AN, compared=True, ground=Ground.BACK_FILE).document
    assert (for_both.id, for_both.ground) == (filed, Ground.BACK_FILE)
    assert for_both.provenance.compared_by == _who(opened).person
    with opened.datastore.begin(_who(opened), "look") as work:
        assert work.documents.get(filed).status is Status.CHECKED


class _Refiling(Unheard):
    """An officer refiles a paper just when a clerk, who brings it again, is told something about its ground."""

    def __init__(self, opened: House, move: changes.Move) -> None:
        self._opened, self._move = opened, move
        self.paper: Received | None = None

    def say(self, sentence: str) -> None:
        if self.paper is not None:
            paper, self.paper = self.paper.document.id, None
            changes.refile(self._opened, _who(self._opened), paper, self._move, "Ghi nhầm số")


def test_a_paper_that_became_anothers_while_it_was_brought_again_is_looked_for_once_more(
    tmp_path: Path,
) -> None:
    """The paper of somebody else was cited, or, where it was out of sight by then, the clerk was told that it is not
    there."""
    scan = _scan(tmp_path, 3)
    with house(Unheard()) as officers:
        meanwhile = _Refiling(officers, changes.Move(to=BINH))
        with house(meanwhile) as clerks:
            first = _bring(clerks, scan, AN)
            meanwhile.paper = first
            again = _bring(clerks, scan, AN, ground=Ground.ISSUED_ELECTRONICALLY)
        assert (again.again, again.document.id == first.document.id) == (False, False)
        with officers.datastore.begin(_who(officers), "look") as work:
            (an,) = work.owners.of_document(again.document.id)
            (binh,) = work.owners.of_document(first.document.id)
        assert (an.identifiers[0].identifier, binh.identifiers[0].identifier) == (AN, BINH)


def _as_if_signed(opened: House, document: UUID) -> None:
    _as_if_read(opened, document)
    with opened.datastore.begin(_who(opened), "sign") as work:
        for status in (Status.CHECKED, Status.PROVISIONAL):
            work.documents.become(document, status)


def test_a_wrong_paper_takes_nobodys_place_unless_one_insists_and_that_is_told_when_the_old_one_comes_again(
    opened: House, tmp_path: Path
) -> None:
    """An id mistyped once took somebody's certificate out of force, and the same file was answered with it for ever."""
    scans = [_scan(tmp_path, shade) for shade in (9, 10, 11)]
    ours, theirs = _bring(opened, scans[0], AN).document.id, _bring(opened, scans[1], BINH).document.id
    other = receive(opened, _who(opened), Paper((scans[2],), (Person(AN),), "KHAI_SINH")).document.id
    for each in (ours, theirs, other):
        _as_if_signed(opened, each)
    for wrong, what in ((theirs, "owner"), (other, "type")):
        with pytest.raises(changes.SuccessorDiffers) as refused:
            changes.supersede(opened, _who(opened), ours, wrong, "Cấp lại")
        assert refused.value.facts["what"] == what
    for insists in (True, False):  # what was done is not asked again
        done = changes.supersede(opened, _who(opened), ours, theirs, "Chuyển nhượng", insists=insists)
        assert (done.status, done.superseded_by) == (Status.SUPERSEDED, theirs)
    again = _bring(opened, scans[0], AN)
    assert (again.document.id, again.again) == (ours, True)
    assert [doubt.code for doubt in again.doubts] == ["held_superseded"]


def test_a_paper_that_was_put_away_asks_nothing_and_says_which_one_stands_in_its_place(
    opened: House, tmp_path: Path
) -> None:
    """It asked whose it is, with the advice to refile it, and the refile was refused without a word of the other."""
    scan, move = _scan(tmp_path, 11), changes.Move(to=AN)
    kept, misfiled = (_bring(opened, scan, owner).document.id for owner in (AN, BINH))
    away = changes.refile(opened, _who(opened), misfiled, move, "Ghi nhầm số")
    assert (away.status, away.superseded_by) == (Status.REJECTED, kept)
    shown = look(opened, _who(opened), misfiled)
    assert (shown.questions, shown.waits) == ((), ())
    with pytest.raises(IllegalTransition) as refused:
        changes.refile(opened, _who(opened), misfiled, move, "Rõ chủ")
    said = refused.value.sentence
    assert (said.code, str(kept) in said.vi, str(kept) in said.en) == ("illegal_transition", True, True)
