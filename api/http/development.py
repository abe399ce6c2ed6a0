"""Sign-in with a named role and no proof, for a machine on which somebody develops: a pretend part that says so.

It exists only where `KHOSO_ENV=development` and the server listens on loopback; nothing of it is in the
application anywhere else. Sessions live in this process and end with it; what asks for a fresh proof asks them for a
fresh sign-in.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.connectors.bounded_http import is_loopback
from api.http.browser import site_of
from api.http.identity import CSRF_HEADER, Credentials, Principal
from api.http.shapes import Words, problems
from common import Clock
from datastore import CITIZENS, ActorRole, NotAllowed
from ingest import AgencyCode

_LASTS = timedelta(hours=12)
_MOST = 10_000
"""Sessions; the oldest ends when there is one more."""


class DevelopmentSignIn(BaseModel):
    """Whom to be."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"person": "mai.tran", "role": "clerk", "agency": "H41.08"}]},
    )
    person: Words = "developer"
    role: ActorRole = ActorRole.CLERK
    agency: Words | None = None
    owner_id: UUID | None = Field(None, description="For a citizen: which owner it is.")
    principal_id: UUID | None = Field(None, description="For `representative`, `guardian`: for whom it asks.")


class SignedIn(BaseModel):
    """A session: `token` as a bearer token, or the cookie with `csrf` in the header on changes."""

    token: str
    csrf: str
    csrf_header: str = CSRF_HEADER
    person: str
    role: str
    agency: str


@dataclass(slots=True)
class DevelopmentSessions:
    """Who signed in to this process."""

    agency: str
    clock: Clock
    sessions: dict[str, Principal] = field(default_factory=dict)

    def __call__(self, shown: Collection[Credentials]) -> Mapping[Credentials, Principal]:
        return {one: found for one in shown if (found := self._found(one)) is not None}

    def _found(self, shown: Credentials) -> Principal | None:
        found = self.sessions.get(shown.bearer or shown.session or "")
        if found is None or shown.bearer is None:
            return found
        return replace(found, csrf=None)

    def open(self, asked: DevelopmentSignIn) -> tuple[str, Principal]:
        """A session of whoever was asked for, and its token."""
        agency = str(AgencyCode.parse(asked.agency)) if asked.agency else self.agency
        citizen, stands_for = asked.role in CITIZENS, asked.role in CITIZENS - {ActorRole.OWNER}
        token = secrets.token_urlsafe(32)
        who = Principal(
            asked.person,
            asked.role,
            agency,
            asked.owner_id if citizen else None,
            csrf=secrets.token_urlsafe(16),
            principal=asked.principal_id if stands_for else None,
            proven_at=self.clock(),
        )
        self.sessions[token] = who
        while len(self.sessions) > _MOST:
            self.sessions.pop(next(iter(self.sessions)), None)
        return token, who


def development_routes(sessions: DevelopmentSessions) -> APIRouter:
    """The sign-in page of a development machine."""
    router = APIRouter(prefix="/dev", tags=["development"])

    @router.post("/sign-in", operation_id="development_sign_in", responses=problems(public=True))
    def sign_in(asked: DevelopmentSignIn, request: Request, response: Response) -> SignedIn:
        """Be anybody. Only on a development machine."""
        if not is_loopback(request.client.host if request.client else ""):
            raise NotAllowed(act="sign_in")  # a proxy brought somebody from elsewhere
        token, who = sessions.open(asked)
        site = site_of(request)
        site.set_cookie(response, site.session_cookie, token, _LASTS)
        return SignedIn(token=token, csrf=who.csrf or "", person=who.person, role=who.role, agency=who.agency)

    return router
