"""Making papers undeletable: by anybody, and only for a while at a time.

A lock in COMPLIANCE mode cannot be taken back, so the first one is short and is extended while the paper is kept
(`archive/rules.toml`, locks). Where objects lie in a folder there is nothing to lock.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import chain
from uuid import UUID

from api.house import House
from api.logs import log
from api.steps.job_kinds import PROTECT
from archive import decide_lock
from common import VIETNAM, KhosoError
from datastore import NOT_LOCKED, Job, ObjectStoreRefused, StoredObject, Work

_EXTEND_BEFORE = timedelta(days=30)
"""So long before its end a lock is extended: a month of outages may pass."""
_REFUSED_IN_A_ROW = 20
"""A restore may leave some objects that refuse a lock; with a key that may not lock every one of all does."""


def ask_for_protection(house: House, work: Work, document: UUID) -> None:
    """In the transaction that makes a paper valid or closes its dossier: its objects are locked after the commit."""
    if house.datastore.objects.write_once:
        work.jobs.enqueue(PROTECT, document)


def ask_for_protection_again(house: House, work: Work, document: UUID) -> None:
    """Of what was kept since, where the paper is locked or about to be."""
    if not house.datastore.objects.write_once:
        return
    if any(job.kind == PROTECT.name for job in work.jobs.of_document(document)):
        work.jobs.enqueue(PROTECT, document)


def protect(house: House, job: Job) -> None:
    """Locks every object of the paper, and what its stores say of it, for the first term. May run twice: a lock is
    only ever extended."""
    until = lock_until(house)
    if until is not None:
        house.datastore.protect(job.document_id, until)
    house.datastore.queue.finish(job)


Refused = set[UUID | str]
"""Papers by their ids and tiles by their keys."""


def extend_locks(house: House, refused: Refused) -> Iterator[None]:
    """Locks that end soon are set anew, while the paper is kept; those of the log's tiles always.

    One paper or tile at each step: at the end of a year the locks of a whole year end at once. One that cannot be
    locked is told and keeps no other from its lock. ObjectStoreRefused when so many in a row were refused that it is
    not the objects; those stand in `refused` then, and a round that is given them steps past them.
    """
    until = lock_until(house)
    if until is None or not house.datastore.objects.write_once:
        return
    store, soon, in_a_row = house.datastore, house.clock() + _EXTEND_BEFORE, 0
    papers = ((id, partial(_extend_paper, house, id, until)) for id in store.locks_ending(soon))
    tiles = ((tile.key, partial(_extend_tile, house, tile, until)) for tile in store.tile_locks_ending(soon))
    for which, extend in chain[tuple[UUID | str, Callable[[], KhosoError | None]]](papers, tiles):
        if which in refused:
            continue
        trouble = extend()
        if not isinstance(trouble, ObjectStoreRefused):
            in_a_row = 0
        else:
            refused.add(which)
            in_a_row += 1
            if in_a_row == _REFUSED_IN_A_ROW:
                raise trouble
        yield


def _extend_paper(house: House, document: UUID, until: datetime) -> KhosoError | None:
    try:
        log.info("lock_extended", document=document, count=house.datastore.protect(document, until))
    except NOT_LOCKED as error:
        log.error("lock_not_extended", document=document, code=error.code)
        return error
    return None


def _extend_tile(house: House, tile: StoredObject, until: datetime) -> KhosoError | None:
    try:
        house.datastore.protect_tile(tile, until)
        log.info("tile_lock_extended")
    except NOT_LOCKED as error:
        log.error("tile_lock_not_extended", code=error.code)
        return error
    return None


def lock_until(house: House) -> datetime | None:
    """The end of the last day of the lock that the rules ask for today, in Viet Nam."""
    last = decide_lock(house.rules, house.today)
    if last is None:
        return None
    return datetime.combine(last + timedelta(days=1), time(), VIETNAM).astimezone(UTC)
