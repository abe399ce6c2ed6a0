"""What a part without an actor needs of the datastore: its transactions, the time, and a line in the diary."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import CompoundSelect, Connection, Row, Select
from sqlalchemy.orm import Session

from common import Clock
from datastore.dialect import ask
from datastore.records import Actor


class Diarist(Protocol):
    """Writes a line of its own into the diary, for what happened outside of any `Work`."""

    def __call__(
        self, actor: Actor, act: str, *, owner: UUID | None = None, note: str | None = None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Glance:
    """Asks for columns and for nothing else: without a session, which costs as much as the question itself."""

    connection: Connection

    def first(
        self, query: Select[*tuple[Any, ...]], asked: Mapping[str, object]
    ) -> Row[*tuple[Any, ...]] | None:
        """The first row of an answer; None when there is none."""
        found = ask(self.connection, query, asked)
        return found[0] if found else None

    def all(
        self, query: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]], asked: Mapping[str, object]
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Every row of an answer."""
        return ask(self.connection, query, asked)


@dataclass(frozen=True, slots=True)
class Transactions:
    """Handed to the parts that are asked before anybody is signed in."""

    clock: Clock
    writing: Callable[[], AbstractContextManager[Session]]
    reading: Callable[[], AbstractContextManager[Session]]
    looking: Callable[[], AbstractContextManager[Session]]
    """For statements that read and stand by themselves."""
    glancing: Callable[[], AbstractContextManager[Glance]]
    """The same for whoever needs columns only."""
    diary: Diarist
