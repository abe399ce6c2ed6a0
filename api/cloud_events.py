"""What other systems are sent: an event as CloudEvents 1.0 JSON, signed after Standard Webhooks.

https://github.com/cloudevents/spec (structured content mode) and https://www.standardwebhooks.com. The signature
is HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`; while one secret takes another's place there are two,
and a receiver that knows either is content. The id is the event's, the same at every attempt.
"""

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from datastore import Event

CONTENT_TYPE = "application/cloudevents+json"
_SECRET = "whsec_"
_SEQUENCE_DIGITS = 20
"""Of the largest number that a counter can reach: texts then sort as the numbers do."""


def envelope(event: Event, host: str) -> bytes:
    """The body: the same bytes at every attempt."""
    told = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": f"https://{host}/agencies/{event.agency}",
        "type": event.type,
        "subject": event.subject,
        "time": event.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "sequence": str(event.number).zfill(_SEQUENCE_DIGITS),
        "datacontenttype": "application/json",
        "data": dict(event.data),
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def signed_headers(event: Event, body: bytes, at: datetime, secrets: Sequence[bytes]) -> Mapping[str, str]:
    """The headers of one attempt."""
    id, stamp = str(event.id), str(int(at.timestamp()))
    signatures = (_signature(secret, f"{id}.{stamp}.".encode() + body) for secret in secrets)
    return {
        "Content-Type": CONTENT_TYPE,
        "webhook-id": id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signatures),
    }


def _signature(secret: bytes, content: bytes) -> str:
    return f"v1,{base64.b64encode(hmac.digest(secret, content, 'sha256')).decode()}"


def shown_secret(secret: bytes) -> str:
    """A secret as a receiver is given it, once."""
    return _SECRET + base64.b64encode(secret).decode()
