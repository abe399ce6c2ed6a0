"""SQLite: one writer at a time (BEGIN IMMEDIATE, so a transaction that will write waits at its start and never
fails in its middle), readers beside it (WAL), every commit on the disk (synchronous=FULL), deleted keys
overwritten (secure_delete), words found through FTS5. The file is its owner's alone (0600) from its first byte,
and so are the journals, which take its mode, and the lock files beside it.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    FromClause,
    Insert,
    Table,
    bindparam,
    column,
    create_engine,
    event,
    insert,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import DDLCompiler

from archive import Leaf
from common import fold
from datastore.dialect.interface import LOOKING, READING, Findable, Hits, New, SearchIndex
from datastore.dialect.questions import Question
from datastore.dialect.words import FIELDS, Term, as_written
from datastore.errors import DatabaseBusy, DatabaseUnreachable, StorageFull, TextNotKept
from datastore.rows import LeafRow, SearchRow, StateRow

_BUSY_MILLISECONDS = 30_000
_SETTINGS = (
    f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
)
_TRANSLATED = {
    sqlite3.SQLITE_BUSY: DatabaseBusy,
    sqlite3.SQLITE_LOCKED: DatabaseBusy,
    sqlite3.SQLITE_FULL: StorageFull,
}
_UNREACHABLE = {
    sqlite3.SQLITE_CANTOPEN: "cannot open",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "not a database",
    sqlite3.SQLITE_IOERR: "input/output",
    sqlite3.SQLITE_PERM: "permission",
}
_PRIMARY = 0xFF  # the low byte of an extended result code


_LEAF = insert(LeafRow).returning(LeafRow.arrival)
_STATE = insert(StateRow).inline()
_SEARCH = insert(SearchRow).returning(SearchRow.id)
_WORDS = text(
    "INSERT INTO search_words (rowid, exact_owner, exact_code, exact_type, exact_text, owner, code, type, text)"
    " VALUES (:row, :e0, :e1, :e2, :e3, :f0, :f1, :f2, :f3)"
)


@cache
def _insert(table: Table) -> Insert:
    return insert(table).inline()


class Sqlite:
    """The embedded default."""

    def make_engine(self, url: str) -> Engine:
        engine = create_engine(url, hide_parameters=True)  # errors end in logs, and parameters hold names
        event.listen(engine, "do_connect", _make_private)
        event.listen(engine, "connect", _settle)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "before_cursor_execute", _refuse_nul)
        event.listen(engine, "handle_error", _translate)
        return engine

    def hold(self, connection: Connection, names: Sequence[str]) -> None:
        """There is one writer: it holds every name since its BEGIN IMMEDIATE."""

    def unhurried(self, connection: Connection) -> None:
        """Statements take their time here anyway."""

    @contextmanager
    def alone(self, engine: Engine, name: str) -> Iterator[None]:
        """A lock file beside the database: the kernel lets go of it when its process dies."""
        path = Path(str(engine.url.database)).with_name(f"{name}.lock")
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def risks(self, connection: Connection) -> tuple[str, ...]:
        return ()  # there is no server, and our own settings are those above

    def ask(self, connection: Connection, question: Question, asked: Mapping[str, object]) -> Sequence[Any]:
        return connection.execute(question, dict(asked)).all()

    def insert(self, connection: Connection, new: Sequence[New]) -> None:
        for each in new:
            if isinstance(each, Findable):
                self._make_findable(connection, each)
            else:
                values = [dict(zip(each.columns, row, strict=True)) for row in each.values]
                connection.execute(_insert(each.table), values)

    def keep_lines(self, connection: Connection, new: Sequence[New], leaves: Sequence[Leaf]) -> None:
        self.insert(connection, new)
        for leaf in leaves:
            row = {
                "id": leaf.id,
                "index": None,
                "at": leaf.at,
                "salt": leaf.salt,
                "commitment": leaf.commitment,
            }
            arrival = connection.scalars(_LEAF, row).one()
            states = [
                {"leaf": arrival, "table": state.table, "key": state.key, "sha256": state.sha256}
                for state in leaf.states
            ]
            connection.execute(_STATE, states)

    def _make_findable(self, connection: Connection, new: Findable) -> None:
        row = dict(zip(FIELDS, new.fields, strict=True)) | {"document_id": new.document}
        self._index(connection, connection.scalars(_SEARCH, row).one(), new.fields)

    def index_words(self, session: Session, row: int, fields: Sequence[str]) -> None:
        self.forget_words(session, row)
        self._index(session.connection(), row, fields)

    def _index(self, connection: Connection, row: int, fields: Sequence[str]) -> None:
        values: dict[str, Any] = {f"e{n}": as_written(field) for n, field in enumerate(fields)}
        values |= {f"f{n}": fold(field) for n, field in enumerate(fields)}
        connection.execute(_WORDS, {"row": row, **values})

    def forget_words(self, session: Session, row: int) -> None:
        session.execute(text("DELETE FROM search_words WHERE rowid = :row"), {"row": row})

    def hits_of(
        self, terms: Sequence[Term], field: str | None, among: range | None, *, any_of: bool = False
    ) -> Hits:
        words = (" OR " if any_of else " AND ").join(_fts5(term, field) for term in terms)
        asked: dict[str, object] = {"words": words}
        if among is not None:
            asked["first"] = among.start
        return Hits(_hits(newer=among is not None), asked)


@cache
def _hits(*, newer: bool) -> FromClause:
    """The index keeps its rows in this order."""
    words = table("search_words", column("rowid"))
    found = select(words.c.rowid.label("id"))
    found = found.where(literal_column("search_words").bool_op("MATCH")(bindparam("words")))
    if newer:
        found = found.where(words.c.rowid >= bindparam("first"))
    return found.order_by(words.c.rowid.desc()).subquery()


def _fts5(term: Term, field: str | None) -> str:
    exact = "exact_" if term.exact else ""
    columns = " ".join(f"{exact}{name}" for name in ([field] if field else FIELDS))
    quoted = '"' + term.word.replace('"', '""') + '"'
    return f"{{{columns}}} : {quoted}" + ("*" if term.begins else "")


@compiles(SearchIndex, "sqlite")
def _search_index(_element: SearchIndex, _compiler: DDLCompiler, **_options: object) -> str:
    # Of a word's first letters there are as many as of all words that begin so: without an index of their own, `ng`
    # is looked up in every syllable of the language.
    return (
        "CREATE VIRTUAL TABLE search_words USING fts5("
        "exact_owner, exact_code, exact_type, exact_text, owner, code, type, text, "
        "prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 0')"
    )


def _make_private(_dialect: object, _record: object, place: list[Any], _options: object) -> None:
    """Make the file before SQLite does, who would let everybody read it. What hinders us SQLite says again."""
    with suppress(OSError):
        os.close(os.open(place[0], os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _settle(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # sqlite3's own implicit BEGIN comes too late; ours is explicit
    for setting in _SETTINGS:
        connection.execute(setting).close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    reading = options.get(READING, False) or options.get(LOOKING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _refuse_nul(
    _connection: object, _cursor: object, _statement: str, parameters: Any, _context: object, _many: bool
) -> None:
    """SQLite would keep a NUL, and other programs would end a text there; PostgreSQL refuses it."""
    rows = parameters if parameters and isinstance(parameters[0], tuple) else (parameters,)
    if any(isinstance(value, str) and "\0" in value for row in rows for value in row):
        raise TextNotKept


def _translate(context: ExceptionContext) -> None:
    """Give what an operator can act on its own error; the rest stays SQLAlchemy's."""
    error = context.original_exception
    if isinstance(error, UnicodeEncodeError):
        raise TextNotKept from None  # its own message shows the text
    if not isinstance(error, sqlite3.Error):
        return
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code in _TRANSLATED:
        raise _TRANSLATED[code]() from error
    if code in _UNREACHABLE:
        raise DatabaseUnreachable(reason=_UNREACHABLE[code]) from error
