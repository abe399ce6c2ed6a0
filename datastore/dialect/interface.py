"""What a database must be able to do for this room, beside portable SQL."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, Engine, FromClause, Table
from sqlalchemy.orm import Session
from sqlalchemy.schema import ExecutableDDLElement

from archive import Leaf
from datastore.dialect.questions import Question
from datastore.dialect.words import Term

READING = "khoso_reading"
"""Execution option of a connection that only reads: it takes no write lock and sees one moment."""
LOOKING = "khoso_looking"
"""Execution option of a connection whose statements only read and stand by themselves: each sees its own moment."""
TELLING = "khoso_telling"
"""The same for a connection whose one statement that writes is its last: `keep_lines`, which tells what was looked at,
or an intention. It is followed by a commit, for a database that has a transaction around it all the same."""


class SearchIndex(ExecutableDDLElement):
    """The statement that makes the index over the words of `search`, in the words of each database."""


@dataclass(frozen=True, slots=True)
class NewRows:
    """Rows of one table that is to be written: every column of theirs by its name, but what the database counts."""

    table: Table
    columns: tuple[str, ...]
    values: Sequence[Sequence[object]]

    @property
    def numbered(self) -> str | None:
        """The table, if the database numbers its rows in the order in which they come."""
        return None if self.table.autoincrement_column is None else self.table.name


@dataclass(frozen=True, slots=True)
class Findable:
    """The search row of a new document that is to be written, and the words of its owner, code, type and text."""

    document: UUID
    fields: tuple[str, ...]
    numbered = "search"


New = NewRows | Findable
"""What is to be written."""


@dataclass(frozen=True, slots=True)
class Hits:
    """The search rows that hold the words of a question, newest first, as part of a SELECT and what it is asked."""

    rows: FromClause
    """Their ids, as `id`. The same for alike questions, so that a statement with it can be made once."""
    asked: Mapping[str, object]


class Dialect(Protocol):
    """One kind of database; see the promises of the package."""

    def make_engine(self, url: str) -> Engine:
        """An engine whose transactions, settings and errors are those of this room."""

    def hold(self, connection: Connection, names: Sequence[str]) -> None:
        """Wait until no other transaction holds any of these names, and hold them until this one ends."""

    def unhurried(self, connection: Connection) -> None:
        """Let the statements of this transaction take as long as they need."""

    def alone(self, engine: Engine, name: str) -> AbstractContextManager[None]:
        """Inside the block no other process, thread or machine on this database is in a block of this name."""

    def risks(self, connection: Connection) -> tuple[str, ...]:
        """Settings of the server with which a committed transaction could be lost."""

    def ask(self, connection: Connection, question: Question, asked: Mapping[str, object]) -> Sequence[Any]:
        """The rows of an answer, with their columns by name."""

    def insert(self, connection: Connection, new: Sequence[New]) -> None:
        """Insert new rows, in the order in which they point to each other."""

    def keep_lines(self, connection: Connection, new: Sequence[New], leaves: Sequence[Leaf]) -> None:
        """`insert`, the last of them lines of the diary, and leaves that have no number yet, in their order, each with
        its states."""

    def index_words(self, session: Session, row: int, fields: Sequence[str]) -> None:
        """Index the words of a search row's owner, code, type and text, instead of older ones."""

    def forget_words(self, session: Session, row: int) -> None:
        """Take the words of a search row out of the index."""

    def hits_of(
        self, terms: Sequence[Term], field: str | None, among: range | None, *, any_of: bool = False
    ) -> Hits:
        """The rows with every one of these words, or with `any_of` them (all without accents), at least one: of all
        (None), or of those with these numbers and a few beside them, which costs what they are and not what there is.
        """
