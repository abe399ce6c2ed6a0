"""Functions that the sandbox's tests run inside it."""

import ctypes
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
