"""Threads for what asks the database or opens files: a few for each purpose.

They take what waits one after the other. The framework's pool wakes a sleeping thread for each piece of work, and of
waking a busy server has more than of work; and as many as forty would take turns at one core.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from anyio import CancelScope

T = TypeVar("T")


class Threads:
    """At most so many threads, of one purpose."""

    def __init__(self, purpose: str, most: int) -> None:
        self.most = most
        self._pool = ThreadPoolExecutor(most, thread_name_prefix=purpose)

    async def do(self, work: Callable[[], T]) -> T:
        """What `work` gives, or its error; it sees the caller's context (whose trace it is).

        What was begun is waited for, whoever gives up meanwhile.
        """
        with CancelScope(shield=True):
            made = await asyncio.get_running_loop().run_in_executor(self._pool, copy_context().run, work)
        return made

    def close(self) -> None:
        """Takes nothing more, and waits for what was taken."""
        self._pool.shutdown()
