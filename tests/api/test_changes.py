"""Changing what stands and whose it is, as the steps do it for commands and API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.place import house
from api.house import House
from api.progress import Unheard
from api.steps import changes
from api.steps.intake import Paper, Person, receive
from datastore import DocumentRecord, NotFound
from tests.api.http.papers import AN, BINH, page

_OTHER = "040090001236"


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    with house(Unheard()) as place:
        yield place


def _bring(opened: House, folder: Path, *owners: str) -> DocumentRecord:
    scan = folder / "page.png"
    scan.write_bytes(page(1))
    persons = tuple(Person(owner) for owner in owners)
    return receive(
        opened, opened.system("intake"), Paper((scan,), persons, "KET_HON", compared=False)
    ).document


def _taken_from(opened: House, paper: DocumentRecord, number: str) -> DocumentRecord:
    move = changes.Move(away_from=number)
    return changes.refile(opened, opened.system("refile"), paper.id, move, "Không phải của người này")


def test_whose_a_paper_is_not_is_named_by_a_former_number_as_well_unless_it_is_somebody_elses_by_now(
    opened: House, tmp_path: Path
) -> None:
    """The number of an old identity card was refused, and one that was passed on named the former holder."""
    paper = _bring(opened, tmp_path, AN, BINH)
    an, binh = paper.owner_ids
    kinds = {"183456789": "old_number", _OTHER: "personal_id"}
    with opened.datastore.begin(opened.system("correct"), "correct") as work:
        for number, kind in kinds.items():
            work.owners.add_identifier(binh, number, kind=kind, valid_to=work.at)
        work.owners.ensure(_OTHER)
    for wrong in ("183456780", _OTHER):
        with pytest.raises(NotFound):
            _taken_from(opened, paper, wrong)
    assert _taken_from(opened, paper, "183 456 789").owner_ids == (an,)


def test_a_former_number_of_two_owners_of_a_paper_takes_neither_of_them_out(
    opened: House, tmp_path: Path
) -> None:
    """Two provinces gave the same nine digits: both owners were taken out for one."""
    paper = _bring(opened, tmp_path, AN, BINH, _OTHER)
    with opened.datastore.begin(opened.system("correct"), "correct") as work:
        for owner in paper.owner_ids[:2]:
            work.owners.add_identifier(owner, "183456789", kind="old_number", valid_to=work.at)
    with pytest.raises(changes.OwnerUnclear):
        _taken_from(opened, paper, "183456789")
    assert _taken_from(opened, paper, BINH).owner_ids == (paper.owner_ids[0], paper.owner_ids[2])
