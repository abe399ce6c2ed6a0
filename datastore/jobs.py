"""Work still to do, as rows: claimed by compare-and-set, finished once, tried again, set aside after too
often.

The truth about work is here, never in a broker. Promised: a job is claimed by one worker at a time; the job
of a dead worker comes back (`reclaim`); finishing twice is one finish; finishing what somebody else has
meanwhile is StaleState. A job carries ids only. Claiming asks no actor, for it shows nobody's papers: the
worker begins its `Work` as the system of `Job.agency`.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from common import new_id
from datastore.errors import NotFound, StaleState
from datastore.records import Job, JobState
from datastore.rows import JobRow
from datastore.scope import Scope

ATTEMPTS = 5
"""So often is a job tried before a person must look at it."""
LEASE = timedelta(minutes=10)
"""So long may a worker be silent; a long journey renews its lease."""
WORKER_DIED = "worker_died"
_FIRST_PAUSE = timedelta(seconds=5)


class Jobs:
    """The jobs that a `Work` writes in its own transaction."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def enqueue(self, kind: str, document: UUID, *, not_before: datetime | None = None) -> Job:
        """Ask for a job on a document; one that waits or runs stays as it is, a finished one runs again."""
        self._scope.require_staff("document", document)
        self._scope.document(document)
        query = select(JobRow).where(JobRow.kind == kind, JobRow.document_id == document)
        row = self._session.scalar(query.with_for_update())
        if row is None:
            row = JobRow(id=new_id(self._scope.at), kind=kind, document_id=document)
            row.agency = self._scope.actor.agency
            self._session.add(row)
        elif row.state in (JobState.QUEUED, JobState.CLAIMED):
            return _job(row)
        _queue(row, not_before or self._scope.at)
        row.attempts, row.last_error = 0, None
        self._session.flush()
        return _job(row)

    def finish(self, job: Job) -> None:
        """Mark the job done in the transaction that keeps its result; StaleState when it is not ours any
        more."""
        self._scope.require_staff("job")
        finish(self._session, job)

    def of_document(self, document: UUID) -> tuple[Job, ...]:
        """The jobs of a document."""
        self._scope.document(document)
        query = select(JobRow).where(JobRow.document_id == document).order_by(JobRow.id)
        return tuple(_job(row) for row in self._session.scalars(query))

    def set_aside(self) -> tuple[Job, ...]:
        """The jobs of the actor's agency that a person must look at."""
        self._scope.require_staff("job")
        query = select(JobRow).where(
            JobRow.state == JobState.SET_ASIDE, JobRow.agency == self._scope.actor.agency
        )
        return tuple(_job(row) for row in self._session.scalars(query.order_by(JobRow.id)))

    def retry(self, id: UUID) -> Job:
        """Queue a job that was set aside again, with all its attempts; NotFound for any other."""
        self._scope.require_staff("job", id)
        query = select(JobRow).where(
            JobRow.id == id,
            JobRow.state == JobState.SET_ASIDE,
            JobRow.agency == self._scope.actor.agency,
        )
        row = self._session.scalar(query.with_for_update())
        if row is None:
            raise NotFound(what="job", id=id)
        _queue(row, self._scope.at)
        row.attempts = 0
        self._session.flush()
        return _job(row)


def claim(
    session: Session, worker: str, now: datetime, kinds: Sequence[str] | None, lease: timedelta
) -> Job | None:
    """The job that has waited longest, now this worker's; None when nothing waits."""
    query = select(JobRow).where(JobRow.state == JobState.QUEUED, JobRow.not_before <= now)
    if kinds is not None:
        query = query.where(JobRow.kind.in_(kinds))
    query = query.order_by(JobRow.not_before, JobRow.id).limit(1)
    row = session.scalar(query.with_for_update(skip_locked=True))
    if row is None:
        return None
    row.state, row.claimed_by, row.lease_until = JobState.CLAIMED, worker, now + lease
    row.attempts += 1
    session.flush()
    return _job(row)


def renew(session: Session, job: Job, now: datetime, lease: timedelta) -> Job:
    """Keep a claim for longer; StaleState when it was lost."""
    row = _ours(session, job)
    row.lease_until = now + lease
    session.flush()
    return _job(row)


def finish(session: Session, job: Job) -> None:
    """Done; nothing happens when it was done already."""
    row = session.get(JobRow, job.id, with_for_update=True)
    if row is not None and row.state == JobState.DONE:
        return
    row = _ours(session, job)
    row.state, row.claimed_by, row.lease_until, row.last_error = JobState.DONE, None, None, None
    session.flush()


def fail(session: Session, job: Job, now: datetime, error: str, *, again: bool) -> Job:
    """Try again after a pause that doubles, or set aside when it was tried often enough or must not be
    tried."""
    row = _ours(session, job)
    _give_back(row, now, error, again=again)
    session.flush()
    return _job(row)


def reclaim(session: Session, now: datetime, is_alive: Callable[[str], bool]) -> list[Job]:
    """Take back the jobs of dead workers and of those silent beyond their lease."""
    query = select(JobRow).where(JobRow.state == JobState.CLAIMED).with_for_update(skip_locked=True)
    lost = [row for row in session.scalars(query) if _is_lost(row, now, is_alive)]
    for row in lost:
        _give_back(row, now, WORKER_DIED, again=True)
    session.flush()
    return [_job(row) for row in lost]


def _is_lost(row: JobRow, now: datetime, is_alive: Callable[[str], bool]) -> bool:
    overdue = row.lease_until is None or row.lease_until <= now
    return overdue or row.claimed_by is None or not is_alive(row.claimed_by)


def _give_back(row: JobRow, now: datetime, error: str, *, again: bool) -> None:
    row.last_error = error
    if again and row.attempts < ATTEMPTS:
        pause = timedelta(0) if error == WORKER_DIED else _FIRST_PAUSE * 2 ** (row.attempts - 1)
        _queue(row, now + pause)
        return
    row.state, row.claimed_by, row.lease_until = JobState.SET_ASIDE, None, None


def _ours(session: Session, job: Job) -> JobRow:
    """The job's row, locked, if it still is as it was claimed; StaleState."""
    row = session.get(JobRow, job.id, with_for_update=True)
    held = row is not None and (row.state, row.claimed_by, row.attempts) == (
        JobState.CLAIMED,
        job.claimed_by,
        job.attempts,
    )
    if row is None or not held:
        raise StaleState(what="job")
    return row


def _queue(row: JobRow, not_before: datetime) -> None:
    row.state, row.not_before = JobState.QUEUED, not_before
    row.claimed_by, row.lease_until = None, None


def unfinished(session: Session, documents: Collection[UUID]) -> int:
    """How many jobs of these documents wait or are in work."""
    query = select(func.count()).where(
        JobRow.document_id.in_(documents), JobRow.state.in_((JobState.QUEUED, JobState.CLAIMED))
    )
    return session.scalars(query).one()


def waiting(session: Session, now: datetime) -> int:
    """How many jobs could be claimed now."""
    query = select(func.count()).where(JobRow.state == JobState.QUEUED, JobRow.not_before <= now)
    return session.scalars(query).one()


def _job(row: JobRow) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        document_id=row.document_id,
        agency=row.agency,
        state=JobState(row.state),
        attempts=row.attempts,
        claimed_by=row.claimed_by,
        lease_until=row.lease_until,
        not_before=row.not_before,
        last_error=row.last_error,
    )
