"""OAuth 2.0 for other information systems: a token for a client id and its secret, and what describes that.

RFC 6749 section 4.4 (client credentials), RFC 7009 (revocation), RFC 8414 (metadata), RFC 8707 (resource). Errors here
are those of the standards, not problems: the libraries of other systems read them.
"""

from http import HTTPStatus
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.house import House
from api.http.browser import audience, site_of
from api.http.doors import CLIENT, CLIENTS
from api.http.faults import TooManyRequests
from api.http.oauth_forms import (
    ClientSecret,
    OAuthError,
    OAuthFault,
    TokenRequest,
    form_body,
    invalid_client,
    read_client,
    read_form,
    read_token_request,
)
from api.http.parts import API, TheHouse, TheVisitor, Visitor
from api.http.shapes import problems
from datastore import SCOPES, AccessToken, ScopeNotGranted, WrongClient

router = APIRouter(tags=["oauth"])
TOKEN, REVOKE = "/oauth/token", "/oauth/revoke"
_SECRET_IN_FORM = {
    "client_id": "With `client_secret`, where the header shows neither.",
    "client_secret": "In the form or by Basic, in one way only.",
}
_NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class AccessTokenView(BaseModel):
    """An access token (RFC 6749, section 5.1)."""

    access_token: str
    token_type: str = "Bearer"
    expires_in: int = Field(examples=[900])
    scope: str = Field(examples=["papers.read dossiers.read"])


class Metadata(BaseModel):
    """What this authorisation server does (RFC 8414)."""

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    grant_types_supported: list[str] = ["client_credentials"]
    response_types_supported: list[str] = []
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic", "client_secret_post"]
    revocation_endpoint_auth_methods_supported: list[str] = ["client_secret_basic", "client_secret_post"]
    scopes_supported: list[str]


_OAUTH_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": OAuthError, "description": "What was asked for is not given."},
    401: {"model": OAuthError, "description": "The client has not shown its secret."},
}


async def answer_fault(_request: Request, fault: Exception) -> Response:
    """An error as RFC 6749 wants it, for whoever programs the client."""
    assert isinstance(fault, OAuthFault)
    body = OAuthError(error=fault.error, error_description=fault.description)
    headers = dict(_NOT_KEPT)
    if fault.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="khoso", charset="UTF-8"'
    return JSONResponse(body.model_dump(), fault.status, headers)


@router.get(
    "/.well-known/oauth-authorization-server",
    operation_id="get_oauth_metadata",
    responses=problems(public=True),
)
def get_oauth_metadata(request: Request) -> Metadata:
    """Where and how another system gets a token."""
    site = site_of(request)
    return Metadata(
        issuer=site.origin,
        token_endpoint=site.url(TOKEN),
        revocation_endpoint=site.url(REVOKE),
        scopes_supported=sorted(SCOPES),
    )


@router.post(
    TOKEN,
    operation_id="get_token",
    response_model=AccessTokenView,
    responses={**problems(429, public=True), **_OAUTH_ERRORS},
    openapi_extra=form_body(
        "grant_type",
        scope="Of those granted, separated by spaces; left out: all of them.",
        resource=f"The issuer that the metadata name, or its `{API}`.",
        **_SECRET_IN_FORM,
    ),
)
async def get_token(request: Request, house: TheHouse, visitor: TheVisitor) -> Response:
    """A token for a client id and its secret. Tokens are for this service only, and last some minutes."""
    form = read_form(request.headers.get("content-type"), await request.body())
    asked = read_token_request(request.headers.get("authorization"), form)
    here = audience(house.settings)
    if asked.resource is not None and not _is_here(asked.resource, request, here):
        raise OAuthFault("invalid_target", "tokens are given for this service only")
    token = await run_sync(_give, house, visitor, asked, here)
    view = AccessTokenView(
        access_token=token.token,
        expires_in=int((token.until - house.clock()).total_seconds()),
        scope=" ".join(sorted(token.scopes)),
    )
    return JSONResponse(view.model_dump(), headers=_NOT_KEPT)


def _is_here(resource: str, request: Request, here: str) -> bool:
    """Whether it names this service: as its tokens do, or as the metadata do that the same request would get.

    Without a public address those name this machine as it was asked for, and no name that is not this machine's,
    whatever the Host header says; and the token is for `here`, whatever of it was named.
    """
    origins = (here, site_of(request).origin)
    return resource.rstrip("/") in {f"{origin}{path}" for origin in origins for path in ("", API)}


def _give(house: House, visitor: Visitor, asked: TokenRequest, here: str) -> AccessToken:
    client = asked.client
    _knock(visitor, client)
    try:
        token = house.datastore.clients.issue_token(client.client_id, client.secret, asked.scopes, here)
    except WrongClient as error:
        raise invalid_client() from error
    except ScopeNotGranted as error:
        _forgive(visitor, client)
        raise OAuthFault("invalid_scope", "a scope was not granted to this client") from error
    _forgive(visitor, client)
    return token


def _knock(visitor: Visitor, client: ClientSecret) -> None:
    """By its address first: one that guesses at many ids fills no tally with them."""
    visitor.knock(CLIENTS)
    try:
        visitor.knock(CLIENT, _door_of(visitor, client))
    except TooManyRequests:
        visitor.forgive(CLIENTS)  # one system that errs without end does not shut its neighbours out
        raise


def _forgive(visitor: Visitor, client: ClientSecret) -> None:
    visitor.forgive(CLIENTS)
    visitor.forgive(CLIENT, _door_of(visitor, client))


def _door_of(visitor: Visitor, client: ClientSecret) -> str:
    """By what failures are counted: a secret is too long to be guessed, however often and from wherever it is tried."""
    return f"{visitor.address} {client.client_id}"


@router.post(
    REVOKE,
    operation_id="revoke_token",
    status_code=200,
    response_class=Response,
    responses={
        200: {"description": "The token counts no more, whether it did before or not."},
        **problems(429, public=True),
        **_OAUTH_ERRORS,
    },
    openapi_extra=form_body("token", **_SECRET_IN_FORM),
)
async def revoke_token(request: Request, house: TheHouse, visitor: TheVisitor) -> Response:
    """End an access token of one's own (RFC 7009)."""
    form = read_form(request.headers.get("content-type"), await request.body())
    client = read_client(request.headers.get("authorization"), form)
    if "token" not in form:
        raise OAuthFault("invalid_request", "token is missing")
    await run_sync(_revoke, house, visitor, client, form["token"])
    return Response(status_code=200, headers=_NOT_KEPT)


def _revoke(house: House, visitor: Visitor, client: ClientSecret, token: str) -> None:
    tokens = house.datastore.clients
    _knock(visitor, client)
    if not tokens.is_client(client.client_id, client.secret):
        raise invalid_client()
    _forgive(visitor, client)
    tokens.revoke_token(client.client_id, token)
