"""Owners and what their stores hold. Numbers are asked for in bodies; addresses hold ids only."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt
from pydantic.config import JsonDict

from api.house import House
from api.http.etags import IfMatch, IfNoneMatch, matches, owner_wanted, tag_of
from api.http.identity import Acting, StaffActing
from api.http.paging import Cursor, Limit, page_of, place_of
from api.http.parts import TheHouse, house_of
from api.http.shapes import Asked, Code, Instant, PartialDay, Said, Words, problems, whole
from api.http.together import Together
from api.http.views import DocumentSummary
from api.steps import holdings
from api.steps.correcting import Correction, correct, known_of
from api.steps.questions import about_owner
from archive import Status
from common import PartialDate
from datastore import ListedDocument, Looking, Owner, OwnerKind, OwnerState, Place, SearchField

router = APIRouter(tags=["stores"])
_ID = "019ab1f0-0000-7d52-9c6e-2f4b1f6f0a11"
_OWNER: JsonDict = {
    "owner_id": _ID,
    "kind": "person",
    "name": "Nguyễn Văn An",
    "birth_date": "1990-05-03",
    "state": "living",
    "warnings": [],
}


class OwnerAsked(Asked):
    """Whom: personal number, enterprise code, agency code, number of a foreigner."""

    identifier: str = Field(min_length=1, max_length=64, examples=["040090001234"])


class OwnerView(BaseModel):
    """An owner, by the id under which addresses know it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OWNER]})
    owner_id: UUID
    kind: OwnerKind
    name: str | None
    birth_date: str | None
    state: OwnerState
    warnings: list[Said] = Field(description="What is unusual about the number.")


class Owners(BaseModel):
    """Who has the number now: one, or nobody that is known here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owners": [_OWNER]}]})
    owners: list[OwnerView]


class Corrected(Asked):
    """What is known of an owner from now on; left out: it stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "Nguyễn Văn An", "birth_date": "1990-05-03", "reason": "Tên khai lần đầu bị sai"}
            ]
        },
    )
    name: Words = Field(examples=["Nguyễn Văn An"])
    birth_date: PartialDay | None = Field(None, examples=["1990-05-03"])
    state: OwnerState | None = Field(None, examples=["living"])
    reason: Words = Field(description="Why; kept in the owner's diary.", examples=["Tên khai lần đầu bị sai"])


class StoreView(BaseModel):
    """The one store of an owner."""

    owner_id: UUID = Field(examples=[_ID])
    store_id: UUID
    opened_at: Instant


class DocumentPage(BaseModel):
    """Some papers; `next` is the cursor of the following ones, none when these are the last."""

    documents: list[DocumentSummary]
    next: str | None


class Search(Asked):
    """Words that all stand in a paper: with accents only as written, without accents either way."""

    words: Words = Field(examples=["nguyen van an"])
    field: SearchField | None = Field(
        None,
        description="Where to look; everywhere by default. `type`: its name in Vietnamese or English, or any code.",
    )
    limit: StrictInt = Field(50, ge=1, le=100)


class Found(BaseModel):
    """The best papers; `more`: there are further ones, ask more narrowly."""

    documents: list[DocumentSummary]
    more: bool


@router.post("/owners/search", operation_id="search_owners", responses=problems(404))
def search_owners(house: TheHouse, actor: Acting, asked: OwnerAsked) -> Owners:
    """Who has this number now."""
    with house.datastore.begin(actor, "look_for_owner") as work:
        owner = work.owners.find(asked.identifier)
    return Owners(owners=[] if owner is None else [_view(house, owner)])


@router.get(
    "/owners/{owner_id}/record",
    operation_id="get_owner_record",
    response_model=OwnerView,
    responses={304: {"description": "As it is known."}, **problems(404)},
)
def get_owner_record(
    house: TheHouse, actor: StaffActing, owner_id: UUID, response: Response, known: IfNoneMatch = None
) -> OwnerView | Response:
    """What is known of an owner, with its tag for a correction, to whoever may correct it. Its diary tells."""
    owner = known_of(house, actor, owner_id)
    tag = tag_of(owner)
    if matches(known, tag):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return _view(house, owner)


@router.put("/owners/{owner_id}/record", operation_id="correct_owner", responses=problems(404, 412))
def correct_owner(
    house: TheHouse,
    actor: StaffActing,
    owner_id: UUID,
    said: Corrected,
    response: Response,
    seen: IfMatch = None,
) -> OwnerView:
    """Correct what is known of an owner that one made known, or of whom one sees a paper. Codes stay as they are."""
    born = None if said.birth_date is None else PartialDate.parse(said.birth_date)
    correction = Correction(said.name, born, said.state)
    owner = correct(house, actor, owner_id, correction, said.reason, seen=owner_wanted(seen))
    response.headers["ETag"] = tag_of(owner)
    return _view(house, owner)


def _view(house: House, owner: Owner) -> OwnerView:
    return OwnerView(
        owner_id=owner.id,
        kind=owner.kind,
        name=owner.name,
        birth_date=None if owner.birth_date is None else str(owner.birth_date),
        state=owner.state,
        warnings=[Said.of(doubt) for doubt in about_owner(house, owner)],
    )


@router.get("/stores/{owner_id}", operation_id="get_store", responses=problems(404))
def get_store(house: TheHouse, actor: Acting, owner_id: UUID) -> StoreView:
    """The store of an owner."""
    with house.datastore.begin(actor, "look_at_store") as work:
        store = work.owners.store_of(owner_id)
    return StoreView(owner_id=store.owner_id, store_id=store.id, opened_at=store.opened_at)


@router.get(
    "/stores/{owner_id}/documents",
    operation_id="list_store_documents",
    response_model=DocumentPage,
    responses=problems(404),
)
async def list_store_documents(
    request: Request,
    actor: Acting,
    owner_id: UUID,
    status: Annotated[Status | None, Query(description="Only papers with this status.")] = None,
    type: Annotated[
        Code | None, Query(description="Only papers of this type, under any of its codes.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What the store holds and whoever asks may see, newest first."""
    house = house_of(request)
    looks: Together[Looking[tuple[ListedDocument, ...]], tuple[ListedDocument, ...]] = request.app.state.looks
    found = await looks.ask(
        holdings.store_page(
            house, actor, owner_id, status=status, doc_type=type, after=place_of(cursor), limit=limit + 1
        )
    )
    shown, following = page_of(found, limit, _place_of)
    papers = [DocumentSummary.listed(one, holdings.name_of(house, one)) for one in shown]
    return whole(DocumentPage(documents=papers, next=following))


def _place_of(document: ListedDocument) -> Place:
    return Place(document.received_at, document.id)


@router.post("/search", operation_id="search_documents", response_model=Found, responses=problems(404))
def search_documents(house: TheHouse, actor: Acting, asked: Search) -> Response:
    """Papers by owner, code, type and text, best first."""
    found = holdings.find_page(house, actor, asked.words, asked.field, asked.limit + 1)
    shown = found[: asked.limit]
    papers = [DocumentSummary.listed(one, holdings.name_of(house, one)) for one in shown]
    return whole(Found(documents=papers, more=len(found) > len(shown)))
