"""clamd, asked over its socket: is this file malware? (`INSTREAM`, clamd(8))

Promised: one question takes at most `seconds` and sends at most `most_bytes`; whatever is not a plain *clean* or a
plain *found* is ScannerUnreachable, so that nothing is taken in unseen. The file goes over in clear: a socket of this
machine, or an address in a network that is ours.
"""

import hashlib
import re
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from common import Digest, KhosoError
from ingest import Inspection

_SECONDS = 60.0
"""For one file; clamd's own `MaxScanTime` should be less, so that it says itself what took too long."""
_CHUNK = 1 << 18
_LONGEST_REPLY = 4096
_LONGEST_NAME = 100

# Of two halves: a scanner that looks through this checkout should find nothing.
_TEST_FILE = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The harmless file that every scanner knows (EICAR, 2003)."""


class ScannerUnreachable(KhosoError):
    """The malware scanner gave no verdict: it is down, slow, or refuses the question."""

    code = "malware_scanner_unreachable"


@dataclass(frozen=True, slots=True)
class Clamd:
    """clamd at `address`: the path of its socket, or `host:port`. Calling it is an `ingest.Scanner`."""

    address: str
    most_bytes: int
    seconds: float = _SECONDS

    def __call__(self, path: Path) -> Inspection:
        """Shows clamd at most `most_bytes`: of a file that grew meanwhile the digest is another than the kept one's."""
        hasher = hashlib.sha256()
        reply = self._ask(b"zINSTREAM\0", _stream(_pieces(path, self.most_bytes, hasher)))
        return Inspection(Digest(hasher.digest()), _signature(reply))

    def version(self) -> str:
        """The program and the age of what it knows: `ClamAV 1.4.3/27821/Tue Nov 24 …`."""
        return self._ask(b"zVERSION\0")

    def knows_the_test_file(self) -> bool:
        """Whether it finds the file that every scanner knows: it answers, and it has signatures."""
        return _signature(self._ask(b"zINSTREAM\0", _stream([_TEST_FILE]))) is not None

    def _ask(self, command: bytes, more: Iterable[bytes] = ()) -> str:
        until = time.monotonic() + self.seconds
        try:
            with _connect(self.address, until) as line:
                # clamd hangs up on a stream that is longer than it likes, and its reply says so.
                with suppress(BrokenPipeError, ConnectionResetError):
                    for piece in chain([command], more):
                        line.settimeout(_left(until))
                        line.sendall(piece)
                return _reply(line, until)
        except OSError as error:
            raise ScannerUnreachable(reason=type(error).__name__) from error


def _connect(address: str, until: float) -> socket.socket:
    if not address.startswith("/"):
        host, _colon, port = address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), _left(until))
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.settimeout(_left(until))
        line.connect(address)
    except OSError:
        line.close()
        raise
    return line


def _left(until: float) -> float:
    """Seconds that are left; TimeoutError when none are."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _pieces(path: Path, most: int, hasher: "hashlib._Hash") -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(min(_CHUNK, most)):
            hasher.update(piece)
            most -= len(piece)
            yield piece


def _stream(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Each piece behind its length; a length of nothing is the end."""
    for piece in pieces:
        yield struct.pack(">I", len(piece)) + piece
    yield struct.pack(">I", 0)


def _reply(line: socket.socket, until: float) -> str:
    """What clamd says, up to the byte that ends it; ScannerUnreachable when it hangs up before or never stops."""
    said = b""
    while b"\0" not in said and len(said) < _LONGEST_REPLY:
        line.settimeout(_left(until))
        piece = line.recv(_LONGEST_REPLY)
        if not piece:
            break
        said += piece
    text, ended, _rest = said.partition(b"\0")
    if not ended:
        raise ScannerUnreachable(reason="unfinished_reply")
    return text.decode("ascii", "replace")


def _signature(reply: str) -> str | None:
    """The name of what was found, None for *clean*; ScannerUnreachable for anything else that clamd may say."""
    if reply == "stream: OK":
        return None
    found = re.fullmatch(r"stream: (.+) FOUND", reply, re.DOTALL)
    if found is None:
        raise ScannerUnreachable(reason="size_limit" if "size limit" in reply else "unknown_reply")
    return re.sub(r"[^A-Za-z0-9._/:+-]", "_", found[1])[:_LONGEST_NAME]
