"""The program of the nursery (`nursery.py`): imports our own modules once and forks a child for every call.

It has one thread, no environment, and no input but names of modules on its control socket (standard input),
each with three descriptors: where the child reads its order, where it answers, and the call's own line. On
that line the nursery sends the child's pidfd once it is born, and a note (`Ending` as JSON) once it is buried.
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from dataclasses import dataclass
from typing import NoReturn

_LONGEST_NAME = 4096


@dataclass(frozen=True, slots=True)
class _Child:
    pid: int
    line: socket.socket
    inherited: int
    """Bytes of real memory that it shared with the nursery when it was born."""


class _Nursery:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, _Child] = {}
        """By pidfd."""
        self._watch = select.poll()
        self._watch.register(control, select.POLLIN)

    def serve(self) -> None:
        """Give birth and bury until the parent closes the control socket."""
        while True:
            for descriptor, _ in self._watch.poll():
                if descriptor != self._control.fileno():
                    self._bury(descriptor)
                elif not self._next_call():
                    return

    def _next_call(self) -> bool:
        """One call from the control socket; False when the parent has closed it."""
        name, descriptors, _, _ = socket.recv_fds(self._control, _LONGEST_NAME, 3, socket.MSG_CMSG_CLOEXEC)
        if len(descriptors) == 3:  # fewer when this process can open no more: the caller's line then closes
            order, answer, line = descriptors
            _learn(name.decode())
            self._give_birth(order, answer, socket.socket(fileno=line))
        for descriptor in descriptors[:2]:
            os.close(descriptor)
        return bool(name)

    def _give_birth(self, order: int, answer: int, line: socket.socket) -> None:
        try:
            child = self._forked(order, answer, line)
            handle = _handle(child.pid)
        except OSError as error:
            with line, contextlib.suppress(OSError):
                line.send(str(error).encode())
            return
        self._children[handle] = child
        self._watch.register(handle, select.POLLIN)
        with contextlib.suppress(OSError):  # a caller that has gone; its child will find no order
            socket.send_fds(line, [b"born"], [handle])

    def _forked(self, order: int, answer: int, line: socket.socket) -> _Child:
        nursery, inherited = os.getpid(), _private_memory()
        pid = os.fork()
        if pid == 0:
            _live(order, answer, nursery)
        return _Child(pid, line, inherited)

    def _bury(self, handle: int) -> None:
        """Tell the caller how its child ended: until now the child kept its process number as a zombie."""
        child = self._children.pop(handle)
        self._watch.unregister(handle)
        os.close(handle)
        _, status, usage = os.wait4(child.pid, 0)
        grown = max(0, usage.ru_maxrss * 1024 - child.inherited)
        note = {"code": os.waitstatus_to_exitcode(status), "grown": grown}
        with child.line, contextlib.suppress(OSError):  # a caller that has gone needs no note
            child.line.send(json.dumps(note).encode())


def _handle(pid: int) -> int:
    """A child's pidfd; without one there is no child."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def _learn(module: str) -> None:
    """Import a module, for this child and all later ones."""
    if module in sys.modules:
        return
    # What cannot be imported is the child's to tell: it tries again, where somebody hears of it.
    with contextlib.suppress(Exception):
        importlib.import_module(module)
    gc.freeze()  # a child's garbage collector would otherwise touch, and so copy, every page


def _private_memory() -> int:
    """Bytes of real memory of this process that belong to no file."""
    with open("/proc/self/statm", encoding="ascii") as table:  # noqa: PTH123
        _, resident, shared, *_ = table.read().split()
    return (int(resident) - int(shared)) * resource.getpagesize()


def _live(order: int, answer: int, nursery: int) -> NoReturn:
    """What a forked child does: leave all that is the nursery's, then be as any other confined child."""
    try:
        from ingest.confined_child import run_order
        from ingest.walls import die_with_parent

        die_with_parent(nursery)
        os.setsid()
        # The sockets that are closed here stay as objects in the frames below, which are never left: nothing
        # closes their numbers a second time.
        first, second = sorted((order, answer))
        os.closerange(3, first)
        os.closerange(first + 1, second)
        os.closerange(second + 1, os.sysconf("SC_OPEN_MAX"))
        if numbers := sys.modules.get("numpy.random"):
            numbers.seed()  # as Python does with its own `random`: siblings must not draw the same numbers
        with os.fdopen(order, "rb") as source:
            told = json.load(source)
        run_order(told, os.fdopen(answer, "wb", buffering=1 << 16))
    finally:
        os._exit(1)


def main() -> None:
    """Be ready to fork: die with the parent, keep the control socket out of reach, load what all need."""
    setup = json.loads(sys.argv[1])
    sys.path[:] = setup["sys_path"]
    import ingest.confined_child  # noqa: F401
    from ingest.walls import die_with_parent, seccomp_usable

    die_with_parent(setup["parent"])
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    seccomp_usable()  # loads its library, for which a program is run: once, not for every child
    gc.freeze()
    _Nursery(control).serve()


if __name__ == "__main__":
    main()
