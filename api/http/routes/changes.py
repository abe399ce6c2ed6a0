"""What a person decides about a paper: compared, typed, confirmed, moved, taken back, replaced.

Whoever sends `If-Match` with the tag that was seen changes nothing else than that state. Who checks a paper must, for
that answers whose it is, and it may be another's meanwhile; and who puts one away, for nothing brings it back.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from pydantic.config import JsonDict

from api.house import House
from api.http.etags import IfMatch, IfMatchAsSeen, IfNoneMatch, matches, stamp_wanted, tag_of
from api.http.faults import RequestInvalid, StateNotNamed, Wrong
from api.http.identity import Acting, StaffActing
from api.http.once import Keep, OnlyOnce, answer
from api.http.parts import TheHouse
from api.http.shapes import Asked, Code, Words, problems
from api.http.views import DocumentView
from api.steps import changes, confirming, holdings
from archive import SourceForm
from common import say
from datastore import Act, Actor, Answer
from ingest import Field as FieldRead

router = APIRouter(tags=["documents"])
_CHANGED = {
    200: {"model": DocumentView, "description": "The paper as it stands now."},
    **problems(404, 409, 412),
}
_MOST_FIELDS = 200
_RECORD: JsonDict = {
    "fields": {
        "number": {
            "value": "12/2026",
            "confidence": 1.0,
            "doubtful": False,
            "page": 1,
            "box": [120, 80, 310, 112],
        }
    }
}


class Checked(Asked):
    """What whoever compared the paper saw; left out: as it was said before."""

    source_form: SourceForm | None = None
    original_returned: StrictBool | None = Field(None, examples=[True])


class Typed(Asked):
    """Which type it is."""

    type: Code = Field(examples=["KQ.G15.000031"])


class Confirmed(Asked):
    """What stands on the paper, by the names of its type's fields."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"fields": {"number": "12/2026", "date": "2026-11-20"}}]},
    )
    fields: Annotated[dict[Code, Words], Field(max_length=_MOST_FIELDS)]


class Because(Asked):
    """Why; kept in the diary."""

    reason: Words = Field(examples=["Cấp sai đối tượng"])


class Replaced(Because):
    """Which paper takes its place."""

    younger: ClassVar[frozenset[str]] = frozenset({"insist"})
    by: UUID = Field(examples=["019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a12"])
    insist: StrictBool = Field(
        False, description="Also a paper of other owners, or of another type (409 successor_differs)."
    )


class BroughtTwice(Because):
    """Which paper it is once more."""

    duplicate_of: UUID = Field(examples=["019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a12"])


_Number = Annotated[str, Field(min_length=1, max_length=64)]


class Moved(Because):
    """Whose it really is: named in the body, for no address may hold a personal number.

    `owner` alone, or with `away_from`; `add` alone; or `away_from` alone.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"owner": "040090001234", "reason": "Ghi nhầm số"},
                {"add": "040198263731", "reason": "Giấy của cả hai vợ chồng"},
            ]
        },
    )
    younger: ClassVar[frozenset[str]] = frozenset({"insist"})
    owner: _Number | None = Field(None, description="Its right owner, in the place of whoever has it.")
    add: _Number | None = Field(None, description="One more owner, beside those who have it.")
    insist: StrictBool = Field(
        False,
        description="Add the owner also where papers of the type have no more owners (409 owners_enough).",
    )
    away_from: _Number | None = Field(
        None, description="Of several owners the one that it leaves, for `owner` or for nobody else."
    )

    def move(self) -> changes.Move:
        return changes.Move(to=self.owner, added=self.add, away_from=self.away_from, insists=self.insist)


def _as_it_stands(house: House, actor: Actor, document: UUID) -> Answer:
    held = holdings.look(house, actor, document)
    return answer(200, DocumentView.of(held), ETag=tag_of(held.document))


def _stamp_seen(house: House, actor: Actor, act: Act, document: UUID, seen: str | None) -> int:
    """The stamp that was seen; StateNotNamed without one, for who may do this with the paper."""
    stamp = stamp_wanted(seen)
    if stamp is None:
        confirming.require_may(house, actor, act, document)
        raise StateNotNamed
    return stamp


@router.post(
    "/documents/{document_id}/check",
    operation_id="check_document",
    response_class=Response,
    responses={**_CHANGED, **problems(428)},
)
def check_document(
    house: TheHouse,
    actor: StaffActing,
    once: OnlyOnce,
    document_id: UUID,
    said: Checked,
    seen: IfMatchAsSeen = None,
) -> Response:
    """Say that the scan and what was read were compared with the paper, as it was seen; its signature follows."""

    def make(_keep: Keep) -> Answer:
        compared = confirming.Compared(said.source_form, said.original_returned)
        stamp = _stamp_seen(house, actor, Act.CHECK, document_id, seen)
        confirming.check(house, actor, document_id, compared, stamp=stamp)
        return _as_it_stands(house, actor, document_id)

    return once.do(said.model_dump(mode="json"), make)


@router.post(
    "/documents/{document_id}/classify",
    operation_id="classify_document",
    response_class=Response,
    responses=_CHANGED,
)
def classify_document(
    house: TheHouse, actor: StaffActing, once: OnlyOnce, document_id: UUID, said: Typed, seen: IfMatch = None
) -> Response:
    """Name the type of a paper that is not signed yet."""

    def make(_keep: Keep) -> Answer:
        confirming.classify(house, actor, document_id, said.type, stamp=stamp_wanted(seen))
        return _as_it_stands(house, actor, document_id)

    return once.do(said.model_dump(mode="json"), make)


class RecordedField(BaseModel):
    """What stands on the paper there, and where: `box` in pixels of the page. A value in doubt is to be looked at."""

    value: str = Field(examples=["12/2026"])
    confidence: float
    doubtful: bool
    page: int | None
    box: list[int] | None

    @classmethod
    def of(cls, found: FieldRead) -> "RecordedField":
        return cls(
            value=found.value,
            confidence=found.confidence,
            doubtful=found.doubtful,
            page=found.page,
            box=None if found.box is None else found.box.as_list(),
        )


class RecordView(BaseModel):
    """What stands on a paper by the names of its type's fields, as it was read or as a person confirmed it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RECORD]})
    fields: dict[str, RecordedField]

    @classmethod
    def of(cls, record: confirming.Record) -> "RecordView":
        return cls(fields={name: RecordedField.of(found) for name, found in record.fields.items()})


@router.get(
    "/documents/{document_id}/record",
    operation_id="get_document_record",
    response_model=RecordView,
    responses={304: {"description": "As it is known."}, **problems(404)},
)
def get_document_record(
    house: TheHouse, actor: Acting, document_id: UUID, response: Response, known: IfNoneMatch = None
) -> RecordView | Response:
    """The data record of a paper: what was read, or what a person confirmed instead; its tag is that of the paper."""
    record = confirming.record_of(house, actor, document_id)
    tag = tag_of(record.document)
    if matches(known, tag):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return RecordView.of(record)


@router.put(
    "/documents/{document_id}/record",
    operation_id="confirm_document_record",
    response_class=Response,
    responses=_CHANGED,
)
def confirm_document_record(
    house: TheHouse, actor: StaffActing, document_id: UUID, said: Confirmed, seen: IfMatch = None
) -> Response:
    """The data record as a person confirmed it, whole: it takes the place of the one before."""
    try:
        confirming.confirm_record(house, actor, document_id, said.fields, stamp=stamp_wanted(seen))
    except confirming.UnknownFields as error:
        allowed = say("expected_one_of", allowed=", ".join(error.known))
        wrong = (
            Wrong(f"/body/fields/{name}", "extra_forbidden", allowed, error.known) for name in error.names
        )
        raise RequestInvalid(*wrong) from error
    made = _as_it_stands(house, actor, document_id)
    return Response(made.body, made.status, dict(made.headers), media_type="application/json")


@router.post(
    "/documents/{document_id}/refile",
    operation_id="refile_document",
    response_class=Response,
    responses=_CHANGED,
)
def refile_document(
    house: TheHouse, actor: StaffActing, once: OnlyOnce, document_id: UUID, said: Moved, seen: IfMatch = None
) -> Response:
    """Move a misfiled paper, or one whose owner was not known, to its owner; add an owner; take a wrong one out.

    Where the right owner has the same paper already, the misfiled one leaves the wrong store as `revoked` (`rejected`
    before it was signed), and `superseded_by` names the one that stands for both. The store of an owner who was added
    shows the paper from then on, under a code of its own.
    """

    def make(_keep: Keep) -> Answer:
        changes.refile(house, actor, document_id, said.move(), said.reason, stamp=stamp_wanted(seen))
        return _as_it_stands(house, actor, document_id)

    return once.do(said.said(), make)


@router.post(
    "/documents/{document_id}/revoke",
    operation_id="revoke_document",
    response_class=Response,
    responses=_CHANGED,
)
def revoke_document(
    house: TheHouse,
    actor: StaffActing,
    once: OnlyOnce,
    document_id: UUID,
    said: Because,
    seen: IfMatch = None,
) -> Response:
    """Take a paper back; whoever cites it is told, and its prints say so."""

    def make(_keep: Keep) -> Answer:
        changes.revoke(house, actor, document_id, said.reason, stamp=stamp_wanted(seen))
        return _as_it_stands(house, actor, document_id)

    return once.do(said.model_dump(mode="json"), make)


@router.post(
    "/documents/{document_id}/supersede",
    operation_id="supersede_document",
    response_class=Response,
    responses=_CHANGED,
)
def supersede_document(
    house: TheHouse,
    actor: StaffActing,
    once: OnlyOnce,
    document_id: UUID,
    said: Replaced,
    seen: IfMatch = None,
) -> Response:
    """Another paper takes its place: of an owner who has this one, and of its type, unless one insists."""

    def make(_keep: Keep) -> Answer:
        changes.supersede(
            house, actor, document_id, said.by, said.reason, insists=said.insist, stamp=stamp_wanted(seen)
        )
        return _as_it_stands(house, actor, document_id)

    return once.do(said.said(), make)


@router.post(
    "/documents/{document_id}/put-away",
    operation_id="put_document_away",
    response_class=Response,
    responses={**_CHANGED, **problems(428)},
)
def put_document_away(
    house: TheHouse,
    actor: StaffActing,
    once: OnlyOnce,
    document_id: UUID,
    said: BroughtTwice,
    seen: IfMatchAsSeen = None,
) -> Response:
    """Put away a paper that was scanned twice, as it was seen, and was not decided on: the other one stands for both.

    The other one has its owners and its type, is as far on its way, and open dossiers that have this one have
    the other one as well. Signed it is `superseded`, else `rejected`; `superseded_by` names the other one.
    """

    def make(_keep: Keep) -> Answer:
        stamp = _stamp_seen(house, actor, Act.PUT_AWAY, document_id, seen)
        changes.put_away(house, actor, document_id, said.duplicate_of, said.reason, stamp=stamp)
        return _as_it_stands(house, actor, document_id)

    return once.do(said.model_dump(mode="json"), make)
