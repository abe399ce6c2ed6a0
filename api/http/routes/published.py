"""What anyone may have without sign-in, to check papers by themselves: trust bundle, status list, checkpoint."""

import hashlib
from pathlib import Path

from fastapi import APIRouter, Response

from api.http.etags import IfNoneMatch, matches
from api.http.parts import TheHouse
from api.http.shapes import problems
from api.public import CHECKPOINT, STATUSES, TRUST
from api.steps.published import published_file
from datastore import NotFound

router = APIRouter(tags=["verification"])
_MAY_BE_KEPT = "public, max-age=300"
_PROBLEMS = problems(404, public=True)


def _answer(file: Path, media_type: str, known: str | None) -> Response:
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(what=file.name) from error
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": _MAY_BE_KEPT, "Cross-Origin-Resource-Policy": "cross-origin"}
    if matches(known, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


@router.get(
    "/trust-bundle",
    operation_id="get_trust_bundle",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "The signed bundle."}, **_PROBLEMS},
)
def get_trust_bundle(house: TheHouse, known: IfNoneMatch = None) -> Response:
    """The certificates and seal keys of this installation, signed by its log key."""
    return _answer(published_file(house, TRUST), "application/json", known)


@router.get(
    "/status-list",
    operation_id="get_status_list",
    response_class=Response,
    responses={200: {"content": {"application/cose": {}}, "description": "The signed list."}, **_PROBLEMS},
)
def get_status_list(house: TheHouse, known: IfNoneMatch = None) -> Response:
    """How every print stands, signed (COSE): always the whole list, so that nobody learns who asks for what."""
    return _answer(published_file(house, STATUSES), "application/cose", known)


@router.get(
    "/checkpoint",
    operation_id="get_checkpoint",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "The signed checkpoint."}, **_PROBLEMS},
)
def get_checkpoint(house: TheHouse, known: IfNoneMatch = None) -> Response:
    """The newest checkpoint of the log, to be kept elsewhere (C2SP signed note)."""
    return _answer(published_file(house, CHECKPOINT), "text/plain; charset=utf-8", known)
