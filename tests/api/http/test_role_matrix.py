"""Every route of the running application × every role × {own, other's, shared, delegated, absent}.

The routes are those that the application really has, their bodies the examples of its own description, with the
paper, owner or account of which the relation speaks put into them; which act a route asks for stands in `ACTS` below,
and who may do it in `datastore.rights`. A route that nobody listed fails.

What must come: *not allowed* for what a role may not do at all, whatever it is about; else what is one's own, or of
whom one stands for while the delegation is in force, is seen and changed; all else is answered like what is not there,
also what was shared (a share opens itself and nothing else), and what a delegation that is over let one see. No answer
holds a name, a number or a file name of a citizen whose paper is not seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

import httpx
import pytest

from datastore import CITIZENS, SCOPES, Act, ActorRole, may
from tests.api.http.matrix_world import (
    AN,
    API,
    BINH,
    CHI,
    COMPANY,
    FORMER,
    GIANG,
    KINDS,
    OTHER_COMPANY,
    PROPOSED,
    SHUT_OUT,
    Somebody,
    Things,
    World,
    world_at,
)
from tests.api.http.papers import page
from tests.api.http.servers import AGENCY, Service
from tests.api.http.test_oauth import made

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
    "list_document_types": Act.READ_RULES,
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
    "bring_own_document": Act.UPLOAD_OWN,
    "import_document": Act.TAKE_IN,
    "get_document": Act.SEE_PAPERS,
    "get_document_codes": Act.SEE_PAPERS,
    "get_document_content": Act.SEE_PAPERS,
    "get_document_diary": Act.READ_DIARY,
    "get_document_jobs": Act.SEE_PAPERS,
    "get_document_reading": Act.SEE_PAPERS,
    "get_document_record": Act.SEE_PAPERS,
    "get_job": Act.SEE_PAPERS,
    "get_job_events": Act.SEE_PAPERS,
    "check_document": Act.CHECK,
    "change_imported_document": Act.TAKE_IN,
    "classify_document": Act.CLASSIFY,
    "confirm_document_record": Act.CHECK,
    "download_imported_document": Act.SEE_PAPERS,
    "put_document_away": Act.PUT_AWAY,
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
    "correct_owner": Act.CORRECT_OWNER,
    "get_owner_record": Act.CORRECT_OWNER,
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
_NEED_A_BROWSER = {"get_session", "get_roles", "take_role", "step_up", "sign_out"}
"""About a session of a browser, which nobody of the matrix has: each comes with a token."""
_THE_PAPER = {
    "get_document_content",
    "get_document_reading",
    "get_document_record",
    "download_imported_document",
}
"""The paper itself, where two own it together: it says what it says."""
_STAFF_ONLY = {"check_holdings"}
"""A citizen may see the dossier, and does not decide what is scanned for it."""
_EVERY_AGENCY_SEES = {
    "get_store",
    "search_owners",
    "list_delegations",
    "get_owner_diary",
    "list_store_documents",
}
"""An owner is looked up by number by staff of every agency: a person moves. What the store holds, who stands for whom
and the diary are filtered by agency."""
_LOOK_AT_A_PAPER_FIRST = {"attach_by_reference"}
"""What says that a paper is not as it was seen before it asks whether it may be cited."""
_ALSO_ASKED = {"check_holdings": Act.FIND_OWNER}
"""What takes a system a second right: owners are looked up there."""
_ENDS = (
    "end_agency",
    "close_account",
    "disable_client",
    "remove_webhook",
    "refile_document",
    "end_delegation",
)
"""What takes away what the others are about: asked last, in this order."""
_BY_PREFIX = {
    "/accounts/": "account_id",
    "/clients/": "client_id",
    "/delegations/": "delegation_id",
    "/shares/": "share_id",
    "/webhooks/": "webhook_id",
}
_SAID = {
    "document_id": "document_id",
    "proof_id": "document_id",
    "by": "document_id",
    "duplicate_of": "document_id",
    "identifier": "identifier",
    "words": "words",
    "DocCode": "doc_code",
    "until": "until",
}
"""What a body names of a paper, by the names of its fields."""


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
        """Which kind of thing the address names; None when it names none."""
        if self.name == "change_imported_document":  # of an address that takes an id or a code, the code
            return "doc_code"
        if self.placeholder != "id":
            return self.placeholder or None
        return next(kind for prefix, kind in _BY_PREFIX.items() if prefix in self.path)

    @property
    def relates(self) -> bool:
        """Whether it is about something that may be one's own or somebody else's."""
        named = _SAID.keys() & (self.example.keys() if isinstance(self.example, dict) else set())
        return self.target is not None or bool(named - {"until"})

    def allowed(self, role: ActorRole) -> bool:
        """Whether the role may ask for it at all; for what anybody may, True."""
        act = ACTS[self.name]
        if act is None:
            return True
        if self.name in _STAFF_ONLY and role in CITIZENS:
            return False
        return may(role, act) or (self.name == "upload_file" and may(role, Act.UPLOAD_OWN))

    def ask(self, client: httpx.Client, things: Things) -> httpx.Response:
        """The answer about these things."""
        path = self.path
        if self.target is not None:
            path = path.replace(f"{{{self.placeholder}}}", things[self.target])
        if isinstance(self.example, dict):
            said = {name: things[kind] for name, kind in _SAID.items() if name in self.example}
            return client.request(self.method, path, json={**self.example, **said})
        content = page(7) if self.media_type else None
        with client.stream(self.method, path, content=content) as answer:
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
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_at(tmp_path_factory.mktemp("matrix")) as made:
        yield made


@pytest.fixture(scope="module")
def operations(world: World) -> list[Operation]:
    """Every operation, what ends something last."""
    found = operations_of(world.service)
    return sorted(found, key=lambda one: _ENDS.index(one.name) if one.name in _ENDS else -1)


def told_of(answer: httpx.Response, *people: Somebody) -> list[str]:
    """By what an answer, its headers included, tells of somebody."""
    body = answer.text if answer.is_stream_consumed else ""
    shown = f"{body}\n{answer.headers}".lower()
    shown = f"{shown}\n{unquote(shown)}"
    return [word for one in people for word in one.canaries if word in shown]


def shown(answer: httpx.Response) -> tuple[int, str]:
    """What somebody who asks can tell two answers apart by."""
    return answer.status_code, answer.text if answer.is_stream_consumed else ""


def test_an_answer_that_tells_of_somebody_is_known_for_one(world: World) -> None:
    codes = world.clients[ActorRole.OWNER].get(f"{API}/documents/{world.own['document_id']}/codes")
    assert told_of(codes, *SHUT_OUT, AN) == [AN.number]
    file_name = httpx.Response(200, headers={"X": quote(AN.file_name)}, content=b"")
    assert told_of(file_name, AN)


def test_every_route_is_listed_and_every_listed_one_is_there(operations: list[Operation]) -> None:
    assert {operation.name for operation in operations} == set(ACTS)


def test_nobody_is_let_in_without_sign_in_but_by_the_public_doors(
    world: World, operations: list[Operation]
) -> None:
    wrong = []
    with world.service.client() as nobody:
        for operation in operations:
            if operation.name in _ASK_FOR_A_SECRET:
                continue
            status = operation.ask(nobody, world.absent()).status_code
            nobody.cookies.clear()
            if (status == 401) != (ACTS[operation.name] is not None):
                wrong.append((operation.name, status))
    assert not wrong, wrong


def test_the_public_doors_tell_nothing_of_anybody(world: World, operations: list[Operation]) -> None:
    with world.service.client() as nobody:
        for things in (world.own, world.shared, world.other):
            about = [one.ask(nobody, things) for one in operations if ACTS[one.name] is None]
            nobody.cookies.clear()
            about += [nobody.post(f"{API}/verify", json={"text": things["text"]})]
            about += [nobody.post(f"{API}/shares/open", json={"token": "x" * 43, "who": things["words"]})]
            for answer in about:
                assert not told_of(answer, AN, *SHUT_OUT), answer.url


def not_seen(
    world: World, operations: list[Operation], role: ActorRole, client: httpx.Client, *theirs: Things
) -> Iterator[tuple[str, object]]:
    """What is wrong when all these things must be for this role like things that are not there."""
    absent = world.absent()
    for operation in operations:
        if not operation.relates or ACTS[operation.name] is None:
            continue
        if role is ActorRole.SYSTEM and ACTS[operation.name] in (Act.MANAGE_ACCOUNTS, Act.MANAGE_AGENCIES):
            continue  # without scopes it is the command line, which manages every agency's
        none = shown(operation.ask(client, absent))
        for answer in [operation.ask(client, things) for things in theirs]:
            if operation.name in _EVERY_AGENCY_SEES and role not in CITIZENS:
                if operation.allowed(role) and not filtered(answer):
                    yield operation.name, shown(answer)
                continue
            refused = answer.status_code in ((404, 422) if operation.allowed(role) else (403, 404))
            if shown(answer) != none or not (refused or nothing_found(answer)):
                yield operation.name, (shown(answer), none)
            if told := told_of(answer, *SHUT_OUT):
                yield operation.name, told


def filtered(answer: httpx.Response) -> bool:
    """Whether staff that looked a stranger up was shown of her only what its own agency did."""
    said = answer.json()
    lines = said.get("lines", [])
    return not (said.get("documents") or said.get("delegations")) and {one["agency"] for one in lines} <= {
        AGENCY
    }


def nothing_found(answer: httpx.Response) -> bool:
    """Whether a search went well and found nobody and nothing."""
    return answer.is_success and not any(answer.json().get(name) for name in ("documents", "owners"))


@pytest.mark.parametrize("role", list(ActorRole))
def test_what_is_somebody_elses_or_only_shared_is_answered_like_what_is_not_there(
    world: World, operations: list[Operation], role: ActorRole
) -> None:
    assert list(not_seen(world, operations, role, world.clients[role], world.other, world.shared)) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", [FORMER, PROPOSED], ids=["ended", "not confirmed"])
def test_whoever_stands_for_somebody_no_more_or_not_yet_sees_nothing_of_hers(
    world: World, operations: list[Operation], who: Somebody, kind: ActorRole
) -> None:
    with world.standing_for(kind, who, CHI if kind is ActorRole.GUARDIAN else OTHER_COMPANY) as client:
        assert list(not_seen(world, operations, kind, client, world.other)) == []


def seen(
    operations: list[Operation], role: ActorRole, client: httpx.Client, things: Things, *not_of: Somebody
) -> Iterator[tuple[str, object]]:
    """What is wrong when these things must be seen by this role: each can be read, before it is changed."""
    for operation in operations:
        if operation.method == "GET" and operation.relates and operation.allowed(role):
            answer = operation.ask(client, things)
            told = told_of(answer, *not_of) if operation.name not in _THE_PAPER else []
            if answer.status_code != 200 or told:
                yield operation.name, told if answer.is_success else shown(answer)


def changed(
    operations: list[Operation], role: ActorRole, client: httpx.Client, things: Things, *not_of: Somebody
) -> Iterator[tuple[str, object]]:
    """What is wrong when the role may do what it may with these things."""
    for operation in operations:
        if operation.name in _ASK_FOR_A_SECRET | _NEED_A_BROWSER:
            continue
        if operation.method != "GET" and operation.allowed(role):
            answer = operation.ask(client, things)
            if (
                answer.status_code in (401, 403)
                or answer.status_code >= 500
                or (told := told_of(answer, *not_of))
            ):
                yield operation.name, shown(answer) if not answer.is_success else told


@pytest.mark.parametrize("role", [role for role in ActorRole if role not in (*KINDS, ActorRole.VERIFIER)])
def test_what_is_its_own_a_role_sees(world: World, operations: list[Operation], role: ActorRole) -> None:
    assert list(seen(operations, role, world.clients[role], world.own, *SHUT_OUT)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_stands_for_somebody_sees_what_is_hers(
    world: World, operations: list[Operation], kind: ActorRole
) -> None:
    whom = BINH if kind is ActorRole.GUARDIAN else COMPANY
    with world.standing_for(kind, GIANG, whom) as client:
        others = [one for one in (AN, *SHUT_OUT) if one is not whom]
        assert list(seen(operations, kind, client, world.delegated(kind), *others)) == []


@pytest.mark.parametrize("role", list(ActorRole))
def test_a_share_opens_itself_for_whoever_brings_its_token_and_nothing_else(
    world: World, role: ActorRole
) -> None:
    world.forget_knocks()
    client = world.clients[role]
    opened = client.post(f"{API}/shares/open", json={"token": world.shared["token"], "who": "Sở A"})
    assert (opened.status_code, opened.content[:5]) == (200, b"%PDF-")
    assert not told_of(opened, AN, CHI)
    ended = client.post(f"{API}/shares/open", json={"token": world.other["token"], "who": "Sở A"})
    absent = client.post(f"{API}/shares/open", json={"token": world.absent()["token"], "who": "Sở A"})
    assert (ended.status_code, absent.status_code) == (410, 404)
    assert not told_of(ended, AN, *SHUT_OUT)


@pytest.mark.parametrize("role", [role for role in ActorRole if role not in (*KINDS, ActorRole.VERIFIER)])
def test_what_is_its_own_a_role_may_change(
    world: World, operations: list[Operation], role: ActorRole
) -> None:
    assert list(changed(operations, role, world.clients[role], world.own, *SHUT_OUT)) == []


@pytest.mark.parametrize("scope", SCOPES)
def test_another_system_may_what_its_scope_names(
    world: World, operations: list[Operation], scope: str
) -> None:
    system = made(world.service, world.clients[ActorRole.ADMIN], scope)
    wrong = []
    with system.with_token(system.token()) as client:
        client.headers["Khoso-Purpose"] = "kiem-thu"
        for operation in operations:
            act = ACTS[operation.name]
            if act is None or operation.name in _NEED_A_BROWSER | _LOOK_AT_A_PAPER_FIRST:
                continue
            both = (act, _ALSO_ASKED.get(operation.name, act))
            allowed = all(may(ActorRole.SYSTEM, one, {scope}) for one in both)
            answer = operation.ask(client, world.own)
            if (answer.status_code == 403) == allowed or answer.status_code == 401:
                wrong.append((operation.name, shown(answer)))
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_stands_for_somebody_may_change_what_is_hers_until_the_time_is_over(
    world: World, operations: list[Operation], kind: ActorRole
) -> None:
    whom, later = (BINH, CHI) if kind is ActorRole.GUARDIAN else (COMPANY, OTHER_COMPANY)
    others = [one for one in (AN, *SHUT_OUT) if one is not whom]
    with world.standing_for(kind, GIANG, whom) as client, world.standing_for(kind, GIANG, later) as short:
        assert list(changed(operations, kind, client, world.delegated(kind), *others)) == []
        # The last it did was to end it.
        assert list(not_seen(world, operations, kind, client, world.shared)) == []
        place = f"{API}/documents/{world.other['document_id']}"
        assert short.get(place).status_code == 200
        world.clock.by = timedelta(days=3)
        assert short.get(place).status_code == 404
        with world.standing_for(kind, GIANG, later) as again:
            assert list(not_seen(world, operations, kind, again, world.other)) == []
        world.clock.by = timedelta()


def test_a_share_whose_time_is_over_or_that_was_opened_often_enough_opens_nothing(world: World) -> None:
    with (
        world.service.client() as nobody,
        world.service.signed_in("owner", owner_id=world.owners[CHI]) as chi,
    ):
        said = {"document_id": world.other["document_id"], "purpose": "x", "recipient": "x", "openings": 1}
        made = chi.post(f"{API}/shares", json={**said, "until": world.other["until"]}).json()
        statuses = []
        for token in (made["token"], made["token"]):
            statuses.append(
                nobody.post(f"{API}/shares/open", json={"token": token, "who": "Sở A"}).status_code
            )
        world.clock.by = timedelta(days=3)
        over = nobody.post(f"{API}/shares/open", json={"token": world.shared["token"], "who": "Sở A"})
        world.clock.by = timedelta()
        assert (statuses, over.status_code) == ([200, 410], 410)
        assert not told_of(over, AN, *SHUT_OUT)
