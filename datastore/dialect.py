"""All that depends on which database it is. Everything else in this room is portable SQL.

SQLite: one writer at a time (BEGIN IMMEDIATE, so a transaction that will write waits at its start and
never fails in its middle), readers beside it (WAL), every commit on the disk (synchronous=FULL), deleted
keys overwritten (secure_delete), words found through FTS5. The file is its owner's alone (0600) from its
first byte, and so are the journals, which take its mode.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.orm import Session

from common import fold, nfc
from datastore.errors import DatabaseBusy, DatabaseUnreachable, StorageFull

READING = "khoso_reading"
"""Execution option of a connection that only reads: it takes no write lock."""

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

SEARCH_INDEX = (
    "CREATE VIRTUAL TABLE search_words USING fts5("
    "exact_owner, exact_code, exact_type, exact_text, owner, code, type, text, "
    "tokenize = 'unicode61 remove_diacritics 0')"
)
"""The words of `search`: as written (case apart), and folded. Made by the first migration."""


def make_engine(url: str) -> Engine:
    """An engine whose transactions, settings and errors are those of this room."""
    engine = create_engine(url, hide_parameters=True)  # errors end in logs, and parameters hold names
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _settle)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _translate)
    return engine


def _make_private(_dialect: object, _record: object, place: list[Any], _options: object) -> None:
    """Make the file before SQLite does, who would let everybody read it. What hinders us SQLite says again."""
    with suppress(OSError):
        os.close(os.open(place[0], os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _settle(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # sqlite3's own implicit BEGIN comes too late; ours is explicit
    for setting in _SETTINGS:
        connection.execute(setting).close()


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _translate(context: ExceptionContext) -> None:
    """Give what an operator can act on its own error; the rest stays SQLAlchemy's."""
    error = context.original_exception
    if not isinstance(error, sqlite3.Error):
        return
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code in _TRANSLATED:
        raise _TRANSLATED[code]() from error
    if code in _UNREACHABLE:
        raise DatabaseUnreachable(reason=_UNREACHABLE[code]) from error


def index_words(session: Session, row: int, fields: Sequence[str]) -> None:
    """Put the words of owner, code, type and text of search row `row` into the index, instead of older
    ones."""
    forget_words(session, row)
    exact = [nfc(field).casefold() for field in fields]
    values: dict[str, Any] = {f"e{n}": value for n, value in enumerate(exact)}
    values |= {f"f{n}": fold(value) for n, value in enumerate(fields)}
    session.execute(
        text(
            "INSERT INTO search_words"
            " (rowid, exact_owner, exact_code, exact_type, exact_text, owner, code, type, text)"
            " VALUES (:row, :e0, :e1, :e2, :e3, :f0, :f1, :f2, :f3)"
        ),
        {"row": row, **values},
    )


def forget_words(session: Session, row: int) -> None:
    """Take the words of search row `row` out of the index."""
    session.execute(text("DELETE FROM search_words WHERE rowid = :row"), {"row": row})


def find_words(session: Session, query: str, field: str | None) -> list[int]:
    """The search rows in which every word of `query` occurs, best first.

    A word written with accents must occur with these accents; one without matches any. The last word may
    be the beginning of a word.
    """
    words = nfc(query.replace("\0", " ")).casefold().split()
    words = [
        word for word in words if any(letter.isalnum() for letter in word)
    ]  # a lone sign matches nothing
    if not words:
        return []
    terms = [_term(word, field, last=number == len(words)) for number, word in enumerate(words, start=1)]
    found = session.execute(
        text("SELECT rowid FROM search_words WHERE search_words MATCH :terms ORDER BY rank"),
        {"terms": " AND ".join(terms)},
    )
    return list(found.scalars())


def _term(word: str, field: str | None, *, last: bool) -> str:
    folded = fold(word)
    exact = "" if folded == word else "exact_"
    columns = " ".join(f"{exact}{name}" for name in ([field] if field else ["owner", "code", "type", "text"]))
    quoted = '"' + (word if exact else folded).replace('"', '""') + '"'
    return f"{{{columns}}} : {quoted}" + ("*" if last else "")


def search_tables() -> frozenset[str]:
    """Tables that the index makes for itself, which no migration compares."""
    return frozenset({"search_words", *(f"search_words_{part}" for part in _PARTS)})


_PARTS = ("config", "content", "data", "docsize", "idx")
