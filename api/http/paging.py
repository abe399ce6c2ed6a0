"""Long lists in pages: `limit` entries after a `cursor`, which is the place of the last entry that was given.

A place is not a count: whatever is added or taken away meanwhile, no entry is given twice and none is left out
that was there all the time. A cursor holds an instant and an id, nothing about anybody.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Query

from api.http.faults import BadCursor
from datastore import Place

_PLACE = re.compile(r"([0-9]{1,17})\.([0-9a-f]{32})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=200, description="So many entries at most.")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=100, description="`next` of the page before.", examples=["MTc2MzY4NzAwMDAwMDAwMC4wMTlhYg"]
    ),
]


def place_of(cursor: str | None) -> Place | None:
    """The place that a cursor names; BadCursor for anything that no answer ever held."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
    except (binascii.Error, ValueError) as error:
        raise BadCursor from error
    found = _PLACE.fullmatch(text)
    if found is None:
        raise BadCursor
    try:
        return Place(_EPOCH + int(found[1]) * _MICROSECOND, UUID(found[2]))
    except OverflowError as error:
        raise BadCursor from error


def cursor_at(place: Place) -> str:
    """A place as a cursor."""
    text = f"{(place.at - _EPOCH) // _MICROSECOND}.{place.id.hex}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def page_of(found: Sequence[T], limit: int, place: Callable[[T], Place]) -> tuple[Sequence[T], str | None]:
    """The entries of a page and the cursor of the next one; `found` was asked for with one more than `limit`."""
    if len(found) <= limit:
        return found, None
    given = found[:limit]
    return given, cursor_at(place(given[-1]))
