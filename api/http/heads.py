"""What of a request the application never sees: its head, which comes soon and is small, and what is left of a body
that was answered before its end, which comes soon as well; or the connection ends.

uvicorn waits for both as long as it takes and keeps whatever comes of a head; behind a proxy that is the proxy's to
bound, alone it is ours.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.http.guards import WHOLE

HEAD_SECONDS = 15.0
"""From the connection, or the first byte of a further request, to the end of the head."""
LARGEST_HEAD = 64 << 10
"""Bytes; browsers and proxies send a tenth of it."""
REST_SECONDS = 15.0
"""From an answer to the end of the body that it did not wait for: who was refused may finish its sentence."""
LARGEST_REST = 16 << 20
"""Bytes of it that are received, and dropped."""


class BoundedHeads(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, which does not wait for a head or an unwanted body for ever."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._patience: asyncio.TimerHandle | None = None
        self._came = 0
        self._most = LARGEST_HEAD

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait(HEAD_SECONDS, LARGEST_HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._patience is None:
            return
        self._came += len(data)
        if self._came > self._most:
            self._give_up()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unset_keepalive_if_required()  # it may have come in one packet with what set the clock
        self._wait(HEAD_SECONDS, LARGEST_HEAD)

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body and not self.transport.is_closing():
            self._wait(REST_SECONDS, LARGEST_REST)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.scope[WHOLE] = True  # type: ignore[literal-required]  # of ours, beside those of the protocol
        self._stop_waiting()
        if self.cycle.response_complete and self.timeout_keep_alive_task is None:
            # Whatever came of the rest has stopped the clock of an idle connection.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _wait(self, seconds: float, most: int) -> None:
        self._stop_waiting()
        self._came, self._most = 0, most
        self._patience = self.loop.call_later(seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
