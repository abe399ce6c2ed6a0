"""Asking how the parts are is answered in time, whatever the parts do, and never hurts them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.steps import readiness
from api.steps.readiness import Check, Readiness, Seen, Standing
from common import say
from datastore import DatabaseUnreachable


def _fails() -> Seen:
    raise DatabaseUnreachable(reason="refused")


def _breaks() -> Seen:
    raise ZeroDivisionError("040090001234")


def _degraded() -> Seen:
    return Seen(Standing.DEGRADED, say("check_no_answer", part="x"), {"seconds": 3})


def _readiness(**checks: Check) -> Readiness:
    return Readiness(checks, patience=30)


def test_parts_that_are_well_are_ready() -> None:
    report = _readiness(database=Check(Seen), disk=Check(Seen)).look()
    assert (report.ready, report.standing) == (True, Standing.WELL)


def test_a_part_that_fails_names_its_reason_in_both_languages_and_stops_traffic() -> None:
    report = _readiness(database=Check(_fails), disk=Check(Seen)).look()
    assert not report.ready
    told = report.as_json()["checks"]
    assert isinstance(told, dict)
    assert told["database"]["standing"] == "failed"
    assert told["database"]["reason"].keys() == {"code", "vi", "en"}
    assert told["disk"]["standing"] == "well"


@pytest.mark.parametrize("look", [_fails, _breaks, _degraded])
def test_a_part_without_which_requests_are_answered_only_degrades(look: Callable[[], Seen]) -> None:
    report = _readiness(time_stamps=Check(look, vital=False), disk=Check(Seen)).look()
    assert (report.ready, report.standing) == (True, Standing.DEGRADED)


def test_a_fault_of_a_check_is_told_by_its_kind_and_not_by_its_message() -> None:
    told = str(_readiness(database=Check(_breaks)).look().as_json())
    assert "ZeroDivisionError" in told
    assert "040090001234" not in told


def test_a_part_that_hangs_gives_no_answer_and_the_others_are_told() -> None:
    over = threading.Event()

    def hangs() -> Seen:
        over.wait()
        return Seen()

    readiness = Readiness({"database": Check(hangs), "disk": Check(Seen)}, patience=0.2)
    try:
        checks = readiness.look().checks
        assert checks["database"].standing is Standing.FAILED
        assert checks["database"].reason is not None
        assert checks["database"].reason.code == "check_no_answer"
        assert checks["disk"].standing is Standing.WELL
    finally:
        over.set()


def test_a_part_that_was_not_well_is_asked_again_soon_and_one_that_is_well_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One moment without an answer was told of an authority for ten minutes."""
    monkeypatch.setattr(readiness, "_KEEP_TROUBLE", 0.0)
    answers = iter([_fails, _degraded, Seen])
    check = Readiness({"authority": Check(lambda: next(answers)(), vital=False, keep=600)}, patience=30)
    standings = [check.look().checks["authority"].standing for _ in range(4)]
    assert standings == [Standing.DEGRADED, Standing.DEGRADED, Standing.WELL, Standing.WELL]


def test_a_part_that_hangs_is_asked_once_however_often_somebody_looks() -> None:
    over, asked = threading.Event(), []

    def hangs() -> Seen:
        asked.append(1)
        over.wait()
        return Seen()

    readiness = Readiness({"database": Check(hangs)}, patience=0.05, keep=0)
    for _ in range(5):
        readiness.look()
    over.set()
    assert asked == [1]


def test_many_who_look_at_once_ask_a_part_once() -> None:
    asked = []

    def counts() -> Seen:
        asked.append(1)
        return Seen()

    readiness = Readiness({"database": Check(counts)}, keep=60, patience=30)
    with ThreadPoolExecutor(20) as pool:
        reports = [look.result() for look in [pool.submit(readiness.look) for _ in range(200)]]
    assert asked == [1]
    assert all(report.ready for report in reports)


def test_a_part_may_be_asked_more_rarely_than_the_others() -> None:
    asked = []

    def counted(part: str) -> Seen:
        asked.append(part)
        return Seen()

    checks = {
        "authority": Check(lambda: counted("authority"), keep=600),
        "disk": Check(lambda: counted("disk")),
    }
    readiness = Readiness(checks, keep=0, patience=30)
    for _ in range(3):
        readiness.look()
    assert (asked.count("authority"), asked.count("disk")) == (1, 3)


def test_a_part_that_came_back_is_well_again() -> None:
    answers = iter([_fails, Seen])
    readiness = Readiness({"database": Check(lambda: next(answers)())}, keep=0, patience=30)
    assert [readiness.look().ready, readiness.look().ready] == [False, True]
