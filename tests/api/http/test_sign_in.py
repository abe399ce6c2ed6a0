"""Signing in over a real server: at a real provider's process, and with accounts of the installation."""

import base64
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from api.http.identity import CSRF_HEADER
from common import Digest, utc_now
from datastore import ActorRole, Claim, Holder, Proof
from tests.api.http.papers import AN as SOMEBODY
from tests.api.http.papers import page, submit
from tests.api.http.people import (
    INITIAL,
    OWN,
    an_officer,
    browser,
    go_to_provider,
    keep_csrf,
    sign_in,
    sign_in_citizen,
)
from tests.api.http.servers import Service, service, service_at
from tests.api.providers import (
    CLIENT_ID,
    CLIENT_SECRET,
    Claims,
    LyingProvider,
    consent,
    free_port,
    lying_provider,
    real_provider,
)

AN: Claims = {
    "sub": "an",
    "name": "Nguyễn Văn An",
    "personal_number": "040090001234",
    "birthdate": "1990-05-03",
}
BINH: Claims = {"sub": "binh", "name": "Trần Thị Bình", "personal_number": "040190004321"}
NAMELESS: Claims = {"sub": "nameless", "personal_number": "040090009999"}
NUMBERLESS: Claims = {"sub": "numberless", "name": "Lê Văn Không"}


def at_provider(folder: Path, issuer: str) -> dict[str, object]:
    """Settings of an installation that is registered with a provider."""
    secret = folder / "client-secret"
    secret.write_text(CLIENT_SECRET, encoding="utf-8")
    return {"oidc_issuer": issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret_file": secret}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """An installation that is registered with a real provider."""
    folder, port = tmp_path_factory.mktemp("signed-in"), free_port()
    with (
        real_provider(AN, BINH, NAMELESS, NUMBERLESS) as issuer,
        service_at(port, folder, public_url=f"http://127.0.0.1:{port}", **at_provider(folder, issuer)) as up,
    ):
        an_officer(up, "mai.tran", ActorRole.CLERK, ActorRole.HANDLER)
        yield up


@pytest.fixture
def mai(served: Service) -> Iterator[httpx.Client]:
    """An officer who signed in with her password."""
    with browser(served) as client:
        sign_in(client, "mai.tran")
        yield client


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- at a provider ------------------------------------------------------------------------------------


def test_a_citizen_signs_in_at_the_provider_and_comes_back_to_where_it_wanted(served: Service) -> None:
    with browser(served) as client:
        back = go_to_provider(client, "an", "/sign-in/start?return=/store%3Fpage%3D2")
        assert (back.status_code, back.headers["location"]) == (303, "/store?page=2")
        session = client.get("/session").json()
        assert (session["role"], session["agency"]) == ("owner", "H41.08")
        store = client.get(f"/api/v1/stores/{session['person']}")
        assert store.json()["owner_id"] == session["person"]


def test_the_same_person_has_one_store_however_often_it_comes(served: Service) -> None:
    with browser(served) as one, browser(served) as other:
        assert sign_in_citizen(one, "an")["person"] == sign_in_citizen(other, "an")["person"]
        assert sign_in_citizen(other, "binh")["person"] != one.get("/session").json()["person"]


@pytest.mark.parametrize(("subject", "reason"), [("nameless", "no_name"), ("numberless", "no_number")])
def test_a_provider_that_does_not_say_whose_store_it_is_opens_none(
    served: Service, subject: str, reason: str
) -> None:
    with browser(served) as client:
        back = go_to_provider(client, subject)
        assert code_of(back) == (403, "sign_in_refused")
        assert reason in back.json()["en"]
        assert client.get("/session").status_code == 401


def test_whoever_says_no_at_the_provider_stays_outside(served: Service) -> None:
    with browser(served) as client:
        sent = client.get("/sign-in/start")
        no = consent(sent.headers["Location"], None)
        state = httpx.URL(sent.headers["Location"]).params["state"]
        back = client.get("/sign-in/callback", params={**no.params, "state": state})
        assert code_of(back) == (403, "sign_in_refused")


def test_an_attempt_is_taken_once(served: Service) -> None:
    with browser(served) as client:
        sent = client.get("/sign-in/start")
        cookie = client.cookies["khoso-attempt"]
        way_back = str(consent(sent.headers["Location"], "an"))
        assert client.get(way_back).status_code == 303
        client.cookies.set("khoso-attempt", cookie, domain="127.0.0.1")
        assert code_of(client.get(way_back)) == (403, "sign_in_refused")


def test_an_attempt_that_another_browser_began_signs_nobody_in(served: Service) -> None:
    with browser(served) as attacker, browser(served) as victim:
        sent = attacker.get("/sign-in/start")
        way_back = str(consent(sent.headers["Location"], "an"))
        assert code_of(victim.get(way_back)) == (403, "sign_in_refused")
        victim.get("/sign-in/start")
        assert code_of(victim.get(way_back)) == (403, "sign_in_refused")
        assert victim.get("/session").status_code == 401


@pytest.mark.parametrize("state", ["", "made-up", "x" * 5000, "%0d%0aSet-Cookie:%20a=b", "\u2028"])
def test_a_made_up_way_back_is_refused(served: Service, state: str) -> None:
    with browser(served) as client:
        answer = client.get(f"/sign-in/callback?code=x&state={state}")
        assert answer.status_code in (403, 422)
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "back",
    [
        "https://elsewhere.example",
        "//elsewhere.example",
        "/%5Celsewhere.example",
        "/%0d%0aSet-Cookie:khoso=mine",
        "javascript:alert(1)",
    ],
)
def test_nobody_is_sent_to_another_site(served: Service, back: str) -> None:
    with browser(served) as client:
        answer = client.get(f"/sign-in/start?return={back}")
        assert code_of(answer) == (422, "bad_return_path")
        assert "location" not in answer.headers


def test_what_a_browser_shows_of_the_attempt_holds_no_secret(served: Service) -> None:
    with browser(served) as client:
        sent = client.get("/sign-in/start")
        asked = httpx.URL(sent.headers["Location"]).params
        assert asked["code_challenge_method"] == "S256"
        assert "code_verifier" not in asked
        assert CLIENT_SECRET not in sent.text + str(sent.headers)
        assert "httponly" in sent.headers["set-cookie"].lower()


def test_an_officer_signs_in_at_the_provider_under_an_account_that_was_linked(served: Service) -> None:
    made = an_officer(served, "binh.officer", ActorRole.HANDLER)
    with browser(served) as client:
        refused = go_to_provider(client, "binh", "/sign-in/start?as=officer")
        assert code_of(refused) == (403, "sign_in_refused")
        issuer = str(served.house.settings.oidc_issuer)
        with served.house.datastore.begin(served.house.system("tests"), "link") as work:
            work.accounts.link(made.id, issuer, "binh")
        assert go_to_provider(client, "binh", "/sign-in/start?as=officer").status_code == 303
        session = client.get("/session").json()
        assert (session["person"], session["role"]) == ("binh.officer", "handler")


# --- with an account ----------------------------------------------------------------------------------


def test_an_officer_signs_in_with_a_password_and_out_again(served: Service) -> None:
    with browser(served) as client:
        session = sign_in(client, "mai.tran")
        assert (session["person"], session["role"]) == ("mai.tran", "clerk")
        token = client.cookies["khoso"]
        out = client.post("/sign-out")
        assert out.json() == {"address": None}
        assert "khoso" not in client.cookies
        client.cookies.set("khoso", token, domain="127.0.0.1")
        assert code_of(client.get("/session")) == (401, "sign_in_needed")


def test_a_password_that_somebody_else_gave_opens_nothing_before_it_is_changed(served: Service) -> None:
    house = served.house
    given = house.datastore.officers.hashed("new.comer", INITIAL)
    with house.datastore.begin(house.system("tests"), "make_account") as work:
        work.accounts.make("new.comer", "New Comer", ActorRole.CLERK, password=given)
    with browser(served) as client:
        first = client.post("/sign-in/local", json={"account": "new.comer", "password": INITIAL})
        assert code_of(first) == (403, "password_to_change")
        assert client.get("/session").status_code == 401
        weak = {"account": "new.comer", "old": INITIAL, "new": "short"}
        assert code_of(client.post("/sign-in/password", json=weak)) == (422, "password_weak")
        changed = client.post("/sign-in/password", json={**weak, "new": OWN})
        assert (changed.json()["person"], changed.json()["proven_until"]) == ("new.comer", None)
        assert client.get("/session").status_code == 200


def test_changing_a_password_ends_every_other_session(served: Service) -> None:
    an_officer(served, "changes.often", ActorRole.CLERK)
    with browser(served) as one, browser(served) as other:
        sign_in(one, "changes.often")
        sign_in(other, "changes.often")
        said = {"account": "changes.often", "old": OWN, "new": "yet another long password"}
        assert one.post("/sign-in/password", json=said).json()["proven_until"] is not None
        assert one.get("/session").status_code == 200
        assert other.get("/session").status_code == 401


def test_whoever_changes_a_password_in_a_browser_ends_the_session_that_another_left_there(
    served: Service,
) -> None:
    an_officer(served, "was.before", ActorRole.CLERK)
    an_officer(served, "comes.after", ActorRole.CLERK)
    with browser(served) as desk, browser(served) as elsewhere:
        sign_in(desk, "was.before")
        elsewhere.cookies.set("khoso", desk.cookies["khoso"], domain="127.0.0.1")
        said = {"account": "comes.after", "old": OWN, "new": "yet another long password"}
        assert desk.post("/sign-in/password", json=said).status_code == 200
        assert elsewhere.get("/session").status_code == 401


def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(served: Service) -> None:
    with browser(served) as client:
        known = client.post("/sign-in/local", json={"account": "mai.tran", "password": "wrong"})
        unknown = client.post("/sign-in/local", json={"account": "no.body", "password": "wrong"})
        odd = client.post("/sign-in/local", json={"account": "Ồ'; --", "password": "wrong"})
        assert code_of(known) == (401, "wrong_password")
        assert known.json() == unknown.json() == odd.json()


@pytest.mark.parametrize("name", ["lock.me", "not.there"])
def test_twenty_wrong_passwords_at_once_shut_the_door_whether_the_account_exists_or_not(
    tmp_path: Path, name: str
) -> None:
    with service(tmp_path) as own:
        an_officer(own, "lock.me", ActorRole.CLERK)

        def guess(turn: int) -> int:
            with browser(own) as client:
                said = {"account": name, "password": f"guess number {turn}"}
                # Each guess costs the hashing of a password, and there are few at a time.
                return client.post("/sign-in/local", json=said, timeout=300).status_code

        with ThreadPoolExecutor(20) as crowd:
            answers = list(crowd.map(guess, range(24)))
        assert answers.count(401) == 20
        assert answers.count(429) == 4
        with browser(own) as client:
            shut = client.post("/sign-in/local", json={"account": name, "password": OWN})
            assert code_of(shut) == (429, "too_many_requests")
            assert 1 <= int(shut.headers["retry-after"]) <= 300


def test_a_resting_account_lets_not_even_the_right_password_in(tmp_path: Path) -> None:
    with service(tmp_path) as own, browser(own) as client:
        an_officer(own, "lock.me", ActorRole.CLERK)
        for turn in range(5):
            client.post("/sign-in/local", json={"account": "lock.me", "password": f"guess {turn}"})
        right = client.post("/sign-in/local", json={"account": "lock.me", "password": OWN})
        assert code_of(right) == (401, "wrong_password")


def test_another_site_signs_nobody_in(served: Service) -> None:
    with browser(served) as client:
        said = {"account": "mai.tran", "password": OWN}
        for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
            refused = client.post("/sign-in/local", json=said, headers=headers)
            assert code_of(refused) == (403, "csrf_missing")
            assert "set-cookie" not in refused.headers


# --- sessions -----------------------------------------------------------------------------------------


def test_a_session_that_was_planted_is_not_the_one_that_is_signed_in(served: Service) -> None:
    with browser(served) as attacker, browser(served) as victim:
        sign_in(attacker, "mai.tran")
        planted = attacker.cookies["khoso"]
        victim.cookies.set("khoso", planted, domain="127.0.0.1")
        sign_in_citizen(victim, "an")
        assert victim.cookies["khoso"] != planted
        # What the victim's browser still had when somebody signed in is worth nothing any more.
        assert attacker.get("/session").status_code == 401


def test_a_revoked_session_ends_with_the_next_request(served: Service, mai: httpx.Client) -> None:
    assert mai.get("/session").status_code == 200
    token = mai.cookies["khoso"]
    session = served.house.datastore.sessions.find(token)
    assert session is not None
    served.house.datastore.sessions.revoke(session.id)
    assert code_of(mai.get("/session")) == (401, "sign_in_needed")


@pytest.mark.parametrize("token", ["", "made-up", "x" * 7000, "a=b", "\u00e9"])
def test_a_made_up_session_is_nobodys(served: Service, token: str) -> None:
    with served.client() as client:
        answer = client.get("/session", headers={b"Cookie": b"khoso=" + token.encode()})
        assert answer.status_code in (401, 431)


def test_a_change_by_session_needs_its_token_and_a_page_of_ours(mai: httpx.Client) -> None:
    said = {"role": "handler"}
    assert code_of(mai.post("/session/role", json=said, headers={CSRF_HEADER: "guessed"})) == (
        403,
        "csrf_missing",
    )
    foreign = mai.post("/session/role", json=said, headers={"Origin": "https://elsewhere.example"})
    assert code_of(foreign) == (403, "csrf_missing")
    assert mai.get("/session").json()["role"] == "clerk"


def test_one_goes_on_in_another_role_that_one_has_and_in_no_other(mai: httpx.Client) -> None:
    assert [one["role"] for one in mai.get("/session/roles").json()["roles"]] == ["clerk", "handler"]
    old = mai.headers[CSRF_HEADER]
    assert keep_csrf(mai, mai.post("/session/role", json={"role": "handler"}))["role"] == "handler"
    assert mai.headers[CSRF_HEADER] != old
    assert code_of(mai.post("/session/role", json={"role": "admin"})) == (403, "not_allowed")
    assert code_of(mai.post("/session/role", json={"role": "owner"})) == (403, "not_allowed")
    assert mai.get("/session").json()["role"] == "handler"


def test_a_role_that_is_taken_away_ends_its_session(served: Service) -> None:
    made = an_officer(served, "loses.role", ActorRole.CLERK, ActorRole.HANDLER)
    with browser(served) as client:
        sign_in(client, "loses.role")
        with served.house.datastore.begin(served.house.system("tests"), "end_role") as work:
            work.accounts.end_role(made.id, ActorRole.CLERK)
        assert client.get("/session").status_code == 401


# --- step-up ------------------------------------------------------------------------------------------


ABSENT = "/api/v1/documents/019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11/content"
"""Whoever has just proven who it is, is told that it is not there."""


@contextmanager
def later(served: Service, minutes: int) -> Iterator[None]:
    """So long after a proof."""
    house = served.app.state.house
    served.app.state.house = replace(house, clock=lambda: utc_now() + timedelta(minutes=minutes))
    try:
        yield
    finally:
        served.app.state.house = house


def test_who_has_just_signed_in_with_a_password_is_not_asked_again_for_a_while(
    served: Service, mai: httpx.Client
) -> None:
    assert code_of(mai.get(ABSENT)) == (404, "not_found")
    assert mai.get("/session").json()["proven_until"] is not None
    with later(served, 16):
        assert code_of(mai.get(ABSENT)) == (401, "step_up_required")


def test_whatever_hands_out_the_bytes_of_papers_asks_for_a_fresh_proof(
    served: Service, mai: httpx.Client
) -> None:
    asked = []
    for place, operations in served.app.openapi()["paths"].items():
        kinds = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        if "application/pdf" in kinds:
            asked.append(
                re.sub(r"\{\w*code\}", "H41.08-261122-0001", re.sub(r"\{\w*id\}", str(uuid4()), place))
            )
    assert len(asked) >= 3
    with later(served, 16):
        for place in asked:
            assert code_of(mai.get(place)) == (401, "step_up_required"), place


def test_a_sign_in_at_the_provider_counts_from_when_the_provider_says_and_else_for_nothing(
    deceived: Service, liar: LyingProvider
) -> None:
    for minutes_ago, answer in ((0, (404, "not_found")), (20, (401, "step_up_required"))):
        then = int(time.time()) - 60 * minutes_ago
        liar.alter = lambda claims, then=then: {**claims, "auth_time": then}  # type: ignore[misc]
        with browser(deceived) as client:
            let_in(client)
            assert code_of(client.get(ABSENT)) == answer
    liar.alter = lambda claims: claims  # it does not say when
    with browser(deceived) as client:
        let_in(client)
        assert client.get("/session").json()["proven_until"] is None


def test_whoever_signed_in_on_a_development_machine_proves_it_again_by_signing_in(served: Service) -> None:
    with served.signed_in() as clerk:
        assert code_of(clerk.get(ABSENT)) == (404, "not_found")
        with later(served, 16):
            assert code_of(clerk.get(ABSENT)) == (401, "step_up_required")


def test_a_password_that_somebody_else_gave_proves_nothing(served: Service) -> None:
    """An administrator who gives a new one would else step up in the place of whoever signed in at the provider."""
    house, made = served.house, an_officer(served, "linked.officer", ActorRole.CLERK)
    given = house.datastore.officers.hashed("linked.officer", INITIAL)
    with house.datastore.begin(house.system("tests"), "reset") as work:
        work.accounts.set_password(made.id, given)
    session, token = house.datastore.sessions.open_for_account(made.id, ActorRole.CLERK, Proof(house.clock()))
    with browser(served) as client:
        client.cookies.set("khoso", token, domain="127.0.0.1")
        client.headers[CSRF_HEADER] = session.csrf
        answer = client.post("/session/step-up", json={"password": INITIAL})
        assert code_of(answer) == (403, "password_to_change")
        assert client.get("/session").json()["proven_until"] is None


def test_a_step_up_with_the_password_gives_a_fresh_token(served: Service, mai: httpx.Client) -> None:
    before, proven = mai.cookies["khoso"], mai.get("/session").json()["proven_until"]
    wrong = mai.post("/session/step-up", json={"password": "not hers at all"})
    assert code_of(wrong) == (401, "wrong_password")
    assert mai.post("/session/step-up", json={"password": OWN}).json() == {"address": None}
    assert mai.cookies["khoso"] != before
    assert code_of(mai.get(ABSENT)) == (404, "not_found")
    assert mai.get("/session").json()["proven_until"] > proven
    with served.client() as thief:
        thief.cookies.set("khoso", before, domain="127.0.0.1")
        assert thief.get("/session").status_code == 401


def test_a_step_up_at_the_provider_goes_there_and_back(served: Service) -> None:
    with browser(served) as client:
        sign_in_citizen(client, "an")
        before = client.cookies["khoso"]
        address = client.post("/session/step-up", json={"return_to": "/store"}).json()["address"]
        assert httpx.URL(address).params["prompt"] == "login"
        back = client.get(str(consent(address, "an")))
        assert (back.status_code, back.headers["location"]) == (303, "/store")
        assert client.cookies["khoso"] != before
        assert client.get("/session").json()["proven_until"] is not None


def test_another_person_at_the_provider_proves_nothing(served: Service) -> None:
    with browser(served) as client:
        sign_in_citizen(client, "an")
        address = client.post("/session/step-up", json={}).json()["address"]
        before = client.get("/session").json()
        assert code_of(client.get(str(consent(address, "binh")))) == (403, "sign_in_refused")
        assert client.get("/session").json() == before


def test_a_step_up_that_another_session_began_proves_nothing(served: Service) -> None:
    with browser(served) as client:
        sign_in_citizen(client, "an")
        address = client.post("/session/step-up", json={}).json()["address"]
        attempt = client.cookies["khoso-attempt"]
        sign_in_citizen(client, "an")
        client.cookies.set("khoso-attempt", attempt, domain="127.0.0.1")
        assert code_of(client.get(str(consent(address, "an")))) == (403, "sign_in_refused")


# --- at a provider that lies ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def liar() -> Iterator[LyingProvider]:
    with lying_provider() as provider:
        provider.person = dict(AN)
        yield provider


@pytest.fixture(scope="module")
def deceived(liar: LyingProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """An installation whose provider a test can make lie."""
    folder, port = tmp_path_factory.mktemp("deceived"), free_port()
    settings = at_provider(folder, liar.issuer)
    with service_at(port, folder, public_url=f"http://127.0.0.1:{port}", **settings) as up:
        yield up


def let_in(client: httpx.Client) -> httpx.Response:
    """The provider lets everybody in at once."""
    sent = client.get("/sign-in/start")
    with httpx.Client(trust_env=False) as elsewhere:
        return client.get(elsewhere.get(sent.headers["Location"]).headers["Location"])


@pytest.mark.parametrize(
    "changes", [{"nonce": "another"}, {"aud": "another"}, {"exp": 1}, {"iss": "https://x.example"}]
)
def test_a_token_that_does_not_hold_opens_no_session(
    deceived: Service, liar: LyingProvider, changes: Claims
) -> None:
    liar.alter = lambda claims: claims | changes
    with browser(deceived) as client:
        answer = let_in(client)
        assert code_of(answer) == (403, "sign_in_refused")
        assert client.get("/session").status_code == 401
    liar.alter = lambda claims: claims


def test_a_number_of_somebody_of_another_name_opens_nobodys_store(
    deceived: Service, liar: LyingProvider
) -> None:
    with browser(deceived) as client:
        assert let_in(client).status_code == 303
    liar.person |= {"sub": "impostor", "name": "Phạm Văn Khác"}
    with browser(deceived) as client:
        answer = let_in(client)
        assert code_of(answer) == (409, "identity_differs")
        assert "040090001234" not in answer.text
    liar.person = dict(AN)


LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


def test_the_provider_ends_the_sessions_that_rest_on_its_own(deceived: Service, liar: LyingProvider) -> None:
    liar.person = dict(AN)
    with browser(deceived) as one, browser(deceived) as other:
        liar.alter = lambda claims: claims | {"sid": "s-1"}
        assert let_in(one).status_code == 303
        liar.alter = lambda claims: claims | {"sid": "s-2"}
        assert let_in(other).status_code == 303
        token = liar.jws(liar.claims(events={LOGOUT: {}}, jti="j", sid="s-1"), typ="logout+jwt")
        with deceived.client() as provider:
            ended = provider.post("/sign-in/back-channel-logout", data={"logout_token": token})
            assert ended.status_code == 200
            assert one.get("/session").status_code == 401
            assert other.get("/session").status_code == 200
            whole = liar.jws(liar.claims(events={LOGOUT: {}}, jti="k"))
            provider.post("/sign-in/back-channel-logout", data={"logout_token": whole})
            assert other.get("/session").status_code == 401
    liar.alter = lambda claims: claims


@pytest.mark.parametrize("named", [{}, {"sid": "s-1"}])
def test_a_logout_token_is_taken_once_and_ends_nothing_that_began_later(
    deceived: Service, liar: LyingProvider, named: Claims
) -> None:
    """Who had overheard a notice could sign its person out for ten minutes, as often as it liked."""
    liar.person = dict(AN)
    liar.alter = lambda claims: claims | named
    events: Claims = {"events": {LOGOUT: {}}, "jti": f"once-{named}"}
    with browser(deceived) as client, deceived.client() as provider:
        assert let_in(client).status_code == 303
        said = {"logout_token": liar.jws(liar.claims(**events | named), typ="logout+jwt")}
        assert provider.post("/sign-in/back-channel-logout", data=said).status_code == 200
        assert client.get("/session").status_code == 401
        assert let_in(client).status_code == 303
        again = provider.post("/sign-in/back-channel-logout", data=said)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_request")
        assert client.get("/session").status_code == 200
        late = liar.claims(**events | {"jti": f"late-{named}", "iat": int(time.time()) - 300})
        said = {"logout_token": liar.jws(late, typ="logout+jwt")}
        assert provider.post("/sign-in/back-channel-logout", data=said).status_code == 200
        assert client.get("/session").status_code == 200
    liar.alter = lambda claims: claims


def test_a_logout_whose_first_try_is_in_work_or_died_is_sent_again(
    deceived: Service, liar: LyingProvider
) -> None:
    """Told that it was used, the provider would give up, and the session would live on."""
    liar.person = dict(AN)
    room, requests = deceived.house.room, deceived.house.datastore.requests
    place = f"logout/{liar.issuer}"
    with browser(deceived) as client, deceived.client() as provider:
        assert let_in(client).status_code == 303
        said = {"logout_token": liar.jws(liar.claims(events={LOGOUT: {}}, jti="tried"), typ="logout+jwt")}
        claim = requests.claim(place, "tried", Digest.of(b"logout"), Holder(room.worker, room.is_alive))
        assert isinstance(claim, Claim)
        in_work = provider.post("/sign-in/back-channel-logout", data=said)
        assert code_of(in_work) == (409, "request_in_progress")
        assert client.get("/session").status_code == 200
        requests.release(claim)
        requests.claim(place, "tried", Digest.of(b"logout"), Holder(f"{room.place}/w-gone"))
        assert provider.post("/sign-in/back-channel-logout", data=said).status_code == 200
        assert client.get("/session").status_code == 401


@pytest.mark.parametrize("forged", ["signature", "algorithm", "audience", "expired", "id_token"])
def test_a_forged_logout_token_ends_nothing(deceived: Service, liar: LyingProvider, forged: str) -> None:
    liar.person = dict(AN)
    claims = liar.claims(events={LOGOUT: {}}, jti=forged)
    if forged == "audience":
        claims["aud"] = "another"
    if forged == "expired":
        claims["exp"] = int(time.time()) - 3600
    if forged == "id_token":
        claims = liar.claims()
    token = liar.jws(claims)
    head, body, _signature = token.split(".")
    if forged == "signature":
        other = liar.jws(liar.claims(events={LOGOUT: {}}, jti="other")).split(".")[2]
        token = f"{head}.{body}.{other}"
    if forged == "algorithm":
        none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"logout+jwt"}').decode().rstrip("=")
        token = f"{none}.{body}."
    with browser(deceived) as client, deceived.client() as provider:
        assert let_in(client).status_code == 303
        refused = provider.post("/sign-in/back-channel-logout", data={"logout_token": token})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
        assert client.get("/session").status_code == 200


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 100_000])
def test_a_made_up_logout_token_ends_nothing(deceived: Service, token: str) -> None:
    with deceived.client() as client:
        answer = client.post("/sign-in/back-channel-logout", data={"logout_token": token})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_signing_out_leads_on_to_the_provider(deceived: Service, liar: LyingProvider) -> None:
    with browser(deceived) as client:
        let_in(client)
        keep_csrf(client, client.get("/session"))
        address = httpx.URL(client.post("/sign-out").json()["address"])
        assert str(address).startswith(f"{liar.issuer}/logout?")
        assert address.params["post_logout_redirect_uri"] == f"{deceived.url}/"


def test_a_provider_that_is_away_is_said_so(deceived: Service, liar: LyingProvider) -> None:
    liar.token_answer = lambda answer: b"<html>out of order</html>"
    with browser(deceived) as client:
        answer = let_in(client)
        assert code_of(answer) == (503, "provider_unreachable")
    liar.token_answer = lambda answer: answer


def test_a_step_up_with_an_old_proof_is_none(deceived: Service, liar: LyingProvider) -> None:
    with browser(deceived) as client:
        let_in(client)
        keep_csrf(client, client.get("/session"))
        liar.signed_in_at = lambda: time.time() - 3600
        address = client.post("/session/step-up", json={}).json()["address"]
        with httpx.Client(trust_env=False) as elsewhere:
            back = client.get(elsewhere.get(address).headers["Location"])
        assert code_of(back) == (403, "sign_in_refused")
        liar.signed_in_at = time.time


def test_an_open_stream_of_events_ends_with_its_session(served: Service) -> None:
    an_officer(served, "long.listener", ActorRole.CLERK)
    with served.signed_in() as clerk, browser(served) as page_of_ours:
        job = submit(clerk, page(91), SOMEBODY, compared=False)["job_id"]
        sign_in(page_of_ours, "long.listener")
        with page_of_ours.stream("GET", f"/api/v1/jobs/{job}/events") as events:
            assert events.status_code == 200
            lines = events.iter_lines()
            next(lines)
            with browser(served) as elsewhere:
                elsewhere.cookies = page_of_ours.cookies
                elsewhere.headers[CSRF_HEADER] = page_of_ours.headers[CSRF_HEADER]
                assert elsewhere.post("/sign-out").status_code in (200, 204)
            rest = list(lines)  # ends by itself: the paper is never read here
        assert not any("done" in line and line.startswith("id:") for line in rest)
        assert page_of_ours.get("/api/v1/me").status_code == 401
