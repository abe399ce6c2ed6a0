"""Commands as child processes under watch: how they ended, what they cost, and what outlives them.

Linux only: `/proc` tells who descends from whom. Orphans of a watched command are handed to this process
(`PR_SET_CHILD_SUBREAPER`), so none can hide; whoever is here that was not before the command is left over.
Memory is the resident memory of a command and all its processes together, sampled; pages that they share
count for each of them, so the figure is rather too high than too low.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

CHECKOUT = Path(__file__).resolve().parents[2]
_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER, linux/prctl.h."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LOOK_EVERY = 0.1
_STARTED: set[int] = set()
"""Commands of this process, several at once perhaps: whoever started them waits for them."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that is over. `status` is negative when a signal ended it, as `subprocess` has it."""

    status: int
    out: str
    err: str
    seconds: float
    peak_bytes: int


@dataclass(slots=True)
class Watched:
    """A running command. Its output goes into the folder `desk`, which is the caller's to remove."""

    process: "subprocess.Popen[bytes]"
    desk: Path
    started: float
    before: frozenset[int]
    peak_bytes: int = 0

    @classmethod
    def start(
        cls, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, desk: Path
    ) -> Self:
        """Starts `command` in `folder`, with nothing in its environment but what is handed in."""
        _adopt_orphans()
        before = frozenset(_children_of(os.getpid()))
        with (desk / "out").open("wb") as out, (desk / "err").open("wb") as err:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=dict(environment), cwd=folder
            )
        _STARTED.add(process.pid)
        return cls(process, desk, time.monotonic(), before)

    @property
    def said(self) -> str:
        """Standard error up to now."""
        return (self.desk / "err").read_text(encoding="utf-8", errors="replace")

    def look(self) -> bool:
        """Whether it still runs; takes a sample of its memory."""
        if self.process.poll() is not None:
            return False
        family = [self.process.pid, *descendants_of(self.process.pid)]
        self.peak_bytes = max(self.peak_bytes, sum(_resident(pid) for pid in family))
        return True

    def wait(self, seconds: float) -> Ended:
        """Waits for the end; a command that takes longer is killed with its processes (status -9)."""
        while self.look():
            if time.monotonic() - self.started > seconds:
                self.kill()
            time.sleep(_LOOK_EVERY)
        return self.ended()

    def kill(self) -> None:
        """`kill -9` of the command, without a word to anyone else."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def ended(self) -> Ended:
        """How it ended."""
        out = (self.desk / "out").read_text(encoding="utf-8", errors="replace")
        seconds = time.monotonic() - self.started
        return Ended(self.process.wait(), out, self.said, seconds, self.peak_bytes)

    def left_over(self, patience: float = 5.0) -> list[str]:
        """The command lines of processes that it left behind; the dying get `patience` seconds."""
        until = time.monotonic() + patience
        while (alive := self._left_alive()) and time.monotonic() < until:
            time.sleep(_LOOK_EVERY)
        return [command_line(pid) for pid in alive]

    def _left_alive(self) -> list[int]:
        orphans = self._orphans()
        for pid in orphans:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        return self._orphans() if orphans else []

    def _orphans(self) -> list[int]:
        return [pid for pid in _children_of(os.getpid()) if pid not in self.before and pid not in _STARTED]


def own_environment(home: Path, *, data: Path, temporary: Path) -> dict[str, str]:
    """What a command of an installation of our own sees: nothing of ours but the programs and this checkout."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONPATH": str(CHECKOUT),
        "KHOSO_DATA_DIR": str(data),
    }


def descendants_of(pid: int) -> list[int]:
    """The living descendants of a process, parents before children."""
    children: dict[int, list[int]] = {}
    for one, parent in _everybody():
        children.setdefault(parent, []).append(one)
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _adopt_orphans() -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _children_of(parent: int) -> list[int]:
    return [pid for pid, above in _everybody() if above == parent]


def _everybody() -> Iterator[tuple[int, int]]:
    """Process and parent of all that there are."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            # Field 4, after the name in parentheses, which may itself hold anything.
            with contextlib.suppress(OSError):
                after = (folder / "stat").read_bytes().rpartition(b")")[2].split()
                yield int(folder.name), int(after[1])


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0


def command_line(pid: int) -> str:
    """How a process was started, shortened; `?` when it is gone."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "?"
    return b" ".join(words).decode(errors="replace")[:200]
