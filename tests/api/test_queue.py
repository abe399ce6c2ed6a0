"""Jobs are done by whoever is there, and a step that fails is tried again or set aside, never lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api.cli import run
from api.cli.place import house
from api.exits import Exit
from api.house import page_pool_when_needed
from api.progress import steps_on_stderr
from api.steps.intake import Paper, Person, receive
from api.steps.queue import work_off
from archive import Status
from datastore import JobState

_SAMPLES = Path(__file__).parents[2] / "samples"
_OWNER = "040144985806"
_KHOSO = Path(sys.executable).with_name("khoso")


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


def _paper() -> Paper:
    return Paper((_SAMPLES / "trich_luc_khai_tu.png",), (Person(_OWNER),))


def test_a_worker_process_does_what_was_only_received_and_stops_when_asked() -> None:
    with steps_on_stderr() as steps, house(steps) as opened:
        received = receive(opened, opened.system("test"), _paper())
        worker = subprocess.Popen([_KHOSO, "worker"], stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 60
            while opened.datastore.queue.unfinished([received.document.id]) and time.monotonic() < deadline:
                time.sleep(0.2)
            with opened.datastore.begin(opened.system("test"), "look") as work:
                assert work.documents.get(received.document.id).status is Status.PROVISIONAL
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.communicate(timeout=30)
        assert worker.returncode == 0


def test_a_killed_process_gives_its_job_back(tmp_path: Path) -> None:
    claims = """
import os, sys, time
from api.cli.place import house
from api.progress import steps_on_stderr
with steps_on_stderr() as steps, house(steps) as opened:
    print(opened.datastore.queue.claim(opened.room.worker).kind, flush=True)
    time.sleep(60)
"""
    with steps_on_stderr() as steps, house(steps) as opened:
        received = receive(opened, opened.system("test"), _paper())
        child = subprocess.Popen([sys.executable, "-c", claims], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "read"
        assert opened.datastore.queue.claim(opened.room.worker) is None
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        with page_pool_when_needed(opened.settings) as pool:
            work_off(opened, pool, until_done=[received.document.id])
        with opened.datastore.begin(opened.system("test"), "look") as work:
            assert work.documents.get(received.document.id).status is Status.PROVISIONAL


def test_a_job_of_a_kind_that_nobody_knows_is_set_aside_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with steps_on_stderr() as steps, house(steps) as opened:
        actor = opened.system("test")
        received = receive(opened, actor, _paper())
        with opened.datastore.begin(actor, "test") as work:
            work.jobs.enqueue("teleport", received.document.id)
        with page_pool_when_needed(opened.settings) as pool:
            work_off(opened, pool, until_done=[received.document.id])
        with opened.datastore.begin(actor, "test") as work:
            (aside,) = work.jobs.set_aside()
    assert (aside.kind, aside.state, aside.last_error) == ("teleport", JobState.SET_ASIDE, "unknown_kind")
    capsys.readouterr()
    assert run(["doctor"]) == Exit.OUT_OF_REACH
    told = capsys.readouterr().out
    assert "khoso worker --once --retry" in told
    assert "unknown_kind" in told
