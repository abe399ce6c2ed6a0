"""One server for all tests of a module."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.http.servers import Service, service


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A fresh installation behind a real server."""
    with service(tmp_path_factory.mktemp("served")) as up:
        yield up


@pytest.fixture
def clerk(served: Service) -> Iterator[httpx.Client]:
    """A clerk of the installation's own agency."""
    with served.signed_in() as client:
        yield client


@pytest.fixture
def handler(served: Service) -> Iterator[httpx.Client]:
    """A handling officer of the installation's own agency."""
    with served.signed_in("handler", person="hoa.le") as client:
        yield client
