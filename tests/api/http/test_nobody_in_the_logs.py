"""One citizen's name, number and file go through a whole service, and neither its logs nor its counters know them, nor
does the broker: everything that is said to it is overheard."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from urllib.parse import quote, quote_plus

import httpx
import pytest
import redis

from datastore import JobRole
from tests.api.http.papers import page
from tests.conftest import CHECKOUT
from tests.services import Services

_NUMBER = "040090001234"
_NAME = "Trịnh Thị Hoàng Yến"
_FILE = "tờ khai của chị Yến"
_PATIENCE = 90.0
_PROCESSES = {
    "web": ("serve", "--port", "0"),
    **{role.value: ("worker", "--role", role.value) for role in JobRole},
    "beat": ("beat",),
}
_MAYBE_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")


@dataclass(frozen=True)
class Told:
    """Everything that the service said about itself."""

    lines: tuple[str, ...]
    metrics: str
    overheard: tuple[str, ...]
    """What was said to the broker, with all that stands in it in base64."""

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


def _in_any_writing(text: str) -> set[str]:
    """As it is typed, encoded, folded, or kept apart."""
    bare = "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))
    forms = {text, unicodedata.normalize("NFD", text), bare, bare.replace(" ", "-"), bare.replace(" ", "_")}
    return {written for form in forms for written in (form, quote(form), quote_plus(form), ascii(form)[1:-1])}


@dataclass
class Overheard:
    """Everything that anybody says to a Redis server, until it says `_END`."""

    url: str
    said: list[str] = field(default_factory=list)

    _END = "that was all"

    @contextmanager
    def listening(self) -> Iterator[None]:
        with redis.Redis.from_url(self.url, socket_timeout=None) as client, client.monitor() as monitor:
            thread = Thread(target=self._listen, args=(monitor,))
            thread.start()
            try:
                yield
            finally:
                with redis.Redis.from_url(self.url) as last:
                    last.echo(self._END)
                thread.join(_PATIENCE)

    def _listen(self, monitor: redis.client.Monitor) -> None:
        # The library gives it no types.
        while self._END not in (command := str(monitor.next_command()["command"])):  # type: ignore[no-untyped-call]
            self.said.append("\n".join(_with_what_is_inside(command)))


def _with_what_is_inside(text: str) -> Iterator[str]:
    """A text, and what every piece of it is that may be base64."""
    yield text
    for piece in _MAYBE_BASE64.findall(text.replace("-", "+").replace("_", "/")):
        whole = piece[: len(piece) // 4 * 4]
        yield base64.b64decode(whole).decode("utf-8", "replace")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, services: Services) -> Told:
    """A paper taken in, read, signed, looked for, and asked for wrongly in many ways; then the service ends."""
    folder = tmp_path_factory.mktemp("service")
    overheard = Overheard(services.start("redis")["KHOSO_BROKER_URL"])
    environment = {
        **os.environ,
        "KHOSO_DATA_DIR": str(folder / "var"),
        "KHOSO_ADMIN_ADDRESS": "127.0.0.1:0",
        "KHOSO_BROKER_URL": overheard.url,
        "KHOSO_LOG_STRICT": "true",
        "KHOSO_WORKERS": "1",
        "PYTHONPATH": str(CHECKOUT),
    }
    subprocess.run(
        [sys.executable, "-m", "api.cli", "migrate"], env=environment, check=True, capture_output=True
    )
    with overheard.listening(), ExitStack() as running:
        logs = {
            name: running.enter_context(_running(words, folder / f"{name}.log", environment))
            for name, words in _PROCESSES.items()
        }
        web, *doors = [
            _address(logs["web"], "serving"),
            *(_address(log, "admin_listens") for log in logs.values()),
        ]
        _one_day(f"http://{web}")
        metrics = [httpx.get(f"http://{door}/metrics", trust_env=False).text for door in doors]
    lines = [line for log in logs.values() for line in log.read_text().splitlines()]
    return Told(tuple(lines), "\n".join(metrics), tuple(overheard.said))


@contextmanager
def _running(words: tuple[str, ...], log: Path, environment: dict[str, str]) -> Iterator[Path]:
    """A process of the service for as long as the block runs; where its log is."""
    command = [sys.executable, "-m", "api.cli", *words]
    with (
        log.open("w") as said,
        subprocess.Popen(command, env=environment, stderr=said, start_new_session=True) as process,
    ):
        try:
            yield log
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_PATIENCE)


def _address(log: Path, event: str) -> str:
    """Where a process says that it listens, as soon as it does."""
    until = time.monotonic() + _PATIENCE
    while True:
        for said in map(json.loads, filter(str.strip, log.read_text().splitlines(keepends=False))):
            if said["event"] == event:
                return str(said["where"])
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)


def _one_day(web: str) -> None:
    """What a clerk does with the citizen's paper."""
    purpose = {"Khoso-Purpose": quote(f"tiep nhan cua {_NAME} {_NUMBER}")}
    with httpx.Client(base_url=f"{web}/api/v1", headers=purpose, timeout=_PATIENCE, trust_env=False) as clerk:
        asked = {"person": "mai.tran", "role": "clerk", "agency": "H41.08"}
        token = clerk.post(f"{web}/dev/sign-in", json=asked).json()["token"]
        clerk.cookies.clear()
        clerk.headers["Authorization"] = f"Bearer {token}"
        _bring_a_paper(clerk)
        _ask_wrongly(clerk)
        _knock(clerk, web)


def _bring_a_paper(clerk: httpx.Client) -> None:
    named = {"Khoso-File-Name": quote(f"{_FILE}.png")}
    uploaded = clerk.post("/uploads", content=page(), headers=named).json()["upload_id"]
    owner = {"identifier": _NUMBER, "name": _NAME, "birth_date": "1990-01-02"}
    submitted = clerk.post(
        "/documents", json={"uploads": [uploaded], "owners": [owner], "type": "KET_HON", "compared": True}
    )
    assert submitted.status_code == 202, submitted.text
    paper = submitted.json()["document_id"]
    until = time.monotonic() + _PATIENCE
    while clerk.get(f"/documents/{paper}").json()["status"] in ("received", "read", "checked"):
        assert time.monotonic() < until
        time.sleep(0.3)
    found = clerk.post("/owners/search", json={"identifier": _NUMBER})
    assert found.status_code == 200, found.text
    clerk.post("/search", json={"query": _NAME})


def _ask_wrongly(clerk: httpx.Client) -> None:
    for path in (
        f"/stores/{_NUMBER}/documents",
        f"/owners/{_NAME}",
        f"/documents?owner={_NUMBER}&name={_NAME}",
    ):
        assert clerk.get(path).status_code >= 400
    for content in (f'{{"identifier": "{_NUMBER}", ', f'["{_NAME}"]', f'{{"{_NUMBER}": "{_NAME}"}}'):
        answer = clerk.post(
            "/owners/search", content=content.encode(), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code >= 400
    named = {"Khoso-File-Name": quote(f"{_NAME} {_NUMBER}.exe")}
    assert clerk.post("/uploads", content=f"MZ {_NAME} {_NUMBER}".encode(), headers=named).status_code == 415
    assert clerk.get("/me", headers={"Authorization": f"Bearer {_NUMBER}"}).status_code == 401
    assert (
        clerk.request("GET", "/me", headers={"traceparent": f"00-{_NUMBER}-{_NUMBER}-01"}).status_code == 200
    )


def _knock(client: httpx.Client, web: str) -> None:
    """At doors that are counted, by names that are a citizen's."""
    for name in (_NUMBER, _NAME):
        secret = {"grant_type": "client_credentials", "client_id": name, "client_secret": name}
        assert (
            client.post(f"{web}/sign-in/local", json={"account": name, "password": name}).status_code == 401
        )
        # A clerk's token is no client's.
        asked = httpx.post(f"{web}/oauth/token", data=secret, trust_env=False)
        assert asked.status_code == 401
        assert client.post("/shares/open", json={"token": name * 4, "who": name}).status_code in (404, 422)


@pytest.mark.parametrize("secret", [_NAME, _NUMBER, _FILE], ids=["name", "number", "file"])
def test_neither_logs_nor_counters_nor_the_broker_know_the_citizen(secret: str, told: Told) -> None:
    for written in _in_any_writing(secret):
        assert written not in "\n".join(told.lines), written
        assert written not in told.metrics, written
        assert written not in "\n".join(told.overheard), written


def test_what_was_said_to_the_broker_was_really_overheard(told: Told) -> None:
    """A role and a trace for each message, opened out of its base64, and how often somebody knocked."""
    for role in JobRole:
        assert any(f'[["{role.value}", ' in said for said in told.overheard), role
    assert any("khoso:door:" in said for said in told.overheard)


def test_every_line_is_an_event_of_a_process_and_nothing_had_to_be_left_out(told: Told) -> None:
    assert {event["process"] for event in told.events} == set(_PROCESSES)
    assert [event for event in told.events if "left_out" in event] == []
    assert [event for event in told.events if event["level"] in ("error", "critical")] == []


def test_the_work_on_the_paper_carries_the_trace_of_the_request_that_brought_it(told: Told) -> None:
    (brought,) = [
        event
        for event in told.events
        if (event.get("route"), event.get("method"), event.get("status"))
        == ("/api/v1/documents", "POST", 202)
    ]
    done = [event for event in told.events if event["event"] == "job_done"]
    assert {event["kind"] for event in done} >= {"read"}
    assert {event["trace"] for event in done} == {brought["trace"]}
    assert (brought["role"], brought["agency"]) == ("clerk", "H41.08")
