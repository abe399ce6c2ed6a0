"""New rows written beside the ORM: many or few, witnessed or refused, never cut and never half."""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import MetaData, Table, text

from archive import Leaf, RowState, new_salt
from common import utc_now
from datastore import (
    AlreadyHeld,
    DatabaseUnreachable,
    DocumentRecord,
    NewOriginal,
    Stated,
    TextNotKept,
    original_key,
)
from datastore.dialect import NewRows, Writing, insert, keep_lines
from datastore.rows import AgencyRow, IntentRow
from datastore.witness import write_rows
from tests.datastore.house import AN, BINH, MAI, READ, House
from tests.datastore.test_log import findings

MANY = 6
"""More rows than are sent value by value."""


def brought(
    house: House, owners: Sequence[UUID], *, files: int, version: str | None = None
) -> DocumentRecord:
    draft = house.store.draft()
    originals = []
    for n in range(1, files + 1):
        kept = house.store.put(original_key(draft.id, 1, n), b"page %d" % n, sealing=draft.data_key)
        renamed = kept if version is None else replace(kept, version=version)
        originals.append(NewOriginal(renamed, "image/png", f"trang '{n}' \\ \".png"))
    with house.store.begin(MAI, "intake") as work:
        return work.documents.receive(draft, originals=originals, owners=owners, doc_type="KET_HON")


def test_a_paper_of_many_files_and_owners_is_kept_as_it_is_witnessed(house: House) -> None:
    owners = [house.owner(f"04009000{n:04}", f"Nguyễn Văn {n}") for n in range(MANY)]
    kept = brought(house, owners, files=MANY)
    with house.store.begin(MAI, "look") as work:
        again = work.documents.get(kept.id)
    assert again == kept
    assert [one.name for one in again.version.originals] == [
        f"trang '{n}' \\ \".png" for n in range(1, MANY + 1)
    ]
    assert again.owner_ids == tuple(owners)
    assert findings(house) == set()


@pytest.mark.parametrize("files", [1, MANY])
def test_what_is_too_long_for_its_column_is_refused_and_not_cut(
    house_on_postgresql: House, files: int
) -> None:
    house = house_on_postgresql
    owner = house.owner()
    with pytest.raises(TextNotKept):
        brought(house, [owner], files=files, version="v" * 65)
    with house.behind_the_program() as rows:
        assert rows.fetch("SELECT count(*) FROM objects") == [(0,)]
    assert findings(house) == set()


def test_two_owners_whose_code_is_the_same_text_get_an_instance_each(house: House) -> None:
    first = house.owner(AN)
    with house.store.begin(MAI, "correct") as work:
        work.owners.end_identifier(first, AN)
    second = house.owner(AN, "Nguyễn Thị Ân")  # the number was given to the wrong person before
    document = house.receive(first, second, doc_type=None)
    with house.store.begin(MAI, "classify") as work:
        named = work.documents.classify(document.id, "KHAI_SINH")
    assert {(code.code, code.instance) for code in named.codes} == {
        (f"{AN}.KHAI_SINH", 1),
        (f"{AN}.KHAI_SINH", 2),
    }
    assert findings(house) == set()


def test_the_same_paper_of_a_new_owner_is_held_once_in_one_transaction(house: House) -> None:
    drafts = [house.store.draft() for _ in range(2)]
    kept = [house.store.put(original_key(one.id, 1), b"same", sealing=one.data_key) for one in drafts]
    with house.store.begin(MAI, "intake") as work:
        owner = work.owners.ensure(AN, name="Nguyễn Văn An").id
        work.documents.receive(drafts[0], originals=[NewOriginal(kept[0], "image/png", "a")], owners=[owner])
        again = [NewOriginal(kept[1], "image/png", "a")]
        with pytest.raises(AlreadyHeld):
            work.documents.receive(drafts[1], originals=again, owners=[owner])
    assert findings(house) == set()


def test_whoever_goes_on_after_an_error_leaves_no_trace_of_what_was_not_done(house: House) -> None:
    an, binh = house.owner(AN), house.owner(BINH)
    house.receive(an)
    other = house.receive(binh)
    with house.store.begin(MAI, "refile") as work:
        with pytest.raises(AlreadyHeld):
            work.documents.refile(other.id, to=an, reason="wrong")
        assert work.documents.get(other.id).owner_ids == (binh,)
    assert findings(house) == set()


def test_neither_a_look_nor_a_transaction_without_a_diary_writes_witnessed_rows(house: House) -> None:
    row = AgencyRow(code="H99", name="nobody's")
    for transaction in (house.store._looking, house.store._housekeeping):
        with pytest.raises(RuntimeError), transaction() as session:
            write_rows(session, row)
    with house.behind_the_program() as rows:
        assert rows.fetch("SELECT count(*) FROM agencies WHERE code = 'H99'") == [(0,)]


def test_a_row_that_was_begun_and_not_finished_is_refused(house: House) -> None:
    with pytest.raises(RuntimeError, match="begun and not finished"), house.store.begin(MAI, "open") as work:
        work._scope.write(AgencyRow(code="H99"))


def two_papers_at_once(house: House, *owners: UUID) -> list[DocumentRecord]:
    drafts = [house.store.draft() for _ in range(2)]
    kept = [
        house.store.put(original_key(one.id, 1), b"paper %d" % n, sealing=one.data_key)
        for n, one in enumerate(drafts)
    ]
    with house.store.begin(MAI, "intake") as work:
        named = owners or (work.owners.ensure(AN, name="Nguyễn Văn An", new=True).id,)
        return [
            work.documents.receive(
                draft, originals=[NewOriginal(one, "image/png", "a")], owners=named, doc_type="KET_HON"
            )
            for draft, one in zip(drafts, kept, strict=True)
        ]


@pytest.mark.parametrize("known", [False, True])
def test_two_papers_of_one_owner_in_one_transaction_are_coded_one_after_the_other(
    house: House, known: bool
) -> None:
    papers = two_papers_at_once(house, *([house.owner()] if known else []))
    assert [code.instance for paper in papers for code in paper.codes] == [1, 2]
    assert findings(house) == set()


def test_what_is_said_of_an_owner_is_written_with_the_paper_that_it_comes_with(house: House) -> None:
    owner, draft = house.owner(), house.store.draft()
    kept = house.store.put(original_key(draft.id, 1), b"a paper", sealing=draft.data_key)
    said = Stated(owner, "Trần Thị Bình", None)
    with house.store.begin(MAI, "intake") as work:
        made = work.documents.receive(
            draft, originals=[NewOriginal(kept, "image/png", "a")], owners=(owner,), doc_type="KET_HON"
        )
        work.owners.keep_stated(made.id, [said])
    with house.store.begin(MAI, "look") as work:
        assert work.owners.stated_for([work.documents.get(made.id)]) == {made.id: (said,)}
    assert findings(house) == set()


def test_a_transaction_finds_what_it_made_before_it_is_written(house: House) -> None:
    with house.store.begin(MAI, "intake") as work:
        made = work.owners.ensure(AN, name="Nguyễn Văn An")
        assert work.owners.find(AN) == made
        assert work.owners.ensure(AN, new=True) == made
        assert work.owners.store_of(made.id).owner_id == made.id
    assert findings(house) == set()


def test_a_number_that_somebody_got_meanwhile_is_his_though_it_was_thought_new(house: House) -> None:
    an = house.owner()
    with house.store.begin(MAI, "intake") as work:
        assert work.owners.ensure(AN, name="Trần Văn Ân", new=True).id == an


def test_a_number_given_to_somebody_else_gives_its_former_owners_codes_no_second_time(house: House) -> None:
    first = house.owner(AN)
    house.receive(first)
    with house.store.begin(MAI, "correct") as work:
        work.owners.end_identifier(first, AN)
    drafts = [house.store.draft() for _ in range(2)]
    kept = [house.store.put(original_key(one.id, 1), one.id.bytes, sealing=one.data_key) for one in drafts]
    with house.store.begin(MAI, "intake") as work:
        second = work.owners.ensure(AN, name="Nguyễn Thị Ân", new=True).id
        papers = [
            work.documents.receive(
                draft, originals=[NewOriginal(one, "image/png", "a")], owners=[owner], doc_type="KET_HON"
            )
            for draft, one, owner in zip(drafts, kept, (second, first), strict=True)
        ]
    assert [code.instance for paper in papers for code in paper.codes] == [2, 3]


def test_a_transaction_that_is_taken_back_leaves_nothing_to_remember(house: House) -> None:
    document = house.receive(house.owner())
    with suppress(ZeroDivisionError), house.store.begin(MAI, "ask") as work:
        work.jobs.enqueue(READ, document.id)
        work.jobs.enqueue(READ, document.id)
        raise ZeroDivisionError
    with house.store.begin(MAI, "ask") as work:
        asked = work.jobs.enqueue(READ, document.id)
    claimed = house.store.queue.claim("a worker")
    assert claimed is not None, "its agency has its place in the line"
    assert claimed.id == asked.id


def test_what_was_remembered_of_a_database_is_not_believed_of_another_one(house: House) -> None:
    house.receive(house.owner())
    assert house.store._remembered.keys
    house.store.close()
    with house.store.begin(MAI, "look"):
        assert not house.store._remembered.keys


def test_a_session_goes_on_with_what_it_remembered_when_it_began(house: House) -> None:
    house.receive(house.owner())
    with house.store.begin(MAI, "look") as work:
        house.store._forget(None, None)  # another thread has made a connection just now
        assert work._scope.keychain.key("archive")
        assert not house.store._remembered.keys, "nor is it believed of the new one"


def test_what_a_transaction_makes_is_numbered_in_its_order(house: House) -> None:
    document = house.receive()
    house.read(document.id)  # of no owner: it is read, and then waits for a number
    with house.behind_the_program() as rows:
        told = rows.fetch("SELECT type FROM events ORDER BY arrival")
    assert [type.rpartition(".")[2] for (type,) in told] == ["received", "read", "pending_identifier"]


def test_two_receipts_of_one_transaction_have_two_numbers(house: House) -> None:
    owner = house.owner()
    papers = [house.receive(owner, content=b"paper %d" % n) for n in range(2)]
    with house.store.begin(MAI, "intake") as work:
        given = [work.receipts.issue(paper.id, {"pages": 1}).number for paper in papers]
    assert given == [1, 2]
    assert findings(house) == set()


def test_rows_that_nobody_asked_for_are_written_at_the_commit(house: House) -> None:
    with house.store._housekeeping() as plain, Writing(plain.get_bind().engine) as session:
        plain.rollback()
        table = IntentRow.__table__
        assert isinstance(table, Table)
        row = [house.store.draft().id, "documents/x", house.store.clock(), False]
        session.later([NewRows(table, ("id", "key", "made_at", "swept"), [row])])
        session.commit()
    with house.behind_the_program() as rows:
        assert rows.fetch("SELECT key FROM object_intents") == [("documents/x",)]


@pytest.mark.parametrize("key", ['a "name"', "C:\\\\", "{a,NULL}", "NULL", " ", "dấu sắc"])
def test_a_leaf_names_its_rows_as_they_are_called(house_on_postgresql: House, key: str) -> None:
    """The server reads the names of many rows out of one text."""
    assert isinstance(IntentRow.__table__, Table)
    states = (RowState("keys", key, None), RowState("keys", f"{key}2", b"2" * 32))
    leaf = Leaf(UUID(int=7), utc_now(), new_salt(), states)
    beside = NewRows(IntentRow.__table__, ("id", "key", "made_at", "swept"), [[leaf.id, "a", leaf.at, False]])
    of_leaf = text(
        'SELECT "table", key, sha256 FROM log_states JOIN log_leaves ON arrival = leaf WHERE id = :id'
    )
    with house_on_postgresql.store._engine.connect() as connection:
        keep_lines(connection, [beside], [leaf])
        found = connection.execute(of_leaf, {"id": leaf.id}).all()
        connection.rollback()
    assert {RowState(*row) for row in found} == set(states)


def test_one_lost_connection_tells_of_all_that_lay_beside_it(house_on_postgresql: House) -> None:
    house = house_on_postgresql
    with ExitStack() as asking:
        for _connection in range(3):
            asking.enter_context(house.store._looking()).connection()
    with house.behind_the_program() as rows:
        rows.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with suppress(DatabaseUnreachable):
        house.owner(AN)
    for _ask in range(3):
        house.owner(AN)


def test_what_is_absent_in_a_row_makes_no_other_statement_of_it(house_on_postgresql: House) -> None:
    house = house_on_postgresql
    rows = [
        [
            None if absent == n else value
            for n, value in enumerate(("H1", "name", house.store.clock(), 7, True))
        ]
        for absent in range(6)
    ]
    with house.store._housekeeping() as session:
        connection = session.connection()
        connection.execute(text("CREATE TEMPORARY TABLE made (a text, b text, c timestamptz, d int, e bool)"))
        made = Table("made", MetaData(), autoload_with=connection)
        for row in rows * 6:  # psycopg prepares what it has sent five times
            insert(connection, [NewRows(made, ("a", "b", "c", "d", "e"), [row])])
        prepared = connection.scalars(
            text("SELECT statement FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO \"made\"%'")
        ).all()
        assert len(prepared) <= 2  # what is true or absent is of two kinds
        assert connection.scalar(text("SELECT count(*) FROM made WHERE c IS NOT NULL AND d = 7")) == 24
