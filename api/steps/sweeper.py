"""`khoso beat`: makes good what messages and dead processes left undone. It holds no key that signs.

A plain loop, not Celery's beat: what has to be done is read from the rows, not from a schedule, and a second one
that runs beside it does no harm.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from api.house import House
from api.logs import log
from api.outages import OUTAGES
from api.steps.printing import take_back_abandoned
from api.steps.protect import Refused, extend_locks
from datastore import JobRole, Wake

_EVERY = 2.0
"""Seconds between two looks: so long may work wait whose message was lost."""
_RECLAIM_EVERY = 10.0
_KEEPERS_EVERY = 60.0
"""Signer and archivist renew what is old and number what was written, also when no job asks for it."""
_SWEEP_EVERY = 3600.0
_ORPHANS = timedelta(days=1)
_LOCKS_EVERY = 3600.0
_LOCKS_MOMENT = 1.0
"""Seconds of extending locks until the other duties have a turn."""
_LOCKS_AFTER_OUTAGE = 60.0
_PAUSE = 0.2


_Duty = Callable[[House, Wake], None]


def beat(house: House, wake: Wake, *, stopped: Callable[[], bool]) -> None:
    """Looks again and again until told to stop; a database that is away is waited for."""
    every: dict[_Duty, float] = {
        _wake_waiting: _EVERY,
        _reclaim: _RECLAIM_EVERY,
        _wake_keepers: _KEEPERS_EVERY,
        _sweep: _SWEEP_EVERY,
        Locks().extend_awhile: 0.0,
    }
    due = dict.fromkeys(every, 0.0)
    while not stopped():
        for duty, moment in due.items():
            if time.monotonic() >= moment:
                due[duty] = time.monotonic() + every[duty]
                _do(duty, house, wake)
        time.sleep(_PAUSE)


def _do(duty: _Duty, house: House, wake: Wake) -> None:
    try:
        duty(house, wake)
    except OUTAGES as error:
        log.warning("beat_hindered", code=error.code)


def _reclaim(house: House, _wake: Wake) -> None:
    """Whoever is silent beyond its lease has lost its job, wherever it works; the roles are woken for it. Prints that
    no job brings further are taken back."""
    for job in house.datastore.queue.reclaim(house.room.is_alive):
        log.warning("job_reclaimed", job=job.id, kind=job.kind, attempts=job.attempts)
    if count := take_back_abandoned(house):
        log.warning("prints_taken_back", count=count)


def _wake_waiting(house: House, wake: Wake) -> None:
    if waiting := house.datastore.queue.roles_waiting():
        wake(waiting)


def _wake_keepers(_house: House, wake: Wake) -> None:
    wake(frozenset({JobRole.SIGNER, JobRole.ARCHIVIST}))


def _sweep(house: House, _wake: Wake) -> None:
    """Uploads whose time is over, then objects that no transaction named within a day: theirs are among them."""
    if count := house.datastore.forget_uploads():
        log.info("uploads_forgotten", count=count)
    if count := house.datastore.sweep_orphans(older_than=_ORPHANS):
        log.info("orphans_swept", count=count)


class Locks:
    """Extends the locks that end soon, in rounds: each goes on until none is left, a moment at a time."""

    def __init__(self) -> None:
        self._round: Iterator[None] | None = None
        self._next_round = 0.0
        self._refused: Refused = set()
        """Since a round last came to its end: those behind them have their turn before they are tried again."""

    def extend_awhile(self, house: House, _wake: Wake) -> None:
        """Goes on with the round, or begins one that is due; an outage ends it, and there is another one soon."""
        began = time.monotonic()
        if self._round is None and began >= self._next_round:
            self._round = extend_locks(house, self._refused)
        if self._round is None:
            return
        under_way, self._round = self._round, None
        self._next_round = began + _LOCKS_AFTER_OUTAGE
        for _ in under_way:
            if time.monotonic() >= began + _LOCKS_MOMENT:
                self._round = under_way
                return
        self._refused.clear()
        self._next_round = began + _LOCKS_EVERY
