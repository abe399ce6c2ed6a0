"""An installation in which something of everything is there, in two agencies, and everybody who may ask for it.

Officers sign in the development way, citizens have sessions with their token against forgery, a system has its access
token: each the way of the service itself. What an address names is a thing of one's own, of somebody else's, or none.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from api.house import page_pool_when_needed
from api.http.identity import CSRF_HEADER, SESSION_COOKIE
from api.http.routes import jobs
from api.steps.queue import work_off
from datastore import CITIZENS, ActorRole, Proof, Session
from datastore.sessions import Sessions
from tests.api.http.papers import AN, BINH, page, submit, upload
from tests.api.http.people import an_officer
from tests.api.http.servers import AGENCY, OTHER_AGENCY, Service, real_service, service
from tests.api.http.test_exchange import metadata
from tests.services import Services

API = "/api/v1"
_SITE = "https://kho.example.vn"
_SCOPES = [
    "papers.read",
    "papers.write",
    "papers.check",
    "dossiers.read",
    "dossiers.write",
    "prints.write",
    "events.subscribe",
]
_ORGANISATION = "0100109106"
_STREAM_SECONDS = 0.1
OF_A_SESSION = frozenset({"sign_out", "take_role", "step_up"})
"""Operations that end a session or give it another token: each of their requests has a session of its own."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows of who sends it."""

    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Asker:
    """Somebody who asks. One whose session was ended, by what it asked for itself, signs in again."""

    name: str
    shown: Shown = Shown()
    sign_in: Callable[[], Shown] | None = None
    counts: Callable[[Shown], bool] = lambda _shown: True

    def shows_for(self, operation: str) -> Shown:
        """What it shows with a request for an operation."""
        if self.sign_in is not None and operation in OF_A_SESSION:
            return self.sign_in()
        if self.sign_in is not None and not self.counts(self.shown):
            self.shown = self.sign_in()
        return self.shown


@dataclass(frozen=True, slots=True)
class World:
    """What is there: by the name of an address's place, the things that may stand in it."""

    service: Service
    things: Mapping[str, list[str]]
    askers: tuple[Asker, ...]

    def asker(self, name: str) -> Asker:
        return next(one for one in self.askers if one.name == name)


@dataclass(slots=True)
class _Office:
    """An agency at work."""

    served: Service
    agency: str
    owner: str
    things: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def by(self, role: str, person: str = "") -> httpx.Client:
        return self.served.signed_in(role, person=person or f"somebody.{role}", agency=self.agency)

    def take_in(self, dossier: str, doc_code: str, shade: int) -> None:
        """A dossier with a paper, a valid paper, one that may be spoilt, one of another system."""
        with self.by("handler", "hoa.le") as handler:
            _made(handler.post(f"{API}/dossiers", json={"number": dossier, "procedure": "1.001193"}))
            said: tuple[dict[str, Any], ...] = (
                {"dossier": dossier},
                {"ground": "back_file"},
                {"ground": "back_file"},
            )
            papers = [
                submit(handler, page(shade + n), self.owner, type="KHAI_SINH", **more)
                for n, more in enumerate(said)
            ]
            found = _made(handler.post(f"{API}/owners/search", json={"identifier": self.owner}))
            uploaded = upload(handler, page(shade + 3))["upload_id"]
            _made(handler.post(f"{API}/documents/import", json=metadata(doc_code, UploadId=uploaded)))
        self.things["number"].append(dossier)
        self.things["document_id"] += [paper["document_id"] for paper in papers[:2]] + [doc_code]
        self.things["to_spoil"].append(papers[2]["document_id"])
        self.things["job_id"] += [paper["job_id"] for paper in papers]
        self.things["owner_id"].append(found["owners"][0]["owner_id"])
        self.things["doc_code"].append(doc_code)

    def print(self) -> None:
        """Two prints of the valid paper."""
        with self.by("clerk") as clerk:
            for to in ("Ngân hàng", "Trường học"):
                place = f"{API}/documents/{self.things['document_id'][1]}/prints"
                entry = _made(clerk.post(place, json={"to": to, "reason": "Vay vốn"}))
                self.things["print_id"].append(entry["print_id"])

    def manage(self) -> None:
        """An account, a system and a subscription."""
        with self.by("admin") as admin:
            for name in ("mai.tran", "binh.le"):
                said = {"username": f"{name}.{self.agency.lower()}", "name": "Mai", "roles": ["clerk"]}
                account = _made(admin.post(f"{API}/accounts", json=said))
                self.things["account_id"].append(account["account"]["id"])
            client = _made(admin.post(f"{API}/clients", json={"name": "Một cửa", "scopes": _SCOPES}))
            told = {"url": "https://hub.example.vn/khoso", "types": ["vn.khoso.document.*"]}
            hook = _made(admin.post(f"{API}/webhooks", json=told))
        self.things["id"] += [client["client"]["id"], hook["id"]]
        self.things["code"].append(self.agency)

    def delegate(self, kind: str, delegate: str, principal: str) -> str:
        """Somebody stands for somebody from now on, if not already; the id of the delegation."""
        said = {"kind": kind, "delegate_id": delegate, "principal_id": principal, "ground": "quyết định"}
        with self.by("clerk") as clerk, self.by("handler", "hoa.le") as handler:
            found = _made(handler.get(f"{API}/owners/{principal}/delegations"))["delegations"]
            for one in found:
                if (one["kind"], one["delegate_id"], one["ended_at"]) != (kind, delegate, None):
                    continue
                if self._is_in_force(one):
                    return str(one["id"])
                # What was asked at random wrote it down, and it is in the way.
                _made(handler.post(f"{API}/delegations/{one['id']}/end", json={"reason": "x"}))
            made = _made(clerk.post(f"{API}/delegations", json={**said, "valid_to": "2099-01-01"}))
            _made(handler.post(f"{API}/delegations/{made['id']}/confirm"))
        return str(made["id"])

    def _is_in_force(self, delegation: dict[str, Any]) -> bool:
        today = str(self.served.house.today)
        begins, ends = delegation["valid_from"], delegation["valid_to"] or today
        return delegation["confirmed_at"] is not None and begins <= today <= ends


def _made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, (answer.request.url, answer.text)
    said: dict[str, Any] = answer.json()
    return said


@contextmanager
def world(folder: Path, services: Services | None = None) -> Iterator[World]:
    """A fresh installation with everything in it: on one machine, or on PostgreSQL and MinIO of `services`."""
    patience, jobs._LONGEST_SECONDS = jobs._LONGEST_SECONDS, _STREAM_SECONDS
    try:
        beginning = (
            service(folder, public_url=_SITE)
            if services is None
            else real_service(services, folder, public_url=_SITE)
        )
        with beginning as served:
            own, other = _Office(served, AGENCY, AN), _Office(served, OTHER_AGENCY, BINH)
            own.take_in("H41.08-261122-0001", "G06.01_CV_000021_V1", 10)
            _work_off(served)
            own.print()
            _work_off(served)
            other.take_in("H41.09-261122-0001", "G06.01_CV_000022_V1", 20)  # and nobody has read it yet
            own.manage()
            other.manage()
            askers = (*_officers(own), *_citizens(own, other), *_others(own))
            # One's own twice: what is somebody else's is refused at once, and there is less to find.
            names = {*own.things, *other.things}
            things = {name: own.things[name] * 2 + other.things[name] for name in names}
            yield World(served, things, askers)
    finally:
        jobs._LONGEST_SECONDS = patience


def _work_off(served: Service) -> None:
    with page_pool_when_needed(served.house.settings) as pool:
        work_off(served.house, pool)


def _officers(own: _Office) -> Iterator[Asker]:
    """Every role of an officer, and one with a session of a browser."""
    for role in ActorRole:
        if role not in CITIZENS and role is not ActorRole.SYSTEM:
            with own.by(role) as client:
                yield _with_token(str(role), client.headers["Authorization"])
    yield _with_sessions("handler in a browser", own.served, _with_an_account(own.served))


def _with_an_account(served: Service) -> "Begin":
    """Each session is of an account of its own: an admin may have changed the one before."""
    numbers = itertools.count()

    def begin(sessions: Sessions, proof: Proof) -> tuple[Session, str]:
        account = an_officer(served, f"has.session.{next(numbers)}", ActorRole.HANDLER, ActorRole.CLERK)
        return sessions.open_for_account(account.id, ActorRole.HANDLER, proof)

    return begin


def _citizens(own: _Office, other: _Office) -> Iterator[Asker]:
    """The owner of the papers, a person that stands for it, and one that stands for an organisation."""
    owner, delegate = own.things["owner_id"][0], other.things["owner_id"][0]
    with own.by("clerk") as clerk:
        submit(clerk, page(30), _ORGANISATION)
        found = _made(clerk.post(f"{API}/owners/search", json={"identifier": _ORGANISATION}))
    organisation = found["owners"][0]["owner_id"]
    own.things["id"].append(own.delegate("guardian", delegate, owner))
    itself = _with_sessions(
        "owner",
        own.served,
        lambda sessions, proof: sessions.open_for_owner(UUID(owner), AGENCY, proof),
    )
    with own.served.client(**itself.shown.headers) as citizen:
        citizen.cookies.update(dict(itself.shown.cookies))
        said = {"document_id": own.things["document_id"][1], "purpose": "vay", "recipient": "Ngân hàng"}
        until = own.served.house.clock() + timedelta(days=30)
        share = _made(citizen.post(f"{API}/shares", json={**said, "until": until.isoformat()}))
    own.things["id"].append(share["share"]["id"])
    yield itself
    for role, principal in ((ActorRole.GUARDIAN, owner), (ActorRole.REPRESENTATIVE, organisation)):
        yield _with_sessions(str(role), own.served, _standing_for(own, role, delegate, principal))


def _standing_for(own: _Office, role: ActorRole, delegate: str, principal: str) -> "Begin":
    """Each session rests on a delegation that is in force: the one before may have been ended."""

    def begin(sessions: Sessions, proof: Proof) -> tuple[Session, str]:
        own.delegate(role, delegate, principal)
        return sessions.open_for_owner(UUID(delegate), AGENCY, proof, role=role, principal=UUID(principal))

    return begin


def _others(own: _Office) -> Iterator[Asker]:
    """An information system with its token, and nobody."""
    with own.by("admin") as admin:
        made = _made(admin.post(f"{API}/clients", json={"name": "Đọc mọi thứ", "scopes": _SCOPES}))
    form = {"grant_type": "client_credentials"}
    known = (made["client"]["client_id"], made["client_secret"])
    with own.served.client() as door:
        token = _made(door.post("/oauth/token", data=form, auth=known))["access_token"]
    yield _with_token("system", f"Bearer {token}")
    yield Asker("nobody")


def _with_token(name: str, authorization: str) -> Asker:
    return Asker(name, Shown({"Authorization": authorization}))


Begin = Callable[[Sessions, Proof], tuple[Session, str]]


def _with_sessions(name: str, served: Service, begin: Begin) -> Asker:
    """Somebody in a browser, who has just proven who it is."""
    sessions = served.house.datastore.sessions

    def sign_in() -> Shown:
        proof = Proof(served.house.clock())
        session, _token = begin(sessions, proof)
        session, token = sessions.step_up(session.id, proof)
        return Shown({CSRF_HEADER: session.csrf, "Origin": _SITE}, {SESSION_COOKIE: token})

    def counts(shown: Shown) -> bool:
        return sessions.find(shown.cookies[SESSION_COOKIE]) is not None

    return Asker(name, sign_in(), sign_in, counts)
