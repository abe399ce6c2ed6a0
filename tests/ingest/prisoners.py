"""Functions that the sandbox's tests run inside it."""

import contextlib
import ctypes
import fcntl
import gc
import os
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator
from io import BufferedWriter, RawIOBase
from pathlib import Path
from typing import Any

import numpy
import numpy.random

from ingest.refusals import PasswordProtected, TooManyPages


def echo(request: Any) -> Any:
    return request


def environment(_: Any) -> list[str]:
    return sorted(os.environ)


def refuse(_: Any) -> None:
    raise PasswordProtected


def refuse_with_facts(_: Any) -> None:
    raise TooManyPages(pages=7, limit=3)


def fail(_: Any) -> None:
    raise RuntimeError("the parser is lost")


def sleep(_: Any) -> None:
    time.sleep(60)


def spin(_: Any) -> None:
    while True:
        pass


def hoard(_: Any) -> None:
    kept = []
    while True:
        kept.append(bytearray(10_000_000))


def crash(_: Any) -> None:
    ctypes.string_at(0)


def chatter(_: Any) -> str:
    print("a library that prints")
    os.write(1, b"and one that writes to the descriptor")
    return "x" * 100


def connect(_: Any) -> None:
    socket.create_connection(("192.0.2.1", 9), timeout=1)


def start_a_program(_: Any) -> None:
    os.execv("/bin/true", ["true"])


def read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def write(path: str) -> None:
    Path(path).write_text("written", encoding="utf-8")


def count(most: int) -> Iterator[tuple[int, bytes]]:
    for number in range(most):
        yield number, b"%d" % number


def own_process(_: Any) -> Iterator[tuple[int, bytes]]:
    yield os.getpid(), b""
    time.sleep(60)


_kept: list[str] = []


def remember(secret: str) -> None:
    """Leave the secret wherever a later child might find it."""
    _kept.append(secret)
    os.environ["KHOSO_SECRET"] = secret
    for folder in ("/tmp", "/dev/shm", "/var/tmp"):
        with contextlib.suppress(OSError):
            Path(folder, "khoso-secret").write_text(secret, encoding="utf-8")


def find_in_memory(halves: list[str]) -> bool:
    """Whether the two halves stand together anywhere in this process's memory."""
    first, second = (half.encode() for half in halves)
    with open("/proc/self/mem", "rb", buffering=0) as memory:  # noqa: PTH123
        return any(
            page[at + len(first) :].startswith(second)
            for start, end in _own_memory()
            for page in [_page(memory, start, end)]
            for at in _places(page, first)
        )


def remember_and_find(halves: list[str]) -> bool:
    remember("".join(halves))
    return find_in_memory(halves)


def _own_memory() -> list[tuple[int, int]]:
    found = []
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        span, rights, *_ = line.split()
        if rights.startswith("rw"):
            start, _, end = span.partition("-")
            found.append((int(start, 16), int(end, 16)))
    return found


def _page(memory: RawIOBase, start: int, end: int) -> bytes:
    memory.seek(start)
    try:
        return memory.read(end - start) or b""
    except OSError:
        return b""


def _places(page: bytes, needle: bytes) -> Iterator[int]:
    at = page.find(needle)
    while at >= 0:
        yield at
        at = page.find(needle, at + 1)


def variables_and_files(_: Any) -> list[str]:
    return [*os.environ, *(name for folder in ("/tmp", "/dev/shm") for name in _names(folder))]


def _names(folder: str) -> list[str]:
    try:
        return [path.name for path in Path(folder).iterdir()]
    except OSError:
        return []


def descriptors(_: Any) -> list[str]:
    links = [Path(f"/proc/self/fd/{number}") for number in range(3, 64)]
    return [str(link.readlink()) for link in links if link.is_symlink()]


def chance(_: Any) -> list[float]:
    return [random.random(), float(numpy.random.random())]


def kin(_: Any) -> list[int]:
    return [os.getpid(), os.getppid(), os.getsid(0), len(_names("/proc/self/task"))]


def kin_and_wait(_: Any) -> Iterator[tuple[list[int], bytes]]:
    yield kin(None), b""
    time.sleep(60)


def close_and_sleep(_: Any) -> None:
    """Look as if dead without being it."""
    os.closerange(3, 64)
    time.sleep(60)


def work_with_much_memory(megabytes: int) -> int:
    return len(bytearray(megabytes * 1_000_000))


def abort_without_memory(megabytes: int) -> None:
    """End as a parser in C++ does: it fills what it gets, and aborts."""
    _hoard = [bytearray(1_000_000) for _ in range(megabytes)]
    os.abort()


def forge(header: str) -> None:
    """Answer past the child's own code, as a parser that was taken over can."""
    _answer(header.encode())


def forge_depth(depth: int) -> None:
    _answer(b"[" * depth)


def forge_width(count: int) -> None:
    _answer(b'{"result":[' + b"[]," * count + b"0]}")


def _answer(header: bytes) -> None:
    for pipe in gc.get_objects():
        if isinstance(pipe, BufferedWriter) and not pipe.closed and pipe.fileno() > 2:
            pipe.write(struct.pack(">II", len(header), 0) + header)
            pipe.flush()
    os._exit(0)


def fill(folder: str) -> None:
    for number in range(20):
        Path(folder, str(number)).write_bytes(bytes(900_000))


def have_the_kernel_signal(request: list[int]) -> list[str]:
    """Try each step by which a process makes the kernel send a signal to another one; name those that worked."""
    other, signal = request
    reading, writing = os.pipe()
    steps: dict[str, Callable[[], object]] = {
        "owner": lambda: fcntl.fcntl(reading, fcntl.F_SETOWN, other),
        "signal": lambda: fcntl.fcntl(reading, fcntl.F_SETSIG, signal),
        "asynchronous": lambda: fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC),
        "without waiting": lambda: fcntl.fcntl(reading, fcntl.F_SETFL, os.O_NONBLOCK),
        "written": lambda: os.write(writing, b"x"),
    }
    done = []
    for name, step in steps.items():
        with contextlib.suppress(PermissionError):
            step()
            done.append(name)
    return done
