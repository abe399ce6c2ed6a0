"""What a system says at the token endpoint, read as RFC 6749 has it, and the errors that answer it (section 5.2).

Promised: a parameter that stands twice is refused (section 3.2); a client shows its secret once, in the header or in
the body, never in both and never in the address; what is wrong is said with a word of the standard. Checking the
secret is not done here.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from pydantic import BaseModel, Field

FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20
_LONGEST_SCOPE = 1000


def form_body(*required: str, **optional: str) -> dict[str, Any]:
    """How a description of the API (OpenAPI) says that the body is a form with these fields; of those that may be
    left out it says what they mean."""
    schema = {
        "type": "object",
        "required": list(required),
        "properties": {
            **{name: {"type": "string"} for name in required},
            **{name: {"type": "string", "description": meaning} for name, meaning in optional.items()},
        },
    }
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


class OAuthError(BaseModel):
    """Why there is none (RFC 6749, section 5.2)."""

    error: str = Field(examples=["invalid_client"])
    error_description: str = Field(examples=["client authentication failed"])


class OAuthFault(Exception):
    """An error of RFC 6749, section 5.2, or RFC 8707: its word, a sentence for whoever programs the client."""

    def __init__(self, error: str, description: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        self.error = error
        self.description = description
        self.status = status
        super().__init__(error)


def invalid_client() -> OAuthFault:
    """The same answer for a client that is not there, one that is shut out, and a secret that is wrong."""
    return OAuthFault("invalid_client", "client authentication failed", HTTPStatus.UNAUTHORIZED)


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """Which client says to be there, and the secret that it shows."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What was asked of the token endpoint by a client whose secret is still to be checked."""

    client: ClientSecret
    scopes: frozenset[str] | None
    """None: all that the client may have."""
    resource: str | None


def read_form(content_type: str | None, body: bytes) -> Mapping[str, str]:
    """The fields of a form, each of which stands once; OAuthFault."""
    if (content_type or "").partition(";")[0].strip().lower() != FORM:
        raise OAuthFault("invalid_request", f"the body is {FORM}")
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise OAuthFault("invalid_request", "the body is no form") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise OAuthFault("invalid_request", "a parameter stands twice")
    return {name: value for name, value in fields.items() if value}


def read_client(authorization: str | None, form: Mapping[str, str]) -> ClientSecret:
    """The client by `client_secret_basic` or `client_secret_post`; OAuthFault."""
    if authorization is None:
        if "client_id" not in form or "client_secret" not in form:
            raise invalid_client()
        return ClientSecret(form["client_id"], form["client_secret"])
    if "client_secret" in form:
        raise OAuthFault("invalid_request", "the secret is shown in one way only")
    client = _basic(authorization)
    if form.get("client_id", client.client_id) != client.client_id:
        raise OAuthFault("invalid_request", "two clients are named")
    return client


def _basic(authorization: str) -> ClientSecret:
    scheme, _space, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client()
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
        if not colon:
            raise invalid_client()
        return ClientSecret(unquote_plus(name, errors="strict"), unquote_plus(secret, errors="strict"))
    except (binascii.Error, UnicodeDecodeError) as error:
        raise invalid_client() from error


def read_token_request(authorization: str | None, form: Mapping[str, str]) -> TokenRequest:
    """A request for an access token by client credentials (section 4.4); OAuthFault."""
    client = read_client(authorization, form)
    grant = form.get("grant_type")
    if grant is None:
        raise OAuthFault("invalid_request", "grant_type is missing")
    if grant != "client_credentials":
        raise OAuthFault("unsupported_grant_type", "only client_credentials is given here")
    scope = form.get("scope", "")
    if len(scope) > _LONGEST_SCOPE:
        raise OAuthFault("invalid_scope", "the scope is too long")
    return TokenRequest(client, frozenset(scope.split()) or None, form.get("resource"))
