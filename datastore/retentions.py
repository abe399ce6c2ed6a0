"""What the object server was asked to protect, and until when.

The server's own retention is the truth; these rows spare asking it, and tell what has to be extended next.

The objects of a document are those sealed under its key, and the entries that tell of it in the stores.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from archive import WIDTH, Status
from datastore import mapping
from datastore.objects import StoredObject, manifest_key
from datastore.rows import DocumentRow, ObjectRow, RetentionRow, StoreEntryRow, TileRetentionRow, TileRow


def _of(session: Session, document: UUID) -> ColumnElement[bool]:
    """What is kept of a document."""
    stores = session.scalars(select(StoreEntryRow.store_id).where(StoreEntryRow.document_id == document))
    entries = {manifest_key(store, document) for store in stores}
    return or_(ObjectRow.document_id == document, ObjectRow.key.in_(entries))


def due(session: Session, document: UUID, until: datetime) -> list[tuple[UUID, StoredObject]]:
    """The objects of a document that are not protected `until` then."""
    query = (
        select(ObjectRow)
        .outerjoin(RetentionRow, RetentionRow.object_id == ObjectRow.id)
        .where(_of(session, document), or_(RetentionRow.until.is_(None), RetentionRow.until < until))
        .order_by(ObjectRow.id)
    )
    return [(row.id, mapping.stored(row)) for row in session.scalars(query)]


def keep(session: Session, object: UUID, until: datetime) -> None:
    """Write down that an object is protected."""
    row = session.get(RetentionRow, object)
    if row is None:
        session.add(RetentionRow(object_id=object, until=until))
    else:
        row.until = max(row.until, until)


def until(session: Session, document: UUID) -> datetime | None:
    """The first instant at which an object of the document is free; None when one is free now, or there is none."""
    mine = select(ObjectRow.id).where(_of(session, document))
    free = mine.where(~exists().where(RetentionRow.object_id == ObjectRow.id))
    if session.scalar(free.limit(1)) is not None:
        return None
    return session.scalar(select(func.min(RetentionRow.until)).where(RetentionRow.object_id.in_(mine)))


@dataclass(frozen=True, slots=True)
class Ending:
    """A lock that ends: of which object, and of which document that is."""

    until: datetime
    object: UUID
    document: UUID


def ending(session: Session, before: datetime, after: Ending | None, most: int) -> list[Ending]:
    """The locks of kept documents that end before then, in their order; those behind `after`."""
    place = (RetentionRow.until, RetentionRow.object_id)
    query = (
        select(*place, ObjectRow.document_id)
        .join(ObjectRow, ObjectRow.id == RetentionRow.object_id)
        .join(DocumentRow, DocumentRow.id == ObjectRow.document_id)
        .where(RetentionRow.until < before, DocumentRow.status != Status.DESTROYED)
        .order_by(*place)
    )
    if after is not None:
        query = query.where(tuple_(*place) > (after.until, after.object))
    found = session.execute(query.limit(most))
    return [Ending(until, object, document) for until, object, document in found if document is not None]


def keep_tile(session: Session, name: str, until: datetime) -> None:
    """Write down that a tile is protected. Those from which it grew need not be for longer."""
    row = session.get(TileRetentionRow, name)
    if row is not None:
        row.until = max(row.until, until)
        return
    session.add(TileRetentionRow(name=name, until=until))
    # By the key: a pattern would look at every row.
    grown = [f"{name}.p/{width}" for width in range(1, WIDTH)]
    session.execute(delete(TileRetentionRow).where(TileRetentionRow.name.in_(grown)))


def extend_tile(session: Session, name: str, until: datetime) -> None:
    """Write down that a tile is protected for longer; nothing of one that has grown meanwhile: its row is gone, and
    would be extended for ever if it came back."""
    shorter = TileRetentionRow.name == name, TileRetentionRow.until < until
    session.execute(update(TileRetentionRow).where(*shorter).values(until=until))


def tiles_ending(
    session: Session, before: datetime, after: tuple[datetime, str] | None, most: int
) -> list[tuple[datetime, TileRow]]:
    """Tiles that become free before then, and when, in that order; those behind `after`."""
    place = (TileRetentionRow.until, TileRetentionRow.name)
    query = (
        select(TileRetentionRow.until, TileRow)
        .join(TileRow, TileRow.name == TileRetentionRow.name)
        .where(TileRetentionRow.until < before)
        .order_by(*place)
    )
    if after is not None:
        query = query.where(tuple_(*place) > after)
    return [(until, row) for until, row in session.execute(query.limit(most))]
