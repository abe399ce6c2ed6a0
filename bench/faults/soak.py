"""Clients at work while faults hit the service, one after the other, and what stands afterwards.

Kinds, victims and moments come from the seed; the machine's mood does the rest. Each kind comes once before any comes
again. A strike that found nobody at work is no fault: it is told apart, and its kind comes once more later.

A fault counts as over when the whole service works again: a paper that was brought after its end (to the very web
process, when that was hit) is valid, every job of it is done, and the receiver of events knows. That time is its
recovery. When it takes longer than the longest that is allowed, the soak ends there, and tells what was still waiting.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from bench.faults.checker import Facts
from bench.faults.clients import PATIENCE, Books, Clerk, GivenUp
from bench.faults.disks import Disk
from bench.faults.kinds import KINDS, Struck
from bench.faults.place import Place
from bench.faults.receiver import TYPES, Receiver
from bench.faults.sampler import Sampler
from tests.services import CHECKOUT, NotDone

_CLERKS = 2
_MOST_WAITING = 2
"""Jobs; clerks pause while more wait, so that recovery is not the time of a backlog."""
_BURST_EVERY = 15
_LONGEST_DEAFNESS = 40.0
_QUIET_AFTER = 240.0
_VALID = "vn.khoso.document.valid"
_MOST_STRIKES = 3
"""For each fault that is wanted; so often may a strike find nobody at work."""
_SOMETHING_TO_DO = 5.0
_TOLD_AT_MOST = 40
_LOOK_EVERY = 0.05
_DISK_MB = 8 * 1024
"""In memory, and only what is written: so large that the service does not find its disks small."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `waiting`: jobs that waited when it struck. `recovery` in seconds from its end; None: not in time."""

    n: int
    kind: str
    detail: str
    waiting: int
    lasted: float
    recovery: float | None


@dataclass(slots=True)
class Result:
    """What a soak found; every list but `faults` and `idle` is empty when all is well.

    `idle`: strikes at which nobody was at work, which count as no faults. `waiting`: what was still to be done when a
    recovery took too long, or which servers could not be started again; the soak ended there.
    """

    seed: int
    faults: list[Fault] = field(default_factory=list)
    idle: dict[str, int] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    stand: dict[str, Any] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)
    log: int = -1
    doctor: int = -1
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def well(self) -> bool:
        found = [value for name, value in self.stand.items() if name != "counts"]
        lists = [*found, self.refused, self.unequal, self.back, self.left, self.noise, self.waiting]
        recovered = all(fault.recovery is not None for fault in self.faults)
        return recovered and (self.log, self.doctor) == (0, 0) and bool(found) and not any(lists)

    def as_json(self) -> dict[str, Any]:
        return {"well": self.well, "recovery": self.recovery(), **asdict(self)}

    def recovery(self) -> dict[str, dict[str, float]]:
        """Number, median, 95th percentile and maximum, of all and of each kind."""
        kinds = {"all": self.faults}
        for fault in sorted(self.faults, key=lambda one: one.kind):
            kinds.setdefault(fault.kind, []).append(fault)
        return {
            kind: _spread([one.recovery for one in some if one.recovery is not None])
            for kind, some in kinds.items()
        }


_IN_TIME = "-c statement_timeout=5000"
_WAITING = """
    SELECT concat_ws(' ', 'job', kind, document_id, state, 'attempts', attempts, last_error) FROM jobs
    WHERE state <> 'done'
    UNION ALL SELECT concat_ws(' ', 'delivery', subject, state, 'attempts', attempts, last_error) FROM deliveries
    WHERE settled_at IS NULL
    UNION ALL SELECT concat_ws(' ', 'event', type, subject) FROM events WHERE handed_out_at IS NULL
"""
_UNSWEPT = "SELECT count(*) FROM object_intents WHERE key NOT LIKE 'log/%'"
"""The log's tiles are locked from the put on: one that came to nothing stays until its lock ends."""
_UNTOLD = """
    SELECT (SELECT count(*) FROM events WHERE handed_out_at IS NULL)
        + (SELECT count(*) FROM deliveries WHERE settled_at IS NULL)
"""


def _readiness(url: str) -> str:
    try:
        return httpx.get(f"{url}/readyz", timeout=10).text[:1000]
    except httpx.TransportError as error:
        return type(error).__name__


def _spread(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {"n": 0}
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    return {"n": len(ordered), "p50": statistics.median(ordered), "p95": p95, "max": ordered[-1]}


class Soak:
    """One soak in `folder`, which must be empty."""

    def __init__(
        self,
        folder: Path,
        *,
        faults: int,
        seed: int,
        hold: float,
        longest: float,
        kinds: Sequence[str],
        tell: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._count = faults
        self._hold = hold
        self._longest = longest
        self._kinds = list(kinds)
        self._tell = tell
        self._chance = random.Random(seed)
        self._result = Result(seed)
        self._books = Books(folder)
        self._stop = threading.Event()
        self._given_up = threading.Event()
        self._disks = (Disk(folder / "servers", _DISK_MB), Disk(folder / "processes", _DISK_MB))
        self._place = Place(folder, *self._disks, in_flight=self._books.in_flight)
        self._receiver = Receiver(folder / "told.jsonl")

    def run(self) -> Result:
        """Everything, from the first server to the last look."""
        started, load = time.monotonic(), os.getloadavg()
        with ExitStack() as ends:
            for disk in self._disks:
                ends.enter_context(disk.mounted())
            with self._place.running(), self._receiver.listening():
                self._tell(f"up after {time.monotonic() - started:.1f} s")
                self._subscribe()
                sampler = Sampler(self._place.own_database)
                sampler.begin()
                try:
                    with self._clerks_at_work(sampler):
                        self._strike_all(sampler)
                    if not self._result.waiting:
                        self._await_quiet(sampler)
                        self._tell(f"quiet after {time.monotonic() - started:.1f} s")
                finally:
                    sampler.end()
                if not self._result.waiting:
                    self._look_at_all()
                    self._tell(f"looked at after {time.monotonic() - started:.1f} s")
                if not self._result.well:
                    self._tell_tails()
            self._result.left = self._place.leftovers()
        self._result.refused = self._books.refused + self._receiver.bad
        self._result.unequal = self._books.unequal
        self._result.back = sampler.back
        self._result.seconds = round(time.monotonic() - started, 1)
        self._result.facts |= {
            "clerks": _CLERKS,
            "papers": self._books.papers(),
            "acknowledged": self._books.acknowledged,
            "sent_again": dict(self._books.sent_again.most_common()),
            "bursts_of_50": self._books.bursts,
            "prints": self._books.printed,
            "event_streams": self._books.streams,
            "events_taken": self._receiver.taken,
            "events_put_off": self._receiver.later,
            "samples": sampler.samples,
            "killed": {name: kept.killed for name, kept in self._place.kept.items()},
            "ended_by_themselves": {
                name: kept.ended for name, kept in self._place.kept.items() if kept.ended
            },
            "load_before": load,
            "load_after": os.getloadavg(),
        }
        return self._result

    # --- at work --------------------------------------------------------------------------------------

    def _subscribe(self) -> None:
        """A system of the agency is told of everything from now on."""
        admin = self._clerk("admin", self._place.webs)
        self._receiver.secret = admin.subscribe(self._receiver.url, TYPES)
        admin.close()

    @contextmanager
    def _clerks_at_work(self, sampler: Sampler) -> Iterator[None]:
        clerks = [self._clerk(f"clerk-{n}", self._place.webs) for n in range(_CLERKS)]
        threads = [
            threading.Thread(target=self._work, args=(clerk, n, sampler), name=clerk.name)
            for n, clerk in enumerate(clerks)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            if self._result.waiting:
                self._given_up.set()
            for thread in threads:
                thread.join(_QUIET_AFTER)
            self._given_up.set()
            for thread, clerk in zip(threads, clerks, strict=True):
                thread.join()
                clerk.close()

    def _clerk(self, name: str, webs: Sequence[str], patience: float = PATIENCE) -> Clerk:
        seed = self._chance.randrange(1 << 32)
        return Clerk(name, webs, self._books, seed, given_up=self._given_up, patience=patience)

    def _work(self, clerk: Clerk, n: int, sampler: Sampler) -> None:
        def go() -> bool:
            while sampler.waiting > _MOST_WAITING and not self._stop.is_set():
                time.sleep(_LOOK_EVERY)
            return not self._stop.is_set()

        number = 0
        try:
            while go():
                number += 1
                clerk.one_dossier(f"H41.08-26112{n}-{number:04}", go=go)
        except GivenUp:
            self._result.noise.append(f"{clerk.name} was never answered")

    def _strike_all(self, sampler: Sampler) -> None:
        """As many faults as are wanted, or until one is not recovered from."""
        kinds = self._chance.sample(self._kinds, len(self._kinds))
        kinds += self._chance.choices(self._kinds, k=max(0, self._count - len(kinds)))
        coming = deque(kinds[: self._count])
        for _strike in range(_MOST_STRIKES * self._count):
            if not coming or self._result.waiting:
                return
            time.sleep(self._chance.uniform(0.1, 0.5))
            kind, n = coming.popleft(), len(self._result.faults) + 1
            burst = self._burst(n) if n % _BURST_EVERY == _BURST_EVERY // 3 else None
            try:
                fault = self._strike(n, kind, sampler)
            except NotDone as error:
                self._result.waiting = [f"{kind}: the servers do not come up again: {error}"]
                self._given_up.set()
                return
            finally:
                if burst is not None:
                    burst.join()
            if fault is None:
                self._result.idle[kind] = self._result.idle.get(kind, 0) + 1
                coming.append(kind)
                continue
            self._result.faults.append(fault)
            self._tell(
                f"{n}/{self._count} {kind} ({fault.detail}): {fault.lasted} s, recovered {fault.recovery} s"
            )
        if coming:
            self._result.noise.append(f"nobody was at work to be struck: {', '.join(coming)}")

    def _burst(self, n: int) -> threading.Thread:
        """Fifty submits at once with one key, begun a moment before a fault."""
        clerk = self._clerk(f"burst-{n}", self._place.webs)

        def go() -> None:
            try:
                clerk.burst(f"H41.08-261129-{n:04}")
            except GivenUp:
                self._result.noise.append(f"burst {n} was never answered")
            finally:
                clerk.close()

        thread = threading.Thread(target=go, name=clerk.name)
        thread.start()
        return thread

    def _strike(self, n: int, kind: str, sampler: Sampler) -> Fault | None:
        """One fault and its end; None when nobody was at work."""
        if not (waiting := self._something_to_do(sampler)):
            return None
        began = time.monotonic()
        with KINDS[kind](self._place, self._chance, self._chance.uniform(0.3, self._hold)) as struck:
            pass
        if not struck.at_work:
            return None
        ended = time.monotonic()
        recovered = self._await_work(n, struck, ended, sampler)
        return Fault(n, kind, struck.detail, waiting, round(ended - began, 2), recovered)

    def _something_to_do(self, sampler: Sampler) -> int:
        """How many jobs wait, once some do; 0 when none came in time."""
        until = time.monotonic() + _SOMETHING_TO_DO
        while not (waiting := sampler.waiting) and time.monotonic() < until:
            time.sleep(_LOOK_EVERY)
        return waiting

    def _await_work(self, n: int, struck: Struck, ended: float, sampler: Sampler) -> float | None:
        """How long it took until a new paper had gone through the whole service; None when that is too long."""
        webs = [struck.web] if struck.web else self._place.webs
        clerk = self._clerk(f"probe-{n}", webs, patience=self._longest)
        number = f"H41.08-261128-{n:04}"
        try:
            clerk.open(number)
            document = clerk.bring(f"probe {n}", dossier=number)
            clerk.succeed(number)
            while not (
                sampler.is_through(document) and self._receiver.has_heard(_VALID, f"documents/{document}")
            ):
                if time.monotonic() - ended > self._longest:
                    raise GivenUp
                time.sleep(_LOOK_EVERY)
        except GivenUp:
            self._result.waiting = self._still_waiting()
            return None
        finally:
            clerk.close()
        return round(time.monotonic() - ended, 2)

    def _still_waiting(self) -> list[str]:
        """What the rows say is to be done, and the web processes of themselves; never empty."""
        said = [f"{url}: {_readiness(url)}" for url in self._place.webs]
        try:
            with psycopg.connect(self._place.own_database, connect_timeout=5, options=_IN_TIME) as rows:
                said += [str(one[0]) for one in rows.execute(_WAITING).fetchmany(_TOLD_AT_MOST)]
        except psycopg.OperationalError as error:
            said.append(f"postgresql: {str(error).strip()}")
        return said

    # --- afterwards -----------------------------------------------------------------------------------

    def _await_quiet(self, sampler: Sampler) -> None:
        until, samples = time.monotonic() + _QUIET_AFTER, sampler.samples
        while sampler.waiting or sampler.samples <= samples + 1:
            if time.monotonic() > until:
                self._result.noise.append(f"{sampler.waiting} jobs are not done")
                return
            time.sleep(_LOOK_EVERY)

    def _look_at_all(self) -> None:
        """Whether all workers still hear; and when a day has passed for what waits to be swept, what stands."""
        self._result.noise += self._place.deaf(_LONGEST_DEAFNESS)
        self._let_a_day_pass()
        log = self._place.khoso("log", "verify")
        doctor = self._place.khoso("doctor", more=self._place.services.admin_settings)
        self._result.log, self._result.doctor = log.returncode, doctor.returncode
        for done in (log, doctor):
            if done.returncode != 0:
                self._tell(done.stdout[-3000:] + done.stderr[-1000:])
        facts = self._folder / "facts.json"
        facts.write_text(json.dumps(asdict(self._facts())))
        looked = subprocess.run(
            [sys.executable, "-m", "bench.faults.checker", str(facts)],
            cwd=CHECKOUT,
            env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            check=False,
        )
        if looked.returncode != 0:
            self._result.noise.append(f"the checker ended with {looked.returncode}: {looked.stderr[-2000:]}")
            return
        self._result.stand = json.loads(looked.stdout)

    def _tell_tails(self) -> None:
        for name, lines in self._place.tails().items():
            self._tell("\n".join([name, *lines]))

    def _let_a_day_pass(self) -> None:
        """Uploads and intentions become a day older; a beat that is started again sweeps both, uploads first.

        So do deliveries that a killed courier had in the air, and those that were put off: they come again.
        """
        self._place.kill(self._place.kept["beat"])
        with psycopg.connect(self._place.own_database) as rows:
            rows.execute(
                "UPDATE deliveries SET not_before = not_before - interval '1 day',"
                " lease_until = lease_until - interval '1 day' WHERE settled_at IS NULL"
            )
            rows.execute("UPDATE receivers SET not_before = not_before - interval '1 day'")
            rows.execute("UPDATE object_intents SET made_at = made_at - interval '2 days'")
            rows.execute("UPDATE waiting_files SET until = until - interval '2 days'")
        until = time.monotonic() + _QUIET_AFTER
        with psycopg.connect(self._place.own_database, autocommit=True) as rows:
            for left, finding in (
                ("SELECT count(*) FROM waiting_files", "uploads whose day is over are not forgotten"),
                (_UNSWEPT, "objects that nothing names are not swept"),
                (_UNTOLD, "events are not told"),
            ):
                while rows.execute(left).fetchone() != (0,):
                    if time.monotonic() > until:
                        self._result.noise.append(finding)
                        return
                    time.sleep(_LOOK_EVERY)

    def _facts(self) -> Facts:
        settings = self._place.services.settings
        return Facts(
            database=self._place.own_database,
            endpoint=settings["KHOSO_S3_ENDPOINT"].removeprefix("http://"),
            access_key=Path(settings["KHOSO_S3_ACCESS_KEY_FILE"]).read_text().strip(),
            secret_key=Path(settings["KHOSO_S3_SECRET_KEY_FILE"]).read_text().strip(),
            region=settings["KHOSO_S3_REGION"],
            bucket=settings["KHOSO_S3_BUCKET"],
            api=self._place.webs[0],
            ledger=str(self._books.ledger),
            prints=str(self._books.prints),
            told=str(self._receiver.told),
            handed_in=self._books.handed_in,
        )
