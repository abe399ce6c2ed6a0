"""Anybody may ask whether what they hold is genuine and in force. Nothing is told but that, and nobody is named."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from api.house import House
from api.http.bodies import body_of, checking
from api.http.doors import SHORT_CODE, Doorkeeper
from api.http.parts import TheHouse, TheVisitor, house_of, visitor_of
from api.http.shapes import Asked, Instant, Said, problems, whole
from api.http.together import Together
from api.steps.checking import Check, Checker
from api.steps.published import PublishedFiles
from api.steps.register import register
from signing import BadShortCode, Indication, check_short_code

router = APIRouter(tags=["verification"])
_LONGEST_SEAL = 8_000
"""Digits of the largest QR code, and a host before them."""


class Held(Asked):
    """What is printed: the link or the digits of the QR code, or the short code."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "7K3F-9QXM-2T8V-H"}]})
    text: str = Field(min_length=1, max_length=_LONGEST_SEAL)


class Verdict(BaseModel):
    """Two answers: `verdict` says whether it is genuine, `status` whether it is in force, as known when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "verdict": "TOTAL-PASSED",
                    "reasons": [],
                    "signatures": [],
                    "checked_at": "2026-11-22T01:05:09.000000Z",
                    "trust_as_of": "2026-11-22T01:00:00.000000Z",
                    "status": "good",
                    "status_as_of": "2026-11-22T01:00:00.000000Z",
                    "document": {"paper_name": "Giấy khai sinh", "print_number": 1},
                }
            ]
        }
    )
    verdict: Indication
    reasons: list[Said]
    signatures: list[dict[str, Any]]
    checked_at: Instant
    trust_as_of: Instant | None
    status: str
    status_as_of: Instant | None
    document: dict[str, Any] | None

    @classmethod
    def of(cls, check: Check) -> "Verdict":
        return cls(
            verdict=check.indication,
            reasons=[Said.of(reason) for reason in check.reasons],
            signatures=[signature.as_json() for signature in check.signatures],
            checked_at=check.checked_at,
            trust_as_of=check.trust_as_of,
            status=check.standing.word,
            status_as_of=check.status_as_of,
            document=None if check.claims is None else check.claims.as_json(),
        )


def _checker(house: House, published: PublishedFiles) -> Checker:
    return Checker(published.now(), house.clock, house.limits, house.settings.verify_hosts, register(house))


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A short code in its printed form, and the address from which it was sent."""

    code: str
    address: str


def codes_checked(
    house: House, published: PublishedFiles, keeper: Callable[[], Doorkeeper]
) -> Callable[[Sequence[ShownCode]], list[Check | Exception]]:
    """Checks short codes, each of which counts as a knock: of what is shown here only they could be guessed.

    TooManyRequests instead of what was shown from an address that knocked too often.
    """

    def checked(shown: Sequence[ShownCode]) -> list[Check | Exception]:
        refused = keeper().knocks(SHORT_CODE, [one.address for one in shown])
        let_in = [one.code for one, refusal in zip(shown, refused, strict=True) if refusal is None]
        checks = iter(_checker(house, published).check_short_codes(let_in) if let_in else ())
        return [next(checks) if refusal is None else refusal for refusal in refused]

    return checked


def _short_code(text: str) -> str | None:
    try:
        return check_short_code(text)
    except BadShortCode:
        return None


@router.post(
    "/verify", operation_id="verify_text", response_model=Verdict, responses=problems(429, public=True)
)
async def verify_text(request: Request, held: Held) -> Response:
    """Check a link, digits or a short code. Links are read, never followed."""
    state = request.app.state
    code = _short_code(held.text)
    if code is not None:
        codes: Together[ShownCode, Check] = state.codes
        check = await codes.ask(ShownCode(code, visitor_of(request).address))
    else:
        house = house_of(request)
        check = await run_in_threadpool(lambda: _checker(house, state.published).check_text(held.text))
    return whole(Verdict.of(check))


@router.post(
    "/verify/file",
    operation_id="verify_file",
    responses=problems(408, 413, 415, 429, public=True),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("application/pdf", "image/jpeg", "image/png", "image/tiff")
            },
        }
    },
)
async def verify_file(request: Request, visitor: TheVisitor, house: TheHouse) -> Verdict:
    """Check a signed PDF by its signatures, a photo or a print by its seals. Nothing of it is kept."""
    published: PublishedFiles = request.app.state.published
    await run_in_threadpool(visitor.knock, SHORT_CODE)
    async with body_of(request, house) as body:
        return await checking(request, lambda: Verdict.of(_checker(house, published).check_file(body.path)))
