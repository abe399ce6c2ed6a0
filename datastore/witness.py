"""Every change of a witnessed row is bound into the log, in the transaction that makes it.

How nobody can forget it: a session event sees each insert, change and deletion that a flush makes, `write_rows`
remembers what it writes, and a session refuses statements that would pass both by (bulk INSERT, UPDATE, DELETE) on
witnessed tables. It does not see what is executed on its connection: that is for SELECTs, and for tables that are not
witnessed. At the end of a transaction the digest of each changed row, salted, goes into `log_states` under the leaf
of the transaction's first diary line; the other diary lines have leaves of their own. A leaf has the id and the instant
of its diary line; a deleted row leaves a tombstone.

A row's digest is made over what the session has just written, without asking the database again (a third of an
intake's time went there); only a row of which the session does not hold every column is read back. That both
ways give the same digest is held by the tests, which compare them for each row that a session holds at its end.

`archive.check_log` compares `rows_of_today` with the leaves: rows changed, deleted or inserted by anything
but this room's transactions are found.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Select,
    Table,
    Uuid,
    event,
    inspect,
    select,
    type_coerce,
)
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, make_transient_to_detached
from sqlalchemy.orm.attributes import instance_dict
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import NullType

import archive
from archive import Leaf, RowState, new_salt, row_deleted, row_state
from datastore import dialect
from datastore.dialect import NewRows, Writing
from datastore.rows import DiaryRow, IntakeRow, JobRow, KeyRow, ReceiptRow, Row, UploadRow, WrapRow

_LET_GO = frozenset({IntakeRow, JobRow, KeyRow, ReceiptRow, UploadRow, WrapRow})
"""No other row has these, and whoever made one changes it no more: who wants it asks for it. To hold a row that was
written takes a session as long as to make it."""
_AT_ONCE = 500
"""Keys per statement: below SQLite's old limit of 999 parameters."""

WITNESSED: Mapping[str, Table] = {
    mapper.local_table.name: mapper.local_table
    for mapper in Row.registry.mappers
    if mapper.class_.__witnessed__ and isinstance(mapper.local_table, Table)
}
"""The witnessed tables by name."""


def _table(kind: type[Row]) -> Table:
    assert isinstance(kind.__table__, Table)
    return kind.__table__


RowKey = tuple[str, str]
"""Table and primary key of a row."""


class Witnessed(Writing):
    """The session of a transaction that may change witnessed rows. It sees what it does to them."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.touched: dict[RowKey, Row | None] = {}
        """Which witnessed rows it inserted, changed or deleted: None stands for a deleted one."""
        self.adopted: list[Row] = []
        """What `write_rows` wrote."""
        self.salt = new_salt()
        """Of the leaf that carries what was touched."""
        self.bound: dict[RowKey, RowState] = {}
        """What `bind` made, of rows that have not changed since."""

    def touch(self, key: RowKey, row: Row | None) -> None:
        """This row was inserted, changed or (None) deleted."""
        self.touched[key] = row
        self.bound.pop(key, None)


class Look(Session):
    """The session of whoever only looks: outside of a transaction a change would stand at once.

    Whoever needs no rows of the ORM gets the connection past what a session does for it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._beside = connection

    def connection(self, *_args: Any, **_options: Any) -> Connection:
        return self._beside


def _remember(session: Witnessed, _context: UOWTransaction) -> None:
    """The session event: what this flush wrote."""
    changed = (row for row in session.dirty if session.is_modified(row))
    for row in (*session.new, *changed):
        if isinstance(row, Row) and row.__witnessed__:
            session.touch(_key_of(row), row)
    for row in session.deleted:
        if isinstance(row, Row) and row.__witnessed__:
            session.touch(_key_of(row), None)


def _refuse_unseen_changes(state: ORMExecuteState) -> None:
    """The session event: a statement that changes witnessed rows behind the session's back is a mistake."""
    statement = state.statement
    if isinstance(statement, UpdateBase) and getattr(statement.table, "name", None) in WITNESSED:
        raise RuntimeError(f"{statement.table} is witnessed: change its rows through the session")


def _refuse_changes(state: ORMExecuteState) -> None:
    """The session event of whoever only looks."""
    if not state.is_select:
        raise RuntimeError("a look changes nothing")


def _refuse_flush(session: Look, _context: UOWTransaction, _instances: object) -> None:
    """The same for what a session would write by itself."""
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a look changes nothing")


event.listen(Witnessed, "after_flush", _remember)
event.listen(Witnessed, "do_orm_execute", _refuse_unseen_changes)
event.listen(Look, "do_orm_execute", _refuse_changes)
event.listen(Look, "before_flush", _refuse_flush)


def _key_of(row: Row) -> RowKey:
    return row.__tablename__, str(getattr(row, _identity_of(type(row))))


@cache
def _identity_of(kind: type[Row]) -> str:
    """The attribute that holds the primary key."""
    mapper = inspect(kind)
    (identity,) = mapper.primary_key
    return mapper.get_property_by_column(identity).key


def write_rows(session: Session, *rows: Row) -> None:
    """Insert new rows, every column of which is set, as they stand now; the session holds them from now on.

    Beside its unit of work, which takes three times as long for a row, and a while for each time that it is asked to
    flush: an intake writes twenty. A row comes behind those to which it points. A session that may wait with them does.
    Some rows it does not hold afterwards: those that the database numbers, and those of `_LET_GO`.
    """
    if isinstance(session, Look):
        raise RuntimeError("a look changes nothing")
    if any(row.__witnessed__ for row in rows) and not isinstance(session, Witnessed):
        raise RuntimeError("only a transaction with a diary writes rows that are witnessed")
    if session.new:
        session.flush()
    new = [_alike(kind, list(several)) for kind, several in groupby(rows, type)]
    if isinstance(session, Writing):
        session.later(new)
    else:
        dialect.insert(session.connection(), new)
    _adopt(session, [row for row in rows if _is_held(type(row))])
    if isinstance(session, Witnessed):
        for row in rows:
            if row.__witnessed__:
                session.touch(_key_of(row), row)


def _alike(kind: type[Row], rows: Sequence[Row]) -> NewRows:
    """Rows of one table, as they are written."""
    names = _to_write(kind)
    return NewRows(_table(kind), tuple(names), [_values(row, names.values()) for row in rows])


def _values(row: Row, names: Iterable[str]) -> list[object]:
    """What a new row says; RuntimeError for one that was begun and not finished."""
    held = instance_dict(row)
    try:
        return [held[name] for name in names]
    except KeyError as error:
        raise RuntimeError(f"a row of {row.__tablename__} was begun and not finished: {error}") from error


def _adopt(session: Session, rows: Sequence[Row]) -> None:
    """The session holds these rows as if it had just read them, and the witness knows of them."""
    for row in rows:
        make_transient_to_detached(row)
    session.add_all(rows)
    if isinstance(session, Witnessed):
        session.adopted += rows


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """What the block does stands or falls together, also for the witness, whoever goes on after its error."""
    assert isinstance(session, Witnessed)
    touched, adopted = dict(session.touched), len(session.adopted)
    try:
        with session.begin_nested():
            yield
    except BaseException:
        session.taken()
        session.touched, session.bound = touched, {}
        while len(session.adopted) > adopted:
            session.expunge(session.adopted.pop())
        raise


@cache
def _is_held(kind: type[Row]) -> bool:
    return kind not in _LET_GO and _numbered(kind) is None


@cache
def _numbered(kind: type[Row]) -> str | None:
    """The column that the database itself counts, if there is one."""
    counted = _table(kind).autoincrement_column
    return None if counted is None else counted.name


@cache
def _to_write(kind: type[Row]) -> dict[str, str]:
    """The columns that a new row of this kind brings: all but its number."""
    return {column: name for column, name in _attributes(kind).items() if column != _numbered(kind)}


def bind(session: Session) -> None:
    """Write what waits, and make the states of all that was touched so far: before a lock for which others wait, so
    that they wait for less. What changes afterwards has its state made anew."""
    if isinstance(session, Witnessed):
        session.flush()
        session.write_out()
        session.bound = {
            (state.table, state.key): state for state in _states(session, session.touched, session.salt)
        }


def write_lines(session: Witnessed, lines: Sequence[DiaryRow]) -> None:
    """Keep the diary lines and a leaf for each; the first leaf carries every other row that the transaction touched.

    The session has flushed. Lines and leaves are written beside it: nobody changes them afterwards, and what the
    session does for each object took as long as the rest of a look at a store.
    """
    first, *others = lines
    leaves = [_leaf_of_all(session, first), *map(_leaf, others)]
    dialect.keep_lines(session.beside(), [*session.taken(), _alike(DiaryRow, lines)], leaves)


def tell(connection: Connection, lines: Sequence[DiaryRow]) -> None:
    """The same of looks, which touched no row."""
    dialect.keep_lines(connection, [_alike(DiaryRow, lines)], list(map(_leaf, lines)))


def _leaf_of_all(session: Witnessed, line: DiaryRow) -> Leaf:
    """The leaf of the first line, with every row that the transaction touched."""
    bound = [state for key, state in session.bound.items() if key in session.touched]
    others = {key: row for key, row in session.touched.items() if key not in session.bound}
    made = _states(session, {_key_of(line): line, **others}, session.salt)
    states = sorted((*bound, *made), key=lambda state: (state.table, state.key))
    return Leaf(line.id, line.at, session.salt, tuple(states))


def _leaf(line: DiaryRow) -> Leaf:
    """The leaf of a line alone."""
    salt, columns = new_salt(), written(line)
    assert columns is not None
    return Leaf(line.id, line.at, salt, (row_state(*_key_of(line), columns, salt),))


def _states(session: Session, rows: Mapping[RowKey, Row | None], salt: bytes) -> Iterator[RowState]:
    """The states in which the transaction leaves these rows, sorted by table and key."""
    columns = {key: columns for key, row in rows.items() if row is not None and (columns := written(row))}
    unknown = [key for key, row in rows.items() if row is not None and key not in columns]
    if unknown:
        columns |= read_back(session.connection(), unknown)
    for table, key in sorted(rows):
        if (table, key) in columns:
            yield row_state(table, key, columns[(table, key)], salt)
        else:
            yield row_deleted(table, key)


def written(row: Row) -> dict[str, object] | None:
    """The columns of a row as the session wrote them; None unless it holds every one of them."""
    held, names = instance_dict(row), _attributes(type(row))
    if any(name not in held for name in names.values()):
        return None
    return {column: held[name] for column, name in names.items()}


@cache
def _attributes(kind: type[Row]) -> dict[str, str]:
    """Under which attribute a row holds each column of its table."""
    mapper = inspect(kind)
    return {column.name: mapper.get_property_by_column(column).key for column in kind.__table__.columns}


def read_back(connection: Connection, keys: Collection[RowKey]) -> dict[RowKey, dict[str, object]]:
    """The columns of these rows as the database has them now; a row that is not there is left out."""
    found: dict[RowKey, dict[str, object]] = {}
    for name in sorted({table for table, _key in keys}):
        wanted = sorted(key for table, key in keys if table == name)
        found |= {(name, key): columns for key, columns in _found(connection, WITNESSED[name], wanted)}
    return found


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
        every = _raw(table).execution_options(yield_per=_AT_ONCE)  # a table need not fit into memory
        for key, columns in _read(connection, table, every):
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
