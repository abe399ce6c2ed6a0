"""What stands before every route: headers that keep browsers from guessing, bounds on what a body may cost.

Plain ASGI, so that bodies and event streams pass through without being gathered.
"""

import asyncio
import json
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.faults import BodyNotUtf8, BodyTooLarge, BodyTooSlow
from api.http.languages import language_of
from api.http.problems import SECURITY_HEADERS, of_error

_TELLS_ENCODING = 4
"""Bytes of a JSON text by which its encoding is known."""


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
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
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
        headers = Headers(scope=scope)
        announced = headers.get("content-length", "0")
        if not announced.isdecimal() or int(announced[:19]) > limit:
            refusal = of_error(BodyTooLarge(limit=limit), language_of(headers.get("accept-language")))
            # The rest of the body is not waited for: the connection ends with the answer.
            refusal.headers["Connection"] = "close"
            await refusal(scope, receive, send)
            return
        is_json = headers.get("content-type", "").partition(";")[0].strip().lower().endswith("json")
        await self._app(scope, self._bounded(receive, limit, is_json), send)

    def _bounded(self, receive: Receive, limit: int, is_json: bool) -> Receive:
        came, done, head = 0, False, b""
        clock = asyncio.get_running_loop().time
        begun = clock()

        async def bounded() -> Message:
            nonlocal came, done, head
            if done:
                return await receive()  # waits for the client to go
            deadline = begun + self._grace + came / self._rate
            try:
                async with asyncio.timeout(deadline - clock()):
                    message = await receive()
            except TimeoutError as error:
                raise BodyTooSlow from error
            came += len(message.get("body", b""))
            done = not message.get("more_body", False)
            if came > limit:
                raise BodyTooLarge(limit=limit)
            if is_json and len(head) < _TELLS_ENCODING:
                head += message.get("body", b"")[:_TELLS_ENCODING]
                if not json.detect_encoding(head).startswith("utf-8"):
                    raise BodyNotUtf8
            return message

        return bounded
