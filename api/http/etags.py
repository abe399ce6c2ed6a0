"""Entity tags: what has not changed is not sent again, what has changed meanwhile is not written over.

A document's tag is its stamp, which counts its changes, so that the same number is asked again inside the
transaction that changes it; an owner's is made of what is known of it.
"""

import re
from typing import Annotated

from fastapi import Header

from api.http.faults import BadHeader
from datastore import DocumentRecord, Owner

_ENTITY = re.compile(r'(?:W/)?"([^"\x00-\x20\x7f]*)"')
_DOCUMENT = re.compile(r"d([0-9]{1,18})")
_OWNER = re.compile(r"o([0-9a-f]{32})")

IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="The tag of what is known already: 304 if it still is."),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match", description="The tag of the state that is to be changed: 412 if it is another now."
    ),
]

IfMatchAsSeen = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The tag of the state that was seen: 412 if it is another now, 428 without one; not `*`.",
    ),
]


def tag_of(found: DocumentRecord | Owner) -> str:
    """The tag of a document as it stands, of an owner as it is known."""
    return f'"o{found.tag}"' if isinstance(found, Owner) else f'"d{found.stamp}"'


def matches(header: str | None, tag: str) -> bool:
    """Whether `tag` is among those of an If-None-Match (weak comparison, RFC 9110, 13.1.2)."""
    if header is None:
        return False
    return header.strip() == "*" or tag.strip('W/"') in _ENTITY.findall(header)


def stamp_wanted(header: str | None) -> int | None:
    """The stamp that an If-Match asks for; None when any will do. BadHeader for what no document ever had."""
    wanted = _wanted(header, _DOCUMENT, example='"d7"')
    return None if wanted is None else int(wanted)


def owner_wanted(header: str | None) -> str | None:
    """The tag of an owner that an If-Match asks for; None when any will do. BadHeader for what no owner ever had."""
    return _wanted(header, _OWNER, example='"o5f1c7a0e94b84d6c9a3e2b7d10f86c35"')


def _wanted(header: str | None, form: re.Pattern[str], *, example: str) -> str | None:
    if header is None or header.strip() == "*":
        return None
    tags = _ENTITY.fullmatch(header.strip())
    found = None if tags is None else form.fullmatch(tags[1])
    if found is None:
        raise BadHeader(name="If-Match", example=example)
    return found[1]
