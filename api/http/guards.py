"""What stands before every route: headers that keep browsers from guessing, bounds on what a body may cost.

Plain ASGI, so that bodies and event streams pass through without being gathered.
"""

import asyncio
import json
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.faults import BodyNotUtf8, BodyTooLarge, BodyTooSlow
from api.http.languages import language_of
from api.http.problems import SECURITY_HEADERS, of_error

WHOLE = "khoso.whole"
"""True in the scope of a request of which the server knows that all of its body has come."""
_TELLS_ENCODING = 4
"""Bytes of a JSON text by which its encoding is known."""
_RAW_SECURITY_HEADERS = tuple(
    (name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
)


class SecurityHeaders:
    """Adds `SECURITY_HEADERS` where an answer has none of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                its_own = {name for name, _value in headers}
                added = (one for one in _RAW_SECURITY_HEADERS if one[0] not in its_own)
                message = {**message, "headers": [*headers, *added]}
            await send(message)

        await self._app(scope, receive, with_headers)


class BodyBounds:
    """A body larger than its address takes, or slower than a poor line, ends the request.

    What is announced (Content-Length) is refused before a byte is read; what is not is counted. A body has
    `grace` seconds, and beyond them as many as its bytes need at `rate` bytes a second. JSON comes in UTF-8: the
    library that reads it would take UTF-16 and UTF-32 as well, which whoever looks for something in a body would not.
    """

    def __init__(
        self, app: ASGIApp, *, most: int, most_of: Mapping[str, int], grace: float, rate: int
    ) -> None:
        self._app = app
        self._most = most
        self._most_of = most_of
        self._grace = grace
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._most_of.get(scope["path"], self._most)
        announced, kind, language = _named(scope, b"content-length", b"content-type", b"accept-language")
        if announced is not None and (not announced.isdecimal() or int(announced[:19]) > limit):
            refusal = of_error(BodyTooLarge(limit=limit), language_of(language))
            # The rest of the body is not waited for: the connection ends with the answer.
            refusal.headers["Connection"] = "close"
            await refusal(scope, receive, send)
            return
        is_json = kind is not None and kind.partition(";")[0].strip().lower().endswith("json")
        body = _Body(scope, receive, limit, self._grace, self._rate, is_json=is_json)
        await self._app(scope, body, send)


class _Body:
    """What is received of a request, within its bounds."""

    __slots__ = (
        "_begun",
        "_came",
        "_done",
        "_grace",
        "_head",
        "_is_json",
        "_limit",
        "_rate",
        "_receive",
        "_scope",
    )

    def __init__(
        self, scope: Scope, receive: Receive, limit: int, grace: float, rate: int, *, is_json: bool
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._limit = limit
        self._grace = grace
        self._rate = rate
        self._is_json = is_json
        self._came = 0
        self._done = False
        self._head = b""
        self._begun = asyncio.get_running_loop().time()

    async def __call__(self) -> Message:
        if self._done:
            return await self._receive()  # waits for the client to go
        message = await (self._receive() if self._scope.get(WHOLE) else self._in_time())
        part: bytes = message.get("body", b"")
        self._came += len(part)
        self._done = not message.get("more_body", False)
        if self._came > self._limit:
            raise BodyTooLarge(limit=self._limit)
        if self._is_json and len(self._head) < _TELLS_ENCODING:
            self._head += part[:_TELLS_ENCODING]
            if not json.detect_encoding(self._head).startswith("utf-8"):
                raise BodyNotUtf8
        return message

    async def _in_time(self) -> Message:
        deadline = self._begun + self._grace + self._came / self._rate
        try:
            async with asyncio.timeout_at(deadline):
                return await self._receive()
        except TimeoutError as error:
            raise BodyTooSlow from error


def _named(scope: Scope, *names: bytes) -> list[str | None]:
    """The headers of these names, None for each that is not there."""
    there: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        there.setdefault(name, value)
    return [None if (value := there.get(name)) is None else value.decode("latin-1") for name in names]
