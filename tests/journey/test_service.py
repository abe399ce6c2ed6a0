"""The service while its servers die under it: nothing is lost, nothing is signed twice, nobody has to help."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.house import House, open_house
from api.progress import steps_on_stderr
from api.steps.intake import Paper, Person, Received, receive
from datastore import DatabaseBusy, DatabaseUnreachable, JobState
from tests.journey.installation import SAMPLES, Installation, in_service
from tests.services import Services

_PATIENCE = 240.0
_OWNERS = {"giay_khai_sinh.jpg": Person("040326489325")}
_OWNER = Person("040144985806")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, services: Services) -> Iterator[Installation]:
    with in_service(tmp_path_factory.mktemp("service"), services) as running:
        yield running
    assert running.leftovers() == []


@pytest.fixture
def web(place: Installation) -> Iterator[House]:
    """A process that takes papers in and holds no key."""
    with steps_on_stderr() as steps, open_house(place.read_settings, steps) as opened:
        assert (opened.keys.signers_here, opened.keys.log_here) == (None, None)
        yield opened


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + _PATIENCE
    while not what():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.2)


def bring(web: House, file: str) -> Received:
    paper = Paper((SAMPLES / file,), (_OWNERS.get(file, _OWNER),), compared=True)
    return receive(web, web.system("test"), paper)


def is_through(web: House, received: Received) -> bool:
    """Whether every job of the paper is done; while the database is away it cannot be told."""
    try:
        jobs = web.datastore.queue.of_documents([received.document.id])
    except (DatabaseUnreachable, DatabaseBusy):
        return False
    return len(jobs) == 3 and all(job.state is JobState.DONE for job in jobs)


def signers_of(web: House, received: Received) -> list[str]:
    with web.datastore.begin(web.system("test"), "look") as work:
        return [revision.role.value for revision in work.documents.get(received.document.id).revisions]


@pytest.mark.parametrize(
    ("part", "file"),
    [
        ("redis", "trich_luc_khai_tu.png"),
        ("minio", "thong_bao_ubnd.jpg"),
        ("postgresql", "giay_khai_sinh.jpg"),
    ],
)
def test_a_server_that_dies_delays_a_paper_and_no_more(
    web: House, services: Services, part: str, file: str
) -> None:
    received = bring(web, file)
    with services.killed(part):
        time.sleep(5)
    until(lambda: is_through(web, received))
    assert signers_of(web, received) == ["clerk"]
    assert web.datastore.queue.set_aside() == []


def test_an_object_store_that_is_away_for_long_makes_no_job_a_bad_one(web: House, services: Services) -> None:
    received = bring(web, "cong_van_ubnd.jpg")
    os.kill(services.process("minio"), signal.SIGKILL)
    try:
        until(lambda: any(job.last_error for job in web.datastore.queue.of_documents([received.document.id])))
        time.sleep(25)
    finally:
        services.start("minio")
    until(lambda: is_through(web, received))
    attempts = {job.attempts for job in web.datastore.queue.of_documents([received.document.id])}
    assert attempts == {1}
    assert signers_of(web, received) == ["clerk"]


def test_files_of_keys_are_where_the_settings_say_and_nowhere_else(place: Installation) -> None:
    names = {path.name.partition("-")[0] for path in (Path(place.data) / "pki").iterdir()}
    assert names == {"authority.json", "log.json", "clerk", "known"}
