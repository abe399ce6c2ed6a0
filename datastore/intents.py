"""Objects that no row names: known by the intention that was written before the put, and deleted.

The order makes it safe. A put: intention committed → object written → one transaction names the object and
deletes the intention. A sweep: the intention is marked and committed → the object is deleted → the intention
goes. A marked intention can no longer be redeemed, so a slow writer is refused (StaleState) instead of naming
an object that is about to go; a sweep that dies half-way is finished by the next one. The intention of an upload
is left alone while the upload waits.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, delete, exists, func, select
from sqlalchemy.orm import Session

from common import new_id
from datastore.dialect import NewRows, ask, beside, insert
from datastore.errors import StaleState
from datastore.locks import hold, locked
from datastore.objects import ObjectStore, StoredObject
from datastore.rows import IntentRow, ObjectRow, TileRow, UploadRow

assert isinstance(IntentRow.__table__, Table)
_INTENTS = IntentRow.__table__
_WRITTEN = ("id", "key", "made_at", "swept")
_WITHDRAW = (
    delete(IntentRow)
    .where(IntentRow.id.in_(bindparam("wanted", expanding=True)), IntentRow.swept.is_(False))
    .returning(IntentRow.id, IntentRow.key)
)
_TO_KEEP_OPEN = locked(
    select(IntentRow.id).where(IntentRow.id == bindparam("intent"), IntentRow.swept.is_(False))
)
_OF_NO_UPLOAD = ~exists().where(UploadRow.intent == IntentRow.id)


def intend(connection: Connection, now: datetime, key: str) -> UUID:
    """Write down that an object is about to be put under `key`."""
    id = new_id(now)
    insert(connection, [NewRows(_INTENTS, _WRITTEN, [[id, key, now, False]])])
    return id


def redeem(session: Session, *stored: StoredObject) -> None:
    """Withdraw the intentions, for rows name the objects now; StaleState when a sweep was faster, of any of them."""
    wanted = {each.intent: each.key for each in stored}
    withdrawn = ask(beside(session), _WITHDRAW, {"wanted": list(wanted)})
    if {row.id: row.key for row in withdrawn} != wanted:
        raise StaleState(what="object")


def still_open(session: Session, stored: StoredObject) -> UUID:
    """Keep the sweep off an object's intention until this transaction ends; StaleState when it was faster."""
    found = ask(beside(session), _TO_KEEP_OPEN, {"intent": stored.intent})
    if not found:
        raise StaleState(what="object")
    id: UUID = found[0].id
    return id


def object_rows(
    session: Session, now: datetime, stored: Sequence[StoredObject], document: UUID | None
) -> list[ObjectRow]:
    """The rows that name objects, to be written; their intentions are withdrawn. StaleState when a sweep was faster."""
    redeem(session, *stored)
    return [
        ObjectRow(
            id=new_id(now),
            key=each.key,
            version=each.version,
            size=each.size,
            sha256_plain=each.sha256_plain.value,
            sha256_stored=each.sha256_stored.value,
            document_id=document,
            made_at=now,
        )
        for each in stored
    ]


def count(session: Session) -> int:
    """Of how many objects nothing is known but that somebody meant to put them."""
    query = select(func.count()).select_from(IntentRow).where(_OF_NO_UPLOAD)
    return session.scalars(query).one()


def mark(session: Session, before: datetime) -> list[str]:
    """Mark what was intended before `before`; the keys on which nothing younger is under way."""
    query = select(IntentRow).where((IntentRow.made_at < before) & _OF_NO_UPLOAD | IntentRow.swept)
    stale = list(session.scalars(query.with_for_update(skip_locked=True)))  # locked: being redeemed just now
    younger = select(IntentRow.key).where(IntentRow.made_at >= before, IntentRow.swept.is_(False))
    busy = set(session.scalars(younger))
    for row in stale:
        row.swept = row.swept or row.key not in busy
    session.flush()
    return sorted({row.key for row in stale} - busy)


def sweep(session: Session, objects: ObjectStore, key: str) -> int:
    """Delete every version of `key` that no row names, then the marked intentions; how many versions there were.

    What lies there is listed before it is asked who is at work and what is named: an object in the list had its
    intention before, so a put that began after `mark` is seen and the key is left for the next sweep.
    """
    hold(session, "sweep")
    lying = [each for each in objects.versions(key) if each.key == key]
    under_way = select(IntentRow.id).where(IntentRow.key == key, IntentRow.swept.is_(False))
    waiting = select(UploadRow.id).where(UploadRow.object_key == key)
    if session.scalar(under_way.union(waiting).limit(1)):
        return 0
    named = set(session.scalars(select(ObjectRow.version).where(ObjectRow.key == key)))
    named |= set(session.scalars(select(TileRow.object_version).where(TileRow.name == key)))
    unnamed = [each for each in lying if each.version not in named]
    for each in unnamed:
        objects.delete(each.key, each.version)
    for row in session.scalars(select(IntentRow).where(IntentRow.key == key, IntentRow.swept)):
        session.delete(row)
    session.flush()
    return len(unnamed)
