"""Files on their way in: sent as they are, opened before they are answered, kept for a day."""

from typing import Annotated
from uuid import UUID

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict

from api.http.bodies import body_of, opening, opening_own
from api.http.doors import OWN_UPLOAD
from api.http.faults import LengthRequired
from api.http.identity import Who, said_in_header
from api.http.once import Keep, OnlyOnce, answer
from api.http.parts import TheHouse, TheVisitor
from api.http.shapes import Instant, problems
from api.steps.uploads import keep_upload
from datastore import Answer, Upload
from ingest import UNNAMED

router = APIRouter(tags=["uploads"])
_LONGEST_NAME = 255
_FILE = {"schema": {"type": "string", "format": "binary"}}
_KINDS = ("application/pdf", "image/jpeg", "image/png", "image/tiff", "application/octet-stream")


class UploadMade(BaseModel):
    """A file that was opened and found fit; it waits until `until` to become a document."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "upload_id": "019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11",
                    "name": "giay-khai-sinh.jpg",
                    "media_type": "image/jpeg",
                    "size": 482113,
                    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "pages": 1,
                    "signed": False,
                    "until": "2026-11-23T01:05:09.000000Z",
                }
            ]
        }
    )
    upload_id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    pages: int
    signed: bool
    until: Instant

    @classmethod
    def of(cls, upload: Upload) -> "UploadMade":
        return cls(
            upload_id=upload.id,
            name=upload.name,
            media_type=upload.media_type,
            size=upload.object.size,
            sha256=upload.sha256.hex,
            pages=upload.pages,
            signed=upload.signed,
            until=upload.until,
        )


_NAME = Header(
    alias="Khoso-File-Name",
    description="What the file is called, UTF-8, percent-encoded where it is not ASCII.",
    examples=["gi%E1%BA%A5y%20khai%20sinh.jpg"],
)


@router.post(
    "/uploads",
    operation_id="upload_file",
    status_code=201,
    response_class=Response,
    responses={
        201: {"model": UploadMade, "description": "Kept."},
        **problems(408, 409, 411, 413, 415, 429, 507),
    },
    openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(_KINDS, _FILE)}},
)
async def upload_file(
    request: Request,
    house: TheHouse,
    visitor: TheVisitor,
    who: Who,
    once: OnlyOnce,
    file_name: Annotated[str | None, _NAME] = None,
) -> Response:
    """Send one file (PDF, JPEG, PNG, TIFF) as the body. What it is, is told by its content, not by its name.

    A citizen sends files for its own store, so many a day, each with its `Content-Length`.
    """
    name = UNNAMED
    if file_name is not None:
        name = said_in_header("Khoso-File-Name", file_name, longest=_LONGEST_NAME)
    actor = who.actor("upload")
    if not who.staff:  # before a byte is received
        await run_sync(visitor.knock, OWN_UPLOAD, actor.person)
        announced = request.headers.get("content-length")
        if announced is None:
            raise LengthRequired
        await run_sync(house.datastore.require_room_for_upload, actor, int(announced))
    async with body_of(request, house) as body:

        def make(keep: Keep) -> Answer:
            made = keep_upload(
                house, actor, body.path, name, lambda work, upload: keep(work, _answer(upload))
            )
            return _answer(made)

        said = {"sha256": body.sha256.hex, "name": name}
        open_in = opening if who.staff else opening_own
        return await open_in(request, lambda: once.do(said, make))


def _answer(upload: Upload) -> Answer:
    return answer(201, UploadMade.of(upload))
