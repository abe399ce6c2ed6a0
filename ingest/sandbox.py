"""Functions that open bytes from outside run here: each call in a fresh child (`nursery.py`) behind walls (`walls.py`).

Promised: the child has no network, no other program, no environment; it reads the named files and the
system's libraries, writes one folder at most, and is bounded in memory, time and output. It ends with the
call, with its time, or with its parent. What comes back is JSON (and pixels as bytes), never a pickle. A
`KhosoError` raised inside comes back as the same error; a child that dies comes back as a refusal.

Not promised: that a child's answer is true. It has read hostile bytes; treat its values as claims.
"""

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from common import KhosoError
from ingest.nursery import ChildProcess, Ending, child_of_nursery
from ingest.own_program import search_path, start_program
from ingest.refusals import DamagedFile, Refusal, TookTooLong, TooMuchMemory, TooMuchOutput
from ingest.walls import Bounds, NoWalls, seccomp_usable, system_paths
from ingest.wire import SIZES

_CHILD = Path(__file__).with_name("confined_child.py")
_TRIAL_MEMORY = 512 << 20
_LONGEST_HEADER = 8 << 20
"""Bytes. JSON becomes up to twenty times as large in memory, and it is read outside of the walls."""
_LONGEST_FACT = 1_000
_ODD_ANSWER = (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""What code raises that takes a child's answer for what it should be."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """What one confined call may cost."""

    seconds: float = 10.0
    """On the clock; for a stream, between two items."""
    memory_bytes: int = 900_000_000
    """Of address space, besides what our own libraries take."""
    output_bytes: int = 50_000_000
    """Of what it answers (for a stream: of one item) and of any file it writes."""
    processor_seconds: float | None = None
    """For a stream, of the whole; else as `seconds`."""


class Walls(StrEnum):
    """What keeps a child from network, programs and processes."""

    SECCOMP = "seccomp"
    BUBBLEWRAP = "bubblewrap"
    NONE = "none"
    """Nothing does; only the limits hold. Production must not start."""


@dataclass(frozen=True, slots=True)
class ConfinementReport:
    """Which walls stand, found out by a child that ran against each of them."""

    walls: Walls
    network: bool
    """True: no connection could be made. So for the others: True means that the wall held."""
    programs: bool
    processes: bool
    signals: bool
    reading: bool
    writing: bool
    memory: bool

    @property
    def sufficient(self) -> bool:
        """Whether production may open bytes from outside here (files may lack a wall on old kernels)."""
        # In bubblewrap a new process is possible, but stays in the child's own namespace and dies with it.
        processes = self.processes or self.walls is Walls.BUBBLEWRAP
        return self.network and self.programs and processes and self.signals and self.memory


class ChildFailed(Exception):
    """What a confined function died of, as the cause of the refusal: its traceback or its signal."""


def confined(
    target: str,
    request: Any,
    *,
    readable: Sequence[Path] = (),
    writable: Path | None = None,
    limits: Confinement | None = None,
    name: str | None = None,
    parse: Callable[[Any], Any] | None = None,
) -> Any:
    """Run `package.module:function` on the JSON value `request` in a fresh child; return its JSON result.

    `name` is how a refusal calls the file (default: the name of the first readable one). `parse` makes what the
    caller needs of the result, which a child in foreign hands may have forged: what it trips over is refused as
    DamagedFile. Raises the `KhosoError` that the function raised; TookTooLong, TooMuchMemory, TooMuchOutput at
    its limits; DamagedFile, with `ChildFailed` as cause, when it died of anything else.
    """
    limits = limits or Confinement()
    before = 0 if writable is None else _bytes_in(writable)
    with _Child(target, request, readable, writable, limits, name) as child:
        child.tell()
        result = child.result(time.monotonic() + limits.seconds)
        shown = child.name
    # Counted when the child is gone: the kernel bounds each file that it writes, but not how many.
    if writable is not None and _bytes_in(writable) - before > limits.output_bytes:
        raise TooMuchOutput(name=shown)
    try:
        return result if parse is None else parse(result)
    except _ODD_ANSWER as error:
        raise DamagedFile(name=shown) from error


def confined_stream(
    target: str,
    request: Any,
    *,
    readable: Sequence[Path] = (),
    limits: Confinement | None = None,
    name: str | None = None,
) -> Iterator[tuple[Any, bytes]]:
    """Run a generator of (JSON value, bytes) in a fresh child and yield its items as they come.

    The child waits while its last items are not taken, so that few of them are in memory at any time; its
    time on the clock counts only while it is waited for. Errors as with `confined`.
    """
    limits = limits or Confinement()
    with _Child(target, request, readable, None, limits, name) as child:
        child.tell()
        while True:
            header, body = child.frame(time.monotonic() + limits.seconds)
            if "result" in header:
                return
            yield header["item"], body


def confinement_report() -> ConfinementReport:
    """Start a child that tries the walls, and tell which held."""
    limits = Confinement(memory_bytes=_TRIAL_MEMORY)
    request = {"parent": os.getpid(), "too_much_memory": 2 * _TRIAL_MEMORY}
    held = confined("ingest.wall_trial:try_walls", request, limits=limits, name="-")
    return ConfinementReport(walls=_walls(), **held)


def require_walls() -> None:
    """Raise NoWalls unless network, programs, processes, signals and memory are walled off here."""
    if not confinement_report().sufficient:
        raise NoWalls()


def _bytes_in(folder: Path) -> int:
    """Bytes of all files below a folder; links are not followed."""
    size = 0
    for place, _, files in os.walk(folder):
        for file in files:
            with contextlib.suppress(FileNotFoundError):  # somebody else's, and gone again
                size += Path(place, file).lstat().st_size
    return size


class _Child:
    """One child process, from its start to its burial."""

    def __init__(
        self,
        target: str,
        request: Any,
        readable: Sequence[Path],
        writable: Path | None,
        limits: Confinement,
        name: str | None,
    ) -> None:
        self._limits = limits
        self.name = name if name is not None else readable[0].name if readable else "?"
        paths = [path.resolve() for path in readable]
        folder = None if writable is None else writable.resolve()
        order = {
            "target": target,
            "request": request,
            "bounds": asdict(_bounds(limits)),
            "readable": [str(path) for path in paths],
            "writable": None if folder is None else str(folder),
        }
        self._order = json.dumps(order).encode()
        if _walls() is Walls.BUBBLEWRAP:
            self._process = _wrapped_child(_bubblewrap(paths, folder))
        else:
            self._process = child_of_nursery(target.partition(":")[0])

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.end()

    def tell(self) -> None:
        """Hand the child its order."""
        with contextlib.suppress(BrokenPipeError):  # it died at once: reading its answer says of what
            self._process.order.write(self._order)
            self._process.order.close()

    def result(self, deadline: float) -> Any:
        """What the function returned, past whatever items it gave."""
        while "result" not in (header := self.frame(deadline)[0]):
            pass
        return header["result"]

    def frame(self, deadline: float) -> tuple[dict[str, Any], bytes]:
        """The next item or the result; raises what the child raised or died of."""
        sizes = self._read(SIZES.size, deadline)
        header_size, body_size = SIZES.unpack(sizes)
        if header_size > _LONGEST_HEADER or max(header_size, body_size) > self._limits.output_bytes:
            raise TooMuchOutput(name=self.name)
        header = self._parsed(self._read(header_size, deadline))
        if "refusal" in header:
            raise self._refusal(header["refusal"])
        if "failure" in header:
            raise DamagedFile(name=self.name) from ChildFailed(str(header["failure"]))
        return header, self._read(body_size, deadline)

    def _parsed(self, text: bytes) -> dict[str, Any]:
        try:
            header = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DamagedFile(name=self.name) from error
        if not isinstance(header, dict) or not header.keys() & {"item", "result", "refusal", "failure"}:
            raise DamagedFile(name=self.name)
        return header

    def _read(self, size: int, deadline: float) -> bytes:
        answer = self._process.answer
        watch = select.poll()
        watch.register(answer, select.POLLIN)
        parts = bytearray()
        while len(parts) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not watch.poll(left * 1000):
                raise TookTooLong(name=self.name)
            part = os.read(answer, min(size - len(parts), 1 << 20))
            if not part:
                raise self._death(deadline)
            parts += part
        return bytes(parts)

    def _refusal(self, told: Any) -> KhosoError:
        try:
            kind = _kinds_of_error()[told["code"]]
            error = kind(**{"name": self.name, **_facts(told["facts"])})
            str(error)  # raises when these are not the facts that its sentence needs
        except _ODD_ANSWER:
            return DamagedFile(name=self.name)
        return error

    def _death(self, deadline: float) -> Refusal:
        """The refusal for a child that closed its pipe without a result."""
        if not self._process.dead_within(deadline - time.monotonic()):
            return TookTooLong(name=self.name)
        # A nursery is killed like a child, by a system that ran short, and takes its children along.
        ending = self._process.burial() or Ending(-signal.SIGKILL, 0)
        if ending.code == -signal.SIGXCPU:
            refusal: Refusal = TookTooLong(name=self.name)
        elif ending.code == -signal.SIGXFSZ:
            refusal = TooMuchOutput(name=self.name)
        elif ending.code == -signal.SIGKILL or ending.grown > self._limits.memory_bytes // 2:
            # Killed, but not by us: the system ran short; or a parser aborted because it got no memory.
            refusal = TooMuchMemory(name=self.name)
        else:
            refusal = DamagedFile(name=self.name)
        refusal.__cause__ = ChildFailed(f"the child ended with {ending.code}")
        return refusal


def _facts(told: Any) -> dict[str, str | int | float]:
    """Facts that a sentence can take; ValueError for others."""
    plain = isinstance(told, dict) and all(isinstance(fact, str | int | float) for fact in told.values())
    if not plain or any(len(str(fact)) > _LONGEST_FACT for fact in told.values()):
        raise ValueError("not the facts of an error")
    return dict(told)


def _bounds(limits: Confinement) -> Bounds:
    seconds = limits.seconds if limits.processor_seconds is None else limits.processor_seconds
    return Bounds(seconds, limits.memory_bytes, limits.output_bytes)


def _wrapped_child(wrapping: Sequence[str]) -> ChildProcess:
    """A child that is a program of its own, in namespaces of its own."""
    process = start_program(_CHILD, json.dumps(search_path()), wrapping=wrapping)
    assert process.stdin is not None
    assert process.stdout is not None
    handle = os.pidfd_open(process.pid)
    held = ExitStack()
    for pipe in (process.stdin, process.stdout):
        held.callback(pipe.close)
    held.callback(os.close, handle)
    return ChildProcess(
        process.stdin, process.stdout.fileno(), handle, lambda: _burial_of_program(process), held
    )


def _burial_of_program(process: "subprocess.Popen[bytes]") -> Ending | None:
    if process.returncode is not None:
        return None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    # Until it became a program the child shared our memory, which the kernel counts as its own peak.
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Ending(process.returncode, max(0, usage.ru_maxrss - ours) * 1024)


def _kinds_of_error() -> dict[str, type[KhosoError]]:
    """Every error that is known in this process, by its code."""
    found: dict[str, type[KhosoError]] = {}
    waiting: list[type[KhosoError]] = [KhosoError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            if code := getattr(kind, "code", None):
                found[code] = kind
            waiting.append(kind)
    return found


@cache
def _walls() -> Walls:
    if seccomp_usable():
        return Walls.SECCOMP
    return Walls.NONE if _bubblewrap_program() is None else Walls.BUBBLEWRAP


def _bubblewrap_program() -> str | None:
    """bubblewrap, if it can make its namespaces here (some systems keep them from ordinary users)."""
    program = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if program is None:
        return None
    trial = [program, "--unshare-all", "--ro-bind", "/", "/", "/bin/true"]
    done = subprocess.run(trial, capture_output=True, timeout=10, check=False)
    return program if done.returncode == 0 else None


def _bubblewrap(readable: Sequence[Path], writable: Path | None) -> list[str]:
    """The command that starts a child in namespaces of its own."""
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--dev", "/dev"]
    for path in [*system_paths(), *readable]:
        if not path.is_relative_to("/dev"):
            command += ["--ro-bind", str(path), str(path)]
    if writable is not None:
        command += ["--bind", str(writable), str(writable)]
    return [*command, "--chdir", "/"]
