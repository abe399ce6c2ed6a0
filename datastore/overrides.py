"""Dated rules and catalogue entries of an agency, which take the place of the packaged ones."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from datastore.errors import NotFound
from datastore.locks import hold
from datastore.records import Override
from datastore.rights import Act
from datastore.rows import AgencyRow, OverrideRow
from datastore.scope import Scope


class OverrideKind(StrEnum):
    RULE = "rule"
    CATALOGUE = "catalogue"


class Overrides:
    """The repository of dated overrides and agency names."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def alone(self, kind: OverrideKind) -> None:
        """Nobody else imports entries of this kind for the actor's agency before the transaction ends: what is looked
        at from now on stays so."""
        self._scope.ask(Act.MANAGE_OVERRIDES)
        hold(self._session, f"override {kind} {self._scope.actor.agency}")

    def put(
        self,
        kind: OverrideKind,
        key: str,
        value: Mapping[str, object],
        *,
        valid_from: date,
        valid_to: date | None = None,
        decision: str,
    ) -> Override:
        """Import one entry for the actor's agency; the same key and start again replaces what was
        imported."""
        scope = self._scope
        self.alone(kind)
        query = select(OverrideRow).where(
            OverrideRow.kind == kind,
            OverrideRow.agency == scope.actor.agency,
            OverrideRow.key == key,
            OverrideRow.valid_from == valid_from,
        )
        row = self._session.scalar(query)
        if row is None:
            row = OverrideRow(
                id=scope.id(), kind=kind, agency=scope.actor.agency, key=key, valid_from=valid_from
            )
            self._session.add(row)
        row.value, row.valid_to, row.decision = dict(value), valid_to, decision
        row.imported_at, row.imported_by = scope.at, scope.actor.person
        self._session.flush()
        return _override(row)

    def on(self, kind: OverrideKind, day: date) -> tuple[Override, ...]:
        """What is in force for the actor's agency on `day`, by key; of two for one key the later start wins."""
        self._scope.ask(Act.READ_RULES)
        return in_force(self._session, kind, self._scope.actor.agency, day)

    def name_agency(self, code: str, name: str) -> None:
        """Keep or correct the name under which papers show the actor's agency; NotFound for another."""
        self._scope.ask(Act.MANAGE_OVERRIDES)
        if code != self._scope.actor.agency:
            raise NotFound(what="agency")
        hold(self._session, f"agency {code}")
        row = self._session.get(AgencyRow, code, populate_existing=True)
        if row is None:
            self._session.add(AgencyRow(code=code, name=name))
        else:
            row.name = name
        self._session.flush()

    def agency_name(self, code: str) -> str:
        """The agency's name; its code when no name was given."""
        self._scope.ask(Act.READ_RULES)
        row = self._session.get(AgencyRow, code)
        return code if row is None else row.name


def in_force(session: Session, kind: OverrideKind, agency: str, day: date) -> tuple[Override, ...]:
    """What an agency decided that is in force on `day`: rules, nobody's papers, so no actor is asked."""
    query = select(OverrideRow).where(
        OverrideRow.kind == kind,
        OverrideRow.agency == agency,
        OverrideRow.valid_from <= day,
        or_(OverrideRow.valid_to.is_(None), OverrideRow.valid_to >= day),
    )
    rows = session.scalars(query.order_by(OverrideRow.key, OverrideRow.valid_from))
    newest = {row.key: _override(row) for row in rows}
    return tuple(newest.values())


def _override(row: OverrideRow) -> Override:
    return Override(row.id, row.agency, row.key, row.value, row.valid_from, row.valid_to, row.decision)
