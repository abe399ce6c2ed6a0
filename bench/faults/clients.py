"""Clerks who hand papers in over HTTP and write down every promise that they were given.

A request that makes something has a key and is sent again under it, to whichever web process, until it is answered:
after a broken connection, a time-out, a 503 or 507, and while it is *in progress*. An acknowledged receipt is in the
ledger, on the disk, before the next step. An answer that no outage explains is a finding (`refused`).
"""

import io
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
from PIL import Image, ImageDraw, ImageFont

from common import Digest
from common.fonts import font_file

_SECONDS = 40.0
"""Longer than the service may wait for a part that hangs."""
_PAUSE = 0.2
_PATIENCE = 240.0
_API = "/api/v1"
_PROCEDURE, _TYPE = "1.001193", "THONG_BAO"
_PER_DOSSIER = 3
_BURST = 50
_WAITED_FOR = frozenset({408, 429, 503, 507})
"""Answers that say: later."""
_CLERK, _HANDLER = "clerk", "handler"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A line of the ledger: this file was said to be kept, as this paper, under this receipt."""

    sha256: str
    document_id: str
    receipt: int
    dossier: str


@dataclass(slots=True)
class Books:
    """What all clients remember."""

    folder: Path
    acknowledged: int = 0
    handed_in: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    sent_again: "Counter[str]" = field(default_factory=Counter)
    bursts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.jsonl"

    def hand_in(self, content: bytes) -> str:
        """A paper that is about to be brought."""
        sha256 = Digest.of(content).hex
        with self._lock:
            self.handed_in.append(sha256)
        return sha256

    def keep(self, line: Acknowledged) -> None:
        """A promise, on the disk when this returns."""
        with self._lock:
            with self.ledger.open("a") as file:
                file.write(json.dumps(asdict(line)) + "\n")
                file.flush()
                os.fsync(file.fileno())
            self.acknowledged += 1

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
        self, name: str, urls: Sequence[str], books: Books, seed: int, *, given_up: threading.Event
    ) -> None:
        self.name = name
        self._urls = list(urls)
        self._books = books
        self._chance = random.Random(seed)
        self._given_up = given_up
        self._tokens: dict[tuple[str, str], str] = {}
        self._http = httpx.Client(timeout=_SECONDS, limits=httpx.Limits(max_connections=2 * _BURST))

    def close(self) -> None:
        self._http.close()

    # --- what a clerk does ----------------------------------------------------------------------------

    def one_dossier(self, number: str, *, go: Callable[[], bool]) -> None:
        """Opens a dossier, brings papers, closes it as succeeded; `go` is asked before each paper."""
        self.open(number)
        for n in range(_PER_DOSSIER):
            if not go():
                break
            self.bring(f"{number} {n}", dossier=number)
        self.succeed(number)

    def open(self, number: str) -> None:
        """A dossier is there."""
        self._until_answered(_CLERK, "/dossiers", json={"number": number, "procedure": _PROCEDURE})

    def succeed(self, number: str) -> None:
        """A dossier has succeeded: the ground on which its papers become valid."""
        self._until_answered(_HANDLER, f"/dossiers/{number}/events", json={"kind": "succeeded"})

    def bring(self, words: str, *, dossier: str, at_once: int = 1) -> None:
        """One paper of its own, submitted by as many as are said at the same time under one key."""
        content = drawn(words)
        sha256 = self._books.hand_in(content)
        upload = self._until_answered(_CLERK, "/uploads", content=content)
        body = {
            "uploads": [upload.json()["upload_id"]],
            "owners": [{"identifier": "H41.242"}],
            "type": _TYPE,
            "dossier": dossier,
        }
        key = str(uuid4())
        with ThreadPoolExecutor(at_once) as many:
            answers = list(
                many.map(
                    lambda _n: self._until_answered(_CLERK, "/documents", json=body, key=key), range(at_once)
                )
            )
        if len({one.text for one in answers}) != 1:
            self._books.unequal.append(f"{sha256[:12]}: {sorted({one.text for one in answers})}")
        for one in answers:
            said = one.json()
            line = Acknowledged(sha256, said["document_id"], said["receipt"], dossier)
            self._books.keep(line)

    def burst(self, number: str) -> None:
        """Fifty at once with one key."""
        self._books.bursts += 1
        self.open(number)
        self.bring(f"{number} burst", dossier=number, at_once=_BURST)
        self.succeed(number)

    # --- over HTTP ------------------------------------------------------------------------------------

    def _until_answered(
        self, role: str, place: str, *, json: object = None, content: bytes | None = None, key: str = ""
    ) -> httpx.Response:
        key = key or str(uuid4())
        until = time.monotonic() + _PATIENCE
        while not self._given_up.is_set():
            url = self._chance.choice(self._urls)
            try:
                headers = self._headers(url, role) | {"Idempotency-Key": key}
                answer = self._http.post(f"{url}{_API}{place}", json=json, content=content, headers=headers)
                if answer.is_success:
                    return answer
                self._books.again(self._judge(place, url, role, answer))
            except httpx.TransportError as error:
                # Nobody knows whether it was done: that is what the key is for.
                self._books.again(type(error).__name__)
            if time.monotonic() > until:
                until = time.monotonic() + _PATIENCE
                self._books.refused.append(f"{place}: not answered in {_PATIENCE:.0f} s")
            time.sleep(_PAUSE)
        raise GivenUp

    def _judge(self, place: str, url: str, role: str, answer: httpx.Response) -> str:
        """Why it is sent again, in a word; a finding where no outage can be the reason."""
        if answer.status_code == 401:
            self._tokens.pop((url, role), None)  # that process was started again, and knows nobody
            return "401"
        code = answer.json().get("code", "") if "json" in answer.headers.get("Content-Type", "") else ""
        if answer.status_code not in _WAITED_FOR and code != "request_in_progress":
            self._books.refused.append(f"{place}: {answer.status_code} {code} {answer.text[:200]}")
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


def drawn(words: str) -> bytes:
    """A small real page with a line of text: cheap to read, and another paper for other words."""
    written = io.BytesIO()
    page = Image.new("L", (620, 440), 250)
    font = ImageFont.truetype(str(font_file()), 28)
    ImageDraw.Draw(page).text((40, 60), f"THÔNG BÁO\nSố {words}", fill=10, font=font, spacing=20)
    page.save(written, "PNG")
    return written.getvalue()
