"""What an OpenID provider publishes about itself: its endpoints and its signing keys, asked for and kept.

Promised: the discovery document speaks of the issuer that was asked, and every address in it is one that may be used
(`is_safe_url`); both are kept for an hour; keys are asked for again when a token names one that is not known, yet at
most every half minute, so that whoever posts us tokens of made-up keys does not make us knock each time.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from api.connectors.bounded_http import JsonObject, Unusable, fetch_json, is_safe_url
from api.connectors.oidc_tokens import ProviderKeys
from common import Clock

_KEPT = timedelta(hours=1)
_KEYS_AGAIN_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The part of the discovery document that is used."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None
    end_session: str | None
    secret_in_header: bool
    names_itself: bool
    """Whether it puts its issuer on the way back (RFC 9207)."""


class Published:
    """One provider's published facts. Every question is Unusable when it has no good answer."""

    def __init__(self, client: httpx.AsyncClient, issuer: str, clock: Clock, *, loopback_http: bool) -> None:
        self._client = client
        self._issuer = issuer
        self._clock = clock
        self._loopback_http = loopback_http
        # One question at a time: a crowd that comes at once asks the provider once.
        self._lock = asyncio.Lock()
        self._endpoints: tuple[datetime, Endpoints] | None = None
        self._keys: tuple[datetime, ProviderKeys] | None = None

    async def endpoints(self) -> Endpoints:
        """Where to go at this provider."""
        async with self._lock:
            if self._endpoints is not None and self._clock() - self._endpoints[0] < _KEPT:
                return self._endpoints[1]
            document = await self._get(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
            endpoints = self._read(document)
            self._endpoints = (self._clock(), endpoints)
            return endpoints

    async def keys(self, *, again: bool = False) -> ProviderKeys:
        """Its signing keys; `again`: a key was not among those that are kept."""
        address = (await self.endpoints()).keys
        async with self._lock:
            if self._keys is not None:
                asked, keys = self._keys
                if self._clock() - asked < (_KEYS_AGAIN_AFTER if again else _KEPT):
                    return keys
            keys = ProviderKeys.read(await self._get(address))
            self._keys = (self._clock(), keys)
            return keys

    async def _get(self, url: str) -> JsonObject:
        self._require_safe(url)
        return (await fetch_json(self._client, self._client.build_request("GET", url))).require_ok()

    def _read(self, document: JsonObject) -> Endpoints:
        if document.get("issuer") != self._issuer:
            raise Unusable("other_issuer")
        methods = document.get("token_endpoint_auth_methods_supported")
        return Endpoints(
            authorization=self._endpoint(document, "authorization_endpoint"),
            token=self._endpoint(document, "token_endpoint"),
            keys=self._endpoint(document, "jwks_uri"),
            userinfo=self._optional(document, "userinfo_endpoint"),
            end_session=self._optional(document, "end_session_endpoint"),
            # Basic is what a provider that says nothing takes (OpenID Connect Discovery, section 3).
            secret_in_header=not isinstance(methods, list) or "client_secret_basic" in methods,
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _optional(self, document: JsonObject, name: str) -> str | None:
        return self._endpoint(document, name) if name in document else None

    def _endpoint(self, document: JsonObject, name: str) -> str:
        url = document.get(name)
        if not isinstance(url, str):
            raise Unusable(f"no_{name}")
        self._require_safe(url)
        return url

    def _require_safe(self, url: str) -> None:
        if not is_safe_url(url, loopback_http=self._loopback_http):
            raise Unusable("unsafe_address")
