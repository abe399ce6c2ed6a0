"""Several looks answered together: each as if it were alone, and the lines of all in one write."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from archive import check_log
from datastore import (
    Actor,
    DatabaseUnreachable,
    HeldElsewhere,
    ListedDocument,
    Looking,
    NotAllowed,
    NotFound,
    PurposeMissing,
    Work,
)
from datastore.dialect import ask
from tests.datastore.house import AN, BINH, MAI, STRANGER, House
from tests.services import Services

AUDITOR = replace(MAI, role="auditor")


def listing(owner: UUID) -> Callable[[Work], tuple[ListedDocument, ...]]:
    return lambda work: work.documents.listed(owner, limit=5)


def stumbling(_work: Work) -> tuple[ListedDocument, ...]:
    raise RuntimeError("stumbled")


def asked(*looks: tuple[Actor, Callable[[Work], tuple[ListedDocument, ...]]]) -> list[Looking[Any]]:
    return [Looking(actor, "list_store", at) for actor, at in looks]


def one_by_one(house: House, looks: Sequence[Looking[Any]]) -> list[object]:
    """What each is answered by itself."""
    answers: list[object] = []
    for each in looks:
        try:
            with house.store.look(each.actor, each.act) as work:
                answers.append(each.at(work))
        except Exception as error:
            answers.append(error)
    return answers


def comparable(answers: Sequence[object]) -> list[object]:
    return [
        (type(each), str(each), getattr(each, "facts", None)) if isinstance(each, Exception) else each
        for each in answers
    ]


def lines(house: House) -> list[tuple[Any, ...]]:
    """What the diary says of looks at stores, in its order."""
    with house.behind_the_program() as rows:
        return rows.fetch(
            "SELECT person, role, agency, act, purpose, owner_id, document_id, outcome, note"
            " FROM diary WHERE act = 'list_store' ORDER BY at, owner_id"
        )


def many(house: House) -> list[Looking[Any]]:
    """Looks of staff and citizens that end in every way."""
    an, binh = house.owner(AN), house.owner(BINH)
    house.receive(an)
    elsewhere = HeldElsewhere(document=house.receive(binh, content=b"another").id, owners=[an, binh])

    def held_elsewhere(_work: Work) -> tuple[ListedDocument, ...]:
        raise elsewhere

    return asked(
        (MAI, listing(an)),
        (STRANGER, listing(an)),
        (replace(MAI, person=str(an), role="owner", purpose=""), listing(an)),
        (replace(MAI, person=str(an), role="owner", purpose=""), listing(binh)),
        (MAI, stumbling),
        (MAI, listing(UUID(int=7))),
        (replace(MAI, role="verifier"), listing(an)),
        (MAI, held_elsewhere),
        (replace(MAI, purpose=" "), listing(an)),
        (replace(MAI, role="king"), listing(an)),
        (MAI, listing(binh)),
    )


def test_each_is_answered_and_told_of_as_if_it_had_asked_alone(house: House) -> None:
    looks = many(house)
    alone = one_by_one(house, looks)
    told_alone = lines(house)
    together = house.store.look_together(looks)
    assert comparable(together) == comparable(alone)
    assert lines(house) == told_alone + told_alone
    assert [type(each) for each in together] == [
        *(tuple, tuple, tuple, NotFound, RuntimeError, NotFound, NotAllowed),
        *(HeldElsewhere, PurposeMissing, NotAllowed, tuple),
    ]
    assert [line[-2] for line in told_alone] == [
        *("done", "done", "done", "not_found", "not_found", "not_allowed"),
        *("held_elsewhere", "held_elsewhere", "done"),
    ]


def test_the_lines_of_all_are_leaves_of_the_log(house: House) -> None:
    looks = many(house)
    house.store.log.number_leaves()
    house.store.look_together(looks)
    leaves = house.store.log.number_leaves()
    assert len(leaves) == len(lines(house)) == 9
    assert {state.table for leaf in leaves for state in leaf.leaf.states} == {"diary"}
    with house.store.log.facts() as facts:
        report = check_log(facts.leaves, checkpoint=None, origin="o", keys=[], rows=facts.rows)
    assert {finding.code for finding in report.findings} == {"log-never-signed"}


def test_a_change_that_one_of_them_tries_is_refused_to_it_alone(house: House) -> None:
    owner = house.owner()

    def rename(work: Work) -> tuple[ListedDocument, ...]:
        work.owners.rename(owner, name="Lê Văn Bình")
        return ()

    changed, listed = house.store.look_together(asked((MAI, rename), (MAI, listing(owner))))
    assert isinstance(changed, RuntimeError)
    assert listed == ()
    with house.store.begin(MAI, "look") as work:
        assert work.owners.get(owner).name == "Nguyễn Văn An"


def test_nobody_is_answered_when_the_lines_cannot_be_written(house: House) -> None:
    owner = house.owner()
    with house.behind_the_program() as rows:
        rows.execute("ALTER TABLE log_leaves RENAME TO elsewhere")
    answers = house.store.look_together(
        asked(
            (MAI, listing(owner)),
            (MAI, listing(uuid4())),
            (MAI, stumbling),
            (replace(MAI, purpose=""), listing(owner)),
            (STRANGER, listing(owner)),
        )
    )
    failed, refused, stumbled, without_purpose, last = answers
    assert "log_leaves" in str(failed) or "UndefinedTable" in str(failed)
    assert failed is refused is last
    assert isinstance(stumbled, RuntimeError)
    assert isinstance(without_purpose, PurposeMissing)
    assert lines(house) == []


def test_nobody_is_answered_when_the_server_dies_in_the_middle(
    house_on_postgresql: House, services: Services
) -> None:
    house = house_on_postgresql
    owner = house.owner()

    def dying(work: Work) -> tuple[ListedDocument, ...]:
        with services.killed("postgresql"):
            return work.documents.listed(owner, limit=5)

    looks = asked((MAI, listing(owner)), (MAI, dying), (STRANGER, listing(owner)))
    answers = house.store.look_together(looks)
    assert [type(each) for each in answers] == [DatabaseUnreachable] * 3
    assert lines(house) == []
    assert house.store.look_together(looks[::2]) == [(), ()]


def test_without_a_database_everybody_is_told_so(house_on_postgresql: House, services: Services) -> None:
    looks = asked((MAI, listing(house_on_postgresql.owner()))) * 2
    with services.killed("postgresql"):
        answers = house_on_postgresql.store.look_together(looks)
    assert [type(each) for each in answers] == [DatabaseUnreachable] * 2


def test_what_an_agency_inherited_is_asked_once_for_all(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = house.owner()
    questions: list[object] = []

    def noted(connection: Any, question: Any, values: Any) -> Any:
        questions.append(values["agency"])
        return ask(connection, question, values)

    monkeypatch.setattr("datastore.scope.ask", noted)
    house.store.look_together(asked((MAI, listing(owner)), (STRANGER, listing(owner)), (MAI, listing(owner))))
    assert questions == [MAI.agency, STRANGER.agency]


def test_nobody_asked_is_nobody_answered(house: House) -> None:
    assert house.store.look_together([]) == []
    assert lines(house) == []
