"""Each secret opens its own door, for its own time, for whom it was made: forged, expired, replayed or shown elsewhere
it is worth nothing. What is shown lies in no header of an answer, and no address leads away from here.

Tokens of a provider stand in `connectors/test_oidc` and `test_sign_in`, those of systems in `test_oauth`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from api.house import page_pool_when_needed
from api.http.identity import CSRF_HEADER, Credentials
from api.steps.queue import work_off
from datastore import ActorRole
from tests.api.http.papers import AN, page, submit
from tests.api.http.people import OWN, an_officer, browser, sign_in
from tests.api.http.servers import MovedClock, Service, service_in_time
from tests.api.http.test_managing import citizen
from tests.api.http.test_problems import problem_of

API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Secrets:
    """One of each kind, all of them good."""

    session: str
    csrf: str
    access: str
    client_id: str
    client_secret: str
    share: str
    owner: str


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, MovedClock]]:
    with service_in_time(tmp_path_factory.mktemp("credentials")) as made:
        an_officer(made[0], "mai.tran", ActorRole.CLERK, ActorRole.HANDLER)
        yield made


@pytest.fixture(scope="module")
def served(timed: tuple[Service, MovedClock]) -> Service:
    return timed[0]


@pytest.fixture(scope="module")
def secrets(served: Service) -> Secrets:
    with served.signed_in("handler") as handler:
        paper = submit(handler, page(1), AN, type="KHAI_SINH", ground="back_file")
        (owner,) = handler.post(f"{API}/owners/search", json={"identifier": AN}).json()["owners"]
    with page_pool_when_needed(served.house.settings) as pool:
        work_off(served.house, pool)
    until = (served.house.clock() + timedelta(days=1)).isoformat()
    said = {"document_id": paper["document_id"], "purpose": "vay", "recipient": "Ngân hàng", "until": until}
    with citizen(served, owner["owner_id"]) as an:
        share = an.post(f"{API}/shares", json={**said, "openings": 100})
        assert share.status_code == 201, share.text
    with served.signed_in("admin") as admin:
        client = admin.post(f"{API}/clients", json={"name": "Một cửa", "scopes": ["papers.read"]}).json()
    known = (client["client"]["client_id"], client["client_secret"])
    with served.client() as door:
        token = door.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=known)
    with browser(served) as mai:
        csrf = str(sign_in(mai, "mai.tran")["csrf"])
        session = mai.cookies["khoso"]
    return Secrets(
        session, csrf, token.json()["access_token"], *known, share.json()["token"], owner["owner_id"]
    )


def shown(served: Service, *, bearer: str = "", cookie: str = "") -> httpx.Response:
    """What somebody is told about itself who shows this."""
    with served.client() as client:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {"Cookie": f"khoso={cookie}"}
        return client.get(f"{API}/me", headers=headers)


def test_a_secret_opens_its_own_door_and_no_other(served: Service, secrets: Secrets) -> None:
    assert shown(served, cookie=secrets.session).json()["role"] == "clerk"
    assert shown(served, bearer=secrets.access).json()["role"] == "system"
    all_of_them = {name: str(getattr(secrets, name)) for name in Secrets.__dataclass_fields__}
    for name, secret in all_of_them.items():
        if name != "access":
            problem_of(shown(served, bearer=secret), 401, "sign_in_needed")
        if name != "session":
            problem_of(shown(served, cookie=secret), 401, "sign_in_needed")
        with served.client() as door:
            opened = door.post(f"{API}/shares/open", json={"token": secret, "who": "Ngân hàng"})
            asked = door.post(
                "/oauth/token", data={"grant_type": "client_credentials"}, auth=(secrets.client_id, secret)
            )
        assert (opened.status_code == 200) == (name == "share"), name
        assert (asked.status_code == 200) == (name == "client_secret"), name


def test_whoever_shows_nothing_is_answered_while_the_database_answers_nobody(served: Service) -> None:
    class Silent:
        async def ask(self, _shown: Credentials) -> None:
            raise AssertionError

    state = served.app.state
    before, state.knowings = state.knowings, Silent()
    try:
        with served.client() as client:
            problem_of(client.get(f"{API}/me"), 401, "sign_in_needed")
            problem_of(client.get(f"{API}/me", headers={"Cookie": "khoso="}), 401, "sign_in_needed")
    finally:
        state.knowings = before


@pytest.mark.parametrize("of", ["session", "access", "share"])
def test_a_secret_with_one_letter_changed_is_forged(served: Service, secrets: Secrets, of: str) -> None:
    good = str(getattr(secrets, of))
    for forged in (good[:-1] + ("A" if good[-1] != "A" else "B"), good[:-1], good + "A", good.swapcase()):
        if of == "session":
            problem_of(shown(served, cookie=forged), 401, "sign_in_needed")
        elif of == "access":
            problem_of(shown(served, bearer=forged), 401, "sign_in_needed")
        else:
            with served.client() as door:
                answer = door.post(f"{API}/shares/open", json={"token": forged, "who": "Ngân hàng"})
            problem_of(answer, 404, "not_found")


def test_the_token_for_changes_is_that_of_the_very_session(served: Service) -> None:
    with browser(served) as one, browser(served) as other:
        sign_in(one, "mai.tran")
        theirs = str(sign_in(other, "mai.tran")["csrf"])
        own = one.headers[CSRF_HEADER]
        said = {"role": "handler"}
        refused = one.post("/session/role", json=said, headers={CSRF_HEADER: theirs})
        problem_of(refused, 403, "csrf_missing")
        assert one.post("/session/role", json=said).status_code == 200
        again = one.post("/session/role", json=said, headers={CSRF_HEADER: own})  # the one before
        problem_of(again, 403, "csrf_missing")


def test_a_session_that_was_signed_out_is_not_taken_up_again(served: Service) -> None:
    with browser(served) as mai:
        sign_in(mai, "mai.tran")
        kept = mai.cookies["khoso"]
        assert mai.post("/sign-out").status_code == 200
    problem_of(shown(served, cookie=kept), 401, "sign_in_needed")


def test_sessions_and_shares_end_by_themselves(timed: tuple[Service, MovedClock], secrets: Secrets) -> None:
    served, clock = timed
    sessions = {"officer": secrets.session}
    with citizen(served, secrets.owner) as an:
        sessions["citizen"] = an.cookies["khoso"]
    try:
        clock.by = timedelta(minutes=20)
        problem_of(shown(served, cookie=sessions["citizen"]), 401, "sign_in_needed")
        assert shown(served, cookie=sessions["officer"]).status_code == 200
        clock.by = timedelta(days=2)
        problem_of(shown(served, cookie=sessions["officer"]), 401, "sign_in_needed")
        problem_of(shown(served, bearer=secrets.access), 401, "sign_in_needed")
        with served.client() as door:
            late = door.post(f"{API}/shares/open", json={"token": secrets.share, "who": "Ngân hàng"})
        problem_of(late, 410, "share_ended")
    finally:
        clock.by = timedelta()


@pytest.mark.parametrize(
    "back",
    [
        "https://elsewhere.example",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "\t//elsewhere.example",
        "/\r\nSet-Cookie: khoso=mine",
        "javascript:alert(1)",
    ],
)
def test_a_step_up_leads_back_to_this_site_or_nowhere(served: Service, back: str) -> None:
    with browser(served) as mai:
        sign_in(mai, "mai.tran")
        refused = mai.post("/session/step-up", json={"return_to": back})
        problem_of(refused, 422, "bad_return_path")
        assert "set-cookie" not in refused.headers


def test_a_step_up_without_a_password_says_what_to_send_where_nobody_else_proves_it(served: Service) -> None:
    with browser(served) as mai:
        sign_in(mai, "mai.tran")
        said = problem_of(mai.post("/session/step-up", json={}), 422, "password_missing")
        assert '{"password": "…"}' in str(said["vi"])
        assert '{"password": "…"}' in str(said["en"])
        assert mai.post("/session/step-up", json={"password": OWN}).status_code == 200


def test_a_made_up_host_is_told_to_nobody(served: Service) -> None:
    for named in ("attacker.example", "attacker.example:80@127.0.0.1", "127.0.0.1.attacker.example"):
        with served.client(Host=named) as client:
            for answer in (
                client.get("/.well-known/oauth-authorization-server"),
                client.get(f"{API}/openapi.json"),
                client.get("/sign-in/start"),
            ):
                assert "attacker" not in answer.text + str(answer.headers), answer.url


def test_what_is_asked_ends_no_header_of_the_answer(served: Service) -> None:
    """Ids, names, languages, keys and traces that were chosen to begin a line of their own."""
    line = "%0d%0aSet-Cookie:%20khoso=mine"
    with served.signed_in() as clerk:
        answers = [
            clerk.get(f"{API}/dossiers/H41{line}"),
            clerk.get(f"{API}/documents/download/G06{line}"),
            clerk.get(f"{API}/jobs/{UUID(int=0)}{line}"),
            clerk.post(f"{API}/uploads", content=page(2), headers={"Khoso-File-Name": f"a{line}.png"}),
            clerk.post(f"{API}/uploads", content=page(3), headers={"Khoso-File-Name": 'a"; filename=b.png'}),
            clerk.get(f"{API}/me", headers={"traceparent": f"00-{'a' * 32}-{line}"}),
            clerk.get(f"{API}/me", headers={"Accept-Language": f"en{line}"}),
        ]
    for answer in answers:
        assert "set-cookie" not in answer.headers
        assert not any("mine" in value for value in answer.headers.values()), answer.url
