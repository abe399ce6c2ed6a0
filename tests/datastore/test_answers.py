"""Requests with a key: claimed by one, answered again, taken over from the dead, never kept by two."""

from contextlib import suppress
from datetime import timedelta

import pytest

from common import Digest
from datastore import Answer, Claim, Holder, KeyUsedOtherwise, NotFound, RequestInProgress, StaleState
from tests.datastore.house import MAI, House

_REQUEST, _OTHER = Digest.of(b"POST /documents"), Digest.of(b"POST /dossiers")
_ANSWER = Answer(202, {"Location": "/documents/1"}, '{"receipt": 1}')


def claimed(house: House, request: Digest = _REQUEST, asker: str = "mai") -> Claim:
    claim = house.store.requests.claim(asker, "key-1", request)
    assert isinstance(claim, Claim)
    return claim


def test_an_answer_that_was_kept_is_given_again(house: House) -> None:
    house.store.requests.keep(claimed(house), _ANSWER)
    assert house.store.requests.claim("mai", "key-1", _REQUEST) == _ANSWER
    with pytest.raises(KeyUsedOtherwise):
        house.store.requests.claim("mai", "key-1", _OTHER)
    claimed(house, _OTHER, asker="an")


def test_an_answer_is_kept_with_what_it_tells_of_or_not_at_all(house: House) -> None:
    claim = claimed(house)
    with suppress(NotFound), house.store.begin(MAI, "receive") as work:
        work.answers.keep(claim, _ANSWER)
        work.documents.get(claim.id)  # is not there: nothing of the transaction stays
    house.store.requests.release(claim)
    claim = claimed(house)
    with house.store.begin(MAI, "receive") as work:
        work.answers.keep(claim, _ANSWER)
    house.store.requests.release(claim)  # too late: it is kept
    assert house.store.requests.claim("mai", "key-1", _REQUEST) == _ANSWER


def test_whoever_died_with_a_request_is_followed_and_keeps_nothing_afterwards(house: House) -> None:
    first = claimed(house)
    with pytest.raises(RequestInProgress):
        house.store.requests.claim("mai", "key-1", _REQUEST)
    house.clock.wait(timedelta(minutes=6))
    second = claimed(house)
    with pytest.raises(StaleState), house.store.begin(MAI, "receive") as work:
        work.answers.keep(first, _ANSWER)
    house.store.requests.release(first)
    with house.store.begin(MAI, "receive") as work:
        work.answers.keep(second, _ANSWER)
    assert house.store.requests.claim("mai", "key-1", _REQUEST) == _ANSWER


def test_a_request_of_a_process_that_died_is_done_again_at_once(house: House) -> None:
    """A web process was killed, and its clients heard for five minutes that their request was in progress."""
    alive = {"web-1", "web-2"}

    def claim_as(name: str) -> Claim | Answer:
        return house.store.requests.claim("mai", "key-1", _REQUEST, Holder(name, alive.__contains__))

    first = claim_as("web-1")
    with pytest.raises(RequestInProgress):
        claim_as("web-2")
    alive.remove("web-1")
    second = claim_as("web-2")
    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    with pytest.raises(StaleState):
        house.store.requests.keep(first, _ANSWER)
    with pytest.raises(RequestInProgress):
        claim_as("web-2")
    house.store.requests.keep(second, _ANSWER)
    assert claim_as("web-2") == _ANSWER


def test_an_answer_is_forgotten_after_two_days(house: House) -> None:
    house.store.requests.keep(claimed(house), _ANSWER)
    house.clock.wait(timedelta(hours=47))
    assert house.store.requests.claim("mai", "key-1", _REQUEST) == _ANSWER
    house.clock.wait(timedelta(hours=2))
    claimed(house, _OTHER)
