"""OpenID Connect, the relying side: one provider (VNeID, an agency's own) tells us who stands at the door.

An attempt, told once: `begin` makes an `Attempt` (state, nonce, PKCE verifier), which the caller keeps on the server
and bound to the browser, and the address to send the browser to. The provider sends it back with a code; `complete`
exchanges the code, checks the ID token and the userinfo answer, and gives a `ProvenIdentity`. An attempt is used once:
that is the caller's part, because only rows know it.

Promised: authorisation code flow with PKCE (S256) only; every address comes from the provider's own discovery
document, over TLS; every exchange is bounded in time and size and no redirect is followed (`bounded_http.py`); what
each token has to pass stands in `oidc_tokens.py`. New signing keys are found without a restart, and a stream of
unknown key ids does not become a stream of questions to the provider.

Not promised: that the person is who the claims say to this installation; whose account or store it is, the caller
finds. Nothing of a token is kept or logged here.
"""

import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote_plus

import httpx

from api.connectors.bounded_http import JsonObject, Unusable, fetch_json, make_client
from api.connectors.oidc_published import Endpoints, Published
from api.connectors.oidc_tokens import (
    Claims,
    Expected,
    KeyUnknown,
    ProviderKeys,
    TokenRefused,
    check_id_token,
    check_logout_token,
    instant,
    subject,
    verified_claims,
)
from common import Clock, KhosoError

_LOGOUT_TYPES = frozenset({"", "jwt", "logout+jwt"})


class ProviderUnreachable(KhosoError):
    """The provider cannot be asked, or answers what no provider should; fact `reason`."""

    code = "provider_unreachable"


class SignInRefused(KhosoError):
    """The provider, or a check of what it sent, says no; fact `reason` names the check and nobody."""

    code = "sign_in_refused"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as this installation is registered with it."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    scope: str = "openid profile"
    acr_values: tuple[str, ...] = ()
    """Levels of assurance of which one is needed to sign in; empty: what the provider thinks right."""
    step_up_acr_values: tuple[str, ...] = ()
    loopback_http: bool = False
    """Development: a provider on this machine may be asked without TLS."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to sign in, kept on the server until the browser comes back; its secrets never leave it."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    step_up: bool
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Callback:
    """What the browser brought back from the provider."""

    code: str | None = field(repr=False)
    error: str | None
    issuer: str | None


@dataclass(frozen=True, slots=True)
class ProvenIdentity:
    """Who the provider says it is. `subject` and `claims` may hold a personal number: neither is shown or logged."""

    issuer: str
    subject: str = field(repr=False)
    session: str | None = field(repr=False)
    """The provider's `sid`, by which it ends one session later."""
    acr: str | None
    signed_in_at: datetime | None
    """When the person proved it to the provider, if it says so."""
    as_strong_as_step_up: bool
    """Whether it was at a level that a step-up would have been content with."""
    claims: Claims = field(repr=False)

    def text(self, claim: str) -> str | None:
        """The claim of that name when it is text with something in it."""
        value = self.claims.get(claim)
        return value.strip() or None if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """The provider ended a session: of this subject, of this provider session, or of both together."""

    issuer: str
    id: str = field(repr=False)
    """By which it is known again when somebody sends it twice."""
    subject: str | None = field(repr=False)
    session: str | None = field(repr=False)
    issued_at: datetime
    """Sessions that began later are not meant: so a notice that is replayed ends nothing new."""


class RelyingParty:
    """This installation in front of one provider. Belongs to one event loop; `close` it."""

    def __init__(self, provider: Provider, clock: Clock) -> None:
        self.provider = provider
        self._clock = clock
        self._client = make_client()
        self._published = Published(
            self._client, provider.issuer, clock, loopback_http=provider.loopback_http
        )

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()

    async def begin(self, *, step_up: bool = False) -> tuple[str, Attempt]:
        """The address to send the browser to, and the attempt to keep; ProviderUnreachable.

        A step-up asks the provider to have the person prove again who they are, now.
        """
        endpoints = await self._endpoints()
        attempt = Attempt(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            step_up=step_up,
            begun_at=self._clock(),
        )
        return self._address(endpoints.authorization, attempt), attempt

    async def complete(self, attempt: Attempt, callback: Callback) -> ProvenIdentity:
        """Who came back; SignInRefused, ProviderUnreachable.

        1. The way back is from this provider and brings a code.  2. The code becomes tokens.  3. The ID token passes
        every check.  4. Userinfo, if there is any, speaks of the same person; what the ID token says counts more.
        """
        endpoints = await self._endpoints()
        self._check_way_back(endpoints, callback)  # 1
        tokens = await self._exchange(endpoints, callback.code or "", attempt)  # 2
        access_token, id_token = _token(tokens, "access_token"), _token(tokens, "id_token")
        expected = Expected(
            issuer=self.provider.issuer,
            client_id=self.provider.client_id,
            nonce=attempt.nonce,
            access_token=access_token,
            acr_values=self._acr_values(attempt),
            signed_in_since=attempt.begun_at if attempt.step_up else None,
        )
        claims = await self._verified(id_token)  # 3
        with _refusals():
            check_id_token(claims, expected, self._clock())
            signed_in_at = instant(claims, "auth_time")
        if endpoints.userinfo is not None:  # 4
            claims = {**await self._userinfo(endpoints.userinfo, access_token, subject(claims)), **claims}
        session, acr = claims.get("sid"), claims.get("acr")
        levels = self.provider.step_up_acr_values
        return ProvenIdentity(
            issuer=self.provider.issuer,
            subject=subject(claims),
            session=session if isinstance(session, str) else None,
            acr=acr if isinstance(acr, str) else None,
            signed_in_at=signed_in_at,
            as_strong_as_step_up=acr in levels or not levels,
            claims=claims,
        )

    async def read_logout(self, logout_token: str) -> LogoutNotice:
        """What a back-channel logout token orders; SignInRefused."""
        claims = await self._verified(logout_token, types=_LOGOUT_TYPES)
        with _refusals():
            issued_at = check_logout_token(
                claims, self.provider.issuer, self.provider.client_id, self._clock()
            )
        named, session = claims.get("sub"), claims.get("sid")
        return LogoutNotice(
            issuer=self.provider.issuer,
            id=str(claims["jti"]),
            subject=named if isinstance(named, str) else None,
            session=session if isinstance(session, str) else None,
            issued_at=issued_at,
        )

    async def logout_address(self, return_to: str) -> str | None:
        """Where the browser ends its session at the provider (RP-Initiated Logout); None when there is no such place.

        No ID token goes along as a hint: it would have to be kept, and it holds personal data.
        """
        endpoints = await self._endpoints()
        if endpoints.end_session is None:
            return None
        parameters = httpx.QueryParams(client_id=self.provider.client_id, post_logout_redirect_uri=return_to)
        return str(httpx.URL(endpoints.end_session).copy_merge_params(parameters))

    def _address(self, endpoint: str, attempt: Attempt) -> str:
        parameters = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self.provider.redirect_uri,
            "scope": self.provider.scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": s256_challenge(attempt.verifier),
            "code_challenge_method": "S256",
            "ui_locales": "vi en",
        }
        if values := self._acr_values(attempt):
            parameters["acr_values"] = " ".join(values)
        if attempt.step_up:
            parameters |= {"prompt": "login", "max_age": "0"}
        return str(httpx.URL(endpoint).copy_merge_params(parameters))

    def _acr_values(self, attempt: Attempt) -> tuple[str, ...]:
        if attempt.step_up and self.provider.step_up_acr_values:
            return self.provider.step_up_acr_values
        return self.provider.acr_values

    def _check_way_back(self, endpoints: Endpoints, callback: Callback) -> None:
        """RFC 9207: with two providers, an answer of the one must not be taken for the other's."""
        if (endpoints.names_itself or callback.issuer) and callback.issuer != self.provider.issuer:
            raise SignInRefused(reason="issuer")
        if callback.error is not None:
            # The word of the provider is not repeated: it is on an address that anybody can make up.
            raise SignInRefused(reason="denied" if callback.error == "access_denied" else "provider_error")
        if not callback.code:
            raise SignInRefused(reason="no_code")

    async def _exchange(self, endpoints: Endpoints, code: str, attempt: Attempt) -> JsonObject:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.provider.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers = {}
        if not self.provider.client_secret:
            form["client_id"] = self.provider.client_id
        elif endpoints.secret_in_header:
            headers["Authorization"] = _basic(self.provider.client_id, self.provider.client_secret)
        else:
            form |= {"client_id": self.provider.client_id, "client_secret": self.provider.client_secret}
        request = self._client.build_request("POST", endpoints.token, data=form, headers=headers)
        with _unreachable():
            answer = await fetch_json(self._client, request)
            if answer.status in (400, 401) and answer.body.get("error") == "invalid_grant":
                raise SignInRefused(reason="code")
            tokens = answer.require_ok()
        if str(tokens.get("token_type", "")).lower() != "bearer":
            raise SignInRefused(reason="token_type")
        return tokens

    async def _userinfo(self, endpoint: str, access_token: str, named: str) -> JsonObject:
        """The claims of userinfo, of `named` and nobody else (OpenID Connect Core 5.3.2)."""
        headers = {"Authorization": f"Bearer {access_token}"}
        request = self._client.build_request("GET", endpoint, headers=headers)
        with _unreachable():
            claims = (await fetch_json(self._client, request)).require_ok()
        if claims.get("sub") != named:
            raise SignInRefused(reason="userinfo_subject")
        return claims

    async def _verified(self, token: str, *, types: frozenset[str] | None = None) -> Claims:
        """The claims of a signed token; when its key is unknown, the provider is asked once whether it has new ones."""
        with _refusals():
            try:
                return verified_claims(token, await self._keys(), types=types)
            except KeyUnknown:
                return verified_claims(token, await self._keys(again=True), types=types)

    async def _endpoints(self) -> Endpoints:
        with _unreachable():
            return await self._published.endpoints()

    async def _keys(self, *, again: bool = False) -> ProviderKeys:
        with _unreachable():
            return await self._published.keys(again=again)


def s256_challenge(verifier: str) -> str:
    """What the provider is shown of a PKCE verifier (RFC 7636, section 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _basic(client_id: str, secret: str) -> str:
    """HTTP Basic with both parts form-encoded first (RFC 6749, section 2.3.1)."""
    return "Basic " + b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


def _token(answer: JsonObject, name: str) -> str:
    value = answer.get(name)
    # It goes into a header next: visible ASCII only (RFC 6749, A.12).
    if not isinstance(value, str) or not value or not (value.isascii() and value.isprintable()):
        raise SignInRefused(reason=f"no_{name}")
    return value


@contextmanager
def _unreachable() -> Iterator[None]:
    try:
        yield
    except Unusable as error:
        raise ProviderUnreachable(reason=error.reason) from error


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except TokenRefused as error:
        raise SignInRefused(reason=error.reason) from error
