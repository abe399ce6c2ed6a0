"""Looks at papers over one connection, of one actor or of several, and one statement that tells of them all.

Promised: each has its own scope, and what goes wrong in one is nothing to the others; what was refused has its line as
well; the lines and their leaves are written together, and until then nobody is answered.

To open a connection, and to write one line by itself, takes half of the time of a look at a store: those who ask at the
same moment share it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from datastore.errors import HeldElsewhere, NotAllowed, NotFound
from datastore.records import Actor
from datastore.rows import DiaryRow
from datastore.scope import Scope, Successions, admit
from datastore.witness import Look, tell
from ingest import DossierNumber

TOLD = (NotFound, NotAllowed, HeldElsewhere)
"""Refusals of which a diary line remains.

Asking for what may not be seen or done is the failure that an auditor must find. And who tries owner after owner learns
what another agency holds: the owners and the auditor see that.
"""


class Scoping(Protocol):
    """Makes the scope of an actor in a session."""

    def __call__(
        self,
        session: Session,
        actor: Actor,
        act: str,
        outcome: str = "done",
        successions: Successions | None = None,
    ) -> Scope: ...


class Looks:
    """The looks over a connection that is told of at its end (`TELLING`)."""

    def __init__(self, connection: Connection, scoped: Scoping) -> None:
        self._connection = connection
        self._scoped = scoped
        self._successions: Successions = {}
        self._lines: list[DiaryRow] = []

    @contextmanager
    def look(self, actor: Actor, act: str) -> Iterator[Scope]:
        """One actor's, in the block; its errors go on, and of those that are `TOLD` a line is kept too.

        NotAllowed, PurposeMissing before anything is looked at, of which none is.
        """
        admit(actor)
        with Look(self._connection) as session:
            scope = self._scoped(session, actor, act, successions=self._successions)
            try:
                yield scope
            except TOLD as error:
                refused = self._scoped(session, actor, act, error.code)
                note_refusal(refused, error)
                self._lines += refused.lines
                raise
            if not scope.lines:
                scope.note()
            self._lines += scope.lines

    def tell(self) -> None:
        """Write the lines of all so far: once, at the end."""
        if self._lines:
            tell(self._connection, self._lines)
            self._connection.commit()


def note_refusal(scope: Scope, error: NotFound | NotAllowed | HeldElsewhere) -> None:
    """What the diary says of a refusal."""
    if isinstance(error, HeldElsewhere):
        for owner in error.owners:
            scope.note(owner=owner, document=error.document)
    else:
        scope.note(note=_asked_for(error))


def _asked_for(error: NotFound | NotAllowed) -> str:
    """What was asked for, as the diary keeps it: an id or an act, never what somebody typed."""
    if isinstance(error, NotAllowed):
        return str(error.facts["act"])
    what, id = error.facts["what"], error.facts.get("id")
    return f"{what} {id}" if isinstance(id, UUID | DossierNumber) else f"{what}"
