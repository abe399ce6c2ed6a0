"""A system of the agency that is told of everything, and writes down what it was told before it says that it took it.

It checks each message as the documentation says. Of the events of dossiers it refuses some the first time that they
come, as a receiver would that is being started again: they have to come once more.
"""

import itertools
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from api.client import Event, NotGenuine, read_event
from bench.faults.clients import write_down

TYPES = ("vn.khoso.document.*", "vn.khoso.dossier.*")
_DOSSIER = "vn.khoso.dossier."
_REFUSED_EVERY = 10
_TAKEN, _BAD, _LATER = 204, 400, 503


@dataclass(slots=True)
class Receiver:
    """`told` has a line per event that was taken; `bad` is what nobody should have sent."""

    told: Path
    secret: str = ""
    taken: int = 0
    later: int = 0
    bad: list[str] = field(default_factory=list)
    port: int = 0
    _heard: set[tuple[str, str]] = field(default_factory=set)
    _put_off: set[object] = field(default_factory=set)
    _dossiers: "itertools.count[int]" = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    def has_heard(self, type: str, subject: str) -> bool:
        """Whether such an event was taken."""
        return (type, subject) in self._heard

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Takes events until the block ends."""
        server = _Server(("127.0.0.1", 0), _handler(self))
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="receiver")
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """What is answered to a message."""
        try:
            event = read_event(headers, body, [self.secret], datetime.now(UTC))
        except NotGenuine as error:
            with self._lock:
                self.bad.append(f"{error}: {body[:200]!r}")
            return _BAD
        with self._lock:
            if self._is_put_off(event):
                self.later += 1
                return _LATER
            write_down(self.told, _line(event))
            self._heard.add((event.type, event.subject))
            self.taken += 1
        return _TAKEN

    def _is_put_off(self, event: Event) -> bool:
        if not event.type.startswith(_DOSSIER) or event.id in self._put_off:
            return False
        if next(self._dossiers) % _REFUSED_EVERY:
            return False
        self._put_off.add(event.id)
        return True


def _line(event: Event) -> dict[str, object]:
    return {
        "id": str(event.id),
        "type": event.type,
        "subject": event.subject,
        "sequence": event.sequence,
        "print_id": event.data.get("print_id"),
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A courier that was killed hangs up."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.take(dict(self.headers.items()), body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    return Handler
