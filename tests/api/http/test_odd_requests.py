"""Requests that nobody sane would send, on one machine and on PostgreSQL with MinIO: a 4xx with its reason each."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from api.http.problems import MEDIA_TYPE
from datastore import ActorRole
from tests.api.http.oddities import ODD_REQUESTS, bodies_like
from tests.api.http.papers import AN, page, submit
from tests.api.http.servers import Service, real_service, service
from tests.api.http.test_role_matrix import operations_of
from tests.services import Services

_ASKING = (ActorRole.HANDLER, ActorRole.ADMIN, ActorRole.OWNER)
_COUNTED = {"sign_in_local", "change_password", "open_share"}
"""Doors at which somebody who knocks this often is answered 429, whatever it says."""


@dataclass(frozen=True, slots=True)
class Visited:
    """A service with a paper in it, and who asks."""

    service: Service
    things: Mapping[str, str]
    askers: Mapping[ActorRole, httpx.Client]

    def named(self, path: str) -> str:
        """The path with what is there in its places."""
        for name, thing in self.things.items():
            path = path.replace(f"{{{name}}}", thing)
        return path if path.endswith("%7Bid%7D") else path.replace("{id}", str(uuid4()))


@pytest.fixture(scope="module", params=["embedded", "real parts"])
def visited(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    folder = tmp_path_factory.mktemp("odd")
    with ExitStack() as open_things:
        if request.param == "embedded":
            up = open_things.enter_context(service(folder))
        else:
            services: Services = request.getfixturevalue("services")
            up = open_things.enter_context(real_service(services, folder))
        askers = {
            role: open_things.enter_context(up.signed_in(role))
            for role in (ActorRole.HANDLER, ActorRole.ADMIN)
        }
        handler = askers[ActorRole.HANDLER]
        number = "H41.08-261122-0001"
        handler.post("/api/v1/dossiers", json={"number": number, "procedure": "1.001193"}).raise_for_status()
        paper = submit(handler, page(1), AN, dossier=number)
        (owner,) = handler.post("/api/v1/owners/search", json={"identifier": AN}).json()["owners"]
        things = {
            "document_id": paper["document_id"],
            "job_id": paper["job_id"],
            "owner_id": owner["owner_id"],
            "number": number,
            "account_id": str(uuid4()),
            "print_id": str(uuid4()),
            "code": "H41.08",
            "doc_code": "G06.01_CV_000021_V1",
        }
        askers[ActorRole.OWNER] = open_things.enter_context(
            up.signed_in(ActorRole.OWNER, owner_id=things["owner_id"])
        )
        yield Visited(up, things, askers)


def is_said_kindly(answer: httpx.Response) -> bool:
    """Whether a refusal is a problem with its reason, or one of OAuth's own."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    said = json.loads(answer.content)
    return (kind == MEDIA_TYPE and said["vi"] != said["en"]) or (
        kind == "application/json" and "error" in said
    )


def test_an_odd_request_is_refused_with_its_reason(visited: Visited) -> None:
    wrong = []
    for odd in ODD_REQUESTS:
        headers = {name.encode(): value for name, value in odd.headers.items()}
        answer = visited.askers[ActorRole.HANDLER].request(
            odd.method, visited.named(odd.path), headers=headers, content=odd.content
        )
        if not 400 <= answer.status_code < 500 or not is_said_kindly(answer):
            wrong.append((answer.status_code, str(odd)[:200], answer.text[:100]))
    assert not wrong, "\n".join(str(one) for one in wrong)


def test_whatever_stands_in_a_place_of_a_body_is_no_fault_of_ours(visited: Visited) -> None:
    wrong, asked = [], 0
    for operation in operations_of(visited.service):
        if operation.media_type != "application/json" or operation.name in _COUNTED:
            continue
        role = next((role for role in _ASKING if operation.allowed(role)), ActorRole.HANDLER)
        for body in bodies_like(operation.example):
            answer = visited.askers[role].request(
                operation.method,
                visited.named(operation.path),
                content=body,
                headers={"Content-Type": "application/json"},
            )
            asked += 1
            if answer.status_code >= 500 or (answer.is_error and not is_said_kindly(answer)):
                wrong.append((answer.status_code, operation.name, body[:100], answer.text[:100]))
    assert not wrong, "\n".join(str(one) for one in wrong)
    assert asked > 1000
