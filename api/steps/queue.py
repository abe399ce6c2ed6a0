"""Working off the job rows: one after the other, here or in a worker process, or after a crash.

A job is claimed by compare-and-set under the name of this process; a process that died gives its jobs back.
A step that fails is tried again later and at last set aside with its reason, for a person to look at.
"""

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from api.house import House
from api.steps.archivist import extend_log
from api.steps.intake import read
from api.steps.job_kinds import MAKE_VALID, READ, SIGN
from api.steps.published import publish_all
from archive import Status
from common import KhosoError
from datastore import Job, StaleState, StorageFull
from ingest import PagePool, Refusal, TookTooLong

_PAUSE = 0.2
"""Seconds between two looks at an empty queue; a person waits for no more."""

_RECOVER_EVERY = 30.0
"""Seconds between two looks of a worker for what dead processes left."""
_ATTEMPTS_WHEN_SLOW = 2
"""A slow moment of the machine is not the paper's fault; a second one is taken for its."""

OpenPool = Callable[[], PagePool]


def work_off(house: House, pool: OpenPool, *, until_done: Collection[UUID] = ()) -> int:
    """Does every job that waits, other people's too, until none is left and those on `until_done` have ended.

    `pool` is opened when the first page has to be read. Returns how many jobs were done. Somebody who waits is
    told of a full disk at once (StorageFull), not after the last attempt.
    """
    recover(house)
    done = _do_what_waits(house, pool, impatient=bool(until_done))
    while house.datastore.queue.unfinished(until_done):
        time.sleep(_PAUSE)  # another process has them, or a pause before the next attempt runs
        house.datastore.queue.reclaim(house.room.is_alive)
        done += _do_what_waits(house, pool, impatient=True)
    return done


def serve_queue(house: House, pool: OpenPool, *, stopped: Callable[[], bool]) -> None:
    """Works until told to stop; the job in work is finished first."""
    while not stopped():
        recover(house)
        looked_after = time.monotonic()
        while not stopped() and time.monotonic() - looked_after < _RECOVER_EVERY:
            if house.datastore.queue.waiting():
                _do_what_waits(house, pool, stopped=stopped)
            else:
                time.sleep(_PAUSE)


def _do_what_waits(
    house: House, pool: OpenPool, *, impatient: bool = False, stopped: Callable[[], bool] = lambda: False
) -> int:
    """Claims and does one job after the other; then the log and what is published follow."""
    done = 0
    while not stopped() and (job := house.datastore.queue.claim(house.room.worker)) is not None:
        failed = _do(house, pool, job)
        done += 1
        if impatient and isinstance(failed, StorageFull):
            raise failed  # whoever waits can free the disk; the job waits for that
    if done:
        extend_log(house)
        publish_all(house)
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
    # Loads pyHanko, which only whoever signs should wait for: commands that look import this module, too.
    from api.steps.life import make_valid, sign_at_capture

    try:
        if job.kind == READ:
            read(house, pool(), job)
        elif job.kind == SIGN:
            sign_at_capture(house, job)
        elif job.kind == MAKE_VALID:
            make_valid(house, job)
        else:
            house.datastore.queue.fail(job, "unknown_kind", again=False)
    except StaleState as stale:
        # A row changed under the step: it is tried again, unless somebody else has the job now.
        with suppress(StaleState):
            house.datastore.queue.fail(job, stale.code)
    except TookTooLong as refusal:
        if job.attempts < _ATTEMPTS_WHEN_SLOW:
            house.datastore.queue.fail(job, refusal.code)
        else:
            _reject(house, job, refusal)
    except Refusal as refusal:
        _reject(house, job, refusal)
    except KhosoError as error:
        house.datastore.queue.fail(job, error.code)
        house.steps.say(str(error))
        return error
    return None


def _reject(house: House, job: Job, refusal: Refusal) -> None:
    """A file that opened, and failed later: the paper is refused with the reason, and can be brought again."""
    with house.datastore.begin(house.system("read", agency=job.agency), "reject") as work:
        work.documents.become(job.document_id, Status.REJECTED, reason=refusal.code)
    house.datastore.queue.fail(job, refusal.code, again=False)
    house.steps.say(str(refusal))


def retry_set_aside(house: House) -> int:
    """Queues again what was set aside for this agency; returns how many."""
    with house.datastore.begin(house.system("retry"), "retry_jobs") as work:
        jobs = work.jobs.set_aside()
        for job in jobs:
            work.jobs.retry(job.id)
    return len(jobs)
