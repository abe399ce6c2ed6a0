"""PostgreSQL 15 or later through psycopg 3: many writers at once, READ COMMITTED with locks.

A writer locks the rows that it is going to change (`FOR NO KEY UPDATE`) and, for what is no row yet, a name
(`hold`, an advisory lock of the transaction); each of its statements sees all that was committed before. A
reader's transaction is REPEATABLE READ, READ ONLY; a look is one statement outside of any. Every wait has an end:
for a lock, a statement, a connection.
Connections that lay idle are tried before use, so that a server that was started again is found without anybody's help.

Words are found through `tsvector`s of our own tokens (the server's parser would take `707/QĐ-TTg` for a path), with
the fields as weights: owner A, code B, type C, text D.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from itertools import chain, count
from operator import attrgetter
from typing import Any
from uuid import UUID

import psycopg
from psycopg import errors
from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    FromClause,
    String,
    Table,
    bindparam,
    cast,
    column,
    create_engine,
    event,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.engine import Dialect as EngineDialect
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.types import TypeEngine

from archive import Leaf
from common import KhosoError, fold
from datastore.dialect.interface import LOOKING, READING, TELLING, Findable, Hits, New, SearchIndex
from datastore.dialect.questions import Question, as_asked
from datastore.dialect.words import FIELDS, Term, as_written, tokens_of
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
_ALONE_WAITS = "10min"
_KINDS = postgresql.dialect()  # type: ignore[no-untyped-call]
_SENT_AS_THEY_ARE = frozenset({str, type(None), bool, bytes})
_TEXTS: Mapping[type, Callable[[Any], object]] = {
    UUID: attrgetter("hex"),
    datetime: datetime.isoformat,
    date: date.isoformat,
    int: str,
}
_FEW = 4
"""Rows that are sent value by value: of more, each column is one value, and the statement the same for any number."""
_HOLD = b"SELECT pg_advisory_xact_lock($1)"
_SEARCHED = (
    "INSERT INTO search (document_id, owner, code, type, text) VALUES (%s, %s, %s, %s, %s) RETURNING id",
    "INSERT INTO search_words (id, exact, folded) SELECT id, %s::tsvector, %s::tsvector FROM {made}",
)
_LEAVES = (
    'kept AS (INSERT INTO log_leaves (id, "index", at, salt, commitment)'
    " SELECT id, NULL, at, salt, commitment"
    " FROM unnest(%s::uuid[], %s::timestamptz[], %s::bytea[], %s::bytea[])"
    " WITH ORDINALITY AS leaf (id, at, salt, commitment, nth) ORDER BY nth RETURNING arrival, id)"
    ' INSERT INTO log_states (leaf, "table", key, sha256)'
    " SELECT kept.arrival, state.name, state.key, state.sha256"
    " FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bytea[])"
    " WITH ORDINALITY AS state (leaf, name, key, sha256, nth) JOIN kept ON kept.id = state.leaf ORDER BY state.nth"
)
_INDEX = text(
    "INSERT INTO search_words (id, exact, folded)"
    " VALUES (:row, CAST(:exact AS tsvector), CAST(:folded AS tsvector))"
    " ON CONFLICT (id) DO UPDATE SET exact = EXCLUDED.exact, folded = EXCLUDED.folded"
)

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

_POOL = 20
"""Connections of one process that stay open; as many again while all are in use."""
_TRUSTED_SECONDS = 1.0
_USED = "khoso_used"

_MOST_LETTERS = 500
"""Of a token; PostgreSQL takes lexemes below 2 KB."""
_FORMS = ("folded", "exact")
_BLOCK = 10
"""Bits: a thousand search rows with numbers one after the other are a block. The index was made with it."""
_LONGEST_RUN = 8
_TOGETHER = re.compile(r"(?:[^ /\-–]| ?[/\-–]+ ?)+")
"""What stands together: a stroke or a dash that reading set apart (`707 / QĐ - TTg`) still joins."""
_MOST_BYTES = 1_000_000
"""Of a `tsvector`; what a book of a thousand pages has beyond them is not found by its text."""


class Postgresql:
    """The database of a service with many processes."""

    def make_engine(self, url: str) -> Engine:
        # Parameters hold names and end in errors, errors end in logs.
        engine = create_engine(
            url,
            hide_parameters=True,
            connect_args=_CONNECT,
            pool_size=_POOL,
            max_overflow=_POOL,
            pool_use_lifo=True,  # so that few are used when few are asking
        )
        event.listen(engine, "connect", _settle, insert=True)  # before SQLAlchemy asks its first questions
        event.listen(engine, "checkin", _remember_use)
        event.listen(engine, "checkout", _require_answer)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "handle_error", _translate)
        return engine

    def hold(self, connection: Connection, names: Sequence[str]) -> None:
        for key in sorted({_lock_key(name) for name in names}):
            _send(connection, _HOLD, [key])

    def unhurried(self, connection: Connection) -> None:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '1h'")

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

    def ask(self, connection: Connection, question: Question, asked: Mapping[str, object]) -> Sequence[Any]:
        """Past SQLAlchemy, which thinks about a statement for longer than the server does."""
        ready = as_asked(question, asked, connection.dialect, _as_text)
        return ready.rows(_send(connection, ready.text, ready.sent(asked), binary=True).fetchall())

    def insert(self, connection: Connection, new: Sequence[New]) -> None:
        """Several tables in one statement: what one is sent and answered for costs more than the rows."""
        _send(connection, _together(_shape(new)), _values(connection, new))

    def keep_lines(self, connection: Connection, new: Sequence[New], leaves: Sequence[Leaf]) -> None:
        states = [(leaf.id, state) for leaf in leaves for state in leaf.states]
        values = [
            *_values(connection, new),
            _array(str(leaf.id) for leaf in leaves),
            _array(leaf.at.isoformat() for leaf in leaves),
            _array(_hex(leaf.salt) for leaf in leaves),
            _array(_hex(leaf.commitment) for leaf in leaves),
            _array(str(id) for id, _state in states),
            _array(state.table for _id, state in states),
            _array(state.key for _id, state in states),
            _array(None if state.sha256 is None else _hex(state.sha256) for _id, state in states),
        ]
        _send(connection, _with_leaves(_shape(new)), values)

    def index_words(self, session: Session, row: int, fields: Sequence[str]) -> None:
        exact, folded = vectors_of(fields)
        session.connection().execute(_INDEX, {"row": row, "exact": exact, "folded": folded})

    def forget_words(self, session: Session, row: int) -> None:
        session.execute(text("DELETE FROM search_words WHERE id = :row"), {"row": row})

    def hits_of(
        self, terms: Sequence[Term], field: str | None, among: range | None, *, any_of: bool = False
    ) -> Hits:
        weights = "" if field is None else "ABCD"[FIELDS.index(field)]
        asked: dict[str, object] = {}
        for form in _FORMS:
            if sought := [_tsquery(term, weights) for term in terms if term.exact == (form == "exact")]:
                asked[form] = (" | " if any_of else " & ").join(sought)
        hits = _hits(tuple(asked), in_blocks=among is not None)
        if among is not None:
            asked["blocks"] = list(range(among.start >> _BLOCK, (among.stop - 1 >> _BLOCK) + 1))
        return Hits(hits, asked)


@lru_cache
def _hits(forms: Sequence[str], *, in_blocks: bool) -> FromClause:
    """The index gives them, then they are put into order: left alone, the planner goes through the table in that
    order. The index has the block of a row like a word of it, and so leaves out what stands in other blocks."""
    words = table("search_words", column("id", BigInteger), *(column(form, TSVECTOR) for form in _FORMS))
    found = select(words.c.id)
    for form in forms:
        found = found.where(words.c[form].bool_op("@@")(cast(bindparam(form), TSQUERY)))
    if in_blocks:
        blocks = bindparam("blocks", type_=postgresql.ARRAY(BigInteger))
        found = found.where(literal_column(f"ARRAY[id >> {_BLOCK}]").bool_op("&&")(blocks))
    hits = found.cte("hits").prefix_with("MATERIALIZED")
    return select(hits.c.id).order_by(hits.c.id.desc()).offset(0).subquery()


def _lock_key(name: str) -> int:
    """The number of an advisory lock. Two names with one number would only wait for each other."""
    return int.from_bytes(sha256(f"khoso {name}".encode()).digest()[:8], signed=True)


Piece = tuple[Table, tuple[str, ...], int] | None
"""How many rows of which columns of which table, 0 for any number beyond a few; None is a paper to be found."""
Shape = tuple[Piece, ...]


def _shape(new: Sequence[New]) -> Shape:
    return tuple(_piece(each) for each in new)


def _piece(new: New) -> Piece:
    if isinstance(new, Findable):
        return None
    return new.table, new.columns, len(new.values) if len(new.values) <= _FEW else 0


def _values(connection: Connection, new: Sequence[New]) -> list[object]:
    """What is sent with `_together`: value by value, or of many rows column by column."""
    sent: list[object] = []
    for each in new:
        if isinstance(each, Findable):
            sent += (each.document.hex, *each.fields, *vectors_of(each.fields))
            continue
        kept = _as_kept(connection.dialect, each.table, each.columns)
        values = [[keep(value) for value, keep in zip(row, kept, strict=True)] for row in each.values]
        sent += map(_column, zip(*values, strict=True)) if len(values) > _FEW else chain.from_iterable(values)
    return sent


@lru_cache(maxsize=500)
def _together(shape: Shape) -> bytes:
    """One statement that inserts them all; what points to another row is looked up at its end."""
    *others, last = _insertions(shape)
    return _numbered(f"WITH {_named(others)} {last}" if others else last)


@lru_cache(maxsize=500)
def _with_leaves(shape: Shape) -> bytes:
    """The same, with leaves that speak of what it inserts."""
    return _numbered(f"WITH {_named(_insertions(shape))}, {_LEAVES}")


def _insertions(shape: Shape) -> list[str]:
    parts: list[str] = []
    for piece in shape:
        made = _name(len(parts))
        parts += [each.format(made=made) for each in _SEARCHED] if piece is None else [_insertion(*piece)]
    return parts


def _named(parts: Iterable[str]) -> str:
    return ", ".join(f"{_name(n)} AS ({each})" for n, each in enumerate(parts))


def _name(n: int) -> str:
    return f"part{n}"


def _numbered(statement: str) -> bytes:
    """With the server's own numbers for its values: psycopg takes a long statement to pieces each time for its own."""
    numbers = count(1)
    return re.sub("%s", lambda _: f"${next(numbers)}", statement).encode()


def _send(
    connection: Connection, statement: bytes, values: Sequence[object], *, binary: bool = False
) -> "psycopg.RawCursor[Any]":
    """What a statement of ours gives, past what SQLAlchemy asks itself about any; its errors are ours all the same.

    What comes as `binary` need not be parsed: ids and instants of eleven lines took as long as sending the question.
    """
    if not connection.in_transaction():
        connection.begin()
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    try:
        return psycopg.RawCursor(raw).execute(statement, values, binary=binary)
    except UnicodeEncodeError:
        raise TextNotKept from None
    except psycopg.Error as error:
        if raw.closed:
            # As SQLAlchemy does: the others that lie in the pool have lost their server as well.
            connection.engine.pool._invalidate(connection.connection, error)
            connection.invalidate(error)
        _silence(error)
        raise _meaning(error) or _as_sqlalchemy_has_it(connection, error) from error


def _as_sqlalchemy_has_it(connection: Connection, error: psycopg.Error) -> BaseException:
    return DBAPIError.instance(
        None, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect
    )


def _insertion(table: Table, columns: Sequence[str], rows: int) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    row = f"({', '.join(['%s'] * len(columns))})"
    if rows:
        values = f"VALUES {', '.join([row] * rows)}"
    else:
        kinds = [_kind(table.columns[name].type) for name in columns]
        values = f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in kinds)})"
    return f'INSERT INTO "{table.name}" ({names}) {values}'


def _kind(type: TypeEngine[Any]) -> str:
    """A type without its length: a cast to `VARCHAR(64)` cuts what is longer, where writing it refuses."""
    return "TEXT" if isinstance(type, String) else type.compile(_KINDS)


@lru_cache(maxsize=500)
def _as_kept(
    driver: EngineDialect, table: Table, columns: tuple[str, ...]
) -> Sequence[Callable[[object], object]]:
    """What is done to the values of these columns before they are sent: what SQLAlchemy does, and `_as_text`."""
    types = [table.columns[name].type.dialect_impl(driver) for name in columns]
    return [_and_as_text(type.bind_processor(driver)) for type in types]


def _and_as_text(process: Callable[[object], object] | None) -> Callable[[object], object]:
    return _as_text if process is None else lambda value: _as_text(process(value))


def _column(values: Sequence[object]) -> object:
    """Values of one column in many rows, as they are sent; psycopg is left what has a kind of its own."""
    texts = [value for value in values if value is None or isinstance(value, str)]
    return _array(texts) if len(texts) == len(values) else list(values)


def _array(texts: Iterable[str | None]) -> str:
    """An array as the server reads one. psycopg asks of each value what it is, which takes fifteen times as long."""
    return "{" + ",".join("NULL" if text is None else _quoted(text) for text in texts) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _hex(value: bytes) -> str:
    """Bytes as the server reads them."""
    return f"\\x{value.hex()}"


def _as_text(value: object) -> object:
    """Text of no declared type, which the server reads as what the column is. psycopg declares an instant as one and
    an absent one as nothing, and each such difference is another statement to prepare."""
    kind = type(value)
    if kind in _SENT_AS_THEY_ARE:
        return value
    form = _TEXTS.get(kind)
    return _text_of_a_kind(value) if form is None else form(value)


def _text_of_a_kind(value: object) -> object:
    """`_as_text` of what is a kind of something: an enumeration's member."""
    if isinstance(value, int):
        return str(int(value))
    return str.__str__(value) if isinstance(value, str) else value


def vectors_of(fields: Sequence[str]) -> tuple[str, str]:
    """The words of the fields as `search_words` has them: as written, and folded."""
    return _vector([as_written(field) for field in fields]), _vector([fold(field) for field in fields])


def _vector(fields: Sequence[str]) -> str:
    """The tokens of the fields as a `tsvector` is written, with the weight of each field where they stand.

    Tokens that stand together (`707/QĐ-TTg`) are there once more as runs, from each of them on to the end: `707 qđ
    ttg `, `qđ ttg `. So a number is found by one lexeme, however often its parts occur elsewhere.
    """
    lexemes: dict[str, list[str]] = {}
    left = _MOST_BYTES
    for number, (field, weight) in enumerate(zip(fields, "ABCD", strict=True), start=1):
        for lexeme in _lexemes(field):
            places = lexemes.get(lexeme)
            takes = 2 if places else len(lexeme.encode()) + 8
            if takes > left or (places and places[-1] == f"{number}{weight}"):
                continue
            lexemes.setdefault(lexeme, []).append(f"{number}{weight}")
            left -= takes
    return " ".join(f"'{lexeme}':{','.join(places)}" for lexeme, places in lexemes.items())


def _lexemes(field: str) -> Iterator[str]:
    """Every token of a field, and the runs of those that stand together."""
    for together in _TOGETHER.findall(" ".join(field.split())):
        tokens = tokens_of(together)
        yield from (token[:_MOST_LETTERS] for token in tokens)
        if len(tokens) > 1:
            for start in range(len(tokens)):
                yield _run(tokens[start : start + _LONGEST_RUN])


def _run(tokens: Sequence[str]) -> str:
    return f"{' '.join(tokens)} "[:_MOST_LETTERS]


def _tsquery(term: Term, weights: str) -> str:
    """A word of a question as a `tsquery` is written: a token, or the beginning of a run."""
    tokens = tokens_of(term.word)
    begins = "*" if term.begins or len(tokens) > 1 else ""
    lexeme = _run(tokens[:_LONGEST_RUN]) if len(tokens) > 1 else tokens[0][:_MOST_LETTERS]
    if term.begins:
        lexeme = lexeme.rstrip()
    return f"'{lexeme}':{begins}{weights}" if begins or weights else f"'{lexeme}'"


@compiles(SearchIndex, "postgresql")
def _search_index(_element: SearchIndex, _compiler: DDLCompiler, **_options: object) -> str:
    # No list of pending entries: it would be read through by every search, longer from day to day.
    return (
        "CREATE TABLE search_words ("
        " id BIGINT CONSTRAINT pk_search_words PRIMARY KEY"
        " CONSTRAINT fk_search_words_id REFERENCES search (id) ON DELETE CASCADE,"
        " exact TSVECTOR NOT NULL,"
        " folded TSVECTOR NOT NULL);"
        "CREATE INDEX ix_search_words ON search_words USING gin"
        f" (folded, exact, (ARRAY[id >> {_BLOCK}])) WITH (fastupdate = off)"
    )


def _settle(connection: psycopg.Connection, _record: object) -> None:
    if connection.info.parameter_status("server_encoding") != "UTF8":
        raise DatabaseUnreachable(reason="not UTF8")
    connection.autocommit = True  # a setting made in a transaction would end with it
    connection.execute(_SETTLE)
    connection.execute(_DURABLE)
    connection.autocommit = False


def _remember_use(_connection: psycopg.Connection, record: ConnectionPoolEntry) -> None:
    record.info[_USED] = time.monotonic()


def _require_answer(
    connection: psycopg.Connection, record: ConnectionPoolEntry, _fairy: PoolProxiedConnection
) -> None:
    """A connection that lay idle for a while may have died with its server: it is asked before it is trusted.

    One that was just used is not: the question costs as much as a whole look-up.
    """
    if time.monotonic() - record.info.get(_USED, time.monotonic()) < _TRUSTED_SECONDS:
        return
    try:
        connection.autocommit = True
        connection.execute("")
    except psycopg.Error as error:
        raise InvalidatePoolError from error  # the pool brings a new one, for this and for all that lay there


def _begin(connection: Connection) -> None:
    """Says by the driver's settings, without a statement of its own, what kind of transaction begins."""
    options = connection.get_execution_options()
    raw = connection.connection.dbapi_connection
    if options.get("isolation_level") == "AUTOCOMMIT" or not isinstance(raw, psycopg.Connection):
        return
    looks = options.get(LOOKING, False) or options.get(TELLING, False)
    reads = options.get(READING, False)
    if raw.autocommit != looks:
        raw.autocommit = looks
    if raw.read_only != (reads or None):
        raw.read_only = reads or None
        raw.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ if reads else None


def _translate(context: ExceptionContext) -> None:
    """Give what an operator can act on its own error; the rest stays SQLAlchemy's, without anybody's data."""
    error = context.original_exception
    if isinstance(error, UnicodeEncodeError):
        raise TextNotKept from None  # its own message shows the text
    if not isinstance(error, psycopg.Error):
        return
    told = _silence(error)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({type(error).__name__}) {told}",)
    meaning = _meaning(error)
    if meaning is not None:
        raise meaning from error


def _meaning(error: psycopg.Error) -> KhosoError | None:
    """What an operator can act on; None for the rest."""
    if isinstance(error, _BUSY):
        return DatabaseBusy()
    if isinstance(error, _FULL):
        return StorageFull()
    if isinstance(error, _NOT_KEPT) or (isinstance(error, psycopg.DataError) and error.sqlstate is None):
        return TextNotKept()  # without a state it is psycopg's own: a NUL
    for kinds, reason in _UNREACHABLE:
        if isinstance(error, kinds):
            return DatabaseUnreachable(reason=reason)
    return None


def _silence(error: psycopg.Error) -> str:
    """PostgreSQL tells values (`Key (identifier)=(…) already exists`): keep state and constraint only."""
    told = " ".join(filter(None, (error.sqlstate, error.diag.constraint_name)))
    error.args = (told or type(error).__name__,)
    return told
