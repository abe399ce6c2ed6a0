"""One HTTP exchange with a service that is not ours, bounded in time and size.

Promised: the whole exchange, name look-up and slow answers included, ends within `SECONDS`; at most `MOST_BYTES` are
read; a redirect is an answer like any other and is never followed; nothing leaves except over TLS, or in clear to
this machine where development allows it. What comes back is a JSON object, or Unusable says why not.
"""

import asyncio
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import httpx

SECONDS = 10.0
MOST_BYTES = 256 * 1024
"""A discovery document or a key set has some kilobytes."""

JsonObject = Mapping[str, object]


class Unusable(Exception):
    """No answer that can be used; `reason` is a word for the logs that names nobody."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the JSON object that came with it."""

    status: int
    body: JsonObject = field(repr=False)

    def require_ok(self) -> JsonObject:
        """The object of a 200 answer; Unusable for any other."""
        if self.status != 200:
            raise Unusable(f"status_{self.status}")
        return self.body


async def fetch_json(client: httpx.AsyncClient, request: httpx.Request, seconds: float = SECONDS) -> Answer:
    """Send `request` and read the JSON object that answers it; Unusable."""
    try:
        async with asyncio.timeout(seconds):
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                body = await _read(response)
            finally:
                await response.aclose()
    except TimeoutError as error:
        raise Unusable("timeout") from error
    except httpx.HTTPError as error:
        raise Unusable(type(error).__name__) from error
    return Answer(response.status_code, _json_object(body))


async def _read(response: httpx.Response) -> bytes:
    """The body as it was sent, as long as it is short: a compressed one would grow while it is read."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Unusable("compressed")
    pieces, size = [], 0
    async for piece in response.aiter_raw():
        size += len(piece)
        if size > MOST_BYTES:
            raise Unusable("too_long")
        pieces.append(piece)
    return b"".join(pieces)


def _json_object(body: bytes) -> JsonObject:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unusable("not_json") from error
    if not isinstance(value, dict):
        raise Unusable("not_an_object")
    return value


def make_client() -> httpx.AsyncClient:
    """A client that takes nothing from the environment (no proxy, no netrc) and asks for plain bodies."""
    return httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        timeout=SECONDS,
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "khoso"},
    )


def is_safe_url(url: str, *, loopback_http: bool) -> bool:
    """Whether `url` is absolute, without credentials or fragment, and https (or http to this machine)."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (loopback_http and _is_plain_loopback(parts))


def _is_plain_loopback(parts: SplitResult) -> bool:
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host of a URL or an address of a peer is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
