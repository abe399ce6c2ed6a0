"""Where the installation stands, in numbers: for whoever watches it. Tells of nobody's papers.

Promised: cheap enough to be asked every few seconds: jobs that are done are not looked at.
"""

from sqlalchemy import func, literal_column, or_, select
from sqlalchemy.orm import Session

from datastore.records import JobCount, JobRole, JobState, Priority, WorkStanding
from datastore.rows import JobRow, RevisionRow

_TIME_STAMP_UNUSABLE = "time_stamp_unusable"
# As literals, so that the partial indexes of these states serve.
_QUEUED = JobRow.state.in_([literal_column("'queued'")])
_HELD = JobRow.state.in_([literal_column("'claimed'"), literal_column("'set_aside'")])


def of_work(session: Session) -> WorkStanding:
    """The jobs that are not done, the last signature, and whether time stamps fail."""
    failing = select(func.count()).where(or_(_QUEUED, _HELD), JobRow.last_error == _TIME_STAMP_UNUSABLE)
    newest = select(RevisionRow.signed_at).order_by(RevisionRow.id.desc()).limit(1)
    return WorkStanding(
        jobs=tuple(_counts(session)),
        time_stamps_failing=session.scalars(failing).one(),
        last_signed_at=session.scalars(newest).one_or_none(),
    )


def _counts(session: Session) -> list[JobCount]:
    group = (JobRow.role, JobRow.kind, JobRow.priority, JobRow.state)
    return [
        JobCount(JobRole(role), kind, Priority(priority), JobState(state), count, oldest)
        for which in (_QUEUED, _HELD)
        for role, kind, priority, state, count, oldest in session.execute(
            select(*group, func.count(), func.min(JobRow.not_before)).where(which).group_by(*group)
        )
    ]
