"""The fixtures of this room's tests: a fresh datastore on disk for each."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

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
