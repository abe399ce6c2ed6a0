"""All that depends on which database it is. Everything else in this room is portable SQL.

Two databases stand behind one interface: SQLite (one file, one writer at a time) and PostgreSQL (a server, many
writers at once). What both promise:

1. A transaction that writes sees what others committed before each of its statements; what it locked stays as it
   is until its end.
2. `hold` lets one transaction at a time past a name, until it ends, and whoever comes second sees what the first
   one committed. So `max() + 1` gives no number twice and leaves none out.
3. A transaction that only reads (`READING`) sees the rows of one moment; it neither waits for writers nor keeps
   them waiting. A look (`LOOKING`) has no transaction around its statements: each sees its own moment;
   nor has a look that is told of (`TELLING`), where the lines that tell of it are one statement.
4. A commit is on the disk when it returns.
5. What an operator can act on has an error of this room: DatabaseBusy (try again), DatabaseUnreachable,
   StorageFull, TextNotKept. No error tells what was in a row.

Why these and not others: `docs/decisions/`.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from archive import Leaf
from datastore.dialect.interface import (
    LOOKING,
    READING,
    TELLING,
    Dialect,
    Findable,
    Hits,
    New,
    NewRows,
    SearchIndex,
)
from datastore.dialect.postgresql import Postgresql
from datastore.dialect.questions import Question
from datastore.dialect.sqlite import Sqlite
from datastore.dialect.words import Term, placing, terms_of, whole
from datastore.dialect.writing import Writing

__all__ = [
    "LOOKING",
    "READING",
    "SEARCH_INDEX",
    "TELLING",
    "Findable",
    "Hits",
    "NewRows",
    "Question",
    "Term",
    "Writing",
    "alone",
    "ask",
    "ask_one",
    "beside",
    "forget_words",
    "hits_of",
    "hold",
    "index_words",
    "insert",
    "is_known_url",
    "keep_lines",
    "make_engine",
    "placing",
    "risks",
    "search_tables",
    "terms_of",
    "unhurried",
    "whole",
]

SEARCH_INDEX = SearchIndex()
"""The words of `search`: as written (case apart), and folded. Made by the first migration."""

_DIALECTS: dict[str, Dialect] = {"sqlite": Sqlite(), "postgresql": Postgresql()}
_DRIVERS = ("sqlite", "postgresql+psycopg")


def is_known_url(url: str) -> bool:
    """Whether this is the URL of a database that Khoso can work with."""
    try:
        return make_url(url).drivername in _DRIVERS
    except ArgumentError:
        return False


def make_engine(url: str) -> Engine:
    """An engine whose transactions, settings and errors are those of this room."""
    if not is_known_url(url):
        raise ValueError("not the URL of a database that Khoso knows")  # without it: it may hold a password
    return _DIALECTS[make_url(url).get_backend_name()].make_engine(url)


def _of(bound: Engine | Connection) -> Dialect:
    return _DIALECTS[bound.dialect.name]


def hold(bound: Session | Connection, *names: str) -> None:
    """Be the only transaction that holds these names, from now until it ends; waits, or is DatabaseBusy.

    Whoever needs several names names them at once: they are taken in one order, so that no two wait for each
    other.
    """
    connection = beside(bound) if isinstance(bound, Session) else bound
    _of(connection).hold(connection, names)


def beside(session: Session) -> Connection:
    """The connection of a session, for a statement that looks at nothing that its transaction made."""
    return session.beside() if isinstance(session, Writing) else session.connection()


def unhurried(connection: Connection) -> None:
    """Let this transaction take as long as it needs: a migration of many rows, a reader that thinks between them."""
    _of(connection).unhurried(connection)


def alone(engine: Engine, name: str) -> AbstractContextManager[None]:
    """Be the only one of the whole installation in a block of this name, over any number of transactions."""
    return _of(engine).alone(engine, name)


def risks(connection: Connection) -> tuple[str, ...]:
    """Settings of the database's server with which a committed transaction could be lost."""
    return _of(connection).risks(connection)


def ask(connection: Connection, question: Question, asked: Mapping[str, object]) -> Sequence[Any]:
    """The rows of an answer, with their columns by name. A question is made once: see `questions`."""
    return _of(connection).ask(connection, question, asked)


def ask_one(connection: Connection, question: Question, asked: Mapping[str, object]) -> Any:
    """The first column of the first row of an answer; None when there is none."""
    found = ask(connection, question, asked)
    return found[0][0] if found else None


def insert(connection: Connection, new: Sequence[New]) -> None:
    """Insert new rows, in the order in which they point to each other."""
    _of(connection).insert(connection, new)


def keep_lines(connection: Connection, new: Sequence[New], leaves: Sequence[Leaf]) -> None:
    """`insert`, the last of them lines of the diary, and leaves that have no number yet, in their order, each with its
    states."""
    _of(connection).keep_lines(connection, new, leaves)


def index_words(session: Session, row: int, fields: Sequence[str]) -> None:
    """Index the words of a search row's owner, code, type and text, instead of older ones."""
    _of(session.connection()).index_words(session, row, fields)


def forget_words(session: Session, row: int) -> None:
    """Take the words of a search row out of the index."""
    _of(session.connection()).forget_words(session, row)


def hits_of(
    session: Session, terms: Sequence[Term], field: str | None, among: range | None, *, any_of: bool = False
) -> Hits:
    """The search rows with every one of these words, or with `any_of` them, all without accents, newest first: of all
    (None), or of those with these numbers and a few beside them."""
    return _of(session.connection()).hits_of(terms, field, among, any_of=any_of)


def search_tables() -> frozenset[str]:
    """Tables that the indexes are made of, which no migration compares."""
    return frozenset({"search_words", *(f"search_words_{part}" for part in _FTS5_PARTS)})


_FTS5_PARTS = ("config", "content", "data", "docsize", "idx")
