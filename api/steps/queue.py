"""Working off the job rows: one after the other, here or in a worker process, or after a crash.

A job is claimed by compare-and-set under the name of this process, for a minute at a time: a thread beside
the work renews the claim and writes down how far it is. A process that died gives its jobs back; one that is
told to stop hands its job back after the page in work, as if it had never been tried. A step that fails is
tried again later and at last set aside with its reason, for a person to look at.
"""

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from api.deliver import require_free
from api.house import House
from api.logs import log, tell_fault
from api.metrics import JOB_SECONDS, JOBS, timed
from api.outages import OUTAGES, patience_with
from api.steps.archivist import extend_log
from api.steps.at_work import AtWork, ToldToStop
from api.steps.intake import read
from api.steps.job_kinds import (
    LIST_PRINTS,
    MAKE_SHEETS,
    MAKE_VALID,
    PROTECT,
    READ,
    SEAL_PRINTS,
    SIGN,
    TELL_OUTSIDE,
)
from api.steps.manifest import tell_outside
from api.steps.paper_copy import Printed
from api.steps.printing import (
    deliver_print,
    list_prints,
    make_sheets,
    print_document,
    request_print,
    seal_prints,
    take_back_abandoned,
)
from api.steps.protect import protect
from api.steps.published import publish_when_old, tell_facts
from api.traces import Trace, within
from archive import Status
from common import KhosoError, say
from datastore import (
    Actor,
    DatabaseBusy,
    DatabaseUnreachable,
    Job,
    JobRole,
    JobState,
    NotFound,
    StaleState,
)
from ingest import PagePool, Refusal

_PAUSE = 0.2
"""Seconds between two looks at an empty queue; a person waits for no more."""

_RECOVER_EVERY = 30.0
"""Seconds between two looks of a worker for what dead processes left."""
_ATTEMPTS_BEFORE_REFUSAL = 2
"""The file was opened when it came: a slow moment or a killed child is not its fault, a second time is."""
_PAUSE_IN_TROUBLE = 3.0
_WARN_AFTER = 10.0
"""Seconds until who waits is told whom for."""
_PATIENCE_WITH_DATABASE = 40.0
"""Seconds, well inside the lease of a job."""
_AWHILE = 60.0
"""Seconds of work before a worker looks up and hears what else it was told."""

OpenPool = Callable[[], PagePool]
Roles = frozenset[JobRole]
EVERY_ROLE: Roles = frozenset(JobRole)


def never() -> bool:
    """Nobody asks this process to stop."""
    return False


def work_off(house: House, pool: OpenPool, *, until_done: Collection[UUID] = ()) -> int:
    """Does the jobs that wait, other people's too, until those on `until_done` have ended (or none is left).

    `pool` is opened when the first page has to be read. Returns how many jobs were done. Somebody who waits is
    told of a full disk or a server out of reach at once, not when it is there again. In service the work is waited
    for: the workers do it, which hold the keys.
    """
    if house.settings.broker is not None:
        _wait_for(house, until_done)
        return 0
    recover(house)
    if not until_done:
        return _do_what_waits(house, pool)
    queue, done = house.datastore.queue, 0
    while queue.unfinished(until_done):
        did = _do_what_waits(house, pool, enough=lambda: not queue.unfinished(until_done), impatient=True)
        done += did
        if not did:
            time.sleep(_PAUSE)  # another process has them, or a pause before the next attempt runs
            queue.reclaim(house.room.is_alive)
    return done


def _wait_for(house: House, documents: Collection[UUID]) -> None:
    """Shows how far the workers are with these papers, until they have ended."""
    since, told, warned = time.monotonic(), None, False
    while documents and house.datastore.queue.unfinished(documents):
        jobs = house.datastore.queue.of_documents(documents)
        # A finished one keeps its last page: only one that is claimed goes on.
        at_work = next((job for job in jobs if job.state is JobState.CLAIMED and job.total is not None), None)
        if at_work is not None and (at_work.id, at_work.done) != told:
            if told is None or told[0] != at_work.id:
                house.steps.start(f"{say('step_reading')} {at_work.document_id}", at_work.total or 0)
            house.steps.reached(at_work.done or 0, at_work.total or 0)
            told = (at_work.id, at_work.done)
        elif not warned and time.monotonic() - since > _WARN_AFTER:
            house.steps.say(str(say("work_waits")))
            warned = True
        time.sleep(_PAUSE)


def print_out(house: House, actor: Actor, document_id: UUID, *, to: str, reason: str, out: Path) -> Printed:
    """Prints a paper into the file `out`, by itself or through the workers of the service."""
    if house.settings.broker is None:
        return print_document(house, actor, document_id, to=to, reason=reason, out=out)
    require_free(out)
    entry = request_print(house, actor, document_id, to=to, reason=reason)
    _wait_for(house, [document_id])
    return deliver_print(house, actor, entry.id, out)


def serve_queue(
    house: House, pool: OpenPool, *, stopped: Callable[[], bool], roles: Roles = EVERY_ROLE
) -> None:
    """Works until told to stop; the page in work is finished first. The end of an outage is waited for."""
    while not stopped():
        try:
            recover(house)
            _keep_public(house)
            _serve_until(house, pool, time.monotonic() + _RECOVER_EVERY, stopped, roles)
        except OUTAGES as error:
            house.steps.say(str(error))
            _sleep(_PAUSE_IN_TROUBLE, stopped)


def work_awhile(house: House, pool: OpenPool, role: JobRole, *, stopped: Callable[[], bool]) -> bool:
    """Does the jobs of one role until none waits or a while is over; whether some may wait still.

    What is out of reach is said and left: whoever wakes workers does it again.
    """
    end = time.monotonic() + _AWHILE
    try:
        if role is JobRole.SIGNER:
            tell_facts(house)
        if role is JobRole.ARCHIVIST:
            _keep_public(house)
            extend_log(house)
        _do_what_waits(
            house, pool, enough=lambda: time.monotonic() > end, stopped=stopped, roles=frozenset({role})
        )
    except OUTAGES as error:
        house.steps.say(str(error))
        return False
    return time.monotonic() > end and not stopped()


def _keep_public(house: House) -> None:
    if house.keys.log_here is not None:
        publish_when_old(house)


def able(house: House) -> Roles:
    """The roles of which this process holds the keys; reading pages needs none."""
    signs = {JobRole.SIGNER} if house.keys.signers_here is not None else set()
    keeps_log = {JobRole.ARCHIVIST} if house.keys.log_here is not None else set()
    return frozenset({JobRole.READER, *signs, *keeps_log})


def _serve_until(house: House, pool: OpenPool, end: float, stopped: Callable[[], bool], roles: Roles) -> None:
    while not stopped() and time.monotonic() < end:
        if house.datastore.queue.roles_waiting() & roles:
            _do_what_waits(house, pool, stopped=stopped, roles=roles, impatient=True)
        else:
            time.sleep(_PAUSE)


def _sleep(seconds: float, stopped: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stopped() and time.monotonic() < end:
        time.sleep(_PAUSE)


def _do_what_waits(
    house: House,
    pool: OpenPool,
    *,
    enough: Callable[[], bool] = never,
    stopped: Callable[[], bool] = never,
    roles: Roles = EVERY_ROLE,
    impatient: bool = False,
) -> int:
    """Claims and does one job after the other, until there are `enough`; then the log follows.

    `stopped` ends the job in work as well, which is handed back. An outage ends the round after the job that met it:
    those behind it would meet it too, and would all have to wait after its end.
    """
    done = 0
    while not stopped() and not enough():
        job = house.datastore.queue.claim(house.room.worker, roles & able(house))
        if job is None:
            break
        failed = _do(house, pool, job, stopped)
        done += 1
        if isinstance(failed, OUTAGES) and not isinstance(failed, DatabaseBusy):
            if impatient:
                raise failed  # whoever waits can do something about it; the job waits for that
            break
    if done and house.keys.log_here is not None:
        extend_log(house)
    return done


def recover(house: House) -> None:
    """Makes good what a killed process left: its jobs wait again, its unnamed objects are deleted.

    While another process works, here or (in service) anywhere, only objects that are a day old count as left behind:
    its own may be unnamed yet.
    """
    house.datastore.queue.reclaim(house.room.is_alive)
    take_back_abandoned(house)
    alone = house.settings.embedded and house.room.alone()
    age = timedelta(0) if alone else timedelta(days=1)
    house.datastore.forget_uploads()
    house.datastore.sweep_orphans(older_than=age)


def _do(house: House, pool: OpenPool, job: Job, stopped: Callable[[], bool]) -> KhosoError | None:
    """Does a job; the error for which it will be tried again, if there was one."""
    with within(Trace.go_on(job.trace)):
        return _do_traced(house, pool, job, stopped)


def _do_traced(house: House, pool: OpenPool, job: Job, stopped: Callable[[], bool]) -> KhosoError | None:
    try:
        with AtWork(house.datastore.queue, job, stopped) as at_work, timed(JOB_SECONDS.labels(job.kind)):
            _step(house, pool, job, at_work)
    except ToldToStop:
        _hand_back(house, job)
    except KeyboardInterrupt:
        _hand_back(house, job)
        raise
    except Refusal as refusal:
        if job.kind != READ.name or job.attempts < _ATTEMPTS_BEFORE_REFUSAL:
            _give_back(house, job, refusal.code)
        else:
            _reject(house, job, refusal)
    except OUTAGES as error:
        _await_end(house, job, error)
        return error
    except KhosoError as error:
        # StaleState too: a row changed under the step, or somebody else has the job now.
        _give_back(house, job, error.code)
        house.steps.say(f"{job.document_id}: {error.sentence}")
        return error
    except Exception as error:
        # The border of the queue: a fault of ours on one paper must not stop everybody else's. It is tried again,
        # set aside with its name, and shown by doctor; where it happened goes to whoever runs the program.
        tell_fault("job_fault", kind=job.kind, job=job.id, document=job.document_id)
        _give_back(house, job, f"fault:{type(error).__name__}")
    return None


def _step(house: House, pool: OpenPool, job: Job, at_work: AtWork) -> None:
    # Late: what signs takes half a second to load, and most commands only look whether something waits.
    from api.steps.life import make_valid, sign_at_capture

    simple = {
        SIGN.name: sign_at_capture,
        MAKE_VALID.name: make_valid,
        TELL_OUTSIDE.name: tell_outside,
        SEAL_PRINTS.name: seal_prints,
        LIST_PRINTS.name: list_prints,
        MAKE_SHEETS.name: make_sheets,
        PROTECT.name: protect,
    }
    if job.kind == READ.name:
        read(house, pool(), job, at_work.reached)
    elif job.kind in simple:
        simple[job.kind](house, job)
    else:
        _give_back(house, job, "unknown_kind", again=False)
        return
    _write_down("done", job)


def _write_down(outcome: str, job: Job, code: str | None = None) -> None:
    """How a job ended here: for the log, and for the counters."""
    JOBS.labels(job.kind, outcome).inc()
    write = log.info if code is None else log.warning
    write(
        f"job_{outcome}",
        kind=job.kind,
        job=job.id,
        document=job.document_id,
        agency=job.agency,
        attempts=job.attempts,
        code=code,
    )


def _write_down_given(given: Job, job: Job, code: str) -> None:
    _write_down("set_aside" if given.state is JobState.SET_ASIDE else "failed", job, code)


def _hand_back(house: House, job: Job) -> None:
    with suppress(StaleState):  # it was finished, or is somebody else's by now
        _in_the_end(lambda: house.datastore.queue.hand_back(job))
        _write_down("handed_back", job)


def _in_the_end(action: Callable[[], Job]) -> Job:
    """Through a restart of the database: a job that nobody gives back looks as if its worker had died."""
    end = time.monotonic() + _PATIENCE_WITH_DATABASE
    while True:
        try:
            return action()
        except (DatabaseBusy, DatabaseUnreachable):
            if time.monotonic() > end:
                raise
            time.sleep(1.0)


def _give_back(house: House, job: Job, code: str, *, again: bool = True) -> None:
    with suppress(StaleState):  # it is somebody else's by now, and so is what becomes of it
        given = _in_the_end(lambda: house.datastore.queue.fail(job, code, again=again))
        _write_down_given(given, job, code)


def _await_end(house: House, job: Job, outage: KhosoError) -> None:
    """It waits until what is out of reach is there again, however often it has to ask."""
    house.steps.say(str(outage))
    queue, patience = house.datastore.queue, patience_with(outage)
    with suppress(StaleState):
        given = _in_the_end(lambda: queue.await_end(job, outage.code, patience=patience))
        _write_down_given(given, job, outage.code)


def _reject(house: House, job: Job, refusal: Refusal) -> None:
    """A file that opened, and failed later: the paper is refused with the reason, and can be brought again.

    In one transaction with the end of the job: whoever lost the job meanwhile decides nothing.
    """
    with suppress(StaleState):
        with house.datastore.begin(house.system("read", agency=job.agency), "reject") as work:
            work.jobs.finish(job)
            work.documents.become(job.document_id, Status.REJECTED, reason=refusal.code)
        _write_down("rejected", job, refusal.code)
        house.steps.say(f"{job.document_id}: {refusal.sentence}")


def retry_set_aside(house: House, id: UUID | None = None) -> int:
    """Queues again what was set aside, of every agency, or the one job `id` (NotFound); returns how many."""
    aside = [job for job in house.datastore.queue.set_aside() if id in (None, job.id)]
    if id is not None and not aside:
        raise NotFound(what="job", id=id)
    for job in aside:
        with house.datastore.begin(house.system("retry", agency=job.agency), "retry_jobs") as work:
            work.jobs.retry(job.id)
    return len(aside)
