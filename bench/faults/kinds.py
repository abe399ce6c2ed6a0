"""The faults: what is done to whom, for how long, and who must work again before it counts as over."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import psycopg
import redis

from api.connectors.broker import Wakes, queue_name
from bench.faults.place import Kept, Place, signal_all
from bench.faults.ways import Passage
from datastore import JobRole

WORKERS = ("reader", "signer", "archivist")
_LOOK_EVERY = 0.02
_CATCHING = 5.0
"""Seconds in which somebody must be seen at work to be frozen there."""
_TAKEN_OVER = 20.0


@dataclass(frozen=True, slots=True)
class Struck:
    """What was done. `web`: the address that must answer again; `roles`: whose jobs must be finished again."""

    detail: str
    roles: tuple[str, ...]
    web: str | None = None


Strike = Callable[[Place, random.Random, float], AbstractContextManager[Struck]]
"""Strikes for so many seconds; when the block ends, so has the fault."""


@contextmanager
def _worker_killed(place: Place, chance: random.Random, _hold: float) -> Iterator[Struck]:
    role = chance.choice(WORKERS)
    kept = chance.choice(place.of(role))
    place.kill(kept)
    yield Struck(kept.name, (role,))


@contextmanager
def _every_worker_killed(place: Place, _chance: random.Random, _hold: float) -> Iterator[Struck]:
    for role in WORKERS:
        for kept in place.of(role):
            place.kill(kept)
    yield Struck("all", WORKERS)


@contextmanager
def _page_killed(place: Place, chance: random.Random, _hold: float) -> Iterator[Struck]:
    kept = chance.choice(place.of("reader"))
    below = place.page_workers(kept)
    for pid in chance.sample(below, min(1, len(below))):
        _kill(pid)
    yield Struck(f"{kept.name}, {len(below)} processes below it", ("reader",))


@contextmanager
def _web_killed(place: Place, chance: random.Random, _hold: float) -> Iterator[Struck]:
    number = chance.randrange(len(place.of("web")))
    kept = place.of("web")[number]
    place.kill(kept)
    yield Struck(kept.name, (), web=place.webs[number])


@contextmanager
def _beat_killed(place: Place, _chance: random.Random, _hold: float) -> Iterator[Struck]:
    place.kill(place.kept["beat"])
    yield Struck("beat", WORKERS)


@contextmanager
def _lease_lost(place: Place, chance: random.Random, hold: float) -> Iterator[Struck]:
    """A signer stands still until its job is somebody else's, and then goes on as if nothing had been.

    The minute of its lease passes by moving the end of the lease; what follows is the service's own doing.
    """
    with psycopg.connect(place.own_database, autocommit=True) as rows:
        rows.execute("SET lock_timeout = '500ms'")
        caught = _caught(place, chance, rows)
        if caught is None:
            yield Struck("nobody was at work", ("signer",))
            return
        kept, pid, job = caught
        try:
            _until(lambda: _is_taken(rows, job), max(hold, _TAKEN_OVER))
        finally:
            _signal(pid, signal.SIGCONT)
    yield Struck(f"{kept.name}, {job[1]}", ("signer",))


def _caught(
    place: Place, chance: random.Random, rows: "psycopg.Connection[tuple[object, ...]]"
) -> "tuple[Kept, int, tuple[object, ...]] | None":
    """Somebody who was stopped in the middle of a job, whose lease is over now."""
    end = time.monotonic() + _CATCHING
    query = "SELECT id, kind, claimed_by FROM jobs WHERE state = 'claimed' AND role = 'signer'"
    while time.monotonic() < end:
        found = rows.execute(query).fetchall()
        if found:
            job = chance.choice(found)
            kept = place.in_work(str(job[2]), "signer")
            if kept is not None and kept.process is not None:
                pid = kept.process.pid
                _signal(pid, signal.SIGSTOP)
                if _over(rows, job):
                    return kept, pid, job
                _signal(pid, signal.SIGCONT)
        time.sleep(_LOOK_EVERY)
    return None


def _over(rows: "psycopg.Connection[tuple[object, ...]]", job: tuple[object, ...]) -> bool:
    """Whether the job is still in the hands of who was stopped; then its lease is over."""
    statement = (
        "UPDATE jobs SET lease_until = now() - interval '1 second'"
        " WHERE id = %s AND state = 'claimed' AND claimed_by = %s"
    )
    try:
        return rows.execute(statement, (job[0], job[2])).rowcount == 1
    except psycopg.errors.LockNotAvailable:
        return False  # stopped in the middle of a transaction on the very job


def _is_taken(rows: "psycopg.Connection[tuple[object, ...]]", job: tuple[object, ...]) -> bool:
    query = "SELECT state, claimed_by FROM jobs WHERE id = %s"
    found = rows.execute(query, (job[0],)).fetchone()
    return found is None or found[0] == "done" or (found[0] == "claimed" and found[1] != job[2])


def _server(part: str, how: signal.Signals) -> Strike:
    @contextmanager
    def strike(place: Place, _chance: random.Random, hold: float) -> Iterator[Struck]:
        with place.down(part, how):
            time.sleep(hold)
        yield Struck(part, WORKERS[:2])

    return strike


@contextmanager
def _backend_killed(place: Place, chance: random.Random, _hold: float) -> Iterator[Struck]:
    """One process of the database dies: it ends all connections and recovers by itself."""
    family = place.family("postgresql")
    _kill(chance.choice(family[1:]))
    yield Struck(f"one of {len(family)} processes", WORKERS[:2])


def _frozen(part: str) -> Strike:
    @contextmanager
    def strike(place: Place, _chance: random.Random, hold: float) -> Iterator[Struck]:
        with place.frozen(part):
            time.sleep(hold)
        yield Struck(part, WORKERS[:2])

    return strike


def _way(part: str, passage: Passage) -> Strike:
    @contextmanager
    def strike(place: Place, chance: random.Random, hold: float) -> Iterator[Struck]:
        after = chance.randrange(20_000) if passage is Passage.TORN else 0
        with place.ways[part].spoilt(passage, after):
            time.sleep(hold)
        yield Struck(f"{part}, after {after} bytes" if after else part, WORKERS[:2])

    return strike


def _full(disk: str) -> Strike:
    @contextmanager
    def strike(place: Place, _chance: random.Random, hold: float) -> Iterator[Struck]:
        with place.disks[disk].full():
            time.sleep(hold)
        place.servers_up()
        yield Struck(disk, WORKERS[:2])

    return strike


@contextmanager
def _wiped(place: Place, _chance: random.Random, _hold: float) -> Iterator[Struck]:
    with redis.Redis.from_url(place.own_broker) as broker:
        broker.flushall()
    yield Struck("redis", WORKERS[:2])


@contextmanager
def _delivered_again(place: Place, chance: random.Random, _hold: float) -> Iterator[Struck]:
    """Every message that waits comes again, and each role is woken some times more."""
    again = 0
    with redis.Redis.from_url(place.own_broker) as broker:
        for role in JobRole:
            for message in broker.lrange(queue_name(role), 0, -1):
                again += 1
                broker.lpush(queue_name(role), message, message)
    wakes = Wakes(place.own_broker)
    for _n in range(chance.randrange(2, 6)):
        wakes(frozenset(JobRole))
    wakes.close()
    yield Struck(f"{again} messages again", WORKERS[:2])


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


def _until(what: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(_LOOK_EVERY)
