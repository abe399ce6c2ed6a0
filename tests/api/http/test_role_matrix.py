"""Every route of the running application × every role × {own, other's, absent}: what may not be seen or done is not.

The routes are those that the application really has, their bodies the examples of its own description; which act a
route asks for stands in `ACTS` below, and who may do it in `datastore.rights`. A route that nobody listed fails.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

from datastore import CITIZENS, Act, ActorRole, may
from tests.api.http.papers import AN, BINH, page, submit
from tests.api.http.servers import AGENCY, OTHER_AGENCY, Service

API = "/api/v1"
OWN_DOSSIER, OTHER_DOSSIER = "H41.08-261122-0001", "H41.08-261122-0002"
ABSENT_DOSSIER = "H41.08-261122-9999"

ACTS: dict[str, Act | None] = {
    # Anybody, without sign-in.
    "development_sign_in": None,
    "start_sign_in": None,
    "finish_sign_in": None,
    "sign_in_local": None,
    "change_password": None,
    "back_channel_logout": None,
    "get_oauth_metadata": None,
    "get_token": None,
    "revoke_token": None,
    "open_share": None,
    "get_checkpoint": None,
    "get_status_list": None,
    "get_trust_bundle": None,
    "look_up_dossier": None,
    "verify_file": None,
    "verify_text": None,
    # Whoever signed in, about itself.
    "get_me": Act.VERIFY,
    "get_session": Act.VERIFY,
    "get_roles": Act.VERIFY,
    "take_role": Act.VERIFY,
    "step_up": Act.VERIFY,
    "sign_out": Act.VERIFY,
    # Agencies, officers, other systems.
    "list_agencies": Act.READ_RULES,
    "add_agency": Act.MANAGE_AGENCIES,
    "end_agency": Act.MANAGE_AGENCIES,
    "list_accounts": Act.MANAGE_ACCOUNTS,
    "make_account": Act.MANAGE_ACCOUNTS,
    "get_account": Act.MANAGE_ACCOUNTS,
    "reset_password": Act.MANAGE_ACCOUNTS,
    "lock_account": Act.MANAGE_ACCOUNTS,
    "unlock_account": Act.MANAGE_ACCOUNTS,
    "close_account": Act.MANAGE_ACCOUNTS,
    "grant_role": Act.MANAGE_ACCOUNTS,
    "end_role": Act.MANAGE_ACCOUNTS,
    "link_identity": Act.MANAGE_ACCOUNTS,
    "assign_counter": Act.MANAGE_ACCOUNTS,
    "end_counter": Act.MANAGE_ACCOUNTS,
    "list_clients": Act.MANAGE_CLIENTS,
    "make_client": Act.MANAGE_CLIENTS,
    "get_client": Act.MANAGE_CLIENTS,
    "rotate_client_secret": Act.MANAGE_CLIENTS,
    "disable_client": Act.MANAGE_CLIENTS,
    # Who stands for whom, and what is shown to whom.
    "list_delegations": Act.SEE_DELEGATIONS,
    "propose_delegation": Act.DELEGATE,
    "get_delegation": Act.SEE_DELEGATIONS,
    "confirm_delegation": Act.CONFIRM_DELEGATION,
    "end_delegation": Act.END_DELEGATION,
    "list_shares": Act.SHARE,
    "make_share": Act.SHARE,
    "revoke_share": Act.SHARE,
    "get_owner_diary": Act.READ_DIARY,
    # Papers.
    "upload_file": Act.TAKE_IN,
    "submit_document": Act.TAKE_IN,
    "import_document": Act.TAKE_IN,
    "get_document": Act.SEE_PAPERS,
    "get_document_codes": Act.SEE_PAPERS,
    "get_document_content": Act.SEE_PAPERS,
    "get_document_diary": Act.READ_DIARY,
    "get_document_jobs": Act.SEE_PAPERS,
    "get_document_reading": Act.SEE_PAPERS,
    "get_job": Act.SEE_PAPERS,
    "get_job_events": Act.SEE_PAPERS,
    "check_document": Act.CHECK,
    "change_imported_document": Act.CHECK,
    "classify_document": Act.CLASSIFY,
    "confirm_document_record": Act.CHECK,
    "download_imported_document": Act.SEE_PAPERS,
    "refile_document": Act.REFILE,
    "revoke_document": Act.REVOKE,
    "supersede_document": Act.SUPERSEDE,
    "list_prints": Act.SEE_PAPERS,
    "request_print": Act.PRINT,
    "get_print": Act.SEE_PAPERS,
    "get_print_content": Act.SEE_PAPERS,
    "revoke_print": Act.PRINT,
    # Stores, search, dossiers.
    "search_owners": Act.FIND_OWNER,
    "search_documents": Act.SEE_PAPERS,
    "get_store": Act.FIND_OWNER,
    "list_store_documents": Act.SEE_PAPERS,
    "open_dossier": Act.OPEN_DOSSIER,
    "get_dossier": Act.SEE_DOSSIERS,
    "get_attachments": Act.SEE_DOSSIERS,
    "add_dossier_event": Act.RECORD_EVENT,
    "attach_by_reference": Act.ATTACH,
    "check_holdings": Act.SEE_DOSSIERS,
    # Other systems.
    "subscribe": Act.MANAGE_SUBSCRIPTIONS,
    "list_webhooks": Act.MANAGE_SUBSCRIPTIONS,
    "get_webhook": Act.MANAGE_SUBSCRIPTIONS,
    "change_webhook": Act.MANAGE_SUBSCRIPTIONS,
    "remove_webhook": Act.MANAGE_SUBSCRIPTIONS,
    "rotate_webhook_secret": Act.MANAGE_SUBSCRIPTIONS,
    "try_webhook": Act.MANAGE_SUBSCRIPTIONS,
    "retry_webhook": Act.MANAGE_SUBSCRIPTIONS,
    "list_deliveries": Act.MANAGE_SUBSCRIPTIONS,
}
_ASK_FOR_A_SECRET = {"sign_in_local", "change_password", "get_token", "revoke_token"}
"""Doors that anybody may knock on and that answer 401 to whoever has not the right secret."""
_STAFF_ONLY = {"check_holdings"}
"""A citizen may see the dossier, and does not decide what is scanned for it."""
_BY_DOC_CODE = {"change_imported_document"}
"""Of an address that takes an id or the code of official letter 7197, the one that takes only the code."""
_EVERY_AGENCY_SEES = {"get_store", "search_owners", "list_delegations", "get_owner_diary"}
"""An owner is looked up by staff of every agency: a person moves. What the store holds, who stands for whom and
the diary are filtered by agency."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address, as the application describes it."""

    name: str
    method: str
    path: str
    example: Any
    media_type: str | None

    @property
    def placeholder(self) -> str:
        return self.path.partition("{")[2].partition("}")[0]

    @property
    def target(self) -> str | None:
        """Which kind of thing the address names."""
        return "doc_code" if self.name in _BY_DOC_CODE else self.placeholder or None

    def allowed(self, role: ActorRole) -> bool:
        """Whether the role may ask for it at all; for what anybody may, True."""
        act = ACTS[self.name]
        if act is None:
            return True
        if self.name in _STAFF_ONLY and role in CITIZENS:
            return False
        return may(role, act) or (act is Act.TAKE_IN and may(role, Act.UPLOAD_OWN))


@dataclass(slots=True)
class World:
    """Papers of two agencies, each of another owner, and who asks about them."""

    service: Service
    own: dict[str, str] = field(default_factory=dict)
    other: dict[str, str] = field(default_factory=dict)
    clients: dict[ActorRole, httpx.Client] = field(default_factory=dict)

    def ask(self, client: httpx.Client, operation: Operation, target: str | None) -> httpx.Response:
        path = (
            operation.path
            if target is None
            else operation.path.replace(f"{{{operation.placeholder}}}", target)
        )
        if operation.media_type == "application/json":
            return client.request(operation.method, path, json=operation.example)
        content = page(7) if operation.media_type else None
        with client.stream(operation.method, path, content=content) as answer:
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                return answer  # it was let in; what follows is progress
            answer.read()
            return answer


def operations_of(service: Service) -> list[Operation]:
    """Every operation of the running application."""
    description = service.app.openapi()
    found = []
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            content = operation.get("requestBody", {}).get("content", {})
            media_type = "application/json" if "application/json" in content else next(iter(content), None)
            example = _example(description, content.get("application/json", {}))
            found.append(Operation(operation["operationId"], method.upper(), path, example, media_type))
    return found


def _example(description: dict[str, Any], content: dict[str, Any]) -> Any:
    if "examples" in content:
        return next(iter(content["examples"].values()))["value"]
    return _said_of(description, content.get("schema", {}))


def _said_of(description: dict[str, Any], schema: dict[str, Any]) -> Any:
    """The example of a schema; where the whole has none, that of each field that must be there."""
    if "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("type") == "object":
        return {
            name: _said_of(description, schema["properties"][name]) for name in schema.get("required", [])
        }
    return str(uuid4()) if schema.get("format") == "uuid" else schema.get("enum", [None])[0]


@pytest.fixture(scope="module")
def world(served: Service) -> Iterator[World]:
    made = World(served)
    offices = (
        (AGENCY, AN, OWN_DOSSIER, page(1), made.own),
        (OTHER_AGENCY, BINH, OTHER_DOSSIER, page(2), made.other),
    )
    for agency, owner, dossier, content, things in offices:
        with served.signed_in("clerk", agency=agency) as clerk:
            opened = clerk.post(f"{API}/dossiers", json={"number": dossier, "procedure": "1.001193"})
            assert opened.status_code == 201, opened.text
            paper = submit(clerk, content, owner, type="KHAI_SINH", dossier=dossier)
            found = clerk.post(f"{API}/owners/search", json={"identifier": owner}).json()["owners"]
        things |= {"document_id": paper["document_id"], "job_id": paper["job_id"], "number": dossier}
        things["owner_id"] = found[0]["owner_id"]
    for role in ActorRole:
        more = {"owner_id": made.own["owner_id"]} if role == ActorRole.OWNER else {}
        made.clients[role] = served.signed_in(role, person=f"somebody.{role}", **more)
    yield made
    for client in made.clients.values():
        client.close()


def absent(target: str | None) -> str | None:
    """A thing of that kind that is nowhere."""
    if target is None:
        return None
    return {"number": ABSENT_DOSSIER, "doc_code": "G06.01_CV_000021_V1"}.get(target, str(uuid4()))


def test_every_route_is_listed_and_every_listed_one_is_there(served: Service) -> None:
    assert {operation.name for operation in operations_of(served)} == set(ACTS)


def test_nobody_is_let_in_without_sign_in_but_by_the_public_doors(world: World) -> None:
    wrong = []
    with world.service.client() as nobody:
        for operation in operations_of(world.service):
            if operation.name in _ASK_FOR_A_SECRET:
                continue
            status = world.ask(nobody, operation, absent(operation.target)).status_code
            if (status == 401) != (ACTS[operation.name] is not None):
                wrong.append((operation.name, status))
    assert not wrong, wrong


@pytest.mark.parametrize("role", list(ActorRole))
def test_what_a_role_may_not_do_it_cannot_do_whatever_it_is_about(world: World, role: ActorRole) -> None:
    wrong = []
    for operation in operations_of(world.service):
        if operation.allowed(role):
            continue
        for things in (world.own, world.other, {}):
            target = things.get(operation.target or "", absent(operation.target))
            status = world.ask(world.clients[role], operation, target).status_code
            if status not in (403, 404):
                wrong.append((operation.name, status))
    assert not wrong, wrong


@pytest.mark.parametrize("role", list(ActorRole))
def test_what_is_somebody_elses_is_answered_like_what_is_not_there(world: World, role: ActorRole) -> None:
    wrong = []
    for operation in operations_of(world.service):
        theirs = world.other.get(operation.target or "")
        if ACTS[operation.name] is None or theirs is None or operation.name in _EVERY_AGENCY_SEES:
            continue
        answers = [
            world.ask(world.clients[role], operation, theirs),
            world.ask(world.clients[role], operation, absent(operation.target)),
        ]
        statuses = [answer.status_code for answer in answers]
        shown = [answer.text for answer in answers]
        known_to_all = operation.name == "list_store_documents" and role not in CITIZENS
        if known_to_all and statuses[0] == 200:
            assert answers[0].json()["documents"] == []
        elif statuses[0] not in (403, 404) or statuses[0] != statuses[1] or shown[0] != shown[1]:
            wrong.append((operation.name, *statuses))
    assert not wrong, wrong


_THEIR_OFFICE = (ActorRole.CLERK, ActorRole.HANDLER, ActorRole.SIGNER, ActorRole.ARCHIVIST, ActorRole.SYSTEM)


@pytest.mark.parametrize("role", [*_THEIR_OFFICE, ActorRole.AUDITOR, ActorRole.OWNER])
def test_what_a_role_may_do_with_its_own_it_can(world: World, role: ActorRole) -> None:
    wrong = []
    for operation in operations_of(world.service):
        mine = world.own.get(operation.target or "")
        if mine is None or not operation.allowed(role) or operation.name == "refile_document":
            continue
        status = world.ask(world.clients[role], operation, mine).status_code
        if status in (401, 403) or status >= 500 or (operation.method == "GET" and status not in (200, 404)):
            wrong.append((operation.name, status))
    assert not wrong, wrong
    if may(role, Act.SEE_PAPERS):
        seen = world.clients[role].get(f"{API}/documents/{world.own['document_id']}")
        assert seen.status_code == 200


@pytest.mark.parametrize("role", [ActorRole.REPRESENTATIVE, ActorRole.GUARDIAN])
def test_whoever_stands_for_nobody_sees_nobodys_papers(world: World, role: ActorRole) -> None:
    for things in (world.own, world.other):
        seen = world.clients[role].get(f"{API}/documents/{things['document_id']}")
        assert seen.status_code in (403, 404)


def test_postal_staff_sees_what_it_took_in_itself_and_nothing_else(world: World) -> None:
    postal = world.clients[ActorRole.POSTAL]
    mine = submit(postal, page(3), AN, type="KHAI_SINH")
    assert postal.get(f"{API}/documents/{mine['document_id']}").status_code == 200
    assert postal.get(f"{API}/documents/{world.own['document_id']}").status_code == 404
