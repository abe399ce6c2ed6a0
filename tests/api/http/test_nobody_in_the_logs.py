"""One citizen's name and number go through a whole service, and neither its log nor its counters know them."""

import json
import os
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import httpx
import pytest

from tests.api.http.papers import page
from tests.conftest import CHECKOUT

_NUMBER = "040090001234"
_NAME = "Trịnh Thị Hoàng Yến"
_PATIENCE = 90.0


@dataclass(frozen=True)
class Told:
    """Everything that the service said about itself."""

    lines: tuple[str, ...]
    metrics: str

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


def _in_any_writing(text: str) -> set[str]:
    """As it is typed, encoded, folded, or kept apart."""
    bare = "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))
    forms = {text, unicodedata.normalize("NFD", text), bare, bare.replace(" ", "-"), bare.replace(" ", "_")}
    return {written for form in forms for written in (form, quote(form), quote_plus(form), ascii(form)[1:-1])}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A paper taken in, read, signed, looked for, and asked for wrongly in many ways; then the service ends."""
    folder = tmp_path_factory.mktemp("service")
    environment = {
        **os.environ,
        "KHOSO_DATA_DIR": str(folder / "var"),
        "KHOSO_ADMIN_ADDRESS": "127.0.0.1:0",
        "KHOSO_LOG_STRICT": "true",
        "KHOSO_WORKERS": "1",
        "PYTHONPATH": str(CHECKOUT),
    }
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, env=environment, stderr=log, start_new_session=True) as served,
    ):
        try:
            where = dict(_addresses(folder / "log", served))
            metrics = _one_day(f"http://{where['serving']}", f"http://{where['admin_listens']}")
        finally:
            served.send_signal(signal.SIGTERM)
            served.wait(_PATIENCE)
    return Told(tuple((folder / "log").read_text().splitlines()), metrics)


def _addresses(log: Path, served: "subprocess.Popen[bytes]") -> Iterator[tuple[str, str]]:
    until, waited_for = time.monotonic() + _PATIENCE, {"serving", "admin_listens"}
    while waited_for:
        assert served.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        for event in map(json.loads, log.read_text().splitlines()):
            if event["event"] in waited_for and event["process"] == "web":
                waited_for.remove(event["event"])
                yield event["event"], event["where"]
        time.sleep(0.1)


def _one_day(web: str, admin: str) -> str:
    """What a clerk does with the citizen's paper; the counters in the evening."""
    purpose = {"Khoso-Purpose": quote(f"tiep nhan cua {_NAME} {_NUMBER}")}
    with httpx.Client(base_url=f"{web}/api/v1", headers=purpose, timeout=_PATIENCE, trust_env=False) as clerk:
        asked = {"person": "mai.tran", "role": "clerk", "agency": "H41.08"}
        token = clerk.post(f"{web}/dev/sign-in", json=asked).json()["token"]
        clerk.cookies.clear()
        clerk.headers["Authorization"] = f"Bearer {token}"
        _bring_a_paper(clerk)
        _ask_wrongly(clerk)
    return httpx.get(f"{admin}/metrics", trust_env=False).text


def _bring_a_paper(clerk: httpx.Client) -> None:
    named = {"Khoso-File-Name": quote(f"{_NAME} {_NUMBER}.png")}
    uploaded = clerk.post("/uploads", content=page(), headers=named).json()["upload_id"]
    owner = {"identifier": _NUMBER, "name": _NAME, "birth_date": "1990-01-02"}
    submitted = clerk.post("/documents", json={"uploads": [uploaded], "owners": [owner], "type": "KET_HON"})
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


@pytest.mark.parametrize("secret", [_NAME, _NUMBER], ids=["name", "number"])
def test_neither_log_nor_counters_know_the_citizen(secret: str, told: Told) -> None:
    for written in _in_any_writing(secret):
        assert written not in "\n".join(told.lines), written
        assert written not in told.metrics, written


def test_every_line_is_an_event_of_web_or_worker_and_nothing_had_to_be_left_out(told: Told) -> None:
    assert {event["process"] for event in told.events} == {"web", "worker"}
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
