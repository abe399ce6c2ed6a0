"""One and only one byte string for a record: what digests of rows and leaves are made over.

Deterministic CBOR (RFC 8949, 4.2.1): maps sorted by their encoded keys, shortest forms, definite lengths.
Before that, values lose what databases and platforms may give back differently: text becomes NFC, an aware
instant ISO 8601 in UTC with six decimals, a date its ISO text, a UUID its 16 bytes. Decimals, naive instants
and anything unlisted raise TypeError: a digest over a guess is worth nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from operator import attrgetter
from typing import Any
from uuid import UUID

import cbor2

from common import nfc


def canonical(value: object) -> bytes:
    """The canonical CBOR of plain values, mappings with text keys and sequences; TypeError else."""
    try:
        return cbor2.dumps(_plain(value), canonical=True)
    except UnicodeEncodeError as error:
        raise TypeError("text with half a surrogate pair has no UTF-8") from error


_AS_THEY_ARE = frozenset({type(None), bool, int, float, bytes})


def _plain(value: object) -> object:
    """Most are of a kind that is looked up: this is asked for each column of each row that is written."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    form = _FORMS.get(kind)
    return _plain_of_a_kind(value) if form is None else form(value)


def _plain_of_a_kind(value: object) -> object:
    """`_plain` of what is a kind of something: an enumeration's member, a mapping."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, int | float | bytes):
        return value
    if isinstance(value, str):
        return nfc(value)
    if isinstance(value, Mapping):
        return _plain_map(value)
    if isinstance(value, list | tuple):
        return _plain_list(value)
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, datetime):
        return _plain_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no canonical form for {type(value).__name__}")


def _plain_map(value: Mapping[object, object]) -> dict[str, object]:
    plain: dict[str, object] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise TypeError("keys of a record are text")
        plain[nfc(key)] = _plain(item)
    if len(plain) != len(value):
        raise TypeError("two keys of a record are the same text")
    return plain


def _plain_list(value: Sequence[object]) -> list[object]:
    return [_plain(item) for item in value]


def _plain_instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise TypeError("an instant needs its zone")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


_FORMS: Mapping[type, Callable[[Any], object]] = {
    str: nfc,
    UUID: attrgetter("bytes"),
    datetime: _plain_instant,
    date: date.isoformat,
    dict: _plain_map,
    list: _plain_list,
    tuple: _plain_list,
}
