"""The courier: what was committed reaches a real receiver, signed, at least once, whatever dies in between."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sqlite3 import connect
from typing import Any
from uuid import UUID

import pytest

from api.house import House, open_house
from api.settings import Settings
from api.steps import courier
from api.steps.changes import Move, refile
from api.steps.courier import courier_beside
from api.steps.dossiers import close_dossier, open_dossier
from api.steps.intake import Paper, Person, receive
from api.steps.webhooks import rotate_secret, subscribe
from common import utc_now
from datastore import (
    COURIER_LEASE,
    ClaimedDelivery,
    DatabaseUnreachable,
    Delivery,
    DeliveryState,
    DossierState,
    SubscriptionState,
)
from tests.api.http.servers import Quiet
from tests.api.receivers import Received, receiver
from tests.conftest import CHECKOUT

_SAMPLES = CHECKOUT / "samples"
_PROCEDURE = "1.010708"
_EVERYTHING = ("vn.khoso.document.*", "vn.khoso.dossier.*")


@dataclass
class Clock:
    """The machine's clock, and what was waited for besides."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def wait(self, duration: timedelta) -> None:
        self.ahead += duration


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def house(tmp_path: Path, clock: Clock) -> Iterator[House]:
    """A fresh installation."""
    settings = Settings(data_dir=tmp_path / "var", workers=1)
    with open_house(settings, Quiet(), clock) as opened:
        yield opened


@dataclass(frozen=True)
class Subscribed:
    house: House
    id: UUID
    secret: str

    def deliveries(self) -> list[Delivery]:
        """Oldest first."""
        with self.house.datastore.begin(self.house.system("test"), "look") as work:
            return list(reversed(work.subscriptions.deliveries(self.id)))

    def states(self) -> list[DeliveryState]:
        return [delivery.state for delivery in self.deliveries()]

    def is_paused(self, reason: str) -> bool:
        with self.house.datastore.begin(self.house.system("test"), "look") as work:
            found = work.subscriptions.get(self.id)
        return (found.state, found.reason) == (SubscriptionState.PAUSED, reason)

    def error(self) -> str | None:
        found = self.deliveries()
        return found[0].last_error if found else None


def subscribed(house: House, url: str, *types: str) -> Subscribed:
    made, secret = subscribe(house, house.system("test"), url, types or _EVERYTHING)
    return Subscribed(house, made.id, secret)


def dossier(house: House, number: int = 1) -> str:
    """An event; its subject."""
    name = f"{house.settings.agency}-261125-{number:04}"
    opened = open_dossier(house, house.system("test"), name, _PROCEDURE)
    return f"dossiers/{opened.id}"


def test_what_happened_is_told_signed_and_in_order(house: House) -> None:
    with receiver() as up:
        told = subscribed(house, up.url)
        subject = dossier(house)
        name = f"{house.settings.agency}-261125-0001"
        close_dossier(house, house.system("test"), name, DossierState.SUCCEEDED)
        with courier_beside(house):
            opened, closed = up.wait_for(2)
        assert told.states() == [DeliveryState.DELIVERED] * 2
    assert opened.is_signed_by(told.secret)
    assert closed.is_signed_by(told.secret)
    assert not opened.is_signed_by("whsec_" + "A" * 43 + "=")
    assert opened.headers["content-type"] == "application/cloudevents+json"
    assert abs(int(opened.headers["webhook-timestamp"]) - time.time()) < 60
    said = opened.event
    assert (said["specversion"], said["type"], said["subject"]) == ("1.0", "vn.khoso.dossier.opened", subject)
    assert said["source"] == f"https://{house.settings.print_host}/agencies/{house.settings.agency}"
    assert said["id"] == opened.id
    assert datetime.fromisoformat(said["time"]).tzinfo == UTC
    assert said["data"]["dossier"] == name
    assert closed.event["type"] == "vn.khoso.dossier.succeeded"
    assert closed.event["sequence"] > said["sequence"]


def test_a_receiver_that_was_down_is_told_when_it_is_back(house: House, clock: Clock) -> None:
    with receiver() as up:
        told = subscribed(house, up.url)
        up.stop()
        dossier(house)
        with courier_beside(house):
            up.wait_until(lambda: told.error() == "connection")
            up.start()
            clock.wait(timedelta(hours=1))
            (received,) = up.wait_for(1)
        assert told.states() == [DeliveryState.DELIVERED]
    assert received.is_signed_by(told.secret)


def test_what_was_not_taken_is_sent_again_as_the_same_message(house: House, clock: Clock) -> None:
    with receiver() as up:
        told = subscribed(house, up.url)
        up.answer = lambda _received: 200 if len(up.came) > 1 else 500
        dossier(house)
        with courier_beside(house):
            up.wait_until(lambda: told.error() == "status_500")
            clock.wait(timedelta(minutes=5))
            first, second = up.wait_for(2)
        assert told.states() == [DeliveryState.DELIVERED]
    assert (first.id, first.body) == (second.id, second.body)
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert second.is_signed_by(told.secret)


def test_a_slow_receiver_holds_up_nobody_else(house: House) -> None:
    hold = threading.Event()
    with receiver() as slow, receiver() as quick:
        slow.answer = lambda _received: 200 if hold.wait(60) else 500
        subscribed(house, slow.url)
        told = subscribed(house, quick.url)
        for number in range(1, 9):
            dossier(house, number)
        with courier_beside(house):
            quick.wait_for(8)
            quick.wait_until(lambda: told.states() == [DeliveryState.DELIVERED] * 8)
            assert 1 <= len(slow.came) <= 4
            hold.set()
            slow.wait_for(8)


def test_a_redirect_is_a_failure_and_leads_nowhere(house: House) -> None:
    with receiver() as elsewhere, receiver() as up:
        up.answer = lambda _received: (302, {"Location": elsewhere.url})
        told = subscribed(house, up.url)
        dossier(house)
        with courier_beside(house):
            up.wait_until(lambda: told.error() == "redirected")
        assert elsewhere.came == []


def test_a_receiver_that_is_gone_for_good_is_paused_with_the_reason(house: House) -> None:
    with receiver() as up:
        up.answer = lambda _received: 410
        told = subscribed(house, up.url)
        dossier(house)
        with courier_beside(house):
            up.wait_until(lambda: told.is_paused("gone"))
            dossier(house, 2)
            up.wait_until(lambda: len(told.deliveries()) == 2)
        assert told.states() == [DeliveryState.WAITING] * 2
        assert len(up.came) == 1


def test_while_a_secret_takes_anothers_place_a_receiver_may_know_either(house: House) -> None:
    with receiver() as up:
        told = subscribed(house, up.url)
        new = rotate_secret(house, house.system("test"), told.id, timedelta(days=1))
        dossier(house)
        with courier_beside(house):
            (received,) = up.wait_for(1)
    assert new != told.secret
    assert received.is_signed_by(told.secret)
    assert received.is_signed_by(new)


def test_nothing_personal_is_ever_sent(house: House) -> None:
    number, other, name = "040090001234", "001191005678", "Nguyễn Văn Canary"
    with receiver() as up:
        subscribed(house, up.url)
        actor = house.system("test")
        dossier(house)
        file = f"{house.settings.agency}-261125-0001"
        paper = Paper(
            (_SAMPLES / "trich_luc_khai_tu.png",), (Person(number, name),), dossier=file, doc_type="KHAI_SINH"
        )
        received = receive(house, actor, paper)
        refile(house, actor, received.document.id, Move(to=other), f"not of {name} {number}")
        close_dossier(house, actor, file, DossierState.REFUSED)
        with courier_beside(house):
            up.wait_until(lambda: house.datastore.outbox.backlog().waiting == 0)
        said = b"".join(one.body + json.dumps(one.headers).encode() + one.path.encode() for one in up.came)
        types = {one.event["type"] for one in up.came}
    assert {"vn.khoso.document.received", "vn.khoso.document.refiled"} <= types
    for canary in (number, other, number[:9], "Canary", "Nguy", "trich_luc"):
        assert canary.encode() not in said, canary


_COURIER = """
import sys
from datetime import timedelta
from pathlib import Path
from api.house import open_house
from api.settings import Settings
from api.steps.courier import serve_courier
from common import utc_now
from tests.api.http.servers import Quiet

ahead = timedelta(seconds=float(sys.argv[2]))
settings = Settings(data_dir=Path(sys.argv[1]), workers=1)
with open_house(settings, Quiet(), lambda: utc_now() + ahead) as house:
    serve_courier(house, stopped=lambda: False)
"""


@contextmanager
def courier_process(house: House, ahead: timedelta = timedelta(0)) -> Iterator["subprocess.Popen[bytes]"]:
    """A courier in a process of its own, that can be killed."""
    command = [sys.executable, "-c", _COURIER, str(house.settings.data_dir), str(ahead.total_seconds())]
    process = subprocess.Popen(command, cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": str(CHECKOUT)})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_what_takes_longer_than_a_claim_stays_with_the_courier_that_is_at_it(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "_KEEP_EVERY", 0.0)
    taken_over: list[ClaimedDelivery] = []

    def ends() -> str:
        with closing(connect(house.settings.data_dir / "khoso.db")) as rows:
            return str(rows.execute("SELECT lease_until FROM deliveries").fetchone()[0])

    def slow(_received: Received) -> int:
        for _ in range(2):
            clock.wait(COURIER_LEASE * 0.8)
            before = ends()
            up.wait_until(lambda before=before: ends() > before)  # type: ignore[misc]
        taken_over.extend(house.datastore.outbox.claim("another", 1))
        return 200

    with receiver() as up:
        up.answer = slow
        told = subscribed(house, up.url)
        dossier(house)
        with courier_beside(house):
            up.wait_until(lambda: told.states() == [DeliveryState.DELIVERED])
    assert (taken_over, len(up.came)) == ([], 1)


def test_a_courier_killed_between_sending_and_marking_sends_the_same_again(house: House) -> None:
    hold = threading.Event()
    with receiver() as up:
        up.answer = lambda _received: 200 if hold.wait(60) else 500
        told = subscribed(house, up.url)
        dossier(house)
        with courier_process(house) as courier:
            (sent,) = up.wait_for(1)  # it was sent, and nobody knows yet what became of it
            courier.send_signal(signal.SIGKILL)
            courier.wait()
        assert told.states() == [DeliveryState.CLAIMED]
        hold.set()
        with courier_process(house, ahead=timedelta(minutes=2)):
            _, again = up.wait_for(2)
            up.wait_until(lambda: told.states() == [DeliveryState.DELIVERED])
    assert (again.id, again.body) == (sent.id, sent.body)
    assert again.is_signed_by(told.secret)


def test_a_database_that_is_away_when_an_event_was_taken_delays_the_next_by_a_moment_only(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim was left to lapse: for a minute nothing more of the subject was told, and then the same again."""
    outbox, away = house.datastore.outbox, iter(range(2))
    delivered = outbox.delivered

    def delivered_when_back(claimed: ClaimedDelivery) -> None:
        if next(away, None) is not None:
            raise DatabaseUnreachable
        delivered(claimed)

    monkeypatch.setattr(outbox, "delivered", delivered_when_back)
    with receiver() as up:
        told = subscribed(house, up.url)
        dossier(house)
        name = f"{house.settings.agency}-261125-0001"
        close_dossier(house, house.system("test"), name, DossierState.SUCCEEDED)
        with courier_beside(house):
            opened, closed = up.wait_for(2)
            up.wait_until(lambda: told.states() == [DeliveryState.DELIVERED] * 2)
    assert opened.id != closed.id


def test_a_receiver_that_is_gone_is_paused_also_when_the_databases_answer_is_lost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was asked once more, because a failure that is noted for the second time belongs to nobody any more."""
    outbox, lost = house.datastore.outbox, iter([DatabaseUnreachable()])
    failed = outbox.failed

    def failed_without_answer(
        claimed: ClaimedDelivery, error: str, *, jitter: float, pause: timedelta | None = None
    ) -> bool:
        give_up = failed(claimed, error, jitter=jitter, pause=pause)
        if (outage := next(lost, None)) is not None:
            raise outage
        return give_up

    monkeypatch.setattr(outbox, "failed", failed_without_answer)
    with receiver() as up:
        up.answer = lambda _received: 410
        told = subscribed(house, up.url)
        dossier(house)
        with courier_beside(house):
            up.wait_until(lambda: told.error() == "status_410")
            up.wait_until(lambda: told.is_paused("gone"))
        assert len(up.came) == 1


def test_couriers_killed_again_and_again_lose_nothing_and_keep_the_order(house: House) -> None:
    chance, dossiers, kills = random.Random(3), 12, 3
    with receiver() as up:
        told = subscribed(house, up.url)
        up.answer = lambda _received: 503 if chance.random() < 0.1 else 200
        for number in range(1, dossiers + 1):
            dossier(house, number)
        for killed in range(1, kills + 1):
            came_before = len(up.came)
            with courier_process(house, ahead=timedelta(minutes=3 * killed)) as courier:
                up.wait_for(came_before + 1)
                time.sleep(chance.random() / 5)
                courier.kill()
            name = f"{house.settings.agency}-261125-{killed:04}"
            close_dossier(house, house.system("test"), name, DossierState.WITHDRAWN)
        with courier_process(house, ahead=timedelta(hours=5)):
            up.wait_until(lambda: told.states().count(DeliveryState.DELIVERED) == dossiers + kills)
        came = list(up.came)
    firsts: dict[str, dict[str, Any]] = {}
    for received in came:
        firsts.setdefault(received.id, received.event)
    assert len(firsts) == dossiers + kills
    for subject in {event["subject"] for event in firsts.values()}:
        numbers = [event["sequence"] for event in firsts.values() if event["subject"] == subject]
        assert numbers == sorted(numbers)


def test_several_couriers_share_the_work_and_none_does_it_twice(house: House) -> None:
    with receiver() as up, courier_process(house), courier_process(house):
        told = subscribed(house, up.url)
        for number in range(1, 21):
            dossier(house, number)
        up.wait_until(lambda: told.states() == [DeliveryState.DELIVERED] * 20)
        assert len({received.id for received in up.came}) == len(up.came) == 20


def test_of_each_dossier_the_events_come_in_their_order(house: House) -> None:
    """The receiver fails now and then, so that what comes later would overtake if it could."""
    came: dict[str, list[str]] = {}

    def now_and_then(received: Received) -> int:
        event = received.event
        if int(event["sequence"]) % 3 == 0 and sum(one.id == event["id"] for one in up.came) == 1:
            return 503
        came.setdefault(event["subject"], []).append(event["type"])
        return 200

    with receiver() as up:
        told = subscribed(house, up.url)
        up.answer = now_and_then
        for number in range(1, 7):
            dossier(house, number)
            name = f"{house.settings.agency}-261125-{number:04}"
            close_dossier(house, house.system("test"), name, DossierState.WITHDRAWN)
        with courier_beside(house):
            up.wait_until(lambda: _after_pauses(house, told))
    assert len(came) == 6
    for types in came.values():
        assert [type.rpartition(".")[2] for type in types] == ["opened", "withdrawn"]


def _after_pauses(house: House, told: Subscribed) -> bool:
    clock, states = house.clock, told.states()
    assert isinstance(clock, Clock)
    if DeliveryState.CLAIMED not in states:  # else a claim would lapse while its courier is at it
        clock.wait(timedelta(seconds=5))
    return states == [DeliveryState.DELIVERED] * 12
