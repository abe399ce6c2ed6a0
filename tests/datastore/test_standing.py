"""Where an installation stands, in numbers, on both databases."""

from datetime import UTC, datetime, timedelta

from datastore import JobRole, JobState, Priority
from tests.datastore.house import House
from tests.datastore.test_jobs import claimed, waiting_job


def test_jobs_that_are_not_done_are_counted_by_role_kind_priority_and_state(house: House) -> None:
    waiting_job(house, content=b"1")
    waiting_job(house, content=b"2", priority=Priority.BACK_FILE)
    house.store.queue.finish(claimed(house))
    waiting_job(house, content=b"3")
    claimed(house)
    counts = house.store.work_standing().jobs
    assert {(one.role, one.kind, one.priority, one.state, one.count) for one in counts} == {
        (JobRole.READER, "read", Priority.BACK_FILE, JobState.QUEUED, 1),
        (JobRole.READER, "read", Priority.COUNTER, JobState.CLAIMED, 1),
    }


def test_a_role_waits_as_long_as_its_oldest_job(house: House) -> None:
    job = waiting_job(house, content=b"1")
    house.clock.wait(timedelta(minutes=5))
    waiting_job(house, content=b"2")
    standing, now = house.store.work_standing(), job.not_before + timedelta(minutes=10)
    assert standing.waits(JobRole.READER, Priority.COUNTER, now) == 600
    assert standing.waits(JobRole.SIGNER, Priority.COUNTER, now) == 0
    assert standing.waits(JobRole.READER, Priority.BACK_FILE, now) == 0


def test_signatures_that_got_no_time_stamp_are_counted_until_they_got_one(house: House) -> None:
    waiting_job(house)
    house.store.queue.fail(claimed(house), "time_stamp_unusable")
    assert house.store.work_standing().time_stamps_failing == 1
    house.clock.wait(timedelta(minutes=1))
    house.store.queue.finish(claimed(house))
    assert house.store.work_standing().time_stamps_failing == 0


def test_the_last_signature_is_known_by_its_time(house: House) -> None:
    assert house.store.work_standing().last_signed_at is None
    document = house.provisional(house.owner())
    assert document.latest_revision is not None
    assert house.store.work_standing().last_signed_at == document.latest_revision.signed_at


def test_papers_are_counted_by_status(house: House) -> None:
    house.receive(house.owner())
    house.provisional(house.owner(), content=b"another")
    assert house.store.document_counts() == {"received": 1, "provisional": 1}


def test_the_database_tells_its_own_time_in_utc(house: House) -> None:
    told = house.store.database_time()
    assert told.tzinfo == UTC
    assert abs(datetime.now(UTC) - told) < timedelta(minutes=1)


def test_the_schema_is_told(house: House) -> None:
    assert house.store.check_schema() == house.store.statistics().schema
