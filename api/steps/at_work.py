"""The thread beside a job: it keeps the claim and writes down how far the work is, so that the work need not wait.

The work says where it is (`reached`) and hears there that it should stop: because the process was told to, or
because the job is somebody else's now, who judged this process dead.
"""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from datastore import DatabaseBusy, DatabaseUnreachable, Job, Queue, StaleState, StorageFull

_LOOK_EVERY = 1.0
"""Seconds: so often do the rows learn how far the work is."""
_RENEW_EVERY = 15
"""Looks, well inside the lease, so that a database may be away for a while."""


class ToldToStop(Exception):
    """The process was asked to end while a job was in work: not an error of either."""


class AtWork:
    """One job in work, for `with`. The work is done in the block, on one thread."""

    def __init__(self, queue: Queue, job: Job, stopped: Callable[[], bool]) -> None:
        self._queue = queue
        self._job = job
        self._stopped = stopped
        self._reached: tuple[int, int] | None = None
        self._lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="khoso-at-work", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def reached(self, done: int, total: int) -> None:
        """The work is so far. ToldToStop, or StaleState when somebody else has the job: leave it."""
        self._reached = (done, total)
        if self._stopped():
            raise ToldToStop
        if self._lost:
            raise StaleState(what="job")

    def _keep(self) -> None:
        told, looks = self._reached, 0
        while not self._over.wait(_LOOK_EVERY) and not self._lost:
            looks += 1
            reached = self._reached
            if reached != told or looks % _RENEW_EVERY == 0:
                self._renew(reached)
                told = reached

    def _renew(self, reached: tuple[int, int] | None) -> None:
        done, total = reached or (None, None)
        try:
            self._queue.renew(self._job, done=done, total=total)
        except StaleState:
            self._lost = True  # or the block has just finished it, and asks no more
        except (DatabaseBusy, DatabaseUnreachable, StorageFull):
            pass  # the next look tries again, and the lease is longer than that
