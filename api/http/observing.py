"""What is seen from outside of every request: its trace, one line in the log, its counters.

Stands outermost, so that it sees every answer, also those of the parts in front of the routes. Writes the route's
template, never the path: paths hold ids, queries hold what somebody looked for.
"""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any

from prometheus_client import Counter, Histogram

from api.logs import log
from api.metrics import REQUEST_SECONDS, REQUESTS, REQUESTS_IN_WORK, method_label, status_label
from api.traces import Trace, within

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_NO_ROUTE = "-"
_GONE = 499
"""Nobody was there any more to be answered (as nginx says)."""
_FAULT = 500
_QUIET = frozenset({"/livez", "/readyz"})
"""Asked every few seconds; only their bad answers are worth a line."""


class Observed:
    """An ASGI application, observed."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with within(Trace.follow(_header(scope, b"traceparent"))) as trace:
            answer = _Answer(send, trace)
            started = time.perf_counter()
            REQUESTS_IN_WORK.inc()
            try:
                await self._app(scope, receive, answer)
            except Exception:
                answer.status = answer.status or _FAULT
                raise
            finally:
                REQUESTS_IN_WORK.dec()
                _write_down(scope, answer, time.perf_counter() - started)


class _Answer:
    """Sends on what is answered, names the trace in it, and remembers status and size."""

    __slots__ = ("_send", "_trace", "bytes", "status")

    def __init__(self, send: Send, trace: Trace) -> None:
        self._send = send
        self._trace = trace
        self.status: int | None = None
        self.bytes = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"traceparent", str(self._trace).encode())]
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self.bytes += len(message.get("body", b""))
        await self._send(message)


def _write_down(scope: Scope, answer: _Answer, seconds: float) -> None:
    route, method, status = route_template(scope), method_label(scope["method"]), answer.status or _GONE
    requests, request_seconds = _counters(route, method, status_label(status))
    requests.inc()
    request_seconds.observe(seconds)
    if route in _QUIET and status < _FAULT:
        return
    principal = scope.get("state", {}).get("principal")
    who = {} if principal is None else {"role": str(principal.role), "agency": principal.agency}
    log.info(
        "request",
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        bytes=answer.bytes,
        **who,
    )


@cache
def _counters(route: str, method: str, status: str) -> tuple[Counter, Histogram]:
    """Sought out once: no label has a value that a caller could choose, so there are few."""
    return REQUESTS.labels(route, method, status), REQUEST_SECONDS.labels(route, method)


def route_template(scope: Scope) -> str:
    """`/api/v1/documents/{id}`; `-` for what no route took.

    FastAPI keeps the whole template of a route in a router beside the route, whose own begins at the router.
    """
    whole = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(whole or scope.get("route"), "path", None)
    return path if isinstance(path, str) and path else _NO_ROUTE


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            found: str = value.decode("latin-1")
            return found
    return None
