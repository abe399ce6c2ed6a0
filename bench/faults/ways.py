"""A way to a server that can be spoilt: a TCP proxy of our own between the processes and what they depend on."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TypeVar

_BLOCK = 1 << 16
_NO_GOODBYE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing is a reset."""
T = TypeVar("T")


class Passage(StrEnum):
    """What becomes of the bytes."""

    FREE = "free"
    CUT = "cut"
    """Every connection is reset, and each new one."""
    TORN = "torn"
    """Every connection is reset after some bytes more, in the middle of what it carries."""
    STALLED = "stalled"
    """Connections come about and nothing passes, until it does again."""
    SILENT = "silent"
    """What is sent is swallowed. Once the way is free, whoever still waits on such a connection is reset."""


class Way:
    """One port of this machine that leads to another one."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._passage, self._after = Passage.FREE, 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="way", daemon=True)
        self._thread.start()
        self._free = asyncio.Event()
        self._free.set()
        self._server = self._done(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512))
        self.port = int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """No way any more."""
        self._done(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextmanager
    def spoilt(self, passage: Passage, after: int = 0) -> Iterator[None]:
        """Spoilt while the block runs; a torn connection carries `after` bytes more."""
        self._done(self._turn(passage, after))
        try:
            yield
        finally:
            self._done(self._turn(Passage.FREE, 0))

    def _done(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _turn(self, passage: Passage, after: int) -> None:
        was, self._passage, self._after = self._passage, passage, after
        if passage is Passage.CUT or was is Passage.SILENT:
            self._reset(*self._writers)
        if passage is Passage.STALLED:
            self._free.clear()
        else:
            self._free.set()

    async def _end(self) -> None:
        await self._turn(Passage.CUT, 0)
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        ends = [writer]
        try:
            await self._free.wait()
            if self._passage is Passage.CUT:
                return
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.target)
            ends.append(inner_writer)
            self._writers.add(inner_writer)
            await asyncio.gather(self._carry(reader, inner_writer), self._carry(inner_reader, writer))
        except OSError:
            pass  # one end has gone: so does the other
        finally:
            self._reset(*ends)
            self._writers.difference_update(ends)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carried = 0
        while block := await reader.read(_BLOCK):
            await self._free.wait()
            passage = self._passage  # it may be another one before all is sent
            if passage is Passage.SILENT:
                continue
            if passage is Passage.TORN:
                block = block[: self._after - carried]
                carried += len(block)
            writer.write(block)
            await writer.drain()
            if passage is Passage.TORN and carried >= self._after:
                raise ConnectionResetError
        if writer.can_write_eof():
            writer.write_eof()

    @staticmethod
    def _reset(*writers: asyncio.StreamWriter) -> None:
        for writer in writers:
            inside = writer.get_extra_info("socket")
            if inside is not None and not writer.is_closing():
                inside.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_GOODBYE)
            writer.transport.abort()
