"""Values that requests and answers share: bounded texts, times, and the problems that an operation may answer."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar

from fastapi import Response
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)

from api.http.problems import Problem
from common import PartialDate, Sentence, has_unshown, one_line


def whole(body: BaseModel) -> Response:
    """A body as the answer: the framework would validate it once more, for a tenth of what a short answer costs."""
    return Response(body.model_dump_json(by_alias=True), media_type="application/json")


def _line(text: str) -> str:
    """One line of text in normal form; what no screen shows has no place in a record."""
    if has_unshown(text):
        raise ValueError("control characters")
    said = one_line(text)
    if not said:
        raise ValueError("blank")
    return said


Words = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_line)]
"""A name, a reason, a purpose: one line."""
Line11 = Annotated[str, StringConstraints(min_length=1, max_length=11), AfterValidator(_line)]
Line30 = Annotated[str, StringConstraints(min_length=1, max_length=30), AfterValidator(_line)]
Line100 = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_line)]
Line500 = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_line)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=112, pattern=r"^[0-9A-Za-z._-]+$")]
"""A code of some list, checked for its meaning later."""


Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A digest in hexadecimal."""


def rfc3339(at: datetime) -> str:
    """An instant as RFC 3339 in UTC, with microseconds: `2026-11-22T01:05:09.000000Z`."""
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)  # rows give it so; a list shows twenty
    return in_utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


Instant = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]


def _within_reason(at: datetime) -> datetime:
    """In UTC, within the years that a person can mean: the ends of the calendar are nowhere else a date."""
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError("out of bounds")
    return at.astimezone(UTC)


def _written(value: object) -> object:
    """As it is written down: a bare number is no date, though the library would count seconds or days with it."""
    if isinstance(value, str) and _DATE.match(value):
        return value
    raise ValueError("not a date")


def _instant_written(value: object) -> object:
    try:
        return _written(value)
    except ValueError as error:
        raise ValueError("not an instant") from error


def _on_the_calendar(text: str) -> str:
    try:
        return str(PartialDate.parse(text))
    except ValueError as error:
        raise ValueError("not on the calendar") from error


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
_FIRST_YEAR, _LAST_YEAR = 2000, 2200
Planned = Annotated[
    AwareDatetime,
    BeforeValidator(_instant_written),
    AfterValidator(_within_reason),
    PlainSerializer(rfc3339, return_type=str),
]
"""An instant that a request names, with its offset from UTC."""
Day = Annotated[date, BeforeValidator(_written)]
"""A date that a request names."""
PartialDay = Annotated[
    str, StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$"), AfterValidator(_on_the_calendar)
]
"""A date of which only the year, or the year and the month, may be known."""


class Said(BaseModel):
    """A sentence in both languages under its code."""

    code: str
    vi: str
    en: str

    @classmethod
    def of(cls, sentence: Sentence) -> "Said":
        return cls(code=sentence.code, vi=sentence.vi, en=sentence.en)


class Asked(BaseModel):
    """What a request says: nothing beside what is described. Its fields that count or say yes and no are `StrictInt`
    and `StrictBool`: what is written as something else is an error of the asker's, not to be guessed at."""

    model_config = ConfigDict(extra="forbid")

    younger: ClassVar[frozenset[str]] = frozenset()
    """Fields that a request which there was before got later."""

    def said(self) -> dict[str, Any]:
        """What its key knows a request by: without the younger fields in which it says nothing.

        So it is the same one to this version and to the one before, which may have answered it.
        """
        fields = type(self).model_fields
        silent = {name for name in self.younger if getattr(self, name) == fields[name].default}
        return self.model_dump(mode="json", exclude=silent)


class Why(Asked):
    """The reason, which stays with what is ended or locked."""

    reason: Words = Field(examples=["nghỉ hưu"])


_DESCRIPTIONS: Mapping[int, str] = {
    401: "Nobody has signed in.",
    403: "Not allowed to whoever signed in.",
    404: "Not there, or not for whoever asks: the two are never told apart.",
    406: "None of the accepted forms can be made.",
    408: "The body came too slowly.",
    409: "Not possible as things stand.",
    410: "It was there, and is over.",
    411: "The length of the body is not announced.",
    412: "Changed since it was read.",
    413: "Too large.",
    415: "Content of no known kind.",
    422: "Said wrongly, or a file that cannot become a document.",
    428: "A precondition is needed.",
    429: "Asked too often.",
    500: "A fault of ours.",
    503: "Something that is needed is out of reach.",
    507: "The storage is full.",
}
_EVERYWHERE = (422, 500, 503)
_SIGNED_IN = (401, 403)


def problems(*statuses: int, public: bool = False) -> dict[int | str, dict[str, Any]]:
    """The problems that an operation may answer with, for its description."""
    all_of_them = sorted({*statuses, *_EVERYWHERE, *(() if public else _SIGNED_IN)})
    return {status: {"model": Problem, "description": _DESCRIPTIONS[status]} for status in all_of_them}
