"""The fixture of this room's tests: a fresh datastore on disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.datastore.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A migrated datastore with real keys, closed at the end."""
    made = House(tmp_path / "house")
    yield made
    made.store.close()
