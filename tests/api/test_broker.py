"""Workers in processes of their own, woken through Redis: it may die, hang, lose everything or tell things twice."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from api.cli.place import house
from api.connectors.broker import Wakes, queue_name
from api.house import House
from api.progress import steps_on_stderr
from api.steps import health
from api.steps.doctor import examine
from api.steps.intake import Paper, Person, receive
from api.steps.readiness import Readiness, Standing
from datastore import Job, JobRole, JobState
from tests.services import Services

_SAMPLES = Path(__file__).parents[2] / "samples"
_PAPERS = ("trich_luc_khai_tu.png", "giay_khai_sinh.jpg", "quyet_dinh_ubnd.tif", "thong_bao_ubnd.jpg")
_OWNERS = {"giay_khai_sinh.jpg": Person("040326489325")}
_OWNER = Person("040144985806")
_KHOSO = Path(sys.executable).with_name("khoso")
_PATIENCE = 120.0
READER = frozenset({JobRole.READER})


@pytest.fixture
def broker(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    url = services.start("redis")["KHOSO_BROKER_URL"]
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("KHOSO_BROKER_URL", url)
    client = redis.Redis.from_url(url)
    client.flushall()
    yield client
    client.close()


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the service; at the end it is told to stop, and must do so well."""
    process = subprocess.Popen([_KHOSO, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def service() -> Iterator[list[subprocess.Popen[bytes]]]:
    """A worker of each role, and the beat."""
    with ExitStack() as stack:
        roles = [("worker", "--role", role.value) for role in JobRole]
        yield [stack.enter_context(running(*words)) for words in (*roles, ("beat",))]


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + _PATIENCE
    while not what():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.1)


def brought(opened: House, paper: str, pages: int = 1) -> Callable[[], list[Job]]:
    """Takes a paper in; the jobs of it, when asked."""
    owner = _OWNERS.get(paper, _OWNER)
    handed_in = Paper((_SAMPLES / paper,) * pages, (owner,), compared=True)
    received = receive(opened, opened.system("test"), handed_in)
    return lambda: opened.datastore.queue.of_documents([received.document.id])


def is_done(jobs: list[Job]) -> bool:
    return len(jobs) == 3 and all(job.state is JobState.DONE for job in jobs)


def test_papers_are_signed_once_though_the_broker_dies_is_wiped_and_tells_things_twice(
    broker: redis.Redis, services: Services
) -> None:
    with steps_on_stderr() as steps, house(steps) as opened, service() as processes:
        first = brought(opened, _PAPERS[0])
        until(lambda: is_done(first()))
        broker.flushall()
        second = brought(opened, _PAPERS[1])
        for _ in range(20):
            opened.wake(frozenset(JobRole))
        with services.killed("redis"):
            third = brought(opened, _PAPERS[2])
        for jobs in (second, third):
            until(lambda jobs=jobs: is_done(jobs()))  # type: ignore[misc]
        assert [process.poll() for process in processes] == [None] * 4
        assert {job.attempts for jobs in (first, second, third) for job in jobs()} == {1}
        for jobs in (first, second, third):
            with opened.datastore.begin(opened.system("test"), "look") as work:
                document = work.documents.get(jobs()[0].document_id)
            assert [revision.role.value for revision in document.revisions] == ["clerk"]
    assert [process.returncode for process in processes] == [0] * 4


def test_a_worker_that_the_broker_refuses_waits_and_goes_on(broker: redis.Redis) -> None:
    """Redis refuses whatever writes while its disk is full: workers ended then."""

    def refusals() -> int:
        return int(broker.info("errorstats").get("errorstat_NOREPLICAS", {"count": 0})["count"])

    with (
        steps_on_stderr() as steps,
        house(steps) as opened,
        running("worker", "--role", "reader") as reader,
    ):
        until(lambda: broker.info("clients")["blocked_clients"] == 1)
        before = refusals()
        broker.config_set("min-replicas-to-write", 1)
        try:
            until(lambda: refusals() > before + 3)
        finally:
            broker.config_set("min-replicas-to-write", 0)
        jobs = brought(opened, _PAPERS[0])

        def read() -> bool:
            opened.wake(READER)
            return jobs()[0].state is JobState.DONE

        until(read)
        assert reader.poll() is None
    assert reader.returncode == 0


def test_a_worker_killed_in_its_work_is_followed_by_another(broker: redis.Redis) -> None:
    with steps_on_stderr() as steps, house(steps) as opened:
        with running("worker", "--role", "reader") as reader:
            jobs = brought(opened, _PAPERS[3], pages=30)
            until(lambda: jobs()[0].done)
            os.kill(reader.pid, signal.SIGKILL)
            reader.wait()
        broker.flushall()
        with running("beat"), running("worker", "--role", "reader") as second:
            until(lambda: jobs()[0].attempts == 2 and jobs()[0].done)
            second.send_signal(signal.SIGTERM)
            second.wait(60)
            assert second.returncode == 0
        (job,) = jobs()
    assert (job.state, job.deaths, job.attempts, job.last_error) == (JobState.QUEUED, 1, 1, "worker_died")


def test_a_message_holds_a_role_and_nothing_about_a_paper(broker: redis.Redis) -> None:
    with steps_on_stderr() as steps, house(steps) as opened:
        (job,) = brought(opened, _PAPERS[0])()
    (raw,) = [
        one.decode() if isinstance(one, bytes) else one
        for one in broker.lrange(queue_name(JobRole.READER), 0, -1)
    ]
    message = json.loads(raw)
    assert json.loads(base64.b64decode(message["body"]))[0] == ["reader", None]
    assert _OWNER.identifier not in raw
    assert str(job.document_id) not in raw


def test_a_broker_that_hangs_or_is_gone_fails_nobody_and_is_found_again(
    broker: redis.Redis, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.connectors.broker._TRY_AGAIN_AFTER", 0.0)
    wakes = Wakes(services.settings["KHOSO_BROKER_URL"])
    for trouble in (services.frozen, services.killed):
        with trouble("redis"):
            wakes(READER)
        broker.flushall()
        wakes(READER)
        assert broker.llen(queue_name(JobRole.READER)) == 1
    wakes.close()


def test_a_broker_that_hangs_or_is_gone_is_told_and_papers_are_still_taken_in(
    broker: redis.Redis, services: Services
) -> None:
    """Nothing said so while papers stayed `received`: `/readyz` was well and doctor silent."""
    with steps_on_stderr() as steps, house(steps) as opened:
        readiness = Readiness(health.checks_of(opened), keep=0, patience=30)

        def told() -> tuple[Standing, str | None, bool]:
            report, (found,) = readiness.look(), [one for one in examine(opened) if one.check == "broker"]
            seen = report.checks["broker"]
            assert report.ready
            return seen.standing, None if seen.reason is None else seen.reason.code, found.well

        assert told() == (Standing.WELL, None, True)
        for trouble in (services.frozen, services.killed):
            with trouble("redis"):
                assert told() == (Standing.DEGRADED, "broker_away", False)
        assert told() == (Standing.WELL, None, True)


def test_where_there_is_no_broker_none_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    with steps_on_stderr() as steps, house(steps) as opened:
        assert "broker" not in health.checks_of(opened)


def test_after_a_failure_the_broker_is_left_alone_for_a_while(services: Services) -> None:
    wakes = Wakes("redis://127.0.0.1:1/0")
    wakes(READER)
    assert wakes._not_before > time.monotonic()
    wakes.close()


def test_a_broker_without_workers_does_not_fill_up(broker: redis.Redis, services: Services) -> None:
    wakes = Wakes(services.settings["KHOSO_BROKER_URL"])
    for _ in range(150):
        wakes(READER)
    wakes.close()
    assert broker.llen(queue_name(JobRole.READER)) == 100
