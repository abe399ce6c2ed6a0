"""Standing for somebody, and showing somebody a paper."""

import threading
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from archive import Status, Weight
from datastore import (
    Actor,
    ActorRole,
    Delegation,
    DelegationThere,
    DiaryLine,
    DocumentRecord,
    IllegalTransition,
    NewOriginal,
    NotAllowed,
    NotFound,
    OpenedShare,
    Proof,
    ProofMissing,
    Share,
    ShareEnded,
    ShareRefused,
    original_key,
)
from tests.datastore.house import BINH, MAI, STRANGER, House

CHILD = "040220001234"
COMPANY = "0100109106"
MAJORITY = date(2038, 5, 3)
HANDLER = Actor("hoa.le", "handler", "H41.01", "delegation")


def child(house: House) -> UUID:
    return house.owner(CHILD, "Nguyễn Văn Con")


def guardian_of(house: House, principal: UUID, until: date = MAJORITY) -> tuple[UUID, Delegation]:
    """Bình stands for `principal`: written down by Mai, confirmed by Hoa."""
    binh = house.owner(BINH, "Trần Thị Bình")
    with house.store.begin(MAI, "delegate") as work:
        made = work.delegations.make(
            ActorRole.GUARDIAN, binh, principal, ground="Giấy khai sinh số 12", valid_to=until
        )
    with house.store.begin(HANDLER, "confirm") as work:
        return binh, work.delegations.confirm(made.id)


def acting(delegate: UUID, principal: UUID, role: str = "guardian") -> Actor:
    return Actor(str(delegate), role, "H41.01", "school enrolment", principal=principal)


# --- standing for somebody --------------------------------------------------------------------------------


def test_a_guardian_sees_the_wards_store_while_the_delegation_is_in_force(house: House) -> None:
    con = child(house)
    document = house.valid(con)
    own = house.valid(house.owner(BINH, "Trần Thị Bình"), content=b"the guardian's own")
    binh, made = guardian_of(house, con)
    guardian = acting(binh, con)
    with house.store.begin(guardian, "visit") as work:
        assert [one.id for one in work.documents.of_owner(con)] == [document.id]
        assert work.documents.data_key(document.id)
        with pytest.raises(NotFound):
            work.documents.get(own.id)  # in this role it stands for the ward only
    with pytest.raises(NotFound), house.store.begin(Actor(str(binh), "owner", "H41.01", ""), "visit") as work:
        work.documents.get(document.id)
    with house.store.begin(HANDLER, "end") as work:
        work.delegations.end(made.id, reason="the court's decision")
    with pytest.raises(NotFound), house.store.begin(guardian, "visit") as work:
        work.documents.get(document.id)


def test_before_it_is_confirmed_and_after_its_last_day_nobody_stands_for_anybody(house: House) -> None:
    con, binh = child(house), house.owner(BINH, "Trần Thị Bình")
    with house.store.begin(MAI, "delegate") as work:
        made = work.delegations.make(
            ActorRole.GUARDIAN, binh, con, ground="Quyết định 5", valid_to=date(2026, 11, 22)
        )
    with pytest.raises(NotFound), house.store.begin(acting(binh, con), "visit") as work:
        work.owners.get(con)
    with house.store.begin(HANDLER, "confirm") as work:
        work.delegations.confirm(made.id)
    with house.store.begin(acting(binh, con), "visit") as work:
        assert work.owners.get(con).id == con
    house.clock.wait(timedelta(days=1))
    with pytest.raises(NotFound), house.store.begin(acting(binh, con), "visit") as work:
        work.owners.get(con)


def test_the_diary_names_both_and_both_sides_see_the_delegation(house: House) -> None:
    con = child(house)
    document = house.valid(con)
    binh, made = guardian_of(house, con)
    with house.store.begin(acting(binh, con), "visit") as work:
        work.documents.get(document.id)
    with house.store.begin(acting(binh, con), "search") as work:
        work.search.find("nguyen")
    for actor in (Actor(str(con), "owner", "H41.01", ""), acting(binh, con)):
        with house.store.begin(actor, "look") as work:
            lines = [line for line in work.diary.of_owner(con) if line.role == "guardian"]
            assert {line.act for line in lines} >= {"visit", "search"}
            assert {(line.person, line.owner_id) for line in lines} == {(str(binh), con)}
            assert work.delegations.of_owner(con) == (made,)
    assert (made.made_by, made.confirmed_by) == ("mai.clerk", "hoa.le")


def test_whoever_writes_a_delegation_down_does_not_confirm_it(house: House) -> None:
    con, binh = child(house), house.owner(BINH, "Trần Thị Bình")
    with house.store.begin(HANDLER, "delegate") as work:
        made = work.delegations.make(ActorRole.GUARDIAN, binh, con, ground="x", valid_to=MAJORITY)
        with pytest.raises(NotAllowed):
            work.delegations.confirm(made.id)
    with house.store.begin(STRANGER, "confirm") as work, pytest.raises(NotFound):
        work.delegations.confirm(made.id)


def test_a_delegation_needs_a_proof_a_guardian_an_end_and_both_the_right_kind_of_owner(house: House) -> None:
    con, binh = child(house), house.owner(BINH, "Trần Thị Bình")
    company = house.owner(COMPANY, "Công ty A")
    theirs = house.receive(binh, actor=STRANGER)
    with house.store.begin(MAI, "delegate") as work:
        make = work.delegations.make
        with pytest.raises(ProofMissing):
            make(ActorRole.GUARDIAN, binh, con, ground="  ", valid_to=MAJORITY)
        with pytest.raises(ProofMissing):
            make(ActorRole.GUARDIAN, binh, con, ground="x")
        for kind, who, whom in (
            (ActorRole.GUARDIAN, binh, company),
            (ActorRole.REPRESENTATIVE, binh, con),
            (ActorRole.REPRESENTATIVE, company, company),
            (ActorRole.GUARDIAN, binh, binh),
            (ActorRole.CLERK, binh, con),
        ):
            with pytest.raises(IllegalTransition):
                make(kind, who, whom, ground="x", valid_to=MAJORITY)
        with pytest.raises(IllegalTransition):
            make(ActorRole.GUARDIAN, binh, con, ground="x", valid_to=date(2020, 1, 1))
        with pytest.raises(NotFound):
            make(ActorRole.GUARDIAN, binh, UUID(int=5), ground="x", valid_to=MAJORITY)
        with pytest.raises(NotFound):
            make(ActorRole.GUARDIAN, binh, con, proof=theirs.id, valid_to=MAJORITY)


def test_the_same_delegation_is_not_written_down_twice_for_the_same_time(house: House) -> None:
    con = child(house)
    binh, made = guardian_of(house, con)

    def once_more(begins: date | None = None, until: date = MAJORITY, actor: Actor = MAI) -> UUID:
        with house.store.begin(actor, "delegate") as work:
            again = work.delegations.make(
                ActorRole.GUARDIAN, binh, con, ground="x", valid_from=begins, valid_to=until
            )
        return again.id

    for overlapping in ((None, MAJORITY), (MAJORITY, date(2050, 1, 1)), (date(2020, 1, 1), made.valid_from)):
        with pytest.raises(DelegationThere) as refused:
            once_more(*overlapping)
        assert str(MAJORITY) in refused.value.sentence.vi
    once_more(date(2020, 1, 1), made.valid_from - timedelta(days=1))
    once_more(MAJORITY + timedelta(days=1), date(2050, 1, 1))
    once_more(actor=STRANGER)  # another agency keeps its own, and is not told of this one
    with house.store.begin(HANDLER, "end") as work:
        work.delegations.end(made.id, reason="written down wrongly")
    once_more()


def test_a_representative_stands_for_an_organisation_without_an_end_until_it_is_ended(house: House) -> None:
    company, binh = house.owner(COMPANY, "Công ty A"), house.owner(BINH, "Trần Thị Bình")
    document = house.valid(company)
    proof = house.valid(company, content=b"appointment")
    with house.store.begin(MAI, "delegate") as work:
        made = work.delegations.make(ActorRole.REPRESENTATIVE, binh, company, proof=proof.id)
    with house.store.begin(HANDLER, "confirm") as work:
        work.delegations.confirm(made.id)
    representative = acting(binh, company, "representative")
    with house.store.begin(representative, "visit") as work:
        assert work.documents.get(document.id).id == document.id
    with pytest.raises(NotFound), house.store.begin(acting(binh, company), "visit") as work:
        work.documents.get(document.id)  # not as a guardian
    with house.store.begin(Actor(str(company), "owner", "H41.01", ""), "end") as work:
        work.delegations.end(made.id, reason="dismissed")
    with pytest.raises(NotFound), house.store.begin(representative, "visit") as work:
        work.documents.get(document.id)


def test_a_ward_does_not_dismiss_its_guardian(house: House) -> None:
    con = child(house)
    binh, made = guardian_of(house, con)
    with house.store.begin(Actor(str(con), "owner", "H41.01", ""), "end") as work, pytest.raises(NotAllowed):
        work.delegations.end(made.id, reason="angry")
    with house.store.begin(Actor(str(binh), "owner", "H41.01", ""), "end") as work:
        assert work.delegations.end(made.id, reason="ill").ended_by == str(binh)


def test_a_session_of_a_guardian_ends_with_the_delegation(house: House) -> None:
    con = child(house)
    binh, _made = guardian_of(house, con, until=date(2026, 11, 22))
    sessions, proof = house.store.sessions, Proof(house.clock())
    house.clock.now = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # half past eleven at night in Viet Nam
    session, token = sessions.open_for_owner(binh, "H41.01", proof, role=ActorRole.GUARDIAN, principal=con)
    assert session.expires_at == datetime(2026, 11, 22, 17, tzinfo=UTC)
    assert session.actor("school").principal == con
    own = sessions.choose_role(session.id, ActorRole.OWNER)
    assert (own.principal, own.expires_at > session.expires_at) == (None, True)
    house.clock.wait(timedelta(hours=1))
    with pytest.raises(NotFound):
        sessions.open_for_owner(binh, "H41.01", proof, role=ActorRole.GUARDIAN, principal=con)
    with pytest.raises(NotAllowed):
        sessions.open_for_owner(binh, "H41.01", proof, role=ActorRole.CLERK)
    with pytest.raises(NotAllowed):
        sessions.open_for_owner(binh, "H41.01", proof, principal=con)
    assert sessions.find(token) is None


def test_a_delegation_that_is_ended_ends_the_sessions_that_rest_on_it_and_no_others(house: House) -> None:
    """The session went on, and every question in it was answered as if its owner were unknown."""
    con = child(house)
    binh, made = guardian_of(house, con)
    sessions, proof = house.store.sessions, Proof(house.clock())
    _as_guardian, guardians = sessions.open_for_owner(
        binh, "H41.01", proof, role=ActorRole.GUARDIAN, principal=con
    )
    _as_itself, own = sessions.open_for_owner(binh, "H41.01", proof)
    with house.store.begin(HANDLER, "end") as work:
        work.delegations.end(made.id, reason="of age")
    assert sessions.find(guardians) is None
    assert sessions.find(own) is not None


# --- what a citizen brings --------------------------------------------------------------------------------


def test_a_citizen_brings_a_paper_for_its_own_store_and_decides_nothing_about_it(house: House) -> None:
    an, binh = house.owner(), house.owner(BINH, "Trần Thị Bình")
    himself = Actor(str(an), "owner", "H41.01", "")
    document = house.receive(an, actor=himself)
    assert document.weight is Weight.UPLOADED
    for owners in ((), (binh,), (an, binh)):
        with pytest.raises(NotFound):
            house.receive(*owners, content=b"another", actor=himself)
    draft = house.store.draft()
    kept = house.store.put(original_key(draft.id, 1), b"third", sealing=draft.data_key)
    new = [NewOriginal(kept, "image/png", "x.png")]
    with house.store.begin(himself, "bring") as work, pytest.raises(NotAllowed):
        work.documents.receive(draft, originals=new, owners=[an], weight=Weight.DIGITISED)


# --- shares -----------------------------------------------------------------------------------------------


@pytest.fixture
def paper(house: House) -> DocumentRecord:
    return house.valid(house.owner())


def share(house: House, paper: DocumentRecord, *, openings: int = 2, days: int = 7) -> tuple[Share, str]:
    owner = Actor(str(paper.owner_ids[0]), "owner", "H41.01", "")
    with house.store.begin(owner, "share") as work:
        return work.shares.make(
            paper.id,
            purpose="vay mua nhà",
            recipient="Ngân hàng  A",
            until=work.at + timedelta(days=days),
            openings=openings,
            email="Vay@Bank.Example",
        )


def diary(house: House, paper: DocumentRecord, act: str = "open_share") -> list[DiaryLine]:
    owner = Actor(str(paper.owner_ids[0]), "owner", "H41.01", "")
    with house.store.begin(owner, "look") as work:
        return [line for line in work.diary.of_owner(paper.owner_ids[0]) if line.act == act]


def test_a_share_shows_one_file_so_often_and_each_opening_is_in_the_owners_diary(
    house: House, paper: DocumentRecord
) -> None:
    made, token = share(house, paper)
    assert paper.latest_revision is not None
    assert (made.sha256, made.recipient) == (paper.latest_revision.sha256, "Ngân hàng A")
    opened = house.store.open_share(token, "Lan, Ngân hàng A")
    assert isinstance(opened, OpenedShare)
    assert (opened.status, opened.opening.n) == (Status.VALID, 1)
    out = house.store.objects.get(opened.object, house.folder / "out", sealing=opened.data_key)
    assert out.read_bytes() == b"%PDF-1.7 signed"
    assert house.store.open_share(token, "Lan, Ngân hàng A").opening.n == 2
    with pytest.raises(ShareEnded) as caught:
        house.store.open_share(token, "Lan, Ngân hàng A")
    assert caught.value.facts == {"why": "used_up"}
    lines = diary(house, paper)
    assert [(line.person, line.role, line.outcome) for line in lines] == [
        ("Lan, Ngân hàng A", "verifier", "done"),
        ("Lan, Ngân hàng A", "verifier", "done"),
        ("Lan, Ngân hàng A", "verifier", "share_ended"),
    ]
    assert all(line.document_id == paper.id for line in lines)
    assert lines[0].note == f"{made.id} 1/2: vay mua nhà"


def test_the_token_is_kept_nowhere_and_no_other_opens_anything(house: House, paper: DocumentRecord) -> None:
    _made, token = share(house, paper)
    with house.behind_the_program() as rows:
        told = str(rows.fetch("SELECT * FROM shares")) + str(rows.fetch("SELECT * FROM diary"))
    assert token not in told
    assert "bank.example" not in told.lower()
    for wrong in ("", token[:-1], f"{token}x", "\ud800"):
        with pytest.raises(NotFound):
            house.store.open_share(wrong, "nobody")


def test_a_share_is_over_when_its_owner_ends_it_or_its_time_is_over(
    house: House, paper: DocumentRecord
) -> None:
    owner = Actor(str(paper.owner_ids[0]), "owner", "H41.01", "")
    made, token = share(house, paper)
    other, late = share(house, paper)
    with house.store.begin(owner, "end") as work:
        assert work.shares.revoke(made.id, reason="changed my mind").end_reason == "changed my mind"
        work.shares.revoke(made.id, reason="again")
        assert [one.id for one in work.shares.all()] == [other.id, made.id]
    with pytest.raises(ShareEnded, match="ended"):
        house.store.open_share(token, "bank")
    house.clock.wait(timedelta(days=8))
    with pytest.raises(ShareEnded, match="over"):
        house.store.open_share(late, "bank")
    stranger = Actor(str(house.owner(BINH, "Trần Thị Bình")), "owner", "H41.01", "")
    with house.store.begin(stranger, "end") as work:
        assert work.shares.all() == ()
        with pytest.raises(NotFound):
            work.shares.revoke(other.id, reason="x")


@pytest.mark.parametrize("change", ["revoke", "supersede", "refile", "end_access"])
def test_what_a_paper_becomes_ends_its_shares(house: House, paper: DocumentRecord, change: str) -> None:
    made, token = share(house, paper)
    owner = paper.owner_ids[0]
    other = house.valid(owner, content=b"the newer one")
    binh = house.owner(BINH, "Trần Thị Bình")
    with house.store.begin(MAI, change) as work:
        if change == "revoke":
            work.documents.revoke(paper.id, reason="false")
        elif change == "supersede":
            work.documents.supersede(paper.id, by=other.id, reason="newer")
        elif change == "refile":
            work.documents.refile(paper.id, to=binh, reason="misfiled")
        else:
            work.documents.end_access(paper.id, owner, reason="asked")
    with pytest.raises(ShareEnded):
        house.store.open_share(token, "bank")
    with house.store.begin(Actor(str(owner), "owner", "H41.01", ""), "look") as work:
        (shown,) = work.shares.all()
        assert (shown.id, shown.openings) == (made.id, ())
        assert (shown.ended_at is not None) == (change != "end_access")


def test_a_paper_that_expired_is_still_shown_as_what_it_is(house: House, paper: DocumentRecord) -> None:
    _made, token = share(house, paper)
    with house.store.begin(MAI, "expire") as work:
        work.documents.become(paper.id, Status.EXPIRED)
    assert house.store.open_share(token, "bank").status is Status.EXPIRED


def test_a_paper_of_two_is_refiled_from_one_and_the_others_share_stays(house: House) -> None:
    an, binh, con = house.owner(), house.owner(BINH, "Trần Thị Bình"), child(house)
    paper = house.valid(an, binh)
    _ans, of_an = share(house, paper)
    with house.store.begin(Actor(str(binh), "owner", "H41.01", ""), "share") as work:
        until = work.at + timedelta(days=1)
        _binhs, of_binh = work.shares.make(paper.id, purpose="x", recipient="y", until=until)
    with house.store.begin(MAI, "refile") as work:
        work.documents.refile(paper.id, to=con, reason="misfiled", away_from=[an])
    with pytest.raises(ShareEnded):
        house.store.open_share(of_an, "bank")
    assert house.store.open_share(of_binh, "bank").opening.n == 1


def test_a_share_has_a_purpose_a_recipient_an_end_and_a_number_of_openings(
    house: House, paper: DocumentRecord
) -> None:
    owner = Actor(str(paper.owner_ids[0]), "owner", "H41.01", "")
    unread = house.receive(paper.owner_ids[0], content=b"just received")
    with house.store.begin(owner, "share") as work:
        tomorrow = work.at + timedelta(days=1)
        for purpose, recipient, until, openings in (
            (" ", "bank", tomorrow, 1),
            ("loan", "", tomorrow, 1),
            ("loan", "bank", work.at, 1),
            ("loan", "bank", work.at + timedelta(days=400), 1),
            ("loan", "bank", tomorrow, 0),
            ("loan", "bank", tomorrow, 101),
        ):
            with pytest.raises(ShareRefused):
                work.shares.make(
                    paper.id, purpose=purpose, recipient=recipient, until=until, openings=openings
                )
        with pytest.raises(ShareRefused, match="mới tiếp nhận"):
            work.shares.make(unread.id, purpose="loan", recipient="bank", until=tomorrow)


def test_a_guardian_shares_the_wards_paper_in_the_wards_name(house: House) -> None:
    con = child(house)
    paper = house.valid(con)
    binh, _made = guardian_of(house, con)
    with house.store.begin(acting(binh, con), "share") as work:
        until = work.at + timedelta(days=1)
        made, token = work.shares.make(paper.id, purpose="nhập học", recipient="Trường B", until=until)
    assert (made.owner_id, made.made_by) == (con, str(binh))
    house.store.open_share(token, "Trường B")
    assert len(diary(house, paper)) == 1


def test_of_many_who_open_a_share_for_the_last_time_at_once_one_succeeds(
    house: House, paper: DocumentRecord
) -> None:
    _made, token = share(house, paper, openings=3)
    told: list[str] = []

    def come() -> None:
        try:
            told.append(f"opened {house.store.open_share(token, 'bank').opening.n}")
        except ShareEnded as error:
            told.append(str(error.facts["why"]))

    comers = [threading.Thread(target=come) for _ in range(8)]
    for comer in comers:
        comer.start()
    for comer in comers:
        comer.join()
    assert sorted(told) == ["opened 1", "opened 2", "opened 3"] + ["used_up"] * 5
