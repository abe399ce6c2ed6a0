"""The schema: migrated once by whoever comes first, the same as the tables in code, refused when it is newer."""

import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, event
from sqlalchemy.dialects import registry
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import ORMExecuteState, Session

from common import KhosoError, catalogue, utc_now
from datastore import (
    DatabaseBusy,
    DatabaseUnreachable,
    Datastore,
    FolderObjects,
    Keyring,
    NotFound,
    SchemaTooNew,
    SchemaTooOld,
    errors,
    schema,
)
from datastore.columns import Instant
from datastore.dialect import make_engine, search_tables
from datastore.rows import LockProofRow, Row
from datastore.work import Datastore as DatastoreClass
from tests.conftest import CHECKOUT
from tests.databases import PostgresServer
from tests.datastore.house import DATABASE_URL, MAI, House


def make_dialect(name: str) -> Dialect:
    made: Dialect = registry.load(name)()
    return made


def opened(house: House, url: str) -> DatastoreClass:
    keys = Keyring.make_or_open(house.folder / "master.key")
    return Datastore.open(url, objects=FolderObjects(house.folder / "objects"), keys=keys, clock=utc_now)


_OF_THE_VERSION_BEFORE = ("uploads",)
"""Tables that its processes still use while they are replaced; the next version drops them."""


def test_the_migrations_make_exactly_the_tables_that_the_code_knows(house: House) -> None:
    engine = make_engine(house.url)
    kept = {*search_tables(), *_OF_THE_VERSION_BEFORE}
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _parent: kind != "table" or name not in kept},
        )
        assert compare_metadata(context, Row.metadata) == []
    engine.dispose()


def test_the_database_is_its_owners_alone_from_its_first_byte(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    engine = make_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n)")
        files = sorted(tmp_path.glob("new.db*"))
        assert len(files) > 1  # the journals lie beside it
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    engine.dispose()


def test_migrating_again_changes_nothing(house: House) -> None:
    house.owner()
    assert house.store.migrate() == house.store.statistics().schema
    assert house.store.statistics().owners == 1


def migrated_by_three(folder: Path) -> None:
    script = (
        "import sys, pathlib; from tests.datastore.house import House;"
        "print(House(pathlib.Path(sys.argv[1])).store.statistics().schema)"
    )
    started = [sys.executable, "-c", script, str(folder)]
    running = [
        subprocess.Popen(started, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in running:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, f"{schema.newest()}\n"), err


def test_processes_migrate_a_new_database_at_once(tmp_path: Path) -> None:
    migrated_by_three(tmp_path / "house")


def test_processes_migrate_a_new_database_on_postgresql_at_once(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    (tmp_path / DATABASE_URL).write_text(postgres.url(postgres.make()))
    migrated_by_three(tmp_path)


def test_jobs_of_the_first_version_get_the_role_of_their_kind_and_a_turn(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'old.db'}")
    config = schema._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for n, kind in enumerate(("read", "sign", "make_valid", "tell_outside")):
            connection.exec_driver_sql(
                "INSERT INTO jobs (id, kind, document_id, agency, state, attempts, not_before) VALUES"
                f" ('{n:032}', '{kind}', '{n:032}', 'H41.08', 'queued', 1, '2026-11-22 01:00:00.000000')"
            )
        connection.exec_driver_sql(
            "INSERT INTO documents (id, status, weight, source_form, intake_agency,"
            " competent_agency, received_at, changed_at, stamp) SELECT document_id, 'read', '', '', '', '',"
            " not_before, not_before, 1 FROM jobs"
        )
    schema.migrate(engine)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT kind, role, priority, deaths, again FROM jobs").all()
        turns = connection.exec_driver_sql("SELECT role, priority, agency FROM job_turns").all()
    engine.dispose()
    assert {(row.kind, row.role) for row in rows} == {
        ("read", "reader"), ("sign", "signer"), ("make_valid", "signer"), ("tell_outside", "archivist"),
    }  # fmt: skip
    assert {(row.priority, row.deaths, row.again) for row in rows} == {(0, 0, 0)}
    assert sorted(turns) == [(role, 0, "H41.08") for role in ("archivist", "reader", "signer")]


def test_an_index_without_first_letters_is_made_anew_with_all_that_it_held(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'old.db'}")
    config = schema._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0018")
        connection.exec_driver_sql("DROP TABLE search_words")
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE search_words USING fts5("
            "exact_owner, exact_code, exact_type, exact_text, owner, code, type, text)"
        )
        connection.exec_driver_sql(
            "INSERT INTO search_words (rowid, exact_owner, owner) VALUES (7, 'nguyễn', 'nguyen')"
        )
    schema.migrate(engine)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT rowid FROM search_words WHERE search_words MATCH 'owner : ng*'"
        )
        assert found.scalars().all() == [7]
        made = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'search_words'"
        ).scalar()
        left = connection.exec_driver_sql(
            "SELECT count(*) FROM sqlite_master WHERE name LIKE '%before%'"
        ).scalar()
    engine.dispose()
    assert ("prefix = '1 2 3'" in str(made), left) == (True, 0)


def test_what_was_uploaded_to_the_version_before_is_left_to_the_sweep(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'old.db'}")
    config = schema._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0024")
        connection.exec_driver_sql(
            "INSERT INTO uploads (id, person, role, agency, name, media_type, pages, signed, object_key,"
            " object_version, size, sha256_plain, sha256_stored, at, until) VALUES"
            f" ('{7:032}', 'mai', 'clerk', 'H41.08', 'a.png', 'image/png', 1, 0, 'staging/7', 'v', 1, x'00', x'00',"
            " '2026-11-22 01:00:00.000000', '2026-11-23 01:00:00.000000')"
        )
    schema.migrate(engine)
    with engine.connect() as connection:
        waiting = connection.exec_driver_sql("SELECT count(*) FROM uploads").scalar()
        (left,) = connection.exec_driver_sql("SELECT key, made_at, swept FROM object_intents")
    engine.dispose()
    assert waiting == 1  # what runs of that version goes on with it
    assert tuple(left) == ("staging/7", "2026-11-22 01:00:00.000000", 0)


def test_a_database_of_a_newer_version_is_left_alone(house: House) -> None:
    with house.behind_the_program() as rows:
        rows.execute("UPDATE alembic_version SET version_num = '9999'")
    newer = opened(house, house.url)
    with pytest.raises(SchemaTooNew) as caught:
        newer.migrate()
    assert caught.value.facts == {"found": "9999"}
    with pytest.raises(SchemaTooNew), newer.begin(MAI, "look"):
        pass
    newer.close()


def test_a_database_that_was_never_migrated_says_so(house: House, tmp_path: Path) -> None:
    empty = opened(house, f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(SchemaTooOld), empty.begin(MAI, "look"):
        pass
    empty.close()


@pytest.mark.parametrize("trouble", ["no folder", "no database"])
def test_a_database_that_cannot_be_opened_is_unreachable(house: House, tmp_path: Path, trouble: str) -> None:
    (tmp_path / "no database").write_bytes(b"this is a text file and no database at all" * 50)
    path = tmp_path / ("no database" if trouble == "no database" else "absent/khoso.db")
    store = opened(house, f"sqlite:///{path}")
    with pytest.raises(DatabaseUnreachable):
        store.migrate()
    store.close()


def test_a_database_that_stays_locked_is_busy_and_nothing_is_half_done(
    house_on_sqlite: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = house_on_sqlite
    monkeypatch.setattr("datastore.dialect.sqlite._SETTINGS", ("PRAGMA busy_timeout = 50",))
    impatient = opened(house, house.url)
    with house.store.begin(MAI, "hold the lock"):
        with pytest.raises(DatabaseBusy), impatient.begin(MAI, "look-up") as work:
            work.owners.ensure("040090001234")
        assert impatient.statistics().owners == 0  # reading goes on meanwhile
    with impatient.begin(MAI, "look-up") as work:
        work.owners.ensure("040090001234")
    impatient.close()


def test_an_instant_keeps_its_microseconds_in_utc_and_refuses_to_guess_a_zone() -> None:
    column, dialect = Instant(), make_dialect("postgresql")
    hanoi = datetime(2026, 11, 22, 8, 5, 9, 123456, tzinfo=timezone(timedelta(hours=7)))
    bound = column.process_bind_param(hanoi, dialect)
    assert bound == datetime(2026, 11, 22, 1, 5, 9, 123456, tzinfo=UTC)
    assert bound is not None
    assert column.process_result_value(bound.replace(tzinfo=None), dialect) == bound
    assert column.process_result_value(hanoi, dialect) == bound
    assert column.process_bind_param(None, dialect) is None
    assert column.process_result_value(None, dialect) is None
    with pytest.raises(ValueError, match="time zone"):
        column.process_bind_param(datetime(2026, 11, 22), dialect)  # noqa: DTZ001 - that is the point


def test_every_error_of_the_room_has_its_sentence_in_both_languages() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, KhosoError)
    ]
    codes = {kind.code for kind in kinds if kind is not KhosoError}
    assert len(codes) >= 15
    assert codes <= set(catalogue())


def test_no_error_of_the_database_shows_somebodys_name(house: House) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    with pytest.raises(SQLAlchemyError) as caught, house.store.begin(MAI, "x") as work:
        work.owners._session.execute(text("INSERT INTO owners (name) VALUES (:n)"), {"n": "Nguyễn Văn An"})
    assert "Nguyễn" not in str(caught.value)


def test_a_look_cannot_write(house: House) -> None:
    """On PostgreSQL it would stand at once, and be part of nothing."""
    house.owner()
    proof = LockProofRow(at=utc_now(), with_root=False)
    for change in (
        lambda look: look.execute(delete(LockProofRow)),
        lambda look: (look.add(proof), look.flush()),
    ):
        with pytest.raises(RuntimeError, match="a look changes nothing"), house.store._looking() as look:
            change(look)
    assert house.store.last_lock_proof() is None


def test_a_look_at_papers_cannot_change_them_and_stands_in_the_diary(house: House) -> None:
    owner = house.owner()
    with (
        pytest.raises(RuntimeError, match="a look changes nothing"),
        house.store.look(MAI, "look") as work,
    ):
        work.owners.rename(owner, name="Lê Văn Bình")
    with house.store.look(MAI, "look") as work:
        assert work.documents.listed(owner, limit=1) == ()
    with pytest.raises(NotFound), house.store.look(MAI, "look") as work:
        work.documents.listed(uuid4(), limit=1)
    with house.store.begin(MAI, "read the diary") as work:
        assert [line.act for line in work.diary.of_owner(owner)] == ["look-up", "look"]
    with house.store.begin(replace(MAI, role="auditor"), "audit") as work:
        assert [line.outcome for line in work.diary.of_agency(act="look")] == ["done", "not_found"]


def test_a_look_at_a_paper_locks_nothing(house: House) -> None:
    """It waited for whoever changed the paper."""
    paper = house.receive(house.owner())
    locks: list[bool] = []

    def note_lock(state: ORMExecuteState) -> None:
        locks.append(getattr(state.statement, "_for_update_arg", None) is not None)

    event.listen(Session, "do_orm_execute", note_lock, propagate=True)
    try:
        with house.store.look(MAI, "look") as work:
            assert work.receipts.of_document(paper.id) == ()
            assert [owner.id for owner in work.owners.of_document(paper.id)] == list(paper.owner_ids)
        assert locks
        assert not any(locks)
        with house.store.begin(MAI, "change") as work:
            work.documents.get(paper.id)
        assert any(locks)
    finally:
        event.remove(Session, "do_orm_execute", note_lock)
