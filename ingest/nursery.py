"""Confined children that start in milliseconds: forked from one process that has the libraries loaded already.

Each process that confines anything has one such *nursery* (`nursery_program.py`), started when it is first
needed, and again should it be killed.

Promised: the nursery never sees a byte from outside: it is told names of our own modules, imports each once,
and forks one child per call; the order goes to that child alone. Nursery and children die with this process,
children with the nursery. A child can be killed at any time, also without the nursery: by its handle (pidfd),
which no other process can take over. A fork of this process makes its own nursery.

The price: the children of one nursery have their libraries at the same addresses. Whoever takes over one
child thus knows addresses in the next; but every child is walled off alike, none sees another's input, and
the nursery has no secret.
"""

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ingest.own_program import search_path, start_program

_PROGRAM = Path(__file__).with_name("nursery_program.py")
_LONGEST_WAIT = 60.0
"""Seconds for a birth or a burial. Both take milliseconds, but a birth may have to wait for an import."""
_LONGEST_NOTE = 4096


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended."""

    code: int
    """As subprocess counts: its exit status, or minus its signal."""
    grown: int
    """Bytes of real memory that it took at most, besides what it started with."""


@dataclass(frozen=True, slots=True)
class ChildProcess:
    """A started child in its caller's hands, who must `end` it, once."""

    order: IO[bytes]
    """Where it reads what to do."""
    answer: int
    """The descriptor on which it answers."""
    handle: int
    """Its pidfd."""
    burial: Callable[[], Ending | None]
    """Waits, once it is dead, until it is buried; None when its nursery has gone, which takes its children along."""
    held: ExitStack
    """Everything above, to be closed."""

    def dead_within(self, seconds: float) -> bool:
        """Wait for its death."""
        watch = select.poll()
        watch.register(self.handle, select.POLLIN)
        return bool(watch.poll(max(0.0, seconds) * 1000))

    def end(self) -> None:
        """Kill it if it lives, wait until it is dead and buried, close what belonged to it."""
        with self.held, contextlib.suppress(ProcessLookupError):  # buried already
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            self.dead_within(_LONGEST_WAIT)
            self.burial()


def child_of_nursery(module: str) -> ChildProcess:
    """A new child that has `module` imported and waits for its order. OSError when none can be started."""
    try:
        return _nursery().birth(module)
    except OSError:  # it was killed since the last call, or with this one
        return _nursery().birth(module)


class _Nursery:
    """One nursery and the line to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.gone = False
        threading.Thread(target=_keep, args=(theirs,), name="khoso-nursery-keeper", daemon=True).start()

    def birth(self, module: str) -> ChildProcess:
        """Have a child forked; OSError when that fails."""
        with ExitStack() as held, ExitStack() as given:
            taken, order = os.pipe()
            given.callback(os.close, taken)
            pipe = held.enter_context(os.fdopen(order, "wb"))
            answer, told = os.pipe()
            held.callback(os.close, answer)
            given.callback(os.close, told)
            line, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            held.enter_context(line)
            given.enter_context(far)
            line.settimeout(_LONGEST_WAIT)
            self._ask(module, [taken, told, far.fileno()])
            given.close()  # or this end would keep a line open that the nursery has let go
            handle = self._born(line)
            held.callback(os.close, handle)
            return ChildProcess(pipe, answer, handle, lambda: _burial(line), held.pop_all())

    def _ask(self, module: str, descriptors: list[int]) -> None:
        with self._lock:
            if self.gone:
                raise BrokenPipeError
            try:
                socket.send_fds(self._control, [module.encode()], descriptors)
            except OSError:
                self._give_up()
                raise

    def _born(self, line: socket.socket) -> int:
        try:
            note, handles, _, _ = socket.recv_fds(line, _LONGEST_NOTE, 1, socket.MSG_CMSG_CLOEXEC)
            if not note:
                raise ConnectionResetError("the nursery has gone")
        except OSError:
            with self._lock:
                self._give_up()
            raise
        if not handles:
            raise ChildProcessError(note.decode())  # no room for another process; the nursery goes on
        return handles[0]

    def _give_up(self) -> None:
        """The next call makes another; this one, should it live, ends when its line is closed."""
        self.gone = True
        self._control.close()

    def leave(self) -> None:
        """Close this process's end of the line. In a fork the nursery is the parent's, whose end it must notice."""
        self._give_up()


def _keep(theirs: socket.socket) -> None:
    """Start the nursery and wait for its end: in a thread, as a process dies with the *thread* that started it."""
    setup = json.dumps({"sys_path": search_path(), "parent": os.getpid()})
    with theirs, contextlib.suppress(OSError):  # then its line is closed, which is what a caller notices
        process = start_program(_PROGRAM, setup, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
        theirs.close()
        process.wait()


def _burial(line: socket.socket) -> Ending | None:
    try:
        note = line.recv(_LONGEST_NOTE)
    except OSError:
        return None
    return Ending(**json.loads(note)) if note else None


_making = threading.Lock()
_present: _Nursery | None = None


def _nursery() -> _Nursery:
    """This process's nursery."""
    global _present
    with _making:
        if _present is None or _present.gone:
            _present = _Nursery()
        return _present


def _after_fork() -> None:
    global _making, _present
    _making = threading.Lock()  # another thread may have held it
    if _present is not None:
        _present.leave()
    _present = None


def _at_exit() -> None:
    if _present is not None:
        _present.leave()


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)
