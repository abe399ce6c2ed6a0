"""A head that comes slowly, never ends or is huge, a body that nobody waits for: its connection ends, and nobody else
notices."""

import socket
import time

import pytest

from api.http import heads
from tests.api.http.servers import Service


def ends(line: socket.socket) -> bool:
    """Whether the server closes the connection; else the test runs into the socket's own time."""
    try:
        while line.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return True


def drip(line: socket.socket) -> None:
    """A chunk of one byte after the other, for far longer than anybody waits here."""
    for _n in range(3000):
        line.sendall(b"1\r\nx\r\n")
        time.sleep(0.01)


@pytest.mark.parametrize("beginning", [b"", b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-Slow:"])
def test_a_head_that_does_not_come_ends_its_connection(
    served: Service, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.2)
    with socket.create_connection(served.address, timeout=20) as line:
        line.sendall(beginning)
        assert ends(line)


def test_a_second_request_of_a_connection_may_not_dawdle_either(
    served: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_connection(served.address, timeout=20) as line:
        line.sendall(b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 401 ")
        monkeypatch.setattr(heads, "HEAD_SECONDS", 0.2)  # the first had all the time
        line.sendall(b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-Slow:")
        assert ends(line)


def test_a_huge_head_ends_its_connection(served: Service) -> None:
    with socket.create_connection(served.address, timeout=20) as line:
        try:
            line.sendall(b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\n")
            for _n in range(100):
                line.sendall(b"X-Much: " + b"a" * 8000 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return
        assert ends(line)


def test_a_large_body_in_its_first_packet_is_no_head(served: Service) -> None:
    with served.client() as client:
        answer = client.post(
            "/dev/sign-in", content=b" " * 900_000 + b"{}", headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 200


_UNWANTED = b"POST /api/v1/uploads HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"


def test_the_rest_of_a_body_that_was_answered_may_not_drip_for_ever(
    served: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever had not signed in was answered 401 and kept its connection with a byte now and then."""
    monkeypatch.setattr(heads, "REST_SECONDS", 0.3)
    with socket.create_connection(served.address, timeout=20) as line:
        line.sendall(_UNWANTED)
        assert line.recv(65536).startswith(b"HTTP/1.1 401 ")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            drip(line)


def test_whoever_was_refused_may_finish_and_ask_again(served: Service) -> None:
    with socket.create_connection(served.address, timeout=20) as line:
        line.sendall(_UNWANTED)
        assert line.recv(65536).startswith(b"HTTP/1.1 401 ")
        line.sendall(
            b"10000\r\n" + b"x" * 0x10000 + b"\r\n0\r\n\r\nGET /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        assert line.recv(65536).startswith(b"HTTP/1.1 401 ")


def test_a_connection_on_which_an_unwanted_body_ended_does_not_idle_for_ever(served: Service) -> None:
    with socket.create_connection(served.address, timeout=20) as line:
        line.sendall(_UNWANTED)
        assert line.recv(65536).startswith(b"HTTP/1.1 401 ")
        line.sendall(b"0\r\n\r\n")
        assert ends(line)  # after the five seconds of any idle connection
