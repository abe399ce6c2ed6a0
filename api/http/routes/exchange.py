"""The four addresses that official letter 7197/BKHCN-CĐSQG asks of every system: a thin door to the same steps.

The names are the letter's. `DocCode` is the code that the sending system gave, never the code of a digitised paper,
which holds a personal number. `GET /documents/{DocCode}` stands with the other papers, in `documents`.
"""

import base64
import binascii
from pathlib import Path as PathOnDisk
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ConfigDict, Field, StrictInt, StringConstraints
from pydantic.config import JsonDict

from api.house import House
from api.http.bodies import opening
from api.http.downloads import BYTES, streamed
from api.http.faults import RequestInvalid, Wrong
from api.http.identity import Acting, StaffActing, proven
from api.http.once import Keep, OnlyOnce, answer
from api.http.parts import API, TheHouse
from api.http.shapes import Asked, Day, Line11, Line30, Line100, Line500, Words, problems
from api.steps import holdings
from api.steps.holdings import Form
from api.steps.intake import Brought, Paper, Person, Received, open_file, take_in
from archive import SourceForm, Status
from common import Digest, say
from datastore import Actor, Answer, DocumentRecord, Exchanged, Work
from ingest import LONGEST_EXCHANGE_CODE, ExchangeCode, MediaType

router = APIRouter(tags=["exchange"])
_LARGEST_CONTENT = 5_000_000
LARGEST_IMPORT = _LARGEST_CONTENT * 4 // 3 + 100_000
"""Bytes of an import whose file stands in it; a larger file is uploaded before."""
_EXAMPLE_ID = "019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11"
_EXAMPLE: JsonDict = {
    "DocCode": "G06.01_CV_000021_V1",
    "TypeName": "Công văn",
    "CodeNumber": "21",
    "CodeNotation": "21/UBND-VP",
    "IssuedDate": "2026-11-20",
    "OrganName": "Ủy ban nhân dân phường Trường Vinh",
    "Subject": "V/v số hóa hồ sơ thủ tục hành chính",
}


DocCode = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_EXCHANGE_CODE)]


class Metadata(Asked):
    """What the letter wants to be said of a document: the first seven always, the others where they are known."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})
    DocCode: DocCode
    TypeName: Line100
    CodeNumber: Line11
    CodeNotation: Line30
    IssuedDate: Day
    OrganName: Words
    Subject: Line500
    Language: Line100 | None = None
    PageAmount: StrictInt | None = Field(None, ge=1, le=100_000)
    Description: Line500 | None = None
    InforSign: Line30 | None = None
    Keyword: Line100 | None = None
    Mode: Line30 | None = None
    ConfidenceLevel: Line30 | None = None
    Format: Line30 | None = None


class Import(Metadata):
    """A document with its file: `Content` in base64, or `UploadId` of a file that was uploaded before.

    `Owners` are the identifiers of those whose paper it is; without them it waits until its owner is named.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{**_EXAMPLE, "UploadId": _EXAMPLE_ID}]}
    )
    Content: Annotated[str, Field(max_length=LARGEST_IMPORT)] | None = None
    UploadId: UUID | None = None
    Owners: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field([], max_length=50)


class ExchangeView(Metadata):
    """A document under its DocCode, and how it stands here."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_EXAMPLE, "DocumentId": _EXAMPLE_ID, "Status": "valid"}]}
    )
    DocumentId: UUID
    Status: Status

    @classmethod
    def of(cls, exchanged: Exchanged, document: DocumentRecord) -> "ExchangeView":
        said = {"PageAmount": document.version.page_count, **_said(exchanged)}
        return cls.model_validate({**said, "DocumentId": document.id, "Status": document.status})


def _said(exchanged: Exchanged) -> dict[str, object]:
    return {name: value for name, value in exchanged.said.items() if value is not None}


@router.post(
    "/documents/import",
    operation_id="import_document",
    status_code=201,
    response_class=Response,
    responses={201: {"model": ExchangeView, "description": "Kept."}, **problems(404, 409, 413, 415, 507)},
)
async def import_document(
    request: Request, house: TheHouse, actor: StaffActing, once: OnlyOnce, said: Import
) -> Response:
    """Take in a document that another system holds, under the code that it has there."""
    code = str(ExchangeCode.parse(said.DocCode))

    def make(keep: Keep) -> Answer:
        made: list[Answer] = []

        def also(work: Work, received: Received) -> None:
            exchanged = work.exchange.keep(code, received.document.id, _kept(said), anew=False)
            place = f"{API}/documents/{code}"
            made.append(answer(201, ExchangeView.of(exchanged, received.document), Location=place))
            keep(work, made[-1])

        with house.room.desk() as desk:
            owners = tuple(Person(owner) for owner in said.Owners)
            paper = Paper(owners=owners, source=SourceForm.E_COPY, compared=False)
            take_in(house, actor, paper, [_file(house, actor, said, desk)], also)
        return made[-1]

    identity = {**said.model_dump(mode="json"), "Content": _digest(said)}
    return await opening(request, lambda: once.do(identity, make))


def _kept(said: Metadata) -> dict[str, object]:
    return said.model_dump(mode="json", include=set(Metadata.model_fields))


def _digest(said: Import) -> str | None:
    return None if said.Content is None else Digest.of(said.Content.encode()).hex


def _file(house: House, actor: Actor, said: Import, desk: PathOnDisk) -> Brought:
    """The file, opened: here, or when it was uploaded. RequestInvalid unless just one of the two is given."""
    if (said.Content is None) == (said.UploadId is None):
        one_of_two = say("expected_one_of_two", one="Content", other="UploadId")
        raise RequestInvalid(
            *(Wrong(f"/body/{name}", "one_of_two", one_of_two) for name in ("Content", "UploadId"))
        )
    if said.UploadId is not None:
        (upload,) = house.datastore.uploads(actor, [said.UploadId])
        return upload
    try:
        content = base64.b64decode(said.Content or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestInvalid(Wrong("/body/Content", "base64", say("expected_base64"))) from error
    file = desk / "content"
    file.write_bytes(content)
    return open_file(house, actor, file, name=said.DocCode)


@router.put("/documents/{document_id}", operation_id="change_imported_document", responses=problems(404, 409))
def change_imported_document(
    house: TheHouse,
    actor: StaffActing,
    document_id: Annotated[str, Path(max_length=LONGEST_EXCHANGE_CODE, description="DocCode.")],
    said: Metadata,
) -> ExchangeView:
    """Say anew what the other system says of a document. Its file stays as it came: a new one is a new version."""
    code = str(ExchangeCode.parse(document_id))
    if code != str(ExchangeCode.parse(said.DocCode)):
        raise RequestInvalid(Wrong("/body/DocCode", "same", say("expected_doc_code_of_address")))
    with house.datastore.begin(actor, "change_exchanged") as work:
        document = work.documents.get(work.exchange.find(code).document_id)
        return ExchangeView.of(work.exchange.keep(code, document.id, _kept(said)), document)


def look_up(house: House, actor: Actor, doc_code: str) -> ExchangeView:
    """The document under a DocCode; NotFound, BadExchangeCode."""
    code = str(ExchangeCode.parse(doc_code))
    with house.datastore.begin(actor, "look_at_exchanged") as work:
        exchanged = work.exchange.find(code)
        return ExchangeView.of(exchanged, work.documents.get(exchanged.document_id))


@router.get(
    "/documents/download/{doc_code}",
    operation_id="download_imported_document",
    response_class=Response,
    dependencies=[Depends(proven)],
    responses={
        200: {"description": "The bytes.", "content": {kind.value: BYTES for kind in MediaType}},
        **problems(404),
    },
)
def download_imported_document(
    house: TheHouse,
    actor: Acting,
    doc_code: Annotated[str, Path(max_length=LONGEST_EXCHANGE_CODE, description="DocCode.")],
) -> Response:
    """The PDF that stands for the document: signed here where it was, else the file as it came."""
    found = look_up(house, actor, doc_code)
    return streamed(
        house,
        found.DocCode,
        lambda out: holdings.fetch_one(house, actor, found.DocumentId, Form.SIGNED, 1, out),
    )
