"""Doors that are knocked on too often, in one process and through a real Redis."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import redis

from api.http.doors import Door, Doorkeeper, LocalTally, RedisTally, Tally, counted_as, tally_for
from api.http.faults import TooManyRequests
from tests.api.providers import free_port
from tests.services import Services

DOOR = Door("test", 3, timedelta(minutes=5))
AN = "040090001234"


@pytest.fixture(scope="module")
def broker(services: Services) -> str:
    """The address of a real Redis."""
    return services.start("redis")["KHOSO_BROKER_URL"]


@pytest.fixture(params=["local", "redis"])
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    if request.param == "local":
        yield LocalTally()
        return
    url: str = request.getfixturevalue("broker")
    with redis.Redis.from_url(url) as client:
        client.flushall()
    shared = RedisTally(url)
    yield shared
    shared.close()


def test_the_fourth_knock_of_three_is_told_when_to_come_again(tally: Tally) -> None:
    keeper = Doorkeeper(tally, b"secret")
    for _ in range(3):
        keeper.knock(DOOR, AN)
    with pytest.raises(TooManyRequests) as refused:
        keeper.knock(DOOR, AN)
    assert 1 <= refused.value.seconds <= 300


def test_one_who_knocks_too_often_shuts_no_other_out(tally: Tally) -> None:
    keeper = Doorkeeper(tally, b"secret")
    for _ in range(3):
        keeper.knock(DOOR, AN)
    keeper.knock(DOOR, "079190000001")
    keeper.knock(Door("another", 3, DOOR.within), AN)


def test_a_knock_that_was_no_guess_is_taken_back(tally: Tally) -> None:
    keeper = Doorkeeper(tally, b"secret")
    for _ in range(10):
        keeper.knock(DOOR, AN)
        keeper.forgive(DOOR, AN)


def test_of_several_who_knock_together_those_are_refused_who_knocked_too_often(tally: Tally) -> None:
    keeper, binh = Doorkeeper(tally, b"secret"), "079190000001"
    refused = keeper.knocks(DOOR, [AN, binh, AN, AN, AN, binh])
    assert [refusal is not None for refusal in refused] == [False, False, False, False, True, False]
    assert keeper.knocks(DOOR, []) == []


def test_what_is_taken_back_after_its_window_is_no_knock_to_spare(tally: Tally) -> None:
    keeper = Doorkeeper(tally, b"secret")
    keeper.forgive(DOOR, AN)
    for _ in range(3):
        keeper.knock(DOOR, AN)
    with pytest.raises(TooManyRequests):
        keeper.knock(DOOR, AN)


def test_twenty_at_once_are_twenty(tally: Tally) -> None:
    keeper = Doorkeeper(tally, b"secret")

    def let_in(_turn: int) -> bool:
        try:
            keeper.knock(DOOR, AN)
        except TooManyRequests:
            return False
        return True

    with ThreadPoolExecutor(20) as crowd:
        assert sum(crowd.map(let_in, range(20))) == 3


def test_a_window_ends() -> None:
    now = 0.0
    keeper = Doorkeeper(LocalTally(seconds=lambda: now), b"secret")
    for _ in range(3):
        keeper.knock(DOOR, AN)
    now = 300.0
    keeper.knock(DOOR, AN)


def test_nothing_of_a_name_is_in_redis_and_every_count_ends(broker: str) -> None:
    tally = RedisTally(broker)
    Doorkeeper(tally, b"another secret").knock(DOOR, AN)
    tally.close()
    with redis.Redis.from_url(broker) as client:
        keys = [bytes(key) for key in client.scan_iter()]
        ours = [key for key in keys if key.startswith(b"khoso:door:")]
        assert ours
        assert not any(AN.encode() in key for key in keys)
        assert all(0 < client.ttl(key) <= 300 for key in ours)


def test_without_its_redis_each_process_counts_alone() -> None:
    tally = RedisTally(f"redis://127.0.0.1:{free_port()}/0")
    keeper = Doorkeeper(tally, b"secret")
    for _ in range(3):
        keeper.knock(DOOR, AN)
    with pytest.raises(TooManyRequests):
        keeper.knock(DOOR, AN)
    tally.close()


def test_a_redis_that_takes_and_never_answers_does_not_keep_the_door_waiting(
    broker: str, services: Services
) -> None:
    tally = RedisTally(broker)
    with services.frozen("redis"):
        assert tally.add(["of a frozen one"], 1, DOOR.within)[0].times == 1
        assert tally.add(["of a frozen one"], 1, DOOR.within)[0].times == 2
    tally.close()


def test_a_crowd_of_names_does_not_fill_the_memory() -> None:
    tally = LocalTally(most_keys=10)
    for number in range(1000):
        tally.add([str(number)], 1, DOOR.within)
    assert len(tally._counts) <= 10


def test_another_broker_than_redis_counts_nothing() -> None:
    assert isinstance(tally_for("amqp://127.0.0.1"), LocalTally)
    assert isinstance(tally_for(None), LocalTally)


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("somewhere", "unknown"),
        ("203.0.113.07", "unknown"),
        ("203.0.113.7\0", "unknown"),
    ],
)
def test_a_customer_counts_once_whatever_its_last_bits_are(host: str | None, counted: str) -> None:
    assert counted_as(host) == counted
