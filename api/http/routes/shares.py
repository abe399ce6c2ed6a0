"""Papers that an owner shows to somebody: for a purpose, so often, so long; and the door for whoever was given one.

Sharing needs a fresh proof of who one is. The token is shown once and travels in bodies, never in an address.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from api.http.doors import SHARE
from api.http.downloads import BYTES, streamed
from api.http.identity import Acting, proven
from api.http.once import Keep, OnlyOnce, answer
from api.http.parts import TheHouse, TheVisitor
from api.http.shapes import Asked, Code, Instant, Planned, Why, Words, problems
from api.steps.sharing import open_shared
from datastore import Answer, Share
from ingest import AgencyCode, MediaType

router = APIRouter(tags=["shares"])
_ID = "019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11"


class OpeningView(BaseModel):
    """That somebody opened it."""

    n: int
    at: Instant
    who: str


class ShareView(BaseModel):
    """One file of a paper, shown to a recipient."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _ID,
                    "document_id": _ID,
                    "version": 1,
                    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "purpose": "vay vốn",
                    "recipient": "Ngân hàng A",
                    "recipient_agency": None,
                    "most": 1,
                    "until": "2026-12-01T00:00:00.000000Z",
                    "made_at": "2026-11-22T01:05:09.000000Z",
                    "ended_at": None,
                    "end_reason": None,
                    "openings": [],
                }
            ]
        }
    )
    id: UUID
    document_id: UUID
    version: int
    sha256: str
    purpose: str
    recipient: str
    recipient_agency: str | None
    most: int
    until: Instant
    made_at: Instant
    ended_at: Instant | None
    end_reason: str | None
    openings: list[OpeningView]

    @classmethod
    def of(cls, share: Share) -> "ShareView":
        return cls(
            id=share.id,
            document_id=share.document_id,
            version=share.version,
            sha256=share.sha256.hex,
            purpose=share.purpose,
            recipient=share.recipient,
            recipient_agency=share.recipient_agency,
            most=share.most,
            until=share.until,
            made_at=share.made_at,
            ended_at=share.ended_at,
            end_reason=share.end_reason,
            openings=[OpeningView(n=one.n, at=one.at, who=one.who) for one in share.openings],
        )


class Shares(BaseModel):
    """The shares of a store, newest first, those that are over as well."""

    shares: list[ShareView]


class ShareWithToken(BaseModel):
    """A share, and the token that opens it, which is shown this once: null when the request is only repeated."""

    share: ShareView
    token: str | None = Field(examples=["Yk3r…"])


class NewShare(Asked):
    """What is shown to whom, why, until when and how often."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "document_id": _ID,
                    "purpose": "vay vốn",
                    "recipient": "Ngân hàng A",
                    "until": "2026-12-01T00:00:00Z",
                    "openings": 1,
                }
            ]
        },
    )
    document_id: UUID
    purpose: Words
    recipient: Words
    until: Planned
    openings: StrictInt = Field(1, ge=1, le=100)
    agency: Code | None = None


class Token(Asked):
    """What the owner handed over, and who opens it, as it will stand in the owner's diary."""

    token: Annotated[str, Field(min_length=20, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]
    who: Words = Field(examples=["Ngân hàng A, chi nhánh Vinh"])


@router.get("/shares", operation_id="list_shares", responses=problems())
def list_shares(house: TheHouse, actor: Acting) -> Shares:
    """The shares of one's store, with every opening."""
    with house.datastore.begin(actor, "look_at_shares") as work:
        return Shares(shares=[ShareView.of(one) for one in work.shares.all()])


@router.post(
    "/shares",
    operation_id="make_share",
    status_code=201,
    dependencies=[Depends(proven)],
    response_class=Response,
    responses={201: {"model": ShareWithToken, "description": "Shared."}, **problems(404, 409)},
)
def make_share(house: TheHouse, actor: Acting, once: OnlyOnce, said: NewShare) -> Response:
    """Show what stands for a paper now to somebody. Needs a fresh proof of who one is."""

    def make(keep: Keep) -> Answer:
        with house.datastore.begin(actor, "share") as work:
            share, token = work.shares.make(
                said.document_id,
                purpose=said.purpose,
                recipient=said.recipient,
                until=said.until,
                openings=said.openings,
                agency=None if said.agency is None else str(AgencyCode.parse(said.agency)),
            )
            view = ShareView.of(share)
            keep(work, answer(201, ShareWithToken(share=view, token=None)))
        return answer(201, ShareWithToken(share=view, token=token))

    return once.do(said.model_dump(mode="json"), make)


@router.post("/shares/{id}/revoke", operation_id="revoke_share", responses=problems(404))
def revoke_share(house: TheHouse, actor: Acting, id: UUID, said: Why) -> ShareView:
    """End a share at once."""
    with house.datastore.begin(actor, "revoke_share") as work:
        return ShareView.of(work.shares.revoke(id, reason=said.reason))


@router.post(
    "/shares/open",
    operation_id="open_share",
    response_class=Response,
    responses={
        200: {
            "description": "The bytes that were shared; `Khoso-Status`, `Khoso-Weight`: what they are worth.",
            "content": {kind.value: BYTES for kind in MediaType},
        },
        **problems(404, 410, 429, public=True),
    },
)
def open_share(house: TheHouse, visitor: TheVisitor, said: Token) -> Response:
    """Open what was shared. It counts, and the owner sees who did."""
    visitor.knock(SHARE)
    opened = house.datastore.open_share(said.token, said.who)
    visitor.forgive(SHARE)
    response = streamed(house, str(opened.share.document_id), lambda out: open_shared(house, opened, out))
    response.headers["Khoso-Status"] = opened.status
    response.headers["Khoso-Weight"] = opened.weight
    return response
