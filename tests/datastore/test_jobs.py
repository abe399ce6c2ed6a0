"""Jobs: one worker at a time, finished once, tried again, taken back from the dead, set aside in the end."""

from datetime import timedelta

import pytest

from datastore import Job, JobState, NotFound, StaleState
from tests.datastore.house import MAI, STRANGER, House


def waiting_job(house: House, kind: str = "read") -> Job:
    document = house.receive(house.owner(), content=kind.encode())
    with house.store.begin(MAI, "enqueue") as work:
        return work.jobs.enqueue(kind, document.id)


def claimed(house: House, worker: str = "worker-1") -> Job:
    job = house.store.queue.claim(worker)
    assert job is not None
    return job


def state_of(house: House, job: Job) -> Job:
    with house.store.begin(MAI, "look") as work:
        return next(one for one in work.jobs.of_document(job.document_id) if one.id == job.id)


def test_a_job_is_claimed_by_one_worker_and_finished_once(house: House) -> None:
    waiting = waiting_job(house)
    assert house.store.queue.waiting() == 1
    job = claimed(house)
    assert (job.id, job.state, job.claimed_by, job.attempts) == (waiting.id, JobState.CLAIMED, "worker-1", 1)
    assert job.agency == MAI.agency
    assert house.store.queue.claim("worker-2") is None
    house.store.queue.finish(job)
    house.store.queue.finish(job)
    assert state_of(house, job).state is JobState.DONE


def test_a_worker_claims_only_the_kinds_it_can_do_and_the_oldest_first(house: House) -> None:
    read, sign = waiting_job(house, "read"), waiting_job(house, "sign")
    only_sign = house.store.queue.claim("signer", ["sign"])
    assert only_sign is not None
    assert only_sign.id == sign.id
    assert claimed(house).id == read.id


def test_asking_twice_is_one_job_and_a_finished_one_runs_again(house: House) -> None:
    waiting = waiting_job(house)
    with house.store.begin(MAI, "enqueue") as work:
        assert work.jobs.enqueue("read", waiting.document_id) == waiting
    job = claimed(house)
    with house.store.begin(MAI, "read") as work:
        work.jobs.finish(job)
    with house.store.begin(MAI, "enqueue") as work:
        again = work.jobs.enqueue("read", waiting.document_id)
    assert (again.id, again.state, again.attempts) == (waiting.id, JobState.QUEUED, 0)


def test_a_job_that_waits_for_its_time_is_not_claimed_before(house: House) -> None:
    document = house.receive(house.owner())
    with house.store.begin(MAI, "enqueue") as work:
        work.jobs.enqueue("print", document.id, not_before=work.at + timedelta(hours=1))
    assert house.store.queue.claim("worker-1") is None
    house.clock.wait(timedelta(hours=1))
    assert claimed(house).kind == "print"


def test_the_job_of_a_dead_worker_comes_back_and_its_late_answer_is_refused(house: House) -> None:
    waiting_job(house)
    lost = claimed(house, "dead")
    assert house.store.queue.reclaim(lambda worker: True) == []
    (back,) = house.store.queue.reclaim(lambda worker: worker != "dead")
    assert (back.state, back.last_error) == (JobState.QUEUED, "worker_died")
    taken = claimed(house, "alive")
    for late in (house.store.queue.finish, house.store.queue.renew):
        with pytest.raises(StaleState):
            late(lost)
    house.store.queue.finish(taken)


def test_a_silent_worker_loses_its_job_unless_it_renews_its_lease(house: House) -> None:
    waiting_job(house)
    job = claimed(house)
    house.clock.wait(timedelta(minutes=9))
    job = house.store.queue.renew(job)
    house.clock.wait(timedelta(minutes=9))
    assert house.store.queue.reclaim(lambda worker: True) == []
    house.clock.wait(timedelta(minutes=2))
    assert [lost.id for lost in house.store.queue.reclaim(lambda worker: True)] == [job.id]


def test_a_job_that_fails_is_tried_again_later_and_set_aside_after_five_times(house: House) -> None:
    job = waiting_job(house)
    for attempt in range(1, 6):
        house.clock.wait(timedelta(hours=1))
        failed = house.store.queue.fail(claimed(house), "took_too_long")
        assert failed.attempts == attempt
        assert failed.state is (JobState.SET_ASIDE if attempt == 5 else JobState.QUEUED)
        assert house.store.queue.claim("worker-2") is None  # the pause grows: 5, 10, 20, 40 seconds
    with house.store.begin(MAI, "look") as work:
        assert [(one.id, one.last_error) for one in work.jobs.set_aside()] == [(job.id, "took_too_long")]
        retried = work.jobs.retry(job.id)
        assert (retried.state, retried.attempts) == (JobState.QUEUED, 0)
        with pytest.raises(NotFound):
            work.jobs.retry(job.id)
    with house.store.begin(STRANGER, "look") as work:
        assert work.jobs.set_aside() == ()


def test_a_job_that_must_not_be_tried_again_is_set_aside_at_once(house: House) -> None:
    waiting_job(house)
    failed = house.store.queue.fail(claimed(house), "damaged_file", again=False)
    assert (failed.state, failed.claimed_by) == (JobState.SET_ASIDE, None)


def test_a_job_whose_workers_keep_dying_is_set_aside(house: House) -> None:
    waiting_job(house)
    for _ in range(5):
        claimed(house)
        (last,) = house.store.queue.reclaim(lambda worker: False)
    assert (last.state, last.last_error) == (JobState.SET_ASIDE, "worker_died")


def test_a_result_that_is_rolled_back_leaves_its_job_claimed(house: House) -> None:
    waiting_job(house)
    job = claimed(house)

    def finish_and_stumble() -> None:
        with house.store.begin(MAI, "read") as work:
            work.jobs.finish(job)
            work.documents.get(job.id)

    with pytest.raises(NotFound):
        finish_and_stumble()
    assert state_of(house, job).state is JobState.CLAIMED
