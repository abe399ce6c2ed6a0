"""The workers' side of the jobs: claimed, renewed, finished and given back, each in a transaction of its own."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from datastore import jobs
from datastore.jobs import LEASE, Jobs
from datastore.records import Actor, Job, JobRole
from datastore.scope import Scope, admit
from datastore.transactions import Transactions

Wake = Callable[[frozenset[JobRole]], None]
"""Is told, after a commit, the roles that have something to do; never raises."""


def nobody_to_wake(_roles: frozenset[JobRole]) -> None:
    """Where workers look at the rows by themselves."""


class Queue:
    """Claiming and returning jobs; each call is a transaction of its own."""

    def __init__(
        self, apart: Transactions, wake: Wake, seen_by: Callable[[Session, Actor, str], Scope]
    ) -> None:
        self._apart = apart
        self._wake = wake
        self._seen_by = seen_by

    def claim(
        self, worker: str, roles: Collection[JobRole] | None = None, lease: timedelta = LEASE
    ) -> Job | None:
        """The job whose turn it is (see `jobs`), of these roles; None when nothing waits.

        `worker` names the process so that `reclaim` can tell it died.
        """
        with self._apart.writing() as session:
            return jobs.claim(session, worker, self._apart.clock(), roles, lease)

    def renew(
        self, job: Job, lease: timedelta = LEASE, *, done: int | None = None, total: int | None = None
    ) -> Job:
        """Keep the claim for longer, and tell `done` of `total` pages; StaleState when it was lost: stop working
        on it."""
        with self._apart.writing() as session:
            return jobs.renew(session, job, self._apart.clock(), lease, done, total)

    def finish(self, job: Job) -> None:
        """Done, where no `Work` keeps a result (else `work.jobs.finish`)."""
        with self._apart.writing() as session:
            jobs.finish(session, job, self._apart.clock())

    def fail(self, job: Job, error: str, *, again: bool = True) -> Job:
        """Give it back with an error code, to be tried again later or (`again=False`) set aside at once."""
        with self._apart.writing() as session:
            return jobs.fail(session, job, self._apart.clock(), error, again=again)

    def await_end(self, job: Job, outage: str, *, patience: timedelta | None = None) -> Job:
        """Give it back during an outage: it is tried again later, and that counts as no attempt; set aside when it has
        met the same for longer than `patience`."""
        with self._apart.writing() as session:
            return jobs.await_end(session, job, self._apart.clock(), outage, patience)

    def hand_back(self, job: Job) -> Job:
        """Give it back as it was, because this worker was told to stop; another is woken for it."""
        with self._apart.writing() as session:
            handed = jobs.hand_back(session, job)
        self._wake(frozenset({handed.role}))
        return handed

    def reclaim(self, is_alive: Callable[[str], bool]) -> list[Job]:
        """Take back the jobs of workers of whom `is_alive(worker)` is false, or whose lease has run out."""
        with self._apart.writing() as session:
            lost = jobs.reclaim(session, self._apart.clock(), is_alive)
        if lost:
            self._wake(frozenset(job.role for job in lost))
        return lost

    def look(self, actor: Actor, id: UUID) -> Job:
        """A job as it stands, without a line in the diary: it shows how far work is, and of no paper what it says.

        NotFound unless it is on a paper that the actor may see; NotAllowed, PurposeMissing.
        """
        admit(actor)
        with self._apart.reading() as session:
            return Jobs(self._seen_by(session, actor, "look_at_job")).get(id)

    def unfinished(self, documents: Collection[UUID]) -> int:
        """How many jobs of these documents wait or are in work."""
        with self._apart.looking() as session:
            return jobs.unfinished(session, documents)

    def of_documents(self, documents: Collection[UUID]) -> list[Job]:
        """The jobs of these documents: for whoever waits for them, and may see them."""
        with self._apart.looking() as session:
            return jobs.of_documents(session, documents)

    def set_aside(self) -> list[Job]:
        """What a person must look at, of every agency."""
        with self._apart.looking() as session:
            return jobs.set_aside(session)

    def waiting(self) -> int:
        """How many jobs could be claimed now."""
        with self._apart.looking() as session:
            return jobs.waiting(session, self._apart.clock())

    def waiting_since(self) -> Mapping[JobRole, datetime]:
        """Since when the oldest job of each role waits; a role with nothing to do is not in it."""
        with self._apart.reading() as session:
            return jobs.waiting_since(session, self._apart.clock())

    def roles_waiting(self) -> frozenset[JobRole]:
        """The roles for which there is something to do now."""
        with self._apart.reading() as session:
            return jobs.roles_waiting(session, self._apart.clock())
