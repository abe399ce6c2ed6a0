"""Every answer that is no success, as a problem (RFC 9457): one shape, two languages, a stable code.

Said is what the asker can act on. What is our fault is written to the log under its name and answered with a
sentence that tells nothing of the inside.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.errors import http_status
from api.http.expected import example_at, expected
from api.http.faults import MOST_FAULTS, RequestInvalid, TokenRefused, TooManyRequests, Wrong
from api.http.languages import Language, language_of
from api.http.observing import route_template
from api.logs import log
from common import KhosoError, Sentence, say
from datastore import TooManyUploads

MEDIA_TYPE = "application/problem+json"
SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
)
"""On every answer that does not say otherwise: nearly all of them are about somebody's papers."""
_ENUMERATIONS = ("enum", "literal_error")
_WITHOUT_DETAILS = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
"""Their sentences are for the operator: they name folders, keys and hosts."""
_RETRY_SECONDS = 5
_OF_THE_PROTOCOL = {
    HTTPStatus.UNAUTHORIZED: "sign_in_needed",
    HTTPStatus.NOT_FOUND: "address_unknown",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
}


class Fault(BaseModel):
    """One thing that is wrong with a request: where, and what, in the words of the schema and of people."""

    pointer: str = Field(examples=["/body/source_form"])
    code: str = Field(examples=["enum"])
    allowed: list[str] | None = Field(
        None, description="Where only some values are: those.", examples=[["original", "certified_copy"]]
    )
    vi: str | None = Field(None, description="What is expected there.")
    en: str | None = None

    @classmethod
    def of(cls, wrong: Wrong) -> "Fault":
        said = wrong.expected
        return cls(
            pointer=wrong.pointer,
            code=wrong.code,
            allowed=None if wrong.allowed is None else list(wrong.allowed),
            vi=None if said is None else said.vi,
            en=None if said is None else said.en,
        )


class Problem(BaseModel):
    """Why a request was not done, as RFC 9457 has it; `vi` and `en` say the same, `detail` in the asked language."""

    type: str = Field(examples=["urn:khoso:problem:not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404], ge=400, le=599)
    detail: str
    code: str = Field(examples=["not_found"])
    vi: str
    en: str
    errors: list[Fault] | None = None
    roles: list[str] | None = Field(
        None,
        description="The roles that the sentence names, by their codes: those that may, or the one that stands alone.",
        examples=[["handler"]],
    )


def problem(
    status: int,
    sentence: Sentence,
    language: Language,
    *,
    faults: Sequence[Fault] | None = None,
    roles: Sequence[str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as an answer."""
    body = Problem(
        type=f"urn:khoso:problem:{sentence.code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=sentence.vi if language is Language.VIETNAMESE else sentence.en,
        code=sentence.code,
        vi=sentence.vi,
        en=sentence.en,
        errors=None if faults is None else list(faults),
        roles=None if roles is None else list(roles),
    )
    named = {"Content-Language": language.value, "Vary": "Accept-Language", **(headers or {})}
    return JSONResponse(body.model_dump(exclude_none=True), status, named, media_type=MEDIA_TYPE)


def of_error(error: KhosoError, language: Language) -> Response:
    """A problem for an error of a room."""
    status, sentence, headers = http_status(error), error.sentence, {}
    if status in _WITHOUT_DETAILS:
        log.error("request_not_served", status=int(status), exc_info=error)
        general = say("fault_of_ours" if status == HTTPStatus.INTERNAL_SERVER_ERROR else "not_ready")
        sentence = Sentence(error.code, general.vi, general.en)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(_RETRY_SECONDS)
    if status == HTTPStatus.UNAUTHORIZED:
        # RFC 6750, section 3: why, where a token was shown.
        headers["WWW-Authenticate"] = (
            'Bearer error="invalid_token"' if isinstance(error, TokenRefused) else "Bearer"
        )
    if isinstance(error, TooManyRequests | TooManyUploads):
        headers["Retry-After"] = str(error.seconds)
    roles = [role for role in str(error.facts.get("roles", "")).split(", ") if role]
    faults = [Fault.of(wrong) for wrong in error.wrong] if isinstance(error, RequestInvalid) else None
    return problem(status, sentence, language, faults=faults, roles=roles or None, headers=headers)


def install(app: FastAPI) -> None:
    """Have every error of this application answered as a problem."""
    app.add_exception_handler(KhosoError, _khoso_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _protocol_error)
    app.add_exception_handler(Exception, _fault_of_ours)


def language_asked(request: Request) -> Language:
    """The language of an answer to this request."""
    return language_of(request.headers.get("accept-language"))


async def _khoso_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, KhosoError)
    return of_error(error, language_asked(request))


async def _invalid(request: Request, error: Exception) -> Response:
    """Where and what is wrong, never the value: it may be a personal number."""
    assert isinstance(error, RequestValidationError)
    wrong = [_wrong(request, found) for found in error.errors()[:MOST_FAULTS]]
    return of_error(RequestInvalid(*wrong), language_asked(request))


def _wrong(request: Request, found: Mapping[str, Any]) -> Wrong:
    allowed, example = _allowed(found), None
    if found["type"] == "string_pattern_mismatch":  # the only kind that an example explains
        description = request.app.openapi()
        operations = description["paths"].get(route_template(request.scope), {})
        example = example_at(description, operations.get(request.method.lower(), {}), found["loc"])
    said = expected(found, allowed=allowed, example=example)
    # What is no JSON has no places: the library counts its characters.
    place = found["loc"][:1] if found["type"] == "json_invalid" else found["loc"]
    return Wrong(_pointer(place), str(found["type"]), said, allowed)


def _allowed(found: Mapping[str, Any]) -> list[str] | None:
    """The values of an enumeration, as the library lists them: 'original', 'certified_copy' or 'e_copy'."""
    if found["type"] not in _ENUMERATIONS:
        return None
    # Values that are no text have no quotes, and are not listed.
    return re.findall(r"'([^']*)'", found["ctx"]["expected"]) or None


def _pointer(place: Sequence[object]) -> str:
    return "".join(f"/{part}" for part in place)


async def _protocol_error(request: Request, error: Exception) -> Response:
    """What the framework itself refuses: an unknown address, a method that is not there, a broken body."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, KhosoError):  # raised while the framework read the body
        return of_error(error.__cause__, language_asked(request))
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.BAD_REQUEST:  # a body that is no JSON is one of a wrong form
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = _OF_THE_PROTOCOL.get(status, "request_invalid" if status < 500 else "fault_of_ours")
    sentence = say(code, where="/body") if code == "request_invalid" else say(code)
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _methods_of(request) or headers.get("Allow", "")
    return problem(status, sentence, language_asked(request), headers=headers)


def _methods_of(request: Request) -> str:
    """Every method of the address that was asked for: the framework names those of one route, and there is one each."""
    addresses = request.app.openapi()["paths"]
    # An address that is described as it stands goes before a template that fits it as well.
    methods = addresses.get(request.url.path) or addresses.get(route_template(request.scope), {})
    return ", ".join(sorted(method.upper() for method in methods))


async def _fault_of_ours(request: Request, error: Exception) -> Response:
    """The outermost border: the log gets where it happened, the asker a sentence."""
    log.error("request_fault", route=route_template(request.scope), exc_info=error)
    # Answered outside of everything that stands before the routes, so the headers are put here.
    return problem(500, say("fault_of_ours"), language_asked(request), headers=SECURITY_HEADERS)
