"""An installation in service under fault: its servers, the ways to them, its processes and who starts them again.

Servers and processes lie on small file systems of the soak's own (`disks`), so that a disk can be full. A process
that has ended is started again with the same words after a moment, as systemd would do; nothing else is ever done
for one. Servers are started again when their fault is over.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

from api.connectors.broker import Wakes, queue_name
from bench.faults.disks import Disk
from bench.faults.ways import Way
from bench.soak.children import descendants_of, own_environment
from datastore import JobRole
from tests.services import Services

PARTS = ("postgresql", "redis", "minio")
_WORKERS = {"reader": 1, "signer": 2, "archivist": 1}
"""One reader for a machine, as it should be; two signers, to take each other's work over."""
_WEBS = 2
_KHOSO = str(Path(sys.executable).with_name("khoso"))
_RESTART_AFTER = 0.5
"""Seconds; systemd's own default is 0.1."""
_LOOK_EVERY = 0.05
_GRACE = 60.0
_LOWEST_PORT, _HIGHEST_PORT = 20_000, 31_000
"""Ports that the kernel does not hand to outgoing connections: ours is still free after a restart."""


@dataclass(slots=True)
class Kept:
    """A process that is started again when it ended. `killed` counts what the soak did, `ended` what it did itself."""

    name: str
    words: tuple[str, ...]
    process: "subprocess.Popen[bytes] | None" = None
    struck: bool = False
    killed: int = 0
    ended: list[int] = field(default_factory=list)
    not_before: float = 0.0

    @property
    def pid(self) -> int:
        assert self.process is not None, "it was started"
        return self.process.pid

    def tell_to_end(self) -> None:
        """It hands back what it is at, and ends."""
        if self.process is not None:
            self.process.terminate()

    def end(self, grace: float) -> None:
        """Waits for its end; one that does not come to it is killed, and that is remembered as its end."""
        if self.process is None:
            return
        try:
            if (status := self.process.wait(grace)) != 0:
                self.ended.append(status)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.ended.append(self.process.wait())


class Place:
    """Everything that runs; `environment` is what the processes see.

    `in_flight`: how many requests are under way, by the address of a web process.
    """

    def __init__(self, folder: Path, servers: Disk, data: Disk, *, in_flight: "Counter[str]") -> None:
        self.folder = folder
        self.in_flight = in_flight
        self.disks = {"servers": servers, "processes": data}
        self.services = Services(servers.folder / "services")
        self.data = data.folder / "data"
        self.temporary = data.folder / "tmp"
        self.ways: dict[str, Way] = {}
        self.kept: dict[str, Kept] = {}
        self._over = threading.Event()
        self._lock = threading.Lock()

    # --- what runs ------------------------------------------------------------------------------------

    @contextmanager
    def running(self) -> Iterator[None]:
        """Servers, ways and processes, until the block ends."""
        self.services.folder.mkdir(mode=0o711)
        self.temporary.mkdir()
        with ExitStack() as ends:
            ends.callback(self.services.end)
            self.services.start(*PARTS)
            for part in PARTS:
                self.ways[part] = Way(self.port_of(part))
                ends.callback(self.ways[part].close)
            self.khoso("migrate")
            self._begin()
            keeper = threading.Thread(target=self._keep, name="supervisor")
            keeper.start()
            try:
                yield
            finally:
                self._over.set()
                keeper.join()
                for kept in self.kept.values():
                    kept.tell_to_end()
                until = time.monotonic() + _GRACE
                for kept in self.kept.values():
                    kept.end(max(0.0, until - time.monotonic()))

    def _begin(self) -> None:
        for role, count in _WORKERS.items():
            for number in range(count):
                self._add(f"{role}-{number}", "worker", "--role", role)
        self._add("beat", "beat")
        for number in range(_WEBS):
            self._add(f"web-{number}", "serve", "--port", str(_free_port()))
        for kept in self.kept.values():
            self._start(kept)

    def _add(self, name: str, *words: str) -> None:
        self.kept[name] = Kept(name, words)

    def _start(self, kept: Kept) -> None:
        with (self.folder / f"{kept.name}.log").open("ab") as log:
            kept.process = subprocess.Popen(
                [_KHOSO, *kept.words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                cwd=self.folder,
            )

    def _keep(self) -> None:
        """The supervisor: whatever has ended runs again in a moment."""
        while not self._over.wait(_LOOK_EVERY):
            for kept in self.kept.values():
                with self._lock:
                    self._look_after(kept)

    def _look_after(self, kept: Kept) -> None:
        if kept.process is not None and (status := kept.process.poll()) is not None:
            if kept.struck:
                kept.killed, kept.struck = kept.killed + 1, False
            else:
                kept.ended.append(status)
            kept.process, kept.not_before = None, time.monotonic() + _RESTART_AFTER
        elif kept.process is None and time.monotonic() >= kept.not_before:
            self._start(kept)

    # --- what is known --------------------------------------------------------------------------------

    def port_of(self, part: str) -> int:
        """Where the server itself listens."""
        return int((self.services.folder / f"{part}.port").read_text())

    @property
    def environment(self) -> dict[str, str]:
        """Nothing but what the processes of this place need; servers are reached over the ways."""
        return {
            **own_environment(self.folder, data=self.data, temporary=self.temporary),
            "KHOSO_WORKERS": "1",
            "KHOSO_LOG_STRICT": "true",
            "KHOSO_TRUSTED_PROXIES": "127.0.0.1",
            **{name: self._over_the_way(value) for name, value in self.services.settings.items()},
        }

    def _over_the_way(self, value: str) -> str:
        for part, way in self.ways.items():
            value = value.replace(f"127.0.0.1:{self.port_of(part)}", f"127.0.0.1:{way.port}")
        return value

    @property
    def own_database(self) -> str:
        """The rows, past the way: for whoever looks from outside."""
        return self.services.settings["KHOSO_DATABASE_URL"].replace("+psycopg", "")

    @property
    def own_broker(self) -> str:
        """The broker, past the way."""
        return self.services.settings["KHOSO_BROKER_URL"]

    @property
    def webs(self) -> list[str]:
        """Addresses of the web processes."""
        return [f"http://127.0.0.1:{kept.words[-1]}" for kept in self.of("web")]

    def of(self, role: str) -> list[Kept]:
        """The processes of a role."""
        return [kept for name, kept in self.kept.items() if name.partition("-")[0] == role]

    def khoso(self, *words: str, more: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """A command beside the service."""
        return subprocess.run(
            [_KHOSO, *words],
            env=self.environment | dict(more or {}),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    # --- what is done to it ---------------------------------------------------------------------------

    def kill(self, kept: Kept) -> None:
        """`kill -9` of one process that runs; its supervisor sees to the rest."""
        while True:
            with self._lock:
                if kept.process is not None and kept.process.poll() is None:
                    kept.struck = True
                    kept.process.kill()
                    return
            time.sleep(_LOOK_EVERY)

    def page_workers(self, kept: Kept) -> list[int]:
        """The processes below one."""
        return [] if kept.process is None else descendants_of(kept.process.pid)

    @contextmanager
    def down(self, part: str, how: signal.Signals) -> Iterator[None]:
        """A server that was ended, and is started again after the block."""
        os.kill(self.services.process(part), how)
        try:
            yield
        finally:
            self.servers_up()

    @contextmanager
    def frozen(self, part: str) -> Iterator[None]:
        """A server all of whose processes stand still."""
        family = self.family(part)
        signal_all(family, signal.SIGSTOP)
        try:
            yield
        finally:
            signal_all(family, signal.SIGCONT)

    def family(self, part: str) -> list[int]:
        """The processes of a server, the first one first."""
        first = self.services.process(part)
        return [first, *descendants_of(first)]

    def servers_up(self) -> None:
        """Starts those servers that do not run, and finds them where they are now."""
        self.services.start(*PARTS)
        for part, way in self.ways.items():
            way.target = self.port_of(part)

    def in_work(self, worker: str, role: str) -> Kept | None:
        """The process that claims jobs under this name (`place/w-…`): it holds the lock of that workroom."""
        lock = self.data / "work" / f"{worker.rpartition('/')[2]}.lock"
        for kept in self.of(role):
            if kept.process is not None and _holds(kept.process.pid, lock):
                return kept
        return None

    def deaf(self, patience: float) -> list[str]:
        """What says that some worker hears nothing, as the broker sees it; nothing once all of them listen.

        A worker that listens waits in a blocking call at the broker; what it is told is gone from its queue at once.
        """
        workers = sum(len(self.of(role.value)) for role in JobRole)
        until = time.monotonic() + patience
        with redis.Redis.from_url(self.own_broker) as broker, closing(Wakes(self.own_broker)) as wakes:
            wakes(frozenset(JobRole))
            while True:
                time.sleep(_LOOK_EVERY)
                listening = sum("b" in client["flags"] for client in broker.client_list())
                left = len(waiting_messages(broker))
                if listening >= workers and not left:
                    return []
                if time.monotonic() > until:
                    return [f"{listening} of {workers} workers listen, and {left} messages wait for them"]

    def leftovers(self) -> list[str]:
        """Files of work in progress and temporary files that are still there."""
        work = [path for path in (self.data / "work").rglob("*") if path.name != "sweep.lock"]
        spool = list((self.data / "spool").rglob("*"))
        return sorted(str(path) for path in [*work, *spool, *self.temporary.rglob("*")])

    def tails(self, lines: int = 15) -> dict[str, list[str]]:
        """The last lines of each log."""
        return {
            name: (self.folder / f"{name}.log").read_text(errors="replace").splitlines()[-lines:]
            for name in self.kept
        }


def waiting_messages(broker: redis.Redis) -> list[tuple[str, bytes | str]]:
    """What waits for the workers, with its queue."""
    queues = [queue_name(role) for role in JobRole]
    return [(queue, message) for queue in queues for message in broker.lrange(queue, 0, -1)]


def _holds(pid: int, lock: Path) -> bool:
    try:
        return any(one.is_symlink() and one.readlink() == lock for one in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _free_port() -> int:
    while True:
        port = random.SystemRandom().randrange(_LOWEST_PORT, _HIGHEST_PORT)
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) != 0:
                return port
