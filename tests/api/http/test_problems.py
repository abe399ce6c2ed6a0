"""Every answer that is no success is a problem in the asked language, whatever went wrong."""

import json
import logging
import socket
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter

from api.http.languages import Language, language_of
from api.http.problems import MEDIA_TYPE
from datastore import ActorRole
from tests.api.http.servers import Service


def _born(when: str) -> dict[str, object]:
    return {"uploads": [str(uuid4())], "owners": [{"identifier": "040090001234", "birth_date": when}]}


def problem_of(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    """The problem that an answer is; everything that all problems share is asserted here."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    said: dict[str, object] = answer.json()
    assert (said["status"], said["code"], said["type"]) == (status, code, f"urn:khoso:problem:{code}")
    assert said["vi"] != said["en"]
    assert said["detail"] in (said["vi"], said["en"])
    return said


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, Language.VIETNAMESE),
        ("en", Language.ENGLISH),
        ("en-GB,en;q=0.9", Language.ENGLISH),
        ("fr, en;q=0.5, vi;q=0.7", Language.VIETNAMESE),
        ("fr", Language.VIETNAMESE),
        ("en;q=0", Language.VIETNAMESE),
        ("en;q=much;;,=,", Language.VIETNAMESE),
    ],
)
def test_the_language_is_the_best_that_is_accepted(header: str | None, language: Language) -> None:
    assert language_of(header) is language


def test_an_unknown_address_and_a_wrong_method_are_problems_in_both_languages(served: Service) -> None:
    with served.client() as client:
        unknown = problem_of(client.get("/api/v1/nowhere"), 404, "address_unknown")
        assert unknown["detail"] == unknown["vi"]
        english = client.delete("/api/v1/me", headers={"Accept-Language": "en"})
        assert problem_of(english, 405, "method_not_allowed")["detail"] == english.json()["en"]
        assert (english.headers["content-language"], english.headers["allow"]) == ("en", "GET")


def test_a_wrong_method_is_answered_with_all_that_the_address_has(served: Service) -> None:
    # RFC 9110, 15.5.6. The framework names those of the first route that fits the address.
    with served.client() as client:
        allowed = {
            path: client.options(f"/api/v1/{path}").headers["allow"]
            for path in ("webhooks", f"webhooks/{uuid4()}", f"documents/{uuid4()}", "documents/import")
        }
    assert list(allowed.values()) == ["GET, POST", "DELETE, GET, PATCH", "GET, PUT", "POST"]


def test_what_is_written_as_something_else_is_not_guessed_at(served: Service) -> None:
    # Said as a string, a truth or a number it would mean what the library makes of it, not what the description says.
    asked = {
        "search": {"words": "an", "limit": "5"},
        "documents": {"uploads": [str(uuid4())], "compared": "yes"},
        "agencies": {"code": "H41.08.01", "name": "Một cửa", "since": 0},
        "accounts": {"username": "an", "name": "An", "roles": ["clerk"], "until": 1_900_000_000},
        "shares": {"document_id": str(uuid4()), "purpose": "a", "recipient": "b", "until": "1900000000"},
    }
    with served.signed_in() as client:
        for path, said in asked.items():
            problem_of(client.post(f"/api/v1/{path}", json=said), 422, "request_invalid")


def test_whoever_has_not_signed_in_is_told_so(served: Service) -> None:
    with served.client() as client:
        answer = client.get("/api/v1/me")
        problem_of(answer, 401, "sign_in_needed")
        assert answer.headers["www-authenticate"] == "Bearer"
        forged = client.get("/api/v1/me", headers={"Authorization": "Bearer " + "x" * 43})
        assert forged.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        problem_of(forged, 401, "sign_in_needed")


def test_what_is_wrong_in_a_request_is_named_without_its_value(served: Service) -> None:
    with served.client() as client:
        answer = client.post("/dev/sign-in", json={"role": "040090001234", "more": 1})
        said = problem_of(answer, 422, "request_invalid")
        roles = [role.value for role in ActorRole]
        listed = ", ".join(roles)
        assert said["errors"][0] == {  # type: ignore[index]
            "pointer": "/body/role",
            "code": "enum",
            "allowed": roles,
            "vi": f"Cần một trong: {listed}.",
            "en": f"One of these is needed: {listed}.",
        }
        assert f"/body/role ({' | '.join(roles)})" in str(said["vi"])
        assert "040090001234" not in answer.text
        for broken in (b"{", b"\xff\xfe", b'{"person": "\\ud800"}', b'{"person": "a\\u0000b"}', b"[" * 5000):
            sent = client.post("/dev/sign-in", content=broken, headers={"Content-Type": "application/json"})
            assert sent.status_code in (400, 422), broken
            assert sent.headers["content-type"] == MEDIA_TYPE


@pytest.mark.parametrize(
    ("path", "body", "pointer", "expected"),
    [
        ("documents", {}, "/body/uploads", "is missing"),
        ("documents", {"uploads": [str(uuid4())], "weight": 1}, "/body/weight", "leave it out"),
        ("documents", {"uploads": []}, "/body/uploads", "At least one entry is needed"),
        ("documents", {"uploads": ["7"]}, "/body/uploads/0", "A UUID"),
        ("documents", _born("2026-02-31"), "/body/owners/0/birth_date", "1990-05-03, or 1990-05, or 1990"),
        ("documents", _born("03/05/1990"), "/body/owners/0/birth_date", "this example is needed: 1990-05-03"),
        ("search", {"words": "an", "limit": 0}, "/body/limit", "at least 1 "),
        ("search", {"words": "an", "limit": 5000}, "/body/limit", "at most "),
        ("agencies", {"code": "H41.08.01", "name": "x" * 201}, "/body/name", "At most 200 characters"),
        (
            "agencies",
            {"code": "H41.08.01", "name": "x", "since": "2026-02-31"},
            "/body/since",
            "like 1990-05-03",
        ),
        (
            "accounts",
            {"username": "an", "name": "An", "roles": ["clerk"], "until": 7},
            "/body/until",
            "time zone",
        ),
        (
            "accounts",
            {"username": "an", "name": "An", "roles": ["clerk"], "until": "2026-11-22T08:05:09"},
            "/body/until",
            "time zone",
        ),
        ("search", {"words": " "}, "/body/words", "not blank"),
        ("search", {"words": ""}, "/body/words", "At least one character is needed"),
    ],
)
def test_what_is_expected_is_said_in_words(
    served: Service, path: str, body: dict[str, object], pointer: str, expected: str
) -> None:
    """Somebody who wrote to the API for the first time was given the codes of a library."""
    with served.signed_in() as client:
        said = problem_of(client.post(f"/api/v1/{path}", json=body), 422, "request_invalid")
    faults = {fault["pointer"]: fault for fault in said["errors"]}  # type: ignore[attr-defined]
    assert expected in faults[pointer]["en"]
    assert faults[pointer]["vi"] != faults[pointer]["en"]


def test_what_is_no_json_is_wrong_as_a_whole(served: Service) -> None:
    """The pointer named a place that there is not: the number of the character at which reading stopped."""
    kind = {"Content-Type": "application/json"}
    with served.signed_in() as client:
        answer = client.post("/api/v1/search", content=b'{words": "an"}', headers=kind)
        said = problem_of(answer, 422, "request_invalid")
    assert [fault["pointer"] for fault in said["errors"]] == ["/body"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("block", [1, 1000])
def test_json_that_is_not_in_utf_8_is_refused(served: Service, encoding: str, block: int) -> None:
    said = json.dumps({"role": "clerk", "person": "mai.tran"})
    kind = {"Content-Type": "application/json"}
    with served.client() as client:

        def send(encoded: bytes) -> httpx.Response:
            blocks = (encoded[at : at + block] for at in range(0, len(encoded), block))
            return client.post("/dev/sign-in", content=blocks, headers=kind)

        problem_of(send(said.encode(encoding)), 422, "body_not_utf8")
        assert send(said.encode()).status_code == 200


def test_a_body_too_large_is_refused_before_and_while_it_is_read(served: Service) -> None:
    with served.client() as client:
        announced = client.post("/dev/sign-in", content=b" " * 1_000_001)
        problem_of(announced, 413, "body_too_large")
        chunked = client.post(
            "/dev/sign-in",
            content=(b" " * 65536 for _ in range(100)),
            headers={"Content-Type": "application/json"},
        )
        problem_of(chunked, 413, "body_too_large")


def test_a_huge_announced_body_is_answered_before_it_is_sent(served: Service) -> None:
    with socket.create_connection(served.address, timeout=10) as line:
        line.sendall(b"POST /api/v1/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 500000000000\r\n\r\n")
        answer = line.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_answers_keep_browsers_from_guessing(served: Service) -> None:
    with served.client() as client:
        headers = client.get("/api/v1/me").headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_a_fault_of_ours_is_written_down_and_tells_nothing(
    served: Service, caplog: pytest.LogCaptureFixture
) -> None:
    router = APIRouter()

    @router.get("/fault")
    def fault() -> None:
        raise RuntimeError("the password is 1234")

    served.app.include_router(router)
    with served.client() as client, caplog.at_level(logging.ERROR, "khoso"):
        answer = client.get("/fault")
    problem_of(answer, 500, "fault_of_ours")
    assert "1234" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "request_fault" in caplog.text
    assert "'route': '/fault'" in caplog.text


def test_nobody_signs_in_the_development_way_where_it_was_not_opened(served: Service) -> None:
    from api.http import make_app
    from tests.api.http.servers import serving

    with serving(make_app(served.house), served.house) as other, other.client() as client:
        problem_of(client.post("/dev/sign-in", json={}), 404, "address_unknown")


def test_a_change_with_a_cookie_needs_the_token_against_forgery(served: Service) -> None:
    with served.client() as client:
        signed_in = client.post("/dev/sign-in", json={}).json()
        assert client.get("/api/v1/me").json()["role"] == "clerk"
        problem_of(client.post("/api/v1/uploads", content=b"%PDF-"), 403, "csrf_missing")
        wrong = {signed_in["csrf_header"]: "x"}
        problem_of(client.post("/api/v1/uploads", content=b"%PDF-", headers=wrong), 403, "csrf_missing")
