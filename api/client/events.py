"""Events as a receiver takes them: checked before they are read (`docs/webhooks.md`)."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

_SECRET = "whsec_"
_OLDEST = timedelta(minutes=5)
"""A message that is older, or younger by as much, was recorded and is played again, or a clock is wrong."""


class NotGenuine(Exception):
    """The message is not from whom it says, was changed, or is an old one."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. The same `id` may come twice; within a `subject` a later event has a greater `sequence`."""

    id: UUID
    type: str
    subject: str
    time: datetime
    sequence: int
    data: Mapping[str, Any] = field(repr=False)


def read_event(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> Event:
    """The event that a webhook brought; NotGenuine unless one of the secrets signed it within five minutes of `now`."""
    named = {name.lower(): value for name, value in headers.items()}
    try:
        id, stamp, said = (named[f"webhook-{part}"] for part in ("id", "timestamp", "signature"))
        age = abs(now.timestamp() - int(stamp))
        keys = [base64.b64decode(secret.removeprefix(_SECRET), validate=True) for secret in secrets]
    except (KeyError, ValueError, binascii.Error) as error:
        raise NotGenuine("headers or secrets of no known form") from error
    if age > _OLDEST.total_seconds():
        raise NotGenuine("not of now")
    expected = [_signature(key, f"{id}.{stamp}.".encode() + body) for key in keys]
    if not any(hmac.compare_digest(one, other.encode()) for one in expected for other in said.split(" ")):
        raise NotGenuine("signed by nobody we know")
    told = json.loads(body)
    return Event(
        UUID(told["id"]),
        told["type"],
        told["subject"],
        datetime.fromisoformat(told["time"]),
        int(told["sequence"]),
        told["data"],
    )


def _signature(key: bytes, content: bytes) -> bytes:
    return b"v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256))
