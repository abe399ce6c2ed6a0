"""What the tests of reading share: one page pool for all of them, because loading its engine takes seconds."""

from collections.abc import Iterator

import pytest

from ingest import PagePool


@pytest.fixture(scope="session")
def pool() -> Iterator[PagePool]:
    """Return two reading processes with the loaded engine."""
    with PagePool(2) as running:
        yield running
