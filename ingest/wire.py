"""Frames on a pipe between our own processes: two 32-bit lengths (big-endian), a JSON header, a body."""

import json
import struct
from typing import IO, Any

SIZES = struct.Struct(">II")


def send(out: IO[bytes], header: Any, body: bytes | memoryview = b"") -> None:
    """Write one frame."""
    text = json.dumps(header).encode()
    out.write(SIZES.pack(len(text), len(body)))
    out.write(text)
    out.write(body)
    out.flush()


def receive(source: IO[bytes]) -> tuple[Any, bytes] | None:
    """The next frame; None when the writer has gone, be it in the middle of one. ValueError for no JSON."""
    sizes = source.read(SIZES.size)
    if len(sizes) < SIZES.size:
        return None
    header_size, body_size = SIZES.unpack(sizes)
    header, body = source.read(header_size), source.read(body_size)
    complete = len(header) == header_size and len(body) == body_size
    return (json.loads(header), body) if complete else None
