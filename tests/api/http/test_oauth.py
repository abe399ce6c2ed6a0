"""Other information systems over HTTP: a token for a secret, what it lets them do, and all that ends it."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.http.browser import audience
from api.http.doors import CLIENT, CLIENTS, LocalTally
from datastore import SCOPES
from datastore.clients import TOKEN_LASTS
from tests.api.http.papers import AN, check, page, submit
from tests.api.http.servers import OTHER_AGENCY, MovedClock, Service, service_in_time
from tests.api.http.test_documents import read_all
from tests.api.http.test_problems import problem_of

API = "/api/v1"
_METADATA = "/.well-known/oauth-authorization-server"


@dataclass(frozen=True)
class System:
    """Another information system: where it asks, and with what."""

    service: Service
    id: str
    client_id: str
    secret: str
    address: str = "198.51.100.1"
    """From where it asks, as a proxy of ours tells it."""

    def asks(self, **said: str) -> httpx.Response:
        """A token, with the secret in the header."""
        shown = {"Authorization": self.basic, "X-Forwarded-For": self.address}
        with self.service.client(**shown) as client:
            return client.post("/oauth/token", data={"grant_type": "client_credentials", **said})

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()

    def token(self, **said: str) -> str:
        answer = self.asks(**said)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def with_token(self, token: str) -> httpx.Client:
        return self.service.client(Authorization=f"Bearer {token}")


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, MovedClock]]:
    with service_in_time(tmp_path_factory.mktemp("oauth"), trusted_proxies="127.0.0.1") as made:
        yield made


@pytest.fixture
def served(timed: tuple[Service, MovedClock]) -> Service:
    service, _clock = timed
    doorkeeper = service.app.state.doorkeeper
    service.app.state.doorkeeper = replace(doorkeeper, tally=LocalTally())  # each test knocks for itself
    return service


@pytest.fixture
def admin(served: Service) -> Iterator[httpx.Client]:
    with served.signed_in("admin", person="quan.tri") as client:
        yield client


def made(served: Service, admin: httpx.Client, *scopes: str) -> System:
    answer = admin.post(f"{API}/clients", json={"name": "Một cửa điện tử", "scopes": list(scopes)})
    assert answer.status_code == 201, answer.text
    said = answer.json()
    return System(served, said["client"]["id"], said["client"]["client_id"], said["client_secret"])


def refused(answer: httpx.Response, status: int, error: str) -> None:
    """An error of RFC 6749, section 5.2, that no cache keeps and that repeats nothing of what was sent."""
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_system_gets_a_token_with_its_secret_in_the_header_or_in_the_body(
    served: Service, admin: httpx.Client
) -> None:
    system = made(served, admin, "papers.read", "dossiers.read")
    in_body = {"client_id": system.client_id, "client_secret": system.secret}
    with served.client() as client:
        posted = client.post("/oauth/token", data={"grant_type": "client_credentials", **in_body})
    for answer in (system.asks(), posted):
        said: dict[str, Any] = answer.json()
        assert answer.status_code == 200
        assert (said["token_type"], said["scope"]) == ("Bearer", "dossiers.read papers.read")
        assert 0 < said["expires_in"] <= TOKEN_LASTS.total_seconds()
        assert answer.headers["cache-control"] == "no-store"
        with system.with_token(said["access_token"]) as shown:
            me = shown.get(f"{API}/me").json()
            assert (me["person"], me["role"], me["agency"]) == (system.client_id, "system", "H41.08")


def test_a_secret_in_the_address_is_none(served: Service, admin: httpx.Client) -> None:
    system = made(served, admin, "papers.read")
    said = {"grant_type": "client_credentials", "client_id": system.client_id, "client_secret": system.secret}
    with served.client() as client:
        refused(
            client.post("/oauth/token", params=said, data={"scope": "papers.read"}), 401, "invalid_client"
        )
        assert client.get("/oauth/token", params=said).status_code == 405
        token = system.token()
        problem_of(client.get(f"{API}/me", params={"access_token": token}), 401, "sign_in_needed")


def test_a_token_lets_a_system_do_what_its_scopes_name_and_nothing_else(
    served: Service, admin: httpx.Client
) -> None:
    system = made(served, admin, "papers.read", "papers.write")
    with served.signed_in() as clerk:
        paper = submit(clerk, page(31), AN)["document_id"]
    with system.with_token(system.token(scope="papers.read")) as reads:
        assert reads.get(f"{API}/documents/{paper}").status_code == 200
        refusal = problem_of(reads.post(f"{API}/uploads", content=page(32)), 403, "not_allowed")
        assert str(refusal["en"]).endswith("it needs one of: papers.write.")
        problem_of(reads.get(f"{API}/accounts"), 403, "not_allowed")
        problem_of(reads.post("/sign-out"), 401, "sign_in_needed")  # a token is no session
    with system.with_token(system.token(scope="papers.write")) as writes:
        assert writes.post(f"{API}/uploads", content=page(32)).status_code == 201
    refused(system.asks(scope="papers.read dossiers.write"), 400, "invalid_scope")
    refused(system.asks(scope="everything"), 400, "invalid_scope")


def test_a_system_that_brings_a_paper_does_not_answer_what_is_asked_about_it(
    served: Service, admin: httpx.Client
) -> None:
    """It once brought a paper of doubtful owner and then checked it itself, with the one scope that it had."""
    system, checker = made(served, admin, "papers.write"), made(served, admin, "papers.check")
    with system.with_token(system.token()) as brings, checker.with_token(checker.token()) as checks:
        for client in (brings, checks):
            client.headers["Khoso-Purpose"] = "kiem-thu"
        for _ in range(2):  # and bringing it again, compared once more, is no answer
            paper = (
                f"{API}/documents/{submit(brings, page(34), '999090001234', type='KET_HON')['document_id']}"
            )
            read_all(served)
            waiting = brings.get(paper).json()
            assert [one["code"] for one in waiting["waits"]] == ["waits_for_answer", "waits_for_check"]
        for refusal in (check(brings, paper), brings.put(f"{paper}/record", json={"fields": {}})):
            problem = problem_of(refusal, 403, "not_allowed")
            assert str(problem["en"]).endswith("it needs one of: papers.check.")
        problem_of(checks.post(f"{API}/uploads", content=page(35)), 403, "not_allowed")
        assert check(checks, paper).json()["checked_by"] == checker.client_id


def test_a_system_that_may_not_check_compares_nothing(served: Service, admin: httpx.Client) -> None:
    """The reader once checked such a paper in its name: it was signed without anybody who may."""
    system, checker = made(served, admin, "papers.write"), made(served, admin, "papers.write", "papers.check")
    for number, (who, waits) in enumerate(((system, ["waits_for_check"]), (checker, [])), start=36):
        with who.with_token(who.token()) as brings:
            brings.headers["Khoso-Purpose"] = "kiem-thu"
            brought = submit(brings, page(number), AN, type="KET_HON")
            told = [one["code"] for one in brought["warnings"]]
            assert told == (["comparison_left_out"] if waits else [])
            paper = f"{API}/documents/{brought['document_id']}"
            read_all(served)
            stands = brings.get(paper).json()
            assert [one["code"] for one in stands["waits"]] == waits
            assert stands["compared_by"] == (None if waits else who.client_id)


def test_a_system_of_another_agency_sees_nothing_of_this_one(served: Service) -> None:
    with served.signed_in() as clerk:
        paper = submit(clerk, page(33), AN)["document_id"]
    with served.signed_in("admin", person="quan.tri", agency=OTHER_AGENCY) as other_admin:
        theirs = made(served, other_admin, "papers.read")
        problem_of(other_admin.get(f"{API}/clients/{paper}"), 404, "not_found")
    with theirs.with_token(theirs.token()) as stranger:
        problem_of(stranger.get(f"{API}/documents/{paper}"), 404, "not_found")


def test_a_client_that_is_not_there_and_a_wrong_secret_are_answered_alike(
    served: Service, admin: httpx.Client
) -> None:
    system = made(served, admin, "papers.read")
    answers = [replace(system, secret="x" * 43).asks(), replace(system, client_id="0" * 24).asks()]
    for answer in answers:
        refused(answer, 401, "invalid_client")
    assert answers[0].text == answers[1].text


def test_who_guesses_from_one_address_has_to_wait(served: Service, admin: httpx.Client) -> None:
    system = made(served, admin, "papers.read")
    wrong = replace(system, secret="x" * 43)
    statuses = [wrong.asks().status_code for _ in range(CLIENT.most + 1)]
    assert statuses == [401] * CLIENT.most + [429]
    waits = system.asks()
    assert (waits.status_code, int(waits.headers["retry-after"]) > 0) == (429, True)
    assert made(served, admin, "papers.read").asks().status_code == 200  # another client is not held up


def test_who_guesses_elsewhere_does_not_shut_the_system_out(served: Service, admin: httpx.Client) -> None:
    system = made(served, admin, "papers.read")
    guesser = replace(system, secret="x" * 43, address="203.0.113.7")
    statuses = [guesser.asks().status_code for _ in range(CLIENT.most + 1)]
    assert statuses == [401] * CLIENT.most + [429]
    assert system.asks().status_code == 200


def test_who_guesses_at_one_id_after_the_other_has_to_wait(served: Service, admin: httpx.Client) -> None:
    system = made(served, admin, "papers.read")
    elsewhere = replace(system, address="203.0.113.7")
    guesses = [replace(elsewhere, client_id=f"{n:024}") for n in range(CLIENTS.most + 1)]
    assert [one.asks().status_code for one in guesses] == [401] * CLIENTS.most + [429]
    assert elsewhere.asks().status_code == 429
    with served.client(**{"Authorization": system.basic, "X-Forwarded-For": elsewhere.address}) as client:
        assert client.post("/oauth/revoke", data={"token": "x"}).status_code == 429
    assert system.asks().status_code == 200


def test_a_system_that_is_let_in_or_errs_without_end_shuts_no_neighbour_out(
    served: Service, admin: httpx.Client
) -> None:
    system, neighbour = made(served, admin, "papers.read"), made(served, admin, "papers.read")
    wrong = replace(neighbour, secret="x" * 43)
    for _ in range(CLIENTS.most + 1):
        assert system.asks().status_code == 200
        assert wrong.asks().status_code in (401, 429)
    assert system.asks().status_code == 200


def test_two_secrets_count_while_one_takes_the_others_place(
    served: Service, timed: tuple[Service, MovedClock], admin: httpx.Client
) -> None:
    first = made(served, admin, "papers.read")
    second = replace(first, secret=admin.post(f"{API}/clients/{first.id}/secret").json()["client_secret"])
    assert [one.asks().status_code for one in (first, second)] == [200, 200]
    third = replace(first, secret=admin.post(f"{API}/clients/{first.id}/secret").json()["client_secret"])
    assert [one.asks().status_code for one in (first, second, third)] == [401, 200, 200]
    _service, clock = timed
    clock.by += timedelta(days=8)
    assert [one.asks().status_code for one in (second, third)] == [401, 200]


def test_a_client_that_is_disabled_is_out_with_the_next_request(served: Service, admin: httpx.Client) -> None:
    system = made(served, admin, "papers.read")
    with system.with_token(system.token()) as shown:
        assert shown.get(f"{API}/me").status_code == 200
        assert admin.post(f"{API}/clients/{system.id}/disable").json()["state"] == "disabled"
        problem_of(shown.get(f"{API}/me"), 401, "sign_in_needed")
    refused(system.asks(), 401, "invalid_client")


def test_a_token_ends_by_itself_and_says_so(
    served: Service, timed: tuple[Service, MovedClock], admin: httpx.Client
) -> None:
    system = made(served, admin, "papers.read")
    _service, clock = timed
    with system.with_token(system.token()) as shown:
        assert shown.get(f"{API}/me").status_code == 200
        clock.by += TOKEN_LASTS
        over = shown.get(f"{API}/me")
        assert (over.status_code, 'error="invalid_token"' in over.headers["www-authenticate"]) == (401, True)


def test_a_scope_that_there_is_not_is_answered_with_those_that_there_are(admin: httpx.Client) -> None:
    """An administrator was told that it was not granted, and to ask the administrator."""
    asked = {"name": "Một cửa", "scopes": ["papers.read", "papers.burn"]}
    answer = admin.post(f"{API}/clients", json=asked)
    problem_of(answer, 422, "request_invalid")
    (fault,) = answer.json()["errors"]
    assert (fault["pointer"], fault["allowed"]) == ("/body/scopes/1", sorted(SCOPES))
    assert "papers.check" in answer.json()["en"]


def test_a_token_for_somebody_else_is_none_here(served: Service, admin: httpx.Client) -> None:
    system = made(served, admin, "papers.read")
    here = audience(served.house.settings)
    assert system.asks(resource=f"{here}{API}").status_code == 200
    refused(system.asks(resource="https://elsewhere.example.vn"), 400, "invalid_target")
    theirs = served.house.datastore.clients.issue_token(
        system.client_id, system.secret, None, "https://elsewhere.example.vn"
    )
    with system.with_token(theirs.token) as shown:
        assert shown.get(f"{API}/me").status_code == 401


def test_a_token_is_given_for_the_issuer_that_the_metadata_name(served: Service, admin: httpx.Client) -> None:
    """Where no public address is set, what was published as the issuer was refused as a resource."""
    system = made(served, admin, "papers.read")
    with served.client() as client:
        issuer = client.get(_METADATA).json()["issuer"]
    assert issuer == served.url.rstrip("/")
    for resource in (issuer, f"{issuer}/", f"{issuer}{API}"):
        with system.with_token(system.token(resource=resource)) as shown:
            assert shown.get(f"{API}/me").status_code == 200
    for resource in (f"{issuer}0", f"{issuer}/elsewhere", f"{issuer}.example.vn", f"https{issuer[4:]}"):
        refused(system.asks(resource=resource), 400, "invalid_target")


@pytest.mark.parametrize("host", ["elsewhere.example.vn", "127.0.0.1.elsewhere.example.vn:8080"])
def test_a_name_that_is_not_this_machine_s_is_no_issuer_and_no_resource(
    served: Service, admin: httpx.Client, host: str
) -> None:
    system = made(served, admin, "papers.read")
    with served.client(Authorization=system.basic, Host=host) as client:
        assert client.get(_METADATA).json()["issuer"] == "http://localhost"
        asked = {"grant_type": "client_credentials", "resource": f"http://{host}"}
        refused(client.post("/oauth/token", data=asked), 400, "invalid_target")


def test_the_description_names_every_field_of_the_form(served: Service) -> None:
    operation = served.app.openapi()["paths"]["/oauth/token"]["post"]
    (form,) = operation["requestBody"]["content"].values()
    fields = {"grant_type", "scope", "resource", "client_id", "client_secret"}
    assert form["schema"]["properties"].keys() == fields
    assert form["schema"]["required"] == ["grant_type"]


def test_a_system_ends_its_own_token_and_nobody_elses(served: Service, admin: httpx.Client) -> None:
    system, other = made(served, admin, "papers.read"), made(served, admin, "papers.read")
    token = system.token()
    for asks, status, still in (
        (other, 200, 200),
        (replace(system, secret="x" * 43), 401, 200),
        (system, 200, 401),
    ):
        with served.client(Authorization=asks.basic) as client:
            assert client.post("/oauth/revoke", data={"token": token}).status_code == status
        with system.with_token(token) as shown:
            assert shown.get(f"{API}/me").status_code == still
    with served.client(Authorization=system.basic) as client:
        # Ended already: no error.
        assert client.post("/oauth/revoke", data={"token": token}).status_code == 200
        refused(client.post("/oauth/revoke", data={}), 400, "invalid_request")


def test_what_is_no_request_for_a_token_is_refused_in_the_words_of_the_standard(
    served: Service, admin: httpx.Client
) -> None:
    system = made(served, admin, "papers.read")
    refused(system.asks(grant_type="password"), 400, "unsupported_grant_type")
    refused(system.asks(client_secret=system.secret), 400, "invalid_request")
    with served.client(Authorization=system.basic) as client:
        refused(
            client.post("/oauth/token", json={"grant_type": "client_credentials"}), 400, "invalid_request"
        )
        refused(client.post("/oauth/token", data={"scope": "papers.read"}), 400, "invalid_request")


def test_the_metadata_name_the_addresses_that_there_are(served: Service) -> None:
    with served.client() as client:
        said = client.get(_METADATA).json()
        assert said["grant_types_supported"] == ["client_credentials"]
        assert said["scopes_supported"] == sorted(SCOPES)
        for name in ("token_endpoint", "revocation_endpoint"):
            assert said[name].startswith(said["issuer"])
            path = said[name].removeprefix(said["issuer"])
            refused(client.post(path, data={"token": "x"}), 401, "invalid_client")
