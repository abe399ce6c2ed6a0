"""Tokens of an OpenID provider, checked: OpenID Connect Core 3.1.3.7 and Back-Channel Logout 2.6.

Promised: a claim is believed only after the signature of a key of the provider's own set was checked, with RS256 or
ES256 and a key of that kind; what the token says about itself (`alg`, `jku`, `jwk`, `x5c`) never chooses anything
but a key of that set. Whatever is wrong is a TokenRefused with a word that names the check and nobody.

Not here: where keys come from, and when they are asked for again (`oidc.py`).
"""

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

SKEW = timedelta(seconds=60)
"""How far the provider's clock may be from ours."""
FRESH = timedelta(minutes=10)
"""An ID token comes straight from the token endpoint: an older one was kept by somebody."""
LONGEST_TOKEN = 16 * 1024
_SHORTEST_RSA = 2048
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

_KEY_TYPE = {"RS256": "RSA", "ES256": "EC"}
"""The algorithms that are accepted, each with the only kind of key that it is used with."""

SigningKey = RSAKey | ECKey
Claims = Mapping[str, object]


class TokenRefused(Exception):
    """The token proves nothing; `reason` names the check that it failed."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class KeyUnknown(TokenRefused):
    """Signed with a key that is not in the set: perhaps the provider has new ones."""


@dataclass(frozen=True, slots=True)
class ProviderKeys:
    """The public signing keys that a provider publishes, by their `kid`."""

    keys: tuple[tuple[str | None, SigningKey], ...]

    @classmethod
    def read(cls, document: Mapping[str, object]) -> "ProviderKeys":
        """The usable keys of a JWK set (RFC 7517); what is of another kind, weak or broken is left out."""
        listed = document.get("keys")
        found = [_signing_key(one) for one in listed] if isinstance(listed, list) else []
        return cls(tuple(one for one in found if one is not None))

    def find(self, kid: str | None, alg: str) -> SigningKey:
        """The key named `kid`; without a name, the only one of that kind. KeyUnknown."""
        kind = _KEY_TYPE[alg]
        fitting = [key for name, key in self.keys if key.key_type == kind and kid in (None, name)]
        if len(fitting) != 1:
            raise KeyUnknown("unknown_key")
        return fitting[0]


def _signing_key(jwk: object) -> tuple[str | None, SigningKey] | None:
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    alg, kind, kid = jwk.get("alg"), jwk.get("kty"), jwk.get("kid")
    if alg is not None and _KEY_TYPE.get(str(alg)) != kind:
        return None
    public = {name: value for name, value in jwk.items() if name in ("kty", "n", "e", "crv", "x", "y")}
    try:
        key = _public_key(public)
    except (JoseError, ValueError, TypeError, OverflowError):
        # One key that cannot be read does not take the others away.
        return None
    return None if key is None else (kid if isinstance(kid, str) else None, key)


def _public_key(jwk: dict[str, object]) -> SigningKey | None:
    """The key, when it is of a kind and size that is accepted; joserfc raises for what it cannot read."""
    if jwk.get("kty") == "RSA" and _bits(jwk.get("n")) >= _SHORTEST_RSA:
        return RSAKey.import_key(cast(dict[str, str | list[str]], jwk))
    if jwk.get("kty") == "EC" and jwk.get("crv") == "P-256":
        return ECKey.import_key(cast(dict[str, str | list[str]], jwk))
    return None


def _bits(number: object) -> int:
    """The length of a base64url integer; asked before the key is imported, which warns about short ones."""
    return int.from_bytes(_decode(number)).bit_length() if isinstance(number, str) else 0


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error


_REGISTRY = jws.JWSRegistry(algorithms=list(_KEY_TYPE), strict_check_header=False)
_REGISTRY.max_header_length = LONGEST_TOKEN
_REGISTRY.max_payload_length = LONGEST_TOKEN


def verified_claims(token: str, keys: ProviderKeys, *, types: frozenset[str] | None = None) -> Claims:
    """The claims of a token with a good signature; TokenRefused, KeyUnknown.

    `types`: the media types that its header may name (`typ`); nothing is required of an ID token there.
    """
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise TokenRefused("not_a_token")
    try:
        header = jws.extract_compact(token.encode(), registry=_REGISTRY).headers()
        alg, kid = header.get("alg"), header.get("kid")
        if not isinstance(alg, str) or alg not in _KEY_TYPE:
            raise TokenRefused("algorithm")
        if kid is not None and not isinstance(kid, str):
            raise TokenRefused("unknown_key")
        if types is not None and str(header.get("typ", "")).lower() not in types:
            raise TokenRefused("type")
        payload = jws.deserialize_compact(token, keys.find(kid, alg), registry=_REGISTRY).payload
        claims = json.loads(payload or b"")
    except (JoseError, ValueError, RecursionError) as error:
        # Whoever sends it chooses what is in it: nested a thousand deep, cut off, of an unknown critical header.
        raise TokenRefused("signature") from error
    if not isinstance(claims, dict):
        raise TokenRefused("not_claims")
    return claims


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token has to say to be the answer to one attempt at signing in."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str = field(repr=False)
    acr_values: tuple[str, ...]
    """Levels of assurance of which one is needed; empty: any."""
    signed_in_since: datetime | None
    """For a step-up: the person has to have proved who they are after this instant."""


def check_id_token(claims: Claims, expected: Expected, now: datetime) -> None:
    """Every check of OpenID Connect Core 3.1.3.7 after the signature; TokenRefused names the first that fails."""
    _check_issuer_and_audience(claims, expected.issuer, expected.client_id)
    _check_lifetime(claims, now)
    if claims.get("nonce") != expected.nonce:
        raise TokenRefused("nonce")
    if "at_hash" in claims and claims["at_hash"] != half_hash(expected.access_token):
        raise TokenRefused("at_hash")
    if expected.acr_values and claims.get("acr") not in expected.acr_values:
        raise TokenRefused("acr")
    if expected.signed_in_since is not None:
        auth_time = instant(claims, "auth_time")
        if auth_time is None or auth_time < expected.signed_in_since - SKEW or auth_time > now + SKEW:
            raise TokenRefused("auth_time")
    subject(claims)


def check_logout_token(claims: Claims, issuer: str, client_id: str, now: datetime) -> datetime:
    """The checks of Back-Channel Logout 2.6 but for replay, and when it was issued; TokenRefused."""
    _check_issuer_and_audience(claims, issuer, client_id)
    issued = _check_lifetime(claims, now, needs_end=False)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT_EVENT), dict):
        raise TokenRefused("events")
    if "nonce" in claims:
        # An ID token is no order to sign somebody out.
        raise TokenRefused("nonce")
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise TokenRefused("jti")
    if "sub" not in claims and "sid" not in claims:
        raise TokenRefused("subject")
    return issued


def subject(claims: Claims) -> str:
    """Who the token speaks of: at most 255 ASCII characters (OpenID Connect Core 2); TokenRefused."""
    named = claims.get("sub")
    if not isinstance(named, str) or not 0 < len(named) <= 255 or not named.isascii():
        raise TokenRefused("subject")
    return named


def half_hash(token: str) -> str:
    """`at_hash`: the left half of the SHA-256 of an access token, for RS256 and ES256 alike."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


def _check_issuer_and_audience(claims: Claims, issuer: str, client_id: str) -> None:
    if claims.get("iss") != issuer:
        raise TokenRefused("issuer")
    # Another audience beside us could use the token at our door: none is trusted with that.
    if claims.get("aud") not in (client_id, [client_id]):
        raise TokenRefused("audience")
    if "azp" in claims and claims["azp"] != client_id:
        raise TokenRefused("authorized_party")


def _check_lifetime(claims: Claims, now: datetime, *, needs_end: bool = True) -> datetime:
    """When it was issued."""
    issued, ends = instant(claims, "iat"), instant(claims, "exp")
    if issued is None or not now - FRESH - SKEW <= issued <= now + SKEW:
        raise TokenRefused("issued_at")
    if (ends is None and needs_end) or (ends is not None and now - SKEW >= ends):
        raise TokenRefused("expired")
    begins = instant(claims, "nbf")
    if begins is not None and begins > now + SKEW:
        raise TokenRefused("not_yet")
    return issued


def instant(claims: Claims, name: str) -> datetime | None:
    """A NumericDate; None when the claim is missing. TokenRefused when it is no instant."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TokenRefused(name)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise TokenRefused(name) from error
