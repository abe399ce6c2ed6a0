"""Malware scanners for the tests: the real clamd with one signature of our own, and one that answers as it is told."""

import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import program

# Of two halves, as everywhere: a scanner that looks through this checkout should find nothing.
TEST_FILE = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_OWN_NAME = "Khoso.Test.Eicar"
SIGNATURE = f"{_OWN_NAME}.UNOFFICIAL"
"""As clamd names what its makers have not signed."""


def own_signatures(folder: Path) -> None:
    """A signature database that knows the harmless test file and nothing else."""
    folder.mkdir(parents=True)
    (folder / "own.ndb").write_text(f"{_OWN_NAME}:0:*:{TEST_FILE.hex()}\n")


@contextmanager
def real_clamd(folder: Path) -> Iterator[str]:
    """The socket of a clamd that knows the harmless test file and nothing else."""
    clamd = program("clamd")
    own_signatures(folder / "signatures")
    address = folder / "clamd.sock"
    (folder / "clamd.conf").write_text(
        f"Foreground yes\nDatabaseDirectory {folder / 'signatures'}\nLocalSocket {address}\n"
        f"LogFile {folder / 'clamd.log'}\nStreamMaxLength 3M\n"
    )
    child = subprocess.Popen([clamd, "--config-file", folder / "clamd.conf"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not address.exists() and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert address.exists(), (folder / "clamd.log").read_text()
        yield str(address)
    finally:
        child.terminate()
        child.wait(30)


def speaks_clamd(line: socket.socket) -> None:
    """The protocol of clamd, with the one signature: what `real_clamd` does, where none is installed."""
    command = _until_zero(line)
    if command == b"zVERSION":
        line.sendall(b"ClamAV 1.4.3/1/Mon Nov 23 08:00:00 2026\0")
        return
    assert command == b"zINSTREAM"
    content = b""
    while length := struct.unpack(">I", _exactly(line, 4))[0]:
        content += _exactly(line, length)
    line.sendall(f"stream: {SIGNATURE} FOUND\0".encode() if TEST_FILE in content else b"stream: OK\0")


def says(reply: bytes, *, first: Callable[[], object] = bool) -> Callable[[socket.socket], None]:
    """Takes the stream to its end, does something `first`, and answers with these bytes."""

    def answer(line: socket.socket) -> None:
        _until_zero(line)
        while length := struct.unpack(">I", _exactly(line, 4))[0]:
            _exactly(line, length)
        first()
        line.sendall(reply)

    return answer


def hangs_up(line: socket.socket) -> None:
    """Gone as soon as it was asked."""


def never_answers(line: socket.socket) -> None:
    """Reads whatever comes until the other side gives up."""
    while line.recv(1 << 16):
        pass


@contextmanager
def own_clamd(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """`host:port` of a server on loopback that gives each caller this answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        serving = threading.Thread(target=_serve, args=(server, answer))
        serving.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            serving.join()


def _serve(server: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            line, _address = server.accept()
        except OSError:  # closed by the test
            return
        with line:
            answer(line)


def _until_zero(line: socket.socket) -> bytes:
    said = b""
    while not said.endswith(b"\0"):
        said += _exactly(line, 1)
    return said[:-1]


def _exactly(line: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        piece = line.recv(count - len(got))
        assert piece, "the other side hung up"
        got += piece
    return got
