"""Clerks who hand papers in over HTTP, watch them become valid, print them, and write down every promise.

A request that makes something has a key and is sent again under it, to whichever web process, until it is answered:
after a broken connection, a time-out, a 503 or 507, and while it is *in progress*. A stream of events that broke is
asked for again from where it was. What was acknowledged (a receipt, a print) is in its ledger, on the disk, before the
next step. An answer that no outage explains is a finding (`refused`).
"""

import io
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from PIL import Image, ImageDraw, ImageFont

from common import Digest
from common.fonts import font_file

_SECONDS = 40.0
"""Longer than the service may wait for a part that hangs."""
_PAUSE = 0.2
PATIENCE = 240.0
"""Seconds after which a request counts as never answered, a job as never ended."""
_API = "/api/v1"
_PROCEDURE, _TYPE = "1.001193", "THONG_BAO"
_PER_DOSSIER = 3
_BURST = 50
_WAITED_FOR = frozenset({408, 429, 503, 507})
"""Answers that say: later."""
_CLERK, _HANDLER, _ADMIN = "clerk", "handler", "admin"
_TO, _REASON = "Ngân hàng", "Vay vốn"
_VALID_BY = "make_valid"
"""The job at whose end a paper is valid."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A line of the ledger: this file was said to be kept, as this paper, under this receipt."""

    sha256: str
    document_id: str
    receipt: int
    dossier: str


@dataclass(frozen=True, slots=True)
class PrintAcknowledged:
    """A line of the ledger of prints: this paper copy was said to be in the register."""

    print_id: str
    document_id: str
    number: int


@dataclass(slots=True)
class Books:
    """What all clients remember. `in_flight`: requests that are under way, by the address of their web process."""

    folder: Path
    in_flight: "Counter[str]" = field(default_factory=Counter)
    acknowledged: int = 0
    printed: int = 0
    streams: int = 0
    handed_in: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    sent_again: "Counter[str]" = field(default_factory=Counter)
    bursts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.jsonl"

    @property
    def prints(self) -> Path:
        return self.folder / "prints.jsonl"

    def hand_in(self, content: bytes) -> str:
        """A paper that is about to be brought."""
        sha256 = Digest.of(content).hex
        with self._lock:
            self.handed_in.append(sha256)
        return sha256

    def keep(self, line: Acknowledged) -> None:
        """A promise, on the disk when this returns."""
        with self._lock:
            write_down(self.ledger, asdict(line))
            self.acknowledged += 1

    def keep_print(self, line: PrintAcknowledged) -> None:
        """A promise, on the disk when this returns."""
        with self._lock:
            write_down(self.prints, asdict(line))
            self.printed += 1

    @contextmanager
    def asking(self, url: str) -> Iterator[None]:
        """A request is under way while the block runs."""
        with self._lock:
            self.in_flight[url] += 1
        try:
            yield
        finally:
            with self._lock:
                self.in_flight[url] -= 1

    def refuse(self, finding: str) -> None:
        """An answer that no outage explains."""
        with self._lock:
            self.refused.append(finding)

    def hear(self) -> None:
        """A stream of events began."""
        with self._lock:
            self.streams += 1

    def papers(self) -> int:
        with self._lock:
            return len(self.handed_in)

    def again(self, why: str) -> None:
        """A request that is sent once more."""
        with self._lock:
            self.sent_again[why] += 1


class Clerk:
    """One client. `urls` are the web processes; each knows only its own sign-ins."""

    def __init__(
        self,
        name: str,
        urls: Sequence[str],
        books: Books,
        seed: int,
        *,
        given_up: threading.Event,
        patience: float = PATIENCE,
    ) -> None:
        self.name = name
        self._urls = list(urls)
        self._books = books
        self._chance = random.Random(seed)
        self._given_up = given_up
        self._patience = patience
        self._tokens: dict[tuple[str, str], str] = {}
        self._http = httpx.Client(timeout=_SECONDS, limits=httpx.Limits(max_connections=2 * _BURST))

    def close(self) -> None:
        self._http.close()

    # --- what a clerk does ----------------------------------------------------------------------------

    def one_dossier(self, number: str, *, go: Callable[[], bool]) -> None:
        """Opens a dossier, brings papers, closes it as succeeded, watches the last one become valid, and prints it.

        `go` is asked before each paper, and before the print.
        """
        self.open(number)
        document = None
        for n in range(_PER_DOSSIER):
            if not go():
                break
            document = self.bring(f"{number} {n}", dossier=number)
        self.succeed(number)
        if document is not None and go():
            self.watch(document)
            self.print(document)

    def open(self, number: str) -> None:
        """A dossier is there."""
        self._make(_CLERK, "/dossiers", json={"number": number, "procedure": _PROCEDURE})

    def succeed(self, number: str) -> None:
        """A dossier has succeeded: the ground on which its papers become valid."""
        self._make(_HANDLER, f"/dossiers/{number}/events", json={"kind": "succeeded"})

    def bring(self, words: str, *, dossier: str, at_once: int = 1) -> str:
        """One paper of its own, submitted by as many as are said at the same time under one key; its id."""
        content = drawn(words)
        sha256 = self._books.hand_in(content)
        upload = self._make(_CLERK, "/uploads", content=content)
        body = {
            "uploads": [upload.json()["upload_id"]],
            "owners": [{"identifier": "H41.242"}],
            "type": _TYPE,
            "dossier": dossier,
            "compared": True,
        }
        key = str(uuid4())
        with ThreadPoolExecutor(at_once) as many:
            answers = list(
                many.map(lambda _n: self._make(_CLERK, "/documents", json=body, key=key), range(at_once))
            )
        if len({one.text for one in answers}) != 1:
            self._books.unequal.append(f"{sha256[:12]}: {sorted({one.text for one in answers})}")
        for one in answers:
            said = one.json()
            line = Acknowledged(sha256, said["document_id"], said["receipt"], dossier)
            self._books.keep(line)
        return line.document_id

    def watch(self, document: str) -> None:
        """Hears of every job of a paper by its stream of events, until that is done by which it is valid."""
        place = f"/documents/{document}/jobs"
        for _attempt in self._attempts(place):
            jobs = self._ask("GET", _CLERK, place).json()["jobs"]
            for job in jobs:
                self._hear_out(job["job_id"])
            if any(job["kind"] == _VALID_BY and job["state"] == "done" for job in jobs):
                return
        raise GivenUp

    def print(self, document: str) -> None:
        """A paper copy of a valid paper; once it is ready, anybody who checks it is told that it is good."""
        asked = {"to": _TO, "reason": _REASON}
        made = self._make(_CLERK, f"/documents/{document}/prints", json=asked).json()
        self._books.keep_print(PrintAcknowledged(made["print_id"], document, made["number"]))
        place = f"/prints/{made['print_id']}"
        for _attempt in self._attempts(place):
            entry = self._ask("GET", _CLERK, place).json()
            if entry["state"] == "ready":
                break
        else:
            raise GivenUp
        found = self._ask("POST", _CLERK, "/verify", json={"text": entry["link"]}).json()
        if (found["verdict"], found["status"]) != ("TOTAL-PASSED", "good"):
            self._books.refuse(f"{place}: {found['verdict']} {found['status']} {found['reasons']}")

    def subscribe(self, url: str, types: Sequence[str]) -> str:
        """A receiver of events is told of these; the secret that signs them."""
        made = self._make(_ADMIN, "/webhooks", json={"url": url, "types": list(types)})
        return str(made.json()["secret"])

    def burst(self, number: str) -> None:
        """Fifty at once with one key."""
        self._books.bursts += 1
        self.open(number)
        self.bring(f"{number} burst", dossier=number, at_once=_BURST)
        self.succeed(number)

    # --- over HTTP ------------------------------------------------------------------------------------

    def _make(
        self, role: str, place: str, *, json: object = None, content: bytes | None = None, key: str = ""
    ) -> httpx.Response:
        """The answer to a request that makes something: once, however often it is sent."""
        more = {"Idempotency-Key": key or str(uuid4())}
        return self._ask("POST", role, place, more, json=json, content=content)

    def _ask(
        self, method: str, role: str, place: str, more: Mapping[str, str] | None = None, **said: Any
    ) -> httpx.Response:
        """The first answer that is a success; GivenUp."""
        for url in self._attempts(place):
            try:
                headers = {**self._headers(url, role), **(more or {})}
                with self._books.asking(url):
                    answer = self._http.request(method, f"{url}{_API}{place}", headers=headers, **said)
                if answer.is_success:
                    return answer
                self._books.again(self._judge(place, url, role, answer))
            except httpx.TransportError as error:
                # Nobody knows whether it was done: that is what the key is for.
                self._books.again(type(error).__name__)
        raise GivenUp

    def _attempts(self, place: str) -> Iterator[str]:
        """The web process to ask, again and again with a pause between, until there is no more patience."""
        until = time.monotonic() + self._patience
        while not self._given_up.is_set():
            yield self._chance.choice(self._urls)
            if time.monotonic() > until:
                self._books.refuse(f"{place}: no answer in {self._patience:.0f} s")
                return
            self._given_up.wait(_PAUSE)

    def _hear_out(self, job: str) -> None:
        """A job's events until it is done. A stream that broke goes on where it was, at whichever web process."""
        place, last = f"/jobs/{job}/events", ""
        for url in self._attempts(place):
            try:
                for id, event in self._stream(url, place, last):
                    if id == last or event["job_id"] != job or event["state"] == "set_aside":
                        self._books.refuse(f"{place}: {event} as {id} after {last}")
                    last = id
                    if event["state"] == "done":
                        return
                self._books.again("stream ended")
            except httpx.TransportError as error:
                self._books.again(f"stream {type(error).__name__}")
        raise GivenUp

    def _stream(self, url: str, place: str, last: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The events that come, with their ids; none when it is refused."""
        headers = self._headers(url, _CLERK) | ({"Last-Event-ID": last} if last else {})
        with (
            self._books.asking(url),
            self._http.stream("GET", f"{url}{_API}{place}", headers=headers) as answer,
        ):
            if not answer.is_success:
                answer.read()
                self._books.again(self._judge(place, url, _CLERK, answer))
                return
            self._books.hear()
            told: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                told[name] = value
                if not line and "data" in told:  # an event is whole at the empty line behind it
                    yield told["id"], json.loads(told["data"])
                    told = {}

    def _judge(self, place: str, url: str, role: str, answer: httpx.Response) -> str:
        """Why it is sent again, in a word; a finding where no outage can be the reason."""
        if answer.status_code == 401:
            self._tokens.pop((url, role), None)  # that process was started again, and knows nobody
            return "401"
        code = answer.json().get("code", "") if "json" in answer.headers.get("Content-Type", "") else ""
        if answer.status_code not in _WAITED_FOR and code != "request_in_progress":
            self._books.refuse(f"{place}: {answer.status_code} {code} {answer.text[:200]}")
        return f"{answer.status_code} {code}"

    def _headers(self, url: str, role: str) -> dict[str, str]:
        token = self._tokens.get((url, role))
        if token is None:
            said = {"person": self.name, "role": role}
            answer = self._http.post(f"{url}/dev/sign-in", json=said)
            if not answer.is_success:
                raise httpx.TransportError(f"sign-in: {answer.status_code}")
            token = self._tokens[(url, role)] = str(answer.json()["token"])
        return {"Authorization": f"Bearer {token}", "Khoso-Purpose": "soak"}


class GivenUp(Exception):
    """The soak is over, and this request was never answered."""


def write_down(file: Path, line: Mapping[str, object]) -> None:
    """One more line, on the disk when this returns."""
    with file.open("a") as lines:
        lines.write(json.dumps(line) + "\n")
        lines.flush()
        os.fsync(lines.fileno())


def drawn(words: str) -> bytes:
    """A small real page with a line of text: cheap to read, and another paper for other words."""
    written = io.BytesIO()
    page = Image.new("L", (620, 440), 250)
    font = ImageFont.truetype(str(font_file()), 28)
    ImageDraw.Draw(page).text((40, 60), f"THÔNG BÁO\nSố {words}", fill=10, font=font, spacing=20)
    page.save(written, "PNG")
    return written.getvalue()
