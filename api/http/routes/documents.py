"""Papers: handed in, looked at, their bytes, what was read on them, who did what with them."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool

from api.http.bodies import opening, opening_own, taking
from api.http.downloads import streamed
from api.http.etags import IfNoneMatch, matches, tag_of
from api.http.faults import NoPaperNamed
from api.http.identity import Acting, CitizenActing, StaffActing, proven
from api.http.once import Keep, OnlyOnce, answer
from api.http.paging import Cursor, Limit, page_of, place_of
from api.http.parts import API, TheHouse
from api.http.routes.exchange import ExchangeView, look_up
from api.http.shapes import Asked, Code, Instant, PartialDay, Said, Sha256, Words, problems
from api.http.views import DiaryLineView, DocumentView
from api.steps import holdings
from api.steps.holdings import Form
from api.steps.intake import Paper, Person, Received, take_in
from api.steps.own_papers import bring_own
from archive import Ground, SourceForm
from common import Digest, PartialDate
from datastore import Actor, Answer, DiaryLine, Place, Work
from ingest import BadExchangeCode, DossierNumber, MediaType

router = APIRouter(tags=["documents"])


def _each_once(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) < len(ids):
        raise ValueError("repeated")
    return ids


Uploaded = Annotated[
    list[UUID],
    AfterValidator(_each_once),
    Field(min_length=1, max_length=100, json_schema_extra={"uniqueItems": True}),
]
"""The files of a paper in their order, each once."""


class OwnerNamed(Asked):
    """Whose paper it is: the identifier, and what is known to match it with."""

    identifier: Annotated[str, Field(min_length=1, max_length=64, examples=["040090001234"])]
    name: Words | None = Field(None, examples=["Nguyễn Văn An"])
    birth_date: PartialDay | None = Field(None, examples=["1990-05-03"])


class Submission(Asked):
    """One paper of one or more uploaded files. Without owners it waits until its owner is named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "uploads": ["019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11"],
                    "owners": [{"identifier": "040090001234", "name": "Nguyễn Văn An"}],
                    "type": "KQ.G15.000031",
                    "dossier": "H41.08-261122-0001",
                    "source_form": "original",
                    "original_returned": True,
                    "compared": True,
                }
            ]
        },
    )
    uploads: Uploaded
    owners: list[OwnerNamed] = Field([], max_length=50)
    type: Code | None = None
    dossier: Annotated[str, Field(max_length=64)] | None = None
    ground: Literal[Ground.BACK_FILE, Ground.ISSUED_ELECTRONICALLY, Ground.CERTIFIED_COPY] | None = Field(
        None, description="`dossier_succeeded` is given by closing the dossier, not here."
    )
    source_form: SourceForm = SourceForm.ORIGINAL
    original_returned: StrictBool | None = None
    compared: StrictBool = Field(
        False,
        description="Whoever hands it in says by `true` to have compared scan and paper. It waits for a check else, "
        "and where that is said by one who may not check.",
    )
    back_file: StrictBool = Field(False, description="From the shelves: papers at the counter go first.")


class Accepted(BaseModel):
    """A paper that is kept: from now on it is not lost. `again`: it was held before, this is the same one.

    `warnings` tells what is unusual about the owners' numbers, and what was said of an owner that is not what is known
    of it: the paper waits for an answer once it was read. What is read on it may ask for one as well: `waits` tells.
    They also say where another paper stands in the place of the files that were brought, and which paper is there of
    the same files in another order, of one of them, or for other owners.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "document_id": "019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11",
                    "receipt": 12,
                    "again": False,
                    "status": "received",
                    "job_id": "019ab1f0-7c1f-7d52-9c6e-2f4b1f6f0a11",
                    "jobs": "/api/v1/documents/019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11/jobs",
                    "received_at": "2026-11-22T01:05:09.000000Z",
                    "warnings": [],
                }
            ]
        }
    )
    document_id: UUID
    receipt: int
    again: bool
    status: str
    job_id: UUID | None
    jobs: str
    received_at: Instant
    warnings: list[Said]


@router.post(
    "/documents",
    operation_id="submit_document",
    status_code=202,
    response_class=Response,
    responses={
        202: {"model": Accepted, "description": "Kept; reading goes on."},
        **problems(404, 409, 413, 507),
    },
)
async def submit_document(
    request: Request, house: TheHouse, actor: StaffActing, once: OnlyOnce, said: Submission
) -> Response:
    """Hand in a paper. The answer comes when it is kept; it is read, coded and signed in jobs after that."""

    def make(keep: Keep, judging: bool) -> Answer:
        paper = _paper(said, actor)
        made: list[Answer] = []
        uploads = house.datastore.uploads(actor, said.uploads)
        if not judging and any(upload.signed for upload in uploads):
            raise _ToBeJudged

        def also(work: Work, received: Received) -> None:
            made.append(_accepted(received))
            keep(work, made[-1])

        take_in(house, actor, paper, uploads, also)
        return made[-1]

    def work(judging: bool) -> Response:
        return once.do(said.model_dump(mode="json"), lambda keep: make(keep, judging))

    try:
        return await taking(request, lambda: work(False))
    except _ToBeJudged:
        return await opening(request, lambda: work(True))


class _ToBeJudged(Exception):
    """A file came signed: its signatures are judged in the sandbox, in the threads that are for that."""


class OwnPaper(Asked):
    """A paper of one's own, of one or more uploaded files."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"uploads": ["019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11"], "type": "KQ.G15.000031"},
            ]
        },
    )
    uploads: Uploaded
    type: Code | None = Field(None, description="What it is, where one knows it; else it is read.")


@router.post(
    "/stores/{owner_id}/documents",
    operation_id="bring_own_document",
    status_code=202,
    response_class=Response,
    responses={
        202: {"model": Accepted, "description": "Kept; reading goes on."},
        **problems(404, 409, 413, 507),
    },
)
async def bring_own_document(
    request: Request, house: TheHouse, actor: CitizenActing, once: OnlyOnce, owner_id: UUID, said: OwnPaper
) -> Response:
    """Bring a paper into one's own store, or into that of whom one stands for.

    It is kept as *uploaded by the owner*: coded and read, without a ground. An officer of the agency checks it before
    it is anything more. An upload becomes one paper.
    """

    def make(keep: Keep) -> Answer:
        made: list[Answer] = []
        # Looked for here: a request that is sent again is answered before, though its uploads are used up.
        uploads = house.datastore.uploads(actor, said.uploads)

        def also(work: Work, received: Received) -> None:
            made.append(_accepted(received))
            keep(work, made[-1])

        bring_own(house, actor, owner_id, uploads, doc_type=said.type, also=also)
        return made[-1]

    return await opening_own(request, lambda: once.do(said.model_dump(mode="json"), make))


def _paper(said: Submission, actor: Actor) -> Paper:
    return Paper(
        owners=tuple(Person(one.identifier, one.name, _partial_date(one.birth_date)) for one in said.owners),
        doc_type=said.type,
        dossier=str(DossierNumber.parse(said.dossier)) if said.dossier else actor.dossier,
        ground=None if said.ground is None else Ground(said.ground),
        source=said.source_form,
        back_file=said.back_file,
        compared=said.compared,
        original_returned=said.original_returned,
    )


def _partial_date(text: str | None) -> PartialDate | None:
    return None if text is None else PartialDate.parse(text)


def _accepted(received: Received) -> Answer:
    document = received.document
    place = f"{API}/documents/{document.id}"
    body = Accepted(
        document_id=document.id,
        receipt=received.receipt,
        again=received.again,
        status=document.status,
        job_id=None if received.job is None else received.job.id,
        jobs=f"{place}/jobs",
        received_at=document.received_at,
        warnings=[Said.of(doubt) for doubt in received.doubts],
    )
    return answer(202, body, Location=place)


@router.get(
    "/documents/{document_id}",
    operation_id="get_document",
    responses={304: {"description": "As it is known."}, **problems(404)},
    response_model=DocumentView | ExchangeView,
)
def get_document(
    house: TheHouse,
    actor: Acting,
    document_id: Annotated[str, Path(description="Id of a paper, or a DocCode.", max_length=36)],
    response: Response,
    known: IfNoneMatch = None,
) -> DocumentView | ExchangeView | Response:
    """A paper as it stands, with its tag for a later change; under a DocCode as official letter 7197 wants it."""
    try:
        id = UUID(document_id)
    except ValueError:
        try:
            return look_up(house, actor, document_id)
        except BadExchangeCode as error:
            raise NoPaperNamed from error
    held = holdings.look(house, actor, id)
    tag = tag_of(held.document)
    if matches(known, tag):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return DocumentView.of(held)


@router.get(
    "/documents/{document_id}/content",
    operation_id="get_document_content",
    response_class=Response,
    dependencies=[Depends(proven)],
    responses={
        200: {
            "description": "The bytes.",
            "content": {
                media_type.value: {"schema": {"type": "string", "format": "binary"}}
                for media_type in MediaType
            },
        },
        **problems(404),
    },
)
def get_document_content(
    house: TheHouse,
    actor: Acting,
    document_id: UUID,
    form: Annotated[Form, Query(description="The PDF that stands for it, or what came in.")] = Form.SIGNED,
    n: Annotated[int, Query(ge=1, le=1000, description="Which original, where several came in.")] = 1,
    sha256: Annotated[Sha256 | None, Query(description="Just these bytes, as a dossier cites them.")] = None,
) -> Response:
    """The bytes of a paper: its newest signed PDF, what came in, byte for byte, or the state with a digest."""
    if sha256 is not None:
        digest = Digest.from_hex(sha256)
        return streamed(
            house, f"{document_id}", lambda out: holdings.fetch_cited(house, actor, document_id, digest, out)
        )
    return streamed(
        house, f"{document_id}", lambda out: holdings.fetch_one(house, actor, document_id, form, n, out)
    )


@router.get(
    "/documents/{document_id}/reading",
    operation_id="get_document_reading",
    response_class=Response,
    responses={
        200: {
            "description": "Pages, words with their boxes, type, fields.",
            "content": {"application/json": {}},
        },
        **problems(404),
    },
)
def get_document_reading(house: TheHouse, actor: Acting, document_id: UUID) -> Response:
    """What the machine read on the pages; it stays as it was read, whatever a person confirmed."""
    return Response(holdings.reading_of(house, actor, document_id), media_type="application/json")


class DiaryPage(BaseModel):
    """Some lines of the diary, oldest first; `next` is the cursor of the following ones."""

    lines: list[DiaryLineView]
    next: str | None


@router.get("/documents/{document_id}/diary", operation_id="get_document_diary", responses=problems(404))
def get_document_diary(
    house: TheHouse, actor: Acting, document_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> DiaryPage:
    """Who did what with this paper: for staff what their agency did, for an owner everything."""
    with house.datastore.begin(actor, "look_at_diary") as work:
        found = work.diary.of_document(document_id, after=place_of(cursor), limit=limit + 1)
    lines, following = page_of(found, limit, _place_of_line)
    return DiaryPage(
        lines=[DiaryLineView.of(line, holdings.name_of(house, line)) for line in lines], next=following
    )


@router.get("/owners/{owner_id}/diary", operation_id="get_owner_diary", responses=problems(404))
def get_owner_diary(
    house: TheHouse, actor: Acting, owner_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> DiaryPage:
    """Who looked, and who did what: for an owner all about itself, for an auditor what the agency did."""
    with house.datastore.begin(actor, "look_at_diary") as work:
        found = work.diary.of_owner(owner_id, after=place_of(cursor), limit=limit + 1)
    lines, following = page_of(found, limit, _place_of_line)
    return DiaryPage(
        lines=[DiaryLineView.of(line, holdings.name_of(house, line)) for line in lines], next=following
    )


def _place_of_line(line: DiaryLine) -> Place:
    return Place(line.at, line.id)


class CodeView(BaseModel):
    """A code that the paper has or had; `instance` counts the papers under the same code."""

    owner_id: UUID
    code: str = Field(examples=["040090001234.KQ.G15.000031"])
    instance: int
    assigned_at: Instant
    ended_at: Instant | None


class Codes(BaseModel):
    """All codes of a paper, in the order in which they were given."""

    codes: list[CodeView]


@router.get("/documents/{document_id}/codes", operation_id="get_document_codes", responses=problems(404))
def get_document_codes(house: TheHouse, actor: Acting, document_id: UUID) -> Codes:
    """Under which codes the paper is and was known: what was printed never changes, it only ends."""
    document = holdings.look(house, actor, document_id).document
    return Codes(
        codes=[
            CodeView(
                owner_id=code.owner_id,
                code=code.code,
                instance=code.instance,
                assigned_at=code.assigned_at,
                ended_at=code.ended_at,
            )
            for code in document.codes
        ]
    )
