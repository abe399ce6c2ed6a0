"""The fixtures of this room's tests: a fresh datastore on disk for each."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import object_session

from archive.canonical import canonical
from datastore import witness
from datastore.rows import Row
from tests.datastore.house import House


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a datastore that was migrated and closed, to be copied: migrating takes longer than most tests."""
    made = House(tmp_path_factory.mktemp("migrated") / "house")
    made.store.close()
    return made.folder


@pytest.fixture
def house(migrated: Path, tmp_path: Path) -> Iterator[House]:
    """A datastore with real keys, closed at the end."""
    made = House(shutil.copytree(migrated, tmp_path / "house"), migrated=True)
    yield made
    made.store.close()


@pytest.fixture(autouse=True)
def _witness_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every transaction of these tests: what the witness takes from the session is what the database has."""
    taken = witness.written

    def compared(row: Row) -> dict[str, object] | None:
        columns, session = taken(row), object_session(row)
        if columns is not None and session is not None:
            key = (row.__tablename__, str(columns["id"] if "id" in columns else columns["code"]))
            kept = witness.read_back(session.connection(), [key])[key]
            assert canonical(columns) == canonical(kept), key
        return columns

    monkeypatch.setattr(witness, "written", compared)
