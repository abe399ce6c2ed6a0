"""Identifiers of rows and objects: UUID version 7 (RFC 9562, section 5.7), which sort by time."""

import secrets
from datetime import datetime
from uuid import UUID


def new_id(now: datetime) -> UUID:
    """A UUIDv7 for the instant `now` (aware); 74 random bits make it unguessable enough for an object key."""
    milliseconds = int(now.timestamp() * 1000)
    random = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return UUID(int=value)
