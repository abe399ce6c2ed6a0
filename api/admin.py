"""The back door of each process, for whoever watches it: `/metrics`, `/livez`, `/readyz` at an address of its own.

Only for the inside: it listens where `KHOSO_ADMIN_ADDRESS` says (loopback, or the network of the monitoring), asks
nobody who they are, changes nothing, and tells of nobody's papers. Several processes of one machine share the setting:
each takes the first free port from there on.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from api.logs import log
from api.steps.readiness import Readiness
from common import KhosoError

_PORTS = 16
"""So many processes of one machine find a port each."""
_SECONDS = 5.0
"""For a question to be asked in full."""


class NoAdminPort(KhosoError):
    """All ports from the one in the settings on are taken, or the address is not ours."""

    code = "no_admin_port"


@contextmanager
def admin_server(address: str, registry: CollectorRegistry, readiness: Readiness) -> Iterator[str]:
    """Answers at the address while the block runs; gives `host:port`. NoAdminPort."""
    with _listen(address, _handler(registry, readiness)) as server:
        at = f"{server.server_address[0]!s}:{server.server_port}"
        thread = Thread(target=server.serve_forever, name="khoso-admin", daemon=True)
        thread.start()
        log.info("admin_listens", where=at)
        try:
            yield at
        finally:
            server.shutdown()
            thread.join()


def _listen(address: str, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    host, _colon, first = address.rpartition(":")
    for port in range(int(first), int(first) + _PORTS):
        try:
            return _Server((host.strip("[]"), port), handler)
        except OSError as error:
            why = error
    raise NoAdminPort(address=address, reason=why.strerror) from why


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True

    def server_bind(self) -> None:
        # Not that of http.server, which asks for the machine's name and may wait for it.
        socket.socket.bind(self.socket, self.server_address)
        self.server_name, self.server_port = "", self.socket.getsockname()[1]
        self.server_address = self.socket.getsockname()


def _handler(registry: CollectorRegistry, readiness: Readiness) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SECONDS

        def do_GET(self) -> None:  # the name that http.server calls
            if self.path == "/metrics":
                self._answer(HTTPStatus.OK, generate_latest(registry), CONTENT_TYPE_LATEST)
            elif self.path == "/livez":
                self._answer_json(HTTPStatus.OK, {"alive": True})
            elif self.path == "/readyz":
                report = readiness.look()
                ready = HTTPStatus.OK if report.ready else HTTPStatus.SERVICE_UNAVAILABLE
                self._answer_json(ready, report.as_json())
            else:
                self._answer_json(HTTPStatus.NOT_FOUND, {})

        def _answer_json(self, status: HTTPStatus, value: dict[str, object]) -> None:
            self._answer(status, json.dumps(value, ensure_ascii=False).encode(), "application/json")

        def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: asked every few seconds."""

    return Handler
