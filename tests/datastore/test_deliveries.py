"""Deliveries: at least once, in order for each subject, and nobody waits for a receiver that is gone."""

from datetime import timedelta
from uuid import UUID

import pytest

from datastore import COURIER_LEASE, ClaimedDelivery, DeliveryState, StaleState
from tests.datastore.house import MAI, House

READ = "vn.khoso.document.read"
EVERY = "vn.khoso.document.*"


def subscribe(house: House, *types: str, path: str = "hook") -> UUID:
    with house.store.begin(MAI, "subscribe") as work:
        return work.subscriptions.make(f"https://receiver.example/{path}", types or (EVERY,))[0].id


def papers(house: House, count: int) -> list[str]:
    """So many papers that were received and read; their subjects."""
    found = []
    for n in range(count):
        document = house.receive(house.owner(), content=f"paper {n}".encode())
        house.read(document.id)
        found.append(f"documents/{document.id}")
    while house.store.outbox.hand_out():
        pass
    return found


def claim(house: House, most: int = 50, courier: str = "courier-1") -> list[ClaimedDelivery]:
    return house.store.outbox.claim(courier, most)


def state(house: House, claimed: ClaimedDelivery) -> tuple[DeliveryState, int, str | None]:
    with house.store.begin(MAI, "look") as work:
        found = work.subscriptions.deliveries(claimed.delivery.subscription_id)
    (one,) = [each for each in found if each.id == claimed.delivery.id]
    return one.state, one.attempts, one.last_error


def fail_for(house: House, duration: timedelta) -> bool:
    """Everything that is tried fails, as long as `duration`; whether the receiver should be paused."""
    end, lost = house.clock.now + duration, False
    while house.clock.now < end:
        for claimed in claim(house):
            lost = house.store.outbox.failed(claimed, "status_500")
        house.clock.wait(timedelta(hours=6))
    return lost


def test_of_one_subject_the_next_event_waits_for_the_one_before(house: House) -> None:
    subscribe(house)
    first, second = papers(house, 2)
    started = claim(house)
    assert [one.delivery.event.subject for one in started] == [first, second]
    assert {one.delivery.event.type for one in started} == {"vn.khoso.document.received"}
    assert claim(house) == []
    house.store.outbox.delivered(started[1])
    (following,) = claim(house)
    assert (following.delivery.event.type, following.delivery.event.subject) == (READ, second)


def test_a_receiver_has_a_few_deliveries_in_the_air_and_one_while_it_fails(house: House) -> None:
    subscribe(house, READ)
    papers(house, 6)
    started = claim(house)
    assert len(started) == 4
    assert claim(house, courier="courier-2") == []
    house.store.outbox.failed(started[0], "timeout")
    for one in started[1:]:
        house.store.outbox.failed(one, "timeout")
    house.clock.wait(timedelta(hours=1))
    (only,) = claim(house)
    house.store.outbox.delivered(only)
    assert len(claim(house)) == 4  # it took one, so it is well


def test_a_receiver_that_is_gone_rests_and_others_are_served(house: House) -> None:
    gone, well = subscribe(house, READ, path="gone"), subscribe(house, READ, path="well")
    papers(house, 3)
    for _ in range(3):
        for one in claim(house, most=10):
            if one.delivery.subscription_id == gone:
                house.store.outbox.failed(one, "connect")
            else:
                house.store.outbox.delivered(one)
        house.clock.wait(timedelta(seconds=30))
    with house.store.begin(MAI, "look") as work:
        states = {id: {one.state for one in work.subscriptions.deliveries(id)} for id in (gone, well)}
        assert work.subscriptions.get(gone).failing_since is not None
        assert work.subscriptions.get(well).failing_since is None
    assert states == {gone: {DeliveryState.WAITING}, well: {DeliveryState.DELIVERED}}


def test_a_claim_is_one_couriers_and_lapses_when_it_is_silent(house: House) -> None:
    subscribe(house, READ)
    papers(house, 1)
    (lost,) = claim(house, courier="dead")
    assert claim(house, courier="alive") == []
    house.clock.wait(timedelta(minutes=1))
    (taken,) = claim(house, courier="alive")
    assert taken.delivery.event == lost.delivery.event
    for late in (house.store.outbox.delivered, lambda one: house.store.outbox.failed(one, "timeout")):
        with pytest.raises(StaleState):
            late(lost)
    house.store.outbox.delivered(taken)
    with pytest.raises(StaleState):
        house.store.outbox.delivered(taken)


def test_a_claim_lasts_while_its_courier_says_so_and_is_not_taken_back_from_another(house: House) -> None:
    subscribe(house, READ)
    papers(house, 1)
    (one,) = claim(house, courier="slow")
    for _ in range(3):
        house.clock.wait(COURIER_LEASE * 0.8)
        house.store.outbox.keep("slow", [one.delivery.id])
        assert claim(house, courier="quick") == []
    house.clock.wait(COURIER_LEASE)
    (taken,) = claim(house, courier="quick")
    house.store.outbox.keep("slow", [one.delivery.id])
    with pytest.raises(StaleState):
        house.store.outbox.delivered(one)
    house.store.outbox.delivered(taken)
    house.store.outbox.keep("quick", [one.delivery.id])
    assert claim(house, courier="slow") == []


def test_what_fails_is_tried_again_after_a_pause_that_grows(house: House) -> None:
    subscription = subscribe(house, READ)
    papers(house, 1)
    pauses = []
    for _ in range(12):
        (one,) = claim(house)
        house.store.outbox.failed(one, "status_503", jitter=0.5)
        with house.store.begin(MAI, "look") as work:
            (waiting,) = work.subscriptions.deliveries(subscription)
            pauses.append(waiting.not_before - work.at)
        house.clock.wait(timedelta(hours=1))
    assert pauses == sorted(pauses)
    assert pauses[0] <= timedelta(seconds=5)
    assert timedelta(minutes=59) < pauses[-1] <= timedelta(hours=1)


def test_a_receiver_may_ask_for_a_longer_pause(house: House) -> None:
    subscribe(house, READ)
    papers(house, 1)
    (one,) = claim(house)
    house.store.outbox.failed(one, "status_429", pause=timedelta(minutes=20))
    house.clock.wait(timedelta(minutes=19))
    assert claim(house) == []
    house.clock.wait(timedelta(minutes=1))
    assert len(claim(house)) == 1


def test_a_delivery_that_fails_for_days_beside_others_that_do_not_is_set_aside(house: House) -> None:
    subscription = subscribe(house, READ)
    poison, _ = papers(house, 2)
    last = None
    for _ in range(14):
        for one in claim(house):
            if one.delivery.event.subject == poison:
                assert not house.store.outbox.failed(one, "status_400")
                last = one
            else:
                house.store.outbox.delivered(one)
        with house.store.begin(MAI, "try out") as work:
            work.subscriptions.try_out(subscription)
        house.clock.wait(timedelta(hours=6))
    assert last is not None
    assert state(house, last)[0] is DeliveryState.SET_ASIDE
    assert state(house, last)[2] == "status_400"
    assert house.store.outbox.backlog().set_aside == 1
    with house.store.begin(MAI, "retry") as work:
        assert work.subscriptions.retry(subscription) == 1
    again = [one for one in claim(house) if one.delivery.event.subject == poison]
    assert [one.delivery.event.id for one in again] == [last.delivery.event.id]
    house.store.outbox.delivered(again[0])
    assert house.store.outbox.backlog().set_aside == 0


def test_a_receiver_that_takes_nothing_for_days_should_be_paused_and_loses_nothing(house: House) -> None:
    subscription = subscribe(house, READ)
    papers(house, 3)
    assert not fail_for(house, timedelta(days=2))
    assert fail_for(house, timedelta(days=2))
    with house.store.begin(MAI, "pause") as work:
        work.subscriptions.pause(subscription, "no_success")
    assert claim(house) == []
    assert house.store.outbox.backlog().paused == 1
    house.clock.wait(timedelta(days=60))
    house.store.outbox.prune()
    with house.store.begin(MAI, "resume") as work:
        work.subscriptions.resume(subscription)
    assert house.store.outbox.backlog().paused == 0
    assert len(claim(house)) == 3


def test_while_a_secret_takes_anothers_place_both_sign(house: House) -> None:
    with house.store.begin(MAI, "subscribe") as work:
        made, first = work.subscriptions.make("https://receiver.example/hook", [READ])
    papers(house, 4)

    def rotate(hours: int) -> bytes:
        with house.store.begin(MAI, "rotate") as work:
            return work.subscriptions.rotate(made.id, keep_old_for=timedelta(hours=hours))

    second = rotate(24)
    assert claim(house, most=1)[0].secrets == (second, first)
    third = rotate(1)
    assert claim(house, most=1)[0].secrets == (third, second, first)
    house.clock.wait(timedelta(hours=2))
    assert claim(house, most=1)[0].secrets == (third,)
    for _ in range(5):
        newest = rotate(24)
    assert len(claim(house, most=1)[0].secrets) == 4
    assert rotate(0) != newest


def test_another_address_is_that_of_what_waits_too(house: House) -> None:
    subscription = subscribe(house, READ)
    papers(house, 1)
    with house.store.begin(MAI, "change") as work:
        work.subscriptions.change(subscription, url="https://receiver.example/new", types=[EVERY])
    (one,) = claim(house)
    assert (one.url, one.agency) == ("https://receiver.example/new", MAI.agency)


def test_a_subscription_is_tried_out_alone(house: House) -> None:
    subscribe(house, READ, path="other")
    subscription = subscribe(house, READ)
    with house.store.begin(MAI, "try out") as work:
        work.subscriptions.try_out(subscription)
    house.store.outbox.hand_out()
    (one,) = claim(house)
    assert (one.delivery.subscription_id, one.delivery.event.type) == (subscription, "vn.khoso.webhook.test")


def test_deliveries_are_listed_newest_first_page_by_page(house: House) -> None:
    subscription = subscribe(house, READ)
    papers(house, 5)
    with house.store.begin(MAI, "look") as work:
        everything = work.subscriptions.deliveries(subscription)
        first = work.subscriptions.deliveries(subscription, most=2)
        rest = work.subscriptions.deliveries(subscription, before=first[-1].event.number)
        assert work.subscriptions.deliveries(subscription, state=DeliveryState.SET_ASIDE) == ()
    assert first + rest == everything
    assert len(everything) == 5
    assert [one.event.number for one in everything] == sorted(
        (one.event.number for one in everything), reverse=True
    )


def test_what_was_delivered_is_forgotten_after_a_month(house: House) -> None:
    subscription = subscribe(house, READ)
    papers(house, 2)
    first, _second = claim(house)
    house.store.outbox.delivered(first)
    house.clock.wait(timedelta(days=31))
    house.store.outbox.prune()
    with house.store.begin(MAI, "look") as work:
        (left,) = work.subscriptions.deliveries(subscription)
    assert left.id != first.delivery.id
    with house.behind_the_program() as rows:
        assert rows.fetch("SELECT count(*) FROM events") == [(1,)]
