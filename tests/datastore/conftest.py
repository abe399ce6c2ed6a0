"""The fixtures of this room's tests: a fresh datastore for each, in both columns of the design: SQLite and a folder,
PostgreSQL and MinIO."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session, object_session

from archive.canonical import canonical
from datastore import witness
from datastore.rows import DocumentRow, EventRow, Row
from tests.databases import PostgresServer
from tests.datastore.house import DATABASE_URL, House
from tests.datastore.stores import write_bucket
from tests.services import Services


@dataclass(frozen=True, slots=True)
class Migrated:
    """A house that was migrated and closed, to be copied: migrating takes longer than most tests."""

    folder: Path
    server: PostgresServer | None = None
    template: str = ""

    @contextmanager
    def copy(self, folder: Path) -> Iterator[House]:
        """A house like it, open, with rows of its own."""
        shutil.copytree(self.folder, folder)
        if self.server is None:
            made = House(folder, migrated=True)
            yield made
            made.store.close()
            return
        name = self.server.make(self.template)
        (folder / DATABASE_URL).write_text(self.server.url(name))
        write_bucket(folder, self.server.services)
        made = House(folder, migrated=True)
        yield made
        made.store.close()
        self.server.drop(name)


@pytest.fixture(scope="session")
def postgres(services: Services) -> PostgresServer:
    """The PostgreSQL server of this session."""
    services.start("postgresql")
    return PostgresServer(services)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Migrated:
    """A migrated house on SQLite."""
    made = House(tmp_path_factory.mktemp("migrated") / "house")
    made.store.close()
    return Migrated(made.folder)


@pytest.fixture(scope="session")
def migrated_postgresql(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Migrated:
    """A migrated house on PostgreSQL."""
    folder = tmp_path_factory.mktemp("migrated") / "house"
    folder.mkdir()
    template = postgres.make()
    (folder / DATABASE_URL).write_text(postgres.url(template))
    House(folder).store.close()
    return Migrated(folder, postgres, template)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest) -> Migrated:
    """A migrated house of each kind."""
    made = request.getfixturevalue(f"migrated_{request.param}")
    assert isinstance(made, Migrated)
    return made


@pytest.fixture
def house(migrated: Migrated, tmp_path: Path) -> Iterator[House]:
    """A datastore with real keys, closed at the end."""
    with migrated.copy(tmp_path / "house") as made:
        yield made


@pytest.fixture
def house_on_sqlite(migrated_sqlite: Migrated, tmp_path: Path) -> Iterator[House]:
    """`house`, for what only SQLite has."""
    with migrated_sqlite.copy(tmp_path / "house") as made:
        yield made


@pytest.fixture
def house_on_postgresql(migrated_postgresql: Migrated, tmp_path: Path) -> Iterator[House]:
    """`house`, for what only PostgreSQL has."""
    with migrated_postgresql.copy(tmp_path / "house") as made:
        yield made


@pytest.fixture(autouse=True)
def _witness_compared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In every transaction of these tests: what the witness takes from the session, the database has at the end."""
    taken = witness.written
    digested: list[tuple[Session, tuple[str, str], bytes]] = []

    def noted(row: Row) -> dict[str, object] | None:
        columns, session = taken(row), object_session(row)
        if columns is not None and session is not None:
            key = (row.__tablename__, str(columns["id"] if "id" in columns else columns["code"]))
            digested.append((session, key, canonical(columns)))
        return columns

    def compared(session: witness.Witnessed) -> None:
        if session.in_nested_transaction():
            return
        last = {key: columns for whose, key, columns in digested if whose is session}
        digested[:] = [one for one in digested if one[0] is not session]
        there = witness.read_back(session.connection(), last)
        for key, columns in last.items():
            if key in there:
                assert columns == canonical(there[key]), key
            else:  # deleted on purpose, later
                assert session.touched[key] is None, key

    def forgotten(session: witness.Witnessed, _before: object) -> None:
        """What was digested before a savepoint was taken back is digested anew."""
        digested[:] = [one for one in digested if one[0] is not session]

    monkeypatch.setattr(witness, "written", noted)
    event.listen(witness.Witnessed, "before_commit", compared)
    event.listen(witness.Witnessed, "after_soft_rollback", forgotten)
    yield
    event.remove(witness.Witnessed, "before_commit", compared)
    event.remove(witness.Witnessed, "after_soft_rollback", forgotten)


@pytest.fixture(autouse=True)
def _every_step_told() -> Iterator[None]:
    """In every transaction of these tests: a document's status never changes without its event in the outbox."""
    steps: list[tuple[DocumentRow, str]] = []

    def stepped(row: DocumentRow, status: str, _old: object, _initiator: object) -> None:
        steps.append((row, status))

    def told(session: Session) -> None:
        if session.in_nested_transaction():
            return
        ours = [(row, status) for row, status in steps if object_session(row) is session]
        for row, status in ours:
            type, subject = f"vn.khoso.document.{status}", f"documents/{row.id}"
            query = select(EventRow).where(EventRow.type == type, EventRow.subject == subject)
            assert session.scalars(query).first() is not None, type
        steps[:] = [step for step in steps if step not in ours]

    def came(row: DocumentRow, _args: object, values: dict[str, Any]) -> None:
        steps.append((row, values["status"]))

    event.listen(DocumentRow, "init", came)
    event.listen(DocumentRow.status, "set", stepped)
    event.listen(Session, "before_commit", told)
    yield
    event.remove(DocumentRow, "init", came)
    event.remove(DocumentRow.status, "set", stepped)
    event.remove(Session, "before_commit", told)
