"""Who asks: from a token or a session to a `Principal`, and with its purpose to the `Actor` of a journey.

A `Resolver` is asked with what came in the headers of several requests and answers with a principal for each that it
knows. Whoever changes something with a cookie must also send the header that only our own pages can send (CSRF).
"""

import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Protocol
from urllib.parse import unquote
from uuid import UUID

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPBearer

from api.house import House
from api.http.browser import PAGE_HEADERS, site_of
from api.http.faults import BadHeader, CsrfMissing, SignInNeeded, StepUpNeeded, TokenRefused
from api.http.together import Together
from common import has_unshown, one_line
from datastore import CITIZENS, Actor, ActorRole, NotAllowed, PurposeMissing, Session, named_roles
from ingest import DossierNumber

BEARER = "HTTPBearer"
"""Under which name the description has what systems show; persons show a session instead."""
SESSION_COOKIE = "__Host-khoso"
"""Its name over TLS; `Site.session_cookie` has the other."""
CSRF_HEADER = "Khoso-Csrf"
_PURPOSE_HEADER = "Khoso-Purpose"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_PURPOSE = 200


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who has shown who it is. `person` names it for the diary, without a personal number."""

    person: str
    role: str
    agency: str
    owner: UUID | None = None
    """The owner that it is; None for staff and systems."""
    csrf: str | None = None
    """The token that a change must repeat; None where no cookie was used."""
    principal: UUID | None = None
    """For whom a representative or guardian asks; `owner` is its own then."""
    counter: str | None = None
    scopes: frozenset[str] | None = None
    """What another information system is let do."""
    session: Session | None = field(default=None, repr=False)
    proven_at: datetime | None = None
    """When it signed in on a development machine; None for sessions, and for systems, which prove it each time."""

    @property
    def staff(self) -> bool:
        return self.role not in CITIZENS

    @property
    def scope(self) -> str:
        """Under which name its requests are known again."""
        return f"{self.role}/{self.agency}/{self.person}/{self.principal or ''}"

    def actor(self, purpose: str, dossier: str | None = None) -> Actor:
        """This principal doing something for a reason."""
        person = str(self.owner) if self.owner is not None else self.person
        return Actor(
            person,
            self.role,
            self.agency,
            purpose,
            dossier,
            principal=self.principal,
            counter=self.counter,
            scopes=self.scopes,
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request shows: at most one of the two is used, the token first."""

    bearer: str | None
    session: str | None


class Resolver(Protocol):
    """One way of showing who one is."""

    def __call__(self, shown: Collection[Credentials]) -> Mapping[Credentials, Principal]:
        """Whoever showed each; nothing where it says nothing here. Called in a thread: it may ask the database."""


def resolving(resolvers: Sequence[Resolver]) -> Callable[[Sequence[Credentials]], list[Principal | None]]:
    """Who shows each of several credentials, as the first resolver says that knows."""

    def resolved(shown: Sequence[Credentials]) -> list[Principal | None]:
        known: dict[Credentials, Principal] = {}
        for resolve in resolvers:
            if unknown := set(shown) - known.keys():
                known |= resolve(unknown)
        return [known.get(one) for one in shown]

    return resolved


class _Asking(HTTPBearer):
    """Finds out who asks. Described as a security scheme, it is one step of the framework and not three."""

    async def __call__(self, request: Request) -> Principal:  # type: ignore[override]  # more than the token
        """Who asks; SignInNeeded when nobody has shown it, CsrfMissing for a change that a foreign page may have
        sent."""
        bearer = await super().__call__(request)
        site = site_of(request)
        session = request.cookies.get(site.session_cookie)
        if bearer is None and not session:
            raise SignInNeeded  # without a question that others wait for
        shown = Credentials(None if bearer is None else bearer.credentials, None if bearer else session)
        knowings: Together[Credentials, Principal | None] = request.app.state.knowings
        found = await knowings.ask(shown)
        if found is None:
            raise SignInNeeded if bearer is None else TokenRefused
        if found.csrf is not None and request.method not in _SAFE:
            said = request.headers.get(CSRF_HEADER, "")
            wrong = [] if hmac.compare_digest(said.encode(), found.csrf.encode()) else [CSRF_HEADER]
            if not site.asked_by_own_page(request.headers):
                wrong.append(PAGE_HEADERS)
            if wrong:
                raise CsrfMissing(headers=", ".join(wrong), origin=site.origin)
        request.state.shown = shown
        request.state.principal = found  # whose role and agency are written down with the request
        return found


_asking = _Asking(
    scheme_name=BEARER,
    auto_error=False,
    description="Access token of a client (OAuth 2.0 client credentials).",
)


def require_still_in(request: Request) -> None:
    """SignInNeeded when what the request showed counts no more: for answers that go on for long. Asks the database."""
    shown: Credentials = request.state.shown
    resolvers: Sequence[Resolver] = request.app.state.resolvers
    if resolving(resolvers)([shown]) == [None]:
        raise SignInNeeded


Who = Annotated[Principal, Security(_asking)]
"""A route with it needs a sign-in."""


def found_out(request: Request) -> Principal:
    """Whoever asks, for what a route names behind the parameter that found it out (`Who`, or what depends on it)."""
    found: Principal = request.state.principal
    return found


# What follows only looks at what is there: on the event loop, without a thread for each.
async def _session(who: Who) -> Session:
    if who.session is None:
        raise SignInNeeded
    return who.session


TheSession = Annotated[Session, Depends(_session)]
"""A route with it needs a person who signed in with a browser."""


async def proven(request: Request, who: Who) -> Principal:
    """Whoever asks, if it has proven a short while ago who it is; StepUpNeeded. Systems prove it each time."""
    house: House = request.app.state.house
    within, now = timedelta(minutes=house.settings.step_up_minutes), house.clock()
    if who.session is not None and not who.session.stepped_up(now, within):
        raise StepUpNeeded
    if who.proven_at is not None and now - who.proven_at > within:
        raise StepUpNeeded
    return who


async def _staff(who: Who) -> Principal:
    if not who.staff:
        raise NotAllowed(roles=named_roles(set(ActorRole) - CITIZENS - {ActorRole.VERIFIER}))
    return who


Staff = Annotated[Principal, Depends(_staff)]
"""A route with it is for staff and systems, not for owners."""

_PURPOSE = Header(
    alias=_PURPOSE_HEADER,
    description="Why: kept in the diary of the owner. UTF-8, percent-encoded where it is not ASCII.",
    examples=["tiep nhan ho so"],
)
_DOSSIER = Header(alias="Khoso-Dossier", description="For which dossier.", examples=["H41.08-261122-0001"])


Purpose = Annotated[str | None, _PURPOSE]
Dossier = Annotated[str | None, _DOSSIER]


async def actor_of(who: Who, purpose: Purpose = None, dossier: Dossier = None) -> Actor:
    """The actor of a journey; PurposeMissing, BadHeader, BadDossierNumber. An owner owes nobody a reason."""
    number = None if dossier is None else str(DossierNumber.parse(dossier))
    if purpose is None or not unquote(purpose).strip():
        if who.role != ActorRole.OWNER:
            raise PurposeMissing(means=f"{_PURPOSE_HEADER}: …")
        return who.actor("", number)
    return who.actor(said_in_header(_PURPOSE_HEADER, purpose, longest=_LONGEST_PURPOSE), number)


# They call `actor_of` by themselves: the framework would ask once more who it is, with all that this depends on.
async def staff_actor_of(who: Staff, purpose: Purpose = None, dossier: Dossier = None) -> Actor:
    """The actor of a journey that only staff may go."""
    return await actor_of(who, purpose, dossier)


async def citizens_actor_of(who: Who, purpose: Purpose = None, dossier: Dossier = None) -> Actor:
    """The actor of a journey that only a citizen may go; NotAllowed."""
    actor = await actor_of(who, purpose, dossier)
    if who.staff:
        raise NotAllowed(roles=named_roles(CITIZENS))
    return actor


Acting = Annotated[Actor, Depends(actor_of)]
"""A route with it opens or changes somebody's papers: for a purpose, which is written down."""
StaffActing = Annotated[Actor, Depends(staff_actor_of)]
CitizenActing = Annotated[Actor, Depends(citizens_actor_of)]


def said_in_header(name: str, value: str, *, longest: int) -> str:
    """The text of a header: percent-encoded or plain UTF-8 (which HTTP hands on as Latin-1); BadHeader."""
    try:
        text = unquote(value.encode("latin-1").decode("utf-8"), errors="strict")
    except UnicodeError as error:
        raise BadHeader(name=name, longest=longest) from error
    said = one_line(text)
    if not said or len(said) > longest or has_unshown(text):  # a line break is no slip of the keyboard here
        raise BadHeader(name=name, longest=longest)
    return said
