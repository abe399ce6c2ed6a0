"""Bytes of papers as answers: fetched whole, proven, then sent from a file that lies in no folder any more."""

import base64
import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from fastapi import Response
from fastapi.responses import StreamingResponse

from api.house import House
from api.steps.holdings import Content

BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
"""How the description calls a file."""
_BLOCK = 1 << 18


def streamed(house: House, name: str, fetch: Callable[[Path], Content]) -> Response:
    """What `fetch` writes, sent as a download. Plain bytes lie in no folder by then: only the open file holds them."""
    with house.room.desk() as desk:
        content = fetch(desk / "content")
        size = content.path.stat().st_size
        file = content.path.open("rb")
    suffix = mimetypes.guess_extension(content.media_type) or ""
    digest = base64.b64encode(content.sha256.value).decode()
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="{name}{suffix}"',
        "Repr-Digest": f"sha-256=:{digest}:",
    }
    return StreamingResponse(_blocks(file), headers=headers, media_type=content.media_type)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block
