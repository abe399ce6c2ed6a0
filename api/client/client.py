"""The client itself: one method for each thing that one does with the API."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx

from api.client.transport import NoAnswer, Transport, in_header, problem_of
from api.client.values import (
    Accepted,
    Attachment,
    DiaryLine,
    Document,
    DocumentType,
    Dossier,
    Held,
    Job,
    Owner,
    OwnerNamed,
    Print,
    Summary,
    Upload,
    Verdict,
    Wanted,
    Webhook,
)

_API = "/api/v1"
_LOOK_EVERY_SECONDS = 0.5


class Client:
    """Somebody with a token, for a purpose."""

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        purpose: str | None = None,
        dossier: str | None = None,
        seconds: float = 60.0,
    ) -> None:
        headers = {"Accept-Language": "vi"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if purpose is not None:
            headers["Khoso-Purpose"] = in_header(purpose)
        if dossier is not None:
            headers["Khoso-Dossier"] = dossier
        self._transport = Transport(base_url.rstrip("/") + _API, headers, seconds=seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._transport.close()

    # --- papers ---------------------------------------------------------------------------------------

    def upload(self, file: Path, *, name: str | None = None) -> Upload:
        """Send a file; ProblemAnswered when it cannot become a document."""
        headers = {"Khoso-File-Name": in_header(name or file.name)}
        return Upload.of(self._transport.send("/uploads", file.read_bytes, headers).json())

    def submit(
        self,
        uploads: Sequence[UUID],
        *,
        owners: Sequence[OwnerNamed] = (),
        type: str | None = None,
        dossier: str | None = None,
        ground: str | None = None,
        source_form: str = "original",
        compared: bool = False,
        back_file: bool = False,
    ) -> Accepted:
        """Hand in one paper of these files; it is kept when this returns.

        `compared` says that whoever sends it has compared scan and paper; else it waits for `check`.
        """
        body = {
            "uploads": [str(upload) for upload in uploads],
            "owners": [
                {"identifier": one.identifier, "name": one.name, "birth_date": one.birth_date}
                for one in owners
            ],
            "type": type,
            "dossier": dossier,
            "ground": ground,
            "source_form": source_form,
            "compared": compared,
            "back_file": back_file,
        }
        return Accepted.of(self._transport.post("/documents", body).json())

    def bring_own(self, owner: UUID, uploads: Sequence[UUID], *, type: str | None = None) -> Accepted:
        """As a citizen, bring a paper of these files into one's own store, or that of whom one stands for."""
        body = {"uploads": [str(upload) for upload in uploads], "type": type}
        return Accepted.of(self._transport.post(f"/stores/{owner}/documents", body).json())

    def document(self, id: UUID) -> Document:
        """A paper as it stands."""
        answer = self._transport.get(f"/documents/{id}")
        return Document.of(answer.json(), answer.headers["ETag"])

    def content(self, id: UUID, into: Path, *, form: str = "signed") -> Path:
        """Write the bytes of a paper, compared with their digest; an existing file is not written over."""
        return self._written(self._transport.get(f"/documents/{id}/content", form=form), into)

    @staticmethod
    def _written(answer: httpx.Response, into: Path) -> Path:
        digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
        if answer.headers["Repr-Digest"] != f"sha-256=:{digest}:":
            raise NoAnswer(f"{into.name}: the bytes are not those that were sent")
        with into.open("xb") as file:
            file.write(answer.content)
        return into

    def check(self, document: Document) -> Document:
        """Say that the paper was compared, as it was seen."""
        return self._change(document, "check", {})

    def classify(self, document: Document, type: str) -> Document:
        """Name its type, as it was seen."""
        return self._change(document, "classify", {"type": type})

    def revoke(self, document: Document, reason: str) -> Document:
        """Take it back, as it was seen."""
        return self._change(document, "revoke", {"reason": reason})

    def put_away(self, document: Document, duplicate_of: UUID, reason: str) -> Document:
        """Put it away as brought twice, as it was seen: the other one stands for both."""
        return self._change(document, "put-away", {"duplicate_of": str(duplicate_of), "reason": reason})

    def refile(
        self, document: Document, owner: str, reason: str, *, away_from: str | None = None
    ) -> Document:
        """Move it to its right owner, from one of several or from the only one, as it was seen."""
        body = {"owner": owner, "away_from": away_from, "reason": reason}
        return self._change(document, "refile", body)

    def add_owner(self, document: Document, owner: str, reason: str, *, insist: bool = False) -> Document:
        """Let it be one more owner's, as it was seen; `insist` where papers of its type have no more owners."""
        # Said only where it is meant: a server that does not know it yet refuses it.
        insists = {"insist": True} if insist else {}
        return self._change(document, "refile", {"add": owner, "reason": reason, **insists})

    def take_owner_out(self, document: Document, owner: str, reason: str) -> Document:
        """Take a wrong one of several owners out, as it was seen."""
        return self._change(document, "refile", {"away_from": owner, "reason": reason})

    def _change(self, document: Document, what: str, body: Mapping[str, Any]) -> Document:
        answer = self._transport.post(f"/documents/{document.id}/{what}", body, {"If-Match": document.tag})
        return Document.of(answer.json(), answer.headers["ETag"])

    # --- work -----------------------------------------------------------------------------------------

    def jobs(self, document: UUID) -> tuple[Job, ...]:
        """What was and is done for a paper."""
        return tuple(Job.of(one) for one in self._transport.get(f"/documents/{document}/jobs").json()["jobs"])

    def events(self, job: UUID) -> Iterator[Job]:
        """Progress of a job as it happens, until it has ended."""
        with self._transport.http.stream("GET", f"/jobs/{job}/events") as answer:
            if not answer.is_success:
                answer.read()
                raise problem_of(answer)
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield Job.of(json.loads(line.removeprefix("data: ")))

    def wait(self, document: UUID, *, seconds: float = 300.0) -> Document:
        """The paper once nothing more is done for it; NoAnswer when that takes longer."""
        until = time.monotonic() + seconds
        while not all(job.ended for job in self.jobs(document)):
            if time.monotonic() > until:
                raise NoAnswer(f"{document}: work goes on after {seconds} s")
            time.sleep(_LOOK_EVERY_SECONDS)
        return self.document(document)

    # --- stores ---------------------------------------------------------------------------------------

    def owner(self, identifier: str) -> Owner | None:
        """Who has this number now; None when nobody here is known by it."""
        found = self._transport.post("/owners/search", {"identifier": identifier}).json()["owners"]
        return Owner.of(found[0]) if found else None

    def owner_record(self, owner: UUID) -> Owner:
        """What is known of an owner, to correct it."""
        answer = self._transport.get(f"/owners/{owner}/record")
        return Owner.of(answer.json(), answer.headers["ETag"])

    def correct_owner(
        self,
        seen: Owner,
        reason: str,
        *,
        name: str,
        birth_date: str | None = None,
        state: str | None = None,
    ) -> Owner:
        """Correct what is known of an owner, as it was seen; what is left out stays."""
        body = {"name": name, "birth_date": birth_date, "state": state, "reason": reason}
        headers = {} if seen.tag is None else {"If-Match": seen.tag}
        answer = self._transport.put(f"/owners/{seen.id}/record", body, headers)
        return Owner.of(answer.json(), answer.headers["ETag"])

    def diary(self, owner: UUID, *, page: int = 200) -> Iterator[DiaryLine]:
        """Who did what with the owner's papers, oldest first, asked for page by page; the asking is a line as well."""
        cursor = None
        while True:
            found = self._transport.get(f"/owners/{owner}/diary", limit=page, cursor=cursor).json()
            yield from (DiaryLine.of(one) for one in found["lines"])
            cursor = found["next"]
            if cursor is None:
                return

    def store(
        self, owner: UUID, *, status: str | None = None, type: str | None = None, page: int = 50
    ) -> Iterator[Summary]:
        """Everything that a store holds, newest first, asked for page by page."""
        cursor = None
        while True:
            found = self._transport.get(
                f"/stores/{owner}/documents", status=status, type=type, limit=page, cursor=cursor
            ).json()
            yield from (Summary.of(one) for one in found["documents"])
            cursor = found["next"]
            if cursor is None:
                return

    def search(self, words: str, *, field: str | None = None, limit: int = 50) -> tuple[Summary, ...]:
        """The best papers with these words."""
        body = {"words": words, "field": field, "limit": limit}
        found = self._transport.post("/search", body).json()["documents"]
        return tuple(Summary.of(one) for one in found)

    def document_types(self, on: date | None = None) -> tuple[DocumentType, ...]:
        """Every type of papers, as it is on a day; today by default."""
        day = None if on is None else on.isoformat()
        return tuple(
            DocumentType.of(one) for one in self._transport.get("/document-types", on=day).json()["types"]
        )

    # --- dossiers -------------------------------------------------------------------------------------

    def open_dossier(self, number: str, procedure: str, *, agency: str | None = None) -> Dossier:
        """Open a dossier; again is the same one."""
        body = {"number": number, "procedure": procedure, "agency": agency}
        return Dossier.of(self._transport.post("/dossiers", body).json())

    def dossier(self, number: str) -> Dossier:
        """A dossier as it stands."""
        return Dossier.of(self._transport.get(f"/dossiers/{number}").json())

    def tell_dossier(self, number: str, kind: str, note: str | None = None) -> Dossier:
        """Something happened to it: `supplement`, `transferred`, `succeeded`, `refused`, `withdrawn`."""
        body = {"kind": kind, "note": note}
        return Dossier.of(self._transport.post(f"/dossiers/{number}/events", body).json())

    def check_holdings(
        self, number: str, owners: Sequence[str], wanted: Sequence[Wanted]
    ) -> tuple[Held, ...]:
        """What is held of each component, before anything is scanned."""
        components = [
            {"component": one.component, "type": one.type, "facts": dict(one.facts)} for one in wanted
        ]
        body = {"owners": list(owners), "components": components}
        found = self._transport.post(f"/dossiers/{number}/holdings-check", body).json()["components"]
        return tuple(Held.of(one) for one in found)

    def attach(self, number: str, component: str, paper: Summary | Document) -> Attachment:
        """Cite a paper as it was seen."""
        body = {
            "document_id": str(paper.id),
            "component": component,
            "version": paper.version,
            "sha256": paper.sha256,
        }
        return Attachment.of(self._transport.post(f"/dossiers/{number}/attachments", body).json())

    # --- events ---------------------------------------------------------------------------------------

    def subscribe(self, url: str, types: Sequence[str]) -> Webhook:
        """Have `url` told of events of these types; with the secret that signs them."""
        made = Webhook.of(self._transport.post("/webhooks", {"url": url, "types": list(types)}).json())
        # Shown once: when that answer was lost, and the request came a second time, another one is made.
        return (
            made if made.secret is not None else replace(made, secret=self.new_secret(made.id, keep_hours=0))
        )

    def new_secret(self, webhook: UUID, *, keep_hours: int = 24) -> str:
        """Another secret; the old one signs beside it for a while."""
        answer = self._transport.post(f"/webhooks/{webhook}/secret", {"keep_old_hours": keep_hours})
        return str(answer.json()["secret"])

    def webhooks(self) -> tuple[Webhook, ...]:
        """What the agency's systems are told, and where."""
        return tuple(Webhook.of(one) for one in self._transport.get("/webhooks").json()["webhooks"])

    def unsubscribe(self, webhook: UUID) -> None:
        """Be told nothing any more."""
        self._transport.delete(f"/webhooks/{webhook}")

    # --- prints ---------------------------------------------------------------------------------------

    def print(self, document: UUID, *, to: str, reason: str) -> Print:
        """Ask for a paper copy; it is in the register when this returns."""
        body = {"to": to, "reason": reason}
        return Print.of(self._transport.post(f"/documents/{document}/prints", body).json())

    def prints(self, document: UUID) -> Iterator[Print]:
        """Every print of a paper, by their numbers."""
        after: int | None = 0
        while after is not None:
            found = self._transport.get(f"/documents/{document}/prints", after=after).json()
            yield from (Print.of(one) for one in found["prints"])
            after = found["next"]

    def wait_for_print(self, id: UUID, *, seconds: float = 300.0) -> Print:
        """The print once its sheets are made; NoAnswer when that takes longer, or it was taken back."""
        until = time.monotonic() + seconds
        while True:
            entry = Print.of(self._transport.get(f"/prints/{id}").json())
            if entry.ready:
                return entry
            if entry.revoked or time.monotonic() > until:
                raise NoAnswer(f"{id}: no sheets")
            time.sleep(_LOOK_EVERY_SECONDS)

    def sheets(self, id: UUID, into: Path) -> Path:
        """Write the sheets of a print; an existing file is not written over."""
        return self._written(self._transport.get(f"/prints/{id}/content"), into)

    def revoke_print(self, id: UUID, reason: str) -> Print:
        """Take one print back."""
        return Print.of(self._transport.post(f"/prints/{id}/revoke", {"reason": reason}).json())

    # --- checking -------------------------------------------------------------------------------------

    def verify(self, text: str) -> Verdict:
        """Judge a link, digits or a short code."""
        return Verdict.of(self._transport.post("/verify", {"text": text}).json())

    def verify_file(self, file: Path) -> Verdict:
        """Judge a signed PDF or a photo of a print."""
        return Verdict.of(self._transport.send("/verify/file", file.read_bytes, keyed=False).json())
