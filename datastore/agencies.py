"""Agencies as a tree with dates: districts ended, communes were merged, and their papers are seen by who came after.

An agency that is only known by its code has always been there, below nobody. Promised: a tree has no circle, and
an agency that ended has a successor or none, never itself.
"""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from common import one_line
from datastore.errors import AlreadyThere, IllegalTransition, NotFound
from datastore.locks import hold
from datastore.people import Agency
from datastore.records import ActorRole
from datastore.rights import Act
from datastore.rows import AgencyRow, AgencyTermRow
from datastore.scope import Scope
from ingest import AgencyCode


class Agencies:
    """The repository of agencies: an admin makes and ends those below its own, the command line any."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def add(self, code: str, name: str, *, parent: str | None = None, since: date | None = None) -> Agency:
        """Make an agency known, below `parent`, from a day on; AlreadyThere, NotFound, BadAgencyCode."""
        self._scope.ask(Act.MANAGE_AGENCIES)
        self._require_mine(parent)
        code = str(AgencyCode.parse(code))
        hold(self._session, "agencies")
        if parent is not None and self._find(parent) is None:
            raise NotFound(what="agency")
        if _term(self._session, code) is not None:
            raise AlreadyThere(what="agency", name=code)
        named = self._session.get(AgencyRow, code)
        if named is None:
            self._session.add(AgencyRow(code=code, name=one_line(name)))
        else:
            named.name = one_line(name)
        self._session.flush()
        row = AgencyTermRow(
            id=self._scope.id(),
            code=code,
            parent=parent,
            valid_from=since or self._scope.today,
            valid_to=None,
            successor=None,
        )
        self._session.add(row)
        self._session.flush()
        self._scope.note(note=code)
        return _agency(self._session, code, row)

    def end(self, code: str, *, last_day: date, successor: str | None = None) -> Agency:
        """After `last_day` it is no more; its papers are seen by `successor`. NotFound, IllegalTransition."""
        self._scope.ask(Act.MANAGE_AGENCIES)
        hold(self._session, "agencies")
        row = _term(self._session, code)
        if row is None:
            raise NotFound(what="agency")
        self._require_mine(row.parent)
        if successor is not None and self._find(successor) is None:
            raise NotFound(what="agency")
        if last_day < row.valid_from or (
            successor is not None and code in _line_after(self._session, successor)
        ):
            raise IllegalTransition(what="agency", old=code, new=successor or "ended")
        row.valid_to, row.successor = last_day, successor
        self._session.flush()
        self._scope.note(note=code)
        return _agency(self._session, code, row)

    def get(self, code: str) -> Agency:
        """An agency; NotFound when it has neither a name nor a place in the tree."""
        self._scope.ask(Act.READ_RULES)
        found = self._find(code)
        if found is None:
            raise NotFound(what="agency")
        return found

    def all(self) -> tuple[Agency, ...]:
        """Every agency, by code."""
        self._scope.ask(Act.READ_RULES)
        codes = self._session.scalars(select(AgencyRow.code).order_by(AgencyRow.code))
        return tuple(_agency(self._session, code, _term(self._session, code)) for code in codes)

    def _find(self, code: str) -> Agency | None:
        if self._session.get(AgencyRow, code) is None:
            return None
        return _agency(self._session, code, _term(self._session, code))

    def _require_mine(self, parent: str | None) -> None:
        """An admin's are those directly below its own agency."""
        if self._scope.role is not ActorRole.SYSTEM and parent != self._scope.actor.agency:
            raise NotFound(what="agency")


def parent_of(session: Session, code: str) -> str | None:
    """Below which agency this one is."""
    row = _term(session, code)
    return None if row is None else row.parent


def is_in_force(session: Session, code: str, day: date) -> bool:
    """Whether the agency is there on a day; one without a place in the tree is."""
    row = _term(session, code)
    return row is None or (row.valid_from <= day and (row.valid_to is None or day <= row.valid_to))


def _term(session: Session, code: str) -> AgencyTermRow | None:
    return session.scalar(select(AgencyTermRow).where(AgencyTermRow.code == code))


def _line_after(session: Session, code: str) -> set[str]:
    """The agency, its successor, the successor's, and so on."""
    seen: set[str] = set()
    at: str | None = code
    while at is not None and at not in seen:
        seen.add(at)
        row = _term(session, at)
        at = None if row is None else row.successor
    return seen


def _agency(session: Session, code: str, row: AgencyTermRow | None) -> Agency:
    named = session.get_one(AgencyRow, code)
    if row is None:
        return Agency(code, named.name, None, None, None, None)
    return Agency(code, named.name, row.parent, row.valid_from, row.valid_to, row.successor)
