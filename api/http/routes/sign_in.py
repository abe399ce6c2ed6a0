"""Signing in and out with a browser: through an OpenID provider or with an account of this installation.

Promised: a browser gets a fresh session token each time it proves who is there, and the old one is worth nothing from
then on; an attempt at a provider belongs to the browser that began it and is used once; who does not exist and who
gave a wrong password get the same answer; nothing of a person is in an address.
"""

import hmac
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from api.connectors.oidc import Callback, ProvenIdentity, SignInRefused
from api.house import House
from api.http.browser import PAGE_HEADERS, Site, local_path, site_of
from api.http.doors import ACCOUNT, SIGN_IN
from api.http.faults import CsrfMissing, PasswordMissing
from api.http.identity import CSRF_HEADER, TheSession
from api.http.oauth_forms import OAuthError, OAuthFault, form_body, read_form
from api.http.parts import TheHouse, TheVisitor, Visitor
from api.http.providers import Kind, Providers, TheProviders
from api.http.shapes import Asked, Instant, Words, problems
from api.steps import sign_in as steps
from api.steps.sign_in import Entry, Takeable, Undertaking
from datastore import ActorRole, SeenFrom, Session

router = APIRouter(tags=["sign-in"])

ATTEMPT_LASTS = timedelta(minutes=10)
"""So long may somebody take at the provider."""
_SEE_OTHER = 303
_ELSEWHERE: dict[int | str, dict[str, Any]] = {_SEE_OTHER: {"description": "The browser goes on there."}}
Password = Annotated[str, Field(min_length=1, max_length=1024, json_schema_extra={"format": "password"})]
Brought = Annotated[str | None, Query(max_length=4096, pattern=r"^[\x20-\x7e]*$")]
"""Visible ASCII, as RFC 6749 has it: all of them together fit into a head, whatever they say."""


class RoleView(BaseModel):
    """A role that one may take; for a representative or guardian, of whom."""

    role: str
    principal_id: UUID | None = None
    counters: list[str] = []

    @classmethod
    def of(cls, role: Takeable) -> "RoleView":
        return cls(role=role.role, principal_id=role.principal, counters=list(role.counters))


class SessionView(BaseModel):
    """Who one is, in which role, and until when which proof counts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "person": "mai.tran",
                    "role": "clerk",
                    "agency": "H41.08",
                    "principal_id": None,
                    "counter": None,
                    "csrf": "mZ3k…",
                    "csrf_header": CSRF_HEADER,
                    "proven_until": "2026-11-22T01:15:09.000000Z",
                    "ends_at": "2026-11-22T09:05:09.000000Z",
                }
            ]
        }
    )
    person: str
    role: str
    agency: str
    principal_id: UUID | None
    counter: str | None
    csrf: str = Field(description=f"For the header `{CSRF_HEADER}` of every change.")
    csrf_header: str = CSRF_HEADER
    proven_until: Instant | None = Field(description="Until then nothing asks for a new proof (step-up).")
    ends_at: Instant

    @classmethod
    def of(cls, house: House, session: Session) -> "SessionView":
        proven = session.stepped_up_at
        within = timedelta(minutes=house.settings.step_up_minutes)
        return cls(
            person=session.person,
            role=session.role,
            agency=session.agency,
            principal_id=session.principal,
            counter=session.counter,
            csrf=session.csrf,
            proven_until=None if proven is None else proven + within,
            ends_at=session.expires_at,
        )


class Roles(BaseModel):
    """The roles that one may take."""

    roles: list[RoleView]


class LocalSignIn(Asked):
    """An account of this installation and its password."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"account": "mai.tran", "password": "…"}]}
    )
    account: Words
    password: Password


class OtherRole(Asked):
    """Another role that one has."""

    role: ActorRole = Field(examples=["handler"])
    principal_id: UUID | None = Field(None, description="Whom one stands for.")
    counter: Words | None = None


class StepUp(Asked):
    """A new proof: the password, or nothing where a provider is asked."""

    password: Password | None = None
    return_to: str | None = Field(None, max_length=1000, examples=["/store"])


class WayOn(BaseModel):
    """Where the browser has to go next; null: nowhere, it is done."""

    address: str | None


class NewPassword(Asked):
    """A new password for an account, and the one that it has."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"account": "mai.tran", "old": "…", "new": "…"}]}
    )
    account: Words
    old: Password
    new: Password


@router.get(
    "/sign-in/start",
    operation_id="start_sign_in",
    status_code=_SEE_OTHER,
    response_class=Response,
    responses={**_ELSEWHERE, **problems(404, 429, public=True)},
)
async def start_sign_in(
    request: Request,
    house: TheHouse,
    visitor: TheVisitor,
    providers: TheProviders,
    kind: Annotated[Kind, Query(alias="as")] = Kind.CITIZEN,
    back: Annotated[
        str | None, Query(alias="return", max_length=1000, description="A path of this site.")
    ] = None,
) -> Response:
    """Begin to sign in at the provider of citizens (VNeID) or of officers."""
    await run_in_threadpool(visitor.knock, SIGN_IN)
    response = RedirectResponse("/", _SEE_OTHER)
    undertaking = Undertaking(kind, local_path(back))
    response.headers["Location"] = await _send_off(house, providers, site_of(request), response, undertaking)
    return response


async def _send_off(
    house: House, providers: Providers, site: Site, response: Response, undertaking: Undertaking
) -> str:
    """The provider's address; the attempt is kept, and bound to the browser by a cookie."""
    address, attempt = await providers.of_kind(Kind(undertaking.kind)).begin(
        step_up=undertaking.session is not None
    )
    await run_sync(steps.begin, house, attempt, undertaking)
    site.set_cookie(response, site.attempt_cookie, attempt.state, ATTEMPT_LASTS)
    return address


@router.get(
    "/sign-in/callback",
    operation_id="finish_sign_in",
    status_code=_SEE_OTHER,
    response_class=Response,
    responses={**_ELSEWHERE, **problems(404, 429)},
)
async def finish_sign_in(
    request: Request,
    house: TheHouse,
    visitor: TheVisitor,
    providers: TheProviders,
    state: Brought = None,
    code: Brought = None,
    error: Brought = None,
    iss: Brought = None,
) -> Response:
    """The way back from the provider. A fresh session, and on to where one wanted to go."""
    await run_in_threadpool(visitor.knock, SIGN_IN)
    site = site_of(request)
    begun_here = request.cookies.get(site.attempt_cookie, "")
    if not state or not hmac.compare_digest(state.encode(), begun_here.encode()):
        # Another browser began it: somebody wants this one to be signed in as somebody else.
        raise SignInRefused(reason="attempt")
    attempt, undertaking = await run_sync(steps.resume, house, state)
    party = providers.of_kind(Kind(undertaking.kind))
    proven = await party.complete(attempt, Callback(code, error, iss))
    entry = await run_sync(_let_in, request, house, visitor, undertaking, proven)
    response = RedirectResponse("/", _SEE_OTHER)
    response.headers["Location"] = undertaking.return_path
    site.drop_cookie(response, site.attempt_cookie)
    _hand_out(house, site, response, entry)
    visitor.forgive(SIGN_IN)
    return response


def _let_in(
    request: Request, house: House, visitor: Visitor, undertaking: Undertaking, proven: ProvenIdentity
) -> Entry:
    """A session by the provider's word: a fresh one, or for a step-up the browser's own under a fresh token."""
    token = _token(request)
    if undertaking.session is not None:
        current = None if token is None else house.datastore.sessions.find(token)
        if current is None or current.id != undertaking.session:
            raise SignInRefused(reason="other_session")
        return steps.prove_by_provider(house, current, proven)
    steps.leave(house, token)
    seen_from = _seen_from(request, visitor)
    if undertaking.kind == Kind.OFFICER:
        return steps.officer_by_provider(house, proven, seen_from)
    return steps.citizen_by_provider(house, proven, seen_from)


@router.post("/sign-in/local", operation_id="sign_in_local", responses=problems(429))
def sign_in_local(
    request: Request, house: TheHouse, visitor: TheVisitor, said: LocalSignIn, response: Response
) -> SessionView:
    """Sign in with an account of this installation. Wrong passwords make it wait, whether the account exists or not."""
    site = _own_page(request)
    visitor.knock(SIGN_IN)
    visitor.knock(ACCOUNT, said.account.lower())
    entry = steps.with_password(house, said.account, said.password, _seen_from(request, visitor))
    steps.leave(house, _token(request))
    visitor.forgive(SIGN_IN)
    visitor.forgive(ACCOUNT, said.account.lower())
    return _hand_out(house, site, response, entry)


@router.post("/sign-in/password", operation_id="change_password", responses=problems(429))
def change_password(
    request: Request, house: TheHouse, visitor: TheVisitor, said: NewPassword, response: Response
) -> SessionView:
    """Choose a new password and sign in with it: at first, because somebody else gave the old one, and at any time.

    Every other session of the account ends.
    """
    site = _own_page(request)
    visitor.knock(SIGN_IN)
    visitor.knock(ACCOUNT, said.account.lower())
    entry = steps.change_password(house, said.account, said.old, said.new, _seen_from(request, visitor))
    steps.leave(house, _token(request))
    visitor.forgive(SIGN_IN)
    visitor.forgive(ACCOUNT, said.account.lower())
    return _hand_out(house, site, response, entry)


@router.get("/session", operation_id="get_session", responses=problems())
def get_session(house: TheHouse, session: TheSession) -> SessionView:
    """Who one is, in which role, and until when the last proof counts."""
    return SessionView.of(house, session)


@router.get("/session/roles", operation_id="get_roles", responses=problems())
def get_roles(house: TheHouse, session: TheSession) -> Roles:
    """The roles that one may take, and for whom."""
    return Roles(roles=[RoleView.of(one) for one in steps.roles_of(house, session)])


@router.post("/session/role", operation_id="take_role", responses=problems(404))
def take_role(house: TheHouse, session: TheSession, said: OtherRole) -> SessionView:
    """Go on in another role that one has, or for somebody else for whom one stands. The CSRF token is another then."""
    counters = () if said.counter is None else (said.counter,)
    return SessionView.of(
        house, steps.take_role(house, session, Takeable(said.role, said.principal_id, counters))
    )


@router.post("/session/step-up", operation_id="step_up", responses=problems(404, 429))
async def step_up(
    request: Request,
    house: TheHouse,
    visitor: TheVisitor,
    providers: TheProviders,
    session: TheSession,
    said: StepUp,
    response: Response,
) -> WayOn:
    """Prove again who one is: with the password, or at the provider, to whose page the browser goes then."""
    site = site_of(request)
    if said.password is None:
        kind = Kind.CITIZEN if session.account_id is None else Kind.OFFICER
        undertaking = Undertaking(kind, local_path(said.return_to), session.id)
        if kind is Kind.OFFICER and kind not in providers.parties:
            raise PasswordMissing
        return WayOn(address=await _send_off(house, providers, site, response, undertaking))
    await run_in_threadpool(visitor.knock, ACCOUNT, session.person)
    entry = await run_sync(steps.prove_by_password, house, session, said.password)
    visitor.forgive(ACCOUNT, session.person)
    _hand_out(house, site, response, entry)
    return WayOn(address=None)


@router.post("/sign-out", operation_id="sign_out", responses=problems())
async def sign_out(
    request: Request, house: TheHouse, providers: TheProviders, session: TheSession, response: Response
) -> WayOn:
    """End the session here; where the provider has a page for it, the browser goes there and ends its own as well."""
    await run_sync(steps.sign_out, house, session)
    site = site_of(request)
    site.drop_cookie(response, site.session_cookie)
    return WayOn(address=await providers.way_out(session.issuer, site.url("/")))


@router.post(
    "/sign-in/back-channel-logout",
    operation_id="back_channel_logout",
    status_code=200,
    response_class=Response,
    responses={
        200: {"description": "Done, as far as there was anything."},
        **problems(409, 429, public=True),
        400: {"model": OAuthError, "description": "Not a notice of a provider of ours."},
    },
    openapi_extra=form_body("logout_token"),
)
async def back_channel_logout(
    request: Request, house: TheHouse, visitor: TheVisitor, providers: TheProviders
) -> Response:
    """A provider tells that a session ended there (OpenID Connect Back-Channel Logout): ours that rest on it end."""
    await run_in_threadpool(visitor.knock, SIGN_IN)
    form = read_form(request.headers.get("content-type"), await request.body())
    if "logout_token" not in form:
        raise OAuthFault("invalid_request", "logout_token is missing")
    notice = await providers.read_logout(form["logout_token"])
    if not await run_sync(steps.ended_at_provider, house, notice):
        raise OAuthFault("invalid_request", "the logout token was used before")
    visitor.forgive(SIGN_IN)
    return Response(status_code=200)


def _own_page(request: Request) -> Site:
    """This site; CsrfMissing when another one sent the request: it wants the browser to be signed in as somebody."""
    site = site_of(request)
    if site.asked_by_foreign_page(request.headers):
        raise CsrfMissing(headers=PAGE_HEADERS, origin=site.origin)
    return site


def _seen_from(request: Request, visitor: Visitor) -> SeenFrom:
    return SeenFrom(visitor.address, request.headers.get("user-agent"))


def _token(request: Request) -> str | None:
    return request.cookies.get(site_of(request).session_cookie)


def _hand_out(house: House, site: Site, response: Response, entry: Entry) -> SessionView:
    """The browser has the fresh token from now on."""
    if entry.token is not None:
        site.set_cookie(response, site.session_cookie, entry.token, entry.session.expires_at - house.clock())
    return SessionView.of(house, entry.session)
