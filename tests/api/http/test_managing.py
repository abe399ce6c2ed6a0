"""Agencies, accounts, delegations and shares over a real server, and that what one does stays out of others' sight."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.http.identity import CSRF_HEADER
from datastore import Proof, SeenFrom
from tests.api.http.papers import page, submit
from tests.api.http.people import browser
from tests.api.http.servers import AGENCY, OTHER_AGENCY, Service
from tests.api.http.test_documents import read_all

API = "/api/v1"
KHUYNH, NHIEN = "079098765432", "001187654321"
NAMES = {KHUYNH: "Tôn Nữ Khuynh Diệp Hạ", NHIEN: "Âu Dương Nhiên Quỳnh"}


@pytest.fixture
def admin(served: Service) -> Iterator[httpx.Client]:
    with served.signed_in("admin", person="quan.tri") as client:
        yield client


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def owner_of(clerk: httpx.Client, number: str) -> str:
    found: list[dict[str, str]] = clerk.post(f"{API}/owners/search", json={"identifier": number}).json()[
        "owners"
    ]
    return found[0]["owner_id"]


def citizen(served: Service, owner: str, *, proven: bool = True) -> httpx.Client:
    """A citizen's browser with a session of its own, by a proof that its provider is supposed to have given."""
    sessions = served.house.datastore.sessions
    from uuid import UUID

    session, token = sessions.open_for_owner(UUID(owner), AGENCY, Proof(served.house.clock()), SeenFrom())
    if proven:
        session, token = sessions.step_up(session.id, Proof(served.house.clock()))
    client = served.client(Origin=served.url, **{CSRF_HEADER: session.csrf})
    client.cookies.set("khoso", token, domain="127.0.0.1")
    return client


# --- accounts -----------------------------------------------------------------------------------------


def test_an_administrator_makes_an_account_and_its_first_password_is_shown_once(
    served: Service, admin: httpx.Client
) -> None:
    made = admin.post(
        f"{API}/accounts", json={"username": "lan.pham", "name": "Phạm Thị Lan", "roles": ["clerk"]}
    )
    assert made.status_code == 201, made.text
    password, account = made.json()["initial_password"], made.json()["account"]
    assert account["must_change_password"]
    seen = admin.get(f"{API}/accounts").text + admin.get(f"{API}/accounts/{account['id']}").text
    assert password not in seen
    with browser(served) as client:
        said = {"account": "lan.pham", "old": password, "new": "her own long password"}
        answer = client.post("/sign-in/password", json=said)
        assert answer.status_code == 200
        assert (
            admin.post(f"{API}/accounts/{account['id']}/lock", json={"reason": "nghỉ phép"}).status_code
            == 200
        )
        # She is out with the next request, and does not come back in.
        assert client.get("/session").status_code == 401
        again = client.post(
            "/sign-in/local", json={"account": "lan.pham", "password": "her own long password"}
        )
        assert code_of(again) == (401, "wrong_password")


def test_only_the_administrator_of_an_agency_manages_its_accounts(
    served: Service, admin: httpx.Client
) -> None:
    said = {"username": "of.ours", "name": "Of Ours", "roles": ["clerk"], "sign_in": "provider"}
    made = admin.post(f"{API}/accounts", json=said).json()
    assert made["initial_password"] is None
    id = made["account"]["id"]
    with served.signed_in("clerk") as clerk, served.signed_in("admin", agency=OTHER_AGENCY) as other:
        assert code_of(clerk.get(f"{API}/accounts/{id}")) == (403, "not_allowed")
        assert code_of(other.get(f"{API}/accounts/{id}")) == (404, "not_found")
        assert code_of(other.post(f"{API}/accounts/{id}/password")) == (404, "not_found")
        assert other.post(f"{API}/accounts", json={**said, "agency": AGENCY}).status_code in (403, 404)
    assert admin.post(f"{API}/accounts", json={**said, "roles": ["admin"]}).status_code == 403
    assert code_of(admin.post(f"{API}/accounts", json=said)) == (409, "already_there")


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=y", "a\u0000b", "", "  ", "\u202e", "x" * 500])
def test_a_name_that_could_end_a_header_or_hide_is_refused(admin: httpx.Client, name: str) -> None:
    answer = admin.post(f"{API}/accounts", json={"username": "odd.name", "name": name, "roles": ["clerk"]})
    assert answer.status_code == 422
    assert "x=y" not in str(answer.headers)


@pytest.mark.parametrize("purpose", ["a%0d%0aSet-Cookie: x=y", "%00", "%ff", "x" * 300, "%E2%80%A8"])
def test_a_purpose_that_could_end_a_header_or_a_line_is_refused(served: Service, purpose: str) -> None:
    with served.signed_in("clerk") as client:
        said = {"identifier": KHUYNH}
        answer = client.post(f"{API}/owners/search", json=said, headers={"Khoso-Purpose": purpose})
        assert answer.status_code == 422
        assert "x=y" not in str(answer.headers)


# --- shares, delegations and what others see ------------------------------------------------------------


@pytest.fixture(scope="module")
def two(served: Service) -> dict[str, Any]:
    """Two citizens with unusual names and numbers, each with a paper."""
    found: dict[str, Any] = {}
    with served.signed_in("clerk") as clerk:
        for shade, number in enumerate((KHUYNH, NHIEN), 11):
            upload = clerk.post(f"{API}/uploads", content=page(shade)).json()["upload_id"]
            said = {"uploads": [upload], "owners": [{"identifier": number, "name": NAMES[number]}]}
            paper = clerk.post(f"{API}/documents", json={**said, "ground": "back_file"})
            assert paper.status_code == 202, paper.text
            found[number] = {"owner": owner_of(clerk, number), "document": paper.json()["document_id"]}
    return found


def test_a_citizen_sees_who_looked(served: Service, two: dict[str, Any]) -> None:
    with citizen(served, two[KHUYNH]["owner"]) as client:
        lines = client.get(f"{API}/owners/{two[KHUYNH]['owner']}/diary").json()["lines"]
        assert {line["person"] for line in lines} >= {"mai.tran"}
        assert code_of(client.get(f"{API}/owners/{two[NHIEN]['owner']}/diary")) == (404, "not_found")


def test_sharing_needs_a_fresh_proof(served: Service, two: dict[str, Any]) -> None:
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    said = {
        "document_id": two[KHUYNH]["document"],
        "purpose": "vay vốn",
        "recipient": "Ngân hàng A",
        "until": until,
    }
    with citizen(served, two[KHUYNH]["owner"], proven=False) as client:
        assert code_of(client.post(f"{API}/shares", json=said)) == (401, "step_up_required")
        content = client.get(f"{API}/documents/{two[KHUYNH]['document']}/content?form=original")
        assert code_of(content) == (401, "step_up_required")
    with citizen(served, two[NHIEN]["owner"]) as other:
        assert code_of(other.post(f"{API}/shares", json=said)) == (404, "not_found")
        content = other.get(f"{API}/documents/{two[KHUYNH]['document']}/content?form=original")
        assert code_of(content) == (404, "not_found")


def test_what_is_sent_again_under_its_key_is_made_once_and_its_secret_is_not_shown_again(
    served: Service, admin: httpx.Client, two: dict[str, Any]
) -> None:
    with served.signed_in() as clerk:
        paper = submit(clerk, page(61), KHUYNH, type="KHAI_SINH")["document_id"]
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    said = {
        "document_id": paper,
        "purpose": "x",
        "recipient": "Ngân hàng A",
        "until": until,
    }
    late = {"valid_from": "2098-12-31", "valid_to": "2099-01-01"}
    account = {"username": "made.once", "name": "Made Once", "roles": ["clerk"]}
    between = {"delegate_id": two[KHUYNH]["owner"], "principal_id": two[NHIEN]["owner"], "ground": "x"}
    with citizen(served, two[KHUYNH]["owner"]) as client, served.signed_in("handler") as handler:
        read_all(served)
        for asker, place, body, secret in (
            (client, "/shares", said, "token"),
            (admin, "/accounts", account, "initial_password"),
            (admin, "/clients", {"name": "System", "scopes": ["papers.read"]}, "client_secret"),
            (handler, "/delegations", {"kind": "guardian", **late, **between}, None),
        ):
            key = {"Idempotency-Key": f"once-{place}"}
            first, again = (asker.post(f"{API}{place}", json=body, headers=key) for _ in range(2))
            assert (first.status_code, again.status_code) == (201, 201), first.text
            assert again.headers["idempotency-replayed"] == "true"
            expected = first.json()
            if secret is not None:
                assert len(expected[secret]) > 10
                expected[secret] = None
            assert again.json() == expected


def test_a_secret_that_is_renewed_again_under_its_key_is_renewed_once(admin: httpx.Client) -> None:
    """A second renewal would end the secret that the other system still uses."""
    client = admin.post(f"{API}/clients", json={"name": "System", "scopes": ["papers.read"]}).json()["client"]
    account = admin.post(
        f"{API}/accounts", json={"username": "twice.given", "name": "Twice Given", "roles": ["clerk"]}
    ).json()["account"]
    webhook = admin.post(
        f"{API}/webhooks", json={"url": "https://93.184.216.34/", "types": ["vn.khoso.document.*"]}
    ).json()
    for place, secret in (
        (f"/clients/{client['id']}/secret", "client_secret"),
        (f"/accounts/{account['id']}/password", "initial_password"),
        (f"/webhooks/{webhook['id']}/secret", "secret"),
    ):
        key = {"Idempotency-Key": f"renewed-{secret}"}
        body: dict[str, int] | None = {} if secret == "secret" else None
        first, again = (admin.post(f"{API}{place}", json=body, headers=key) for _ in range(2))
        assert first.is_success, first.text
        assert len(first.json()[secret]) > 10
        assert (again.status_code, again.headers["idempotency-replayed"]) == (first.status_code, "true")
        assert again.json() == {**first.json(), secret: None}
        other = admin.post(f"{API}{place}", json=body)
        assert other.json()[secret] not in (None, first.json()[secret])


def test_an_agency_that_is_made_again_under_its_key_is_made_once(
    served: Service, admin: httpx.Client
) -> None:
    # Its own agency was not found as the parent on a fresh installation.
    assert "H41.08" in {one["code"] for one in admin.get(f"{API}/agencies").json()["agencies"]}
    said = {"code": "H41.08.77", "name": "Phường Bảy Bảy"}
    key = {"Idempotency-Key": "agency-77"}
    first, again = (admin.post(f"{API}/agencies", json=said, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert code_of(admin.post(f"{API}/agencies", json=said)) == (409, "already_there")


def test_a_made_up_token_opens_no_share_and_guessing_is_stopped(served: Service) -> None:
    with served.client() as client:
        said = {"token": "x" * 43, "who": "Ngân hàng A"}
        assert code_of(client.post(f"{API}/shares/open", json=said)) == (404, "not_found")
        answers = [client.post(f"{API}/shares/open", json=said).status_code for _ in range(40)]
        assert answers[-1] == 429


def test_a_delegation_is_confirmed_by_another_officer(served: Service, two: dict[str, Any]) -> None:
    said = {
        "kind": "guardian",
        "delegate_id": two[KHUYNH]["owner"],
        "principal_id": two[NHIEN]["owner"],
        "ground": "quyết định của tòa án",
        "valid_to": "2030-01-01",
    }
    with served.signed_in("handler", person="one") as one, served.signed_in("handler", person="two") as other:
        made = one.post(f"{API}/delegations", json=said)
        assert made.status_code == 201, made.text
        id = made.json()["id"]
        assert code_of(other.post(f"{API}/delegations", json=said)) == (409, "delegation_there")
        assert code_of(one.post(f"{API}/delegations/{id}/confirm")) == (403, "not_allowed")
        assert other.post(f"{API}/delegations/{id}/confirm").json()["confirmed_by"] == "two"
        with citizen(served, two[KHUYNH]["owner"]) as guardian:
            roles = guardian.get("/session/roles").json()["roles"]
            assert [one["role"] for one in roles] == ["owner", "guardian"]
            chosen = guardian.post(
                "/session/role", json={"role": "guardian", "principal_id": two[NHIEN]["owner"]}
            )
            assert chosen.status_code == 200, chosen.text
            guardian.headers[CSRF_HEADER] = chosen.json()["csrf"]
            assert guardian.get(f"{API}/documents/{two[NHIEN]['document']}").status_code == 200
            assert guardian.get(f"{API}/documents/{two[KHUYNH]['document']}").status_code == 404
            ended = other.post(f"{API}/delegations/{id}/end", json={"reason": "đã thành niên"})
            assert ended.status_code == 200
            assert guardian.get(f"{API}/documents/{two[NHIEN]['document']}").status_code in (401, 403, 404)


def test_nothing_of_one_citizen_is_in_what_another_is_answered_in_logs_or_in_metrics(
    served: Service, two: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    theirs = (NHIEN, NAMES[NHIEN], "Nhiên Quỳnh", two[NHIEN]["document"])
    answers = []
    with caplog.at_level(logging.DEBUG), citizen(served, two[KHUYNH]["owner"]) as client:
        own, other = two[KHUYNH], two[NHIEN]
        answers += [client.get(f"{API}/me"), client.get("/session"), client.get("/session/roles")]
        answers += [client.get(f"{API}/stores/{own['owner']}/documents"), client.get(f"{API}/shares")]
        answers += [client.get(f"{API}/owners/{own['owner']}/diary")]
        answers += [
            client.get(f"{API}/stores/{other['owner']}"),
            client.get(f"{API}/stores/{other['owner']}/documents"),
        ]
        answers += [client.get(f"{API}/owners/{other['owner']}/delegations")]
        answers += [client.post(f"{API}/owners/search", json={"identifier": NHIEN})]
        answers += [client.post(f"{API}/search", json={"words": "nhien quynh"})]
        for path in ("", "/codes", "/diary", "/jobs", "/content", "/reading"):
            answers.append(client.get(f"{API}/documents/{other['document']}{path}"))
    assert any(answer.status_code == 200 for answer in answers)
    for answer in answers:
        shown = answer.text + str(answer.headers)
        assert not [word for word in theirs if word in shown and word not in str(answer.request.url)], (
            answer.url
        )
    from prometheus_client import REGISTRY, generate_latest

    outside = caplog.text + generate_latest(REGISTRY).decode()
    for number in (KHUYNH, NHIEN):
        assert number not in outside
        assert NAMES[number] not in outside
