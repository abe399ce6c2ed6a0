"""Officers: their agencies, accounts, roles and passwords, and how an account rests and wakes."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from datastore import (
    Account,
    AccountState,
    Actor,
    ActorRole,
    AlreadyThere,
    BadUsername,
    Hashing,
    IllegalTransition,
    NotAllowed,
    NotFound,
    PasswordWeak,
    RolesExclude,
    WrongPassword,
)
from datastore.officers import FIRST_REST, FREE, LONGEST_REST
from tests.datastore.house import MAI, STRANGER, House

PASSWORD = "con mèo trèo cây cau"
ADMIN = Actor("quan.tri", "admin", "H41.01", "accounts")


def account(house: House, username: str = "hoa.le", *roles: ActorRole, actor: Actor = MAI) -> Account:
    hashed = house.store.officers.hashed(username, PASSWORD)
    with house.store.begin(actor, "make account") as work:
        return work.accounts.make(username, "Lê Thị Hoa", *(roles or (ActorRole.CLERK,)), password=hashed)


def tree(house: House) -> None:
    """A province, a commune below it, and a district that ended."""
    with house.store.begin(MAI, "agencies") as work:
        work.agencies.add("H41", "Tỉnh Nghệ An", since=date(2000, 1, 1))
        work.agencies.add("H41.01", "Phường Trường Vinh", parent="H41", since=date(2025, 7, 1))
        work.agencies.add("H41.77", "Huyện cũ", parent="H41", since=date(2000, 1, 1))


# --- agencies ---------------------------------------------------------------------------------------------


def test_a_successor_sees_the_papers_of_an_agency_from_the_day_after_its_end(house: House) -> None:
    tree(house)
    district = Actor("cu", "system", "H41.77", "dossier intake")
    document = house.receive(house.owner(), actor=district)
    with pytest.raises(NotFound), house.store.begin(MAI, "look") as work:
        work.documents.get(document.id)
    with house.store.begin(MAI, "agencies") as work:
        ended = work.agencies.end("H41.77", last_day=date(2026, 11, 22), successor="H41.01")
    assert (ended.in_force(date(2026, 11, 22)), ended.in_force(date(2026, 11, 23))) == (True, False)
    with pytest.raises(NotFound), house.store.begin(MAI, "look") as work:
        work.documents.get(document.id)
    house.clock.wait(timedelta(days=1))
    with house.store.begin(MAI, "look") as work:
        assert work.documents.get(document.id).intake_agency == "H41.77"
    with pytest.raises(NotFound), house.store.begin(STRANGER, "look") as work:
        work.documents.get(document.id)


def test_papers_go_on_to_the_successor_of_the_successor(house: House) -> None:
    tree(house)
    document = house.receive(house.owner(), actor=Actor("cu", "system", "H41.77", "intake"))
    with house.store.begin(MAI, "agencies") as work:
        work.agencies.add("H41.02", "Phường mới", parent="H41", since=date(2026, 1, 1))
        work.agencies.end("H41.77", last_day=date(2026, 10, 1), successor="H41.01")
        work.agencies.end("H41.01", last_day=date(2026, 11, 1), successor="H41.02")
        with pytest.raises(IllegalTransition):
            work.agencies.end("H41.02", last_day=date(2026, 11, 1), successor="H41.77")
    with house.store.begin(Actor("moi", "handler", "H41.02", "decide"), "look") as work:
        assert work.documents.get(document.id).id == document.id


def test_an_admin_makes_and_ends_agencies_below_its_own_only(house: House) -> None:
    tree(house)
    province = Actor("tinh.qt", "admin", "H41", "agencies")
    with house.store.begin(province, "agencies") as work:
        assert work.agencies.add("H41.09", "Xã mới", parent="H41").parent == "H41"
        with pytest.raises(AlreadyThere):
            work.agencies.add("H41.09", "Xã mới", parent="H41")
        for parent in (None, "H41.01", "H55"):
            with pytest.raises(NotFound):
                work.agencies.add("H41.10", "Xã khác", parent=parent)
        with pytest.raises(NotFound):
            work.agencies.end("H41", last_day=date(2027, 1, 1))


# --- accounts ---------------------------------------------------------------------------------------------


def test_each_agency_has_one_admin_who_makes_the_accounts_of_its_own_agency(house: House) -> None:
    with house.store.begin(MAI, "make account") as work:
        work.accounts.make("quan.tri", "Quản Trị", ActorRole.ADMIN)
        with pytest.raises(AlreadyThere) as caught:
            work.accounts.make("thu.hai", "Người Thứ Hai", ActorRole.ADMIN)
        assert caught.value.facts == {"what": "admin", "name": "H41.01"}
    made = account(house, "hoa.le", ActorRole.CLERK, ActorRole.HANDLER, actor=ADMIN)
    assert made.agency == "H41.01"
    assert made.roles_at(house.clock()) == {ActorRole.CLERK, ActorRole.HANDLER}
    with house.store.begin(ADMIN, "make account") as work:
        with pytest.raises(NotAllowed):
            work.accounts.make("thu.hai.nua", "Người Thứ Hai", ActorRole.ADMIN)
        with pytest.raises(NotFound):
            work.accounts.make("nguoi.la", "Người Lạ", ActorRole.CLERK, agency="H55.02")
        for role in (ActorRole.SYSTEM, ActorRole.OWNER, ActorRole.VERIFIER):
            with pytest.raises(NotAllowed):
                work.accounts.make("he.thong", "Hệ Thống", role)


def test_the_admin_of_an_agency_makes_the_admins_below_it_and_nothing_else_there(house: House) -> None:
    tree(house)
    province = Actor("tinh.qt", "admin", "H41", "accounts")
    with house.store.begin(province, "make account") as work:
        made = work.accounts.make("phuong.qt", "Quản Trị Phường", ActorRole.ADMIN, agency="H41.01")
        with pytest.raises(NotAllowed):
            work.accounts.make("phuong.cb", "Cán Bộ Phường", ActorRole.CLERK, agency="H41.01")
        assert [one.username for one in work.accounts.all()] == ["phuong.qt"]
    clerk = account(house)
    with house.store.begin(province, "look") as work:
        assert work.accounts.close(made.id, "moved").state is AccountState.CLOSED
        with pytest.raises(NotFound):
            work.accounts.lock(clerk.id, "curious")
        work.accounts.make("phuong.qt2", "Quản Trị Mới", ActorRole.ADMIN, agency="H41.01")


def test_an_admin_whose_time_is_over_makes_place_for_the_next(house: House) -> None:
    until = house.clock() + timedelta(days=1)
    with house.store.begin(MAI, "make account") as work:
        work.accounts.make("tam.thoi", "Tạm Thời", ActorRole.ADMIN, until=until)
        with pytest.raises(AlreadyThere):
            work.accounts.make("ke.tiep", "Kế Tiếp", ActorRole.ADMIN)
    house.clock.wait(timedelta(days=2))
    with house.store.begin(MAI, "make account") as work:
        made = work.accounts.make("ke.tiep", "Kế Tiếp", ActorRole.ADMIN)
        former = work.accounts.find("tam.thoi")
        assert made.roles_at(work.at) == {ActorRole.ADMIN}
        assert former.roles_at(work.at) == frozenset()
        assert former.roles[0].ended_at == until


def test_whoever_makes_accounts_or_audits_has_no_other_role(house: House) -> None:
    clerk = account(house)
    with house.store.begin(MAI, "grant") as work:
        for role in (ActorRole.ADMIN, ActorRole.AUDITOR):
            with pytest.raises(RolesExclude):
                work.accounts.grant(clerk.id, role)
        with pytest.raises(RolesExclude):
            work.accounts.make("hai.vai", "Hai Vai", ActorRole.AUDITOR, ActorRole.HANDLER)


def test_nobody_changes_its_own_account(house: House) -> None:
    with house.store.begin(MAI, "make account") as work:
        own = work.accounts.make("quan.tri", "Quản Trị", ActorRole.ADMIN)
    with house.store.begin(ADMIN, "grant") as work, pytest.raises(NotAllowed):
        work.accounts.grant(own.id, ActorRole.HANDLER)


def test_a_name_is_folded_and_given_once_even_after_its_account_was_closed(house: House) -> None:
    made = account(house, "  Hoa.LE ")
    assert made.username == "hoa.le"
    with house.store.begin(MAI, "close") as work:
        work.accounts.close(made.id, "left")
        with pytest.raises(AlreadyThere):
            work.accounts.make("HOA.le", "Người Khác", ActorRole.CLERK)
        for wrong in ("ab", "1hoa", "hoa le", "hòa.lê", "a" * 65):
            with pytest.raises(BadUsername):
                work.accounts.make(wrong, "Người Khác", ActorRole.CLERK)


def test_a_role_that_ends_is_over_by_itself_and_one_taken_away_at_once(house: House) -> None:
    made = account(house)
    until = house.clock() + timedelta(days=1)
    with house.store.begin(MAI, "grant") as work:
        granted = work.accounts.grant(made.id, ActorRole.HANDLER, until=until)
        assert granted.roles_at(work.at) == {ActorRole.CLERK, ActorRole.HANDLER}
        assert granted.roles_at(until) == {ActorRole.CLERK}
        assert work.accounts.end_role(made.id, ActorRole.CLERK).roles_at(work.at) == {ActorRole.HANDLER}
        with pytest.raises(NotFound):
            work.accounts.end_role(made.id, ActorRole.CLERK)


# --- passwords --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weak", ["", "short", "aaaaaaaaaaaaaaaaaaaa", "xin chào hoa.le nhé", "x" * 300])
def test_a_weak_password_is_refused(house: House, weak: str) -> None:
    with pytest.raises(PasswordWeak):
        house.store.officers.hashed("hoa.le", weak)


def test_a_password_that_was_found_strong_for_one_account_is_given_to_no_other(house: House) -> None:
    hashed, made = house.store.officers.hashed("lan.tran", "hoa.le is my neighbour"), account(house)
    assert "argon2" not in repr(hashed)
    with house.store.begin(MAI, "give") as work, pytest.raises(NotFound):
        work.accounts.set_password(made.id, hashed)


def test_a_password_is_changed_by_whoever_got_it_and_the_old_one_is_over(house: House) -> None:
    made = account(house)
    assert made.must_change
    assert house.store.officers.check("Hoa.Le", PASSWORD).id == made.id
    with pytest.raises(PasswordWeak):
        house.store.officers.change_password("hoa.le", PASSWORD, PASSWORD)
    changed, own = house.store.officers.change_password("hoa.le", PASSWORD, "mật khẩu mới của Hoa")
    assert not own
    assert not changed.must_change
    with pytest.raises(WrongPassword):
        house.store.officers.check("hoa.le", PASSWORD)
    assert house.store.officers.check("hoa.le", "mật khẩu mới của Hoa").id == made.id


def test_the_same_password_typed_in_another_form_of_unicode_is_the_same(house: House) -> None:
    import unicodedata

    account(house)
    assert house.store.officers.check("hoa.le", unicodedata.normalize("NFD", PASSWORD))


@pytest.mark.parametrize("name", ["hoa.le", "nobody.here", "", "hòa", "x" * 1000, "\ud800"])
def test_whatever_is_wrong_gets_the_same_answer_after_a_hash_was_compared(
    house: House, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(house)
    compared = []

    def fits(self: Hashing, hash: str | None, password: str) -> bool:
        compared.append(hash)
        return right(self, hash, password)

    right = Hashing.fits
    monkeypatch.setattr(Hashing, "fits", fits)
    with pytest.raises(WrongPassword) as caught:
        house.store.officers.check(name, "wrong password")
    assert (caught.value.facts, len(compared)) == ({}, 1)


def test_after_too_many_wrong_passwords_an_account_rests_longer_each_time_and_wakes(house: House) -> None:
    made = account(house)
    check = house.store.officers.check
    for _ in range(FREE):
        with pytest.raises(WrongPassword):
            check("hoa.le", "wrong password")
    with pytest.raises(WrongPassword):
        check("hoa.le", PASSWORD)  # it rests, also for who knows the password
    house.clock.wait(FIRST_REST)
    with pytest.raises(WrongPassword):
        check("hoa.le", "wrong password")
    house.clock.wait(FIRST_REST)
    with pytest.raises(WrongPassword):
        check("hoa.le", PASSWORD)  # twice as long
    house.clock.wait(FIRST_REST)
    assert check("hoa.le", PASSWORD).id == made.id
    with pytest.raises(WrongPassword):
        check("hoa.le", "wrong password")
    assert check("hoa.le", PASSWORD).id == made.id  # forgotten after a right one
    with house.store.begin(Actor("ha", "auditor", "H41.01", "audit"), "audit") as work:
        assert [line.note for line in work.diary.reports("account_rests")] == ["hoa.le", "hoa.le"]


def test_nobody_shuts_an_officer_out_for_longer_than_an_hour(house: House) -> None:
    account(house)
    for _ in range(30):
        with pytest.raises(WrongPassword):
            house.store.officers.check("hoa.le", "wrong password")
        house.clock.wait(LONGEST_REST)
    assert house.store.officers.check("hoa.le", PASSWORD)


def test_an_admin_wakes_an_account_that_rests(house: House) -> None:
    made = account(house)
    for _ in range(FREE):
        with pytest.raises(WrongPassword):
            house.store.officers.check("hoa.le", "wrong password")
    with house.store.begin(ADMIN, "unlock") as work:
        work.accounts.unlock(made.id)
    assert house.store.officers.check("hoa.le", PASSWORD).id == made.id


def test_who_is_locked_closed_without_a_role_or_of_an_ended_agency_does_not_get_in(house: House) -> None:
    tree(house)
    made = account(house)
    with house.store.begin(ADMIN, "lock") as work:
        assert work.accounts.lock(made.id, "lost phone").reason == "lost phone"
    with pytest.raises(WrongPassword):
        house.store.officers.check("hoa.le", PASSWORD)
    with house.store.begin(ADMIN, "unlock") as work:
        work.accounts.unlock(made.id)
    with house.store.begin(MAI, "end") as work:
        work.agencies.end("H41.01", last_day=date(2026, 11, 1))
    with pytest.raises(WrongPassword):
        house.store.officers.check("hoa.le", PASSWORD)


def test_a_hash_of_old_parameters_is_made_anew_at_the_next_sign_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(house)
    before = hash_of(house)
    dearer = Hashing(time_cost=2, memory_kib=64, parallelism=1)
    monkeypatch.setattr(
        house.store, "officers", type(house.store.officers)(house.store.officers.transactions, dearer)
    )
    assert house.store.officers.check("hoa.le", PASSWORD)
    after = hash_of(house)
    assert (before.split("$")[3], after.split("$")[3]) == ("m=64,t=1,p=1", "m=64,t=2,p=1")
    assert house.store.officers.check("hoa.le", PASSWORD)
    assert hash_of(house) == after


def hash_of(house: House) -> str:
    with house.behind_the_program() as rows:
        ((hash,),) = rows.fetch("SELECT hash FROM credentials")
    assert isinstance(hash, str)
    return hash


def test_no_password_or_hash_is_shown_by_what_the_room_gives_out(house: House) -> None:
    made = account(house)
    assert PASSWORD not in repr(made)
    assert hash_of(house) not in repr(made)
    with pytest.raises(PasswordWeak) as caught:
        house.store.officers.hashed(made.username, "secretpass")
    assert "secretpass" not in f"{caught.value!r}{caught.value}{caught.value.facts}"


def test_an_officer_of_the_provider_is_found_by_its_subject(house: House) -> None:
    made, other = account(house), account(house, "lan.tran")
    with house.store.begin(ADMIN, "link") as work:
        work.accounts.link(made.id, "https://id.example", "1234")
        with pytest.raises(AlreadyThere):
            work.accounts.link(other.id, "https://id.example", "1234")
    found = house.store.officers.of_identity("https://id.example", "1234")
    assert found is not None
    assert found.id == made.id
    assert house.store.officers.of_identity("https://id.example", "12345") is None
    assert house.store.officers.of_identity("https://other.example", "1234") is None
    with house.store.begin(ADMIN, "lock") as work:
        work.accounts.lock(made.id, "left")
    assert house.store.officers.of_identity("https://id.example", "1234") is None


def test_an_unknown_account_is_not_there(house: House) -> None:
    with house.store.begin(ADMIN, "look") as work:
        with pytest.raises(NotFound):
            work.accounts.find("nobody.here")
        with pytest.raises(NotFound):
            work.accounts.get(UUID(int=1))
