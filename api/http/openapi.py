"""The description of the API (OpenAPI 3.1): what the framework writes, with problems under their own media type."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.http.identity import BEARER, CSRF_HEADER, SESSION_COOKIE
from api.http.problems import MEDIA_TYPE

_FIRST_ERROR = 400
_SESSION = "APIKeyCookie"
_PROBLEM = "#/components/schemas/Problem"


def describe(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The function that gives the application's description, made once."""

    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                openapi_version=app.openapi_version,
                routes=app.routes,
                webhooks=app.webhooks.routes,
            )
            app.openapi_schema["components"]["securitySchemes"][_SESSION] = {
                "type": "apiKey",
                "description": f"Session of a person; changes also need the header `{CSRF_HEADER}`.",
                "in": "cookie",
                "name": SESSION_COOKIE,
            }
            for path in app.openapi_schema["paths"].values():
                for operation in path.values():
                    _problems_under_their_type(operation["responses"])
                    _sessions_beside_tokens(operation.get("security", []))
        return app.openapi_schema

    return description


def _sessions_beside_tokens(security: list[dict[str, list[str]]]) -> None:
    if {BEARER: []} in security:
        security.append({_SESSION: []})


def _problems_under_their_type(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        if not status.isdecimal() or int(status) < _FIRST_ERROR:
            continue
        said = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
        if said in ("", _PROBLEM):  # other standards (OAuth) have errors of their own
            schema = {"schema": {"$ref": _PROBLEM}}
            response["content"] = {MEDIA_TYPE: schema}
