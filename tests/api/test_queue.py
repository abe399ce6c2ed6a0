"""Jobs are done by whoever is there, and a step that fails is tried again or set aside, never lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from api.cli import run
from api.cli.place import house
from api.exits import Exit
from api.house import House, open_house, page_pool_when_needed
from api.progress import Unheard, steps_on_stderr
from api.settings import Settings
from api.steps import changes, health, job_kinds
from api.steps.intake import Paper, Person, receive
from api.steps.job_kinds import MAKE_VALID, SIGN
from api.steps.queue import _wait_for, never, retry_set_aside, work_awhile, work_off
from api.steps.readiness import Standing
from api.words import known_in_words
from archive import Ground, Status
from datastore import Job, JobKind, JobRole, JobState, SigningState
from datastore.jobs import ATTEMPTS
from signing import Role, TimeStampUnusable
from signing.pki import DevelopmentSigners
from signing.timestamps import DevelopmentTimeStamper
from tests.api.http.papers import page
from tests.api.http.servers import Quiet
from tests.api.test_courier import Clock

_SAMPLES = Path(__file__).parents[2] / "samples"
_OWNER = "040144985806"
_BEFORE, _AFTER = (DevelopmentSigners, "signer"), (DevelopmentTimeStamper, "stamp")
"""What is called just before and just after a key is used."""
_KHOSO = Path(sys.executable).with_name("khoso")


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


def _paper() -> Paper:
    return Paper((_SAMPLES / "trich_luc_khai_tu.png",), (Person(_OWNER),), compared=True)


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


def test_a_worker_told_to_stop_hands_back_the_page_in_work(tmp_path: Path) -> None:
    page = _SAMPLES / "trich_luc_khai_tu.png"
    with steps_on_stderr() as steps, house(steps) as opened:
        received = receive(
            opened, opened.system("test"), Paper((page,) * 40, (Person(_OWNER),), compared=True)
        )
        queue = opened.datastore.queue
        worker = subprocess.Popen([_KHOSO, "worker"], stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                (job,) = queue.of_documents([received.document.id])
                if job.done:
                    break
                time.sleep(0.1)
            assert (job.state, job.total) == (JobState.CLAIMED, 40)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.communicate(timeout=30)
        assert worker.returncode == 0
        (job,) = queue.of_documents([received.document.id])
    assert (job.state, job.claimed_by, job.attempts, job.deaths) == (JobState.QUEUED, None, 0, 0)


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
            work.jobs.enqueue(JobKind("teleport", JobRole.READER), received.document.id)
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
    assert run(["jobs", "list", "--json"]) == Exit.DONE
    (listed,) = json.loads(capsys.readouterr().out)["set_aside"]
    assert (listed["id"], listed["reason"]) == (str(aside.id), "unknown_kind")
    assert run(["jobs", "list"]) == Exit.DONE
    assert "  teleport  " in capsys.readouterr().out
    assert run(["jobs", "retry", str(aside.id), "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {"queued": 1}
    assert run(["jobs", "retry", str(aside.id)]) == Exit.BAD_INPUT


def test_every_kind_of_job_has_words_for_whoever_looks_at_the_queue() -> None:
    kinds = [each.name for each in vars(job_kinds).values() if isinstance(each, JobKind)]
    assert len(kinds) >= 8
    assert [kind for kind in kinds if known_in_words("work", kind) == kind] == []
    assert known_in_words("work", "make_valid") == "cho có hiệu lực / make_valid"


def test_an_outage_of_the_time_stamp_authority_is_waited_for_over_days_and_then_somebody_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It once counted as attempts: after some minutes good papers were set aside as poison."""
    clock = Clock()
    with (
        open_house(Settings(data_dir=tmp_path / "var", workers=1), Quiet(), clock) as opened,
        page_pool_when_needed(opened.settings) as pool,
    ):
        received = receive(opened, opened.system("test"), _paper())
        papers = [received.document.id]
        with monkeypatch.context() as outage:
            stamp = DevelopmentTimeStamper.stamp
            outage.setattr(
                DevelopmentTimeStamper, "stamp", lambda self, digest: stamp(self, sha256(digest).digest())
            )
            for _ in range(2 * ATTEMPTS):
                with pytest.raises(TimeStampUnusable):  # who waits is told at once
                    work_off(opened, pool, until_done=papers)
                clock.wait(timedelta(minutes=1))
            (job,) = [one for one in opened.datastore.queue.of_documents(papers) if one.kind == SIGN.name]
            assert (job.state, job.attempts, job.last_error) == (JobState.QUEUED, 0, "time_stamp_unusable")
            assert health.time_stamps(opened).standing is Standing.DEGRADED
            for days in (2, 2):
                clock.wait(timedelta(days=days))
                with pytest.raises(TimeStampUnusable):
                    work_off(opened, pool, until_done=papers)
            (aside,) = opened.datastore.queue.set_aside()
            assert (aside.id, aside.last_error) == (job.id, "time_stamp_unusable")
        assert retry_set_aside(opened) == 1
        work_off(opened, pool, until_done=papers)
        assert health.time_stamps(opened).standing is Standing.WELL
        with opened.datastore.begin(opened.system("test"), "look") as work:
            signed = work.documents.get(received.document.id)
    assert (signed.status, len(signed.revisions)) == (Status.PROVISIONAL, 1)


@pytest.mark.parametrize(
    ("kind", "moment", "revisions", "signings"),
    [
        (SIGN, _BEFORE, [], {}),
        (SIGN, _AFTER, [], {Role.CLERK: SigningState.SIGNED}),
        (
            MAKE_VALID,
            _AFTER,
            [Role.CLERK],
            {Role.CLERK: SigningState.COMPLETED, Role.AGENCY: SigningState.SIGNED},
        ),
    ],
    ids=["before", "clerk", "agency"],
)
def test_a_paper_that_is_ended_while_it_is_signed_ends_its_job_well_and_does_not_get_the_signature(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: JobKind,
    moment: tuple[type, str],
    revisions: list[Role],
    signings: dict[Role, SigningState],
) -> None:
    """The job failed, and only its second attempt saw that nothing was left to do; and the key was used for it."""
    ended = {SIGN: Status.REJECTED, MAKE_VALID: Status.REVOKED}[kind]
    with (
        open_house(Settings(data_dir=tmp_path / "var", workers=1), Quiet()) as opened,
        page_pool_when_needed(opened.settings) as pool,
    ):
        actor, at_the_moment = opened.system("test"), getattr(*moment)

        def bring(shade: int, ground: Ground | None = None) -> UUID:
            (tmp_path / "page.png").write_bytes(page(shade))
            files, owners = (tmp_path / "page.png",), (Person(_OWNER),)
            paper = Paper(files, owners, doc_type="THONG_BAO", ground=ground, compared=True)
            return receive(opened, actor, paper).document.id

        def end_and_go_on(*arguments: object) -> object:
            with opened.datastore.begin(actor, "look") as work:
                status = work.documents.get(paper).status
            if (kind, status) == (SIGN, Status.CHECKED):
                changes.put_away(opened, actor, paper, kept, "Quét hai lần")
            if (kind, status) == (MAKE_VALID, Status.PROVISIONAL):
                changes.revoke(opened, actor, paper, "Cấp sai")
            return at_the_moment(*arguments)

        kept = bring(1, Ground.BACK_FILE)
        work_off(opened, pool, until_done=[kept])
        paper = bring(2, Ground.BACK_FILE)
        monkeypatch.setattr(*moment, end_and_go_on)
        work_off(opened, pool, until_done=[paper])
        (job,) = [one for one in opened.datastore.queue.of_documents([paper]) if one.kind == kind.name]
        with opened.datastore.begin(actor, "look") as work:
            document = work.documents.get(paper)
            made = {one.role: one.state for one in work.signings.of_document(paper)}
    assert (job.state, job.attempts, document.status) == (JobState.DONE, 1, ended)
    assert ([one.role for one in document.revisions], made) == (revisions, signings)


@dataclass
class Watched(Unheard):
    """What whoever waits is shown; it ends with the first page."""

    end: Callable[[], None]
    shown: list[str] = field(default_factory=list)

    def start(self, what: str, total: int) -> None:
        self.shown.append(what.split()[-1])

    def reached(self, done: int, total: int) -> None:
        self.shown.append(f"{done}/{total}")
        self.end()


def test_whoever_waits_for_two_papers_is_shown_the_one_that_is_read_and_not_the_finished_one(
    tmp_path: Path,
) -> None:
    """The finished one keeps its last page: it stood there until the other one was finished as well."""
    jobs: list[Job] = []

    def finish(opened: House, job: Job) -> None:
        with opened.datastore.begin(opened.system("read"), "finish") as work:
            work.jobs.finish(job)

    steps = Watched(lambda: finish(opened, jobs[1]))
    with house(steps) as opened:
        scans = [tmp_path / f"{shade}.png" for shade in range(2)]
        for shade, scan in enumerate(scans):
            scan.write_bytes(page(shade))
            receive(opened, opened.system("test"), Paper((scan,)))
            claimed = opened.datastore.queue.claim(opened.room.worker)
            assert claimed is not None
            jobs.append(opened.datastore.queue.renew(claimed, done=1, total=2 + shade))
        finish(opened, jobs[0])
        _wait_for(opened, [job.document_id for job in jobs])
    assert steps.shown == [str(jobs[1].document_id), "1/3"]


def test_an_outage_stops_the_round_and_leaves_the_jobs_behind_it_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every job that waited was tried in vain and put off, so that after a short outage all of them waited longer."""
    with (
        open_house(Settings(data_dir=tmp_path / "var", workers=1), Quiet()) as opened,
        page_pool_when_needed(opened.settings) as pool,
    ):
        for shade in (1, 2):
            (tmp_path / "page.png").write_bytes(page(shade))
            paper = Paper((tmp_path / "page.png",), (Person(_OWNER),), doc_type="THONG_BAO", compared=True)
            receive(opened, opened.system("test"), paper)
        work_awhile(opened, pool, JobRole.READER, stopped=never)
        stamp = DevelopmentTimeStamper.stamp
        monkeypatch.setattr(
            DevelopmentTimeStamper, "stamp", lambda self, digest: stamp(self, sha256(digest).digest())
        )
        work_awhile(opened, pool, JobRole.SIGNER, stopped=never)
        assert opened.datastore.queue.waiting() == 1
