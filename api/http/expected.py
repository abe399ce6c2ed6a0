"""What is expected where a request is wrong, in words; never what was sent: it may be a personal number."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from common import Sentence, say

# The codes of the library, and what of its context says the limit.
_LIMITS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "string_too_short": ("expected_longer", "min_length"),
        "string_too_long": ("expected_shorter", "max_length"),
        "too_short": ("expected_more", "min_length"),
        "too_long": ("expected_fewer", "max_length"),
        "greater_than_equal": ("expected_at_least", "ge"),
        "greater_than": ("expected_above", "gt"),
        "less_than_equal": ("expected_at_most", "le"),
        "less_than": ("expected_below", "lt"),
    }
)
_ONE: Mapping[str, str] = MappingProxyType(
    {"expected_longer": "expected_a_character", "expected_more": "expected_an_entry"}
)
"""Where the limit is one."""
_PLAIN: Mapping[str, str] = MappingProxyType(
    {
        "missing": "expected_there",
        "extra_forbidden": "expected_nothing",
        "string_type": "expected_text",
        "string_unicode": "expected_text",
        "int_type": "expected_whole_number",
        "int_parsing": "expected_whole_number",
        "int_parsing_size": "expected_whole_number",
        "int_from_float": "expected_whole_number",
        "bool_type": "expected_truth",
        "bool_parsing": "expected_truth",
        "list_type": "expected_list",
        "model_type": "expected_object",
        "model_attributes_type": "expected_object",
        "dict_type": "expected_object",
        "uuid_type": "expected_uuid",
        "uuid_parsing": "expected_uuid",
        "json_invalid": "expected_json",
        "date_type": "expected_date",
        "date_parsing": "expected_date",
        "date_from_datetime_parsing": "expected_date",
        "date_from_datetime_inexact": "expected_date",
        "datetime_type": "expected_instant",
        "datetime_parsing": "expected_instant",
        "datetime_from_date_parsing": "expected_instant",
        "timezone_aware": "expected_instant",
    }
)
_OURS: Mapping[str, str] = MappingProxyType(
    {
        "control characters": "expected_line",
        "blank": "expected_line",
        "not a date": "expected_date",
        "not an instant": "expected_instant",
        "out of bounds": "expected_instant",
        "not on the calendar": "expected_partial_date",
        "repeated": "expected_once",
    }
)
"""What the validators of our shapes say."""


def expected(
    found: Mapping[str, Any], *, allowed: Sequence[str] | None, example: str | None
) -> Sentence | None:
    """The sentence for a fault that the library found; None for a rare kind, which has its code only."""
    kind, context = str(found["type"]), found.get("ctx", {})
    if allowed:
        return say("expected_one_of", allowed=", ".join(allowed))
    if kind in _LIMITS:
        code, limit = _LIMITS[kind]
        one = _ONE.get(code) if context[limit] == 1 else None
        return say(code, limit=context[limit]) if one is None else say(one)
    if kind == "string_pattern_mismatch":
        if example is None:
            return say("expected_pattern", pattern=context["pattern"])
        return say("expected_like", example=example)
    code_of_it = _OURS.get(str(context.get("error"))) if kind == "value_error" else _PLAIN.get(kind)
    return None if code_of_it is None else say(code_of_it)


def example_at(
    description: Mapping[str, Any], operation: Mapping[str, Any], place: Sequence[object]
) -> str | None:
    """The example that the description of the API has for a place of a request."""
    found = list(_alternatives(description, _of_request(operation, place)))
    for part in place[1 if place[:1] == ("body",) else 2 :]:
        found = [
            alternative
            for schema in found
            for alternative in _alternatives(description, _inside(schema, part))
        ]
    examples = [example for schema in found for example in schema.get("examples", ())]
    return next((example for example in examples if isinstance(example, str)), None)


def _of_request(operation: Mapping[str, Any], place: Sequence[object]) -> Mapping[str, Any]:
    """The schema of the body, or of the parameter that the place names."""
    if place[:1] == ("body",):
        content: Mapping[str, Any] = operation.get("requestBody", {}).get("content", {})
        body: Mapping[str, Any] = content.get("application/json", {}).get("schema", {})
        return body
    for parameter in operation.get("parameters", ()):
        if (parameter["in"], parameter["name"].lower()) == tuple(str(part).lower() for part in place[:2]):
            schema: Mapping[str, Any] = parameter["schema"]
            return schema
    return {}


def _alternatives(description: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema, what it refers to and what it may be instead."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        yield from _alternatives(description, description["components"]["schemas"][name])
        return
    yield schema
    for other in schema.get("anyOf", ()):
        yield from _alternatives(description, other)


def _inside(schema: Mapping[str, Any], part: object) -> Mapping[str, Any]:
    within: Mapping[str, Any] = (
        schema.get("items", {}) if isinstance(part, int) else schema.get("properties", {}).get(part, {})
    )
    return within
