"""The log's rows: leaves numbered for the tree, read back for checking, with tiles and checkpoints beside
them.

Promised: numbers are consecutive from 0, are given once and never change; two archivists at once cannot give one
number twice. Each numbering takes the leaves that are committed by then, in the order in which they arrived, so a
leaf that arrived early and was committed late gets a later number and none is lost. Of two leaves that speak of
one row the second arrives after the first is committed (the row is locked until then), so it always has the
higher number. Hashing, tiles and signatures are `archive`'s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from archive import Leaf, NumberedLeaf, Row, RowState
from common import Digest
from datastore.intents import redeem
from datastore.locks import hold
from datastore.objects import StoredObject
from datastore.records import CheckpointRecord
from datastore.rows import CheckpointRow, LeafRow, StateRow, TileRow
from datastore.witness import rows_of_today

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What `archive.check_log` compares, all of one moment. Both are read once, while the transaction
    lasts."""

    leaves: Iterator[NumberedLeaf]
    rows: Iterator[Row]


def number_leaves(session: Session, most: int) -> list[NumberedLeaf]:
    """Give the oldest unnumbered leaves, at most `most`, the next numbers."""
    hold(session, "log")
    last = session.scalar(select(func.max(LeafRow.index)))
    query = select(LeafRow).where(LeafRow.index.is_(None)).order_by(LeafRow.arrival).limit(most)
    rows = list(session.scalars(query))
    for number, row in enumerate(rows, start=0 if last is None else last + 1):
        row.index = number
    session.flush()
    return list(_with_states(session.connection(), rows))


def leaves(connection: Connection, first: int = 0, *, unnumbered: bool = False) -> Iterator[NumberedLeaf]:
    """The leaves from number `first` on; then, if wanted, the unnumbered ones with the numbers they would
    get."""
    session = Session(connection)
    number = first
    while rows := _numbered_from(session, number):
        yield from _with_states(connection, rows)
        number = (rows[-1].index or 0) + 1
        session.expunge_all()
    if unnumbered:
        yield from _unnumbered(session, connection, number)


def _numbered_from(session: Session, number: int) -> list[LeafRow]:
    query = select(LeafRow).where(LeafRow.index >= number).order_by(LeafRow.index).limit(_AT_ONCE)
    return list(session.scalars(query))


def _unnumbered(session: Session, connection: Connection, number: int) -> Iterator[NumberedLeaf]:
    arrival = 0
    query = select(LeafRow).where(LeafRow.index.is_(None)).order_by(LeafRow.arrival).limit(_AT_ONCE)
    while rows := list(session.scalars(query.where(LeafRow.arrival > arrival))):
        for numbered in _with_states(connection, rows):
            yield NumberedLeaf(number, numbered.leaf, numbered.commitment)
            number += 1
        arrival = rows[-1].arrival
        session.expunge_all()


def _with_states(connection: Connection, rows: list[LeafRow]) -> Iterator[NumberedLeaf]:
    states = _states_of(connection, [row.arrival for row in rows])
    for row in rows:
        leaf = Leaf(row.id, row.at, row.salt, tuple(states.get(row.arrival, ())))
        yield NumberedLeaf(-1 if row.index is None else row.index, leaf, row.commitment)


def _states_of(connection: Connection, arrivals: list[int]) -> dict[int, list[RowState]]:
    query = select(StateRow.leaf, StateRow.table, StateRow.key, StateRow.sha256)
    found: dict[int, list[RowState]] = {}
    for leaf, table, key, sha256 in connection.execute(query.where(StateRow.leaf.in_(arrivals))):
        found.setdefault(leaf, []).append(RowState(table, key, sha256))
    return found


def facts(connection: Connection) -> LogFacts:
    """Leaves, unnumbered ones included, and rows of one moment."""
    return LogFacts(leaves(connection, unnumbered=True), rows_of_today(connection))


def number_of(session: Session, table: str, key: UUID) -> int | None:
    """The number of the newest leaf that speaks of a row; None while it has no number."""
    newest = select(func.max(StateRow.leaf)).where(StateRow.table == table, StateRow.key == str(key))
    return session.scalar(select(LeafRow.index).where(LeafRow.arrival == newest.scalar_subquery()))


def keep_checkpoint(session: Session, checkpoint: CheckpointRecord) -> None:
    """Keep a signed checkpoint; one of this size that is there already stays."""
    hold(session, "log")
    if session.get(CheckpointRow, checkpoint.size) is None:
        session.add(
            CheckpointRow(size=checkpoint.size, root=checkpoint.root, text=checkpoint.text, at=checkpoint.at)
        )
        session.flush()


def latest_checkpoint(session: Session) -> CheckpointRecord | None:
    """The checkpoint of the largest log; None before the first."""
    row = session.scalar(select(CheckpointRow).order_by(CheckpointRow.size.desc()).limit(1))
    return None if row is None else CheckpointRecord(row.size, row.root, row.text, row.at)


def keep_tile(session: Session, stored: StoredObject) -> None:
    """Name a tile's object, in place of an earlier one of that name (which is left where it lies)."""
    hold(session, "log")
    redeem(session, stored)
    row = session.get(TileRow, stored.key)
    if row is None:
        row = TileRow(name=stored.key)
        session.add(row)
    row.object_version, row.size = stored.version, stored.size
    row.sha256_plain, row.sha256_stored = stored.sha256_plain.value, stored.sha256_stored.value
    session.flush()


def tile(session: Session, key: str) -> StoredObject | None:
    """The object of a tile; None when there is none."""
    row = session.get(TileRow, key)
    return None if row is None else stored_tile(row)


def tiles(session: Session) -> Iterator[StoredObject]:
    """The objects of all tiles."""
    for row in session.scalars(select(TileRow).order_by(TileRow.name)):
        yield stored_tile(row)


def stored_tile(row: TileRow) -> StoredObject:
    """The object that a tile's row names."""
    plain, stored = Digest(row.sha256_plain), Digest(row.sha256_stored)
    return StoredObject(row.name, row.object_version, row.size, plain, stored)
