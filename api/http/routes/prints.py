"""Paper copies: asked for, made by those who hold the keys, fetched when they are ready, taken back one by one."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.house import House
from api.http.downloads import BYTES, streamed
from api.http.identity import Acting, StaffActing, proven
from api.http.once import Keep, OnlyOnce, answer
from api.http.paging import Limit
from api.http.parts import API, TheHouse
from api.http.shapes import Asked, Instant, Words, problems
from api.steps import printing
from api.steps.holdings import Content
from api.steps.paper_copy import link_of
from common import Digest
from datastore import Actor, Answer, Print, PrintState, Work
from ingest import MediaType

router = APIRouter(tags=["prints"])
_ID = "019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11"


class PrintAsked(Asked):
    """To whom the copy is given and why: both stand on it and in the register."""

    to: Words = Field(examples=["Ngân hàng Nông nghiệp, chi nhánh Vinh"])
    reason: Words = Field(examples=["Vay vốn"])


class Because(Asked):
    """Why; kept in the register."""

    reason: Words = Field(examples=["Thất lạc"])


class PrintView(BaseModel):
    """A print in the register. `ready`: its sheets can be fetched. Only prints of a valid paper are sealed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "print_id": _ID,
                    "document_id": _ID,
                    "number": 1,
                    "state": "ready",
                    "to": "Ngân hàng Nông nghiệp, chi nhánh Vinh",
                    "reason": "Vay vốn",
                    "by": "mai.tran",
                    "at": "2026-11-22T01:05:09.000000Z",
                    "sealed": True,
                    "link": "https://kiemtra.khoso.example/v#0123456789",
                    "short_code": "7K3F-9QXM-2T8V-H",
                    "pages": 1,
                    "fingerprints": ["3F9A-01BC"],
                    "revision_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "revoked_at": None,
                    "revoke_reason": None,
                }
            ]
        }
    )
    print_id: UUID
    document_id: UUID
    number: int
    state: PrintState
    to: str
    reason: str
    by: str
    at: Instant
    sealed: bool
    link: str | None
    short_code: str | None
    pages: int | None
    fingerprints: list[str]
    revision_sha256: str
    revoked_at: Instant | None
    revoke_reason: str | None

    @classmethod
    def of(cls, house: House, entry: Print) -> "PrintView":
        sealed = entry.seal is not None
        return cls(
            print_id=entry.id,
            document_id=entry.document_id,
            number=entry.number,
            state=entry.state,
            to=entry.to_whom,
            reason=entry.reason,
            by=entry.by,
            at=entry.at,
            sealed=sealed,
            link=link_of(house, entry),
            short_code=entry.short_code if sealed else None,
            pages=len(entry.fingerprints) or None,
            fingerprints=list(entry.fingerprints),
            revision_sha256=entry.revision_sha256.hex,
            revoked_at=entry.revoked_at,
            revoke_reason=entry.revoke_reason,
        )


class Prints(BaseModel):
    """Some prints of a paper by their numbers; `next` is the `after` of the following ones."""

    prints: list[PrintView]
    next: int | None


def _answer(house: House, status: int, entry: Print) -> Answer:
    return answer(status, PrintView.of(house, entry), Location=f"{API}/prints/{entry.id}")


@router.post(
    "/documents/{document_id}/prints",
    operation_id="request_print",
    status_code=202,
    response_class=Response,
    responses={
        202: {"model": PrintView, "description": "In the register; being made."},
        **problems(404, 409),
    },
)
def request_print(
    house: TheHouse, actor: StaffActing, once: OnlyOnce, document_id: UUID, asked: PrintAsked
) -> Response:
    """Ask for a paper copy of the newest signed state. It has its number at once and its sheets soon after."""

    def make(keep: Keep) -> Answer:
        def also(work: Work, entry: Print) -> None:
            keep(work, _answer(house, 202, entry))

        entry = printing.request_print(house, actor, document_id, to=asked.to, reason=asked.reason, also=also)
        return _answer(house, 202, entry)

    return once.do(asked.model_dump(mode="json"), make)


@router.get("/documents/{document_id}/prints", operation_id="list_prints", responses=problems(404))
def list_prints(
    house: TheHouse,
    actor: Acting,
    document_id: UUID,
    after: Annotated[int, Query(ge=0, lt=2**31, description="`next` of the page before.")] = 0,
    limit: Limit = 50,
) -> Prints:
    """The register of a paper's prints, by their numbers."""
    with house.datastore.begin(actor, "look_at_prints") as work:
        found = work.prints.of_document(document_id, after=after, limit=limit + 1)
    shown = found[:limit]
    following = shown[-1].number if len(found) > limit else None
    return Prints(prints=[PrintView.of(house, entry) for entry in shown], next=following)


def _entry(house: House, actor: Actor, print_id: UUID) -> Print:
    with house.datastore.begin(actor, "look_at_print") as work:
        return work.prints.get(print_id)


@router.get("/prints/{print_id}", operation_id="get_print", responses=problems(404))
def get_print(house: TheHouse, actor: Acting, print_id: UUID) -> PrintView:
    """A print in the register, and how far its making is."""
    return PrintView.of(house, _entry(house, actor, print_id))


@router.get(
    "/prints/{print_id}/content",
    operation_id="get_print_content",
    response_class=Response,
    dependencies=[Depends(proven)],
    responses={
        200: {"description": "The sheets.", "content": {MediaType.PDF.value: BYTES}},
        **problems(404, 409),
    },
)
def get_print_content(house: TheHouse, actor: Acting, print_id: UUID) -> Response:
    """The sheets, to be printed as they are; 409 while they are not made."""

    def fetch(out: Path) -> Content:
        path = printing.fetch_print(house, actor, print_id, out)
        return Content(path, MediaType.PDF.value, Digest.of_file(path))

    return streamed(house, f"{print_id}", fetch)


@router.post(
    "/prints/{print_id}/revoke",
    operation_id="revoke_print",
    response_class=Response,
    responses={200: {"model": PrintView, "description": "Taken back."}, **problems(404)},
)
def revoke_print(
    house: TheHouse, actor: StaffActing, once: OnlyOnce, print_id: UUID, said: Because
) -> Response:
    """Take one print back; whoever checks it learns so soon after."""

    def make(_keep: Keep) -> Answer:
        return _answer(house, 200, printing.revoke_print(house, actor, print_id, said.reason))

    return once.do(said.model_dump(mode="json"), make)
