"""A file in the body of a request: written to the process's private folder while it comes, hashed by the way.

The event loop only hands blocks on; writing and opening happen in threads, opening in few of them, so that
files that are slow to open keep no other answer waiting.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import anyio
from anyio.to_thread import run_sync
from fastapi import Request
from starlette.requests import ClientDisconnect

from api.house import House
from api.http.faults import FormSent, LengthWrong
from api.http.threads import Threads
from common import Digest
from datastore import full_disk_is_storage_full
from ingest import UNNAMED

_BLOCK = 1 << 20
"""Bytes that are gathered before a thread writes them."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Body:
    """A body that came whole."""

    path: Path
    size: int
    sha256: Digest


@asynccontextmanager
async def body_of(request: Request, house: House) -> AsyncIterator[Body]:
    """The body as a file that is gone after the block; FormSent for a form that holds it, LengthWrong when the client
    went before its end, StorageFull."""
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise FormSent
    # The desk is entered and left in a thread: it is a folder on a disk.
    desk = house.room.desk()
    folder = await run_sync(desk.__enter__)
    try:
        path = folder / UNNAMED
        with full_disk_is_storage_full():
            file: BinaryIO = await run_sync(lambda: path.open("wb"))
            try:
                size, sha256 = await _written(request, file)
            finally:
                await run_sync(file.close)
        yield Body(path, size, sha256)
    finally:
        with anyio.CancelScope(shield=True):
            await run_sync(desk.__exit__, None, None, None)


async def _written(request: Request, file: BinaryIO) -> tuple[int, Digest]:
    hasher, size, gathered = hashlib.sha256(), 0, bytearray()

    def write(block: bytes) -> None:
        file.write(block)
        hasher.update(block)

    try:
        async for chunk in request.stream():
            gathered += chunk
            size += len(chunk)
            if len(gathered) >= _BLOCK:
                await run_sync(write, bytes(gathered))
                gathered.clear()
    except ClientDisconnect as error:
        raise LengthWrong from error
    await run_sync(write, bytes(gathered))
    return size, Digest(hasher.digest())


async def opening(request: Request, work: Callable[[], T]) -> T:
    """Does what opens files of staff and systems, in one of the few threads that may."""
    threads: Threads = request.app.state.openings
    return await threads.do(work)


async def taking(request: Request, work: Callable[[], T]) -> T:
    """Does what keeps a paper that was opened before, in few threads: more of them only take turns at one core, and
    when the object store hangs, whoever looks or verifies does not wait behind them."""
    threads: Threads = request.app.state.takings
    return await threads.do(work)


async def opening_own(request: Request, work: Callable[[], T]) -> T:
    """Does what opens files of citizens, in threads of their own: they never keep the counter waiting."""
    threads: Threads = request.app.state.own_openings
    return await threads.do(work)


async def checking(request: Request, work: Callable[[], T]) -> T:
    """Does what opens files of anybody, in threads of its own: the public never keeps the counter waiting."""
    threads: Threads = request.app.state.checkings
    return await threads.do(work)
