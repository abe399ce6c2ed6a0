"""One HTTP exchange with a receiver of events: an address that somebody else chose, to which our server connects.

Promised: it goes over TLS, in clear only to this machine in development; only to addresses of the public Internet and
those that the settings list; the name is looked up once, every address that it has is judged, and the connection goes
to the judged one, while the certificate must be that of the name; no redirect is followed; of the answer only
status and `Retry-After` are looked at, the body is not read; the whole exchange, name look-up included, ends within
`SECONDS`. What the settings do not allow is refused before anything is sent.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import httpx

from api.connectors.bounded_http import is_safe_url
from api.reach import Address, Reach
from common import KhosoError

SECONDS = 10.0
_MOST_ADDRESSES = 4
_MOST_URL = 1_000
_GONE = 410
_SECONDS_TO_WAIT = re.compile(r"\d{1,5}")


class BadWebhookUrl(KhosoError):
    """Not an address to which events may be sent."""

    code = "bad_webhook_url"


class Undelivered(Exception):
    """It was not taken; `reason` is a word. `pause` is what the receiver asked for, `gone` that it wants no more."""

    def __init__(self, reason: str, *, pause: timedelta | None = None, gone: bool = False) -> None:
        self.reason = reason
        self.pause = pause
        self.gone = gone
        super().__init__(reason)


def require_usable(url: str, reach: Reach) -> None:
    """BadWebhookUrl for what can never be sent to, whatever its name means at the time."""
    if len(url) > _MOST_URL or not url.isascii() or not is_safe_url(url, loopback_http=reach.this_machine):
        raise BadWebhookUrl
    try:
        host = httpx.URL(url).host
        literal = ipaddress.ip_address(host)
    except httpx.InvalidURL as error:
        raise BadWebhookUrl from error
    except ValueError:
        return  # a name: judged each time by what it means then
    if not reach.allows(host, literal):
        raise BadWebhookUrl


def make_sender(extra_authorities: Path | None = None) -> httpx.AsyncClient:
    """A client that keeps no connection: two names at one address must not share one, nor its certificate."""
    trusted = ssl.create_default_context()
    if extra_authorities is not None:
        trusted.load_verify_locations(extra_authorities)
    return httpx.AsyncClient(
        verify=trusted,
        trust_env=False,
        follow_redirects=False,
        timeout=SECONDS,
        limits=httpx.Limits(max_keepalive_connections=0),
        headers={"Accept-Encoding": "identity", "User-Agent": "khoso"},
    )


async def post(
    sender: httpx.AsyncClient,
    reach: Reach,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    seconds: float = SECONDS,
) -> None:
    """Send `body`, taken when this returns; Undelivered."""
    try:
        async with asyncio.timeout(seconds):
            response = await _answered(sender, reach, url, headers, body)
            await response.aclose()
    except TimeoutError as error:
        raise Undelivered("timeout") from error
    except httpx.TimeoutException as error:
        raise Undelivered("timeout") from error
    except httpx.HTTPError as error:
        raise Undelivered("tls" if _is_of_tls(error) else "connection") from error
    _require_taken(response)


async def _answered(
    sender: httpx.AsyncClient, reach: Reach, url: str, headers: Mapping[str, str], body: bytes
) -> httpx.Response:
    """The first answer of one of the receiver's addresses, its body unread."""
    try:
        require_usable(url, reach)
    except BadWebhookUrl as error:  # the settings allow less than they did
        raise Undelivered("address_refused") from error
    named = httpx.URL(url)
    trouble: httpx.ConnectError | None = None
    for address in await _addresses(reach, named):
        request = sender.build_request(
            "POST",
            named.copy_with(host=str(address)),
            headers={**headers, "Host": named.netloc.decode("ascii")},
            content=body,
            extensions={"sni_hostname": named.raw_host.decode("ascii")},
        )
        try:
            return await sender.send(request, stream=True)
        except httpx.ConnectError as error:
            trouble = error
    raise trouble or Undelivered("not_resolved")


async def _addresses(reach: Reach, named: httpx.URL) -> list[Address]:
    """Where the name points now; Undelivered when it points to a place that is not allowed, be it one of many."""
    host = named.raw_host.decode("ascii")
    port = named.port or (443 if named.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Undelivered("not_resolved") from error
    addresses = [ipaddress.ip_address(place[4][0]) for place in found]
    if not all(reach.allows(host, address) for address in addresses):
        raise Undelivered("address_refused")
    return list(dict.fromkeys(addresses))[:_MOST_ADDRESSES]


def _require_taken(response: httpx.Response) -> None:
    status = response.status_code
    if response.is_success:
        return
    if response.is_redirect:
        raise Undelivered("redirected")
    asked = response.headers.get("Retry-After", "")
    pause = timedelta(seconds=int(asked)) if _SECONDS_TO_WAIT.fullmatch(asked) else None
    raise Undelivered(f"status_{status}", pause=pause, gone=status == _GONE)


def _is_of_tls(error: BaseException) -> bool:
    following: BaseException | None = error
    while following is not None:
        if isinstance(following, ssl.SSLError):
            return True
        following = following.__cause__ or following.__context__
    return False
