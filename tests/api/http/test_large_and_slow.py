"""`khoso serve` under floods: 500 MB announced or not, hundreds of bytes a minute, from many at once.

What is too much is refused while it is cheap: the process does not grow, nothing is left, others are served meanwhile.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.api.http.papers import page
from tests.api.http.test_heads import ends

_MOST = 20_000_000
"""`KHOSO_MAX_BYTES` here: what is not announced is received up to there."""
_FLOOD = 500_000_000
_GROWTH = 60_000_000
"""Bytes that the process may grow by: far less than what was sent."""
_SLOW = 60
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running `khoso serve`."""

    process: int
    address: tuple[str, int]
    data: Path

    def client(self) -> httpx.Client:
        """A clerk's client."""
        where = f"http://{self.address[0]}:{self.address[1]}"
        token = httpx.post(f"{where}/dev/sign-in", json={}, timeout=_PATIENCE).json()["token"]
        return httpx.Client(base_url=where, headers={"Authorization": f"Bearer {token}"}, timeout=_PATIENCE)

    @contextmanager
    def sending(self, head: str, came: bytes = b"") -> Iterator[socket.socket]:
        """A connection on which the head of a request was sent, and in one go with it what came of its body."""
        with socket.create_connection(self.address, timeout=_PATIENCE) as line:
            line.sendall(f"{head}\r\nHost: x\r\n\r\n".encode() + came)
            yield line

    @property
    def peak(self) -> int:
        """The most memory that the process ever had."""
        status = Path(f"/proc/{self.process}/status").read_text(encoding="utf-8")
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def left(self) -> list[Path]:
        """What lies in the folders of processes and in the store."""
        work = [path for path in (self.data / "work").glob("w-*/*") if not path.name.startswith("nursery")]
        return work + [path for path in (self.data / "objects").rglob("*") if path.is_file()]

    def cleared(self) -> bool:
        """Whether nothing is left of bodies; who goes away is noticed when there is time."""
        end = time.monotonic() + _PATIENCE
        while left := [path for path in self.left() if "objects" not in path.parts]:
            if time.monotonic() > end:
                break
            time.sleep(0.1)
        return not left


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("flooded")
    environment = {
        **os.environ,
        "KHOSO_DATA_DIR": str(folder / "var"),
        "KHOSO_MAX_BYTES": str(_MOST),
        "KHOSO_BODY_GRACE_SECONDS": "2",
        "KHOSO_BODY_BYTES_PER_SECOND": "1",  # so that who sent much may take minutes, however busy this machine is
        "TMPDIR": str(folder),
    }
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--no-worker"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        where = next(json.loads(line)["where"] for line in process.stderr if '"serving"' in line)
        host, _colon, port = where.rpartition(":")
        yield Served(process.pid, (host, int(port)), folder / "var")
        process.send_signal(signal.SIGTERM)
        process.stderr.read()


def status_of(line: socket.socket) -> int:
    """The status of the answer that comes, however the connection goes on."""
    return int(line.recv(65536).split(b" ", 2)[1])


def flood(line: socket.socket) -> int:
    """Send 500 MB in chunks until the other side has had enough; how much was sent."""
    block, sent = b"100000\r\n" + bytes(0x100000) + b"\r\n", 0
    try:
        while sent < _FLOOD:
            line.sendall(block)
            sent += len(block)
    except OSError:
        pass  # it closed the connection
    return sent


@pytest.mark.parametrize("place", ["/api/v1/uploads", "/api/v1/verify/file", "/api/v1/search"])
def test_half_a_gigabyte_that_is_announced_is_refused_before_it_is_sent(served: Served, place: str) -> None:
    with served.sending(f"POST {place} HTTP/1.1\r\nContent-Length: {_FLOOD}") as line:
        assert status_of(line) == 413
        assert ends(line)
    with served.sending(f"POST {place} HTTP/1.1\r\nContent-Length: {_FLOOD}\r\nExpect: 100-continue") as line:
        assert status_of(line) == 413  # nobody is told to go on


def test_half_a_gigabyte_that_is_not_announced_is_cut_off_and_leaves_nothing(served: Served) -> None:
    with served.client() as clerk:
        token = clerk.headers["Authorization"]
    before = served.peak
    for head in (
        "POST /api/v1/verify/file HTTP/1.1",
        f"POST /api/v1/uploads HTTP/1.1\r\nAuthorization: {token}",
        "POST /api/v1/uploads HTTP/1.1",
    ):
        with served.sending(f"{head}\r\nTransfer-Encoding: chunked") as line:
            assert flood(line) < _FLOOD
    assert served.peak - before < _GROWTH
    with served.client() as clerk:
        assert clerk.get("/api/v1/me").status_code == 200
    assert served.cleared()
    assert served.left() == []


def slow(served: Served, lines: ExitStack, token: str, came: bytes) -> tuple[list[socket.socket], ...]:
    """Many uploads and many questions of which no more than `came` comes."""
    upload = f"POST /api/v1/uploads HTTP/1.1\r\nAuthorization: {token}\r\nContent-Length: 100000"
    search = "POST /api/v1/search HTTP/1.1\r\nContent-Length: 1000"
    return tuple(
        [lines.enter_context(served.sending(head, came)) for _n in range(_SLOW)] for head in (upload, search)
    )


def test_many_who_are_slow_keep_nobody_waiting(served: Served) -> None:
    with ExitStack() as lines, served.client() as clerk:
        uploads, _searches = slow(served, lines, clerk.headers["Authorization"], b"%" * 900)
        made = clerk.post("/api/v1/uploads", content=page(1))  # goes through while they all hold their bodies
        assert made.status_code == 201
        assert select.select(uploads, [], [], 0)[0] == []
    assert served.cleared()


def test_many_who_send_a_byte_and_no_more_are_cut_off(served: Served) -> None:
    with ExitStack() as lines, served.client() as clerk:
        uploads, searches = slow(served, lines, clerk.headers["Authorization"], b"%")
        assert {status_of(line) for line in uploads} == {408}
        assert {status_of(line) for line in searches} <= {401, 408}
        assert clerk.get("/api/v1/me").status_code == 200
    assert served.cleared()
