"""Sending to an address that somebody else chose: only where it is allowed, only to the one judged, never for long."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from api.connectors.receivers import BadWebhookUrl, Undelivered, make_sender, post, require_usable
from api.reach import Reach
from tests.api.receivers import Receiver, receiver
from tests.deploy.proxies import free_port, make_certificate

HERE = Reach(this_machine=True)
NOWHERE = Reach()


def send(url: str, reach: Reach = HERE, *, authority: Path | None = None, seconds: float = 10.0) -> None:
    async def sent() -> None:
        async with make_sender(authority) as sender:
            await post(sender, reach, url, {"webhook-id": "1"}, b"{}", seconds=seconds)

    asyncio.run(sent())


def refusal(url: str, reach: Reach = HERE, **more: Any) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        send(url, reach, **more)
    return caught.value


class Names:
    """What names mean in a test, one answer after the other; how often each was looked up."""

    def __init__(self, **meant: list[list[str]]) -> None:
        self.meant = meant
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, *_more: object) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        answers = self.meant[host.replace(".", "_")]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1",
        "::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::1",
        "2002:a00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fec0::1",
    ],
)  # fmt: skip
def test_an_address_that_may_be_our_own_is_refused(address: str) -> None:
    assert not NOWHERE.allows("receiver.example", ip_address(address))


@pytest.mark.parametrize("address", ["113.160.1.1", "8.8.8.8", "2405:4800::1"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert NOWHERE.allows("receiver.example", ip_address(address))


def test_what_is_listed_is_allowed_besides() -> None:
    reach = Reach.parse("hub.tinh.gov.vn, 10.20.0.0/16,fd00::/8 ,192.168.7.7")
    assert reach.allows("HUB.tinh.gov.vn", ip_address("10.1.1.1"))
    assert reach.allows("other.example", ip_address("10.20.3.4"))
    assert reach.allows("other.example", ip_address("fd00::1"))
    assert reach.allows("other.example", ip_address("192.168.7.7"))
    for refused in ("10.21.0.1", "192.168.7.8", "127.0.0.1"):
        assert not reach.allows("other.example", ip_address(refused))
    for wrong in ("10.0.0.0/99", "a b", "http://x"):
        with pytest.raises(ValueError, match=r"\w"):
            Reach.parse(wrong)


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/x", "ftp://receiver.example/", "https://user:word@receiver.example/",
        "https://receiver.example/#part", "https:///x", "//receiver.example/", "https://10.0.0.1/", "https://[::1]/",
        "https://169.254.169.254/latest/meta-data", "http://127.0.0.1:8080/", "https://máy.example/",
        f"https://receiver.example/{'x' * 1000}", "https://receiver.example:99999/", "javascript:1",
    ],
)  # fmt: skip
def test_an_address_that_can_never_be_sent_to_is_refused_at_once(url: str) -> None:
    with pytest.raises(BadWebhookUrl):
        require_usable(url, NOWHERE)


def test_in_development_this_machine_may_be_named_in_clear() -> None:
    require_usable("http://127.0.0.1:8080/hook", HERE)
    require_usable("https://receiver.example/hook?a=b", NOWHERE)
    with pytest.raises(BadWebhookUrl):
        require_usable("http://receiver.example/", HERE)


@pytest.mark.parametrize("meant", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["10.0.0.1"]])
def test_a_name_that_means_an_address_of_ours_is_not_sent_to(
    monkeypatch: pytest.MonkeyPatch, meant: list[str]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(inside_example=[meant]))
    assert refusal("https://inside.example/", NOWHERE).reason == "address_refused"


def test_a_name_is_looked_up_once_and_the_judged_address_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = Names(localhost=[["127.0.0.1"], ["127.0.0.9"]])
    monkeypatch.setattr(socket, "getaddrinfo", names)
    certificate = make_certificate(tmp_path, "receiver")
    with over_tls(tmp_path, certificate) as up:
        send(f"https://localhost:{up.port}/hook", authority=certificate)
        (received,) = up.came
    assert names.asked == ["localhost"]
    assert received.headers["host"] == f"localhost:{up.port}"


@contextmanager
def over_tls(folder: Path, certificate: Path, host: str = "127.0.0.1") -> Iterator[Receiver]:
    with receiver(tls=(certificate, folder / "receiver_key"), host=host) as up:
        yield up


def test_the_certificate_must_be_that_of_the_name_and_of_a_known_authority(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "receiver")
    with over_tls(tmp_path, certificate) as up:
        assert refusal(f"https://localhost:{up.port}/").reason == "tls"  # an authority that nobody knows
    with over_tls(tmp_path, certificate, host="127.0.0.2") as up:
        assert refusal(f"https://127.0.0.2:{up.port}/", authority=certificate).reason == "tls"
        assert up.came == []


def test_a_redirect_is_not_followed() -> None:
    with receiver() as elsewhere, receiver() as up:
        up.answer = lambda _received: (307, {"Location": elsewhere.url})
        assert refusal(up.url).reason == "redirected"
        assert (len(up.came), elsewhere.came) == (1, [])


@pytest.mark.parametrize(
    ("answer", "reason", "pause", "gone"),
    [
        (500, "status_500", None, False),
        ((429, {"Retry-After": "120"}), "status_429", timedelta(seconds=120), False),
        ((503, {"Retry-After": "Fri, 27 Nov 2026 07:28:00 GMT"}), "status_503", None, False),
        ((503, {"Retry-After": "9" * 400}), "status_503", None, False),
        (410, "status_410", None, True),
        (404, "status_404", None, False),
    ],
)
def test_an_answer_that_is_no_success_has_its_reason(
    answer: int | tuple[int, dict[str, str]], reason: str, pause: timedelta | None, gone: bool
) -> None:
    with receiver() as up:
        up.answer = lambda _received: answer
        said = refusal(up.url)
    assert (said.reason, said.pause, said.gone) == (reason, pause, gone)


def test_nobody_there_and_no_such_name_have_their_reasons() -> None:
    assert refusal(f"http://127.0.0.1:{free_port()}/").reason == "connection"
    assert refusal("https://no-such-name.invalid/").reason == "not_resolved"


def test_whoever_never_answers_is_left_at_the_end_of_the_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert refusal(f"http://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.3).reason == "timeout"


@contextmanager
def talker(begin: bytes, then: bytes, pause: float) -> Iterator[tuple[str, threading.Event]]:
    """A server that says `begin` and then `then` again and again, until nobody listens any more."""
    left = threading.Event()

    def talk() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(begin)
            while True:
                connection.sendall(then)
                time.sleep(pause)
        left.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=talk)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", left
        thread.join()


def test_whoever_answers_drop_by_drop_is_left_at_the_end_of_the_time() -> None:
    with talker(b"HTTP/1.1 200 OK\r\n", b"X-More: x\r\n", 0.05) as (url, left):
        assert refusal(url, seconds=0.5).reason == "timeout"
        assert left.wait(10)


def test_of_an_answer_without_end_only_the_status_is_looked_at() -> None:
    begin = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with talker(begin, b"10000\r\n" + b"x" * 65_536 + b"\r\n", 0.0) as (url, left):
        send(url)
        assert left.wait(10)


def test_headers_without_end_are_no_answer() -> None:
    with talker(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 60_000 + b"\r\n", 0.0) as (url, left):
        assert refusal(url).reason == "connection"
        assert left.wait(10)
