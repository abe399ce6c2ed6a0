"""A session that writes new rows in as few statements as it can: when somebody looks, or at its end.

What is handed over (`later`) waits. It is written before the session asks for rows, changes or deletes any, begins a
savepoint or hands out its connection, so that whatever looks finds it; `beside` is the connection for a statement that
does not care.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from datastore.dialect.interface import New


class Writing(Session):
    """The session of a transaction that makes new rows."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, expire_on_commit=False)
        self._waiting: list[New] = []
        self._counted: set[str] = set()
        """The tables among them whose rows the database numbers."""

    def later(self, new: Sequence[New]) -> None:
        """To be written behind what waits already. What the database numbers comes in this order: in one statement
        PostgreSQL would number what stands in it twice as it likes."""
        for each in new:
            if (table := each.numbered) is not None:
                if table in self._counted:
                    self.write_out()
                self._counted.add(table)
            self._waiting.append(each)

    def taken(self) -> list[New]:
        """What waits: whoever takes it writes it."""
        waiting, self._waiting = self._waiting, []
        self._counted.clear()
        return waiting

    def write_out(self) -> None:
        """Write what waits."""
        if self._waiting:
            from datastore.dialect import insert  # which asks what kind of session it has

            insert(self.beside(), self.taken())

    def beside(self) -> Connection:
        """The connection, for a statement that looks at nothing that this transaction made."""
        return super().connection()

    def connection(self, *args: Any, **options: Any) -> Connection:
        self.write_out()
        return super().connection(*args, **options)

    def begin_nested(self) -> SessionTransaction:
        self.write_out()
        return super().begin_nested()


def _before_it_looks(state: ORMExecuteState) -> None:
    if isinstance(state.session, Writing):
        state.session.write_out()


def _before_it_changes(session: Writing, _context: object, _instances: object) -> None:
    session.write_out()


def _before_it_ends(session: Writing) -> None:
    if not session.in_nested_transaction():
        session.write_out()


event.listen(Writing, "do_orm_execute", _before_it_looks)
event.listen(Writing, "before_commit", _before_it_ends)
event.listen(Writing, "before_flush", _before_it_changes)
