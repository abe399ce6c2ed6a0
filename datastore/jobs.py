"""Work still to do, as rows: claimed by compare-and-set, finished once, tried again, set aside after too
often.

The truth about work is here, never in a broker. Promised: a job is claimed by one worker at a time; the job
of a dead worker comes back (`reclaim`); finishing twice is one finish; finishing what somebody else has
meanwhile is StaleState; what is asked for while it is in work is done once more afterwards. A job carries
ids only. Claiming asks no actor, for it shows nobody's papers: the worker begins its `Work` as the system of
`Job.agency`.

Who is served: counter work before papers from the shelves, and within that the agency that was served
longest ago, so that ten thousand jobs of one agency delay another's by one. Shelf work that has waited for
`AGED` takes turns with the counter, its own agency's too: nobody waits for ever, and nobody at a counter
waits behind a whole campaign.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from archive import Ground
from common import new_id
from datastore.dialect import ask_one, beside
from datastore.errors import NotFound, StaleState
from datastore.records import Job, JobKind, JobRole, JobState, Priority
from datastore.rights import Act
from datastore.rows import DocumentRow, JobRow, TurnRow
from datastore.scope import Scope

_SHORTEST_OUTAGE_PAUSE = timedelta(seconds=3)
"""Long enough for the other jobs to come first, short enough for whoever waits at a counter when it is over."""
_LONGEST_OUTAGE_PAUSE = timedelta(minutes=1)
"""Each try writes a line into the owner's diary, and an outage may last for days."""
_FREED_AT_ONCE = 500
ATTEMPTS = 5
"""So often is a job tried before a person must look at it."""
DEATHS = 3
"""So many workers may die of a job, or with it: two can be one machine that went down twice."""
LEASE = timedelta(minutes=1)
"""So long may a worker be silent; while it works it renews its claim (`renew`)."""
AGED = timedelta(hours=12)
"""After a night, papers from the shelves take turns with the counter."""
WORKER_DIED = "worker_died"
_FIRST_PAUSE = timedelta(seconds=5)
_PAUSE_AFTER_DEATHS = timedelta(seconds=10)
_NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_PARTIES_AT_ONCE = 8
"""Whoever comes next when all jobs of the first are just being claimed by others."""
_QUEUED = JobRow.state.in_([literal_column("'queued'")])
"""Written out, because a partial index serves only who names its condition."""


_TURN = select(TurnRow.role).where(
    TurnRow.role == bindparam("role"),
    TurnRow.priority == bindparam("priority"),
    TurnRow.agency == bindparam("agency"),
)
_OF_DOCUMENT = (
    select(JobRow)
    .where(JobRow.kind == bindparam("kind"), JobRow.document_id == bindparam("document"))
    .with_for_update()
)
_FROM_THE_SHELF = select(
    exists().where(JobRow.document_id == bindparam("document"), JobRow.priority == Priority.BACK_FILE)
)


class Jobs:
    """The jobs that a `Work` writes in its own transaction."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session
        self._just_put: set[tuple[str, int, str]] = set()
        """Whom this transaction put in the line: it may still be rolled back."""

    def enqueue(
        self,
        kind: JobKind,
        document: UUID,
        *,
        priority: Priority | None = None,
        not_before: datetime | None = None,
    ) -> Job:
        """Ask for a job on a document. One that waits stays as it is, one in work or finished runs again.

        Without a `priority` it is that of the paper: from the shelves (by its ground, or because it came so),
        or brought to the counter.
        """
        self._scope.ask(Act.ASK_FOR_WORK)
        paper = self._scope.document_to_change(document)
        first = self._scope.has_none_yet(JobRow, document)
        row = None if first else self._session.scalar(_OF_DOCUMENT, {"kind": kind.name, "document": document})
        wanted = self._priority_of(paper, first) if priority is None else priority
        if row is not None and row.state == JobState.CLAIMED:
            row.again = True
            return _job(row)
        if row is not None and row.state == JobState.QUEUED:
            row.priority = min(wanted, row.priority)
            self._take_a_turn(row)
            return _job(row)
        new = row is None
        if row is None:
            row = JobRow(id=new_id(self._scope.at), kind=kind.name, document_id=document)
            row.agency = self._scope.actor.agency
        row.role, row.priority = kind.role, wanted
        row.attempts, row.deaths, row.last_error = 0, 0, None
        row.trace = self._scope.trace
        _queue(row, not_before or self._scope.at)
        if new:
            self._scope.write(row)
        self._take_a_turn(row)
        self._session.flush()
        return _job(row)

    def _priority_of(self, paper: DocumentRow, first: bool) -> Priority:
        if paper.ground == Ground.BACK_FILE:
            return Priority.BACK_FILE
        if not first and self._session.scalar(_FROM_THE_SHELF, {"document": paper.id}):
            return Priority.BACK_FILE
        return Priority.COUNTER

    def _take_a_turn(self, row: JobRow) -> None:
        """Have the agency stand in the line, and the role woken when this is committed."""
        if not self._stands_in_line(row):
            try:
                with self._session.begin_nested():
                    self._session.add(
                        TurnRow(role=row.role, priority=row.priority, agency=row.agency, served_at=_NEVER)
                    )
            except IntegrityError:
                pass  # another transaction has just put the agency there
            self._just_put.add((row.role, row.priority, row.agency))
        if row.not_before <= self._scope.at:
            self._scope.roles_to_wake.add(JobRole(row.role))

    def _stands_in_line(self, row: JobRow) -> bool:
        """Whether the agency has its place in the line, which it keeps: asked once, after it was committed."""
        turn = (row.role, row.priority, row.agency)
        remembered = self._scope.remembered.turns
        if turn in remembered or turn in self._just_put:
            return True
        asked = {"role": row.role, "priority": row.priority, "agency": row.agency}
        if ask_one(beside(self._session), _TURN, asked) is None:
            return False
        remembered.add(turn)
        return True

    def finish(self, job: Job) -> None:
        """Mark the job done in the transaction that keeps its result; StaleState when it is not ours any
        more."""
        self._scope.ask(Act.FINISH_WORK)
        finish(self._session, job, self._scope.at)

    def of_document(self, document: UUID) -> tuple[Job, ...]:
        """The jobs of a document."""
        self._scope.ask(Act.SEE_PAPERS)
        self._scope.document(document)
        query = select(JobRow).where(JobRow.document_id == document).order_by(JobRow.id)
        return tuple(_job(row) for row in self._session.scalars(query))

    def get(self, id: UUID) -> Job:
        """The job on a paper that the actor may see; NotFound."""
        self._scope.ask(Act.SEE_PAPERS)
        visible = select(DocumentRow.id).where(self._scope.visible_documents())
        row = self._session.scalar(select(JobRow).where(JobRow.id == id, JobRow.document_id.in_(visible)))
        if row is None:
            raise NotFound(what="job", id=id)
        return _job(row)

    def set_aside(self) -> tuple[Job, ...]:
        """The jobs of the actor's agency that a person must look at."""
        self._scope.ask(Act.SEE_JOBS)
        return tuple(_set_aside(self._session, JobRow.agency.in_(self._scope.agencies)))

    def retry(self, id: UUID) -> Job:
        """Queue a job that was set aside again, with all its attempts; NotFound for any other."""
        self._scope.ask(Act.RETRY_JOBS)
        query = select(JobRow).where(
            JobRow.id == id,
            JobRow.state == JobState.SET_ASIDE,
            JobRow.agency.in_(self._scope.agencies),
        )
        row = self._session.scalar(query.with_for_update())
        if row is None:
            raise NotFound(what="job", id=id)
        _queue(row, self._scope.at)
        row.attempts, row.deaths = 0, 0
        self._take_a_turn(row)
        self._session.flush()
        return _job(row)


def claim(
    session: Session, worker: str, now: datetime, roles: Collection[JobRole] | None, lease: timedelta
) -> Job | None:
    """The job whose turn it is, now this worker's; None when nothing waits.

    No worker waits for another here: a job that is just being claimed is passed over, and so is a turn that
    another worker is just writing down.
    """
    for party in _parties(session, now, roles):
        row = session.scalar(_oldest_of(party, now).with_for_update(skip_locked=True))
        if row is None:
            continue
        row.state, row.claimed_by, row.lease_until = JobState.CLAIMED, worker, now + lease
        row.attempts += 1
        row.done = row.total = None
        own = select(TurnRow).where(
            TurnRow.role == party.role, TurnRow.priority == party.priority, TurnRow.agency == party.agency
        )
        turn = session.scalar(own.with_for_update(skip_locked=True))
        if turn is not None:
            turn.served_at = now
        session.flush()
        return _job(row)
    return None


def _parties(session: Session, now: datetime, roles: Collection[JobRole] | None) -> Iterator[TurnRow]:
    """Agencies of which jobs wait, as they are served: first the counter and the aged, then the shelves."""
    wanted = sorted(JobRole if roles is None else roles)
    urgent = _in_turn(session, wanted, Priority.COUNTER, now)
    if session.scalar(select(_aged(wanted, now - AGED))):
        urgent += _in_turn(session, wanted, Priority.BACK_FILE, now - AGED)
    yield from sorted(urgent, key=lambda turn: (turn.served_at, turn.agency))
    yield from _in_turn(session, wanted, Priority.BACK_FILE, now)


def _in_turn(
    session: Session, roles: Sequence[JobRole], priority: Priority, until: datetime
) -> list[TurnRow]:
    """The agencies served longest ago among those of which a job has waited since `until`.

    For one role the index gives the turns in their order, and the search ends with the first that have work.
    """
    query = select(TurnRow).where(_one_of(TurnRow.role, roles), TurnRow.priority == priority)
    waits = exists().where(
        _QUEUED,
        JobRow.role == TurnRow.role,
        JobRow.priority == priority,
        JobRow.agency == TurnRow.agency,
        JobRow.not_before <= until,
    )
    ordered = query.where(waits).order_by(TurnRow.served_at, TurnRow.agency)
    return list(session.scalars(ordered.limit(_PARTIES_AT_ONCE)))


def _aged(roles: Sequence[JobRole], until: datetime) -> ColumnElement[bool]:
    """Whether any work from the shelves has waited since `until`."""
    shelf = (_one_of(JobRow.role, roles), JobRow.priority == Priority.BACK_FILE)
    return exists().where(_QUEUED, *shelf, JobRow.not_before <= until)


def _one_of(column: InstrumentedAttribute[str], roles: Sequence[JobRole]) -> ColumnElement[bool]:
    return column == roles[0] if len(roles) == 1 else column.in_(roles)


def _oldest_of(party: TurnRow, now: datetime) -> Select[JobRow]:
    of_party = (JobRow.role == party.role, JobRow.priority == party.priority, JobRow.agency == party.agency)
    due = select(JobRow).where(_QUEUED, *of_party, JobRow.not_before <= now)
    return due.order_by(JobRow.not_before, JobRow.id).limit(1)


def renew(
    session: Session, job: Job, now: datetime, lease: timedelta, done: int | None, total: int | None
) -> Job:
    """Keep a claim for longer and say how far the work is; StaleState when the claim was lost."""
    row = _ours(session, job)
    row.lease_until, row.done, row.total = now + lease, done, total
    session.flush()
    return _job(row)


def finish(session: Session, job: Job, now: datetime) -> None:
    """Done, or queued once more when that was asked for meanwhile; nothing happens when it was done already."""
    row = session.get(JobRow, job.id, with_for_update=True)
    if row is not None and row.state == JobState.DONE:
        return
    row = _ours(session, job)
    if row.outage_since is not None:
        _end_outage(session, row, now)
    if row.again:
        row.attempts, row.deaths = 0, 0
        _queue(row, now)
    else:
        total = row.total
        _let_go(row, JobState.DONE)
        row.done = row.total = total  # whoever watched it go on sees the last page as well
    row.last_error = None
    session.flush()


def fail(session: Session, job: Job, now: datetime, error: str, *, again: bool) -> Job:
    """Try again after a pause that doubles, or set aside when it was tried often enough or must not be
    tried."""
    row = _ours(session, job)
    row.last_error = error
    if again and row.attempts < ATTEMPTS:
        _queue(row, now + _FIRST_PAUSE * 2 ** (row.attempts - 1))
    else:
        _let_go(row, JobState.SET_ASIDE)
    session.flush()
    return _job(row)


def await_end(
    session: Session, job: Job, now: datetime, outage: str, patience: timedelta | None = None
) -> Job:
    """Try again after an outage, which counts as no attempt: however long it lasts, nobody need clear up after it.

    What may not be over by itself has a `patience`: the job that meets the same still after that is set aside. The
    pause is as long as the outage has lasted, within bounds. One outage after another, without getting through between
    them, is one that goes on.
    """
    row = _ours(session, job)
    since = row.outage_since or now
    if row.last_error != outage and patience is not None and now - since > patience:
        since = now  # what has just begun, after something that was waited for longer, has its own time
    row.last_error = outage
    row.attempts = max(row.attempts - 1, 0)
    if patience is not None and now - since > patience:
        _let_go(row, JobState.SET_ASIDE)
    else:
        _queue(row, now + min(max(now - since, _SHORTEST_OUTAGE_PAUSE), _LONGEST_OUTAGE_PAUSE))
        row.outage_since = since
    session.flush()
    return _job(row)


def _end_outage(session: Session, first: JobRow, now: datetime) -> None:
    """The first job that gets through tells the others of its role, which would pause for longer: the rest of many
    come by themselves."""
    paused = select(JobRow).where(
        _QUEUED,
        JobRow.role == first.role,
        JobRow.priority.in_(Priority),
        JobRow.not_before > now,
        JobRow.last_error == first.last_error,
        JobRow.outage_since.is_not(None),
    )
    for row in session.scalars(paused.limit(_FREED_AT_ONCE).with_for_update(skip_locked=True)):
        row.not_before, row.outage_since = now, None


def hand_back(session: Session, job: Job) -> Job:
    """Give a job back that is no more to blame than its worker, which was told to stop: at its old place in
    the line, not counted as tried, and waiting for the end of an outage as long as before."""
    row = _ours(session, job)
    since = row.outage_since
    row.attempts -= 1
    _queue(row, row.not_before)
    row.outage_since = since
    session.flush()
    return _job(row)


def reclaim(session: Session, now: datetime, is_alive: Callable[[str], bool]) -> list[Job]:
    """Take back the jobs of dead workers and of those silent beyond their lease."""
    held = JobRow.state.in_([literal_column("'claimed'")])
    query = select(JobRow).where(held).with_for_update(skip_locked=True)
    lost = [row for row in session.scalars(query) if _is_lost(row, now, is_alive)]
    for row in lost:
        _bury_worker(row, now)
    session.flush()
    return [_job(row) for row in lost]


def _is_lost(row: JobRow, now: datetime, is_alive: Callable[[str], bool]) -> bool:
    overdue = row.lease_until is None or row.lease_until <= now
    return overdue or row.claimed_by is None or not is_alive(row.claimed_by)


def _bury_worker(row: JobRow, now: datetime) -> None:
    """The first death is an accident, the second gets a pause; after `DEATHS` the job kills nobody any more."""
    row.deaths += 1
    row.last_error = WORKER_DIED
    if row.deaths < DEATHS and row.attempts < ATTEMPTS:
        _queue(row, now if row.deaths == 1 else now + _PAUSE_AFTER_DEATHS)
    else:
        _let_go(row, JobState.SET_ASIDE)


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
    _let_go(row, JobState.QUEUED)
    row.not_before = not_before


def _let_go(row: JobRow, state: JobState) -> None:
    """Nobody has it any more, and it runs at most once from here."""
    row.state, row.claimed_by, row.lease_until = state, None, None
    row.done, row.total, row.again = None, None, False
    row.outage_since = None


def unfinished(session: Session, documents: Collection[UUID]) -> int:
    """How many jobs of these documents wait or are in work."""
    query = select(func.count()).where(
        JobRow.document_id.in_(documents), JobRow.state.in_((JobState.QUEUED, JobState.CLAIMED))
    )
    return session.scalars(query).one()


def of_documents(session: Session, documents: Collection[UUID]) -> list[Job]:
    """The jobs of these documents, for whoever waits for them."""
    query = select(JobRow).where(JobRow.document_id.in_(documents)).order_by(JobRow.id)
    return [_job(row) for row in session.scalars(query)]


def set_aside(session: Session) -> list[Job]:
    """What a person must look at, of every agency."""
    return list(_set_aside(session))


def _set_aside(session: Session, *which: ColumnElement[bool]) -> Iterator[Job]:
    held = JobRow.state.in_([literal_column("'set_aside'")])
    return (_job(row) for row in session.scalars(select(JobRow).where(held, *which).order_by(JobRow.id)))


def waiting(session: Session, now: datetime) -> int:
    """How many jobs could be claimed now."""
    query = select(func.count()).where(_QUEUED, JobRow.not_before <= now)
    return session.scalars(query).one()


def waiting_since(session: Session, now: datetime) -> dict[JobRole, datetime]:
    """Since when the oldest job of each role could have been claimed; roles with nothing to do are not in it."""
    found = {role: [_oldest(session, role, priority) for priority in Priority] for role in JobRole}
    due = {role: [one for one in oldest if one is not None and one <= now] for role, oldest in found.items()}
    return {role: min(since) for role, since in due.items() if since}


def _oldest(session: Session, role: JobRole, priority: Priority) -> datetime | None:
    """By the index: the minimum over both priorities would look at every job."""
    of_both = (JobRow.role == role, JobRow.priority == priority)
    return session.scalar(select(func.min(JobRow.not_before)).where(_QUEUED, *of_both))


def roles_waiting(session: Session, now: datetime) -> frozenset[JobRole]:
    """The roles for which jobs could be claimed now; costs the same however many there are."""
    due = {role: exists().where(_QUEUED, JobRow.role == role, JobRow.not_before <= now) for role in JobRole}
    return frozenset(role for role, waits in due.items() if session.scalar(select(waits)))


def _job(row: JobRow) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        document_id=row.document_id,
        agency=row.agency,
        role=JobRole(row.role),
        priority=Priority(row.priority),
        state=JobState(row.state),
        attempts=row.attempts,
        deaths=row.deaths,
        claimed_by=row.claimed_by,
        lease_until=row.lease_until,
        not_before=row.not_before,
        last_error=row.last_error,
        done=row.done,
        total=row.total,
        trace=row.trace,
    )
