"""Requests that nobody sane would send: what any of them is answered, on every database, is a 4xx with its problem.

`bodies_like` puts each odd value in each place of an example; `ODD_REQUESTS` are odd in their head or as a whole.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ODD_VALUES: Sequence[str] = (
    r'"a\u0000b"',  # PostgreSQL keeps none
    r'"\ud800"',  # half a pair
    '"' + "x" * 100_000 + '"',
    '"' + "́" * 500 + '"',  # accents on nothing
    "1" + "0" * 400,
    "-1e400",
    "NaN",
    "9223372036854775808",
    "[" * 200 + "]" * 200,
    '{"a": {"a": null}}',
    "true",
)
"""JSON texts, some that the grammar does not know and Python reads all the same."""
_HERE = "\0here\0"


def bodies_like(example: Any) -> Iterator[bytes]:
    """The example with each odd value in each of its places."""
    for changed in _with_a_hole(example):
        around = json.dumps(changed)
        for odd in ODD_VALUES:
            yield around.replace(json.dumps(_HERE), odd).encode("utf-8", "surrogatepass")


def _with_a_hole(example: Any) -> Iterator[Any]:
    if isinstance(example, dict):
        for name, value in example.items():
            for changed in _with_a_hole(value):
                yield {**example, name: changed}
    if isinstance(example, list) and example:
        for changed in _with_a_hole(example[0]):
            yield [changed, *example[1:]]
    yield _HERE


@dataclass(frozen=True, slots=True)
class Odd:
    """One odd request."""

    method: str
    path: str
    headers: Mapping[str, bytes] = field(default_factory=dict)
    content: bytes | None = None


def _cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


_STORE, _DOCUMENT = "/api/v1/stores/{owner_id}/documents", "/api/v1/documents/{document_id}"
_JSON: Mapping[str, bytes] = {"Content-Type": b"application/json"}
_PLACES = tuple(
    Odd("GET", f"{_STORE}?{query}")
    for query in (
        *(f"limit={limit}" for limit in ("0", "-1", "201", "1e3", "1" + "0" * 5000, "%D9%A3", "", "%00")),
        *(
            f"cursor={cursor}"
            for cursor in (
                "!",
                "%00",
                "x" * 200,
                _cursor("1.x"),
                _cursor(f"-1.{'0' * 32}"),
                _cursor(f"99999999999999999.{'0' * 33}"),
                _cursor("\u0663." + "0" * 32),
            )
        ),
    )
)
_HEADERS = tuple(
    Odd("GET", _DOCUMENT, {name: value})
    for name, values in (
        ("Khoso-Purpose", (b"", b"%00", b"a%0d%0aX: y", b"%ff", b"x" * 10_000, b"%ED%A0%80", b"%E2%80%AE")),
        ("Khoso-Dossier", (b"", b"%00", b"x" * 10_000, b"'; --", b"\xff")),
        (
            "Authorization",
            (b"Bearer", b"Bearer " + b"x" * 10_000, b"Basic eDp5", b"Bearer \xff", b"Bearer %00"),
        ),
    )
    for value in values
)
_KEYS = tuple(
    Odd("POST", "/api/v1/uploads", {"Idempotency-Key": key}, b"%PDF-")
    for key in (b"", b"short", b"x" * 10_000, b"\xff" * 20, b"with a space", b"tab\there....")
)
_TAGS = tuple(
    Odd("POST", f"{_DOCUMENT}/check", {"If-Match": tag, **_JSON}, b"{}")
    for tag in (b"", b'"', b"d1", b'"x"', b'"d' + b"9" * 30 + b'"', b'W/""', b'"' + b"a" * 10_000)
)
_WHOLE = tuple(
    Odd("POST", "/api/v1/search", {"Content-Type": kind}, content)
    for kind, content in (
        *(
            (b"application/json", content)
            for content in (
                b"",
                b"\x00",
                b"[" * 500_000,
                b'{"a":' * 100_000,
                b'{"words": ' + b"1" * 900_000 + b"}",
                b'{"words": "\xff"}',
                b'\xef\xbb\xbf{"words": 1}',
                b'{"words": "a"} {"words": "b"}',
                b"null",
                b'"a"',
            )
        ),
        (b"text/plain", b'{"words": "a"}'),
        (b"application/x-www-form-urlencoded", b"words=a"),
        (b"multipart/form-data", b"--x\r\n\r\n"),
        (
            b"multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 9000,
        ),
        (b"application/json; charset=no-such", b'{"words": 1}'),
        (b"\xff", b"{}"),
    )
)
_FORMS = tuple(
    Odd("POST", "/oauth/token", {"Content-Type": kind}, content)
    for kind, content in (
        (b"application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(100_000))),
        (
            b"application/x-www-form-urlencoded",
            b"grant_type=client_credentials&client_id=%00&client_secret=%00",
        ),
        (
            b"application/x-www-form-urlencoded",
            b"grant_type=client_credentials&client_id=%ff&client_secret=x",
        ),
        (
            b"multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 9000,
        ),
        (b"multipart/form-data; boundary=" + b"x" * 10_000, b"--x"),
    )
)
_ADDRESSES = tuple(
    Odd("GET", path)
    for path in (
        *(
            f"/api/v1/dossiers/{number}"
            for number in ("%00", "%ff", "x" * 5000, "%ED%A0%80", "..%2f..", "%2e%2e")
        ),
        *(f"/api/v1/documents/{id}" for id in ("%00", "0", "x" * 5000, "%7Bid%7D", "{document_id}%00")),
        "/api/v1/documents/download/%00",
        "/api/v1/jobs/%00/events",
        f"{_DOCUMENT}/content?form=original&n=" + "9" * 30,
        f"{_DOCUMENT}/content?sha256=%00",
        f"{_DOCUMENT}/prints?after=" + "9" * 30,
        f"{_DOCUMENT}/prints?after={2**31}",  # one more than PostgreSQL counts to: it was a 500
    )
)
ODD_REQUESTS: Sequence[Odd] = (
    *_PLACES, *_HEADERS, *_KEYS, *_TAGS, *_WHOLE, *_FORMS, *_ADDRESSES,
)  # fmt: skip
