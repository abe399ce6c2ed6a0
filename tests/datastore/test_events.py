"""Events: written with the change or not at all, for both agencies, without anything personal."""

import json
import re
from dataclasses import replace

import pytest

from archive import Ground, Status
from common import Digest
from datastore import (
    EVENT_TYPES,
    Actor,
    AttachedHow,
    BadEventType,
    DossierState,
    Event,
    IllegalTransition,
    NotAllowed,
    NotFound,
    SubscriptionState,
    TooManySubscriptions,
)
from datastore.subscriptions import MOST_SUBSCRIPTIONS
from tests.datastore.house import AN, BINH, MAI, STRANGER, House

NUMBER = "H41.01-261122-0001"
EVERYTHING = ("vn.khoso.document.*", "vn.khoso.dossier.*")
DOCUMENT = "vn.khoso.document."


def subscribe(house: House, *types: str, actor: Actor = MAI) -> None:
    with house.store.begin(actor, "subscribe") as work:
        work.subscriptions.make("https://receiver.example/hook", types or EVERYTHING)


def told(house: House, actor: Actor = MAI) -> list[Event]:
    """What the subscriptions of an agency are to be told, in order."""
    while house.store.outbox.hand_out():
        pass
    with house.store.begin(actor, "look") as work:
        deliveries = [
            delivery
            for subscription in work.subscriptions.all()
            for delivery in work.subscriptions.deliveries(subscription.id)
        ]
    return sorted((delivery.event for delivery in deliveries), key=lambda event: event.number)


def names(events: list[Event]) -> list[str]:
    return [event.type.removeprefix("vn.khoso.") for event in events]


def test_every_step_of_a_paper_is_told_in_order_with_what_was_committed(house: House) -> None:
    subscribe(house)
    document = house.valid(house.owner())
    events = told(house)
    assert names(events) == [
        f"document.{step}" for step in ("received", "read", "checked", "provisional", "valid")
    ]
    assert {event.subject for event in events} == {f"documents/{document.id}"}
    last = events[-1]
    assert last.id.version == 7
    assert last.at == document.changed_at
    assert last.data == {
        "document_id": str(document.id),
        "status": "valid",
        "weight": "digitised",
        "ground": "back_file",
        "doc_type": "KET_HON",
        "source_form": "unknown",
        "digitised": True,
        "version": 1,
        "revision": 1,
        "sha256": str(document.revisions[-1].sha256),
    }


def test_of_a_transaction_that_was_undone_nothing_is_told(house: House) -> None:
    subscribe(house)
    document = house.provisional(house.owner())
    before = told(house)

    def decide_and_err() -> None:
        with house.store.begin(MAI, "decide") as work:
            work.documents.make_valid(document.id, Ground.BACK_FILE)
            work.documents.revoke(document.id, reason="a mistake")
            work.documents.become(document.id, Status.READ)

    with pytest.raises(IllegalTransition):
        decide_and_err()
    assert told(house) == before


def test_a_step_taken_twice_is_told_once(house: House) -> None:
    subscribe(house, f"{DOCUMENT}revoked", f"{DOCUMENT}print_revoked")
    document = house.valid(house.owner())
    for _ in range(2):
        with house.store.begin(MAI, "revoke") as work:
            work.documents.revoke(document.id, reason="forged")
    assert names(told(house)) == ["document.revoked"]


def test_what_takes_the_place_of_a_paper_is_told(house: House) -> None:
    subscribe(house, f"{DOCUMENT}superseded")
    owner = house.owner()
    old, new = house.valid(owner), house.valid(owner, content=b"the new one")
    with house.store.begin(MAI, "supersede") as work:
        work.documents.supersede(old.id, by=new.id, reason="corrected")
    (event,) = told(house)
    assert (event.data["status"], event.data["superseded_by"]) == ("superseded", str(new.id))


def test_prints_are_told_with_their_place_in_the_status_list(house: House) -> None:
    subscribe(house, f"{DOCUMENT}printed", f"{DOCUMENT}print_revoked")
    document = house.valid(house.owner())
    with house.store.begin(MAI, "print") as work:
        made = work.prints.issue(
            document.id, revision_sha256=Digest.of(b"x"), to_whom="Nguyễn Văn An", reason="lost"
        )
    with house.store.begin(MAI, "revoke") as work:
        work.prints.revoke(made.id, reason="stolen")
    events = told(house)
    assert names(events) == ["document.printed", "document.print_revoked"]
    for event in events:
        assert event.subject == f"documents/{document.id}"  # in one order with what becomes of the paper
        assert event.data["print_id"] == str(made.id)
        assert (event.data["print_number"], event.data["status_index"]) == (1, made.status_index)
        assert event.data["sha256"] == str(Digest.of(b"x"))


def test_the_life_of_a_dossier_is_told_with_what_the_indicators_count(house: House) -> None:
    subscribe(house, "vn.khoso.dossier.*")
    document = house.valid(house.owner())
    with house.store.begin(MAI, "open") as work:
        opened = work.dossiers.open(NUMBER, procedure="1.010708")
        work.dossiers.attach(NUMBER, document.id, component="KQ.G15.000031", how=AttachedHow.REUSED)
        work.dossiers.attach(NUMBER, document.id, component="KQ.G15.000031", how=AttachedHow.REUSED)
        work.dossiers.record(NUMBER, "supplement", "a missing page")
        work.dossiers.record(NUMBER, "Nguyễn Văn An came by")
        work.documents.revoke(document.id, reason="forged")
        work.dossiers.close(NUMBER, DossierState.SUCCEEDED)
    events = told(house)
    assert names(events) == [
        f"dossier.{step}"
        for step in ("opened", "attached", "supplement", "recorded", "document_revoked", "succeeded")
    ]
    assert {event.subject for event in events} == {f"dossiers/{opened.id}"}
    attached, cited, ended = (events[n].data for n in (1, 4, 5))
    assert attached["document_id"] == cited["document_id"] == str(document.id)
    assert (attached["digitised"], attached["reused"], attached["component"]) == (True, True, "KQ.G15.000031")
    assert (attached["source_form"], attached["weight"]) == ("unknown", "digitised")
    assert (ended["dossier"], ended["state"], ended["procedure"]) == (NUMBER, "succeeded", "1.010708")
    assert (ended["components"], ended["kept"], ended["reused"]) == (1, 0, 1)


def test_intake_and_competent_agency_hear_it_and_nobody_else(house: House) -> None:
    other = replace(STRANGER, agency="H99.01")
    for actor in (MAI, STRANGER, other):
        subscribe(house, actor=actor)
    with house.store.begin(MAI, "open") as work:
        work.dossiers.open(NUMBER, procedure="1.010708", agency=STRANGER.agency)
    assert names(told(house)) == names(told(house, STRANGER)) == ["dossier.opened"]
    assert told(house, other) == []


def test_no_event_holds_anything_of_whose_paper_it_is(house: House) -> None:
    subscribe(house)
    document = house.valid(house.owner(), content=b"one")
    with house.store.begin(MAI, "open") as work:
        work.dossiers.open(NUMBER, procedure=AN)
        work.dossiers.open(f"{AN} Nguyễn Văn An", procedure="1.010708")
        work.dossiers.attach(NUMBER, document.id, component="An 1990", how=AttachedHow.KEPT)
        work.dossiers.attach(NUMBER, document.id, component=AN, how=AttachedHow.KEPT)
        work.dossiers.record(NUMBER, "transferred", f"{AN} Nguyễn Văn An")
        work.owners.ensure(BINH, name="Trần Thị Bình")
        binh = work.owners.find(BINH)
        assert binh is not None
        work.documents.refile(document.id, to=binh.id, reason=f"not of {AN} but of Trần Thị Bình")
        work.documents.revoke(document.id, reason=f"of {BINH}")
        work.dossiers.close(NUMBER, DossierState.REFUSED, f"{AN} was not there")
    events = told(house)
    assert {"document.refiled", "document.revoked", "dossier.document_refiled"} <= set(names(events))
    said = json.dumps([[event.type, event.subject, dict(event.data)] for event in events], ensure_ascii=False)
    for canary in (AN, BINH, "Nguy", "Tr\u1ea7n", " An", "An ", MAI.person, "trang"):
        assert canary not in said, canary


def test_only_types_that_there_are_can_be_subscribed_to(house: House) -> None:
    for wrong in ((), ("vn.khoso.document.eaten",), ("vn.khoso.person.*",), (f"{DOCUMENT}valid", "*")):
        with pytest.raises(BadEventType), house.store.begin(MAI, "subscribe") as work:
            work.subscriptions.make("https://receiver.example/hook", wrong)
    assert {f"{DOCUMENT}{status}" for status in Status} < EVENT_TYPES


def test_who_named_a_type_that_there_is_not_is_told_the_families_too(house: House) -> None:
    with pytest.raises(BadEventType) as refused, house.store.begin(MAI, "subscribe") as work:
        work.subscriptions.make("https://receiver.example/hook", ["vn.khoso.document.eaten"])
    for said in (refused.value.sentence.vi, refused.value.sentence.en):
        families = tuple(re.findall(r"vn\.khoso\.[a-z]+\.\*", said))
        assert len(families) == 2
        with house.store.begin(MAI, "subscribe") as work:
            made, _secret = work.subscriptions.make("https://receiver.example/hook", families)
        assert made.types == families


def test_an_event_that_nobody_wants_goes_at_once(house: House) -> None:
    subscribe(house, f"{DOCUMENT}revoked")
    house.valid(house.owner())
    assert house.store.outbox.backlog().waiting == 5
    assert told(house) == []
    assert (house.store.outbox.backlog().waiting, house.store.outbox.backlog().since) == (0, None)


def test_nothing_waits_where_nobody_has_subscribed(house: House) -> None:
    house.valid(house.owner())
    backlog = house.store.outbox.backlog()
    assert (backlog.subscriptions, backlog.waiting, backlog.untouched_since) == (0, 0, None)
    subscribe(house, f"{DOCUMENT}revoked")
    backlog = house.store.outbox.backlog()
    assert (backlog.subscriptions, backlog.waiting) == (1, 5)
    assert backlog.untouched_since is not None


def test_a_subscription_is_its_own_agencys(house: House) -> None:
    with house.store.begin(MAI, "subscribe") as work:
        made, secret = work.subscriptions.make("https://receiver.example/hook", EVERYTHING)
    assert (len(secret), made.agency, made.made_by) == (32, MAI.agency, MAI.person)
    with house.store.begin(STRANGER, "look") as work:
        assert work.subscriptions.all() == ()
    owner = Actor(str(house.owner()), "owner", MAI.agency, "curiosity")
    for actor, refusal in ((STRANGER, NotFound), (owner, NotAllowed)):
        for step in ("get", "rotate", "resume", "remove", "try_out", "retry", "deliveries", "change"):
            with pytest.raises(refusal), house.store.begin(actor, step) as work:
                getattr(work.subscriptions, step)(made.id)


def test_a_removed_subscription_keeps_its_record_and_loses_its_secrets(house: House) -> None:
    subscribe(house)
    house.valid(house.owner())
    told(house)
    with house.store.begin(MAI, "look") as work:
        (subscription,) = work.subscriptions.all()
        work.subscriptions.pause(subscription.id, "asked")
        assert work.subscriptions.get(subscription.id).state is SubscriptionState.PAUSED
        work.subscriptions.remove(subscription.id)
    with house.behind_the_program() as rows:
        assert rows.fetch("SELECT state FROM subscriptions") == [("removed",)]
        for table in ("deliveries", "subscription_secrets", "receivers"):
            assert rows.fetch(f"SELECT count(*) FROM {table}") == [(0,)], table
    house.store.outbox.prune()
    with house.behind_the_program() as rows:
        assert rows.fetch("SELECT count(*) FROM events") == [(0,)]


def test_an_agency_has_so_many_subscriptions_and_no_more(house: House) -> None:
    with house.store.begin(MAI, "subscribe") as work:
        several = [
            work.subscriptions.make("https://receiver.example/", EVERYTHING)[0].id
            for _ in range(MOST_SUBSCRIPTIONS)
        ]
    with pytest.raises(TooManySubscriptions):
        subscribe(house)
    subscribe(house, actor=STRANGER)
    with house.store.begin(MAI, "remove") as work:
        work.subscriptions.remove(several[0])
    subscribe(house)


def test_a_secret_is_kept_wrapped(house: House) -> None:
    with house.store.begin(MAI, "subscribe") as work:
        _, secret = work.subscriptions.make("https://receiver.example/hook", EVERYTHING)
    with house.behind_the_program() as rows:
        ((wrapped,),) = rows.fetch("SELECT wrapped FROM subscription_secrets")
    assert secret not in bytes(wrapped)
