"""Working off the job rows: one after the other, here or in a worker process, or after a crash.

A job is claimed by compare-and-set under the name of this process; a process that died gives its jobs back.
A step that fails is tried again later and at last set aside with its reason, for a person to look at.
"""

import time
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from api.house import House
from api.steps.archivist import extend_log
from api.steps.intake import read
from api.steps.job_kinds import MAKE_VALID, READ, SIGN, TELL_OUTSIDE
from api.steps.manifest import tell_outside
from api.steps.published import publish_when_old
from archive import Status
from common import KhosoError
from datastore import DatabaseBusy, DatabaseUnreachable, Job, StaleState, StorageFull
from ingest import PagePool, Refusal

_PAUSE = 0.2
"""Seconds between two looks at an empty queue; a person waits for no more."""

_RECOVER_EVERY = 30.0
"""Seconds between two looks of a worker for what dead processes left."""
_ATTEMPTS_BEFORE_REFUSAL = 2
"""The file was opened when it came: a slow moment or a killed child is not its fault, a second time is."""
_PAUSE_IN_TROUBLE = 10.0

OpenPool = Callable[[], PagePool]


def work_off(house: House, pool: OpenPool, *, until_done: Collection[UUID] = ()) -> int:
    """Does the jobs that wait, other people's too, until those on `until_done` have ended (or none is left).

    `pool` is opened when the first page has to be read. Returns how many jobs were done. Somebody who waits is
    told of a full disk at once (StorageFull), not after the last attempt.
    """
    recover(house)
    if not until_done:
        return _do_what_waits(house, pool)
    queue, done = house.datastore.queue, 0
    while queue.unfinished(until_done):
        did = _do_what_waits(house, pool, stopped=lambda: not queue.unfinished(until_done), impatient=True)
        done += did
        if not did:
            time.sleep(_PAUSE)  # another process has them, or a pause before the next attempt runs
            queue.reclaim(house.room.is_alive)
    return done


def serve_queue(house: House, pool: OpenPool, *, stopped: Callable[[], bool]) -> None:
    """Works until told to stop; the job in work is finished first. A full disk or a busy database is waited for."""
    while not stopped():
        try:
            recover(house)
            publish_when_old(house)
            _serve_until(house, pool, time.monotonic() + _RECOVER_EVERY, stopped)
        except (StorageFull, DatabaseBusy, DatabaseUnreachable) as error:
            house.steps.say(str(error))
            time.sleep(_PAUSE_IN_TROUBLE)


def _serve_until(house: House, pool: OpenPool, end: float, stopped: Callable[[], bool]) -> None:
    while not stopped() and time.monotonic() < end:
        if house.datastore.queue.waiting():
            _do_what_waits(house, pool, stopped=stopped)
        else:
            time.sleep(_PAUSE)


def _do_what_waits(
    house: House, pool: OpenPool, *, impatient: bool = False, stopped: Callable[[], bool] = lambda: False
) -> int:
    """Claims and does one job after the other; then the log follows."""
    done = 0
    while not stopped() and (job := house.datastore.queue.claim(house.room.worker)) is not None:
        failed = _do(house, pool, job)
        done += 1
        if impatient and isinstance(failed, StorageFull):
            raise failed  # whoever waits can free the disk; the job waits for that
    if done:
        extend_log(house)
    return done


def recover(house: House) -> None:
    """Makes good what a killed process left: its jobs wait again, its unnamed objects are deleted.

    While another process works, only objects that are a day old count as left behind: its own may be unnamed yet.
    """
    house.datastore.queue.reclaim(house.room.is_alive)
    age = timedelta(0) if house.room.alone() else timedelta(days=1)
    house.datastore.sweep_orphans(older_than=age)


def _do(house: House, pool: OpenPool, job: Job) -> KhosoError | None:
    """Does a job; the error for which it will be tried again, if there was one."""
    try:
        _step(house, pool, job)
    except Refusal as refusal:
        if job.attempts < _ATTEMPTS_BEFORE_REFUSAL:
            _give_back(house, job, refusal.code)
        else:
            _reject(house, job, refusal)
    except KhosoError as error:
        # StaleState too: a row changed under the step, or somebody else has the job now.
        _give_back(house, job, error.code)
        house.steps.say(f"{job.document_id}: {error.sentence}")
        return error
    except Exception as error:
        # The border of the queue: a fault of ours on one paper must not stop everybody else's. It is tried again,
        # set aside with its name, and shown by doctor; the traceback goes to whoever runs the program.
        traceback.print_exc()
        _give_back(house, job, f"fault:{type(error).__name__}")
    return None


def _step(house: House, pool: OpenPool, job: Job) -> None:
    # Late: what signs takes half a second to load, and most commands only look whether something waits.
    from api.steps.life import make_valid, sign_at_capture

    if job.kind == READ:
        read(house, pool(), job)
    elif job.kind == SIGN:
        sign_at_capture(house, job)
    elif job.kind == MAKE_VALID:
        make_valid(house, job)
    elif job.kind == TELL_OUTSIDE:
        tell_outside(house, job)
    else:
        _give_back(house, job, "unknown_kind", again=False)


def _give_back(house: House, job: Job, code: str, *, again: bool = True) -> None:
    with suppress(StaleState):  # it is somebody else's by now, and so is what becomes of it
        house.datastore.queue.fail(job, code, again=again)


def _reject(house: House, job: Job, refusal: Refusal) -> None:
    """A file that opened, and failed later: the paper is refused with the reason, and can be brought again.

    In one transaction with the end of the job: whoever lost the job meanwhile decides nothing.
    """
    with suppress(StaleState):
        with house.datastore.begin(house.system("read", agency=job.agency), "reject") as work:
            work.jobs.finish(job)
            work.documents.become(job.document_id, Status.REJECTED, reason=refusal.code)
        house.steps.say(f"{job.document_id}: {refusal.sentence}")


def retry_set_aside(house: House) -> int:
    """Queues again what was set aside for this agency; returns how many."""
    with house.datastore.begin(house.system("retry"), "retry_jobs") as work:
        jobs = work.jobs.set_aside()
        for job in jobs:
            work.jobs.retry(job.id)
    return len(jobs)
