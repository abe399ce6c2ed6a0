"""Threads for what asks the database or opens files: a few for each purpose.

They take what waits one after the other. The framework's pool wakes a sleeping thread for each piece of work, and of
waking a busy server has more than of work; and as many as forty would take turns at one core.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeVar

from anyio import CancelScope
from anyio.to_thread import run_sync

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Piece:
    """A piece of work, and who waits for what it gives."""

    work: Callable[[], Any]
    context: Context
    loop: asyncio.AbstractEventLoop
    given: "asyncio.Future[Any]"
    begun: bool = field(default=False, init=False)
    over: bool = field(default=False, init=False)
    ended: "asyncio.Future[None] | None" = field(default=None, init=False)
    """Who waits for its end after giving it up."""

    def do(self) -> None:
        """In a thread: nothing when it was given up before."""
        self.begun = True
        result, fault = None, None
        if not self.given.cancelled():
            try:
                result = self.context.run(self.work)
            except BaseException as error:  # whatever it is, it is whoever waits who has to know
                fault = error
        with suppress(RuntimeError):  # the loop has ended: nobody waits
            self.loop.call_soon_threadsafe(self._tell, result, fault)
        fault = None  # which holds this frame, as this frame would hold it

    def _tell(self, result: object, fault: BaseException | None) -> None:
        self.over = True
        if self.ended is not None and not self.ended.done():
            self.ended.set_result(None)
        if self.given.done():
            return
        if isinstance(fault, StopIteration):  # which a future cannot bring
            wrapped = RuntimeError("StopIteration")
            wrapped.__cause__ = fault
            fault = wrapped
        if fault is None:
            self.given.set_result(result)
        else:
            self.given.set_exception(fault)


class Threads:
    """At most so many threads, of one purpose. They end with the process, or when closed."""

    def __init__(self, purpose: str, most: int) -> None:
        self.most = most
        self._purpose = purpose
        self._waiting: SimpleQueue[_Piece | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closed = False

    async def do(self, work: Callable[[], T]) -> T:
        """What `work` gives, or its error; it sees the caller's context (whose trace it is).

        When the caller is cancelled, work that was begun is waited for, because its files lie in a folder that goes
        with the request; work that still waits is not done. RuntimeError when they are closed, or the system gives no
        thread.
        """
        if self._closed:
            raise RuntimeError(f"the threads for {self._purpose} are closed")
        loop = asyncio.get_running_loop()
        given: asyncio.Future[T] = loop.create_future()
        piece = _Piece(work, copy_context(), loop, given)
        if len(self._threads) < self.most:
            self._begin_another()
        self._waiting.put(piece)
        try:
            return await given
        except asyncio.CancelledError:
            if piece.begun and not piece.over:
                piece.ended = loop.create_future()
                with CancelScope(shield=True):
                    await piece.ended
            raise

    async def close(self) -> None:
        """Takes nothing more, waits for what was taken, and ends the threads."""
        self._closed = True
        for _ in self._threads:
            self._waiting.put(None)
        for each in self._threads:
            await run_sync(each.join)
        self._threads.clear()

    def _begin_another(self) -> None:
        thread = threading.Thread(
            target=self._go_on, name=f"{self._purpose}-{len(self._threads) + 1}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # the system gives no more: those that are there do it
            if not self._threads:
                raise
            return
        self._threads.append(thread)

    def _go_on(self) -> None:
        while (piece := self._waiting.get()) is not None:
            piece.do()
            del piece  # what it holds is not kept until the next one comes
