"""Every change of a witnessed row is bound into the log, in the transaction that makes it.

How nobody can forget it: a session event sees each insert, change and deletion that a flush makes, and
statements that would pass the event by (bulk INSERT, UPDATE, DELETE) are refused on witnessed tables. At the
end of a transaction each changed row is read back as the database now has it and its digest, salted, goes
into `log_states` under the leaf of the transaction's first diary line; the other diary lines have leaves of
their own. A leaf has the id and the instant of its diary line; a deleted row leaves a tombstone.

`archive.check_log` compares `rows_of_today` with the leaves: rows changed, deleted or inserted by anything
but this room's transactions are found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Select, Table, Uuid, insert, inspect, select, type_coerce
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import NullType

import archive
from archive import Leaf, RowState, new_salt, row_deleted, row_state
from datastore.rows import DiaryRow, LeafRow, Row, StateRow

_AT_ONCE = 500
"""Keys per statement: below SQLite's old limit of 999 parameters."""

WITNESSED: Mapping[str, Table] = {
    mapper.local_table.name: mapper.local_table
    for mapper in Row.registry.mappers
    if mapper.class_.__witnessed__ and isinstance(mapper.local_table, Table)
}
"""The witnessed tables by name."""


@dataclass(slots=True)
class Touched:
    """Which witnessed rows a session inserted, changed or deleted."""

    rows: set[tuple[str, str]] = field(default_factory=set)

    def after_flush(self, session: Session, _context: UOWTransaction) -> None:
        """The session event: remember what this flush wrote."""
        changed = (row for row in session.dirty if session.is_modified(row))
        for row in (*session.new, *changed, *session.deleted):
            if isinstance(row, Row) and row.__witnessed__:
                self.rows.add((row.__tablename__, _key_of(row)))


def refuse_unseen_changes(state: ORMExecuteState) -> None:
    """The session event: a statement that changes witnessed rows behind the session's back is a mistake."""
    statement = state.statement
    if isinstance(statement, UpdateBase) and getattr(statement.table, "name", None) in WITNESSED:
        raise RuntimeError(f"{statement.table} is witnessed: change its rows through the session")


def _key_of(row: Row) -> str:
    (identity,) = inspect(row).mapper.primary_key_from_instance(row)
    return str(identity)


def write_leaves(session: Session, touched: Touched, lines: Sequence[DiaryRow]) -> None:
    """One leaf per diary line; the first one carries every other row that the transaction touched."""
    connection = session.connection()
    own = {(DiaryRow.__tablename__, str(line.id)) for line in lines}
    for number, line in enumerate(lines):
        keys = {(DiaryRow.__tablename__, str(line.id))}
        if number == 0:
            keys |= touched.rows - own
        salt = new_salt()
        _keep(session, Leaf(line.id, line.at, salt, tuple(_states(connection, keys, salt))))
    session.flush()


def _keep(session: Session, leaf: Leaf) -> None:
    row = LeafRow(id=leaf.id, index=None, at=leaf.at, salt=leaf.salt, commitment=leaf.commitment)
    session.add(row)
    session.flush()
    states = [
        {"leaf": row.arrival, "table": state.table, "key": state.key, "sha256": state.sha256}
        for state in leaf.states
    ]
    session.execute(insert(StateRow), states)


def _states(connection: Connection, keys: set[tuple[str, str]], salt: bytes) -> Iterator[RowState]:
    """The states of these rows as the database has them now, sorted by table and key."""
    for name in sorted({table for table, _key in keys}):
        wanted = sorted(key for table, key in keys if table == name)
        found = dict(_found(connection, WITNESSED[name], wanted))
        for key in wanted:
            if key in found:
                yield row_state(name, key, found[key], salt)
            else:
                yield row_deleted(name, key)


def _found(
    connection: Connection, table: Table, keys: Sequence[str]
) -> Iterator[tuple[str, dict[str, object]]]:
    identity = _identity(table)
    for start in range(0, len(keys), _AT_ONCE):
        part = [_parsed(identity, key) for key in keys[start : start + _AT_ONCE]]
        yield from _read(connection, table, _raw(table).where(identity.in_(part)))


def rows_of_today(connection: Connection) -> Iterator[archive.Row]:
    """Every row of every witnessed table as it stands now; the connection should only read."""
    for name, table in sorted(WITNESSED.items()):
        for key, columns in _read(connection, table, _raw(table)):
            yield archive.Row(name, key, columns)


def _raw(table: Table) -> Select[*tuple[Any, ...]]:
    """The rows as the driver gives them: one spoilt value must not end the reading of the others."""
    return select(*(type_coerce(column, NullType()).label(column.name) for column in table.columns))


def _read(
    connection: Connection, table: Table, query: Select[*tuple[Any, ...]]
) -> Iterator[tuple[str, dict[str, object]]]:
    """Key and columns of rows. What no transaction of ours can have written is given as text, so it
    differs."""
    converters = [_converter(connection, column) for column in table.columns]
    names = [column.name for column in table.columns]
    identity = names.index(_identity(table).name)
    for raw in connection.execute(query):
        values = [convert(value) for convert, value in zip(converters, raw, strict=True)]
        yield str(values[identity]), dict(zip(names, values, strict=True))


def _converter(connection: Connection, column: Column[Any]) -> Callable[[Any], object]:
    process = column.type.dialect_impl(connection.dialect).result_processor(connection.dialect, None)

    def convert(value: Any) -> object:
        try:
            return value if process is None else process(value)
        except (ValueError, TypeError, AttributeError):
            return f"spoilt: {value!r}"

    return convert


def _identity(table: Table) -> Column[Any]:
    (identity,) = table.primary_key.columns
    return identity


def _parsed(identity: Column[Any], key: str) -> object:
    return UUID(key) if isinstance(identity.type, Uuid) else key
