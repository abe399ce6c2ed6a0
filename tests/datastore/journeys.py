"""What the other processes of `test_processes` do. Each acknowledges in a file of its own, one line per `write`."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from archive import Ground, Status
from common import Digest
from datastore import AlreadyHeld, JobRole
from tests.datastore.house import AN, MAI, READ, House

NUMBER = "H41.01-261122-0001"


class Here:
    """One process in the house: its number and where it tells what it did."""

    def __init__(self, folder: Path, number: int) -> None:
        self.house = House(folder, migrated=True, real_time=True)
        self.number = number
        self._told = os.open(told(folder, number), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tell(self, line: str) -> None:
        os.write(self._told, f"{line}\n".encode())


def told(folder: Path, number: int) -> Path:
    return folder / f"told-{number}"


def bring_papers_of_one_owner(here: Here) -> None:
    for number in range(6):
        with here.house.store.begin(MAI, "look-up") as work:
            owner = work.owners.ensure(AN, name="Nguyễn Văn An").id
        try:
            here.house.receive(
                owner, content=b"same for all" if number == 3 else bytes([here.number, number])
            )
        except AlreadyHeld as error:
            here.tell(f"held {error.facts['document_id']}")
        with here.house.store.begin(MAI, "receipt") as work:
            document = work.documents.of_owner(owner)[0]
            work.receipts.issue(document.id, {})


def record_events(here: Here) -> None:
    for n in range(8):
        with here.house.store.begin(MAI, "record") as work:
            work.dossiers.record(NUMBER, "supplement", f"{here.number}-{n}")


def do_jobs(here: Here) -> None:
    store = here.house.store
    while (job := store.queue.claim(f"worker-{here.number}")) is not None:
        with store.begin(MAI, "read") as work:
            work.documents.set_fields(job.document_id, {"by": here.number})
            work.jobs.finish(job)
        for leaf in store.log.number_leaves(most=3):
            here.tell(f"leaf {leaf.number}")
        here.tell(f"job {job.id}")


def whole_journeys(here: Here) -> None:
    """Paper after paper from receipt to print, until somebody kills the process."""
    house = here.house
    for number in range(100_000):
        owner = house.owner()
        document = house.receive(owner, content=f"{here.number}-{number}".encode())
        here.tell(str(document.id))
        with house.store.begin(MAI, "enqueue") as work:
            work.jobs.enqueue(READ, document.id)
        job = house.store.queue.claim(f"worker-{here.number}", [JobRole.READER])
        house.read(document.id)
        with house.store.begin(MAI, "check") as work:
            work.documents.check(document.id, by="mai")
            if job is not None:
                work.jobs.finish(job)
        house.sign(document.id)
        with house.store.begin(MAI, "keep") as work:
            work.documents.become(document.id, Status.PROVISIONAL)
            work.documents.make_valid(document.id, Ground.BACK_FILE)
        with house.store.begin(MAI, "print") as work:
            work.prints.issue(document.id, revision_sha256=Digest.of(b"x"), to_whom="a", reason="b")
        house.store.log.number_leaves()
        here.tell(f"{document.id} valid")


def be_alone(here: Here) -> None:
    """Count by reading and writing a file, which goes wrong as soon as two do it at once."""
    count = here.house.folder / "count"
    for _ in range(15):
        with here.house.store.alone("counter"):
            before = int(count.read_text())
            time.sleep(0.002)
            count.write_text(str(before + 1))


def be_alone_for_ever(here: Here) -> None:
    with here.house.store.alone("counter"):
        here.tell("inside")
        time.sleep(100)


def run(journey: Callable[[Here], None], folder: Path, number: int) -> None:
    """The first thing that a process does."""
    journey(Here(folder, number))
