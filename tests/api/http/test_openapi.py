"""The description of the API is complete: names, examples, problems, for every operation that is served."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.http.servers import Service

_METHODS = ("get", "put", "post", "delete", "patch")


@pytest.fixture(scope="module")
def described(served: Service) -> dict[str, Any]:
    """The description as it is served, to anybody."""
    with served.client() as client:
        answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    description: dict[str, Any] = answer.json()
    return description


def operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in described["paths"].items():
        for method in _METHODS:
            if method in item and path.startswith("/api/v1/"):
                yield f"{method} {path}", item[method]


def with_example(described: dict[str, Any], content: dict[str, Any]) -> bool:
    """Whether a JSON body has an example, by itself, in its schema, or in what its schema is made of."""
    schema = content.get("schema", {})
    return "example" in content or "examples" in content or _exemplified(described, schema)


def _exemplified(described: dict[str, Any], schema: dict[str, Any]) -> bool:
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if "examples" in schema or "anyOf" in schema:
        return True
    parts = schema.get("properties", {}).values()
    return any("examples" in part or _exemplified(described, part.get("items", {})) for part in parts)


def test_it_is_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")


def test_every_operation_has_a_name_of_its_own_a_tag_and_says_what_it_does(described: dict[str, Any]) -> None:
    names = [operation["operationId"] for _place, operation in operations(described)]
    assert len(names) == len(set(names))
    for place, operation in operations(described):
        assert operation["tags"], place
        assert operation.get("description"), place


def test_every_operation_lists_its_problems_under_their_own_type(described: dict[str, Any]) -> None:
    for place, operation in operations(described):
        problems = {status: one for status, one in operation["responses"].items() if status >= "400"}
        assert {"422", "500", "503"} <= problems.keys(), place
        for status, one in problems.items():
            assert list(one["content"]) == ["application/problem+json"], (place, status)


def test_every_json_body_has_an_example(described: dict[str, Any]) -> None:
    without = []
    for place, operation in operations(described):
        bodies = [operation.get("requestBody", {}).get("content", {}).get("application/json")]
        bodies += [
            one.get("content", {}).get("application/json")
            for status, one in operation["responses"].items()
            if status.startswith("2")
        ]
        without += [
            place
            for body in bodies
            if body is not None and body.get("schema") and not with_example(described, body)
        ]
    assert without == []


def test_no_address_holds_a_number_of_a_person(described: dict[str, Any]) -> None:
    for place, operation in operations(described):
        named = [one["name"] for one in operation.get("parameters", []) if one["in"] in ("path", "query")]
        assert not {"identifier", "owner", "personal_number"} & set(named), place
