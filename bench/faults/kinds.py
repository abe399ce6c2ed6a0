"""The faults: what is done to whom, and for how long.

Who is struck is struck at work: a worker in the middle of a job, a web process with a request, a broker with
messages. Where nobody is found at work, nothing is done and that is said (`Struck.at_work`).
"""

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
import redis

from api.connectors.broker import Wakes
from bench.faults.place import Kept, Place, signal_all, waiting_messages
from bench.faults.ways import Passage
from datastore import JobRole

WORKERS = ("reader", "signer", "archivist")
_LOOK_EVERY = 0.02
_CATCHING = 5.0
"""Seconds in which somebody must be seen at work to be frozen there."""
_TAKEN_OVER = 20.0


@dataclass(frozen=True, slots=True)
class Struck:
    """What was done. `web`: the address that must answer again."""

    detail: str
    web: str | None = None
    at_work: bool = True


_NOBODY = Struck("nobody was at work", at_work=False)
Strike = Callable[[Place, random.Random, float], AbstractContextManager[Struck]]
"""Strikes for so many seconds; when the block ends, so has the fault."""


@contextmanager
def _worker_killed(place: Place, chance: random.Random, _hold: float) -> Iterator[Struck]:
    caught = _caught(place, chance, chance.choice(WORKERS))
    if caught is None:
        yield _NOBODY
        return
    place.kill(caught.kept)
    yield Struck(caught.told)


@contextmanager
def _every_worker_killed(place: Place, chance: random.Random, _hold: float) -> Iterator[Struck]:
    caught = _caught(place, chance, *WORKERS)
    if caught is None:
        yield _NOBODY
        return
    for role in WORKERS:
        for kept in place.of(role):
            place.kill(kept)
    yield Struck(f"all, and {caught.told}")


@contextmanager
def _page_killed(place: Place, chance: random.Random, _hold: float) -> Iterator[Struck]:
    caught = _caught(place, chance, "reader")
    if caught is None:
        yield _NOBODY
        return
    below = place.page_workers(caught.kept)
    for pid in chance.sample(below, min(1, len(below))):
        _kill(pid)
    _signal(caught.pid, signal.SIGCONT)
    yield Struck(f"{caught.told}, {len(below)} processes below it", at_work=bool(below))


@contextmanager
def _web_killed(place: Place, chance: random.Random, _hold: float) -> Iterator[Struck]:
    number = chance.randrange(len(place.of("web")))
    kept, url = place.of("web")[number], place.webs[number]
    if not _until(lambda: place.in_flight[url] > 0, _CATCHING):
        yield _NOBODY
        return
    requests = place.in_flight[url]
    place.kill(kept)
    yield Struck(f"{kept.name}, {requests} requests", web=url)


@contextmanager
def _beat_killed(place: Place, _chance: random.Random, _hold: float) -> Iterator[Struck]:
    place.kill(place.kept["beat"])
    yield Struck("beat")


@contextmanager
def _lease_lost(place: Place, chance: random.Random, hold: float) -> Iterator[Struck]:
    """A signer stands still until its job is somebody else's, and then goes on as if nothing had been.

    The minute of its lease passes by moving the end of the lease; what follows is the service's own doing.
    """
    with psycopg.connect(place.own_database, autocommit=True) as rows:
        rows.execute("SET lock_timeout = '500ms'")
        caught = _caught(place, chance, "signer")
        if caught is None:
            yield _NOBODY
            return
        try:
            lost = _over(rows, caught)
            if lost:
                _until(lambda: _is_taken(rows, caught), max(hold, _TAKEN_OVER))
        finally:
            _signal(caught.pid, signal.SIGCONT)
    yield Struck(caught.told, at_work=lost)


@dataclass(frozen=True, slots=True)
class _Caught:
    """Somebody who stands still (SIGSTOP) in the middle of a job."""

    kept: Kept
    pid: int
    job: UUID
    kind: str
    worker: str

    @property
    def told(self) -> str:
        return f"{self.kept.name} at {self.kind}"


def _caught(place: Place, chance: random.Random, *roles: str) -> _Caught | None:
    """Somebody of these roles, stopped in the middle of a job; None when nobody was seen at one in time."""
    end = time.monotonic() + _CATCHING
    claimed = "SELECT id, kind, claimed_by, role FROM jobs WHERE state = 'claimed' AND role = ANY(%s)"
    still = "SELECT 1 FROM jobs WHERE id = %s AND state = 'claimed' AND claimed_by = %s"
    with psycopg.connect(place.own_database, autocommit=True) as rows:
        while time.monotonic() < end:
            found = rows.execute(claimed, (list(roles),)).fetchall()
            for id, kind, worker, role in chance.sample(found, len(found)):
                kept = place.in_work(worker, role)
                if kept is None or kept.process is None:
                    continue
                pid = kept.process.pid
                _signal(pid, signal.SIGSTOP)
                if rows.execute(still, (id, worker)).fetchone():
                    return _Caught(kept, pid, id, kind, worker)
                _signal(pid, signal.SIGCONT)
            time.sleep(_LOOK_EVERY)
    return None


def _over(rows: "psycopg.Connection[tuple[object, ...]]", caught: _Caught) -> bool:
    """Whether the job is still in the hands of who was stopped; then its lease is over."""
    statement = (
        "UPDATE jobs SET lease_until = now() - interval '1 second'"
        " WHERE id = %s AND state = 'claimed' AND claimed_by = %s"
    )
    try:
        return rows.execute(statement, (caught.job, caught.worker)).rowcount == 1
    except psycopg.errors.LockNotAvailable:
        return False  # stopped in the middle of a transaction on the very job


def _is_taken(rows: "psycopg.Connection[tuple[object, ...]]", caught: _Caught) -> bool:
    query = "SELECT state, claimed_by FROM jobs WHERE id = %s"
    found = rows.execute(query, (caught.job,)).fetchone()
    return found is None or found[0] == "done" or (found[0] == "claimed" and found[1] != caught.worker)


def _server(part: str, how: signal.Signals) -> Strike:
    @contextmanager
    def strike(place: Place, _chance: random.Random, hold: float) -> Iterator[Struck]:
        with place.down(part, how):
            time.sleep(hold)
        yield Struck(part)

    return strike


@contextmanager
def _backend_killed(place: Place, chance: random.Random, _hold: float) -> Iterator[Struck]:
    """One process of the database dies: it ends all connections and recovers by itself."""
    family = place.family("postgresql")
    _kill(chance.choice(family[1:]))
    yield Struck(f"one of {len(family)} processes")


def _frozen(part: str) -> Strike:
    @contextmanager
    def strike(place: Place, _chance: random.Random, hold: float) -> Iterator[Struck]:
        with place.frozen(part):
            time.sleep(hold)
        yield Struck(part)

    return strike


def _way(part: str, passage: Passage) -> Strike:
    @contextmanager
    def strike(place: Place, chance: random.Random, hold: float) -> Iterator[Struck]:
        after = chance.randrange(20_000) if passage is Passage.TORN else 0
        with place.ways[part].spoilt(passage, after):
            time.sleep(hold)
        yield Struck(f"{part}, after {after} bytes" if after else part)

    return strike


def _full(disk: str) -> Strike:
    @contextmanager
    def strike(place: Place, _chance: random.Random, hold: float) -> Iterator[Struck]:
        with place.disks[disk].full():
            time.sleep(hold)
        place.servers_up()
        yield Struck(disk)

    return strike


@contextmanager
def _wiped(place: Place, _chance: random.Random, _hold: float) -> Iterator[Struck]:
    with redis.Redis.from_url(place.own_broker) as broker:
        if not _until(lambda: bool(waiting_messages(broker)), _CATCHING):
            yield _NOBODY
            return
        lost = len(waiting_messages(broker))
        broker.flushall()
    yield Struck(f"{lost} messages")


@contextmanager
def _delivered_again(place: Place, chance: random.Random, _hold: float) -> Iterator[Struck]:
    """Every message that waits comes again, and each role is woken some times more."""
    with redis.Redis.from_url(place.own_broker) as broker:
        if not _until(lambda: bool(waiting_messages(broker)), _CATCHING):
            yield _NOBODY
            return
        again = waiting_messages(broker)
        for queue, message in again:
            broker.lpush(queue, message, message)
    with closing(Wakes(place.own_broker)) as wakes:
        for _n in range(chance.randrange(2, 6)):
            wakes(frozenset(JobRole))
    yield Struck(f"{len(again)} messages again")


KINDS: dict[str, Strike] = {
    "worker killed": _worker_killed,
    "every worker killed": _every_worker_killed,
    "page reader killed": _page_killed,
    "web killed": _web_killed,
    "beat killed": _beat_killed,
    "lease lost": _lease_lost,
    "postgresql killed": _server("postgresql", signal.SIGKILL),
    "postgresql process killed": _backend_killed,
    "postgresql frozen": _frozen("postgresql"),
    "postgresql cut off": _way("postgresql", Passage.CUT),
    "postgresql torn": _way("postgresql", Passage.TORN),
    "postgresql stalled": _way("postgresql", Passage.STALLED),
    "redis killed": _server("redis", signal.SIGKILL),
    "redis wiped": _wiped,
    "redis frozen": _frozen("redis"),
    "redis cut off": _way("redis", Passage.CUT),
    "minio killed": _server("minio", signal.SIGKILL),
    "minio stopped": _server("minio", signal.SIGTERM),
    "minio frozen": _frozen("minio"),
    "minio cut off": _way("minio", Passage.CUT),
    "minio torn": _way("minio", Passage.TORN),
    "minio silent": _way("minio", Passage.SILENT),
    "disk of the processes full": _full("processes"),
    "disk of the servers full": _full("servers"),
    "delivered again": _delivered_again,
}
"""Every kind of fault, by the name under which it is reported."""


def _kill(pid: int) -> None:
    signal_all([pid], signal.SIGKILL)


def _signal(pid: int, number: signal.Signals) -> None:
    signal_all([pid], number)


def _until(what: Callable[[], bool], seconds: float) -> bool:
    """Whether it came to that in time."""
    end = time.monotonic() + seconds
    while not (is_so := what()) and time.monotonic() < end:
        time.sleep(_LOOK_EVERY)
    return is_so
