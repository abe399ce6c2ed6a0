"""PostgreSQL 15 or later through psycopg 3: many writers at once, READ COMMITTED with locks.

A writer locks the rows that it is going to change (`FOR NO KEY UPDATE`) and, for what is no row yet, a name
(`hold`, an advisory lock of the transaction); each of its statements sees all that was committed before. A
reader's transaction is REPEATABLE READ, READ ONLY. Every wait has an end: for a lock, a statement, a connection.
Connections are tried before use, so that a server that was started again is found without anybody's help.

Words are found through `tsvector`s of our own tokens (the server's parser would take `707/QĐ-TTg` for a path), with
the fields as weights: owner A, code B, type C, text D.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import pairwise

import psycopg
from psycopg import errors
from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    and_,
    cast,
    column,
    create_engine,
    event,
    func,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import DDLCompiler

from common import fold
from datastore.dialect.interface import READING, Hits, SearchIndex
from datastore.dialect.words import FIELDS, Term, as_written, terms_of, tokens_of
from datastore.errors import DatabaseBusy, DatabaseUnreachable, StorageFull, TextNotKept

_CONNECT = {
    "connect_timeout": 10,
    "application_name": "khoso",
    # A peer that is cut off is found within a minute, though nobody said goodbye.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_SETTINGS = {
    "timezone": "UTC",
    "client_encoding": "UTF8",
    "statement_timeout": "60s",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",  # a writer that was stopped gives its locks back
}
_SETTLE = "SELECT " + ", ".join(
    f"set_config('{name}', '{value}', false)" for name, value in _SETTINGS.items()
)
# A commit waits for the disk whatever the server's default is; one that waits for a standby as well is left so.
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')"
)
_READ = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL idle_in_transaction_session_timeout = '1h'",  # the log's check thinks between its rows
)
_ALONE_WAITS = "10min"

_BUSY = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.IdleInTransactionSessionTimeout,
    errors.TooManyConnections,
    errors.OutOfMemory,
)
_FULL = (errors.DiskFull,)
_UNREACHABLE = (
    ((errors.DataCorrupted, errors.IndexCorrupted), "damaged"),
    ((errors.IoError,), "input/output"),
    ((errors.ReadOnlySqlTransaction,), "read-only"),
    ((errors.InsufficientPrivilege,), "permission"),
    ((errors.InvalidAuthorizationSpecification, errors.InvalidPassword), "sign-in refused"),
    ((errors.InvalidCatalogName,), "no such database"),
    ((psycopg.OperationalError, psycopg.InterfaceError), "no connection"),
)
_NOT_KEPT = (
    errors.StringDataRightTruncation,
    errors.CharacterNotInRepertoire,
    errors.UntranslatableCharacter,
)

_MOST_LETTERS = 500
"""Of a token; PostgreSQL takes lexemes below 2 KB."""
_LAST_POSITION = 16_383
_MOST_POSITIONS = 250
_MOST_BYTES = 1_000_000
"""Of a `tsvector`; what a book of a thousand pages has beyond them is not found by its text."""


class Postgresql:
    """The database of a service with many processes."""

    def make_engine(self, url: str) -> Engine:
        # Parameters hold names and end in errors, errors end in logs.
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=_CONNECT)
        event.listen(engine, "connect", _settle, insert=True)  # before SQLAlchemy asks its first questions
        event.listen(engine, "begin", _begin)
        event.listen(engine, "handle_error", _translate)
        return engine

    def hold(self, connection: Connection, names: Sequence[str]) -> None:
        for key in sorted({_lock_key(name) for name in names}):
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})

    def unhurried(self, connection: Connection) -> None:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")

    @contextmanager
    def alone(self, engine: Engine, name: str) -> Iterator[None]:
        """An advisory lock on a connection of its own: the server lets go of it when the connection ends.

        DatabaseUnreachable at the end of the block when that happened meanwhile: then it was not alone.
        """
        key = {"key": _lock_key(f"alone {name}")}
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.detach()
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql(f"SET lock_timeout = '{_ALONE_WAITS}'")
            connection.execute(text("SELECT pg_advisory_lock(:key)"), key)
            yield
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)

    def risks(self, connection: Connection) -> tuple[str, ...]:
        off = text(
            "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'"
        )
        return tuple(f"{name} = off" for name in connection.scalars(off))

    def index_words(self, session: Session, row: int, fields: Sequence[str]) -> None:
        session.execute(
            text(
                "INSERT INTO search_words (id, exact, folded)"
                " VALUES (:row, CAST(:exact AS tsvector), CAST(:folded AS tsvector))"
                " ON CONFLICT (id) DO UPDATE SET exact = EXCLUDED.exact, folded = EXCLUDED.folded"
            ),
            {
                "row": row,
                "exact": _vector([as_written(field) for field in fields]),
                "folded": _vector([fold(field) for field in fields]),
            },
        )

    def forget_words(self, session: Session, row: int) -> None:
        session.execute(text("DELETE FROM search_words WHERE id = :row"), {"row": row})

    def hits_of(self, query: str, field: str | None) -> Hits | None:
        terms = terms_of(query)
        if not terms:
            return None
        words = table(
            "search_words", column("id", BigInteger), column("exact", TSVECTOR), column("folded", TSVECTOR)
        )
        weights = "ABCD" if field is None else "ABCD"[FIELDS.index(field)]
        matches, rank = [], []
        for where, exact in ((words.c.folded, False), (words.c.exact, True)):
            sought = [_tsquery(term, weights) for term in terms if term.exact == exact]
            if sought:
                wanted = cast(" & ".join(sought), TSQUERY)
                matches.append(where.bool_op("@@")(wanted))
                rank.append(-func.ts_rank(where, wanted))
        return Hits(table=words, row=words.c.id, matches=and_(*matches), rank=sum(rank[1:], rank[0]))


def _lock_key(name: str) -> int:
    """The number of an advisory lock. Two names with one number would only wait for each other."""
    return int.from_bytes(sha256(f"khoso {name}".encode()).digest()[:8], signed=True)


def _vector(fields: Sequence[str]) -> str:
    """The tokens of the fields as a `tsvector` is written, each with its places.

    Tokens that stand together in one word are there as a pair as well: places end at 16,383, and a number such as
    `707/QĐ-TTg` is to be found on the last page too.
    """
    places: dict[str, list[str]] = {}
    at, left = 1, _MOST_BYTES
    for field, weight in zip(fields, "ABCD", strict=True):
        for word in field.split():
            tokens = [token[:_MOST_LETTERS] for token in tokens_of(word)]
            for lexeme, place in (
                *((token, at + n) for n, token in enumerate(tokens)),
                *((f"{one} {next}"[:_MOST_LETTERS], at) for one, next in pairwise(tokens)),
            ):
                left -= _note_place(places, lexeme, f"{min(place, _LAST_POSITION)}{weight}", left)
            at += len(tokens)
        at += 1  # what ends one field and what begins the next do not stand side by side
    return " ".join(f"'{lexeme}':{','.join(where)}" for lexeme, where in places.items())


def _note_place(places: dict[str, list[str]], lexeme: str, place: str, left: int) -> int:
    """Add a place to a lexeme if it is a new one and there is room; how many bytes that took."""
    known = places.get(lexeme)
    takes = 2 if known else len(lexeme.encode()) + 8
    if takes > left or (known and (place in known[-1:] or len(known) >= _MOST_POSITIONS)):
        return 0
    places.setdefault(lexeme, []).append(place)
    return takes


def _tsquery(term: Term, weights: str) -> str:
    """A word of a question as a `tsquery` is written: its tokens side by side."""
    tokens = [token[:_MOST_LETTERS] for token in tokens_of(term.word)]
    begins = "*" if term.begins else ""
    ends = [f":{weights}"] * (len(tokens) - 1) + [f":{begins}{weights}"]
    apart = " <-> ".join(f"'{token}'{end}" for token, end in zip(tokens, ends, strict=True))
    pairs = [f"{one} {next}"[:_MOST_LETTERS] for one, next in pairwise(tokens)]
    if not pairs:
        return apart
    together = " & ".join(f"'{pair}'{end}" for pair, end in zip(pairs, ends[1:], strict=True))
    return f"(({apart}) | ({together}))"


@compiles(SearchIndex, "postgresql")
def _search_index(_element: SearchIndex, _compiler: DDLCompiler, **_options: object) -> str:
    # No list of pending entries: it would be read through by every search, longer from day to day.
    return (
        "CREATE TABLE search_words ("
        " id BIGINT CONSTRAINT pk_search_words PRIMARY KEY"
        " CONSTRAINT fk_search_words_id REFERENCES search (id) ON DELETE CASCADE,"
        " exact TSVECTOR NOT NULL,"
        " folded TSVECTOR NOT NULL);"
        "CREATE INDEX ix_search_words ON search_words USING gin (folded, exact) WITH (fastupdate = off)"
    )


def _settle(connection: psycopg.Connection, _record: object) -> None:
    if connection.info.parameter_status("server_encoding") != "UTF8":
        raise DatabaseUnreachable(reason="not UTF8")
    connection.autocommit = True  # a setting made in a transaction would end with it
    connection.execute(_SETTLE)
    connection.execute(_DURABLE)
    connection.autocommit = False


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(READING, False):
        for statement in _READ:
            connection.exec_driver_sql(statement)


def _translate(context: ExceptionContext) -> None:
    """Give what an operator can act on its own error; the rest stays SQLAlchemy's, without anybody's data."""
    error = context.original_exception
    if isinstance(error, UnicodeEncodeError):
        raise TextNotKept from None  # its own message shows the text
    if not isinstance(error, psycopg.Error):
        return
    _silence(context, error)
    if isinstance(error, _BUSY):
        raise DatabaseBusy from error
    if isinstance(error, _FULL):
        raise StorageFull from error
    if isinstance(error, _NOT_KEPT) or (isinstance(error, psycopg.DataError) and error.sqlstate is None):
        raise TextNotKept from error  # without a state it is psycopg's own: a NUL
    for kinds, reason in _UNREACHABLE:
        if isinstance(error, kinds):
            raise DatabaseUnreachable(reason=reason) from error


def _silence(context: ExceptionContext, error: psycopg.Error) -> None:
    """PostgreSQL tells values (`Key (identifier)=(…) already exists`): keep state and constraint only."""
    told = " ".join(filter(None, (error.sqlstate, error.diag.constraint_name)))
    error.args = (told or type(error).__name__,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({type(error).__name__}) {told}",)
