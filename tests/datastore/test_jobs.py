"""Jobs: one worker at a time, finished once, tried again, taken back from the dead, set aside in the end; and
everybody has a turn."""

from dataclasses import replace
from datetime import timedelta

import pytest

from archive import Ground
from datastore import Actor, Job, JobKind, JobRole, JobState, NotFound, Priority, PurposeMissing, StaleState
from datastore.jobs import AGED
from tests.datastore.house import MAI, READ, SIGN, STRANGER, House


def waiting_job(
    house: House,
    kind: JobKind = READ,
    *,
    actor: Actor = MAI,
    content: bytes | None = None,
    priority: Priority | None = None,
) -> Job:
    document = house.receive(house.owner(), content=content or kind.name.encode(), actor=actor)
    with house.store.begin(actor, "enqueue") as work:
        return work.jobs.enqueue(kind, document.id, priority=priority)


def waiting_jobs(house: House, actor: Actor, count: int, priority: Priority = Priority.COUNTER) -> list[Job]:
    names = (f"{actor.agency} {priority.name} {n}".encode() for n in range(count))
    return [waiting_job(house, actor=actor, content=name, priority=priority) for name in names]


def claimed(house: House, worker: str = "worker-1") -> Job:
    job = house.store.queue.claim(worker)
    assert job is not None
    return job


def all_in_turn(house: House) -> list[Job]:
    """Every job that waits, as one worker gets them."""
    done = []
    while (job := house.store.queue.claim("worker-1")) is not None:
        house.store.queue.finish(job)
        done.append(job)
    return done


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


def test_a_worker_claims_only_what_its_role_may_do_and_the_oldest_first(house: House) -> None:
    read, sign = waiting_job(house), waiting_job(house, SIGN)
    assert house.store.queue.roles_waiting() == {JobRole.READER, JobRole.SIGNER}
    only_sign = house.store.queue.claim("signer", [JobRole.SIGNER])
    assert only_sign is not None
    assert only_sign.id == sign.id
    assert house.store.queue.claim("signer", [JobRole.SIGNER]) is None
    assert house.store.queue.roles_waiting() == {JobRole.READER}
    assert claimed(house).id == read.id


def test_asking_twice_is_one_job_and_a_finished_one_runs_again(house: House) -> None:
    waiting = waiting_job(house)
    with house.store.begin(MAI, "enqueue") as work:
        assert work.jobs.enqueue(READ, waiting.document_id) == waiting
    job = claimed(house)
    with house.store.begin(MAI, "read") as work:
        work.jobs.finish(job)
    with house.store.begin(MAI, "enqueue") as work:
        again = work.jobs.enqueue(READ, waiting.document_id)
    assert (again.id, again.state, again.attempts) == (waiting.id, JobState.QUEUED, 0)


def test_what_is_asked_for_while_it_is_in_work_is_done_once_more(house: House) -> None:
    waiting_job(house)
    job = claimed(house)
    for _ in range(2):
        with house.store.begin(MAI, "enqueue") as work:
            assert work.jobs.enqueue(READ, job.document_id).state is JobState.CLAIMED
    with house.store.begin(MAI, "read") as work:
        work.jobs.finish(job)
    once_more = claimed(house)
    assert (once_more.id, once_more.attempts) == (job.id, 1)
    house.store.queue.finish(once_more)
    assert state_of(house, job).state is JobState.DONE


def test_a_job_that_waits_for_its_time_is_not_claimed_before(house: House) -> None:
    document = house.receive(house.owner())
    with house.store.begin(MAI, "enqueue") as work:
        work.jobs.enqueue(READ, document.id, not_before=work.at + timedelta(hours=1))
    assert house.store.queue.claim("worker-1") is None
    assert house.store.queue.roles_waiting() == frozenset()
    house.clock.wait(timedelta(hours=1))
    assert set(house.store.queue.waiting_since()) == {JobRole.READER}
    assert claimed(house).kind == "read"


def test_the_job_of_a_dead_worker_comes_back_and_its_late_answer_is_refused(house: House) -> None:
    waiting_job(house)
    lost = claimed(house, "dead")
    assert house.store.queue.reclaim(lambda worker: True) == []
    (back,) = house.store.queue.reclaim(lambda worker: worker != "dead")
    assert (back.state, back.last_error, back.deaths) == (JobState.QUEUED, "worker_died", 1)
    taken = claimed(house, "alive")
    for late in (house.store.queue.finish, house.store.queue.renew, house.store.queue.hand_back):
        with pytest.raises(StaleState):
            late(lost)
    house.store.queue.finish(taken)


def test_a_silent_worker_loses_its_job_unless_it_renews_its_lease(house: House) -> None:
    waiting_job(house)
    job = claimed(house)
    house.clock.wait(timedelta(seconds=50))
    job = house.store.queue.renew(job, done=2, total=500)
    assert (job.done, job.total) == (2, 500)
    house.clock.wait(timedelta(seconds=50))
    assert house.store.queue.reclaim(lambda worker: True) == []
    assert state_of(house, job).done == 2
    house.clock.wait(timedelta(seconds=50))
    assert [lost.id for lost in house.store.queue.reclaim(lambda worker: True)] == [job.id]
    assert state_of(house, job).done is None


def test_a_job_that_is_done_says_how_much_there_was_to_do(house: House) -> None:
    """Whoever watched it page by page was told nothing of the last ones."""
    waiting_job(house)
    job = house.store.queue.renew(claimed(house), done=11, total=12)
    house.store.queue.finish(job)
    done = state_of(house, job)
    assert (done.state, done.done, done.total) == (JobState.DONE, 12, 12)


def test_a_job_that_is_handed_back_keeps_its_place_and_was_not_tried(house: House) -> None:
    first, second = waiting_job(house), waiting_job(house, content=b"second")
    house.clock.wait(timedelta(hours=1))
    handed = house.store.queue.hand_back(claimed(house))
    assert (handed.id, handed.state, handed.attempts, handed.deaths) == (first.id, JobState.QUEUED, 0, 0)
    assert [job.id for job in all_in_turn(house)] == [first.id, second.id]


def test_a_job_that_fails_is_tried_again_later_and_set_aside_after_five_times(house: House) -> None:
    job = waiting_job(house)
    for attempt in range(1, 6):
        house.clock.wait(timedelta(hours=1))
        failed = house.store.queue.fail(claimed(house), "took_too_long")
        assert failed.attempts == attempt
        assert failed.state is (JobState.SET_ASIDE if attempt == 5 else JobState.QUEUED)
        assert house.store.queue.claim("worker-2") is None  # the pause grows: 5, 10, 20, 40 seconds
    assert [one.id for one in house.store.queue.set_aside()] == [job.id]
    with house.store.begin(MAI, "look") as work:
        assert [(one.id, one.last_error) for one in work.jobs.set_aside()] == [(job.id, "took_too_long")]
        retried = work.jobs.retry(job.id)
        assert (retried.state, retried.attempts) == (JobState.QUEUED, 0)
        with pytest.raises(NotFound):
            work.jobs.retry(job.id)
    with house.store.begin(STRANGER, "look") as work:
        assert work.jobs.set_aside() == ()


def test_whoever_looks_at_a_job_says_why(house: House) -> None:
    job = waiting_job(house)
    assert house.store.queue.look(MAI, job.id).id == job.id
    with pytest.raises(PurposeMissing):
        house.store.queue.look(replace(MAI, purpose=" "), job.id)


def test_an_outage_however_long_counts_as_no_attempt(house: House) -> None:
    document = house.receive(house.owner())
    with house.store.begin(MAI, "enqueue") as work:
        work.jobs.enqueue(READ, document.id)
    for _ in range(20):
        house.clock.wait(timedelta(minutes=1))
        job = house.store.queue.claim("worker-1")
        assert job is not None
        assert job.attempts == 1
        waiting = house.store.queue.await_end(job, "object_store_unreachable")
        assert (waiting.state, waiting.attempts, waiting.last_error) == (
            JobState.QUEUED,
            0,
            "object_store_unreachable",
        )
        assert waiting.not_before > house.clock.now
    assert house.store.queue.set_aside() == []


def test_during_an_outage_a_job_waits_as_long_as_it_has_lasted_up_to_a_minute(house: House) -> None:
    """It once asked every three seconds for days, and wrote a line about its owner each time."""
    waiting_job(house)
    pauses = []
    for _ in range(8):
        waiting = house.store.queue.await_end(claimed(house), "object_store_unreachable")
        pauses.append(waiting.not_before - house.clock.now)
        house.clock.wait(pauses[-1])
    assert pauses[0] == timedelta(seconds=3)
    assert pauses[-2:] == [timedelta(minutes=1)] * 2
    assert pauses == sorted(pauses)
    waiting = house.store.queue.await_end(claimed(house), "database_unreachable")
    assert waiting.not_before - house.clock.now == pauses[-1]  # it never got through: the outage goes on


def test_the_first_job_that_gets_through_ends_the_pause_of_the_others(house: House) -> None:
    jobs = waiting_jobs(house, MAI, 3)
    outages = ("object_store_unreachable", "object_store_unreachable", "time_stamp_unusable")
    for job, outage in zip([claimed(house) for _ in jobs], outages, strict=True):
        house.store.queue.await_end(job, outage)
    house.clock.wait(timedelta(hours=1))
    first, second, third = (claimed(house) for _ in jobs)
    house.store.queue.await_end(second, "object_store_unreachable")
    house.store.queue.await_end(third, "time_stamp_unusable")
    assert house.store.queue.claim("worker-1") is None
    house.store.queue.finish(first)
    assert [job.id for job in all_in_turn(house)] == [jobs[1].id]


def test_what_may_not_be_over_by_itself_is_waited_for_with_patience_only(house: House) -> None:
    waiting_job(house)
    for _ in range(2):
        for state in (JobState.QUEUED, JobState.QUEUED, JobState.SET_ASIDE):
            patience = timedelta(days=3)
            given = house.store.queue.await_end(claimed(house), "object_store_refused", patience=patience)
            assert (given.state, given.last_error) == (state, "object_store_refused")
            house.clock.wait(timedelta(days=2))
        with house.store.begin(MAI, "retry") as work:
            assert work.jobs.retry(given.id).state is JobState.QUEUED  # and is given all the time again


def test_neither_a_restart_nor_another_outage_gives_the_time_of_an_outage_again(house: House) -> None:
    """A service restarted every other day, a server now refusing and now away: nobody would ever have been told."""
    queue, patience = house.store.queue, timedelta(days=3)
    waiting_job(house)
    queue.await_end(claimed(house), "object_store_refused", patience=patience)
    house.clock.wait(timedelta(days=2))
    queue.hand_back(claimed(house))
    queue.await_end(claimed(house), "object_store_unreachable")
    house.clock.wait(timedelta(hours=12))
    queue.await_end(claimed(house), "object_store_refused", patience=patience)
    house.clock.wait(timedelta(days=1))
    given = queue.await_end(claimed(house), "object_store_refused", patience=patience)
    assert given.state is JobState.SET_ASIDE


def test_what_refuses_after_a_long_outage_has_all_its_own_time(house: House) -> None:
    queue, patience = house.store.queue, timedelta(days=3)
    waiting_job(house)
    queue.await_end(claimed(house), "object_store_unreachable")
    house.clock.wait(timedelta(days=9))
    for state in (JobState.QUEUED, JobState.QUEUED, JobState.SET_ASIDE):
        assert queue.await_end(claimed(house), "object_store_refused", patience=patience).state is state
        house.clock.wait(timedelta(days=2))


def test_a_job_that_must_not_be_tried_again_is_set_aside_at_once(house: House) -> None:
    waiting_job(house)
    failed = house.store.queue.fail(claimed(house), "damaged_file", again=False)
    assert (failed.state, failed.claimed_by) == (JobState.SET_ASIDE, None)


def test_a_job_whose_workers_keep_dying_kills_only_three(house: House) -> None:
    waiting_job(house)
    states = []
    for _ in range(3):
        house.clock.wait(timedelta(minutes=1))
        claimed(house)
        (last,) = house.store.queue.reclaim(lambda worker: False)
        states.append(last.state)
    assert states == [JobState.QUEUED, JobState.QUEUED, JobState.SET_ASIDE]
    assert (last.last_error, last.deaths) == ("worker_died", 3)
    with house.store.begin(MAI, "retry") as work:
        assert work.jobs.retry(last.id).deaths == 0


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


def test_the_counter_goes_before_papers_from_the_shelves(house: House) -> None:
    waiting_jobs(house, MAI, 2, Priority.BACK_FILE)
    at_counter = waiting_jobs(house, MAI, 2) + waiting_jobs(house, STRANGER, 1)
    order = [job.id for job in all_in_turn(house)]
    assert set(order[:3]) == {job.id for job in at_counter}


def test_a_busy_agency_delays_another_by_one_job(house: House) -> None:
    waiting_jobs(house, MAI, 6)
    claimed(house)
    waiting_jobs(house, STRANGER, 2)
    assert [job.agency for job in all_in_turn(house)][:4] == [
        STRANGER.agency,
        MAI.agency,
        STRANGER.agency,
        MAI.agency,
    ]


def test_agencies_take_turns_in_back_file_work_too_and_each_role_has_its_own_turns(house: House) -> None:
    waiting_jobs(house, MAI, 4, Priority.BACK_FILE)
    waiting_jobs(house, STRANGER, 2, Priority.BACK_FILE)
    waiting_job(house, SIGN)
    readers = [house.store.queue.claim(f"reader-{n}", [JobRole.READER]) for n in range(4)]
    assert len({job.agency for job in readers[:2] if job}) == 2
    assert len({job.agency for job in readers[2:] if job}) == 2
    signed = house.store.queue.claim("signer", [JobRole.SIGNER])
    assert signed is not None
    assert signed.agency == MAI.agency


def test_shelf_work_that_has_waited_long_takes_turns_with_the_counter(house: House) -> None:
    waiting_jobs(house, MAI, 3, Priority.BACK_FILE)
    house.clock.wait(AGED)
    waiting_jobs(house, MAI, 3)
    priorities = [job.priority for job in all_in_turn(house)]
    assert sorted(priorities[:2]) == [Priority.COUNTER, Priority.BACK_FILE]
    assert sorted(priorities[2:4]) == [Priority.COUNTER, Priority.BACK_FILE]


def test_the_priority_of_a_paper_follows_its_ground_and_how_it_came(house: House) -> None:
    shelf = waiting_job(house, priority=Priority.BACK_FILE)
    counter = waiting_job(house, content=b"counter")
    with house.store.begin(MAI, "go on") as work:
        assert work.jobs.enqueue(SIGN, shelf.document_id).priority is Priority.BACK_FILE
        assert work.jobs.enqueue(SIGN, counter.document_id).priority is Priority.COUNTER
        work.documents.record_ground(counter.document_id, Ground.BACK_FILE)
        archive = work.jobs.enqueue(JobKind("tell", JobRole.ARCHIVIST), counter.document_id)
        assert archive.priority is Priority.BACK_FILE
        hurried = work.jobs.enqueue(SIGN, shelf.document_id, priority=Priority.COUNTER)
        assert (hurried.priority, hurried.state) == (Priority.COUNTER, JobState.QUEUED)


def test_whoever_works_is_woken_after_the_commit_and_never_before(house: House) -> None:
    woken: list[frozenset[JobRole]] = []
    house.store._wake = house.store.queue._wake = woken.append
    document = house.receive(house.owner())
    with house.store.begin(MAI, "enqueue") as work:
        work.jobs.enqueue(READ, document.id)
        work.jobs.enqueue(SIGN, document.id, not_before=work.at + timedelta(hours=1))
        assert woken == []
    assert woken == [{JobRole.READER}]

    def stumble() -> None:
        with house.store.begin(MAI, "enqueue") as work:
            work.jobs.enqueue(READ, document.id)
            work.documents.get(document.version.id)

    with pytest.raises(NotFound):
        stumble()
    house.store.queue.hand_back(claimed(house))
    claimed(house)
    house.store.queue.reclaim(lambda worker: False)
    assert woken == [{JobRole.READER}] * 3
