"""What the public reaches: TLS, bounded bodies, nothing of the inside, and no belief in what a client says it is."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from tests.deploy.proxies import free_port, laid_out, make_certificate, nginx, running


@dataclass
class Web:
    """Stands where the web process is, and remembers what reached it."""

    reached: list[tuple[str, str, dict[str, str], int]] = field(default_factory=list)


@dataclass(frozen=True)
class Door:
    """The proxy in front of it."""

    http: str
    https: str
    certificate: Path
    web: Web

    def client(self) -> httpx.Client:
        trust = ssl.create_default_context(cafile=str(self.certificate))
        return httpx.Client(base_url=self.https, verify=trust, trust_env=False)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder, web = tmp_path_factory.mktemp("proxy"), Web()

    class Remembers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            self.rfile.read(size)
            headers = {name.lower(): value for name, value in self.headers.items()}
            web.reached.append((self.command, self.path, headers, size))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None: ...

    certificate = make_certificate(folder, "tls")
    http, https, well = free_port(), free_port(), free_port()
    with ThreadingHTTPServer(("127.0.0.1", 0), Remembers) as server:
        neighbours = {
            "web:8080": f"127.0.0.1:{server.server_port}",
            "listen 8080": f"listen 127.0.0.1:{http}",
            "listen 8443": f"listen 127.0.0.1:{https}",
            "127.0.0.1:8081": f"127.0.0.1:{well}",
        }
        Thread(target=server.serve_forever, daemon=True).start()
        with running(laid_out("proxy", folder, neighbours)):
            yield Door(f"http://127.0.0.1:{http}", f"https://localhost:{https}", certificate, web)
        server.shutdown()


@pytest.fixture(autouse=True)
def _nothing_reached_yet(door: Door) -> None:
    door.web.reached.clear()


def test_the_configuration_is_one_without_a_warning(tmp_path: Path) -> None:
    make_certificate(tmp_path, "tls")
    ports = {f"listen {port}": f"listen 127.0.0.1:{free_port()}" for port in (8080, 8443)}
    folder = laid_out("proxy", tmp_path, {"web:8080": "127.0.0.1:1", **ports})
    tried = subprocess.run(nginx(folder, "-t"), capture_output=True, text=True, check=False)
    assert (tried.returncode, "warn" in tried.stderr) == (0, False), tried.stderr


def test_a_request_reaches_the_web_process_over_tls(door: Door) -> None:
    with door.client() as client:
        answer = client.get("/api/v1/documents?cursor=a%20b")
    assert answer.status_code == 200
    assert [(method, path) for method, path, _, _ in door.web.reached] == [
        ("GET", "/api/v1/documents?cursor=a%20b")
    ]


def test_browsers_are_told_to_come_over_tls_only(door: Door) -> None:
    with door.client() as client:
        for path in ("/api/v1/me", "/readyz"):
            assert "max-age=63072000" in client.get(path).headers["strict-transport-security"]


def test_without_tls_there_is_only_the_way_to_it(door: Door) -> None:
    answer = httpx.get(f"{door.http}/api/v1/me?x=1", trust_env=False)
    assert answer.status_code == 308
    assert answer.headers["location"] == "https://127.0.0.1/api/v1/me?x=1"
    assert door.web.reached == []


def test_old_tls_is_refused(door: Door) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{door.https}/", verify=old, trust_env=False)


def test_what_a_client_says_of_its_own_address_is_not_believed(door: Door) -> None:
    said = {"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "http", "Forwarded": "for=10.0.0.1"}
    with door.client() as client:
        client.get("/api/v1/me", headers=said)
    ((_method, _path, headers, _size),) = door.web.reached
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "https")
    assert "forwarded" not in headers


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/metrics", "//readyz", "/READYZ", "/%72eadyz", "/x/../readyz"]
)
def test_health_and_counters_are_not_for_the_public(path: str, door: Door) -> None:
    with door.client() as client:
        request = client.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=path.encode())
        assert client.send(request).status_code == 404
    assert door.web.reached == []


def test_a_large_body_is_taken_where_files_are_and_nowhere_else(door: Door) -> None:
    body = bytes(3_000_000)
    with door.client() as client:
        assert client.post("/api/v1/uploads", content=body).status_code == 200
        assert client.post("/api/v1/dossiers", content=body).status_code == 413
    assert [(path, size) for _, path, _, size in door.web.reached] == [("/api/v1/uploads", 3_000_000)]


def test_a_body_beyond_every_limit_is_refused_by_its_length_alone(door: Door) -> None:
    trust, port = ssl.create_default_context(cafile=str(door.certificate)), int(door.https.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), 20) as line,
        trust.wrap_socket(line, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"POST /api/v1/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 500000000\r\n\r\n")
        assert secure.recv(100).startswith(b"HTTP/1.1 413 ")
    assert door.web.reached == []


def test_the_trace_of_a_caller_goes_through(door: Door) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with door.client() as client:
        client.get("/api/v1/me", headers={"traceparent": trace})
    assert door.web.reached[0][2]["traceparent"] == trace
