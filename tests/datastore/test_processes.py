"""Several real processes on one database, and processes killed in the middle of anything."""

import multiprocessing
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import UUID

import pytest

from archive import Status, check_log
from datastore import JobState, NewOriginal, StaleState, intents, manifest_key, original_key
from tests.datastore.house import AN, MAI, READ, House
from tests.datastore.journeys import (
    NUMBER,
    Here,
    be_alone,
    be_alone_for_ever,
    bring_papers_of_one_owner,
    do_jobs,
    record_events,
    run,
    told,
    whole_journeys,
)

_PROCESSES = multiprocessing.get_context("forkserver")
# Real processes that share nothing, forked from one that has imported everything already.
_PROCESSES.set_forkserver_preload(["tests.datastore.journeys"])


def started(house: House, number: int, journey: Callable[[Here], None]) -> BaseProcess:
    process = _PROCESSES.Process(target=run, args=(journey, house.folder, number))
    process.start()
    return process


def lines_of(house: House, number: int) -> list[str]:
    """What a process told; a line that a kill cut short is none."""
    file = told(house.folder, number)
    return file.read_text().split("\n")[:-1] if file.exists() else []


def side_by_side(house: House, journey: Callable[[Here], None]) -> list[str]:
    """The lines that three processes told; every one must end well."""
    running = [started(house, number, journey) for number in range(3)]
    for process in running:
        process.join(timeout=100)
        assert process.exitcode == 0
    return [line for number in range(3) for line in lines_of(house, number)]


def assert_sound(house: House) -> None:
    """The log agrees with the rows, the objects with what was kept, the database with itself."""
    with house.store.log.facts() as facts:
        report = check_log(facts.leaves, checkpoint=None, origin="o", keys=[], rows=facts.rows)
    assert {finding.code for finding in report.findings} <= {"log-never-signed"}
    assert list(house.store.check_objects()) == []
    if house.database.exists():
        with house.behind_the_program() as rows:
            assert rows.fetch("PRAGMA integrity_check") == [("ok",)]
            assert rows.fetch("PRAGMA foreign_key_check") == []


def test_processes_at_once_make_one_owner_and_no_number_twice(house: House) -> None:
    lines = side_by_side(house, bring_papers_of_one_owner)
    with house.store.begin(MAI, "look") as work:
        owner = work.owners.find(AN)
        assert owner is not None
        documents = work.documents.of_owner(owner.id)
    assert house.store.statistics().owners == 1
    assert sorted(document.codes[0].instance for document in documents) == list(range(1, 17))
    held = [line for line in lines if line.startswith("held")]
    assert len(held) == 2
    assert len(set(held)) == 1
    assert_sound(house)


def test_one_process_at_a_time_is_alone(house: House) -> None:
    (house.folder / "count").write_text("0")
    side_by_side(house, be_alone)
    assert (house.folder / "count").read_text() == "45"


def test_a_process_that_dies_alone_makes_room_and_another_name_never_waited(house: House) -> None:
    process = started(house, 0, be_alone_for_ever)
    while not lines_of(house, 0):
        assert process.is_alive()
        time.sleep(0.01)
    with house.store.alone("publisher"):
        house.owner()
    process.kill()
    process.join()
    with house.store.alone("counter"), house.store.alone("publisher"):
        house.owner()


def test_threads_of_one_process_are_alone_one_by_one_too(house: House) -> None:
    inside: list[int] = []

    def be_alone(thread: int) -> None:
        with house.store.alone("counter"):
            inside.append(thread)
            assert inside == [thread]
            time.sleep(0.002)
            inside.remove(thread)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(be_alone, range(12)))


def test_no_event_of_a_dossier_is_lost_when_processes_write_at_once(house: House) -> None:
    with house.store.begin(MAI, "open") as work:
        work.dossiers.open(NUMBER, procedure="1.001193")
    side_by_side(house, record_events)
    with house.store.begin(MAI, "look") as work:
        notes = {event.note for event in work.dossiers.get(NUMBER).events}
    assert notes == {None, *(f"{me}-{n}" for me in range(3) for n in range(8))}
    assert_sound(house)


def test_each_job_is_done_by_one_worker_while_others_write_and_number(house: House) -> None:
    owner = house.owner()
    ids = set()
    for number in range(12):
        document = house.receive(owner, content=bytes([number]))
        with house.store.begin(MAI, "enqueue") as work:
            ids.add(str(work.jobs.enqueue(READ, document.id).id))
    lines = side_by_side(house, do_jobs)
    done = [line.removeprefix("job ") for line in lines if line.startswith("job")]
    leaves = [int(line.removeprefix("leaf ")) for line in lines if line.startswith("leaf")]
    assert sorted(done) == sorted(ids)
    assert sorted(leaves) == list(range(len(leaves)))
    assert house.store.statistics().jobs == {JobState.DONE: 12}
    assert_sound(house)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_process_killed_anywhere_loses_nothing_acknowledged(house: House, seed: int) -> None:
    moments = random.Random(seed)
    for number in range(8):
        process = started(house, number, whole_journeys)
        while not lines_of(house, number):  # until it is at work
            assert process.is_alive()
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.5))
        process.kill()
        process.join()
        house.store.queue.reclaim(lambda worker, dead=f"worker-{number}": worker != dead)  # type: ignore[misc]
    acknowledged = [line for number in range(8) for line in lines_of(house, number)]
    assert len(acknowledged) >= 8
    house.clock.now = house.clock.now.replace(year=2100)
    house.store.sweep_orphans()
    with house.store.begin(MAI, "look") as work:
        for line in acknowledged:
            document = work.documents.get(UUID(line.split()[0]))
            assert len({revision.role for revision in document.revisions}) == len(document.revisions)
            assert document.status is Status.VALID or not line.endswith("valid")
        held = work.documents.of_owner(house_owner(house))
    assert house.store.statistics().open_intents == 0
    assert JobState.CLAIMED not in house.store.statistics().jobs
    assert len({document.version.originals_digest for document in held}) == len(held)
    named = {original.object.key for document in held for original in document.version.originals}
    kept = {each.key for each in house.objects.versions("documents") if "original" in each.key}
    assert kept == named
    assert list((house.folder / "objects" / ".incoming").iterdir()) == []
    assert_sound(house)


def house_owner(house: House) -> UUID:
    with house.behind_the_program() as rows:
        ((owner,),) = rows.fetch("SELECT id FROM owners")
    return UUID(str(owner))


def test_an_object_that_no_transaction_named_is_swept_and_its_late_writer_refused(house: House) -> None:
    owner, draft = house.owner(), house.store.draft()
    kept = house.store.put(original_key(draft.id, 1), b"orphan", sealing=draft.data_key)
    assert house.store.sweep_orphans() == 0  # it may still be under way
    house.clock.wait(timedelta(hours=25))
    younger = house.store.put(original_key(draft.id, 1), b"retried", sealing=draft.data_key)
    assert house.store.sweep_orphans() == 0  # the same key is under way again
    house.clock.wait(timedelta(hours=25))
    assert house.store.sweep_orphans() == 2
    assert list(house.objects.versions("documents")) == []
    for late in (kept, younger):
        with pytest.raises(StaleState), house.store.begin(MAI, "intake") as work:
            work.documents.receive(draft, originals=[NewOriginal(late, "image/png", "a")], owners=[owner])
    assert house.store.sweep_orphans() == 0


def test_a_put_that_begins_while_a_sweep_is_under_way_is_not_swept(house: House) -> None:
    owner, draft = house.owner(), house.store.draft()
    house.store.put(original_key(draft.id, 1), b"orphan", sealing=draft.data_key)
    with house.store._housekeeping() as session:
        assert intents.mark(session, house.clock() + timedelta(days=1)) == [original_key(draft.id, 1)]
    again = house.store.put(original_key(draft.id, 1), b"again", sealing=draft.data_key)
    assert house.store.sweep_orphans(older_than=timedelta(hours=1)) == 0
    with house.store.begin(MAI, "intake") as work:
        work.documents.receive(draft, originals=[NewOriginal(again, "image/png", "a")], owners=[owner])
    assert house.store.sweep_orphans(older_than=timedelta(hours=1)) == 1
    assert list(house.store.check_objects()) == []


def test_a_sweep_leaves_named_objects_and_takes_what_a_killed_put_left(house_on_sqlite: House) -> None:
    house = house_on_sqlite
    document = house.receive(house.owner(), content=b"kept")
    (house.folder / "objects" / ".incoming" / "half").write_bytes(b"half a file")
    house.clock.now = house.clock.now.replace(year=2100)
    assert house.store.sweep_orphans() == 1
    with house.store.begin(MAI, "fetch") as work:
        key = work.documents.data_key(document.id)
    assert house.objects.read(document.version.originals[0].object, sealing=key) == b"kept"


def test_damaged_and_missing_objects_are_reported_and_the_rest_is_read_on(house: House) -> None:
    owner = house.owner()
    papers = [house.receive(owner, content=content) for content in (b"1", b"2", b"3")]
    originals = [one.object for paper in papers for one in paper.version.originals]
    house.objects.delete(originals[0].key, originals[0].version)
    house.change_bytes(originals[1].key, originals[1].version, b"changed")
    with house.store.begin(MAI, "manifest") as work:
        (held,) = work.owners.entries_of(papers[2].id)
        store_key = work.entry_key(held)
    entry = house.store.put(manifest_key(held.store_id, papers[2].id), b"signed entry", sealing=store_key)
    with house.store.begin(MAI, "manifest") as work:
        work.name_object(entry)
    house.store.log.put_tile("tile/0/000.p/1", b"a tile")
    house.store.log.put_tile("tile/0/000.p/1", b"a tile")
    assert len(list(house.objects.versions("log"))) == 1
    found = {(type(error).__name__, error.facts["key"]) for error in house.store.check_objects()}
    assert found == {
        ("ObjectMissing", papers[0].version.originals[0].object.key),
        ("ObjectDamaged", papers[1].version.originals[0].object.key),
    }


def test_files_of_other_houses_are_never_touched(house: House, tmp_path: Path) -> None:
    other = House(tmp_path / "other")
    document = other.receive(other.owner())
    house.clock.now = house.clock.now.replace(year=2100)
    house.store.sweep_orphans()
    with other.store.begin(MAI, "fetch") as work:
        assert work.documents.get(document.id).id == document.id
        assert work.owners.find(AN) is not None
    other.store.close()
