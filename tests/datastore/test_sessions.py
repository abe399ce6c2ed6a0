"""Who is signed in: sessions, sign-ins under way, other systems and their tokens."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from common import PartialDate
from datastore import (
    Account,
    Actor,
    ActorRole,
    Client,
    ClientState,
    CounterNotAssigned,
    IdentityDiffers,
    IllegalTransition,
    Login,
    NewLogin,
    NotAllowed,
    NotFound,
    OwnerState,
    Proof,
    ScopeNotGranted,
    SeenFrom,
    Session,
    WrongClient,
)
from tests.datastore.house import AN, BINH, MAI, STRANGER, House

ISSUER = "https://id.example"
AUDIENCE = "https://kho.example/api"


def account(house: House, *roles: ActorRole) -> Account:
    with house.store.begin(MAI, "make account") as work:
        return work.accounts.make("hoa.le", "Lê Thị Hoa", *(roles or (ActorRole.CLERK, ActorRole.HANDLER)))


def opened(house: House, made: Account, role: ActorRole = ActorRole.CLERK) -> tuple[Session, str]:
    return house.store.sessions.open_for_account(
        made.id, role, Proof(house.clock(), "high"), SeenFrom("203.0.113.77", "Firefox " * 50)
    )


# --- sessions ---------------------------------------------------------------------------------------------


def test_a_session_is_found_by_its_token_which_is_kept_nowhere(house: House) -> None:
    made = account(house)
    session, token = opened(house, made)
    assert house.store.sessions.find(token) == session
    assert (session.person, session.role, session.agency) == ("hoa.le", ActorRole.CLERK, "H41.01")
    assert (session.network, len(session.agent or "")) == ("203.0.113.0/24", 120)
    actor = session.actor("look", "H41.01-261122-0001")
    assert actor == Actor("hoa.le", "clerk", "H41.01", "look", "H41.01-261122-0001")
    assert session.csrf not in repr(session)
    assert len(token) == 43
    with house.behind_the_program() as rows:
        assert token not in str(rows.fetch("SELECT * FROM sessions"))
    for wrong in ("", token[:-1], token + "x", "\ud800"):
        assert house.store.sessions.find(wrong) is None


def test_of_several_tokens_each_finds_its_own_session_or_none(house: House) -> None:
    made = account(house)
    (one, ones), (two, twos), (ended, ends) = (opened(house, made) for _ in range(3))
    house.store.sessions.revoke(ended.id)
    house.clock.wait(timedelta(minutes=2))
    now = house.clock()
    assert house.store.sessions.find_all([ones, twos, ends, "nobody's"]) == {ones: one, twos: two}
    for token in (ones, twos):
        found = house.store.sessions.find(token)
        assert found is not None
        assert found.seen_at > now, "that it is used is written down for each"
    assert house.store.sessions.find_all([]) == {}


def test_a_session_has_a_role_of_its_person_and_no_other(house: House) -> None:
    made = account(house)
    for role in (ActorRole.ADMIN, ActorRole.SYSTEM, ActorRole.OWNER):
        with pytest.raises(NotAllowed):
            opened(house, made, role)
    session, token = opened(house, made)
    chosen = house.store.sessions.choose_role(session.id, ActorRole.HANDLER)
    assert (chosen.role, chosen.csrf != session.csrf) == (ActorRole.HANDLER, True)
    with pytest.raises(NotAllowed):
        house.store.sessions.choose_role(session.id, ActorRole.SIGNER)
    assert house.store.sessions.find(token) == chosen
    with pytest.raises(NotFound):
        house.store.sessions.open_for_account(UUID(int=7), ActorRole.CLERK, Proof(house.clock()))


def test_a_session_ends_when_it_is_not_used_and_when_its_day_is_over(house: House) -> None:
    made = account(house)
    _session, token = opened(house, made)
    for _ in range(20):
        house.clock.wait(timedelta(minutes=25))
        if house.store.sessions.find(token) is None:
            break
    else:
        house.clock.wait(timedelta(minutes=110))
    assert house.store.sessions.find(token) is None
    _session, idle = opened(house, made)
    house.clock.wait(timedelta(minutes=32))
    assert house.store.sessions.find(idle) is None


def test_that_a_session_is_used_is_written_down_once_a_minute(house: House) -> None:
    session, token = opened(house, account(house))
    for _ in range(5):
        house.store.sessions.find(token)
    found = house.store.sessions.find(token)
    assert found is not None
    assert found.seen_at == session.seen_at
    house.clock.wait(timedelta(minutes=1))
    house.store.sessions.find(token)
    later = house.store.sessions.find(token)
    assert later is not None
    assert later.seen_at > session.seen_at


def test_a_session_ends_with_the_role_it_rests_on(house: House) -> None:
    made = account(house, ActorRole.CLERK)
    until = house.clock() + timedelta(hours=1)
    with house.store.begin(MAI, "grant") as work:
        work.accounts.grant(made.id, ActorRole.HANDLER, until=until)
    session, _token = opened(house, made, ActorRole.HANDLER)
    assert session.expires_at == until


@pytest.mark.parametrize("ending", ["lock", "close", "end_role", "set_password"])
def test_whoever_takes_something_away_ends_the_sessions_that_rest_on_it(house: House, ending: str) -> None:
    made = account(house)
    _clerk, clerk = opened(house, made, ActorRole.CLERK)
    _handler, handler = opened(house, made, ActorRole.HANDLER)
    other = house.store.officers.hashed("hoa.le", "một mật khẩu khác")
    with house.store.begin(MAI, ending) as work:
        steps: dict[str, Callable[[], object]] = {
            "lock": lambda: work.accounts.lock(made.id, "lost"),
            "close": lambda: work.accounts.close(made.id, "left"),
            "end_role": lambda: work.accounts.end_role(made.id, ActorRole.CLERK),
            "set_password": lambda: work.accounts.set_password(made.id, other),
        }
        steps[ending]()
    assert house.store.sessions.find(clerk) is None
    assert (house.store.sessions.find(handler) is None) == (ending != "end_role")


def test_sessions_are_seen_and_ended_one_by_one_and_all_at_once(house: House) -> None:
    made = account(house)
    one, first = opened(house, made)
    two, second = opened(house, made)
    assert [each.id for each in house.store.sessions.of(account=made.id)] == [two.id, one.id]
    house.store.sessions.revoke(one.id)
    house.store.sessions.revoke(one.id)
    assert house.store.sessions.find(first) is None
    assert house.store.sessions.find(second) == two
    assert house.store.sessions.revoke_all(account=made.id) == 1
    assert house.store.sessions.find(second) is None
    assert house.store.sessions.of(account=made.id) == ()
    with pytest.raises(NotFound):
        house.store.sessions.choose_role(one.id, ActorRole.CLERK)


def test_a_provider_ends_the_sessions_that_rest_on_its_own(house: House) -> None:
    made = account(house)
    proof = Proof(house.clock(), issuer=ISSUER, provider_session="sid-1")
    _one, token = house.store.sessions.open_for_account(made.id, ActorRole.CLERK, proof)
    _other, other = opened(house, made)
    assert house.store.sessions.revoke_of_provider(ISSUER, "sid-2") == 0
    assert house.store.sessions.revoke_of_provider(ISSUER, "sid-1") == 1
    assert house.store.sessions.find(token) is None
    assert house.store.sessions.find(other) is not None


def test_after_a_step_up_the_old_token_is_worth_nothing(house: House) -> None:
    session, old = opened(house, account(house))
    assert not session.stepped_up(house.clock(), timedelta(minutes=5))
    stepped, new = house.store.sessions.step_up(session.id, Proof(house.clock(), "higher"))
    assert stepped.stepped_up(house.clock(), timedelta(minutes=5))
    assert not stepped.stepped_up(house.clock() + timedelta(minutes=6), timedelta(minutes=5))
    assert (stepped.acr, stepped.csrf != session.csrf) == ("higher", True)
    assert house.store.sessions.find(old) is None
    assert house.store.sessions.find(new) == stepped


def test_postal_staff_sits_at_a_counter_that_it_was_assigned(house: House) -> None:
    made = account(house, ActorRole.POSTAL)
    proof = Proof(house.clock())
    with pytest.raises(CounterNotAssigned):
        house.store.sessions.open_for_account(made.id, ActorRole.POSTAL, proof)
    with house.store.begin(MAI, "assign") as work:
        assert work.accounts.assign_counter(made.id, "Bưu cục  Vinh").counters == ("Bưu cục Vinh",)
    with pytest.raises(CounterNotAssigned):
        house.store.sessions.open_for_account(made.id, ActorRole.POSTAL, proof, counter="Bưu cục Huế")
    session, token = house.store.sessions.open_for_account(
        made.id, ActorRole.POSTAL, proof, counter="Bưu cục Vinh"
    )
    actor = session.actor("postal intake")
    assert actor.counter == "Bưu cục Vinh"
    house.receive(house.owner(), content=b"1", actor=actor)
    with house.store.begin(MAI, "end") as work:
        assert work.accounts.end_counter(made.id, "Bưu cục Vinh").counters == ()
    assert house.store.sessions.find(token) is None
    with pytest.raises(CounterNotAssigned):  # a request that was under way
        house.receive(house.owner(), content=b"2", actor=actor)


def test_a_sign_in_is_a_line_in_the_diary_and_a_citizen_sees_its_own(house: House) -> None:
    opened(house, account(house))
    an = house.owner()
    session, _token = house.store.sessions.open_for_owner(an, "H41.01", Proof(house.clock()))
    with house.store.begin(session.actor(""), "look") as work:
        lines = [line for line in work.diary.of_owner(an) if line.act == "signed_in"]
        assert [(line.person, line.role) for line in lines] == [(str(an), "owner")]
    with house.store.begin(Actor("ha", "auditor", "H41.01", "audit"), "audit") as work:
        assert [line.person for line in work.diary.reports("signed_in")] == ["hoa.le"]


def test_sessions_that_ended_long_ago_go_with_the_next_one(house: House) -> None:
    made = account(house)
    opened(house, made)
    house.clock.wait(timedelta(days=31))
    opened(house, made)
    with house.behind_the_program() as rows:
        assert len(rows.fetch("SELECT id FROM sessions")) == 1


# --- citizens ---------------------------------------------------------------------------------------------


def recognised(house: House, subject: str, identifier: str, name: str, birth: str | None = None) -> UUID:
    with house.store.begin(MAI, "recognise") as work:
        date = None if birth is None else PartialDate.parse(birth)
        return work.owners.recognise(ISSUER, subject, identifier, name=name, birth_date=date).id


def test_an_identity_is_the_owner_of_its_number_name_and_birth_date(house: House) -> None:
    an = house.owner()
    assert recognised(house, "s1", AN, "NGUYỄN VĂN AN", "1990-05-03") == an
    assert recognised(house, "s1", AN, "nguyen van an", "1990-05-03") == an
    with house.store.begin(MAI, "look") as work:
        owner = work.owners.get(an)
        assert (owner.name, str(owner.birth_date)) == ("Nguyễn Văn An", "1990-05-03")
        assert work.owners.of_identity(ISSUER, "s1") == owner
        assert work.owners.of_identity("https://other.example", "s1") is None
    for name, birth in (("Nguyễn Văn Anh", "1990-05-03"), ("Nguyễn Văn An", "1991-05-03")):
        with pytest.raises(IdentityDiffers):
            recognised(house, "s2", AN, name, birth)
    assert recognised(house, "s3", AN, "Nguyễn Văn An", "1990") == an  # less is known, nothing differs


def test_who_signs_in_for_the_first_time_gets_a_store(house: House) -> None:
    binh = recognised(house, "s1", BINH, "Trần Thị Bình", "1991-01-01")
    with house.store.begin(Actor(str(binh), "owner", "H41.01", ""), "visit") as work:
        assert work.owners.store_of(binh).owner_id == binh
        assert work.documents.of_owner(binh) == ()


def test_an_identity_that_was_somebody_elses_or_a_dead_persons_asks(house: House) -> None:
    an = recognised(house, "s1", AN, "Nguyễn Văn An")
    with pytest.raises(IdentityDiffers):
        recognised(house, "s1", BINH, "Trần Thị Bình")
    with house.store.begin(MAI, "correct") as work:
        assert work.owners.find(BINH) is None
        work.owners.set_state(an, OwnerState.DECEASED)
    with pytest.raises(IdentityDiffers):
        recognised(house, "s1", AN, "Nguyễn Văn An")


# --- sign-ins under way -----------------------------------------------------------------------------------


def test_a_sign_in_under_way_is_redeemed_once_and_in_time(house: House) -> None:
    new = NewLogin("state-1", "nonce-1", "verifier-1", "/store", "citizen")
    house.store.logins.begin(new)
    house.store.logins.begin(NewLogin("state-2", "nonce-2", "verifier-2", "/", "officer", step_up=True))
    assert house.store.logins.redeem("state-3") is None
    found = house.store.logins.redeem("state-1")
    assert isinstance(found, Login)
    assert (found.nonce, found.verifier, found.return_path) == ("nonce-1", "verifier-1", "/store")
    assert "verifier-1" not in repr(found)
    assert house.store.logins.redeem("state-1") is None
    house.clock.wait(timedelta(minutes=11))
    assert house.store.logins.redeem("state-2") is None


# --- other systems ----------------------------------------------------------------------------------------


def client(house: House, *scopes: str) -> tuple[Client, str]:
    with house.store.begin(MAI, "make client") as work:
        return work.clients.make("Thuế tỉnh", scopes or ("papers.read", "dossiers.read"))


def test_a_client_gets_a_token_for_an_audience_and_no_more_than_it_was_granted(house: House) -> None:
    made, secret = client(house)
    clients = house.store.clients
    token = clients.issue_token(made.client_id, secret, ["papers.read"], AUDIENCE)
    assert token.token not in repr(token)
    found = clients.find_token(token.token, AUDIENCE)
    assert found is not None
    assert (found.client_id, found.agency, sorted(found.scopes)) == (
        made.client_id,
        "H41.01",
        ["papers.read"],
    )
    assert clients.find_token(token.token, "https://other.example") is None
    assert clients.find_token(token.token + "x", AUDIENCE) is None
    everything = clients.issue_token(made.client_id, secret, None, AUDIENCE)
    assert everything.scopes == {"papers.read", "dossiers.read"}
    for asked in (["papers.write"], ["papers.read", "papers.write"], []):
        with pytest.raises(ScopeNotGranted):
            clients.issue_token(made.client_id, secret, asked, AUDIENCE)
    house.clock.wait(timedelta(minutes=16))
    assert clients.find_token(token.token, AUDIENCE) is None


def test_of_several_tokens_of_systems_each_finds_its_own_client_or_none(house: House) -> None:
    clients = house.store.clients
    (one, ones_secret), (two, twos_secret) = client(house), client(house, "papers.read")
    ones = clients.issue_token(one.client_id, ones_secret, None, AUDIENCE).token
    twos = clients.issue_token(two.client_id, twos_secret, None, AUDIENCE).token
    others = clients.issue_token(two.client_id, twos_secret, None, "https://other.example").token
    found = clients.find_tokens([ones, twos, others, "nobody's"], AUDIENCE)
    assert {token: whose.client_id for token, whose in found.items()} == {
        ones: one.client_id,
        twos: two.client_id,
    }
    assert [sorted(found[token].scopes) for token in (ones, twos)] == [
        ["dossiers.read", "papers.read"],
        ["papers.read"],
    ]
    assert clients.find_tokens([], AUDIENCE) == {}


def test_a_client_does_what_its_scopes_name_in_its_agency(house: House) -> None:
    document = house.valid(house.owner())
    made, secret = client(house, "papers.read")
    shown = house.store.clients.issue_token(made.client_id, secret, None, AUDIENCE).token
    principal = house.store.clients.find_token(shown, AUDIENCE)
    assert principal is not None
    with house.store.begin(principal.actor("tax file"), "look") as work:
        assert work.documents.get(document.id).id == document.id
        with pytest.raises(NotAllowed):
            work.documents.revoke(document.id, reason="x")
        with pytest.raises(NotAllowed):
            work.accounts.all()


def test_two_secrets_count_while_one_takes_the_others_place(house: House) -> None:
    made, first = client(house)
    with house.store.begin(MAI, "rotate") as work:
        second = work.clients.rotate(made.id)
    assert house.store.clients.is_client(made.client_id, first)
    assert house.store.clients.is_client(made.client_id, second)
    with house.store.begin(MAI, "rotate") as work:
        third = work.clients.rotate(made.id)
    assert not house.store.clients.is_client(made.client_id, first)
    assert house.store.clients.is_client(made.client_id, second)
    house.clock.wait(timedelta(days=8))
    assert not house.store.clients.is_client(made.client_id, second)
    assert house.store.clients.is_client(made.client_id, third)


@pytest.mark.parametrize(("who", "secret"), [("nobody", None), (None, "wrong"), (None, ""), (None, "\ud800")])
def test_a_wrong_client_and_a_wrong_secret_get_the_same_answer(
    house: House, who: str | None, secret: str | None
) -> None:
    made, right = client(house)
    with pytest.raises(WrongClient) as caught:
        house.store.clients.issue_token(who or made.client_id, right if secret is None else secret, None, "a")
    assert caught.value.facts == {}


def test_a_disabled_client_and_a_revoked_token_are_worth_nothing_at_once(house: House) -> None:
    made, secret = client(house)
    one, two = (house.store.clients.issue_token(made.client_id, secret, None, "a").token for _ in "12")
    house.store.clients.revoke_token("somebody-else", one)
    assert house.store.clients.find_token(one, "a") is not None
    house.store.clients.revoke_token(made.client_id, one)
    assert house.store.clients.find_token(one, "a") is None
    with house.store.begin(MAI, "disable") as work:
        assert work.clients.disable(made.id).state is ClientState.DISABLED
        with pytest.raises(IllegalTransition):
            work.clients.rotate(made.id)
    assert house.store.clients.find_token(two, "a") is None
    assert not house.store.clients.is_client(made.client_id, secret)
    with pytest.raises(WrongClient):
        house.store.clients.issue_token(made.client_id, secret, None, "a")


def test_a_client_is_its_own_agencys_and_its_secret_is_kept_nowhere(house: House) -> None:
    made, secret = client(house)
    with house.store.begin(STRANGER, "look") as work:
        assert work.clients.all() == ()
        for step in (work.clients.get, work.clients.rotate, work.clients.disable):
            with pytest.raises(NotFound):
                step(made.id)
        with pytest.raises(ScopeNotGranted):
            work.clients.make("Hệ thống khác", ["everything"])
    with house.store.begin(MAI, "look") as work:
        assert work.clients.all() == (work.clients.get(made.id),)
    with house.behind_the_program() as rows:
        assert secret not in str(rows.fetch("SELECT * FROM client_secrets"))
