"""What every room's tests share: the folder of real files, and one rule for parts that are not there.

A real part (a folder of real files, a program such as poppler's `pdfsig`) may be missing on somebody's
machine: the test is then skipped and says so. Where the results count, with `CI=true`, the same gap fails:
a check that quietly did not run is worth nothing.
"""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from api.logs import line_handler
from tests.services import Services, own_services

CHECKOUT = Path(__file__).resolve().parent.parent


def real_part_missing(what: str) -> NoReturn:
    """End the running test because `what` is not on this machine: a failure with `CI=true`, else a skip."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{what} is missing, and with CI=true nothing may be left out", pytrace=False)
    pytest.skip(f"{what} is missing")


def program(name: str) -> str:
    """Return the path of an installed program: a second opinion (`pdfsig`, `qpdf`), a server (`clamd`)."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")  # where Debian keeps servers
    if found is None:
        real_part_missing(f"the program {name}")
    return found


@pytest.fixture(autouse=True, scope="session")
def _no_event_with_what_does_not_belong_into_the_log() -> Iterator[None]:
    """Every event that a test sets off is written strictly: a field that is not listed fails the test."""
    events = logging.getLogger("khoso")
    with Path(os.devnull).open("w") as nowhere:
        handler = line_handler("tests", stream=nowhere, strict=True)
        events.addHandler(handler)
        events.setLevel(logging.INFO)
        yield
        events.removeHandler(handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real letters, attacked signatures and hostile files beside the checkout."""
    folder = CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        real_part_missing("the folder ../shared/data")
    return folder


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """Private servers for this session; a test starts the parts that it needs, once for all that need them."""
    program("redis-server")
    if not any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        real_part_missing("PostgreSQL")
    with own_services() as running:
        yield running
