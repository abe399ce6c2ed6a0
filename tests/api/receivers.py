"""A receiver of events: a real HTTP server that checks what it gets, by hand, and answers as a test wants."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told

    def is_signed_by(self, secret: str) -> bool:
        """As the documentation tells a receiver to check."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        said = [part.partition(",") for part in self.headers["webhook-signature"].split(" ")]
        return any(version == "v1" and value == expected for version, _, value in said)


Answer = Callable[[Received], int | tuple[int, dict[str, str]]]


@dataclass
class Receiver:
    """What came so far, and how the next one is answered."""

    port: int = 0
    came: list[Received] = field(default_factory=list)
    answer: Answer = lambda _received: 200
    server: ThreadingHTTPServer | None = None
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://{self.host}:{self.port}/events"

    def wait_for(self, count: int) -> list[Received]:
        """What came, once it is so many."""
        self.wait_until(lambda: len(self.came) >= count)
        return list(self.came)

    def wait_until(self, happened: Callable[[], bool]) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not happened():
            assert time.monotonic() < until, [one.path for one in self.came]
            time.sleep(0.02)

    def start(self) -> None:
        """At the port that it has, or a free one."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(self.path, headers, body)
                receiver.came.append(received)
                said = receiver.answer(received)
                status, more = said if isinstance(said, tuple) else (said, {})
                with suppress(OSError):
                    self.send_response(status)
                    for name, value in more.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = _Server((self.host, self.port), Handler)
        if self.tls is not None:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,)).start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A courier that hangs up is part of what is tested."""


@contextmanager
def receiver(*, tls: tuple[Path, Path] | None = None, host: str = "127.0.0.1") -> Iterator[Receiver]:
    """A receiver that listens for as long as the block runs; over TLS with a certificate and its key."""
    made = Receiver(host=host)
    if tls is not None:
        made.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.tls.load_cert_chain(*tls)
    made.start()
    try:
        yield made
    finally:
        made.stop()
