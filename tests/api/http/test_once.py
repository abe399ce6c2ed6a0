"""A request with a key is done once, however often and by however many threads at once it is sent."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import httpx
import pytest

from common import Digest
from datastore import Answer, Claim
from tests.api.http.papers import BINH, page, upload
from tests.api.http.servers import Service
from tests.api.http.test_problems import problem_of


def test_fifty_at_once_with_one_key_make_one_thing(served: Service, clerk: httpx.Client) -> None:
    body = {"uploads": [upload(clerk, page(10))["upload_id"]], "owners": []}
    headers = {"Idempotency-Key": str(uuid4())}

    def send(_n: int) -> httpx.Response:
        return clerk.post("/api/v1/documents", json=body, headers=headers)

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(send, range(50)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {
        "request_in_progress"
    }
    made = {answer.text for answer in answers if answer.status_code == 202}
    assert len(made) == 1
    replayed = send(0)
    assert (replayed.status_code, {replayed.text}) == (202, made)
    assert replayed.headers["idempotency-replayed"] == "true"
    assert replayed.headers["location"].endswith(replayed.json()["document_id"])
    with served.house.datastore.begin(served.house.system("count"), "count") as work:
        assert len(work.receipts.of_document(UUID(replayed.json()["document_id"]))) == 1


def test_a_key_is_of_one_request_and_one_asker(served: Service, clerk: httpx.Client) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    first = clerk.post("/api/v1/uploads", content=page(11), headers=headers)
    assert first.status_code == 201
    problem_of(clerk.post("/api/v1/uploads", content=page(12), headers=headers), 422, "key_used_otherwise")
    elsewhere = clerk.post("/api/v1/documents", json={"uploads": [str(uuid4())]}, headers=headers)
    problem_of(elsewhere, 422, "key_used_otherwise")
    with served.signed_in(person="an.le") as other:
        assert other.post("/api/v1/uploads", content=page(12), headers=headers).status_code == 201
    assert clerk.post("/api/v1/uploads", content=page(11), headers=headers).text == first.text


def test_what_was_refused_can_be_sent_again_under_its_key(clerk: httpx.Client) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    body = {"uploads": [upload(clerk, page(13))["upload_id"]], "dossier": "H41.08-261122-7777"}
    problem_of(clerk.post("/api/v1/documents", json=body, headers=headers), 404, "not_found")
    problem_of(clerk.post("/api/v1/documents", json=body, headers=headers), 404, "not_found")


@pytest.mark.parametrize("key", ["short", "x" * 129, "with space in it"])
def test_a_key_that_is_none_is_refused(clerk: httpx.Client, key: str) -> None:
    answer = clerk.post("/api/v1/uploads", content=page(14), headers={"Idempotency-Key": key})
    problem_of(answer, 422, "bad_idempotency_key")


def test_a_request_that_the_version_before_answered_is_the_same_one_to_this_version(
    served: Service, handler: httpx.Client
) -> None:
    """What says nothing in a field that is younger than its request: sent again, it was another one under its key."""
    place, key = f"/api/v1/documents/{uuid4()}/refile", str(uuid4())
    before = {"owner": None, "add": BINH, "away_from": None, "reason": "Giấy của cả hai"}
    request = Digest.of(json.dumps([f"POST {place}", before], sort_keys=True).encode())
    requests = served.house.datastore.requests
    claim = requests.claim("handler/H41.08/hoa.le/", key, request)
    assert isinstance(claim, Claim)
    requests.keep(claim, Answer(200, {}, '{"answered": "before"}'))

    said = {"add": BINH, "reason": "Giấy của cả hai"}
    again = handler.post(place, json=said, headers={"Idempotency-Key": key})
    assert (again.status_code, again.json()) == (200, {"answered": "before"})
    insisting = handler.post(place, json={**said, "insist": True}, headers={"Idempotency-Key": key})
    problem_of(insisting, 422, "key_used_otherwise")
