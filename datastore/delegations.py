"""Who stands for whom: the representative of an organisation, the guardian of a minor or a ward.

Promised: a delegation has a proof (a paper that is held, or a ground in words) and a beginning; a guardian's has an
end (majority, the court's date); it is in force only once a handling officer has confirmed it, who is not the one who
wrote it down; it can be ended at once by either side or by staff. Both see it, with who confirmed it.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from datastore.errors import DelegationThere, IllegalTransition, NotAllowed, NotFound, ProofMissing
from datastore.locks import hold, locked
from datastore.people import Delegation
from datastore.records import ActorRole, OwnerKind
from datastore.rights import Act
from datastore.rows import DelegationRow, OwnerRow
from datastore.scope import Scope
from datastore.sessions import revoke_of_delegate

_KINDS = (ActorRole.REPRESENTATIVE, ActorRole.GUARDIAN)


class Delegations:
    """The repository of delegations."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def make(
        self,
        kind: ActorRole,
        delegate: UUID,
        principal: UUID,
        *,
        proof: UUID | None = None,
        ground: str | None = None,
        valid_from: date | None = None,
        valid_to: date | None = None,
    ) -> Delegation:
        """Write down that `delegate` stands for `principal`; another officer confirms it.

        `valid_to` is the last day. ProofMissing without a proof or ground, or for a guardian without an end; NotFound
        for an owner or paper that the actor does not know; IllegalTransition where nobody can stand for such a one;
        DelegationThere for one that is written down already.
        """
        self._scope.ask(Act.DELEGATE)
        if proof is None and not (ground or "").strip():
            raise ProofMissing(what="proof")
        if kind == ActorRole.GUARDIAN and valid_to is None:
            raise ProofMissing(what="valid_to")
        self._require_possible(kind, delegate, principal)
        if proof is not None:
            self._scope.document(proof)
        begins = valid_from or self._scope.today
        if valid_to is not None and valid_to < begins:
            raise IllegalTransition(what="delegation", old=str(begins), new=str(valid_to))
        self._require_none_there(kind, delegate, principal, begins, valid_to)
        row = DelegationRow(
            id=self._scope.id(),
            kind=kind,
            delegate_id=delegate,
            principal_id=principal,
            proof_id=proof,
            ground=ground,
            valid_from=begins,
            valid_to=valid_to,
            agency=self._scope.actor.agency,
            made_at=self._scope.at,
            made_by=self._scope.actor.person,
            confirmed_at=None,
            confirmed_by=None,
            ended_at=None,
            ended_by=None,
            end_reason=None,
        )
        self._session.add(row)
        return self._done(row)

    def confirm(self, id: UUID) -> Delegation:
        """Put it in force; NotAllowed for whoever wrote it down, IllegalTransition once it ended."""
        self._scope.ask(Act.CONFIRM_DELEGATION)
        row = self._row(id)
        if row.confirmed_at is not None:
            return self._done(row)
        if row.ended_at is not None:
            raise IllegalTransition(what="delegation", old="ended", new="confirmed")
        if row.made_by == self._scope.actor.person:
            raise NotAllowed(act=Act.CONFIRM_DELEGATION.value)
        row.confirmed_at, row.confirmed_by = self._scope.at, self._scope.actor.person
        return self._done(row)

    def end(self, id: UUID, *, reason: str) -> Delegation:
        """End it at once: staff of the agency that keeps it, whoever stands for somebody, an organisation that is
        stood for; ended already is no error."""
        self._scope.ask(Act.END_DELEGATION)
        row = self._row(id)
        own = self._scope.own_id
        if row.kind == ActorRole.GUARDIAN and own == row.principal_id and self._scope.role is ActorRole.OWNER:
            raise NotAllowed(act=Act.END_DELEGATION.value)  # a ward does not dismiss its guardian
        if row.ended_at is None:
            row.ended_at, row.ended_by, row.end_reason = self._scope.at, self._scope.actor.person, reason
            revoke_of_delegate(
                self._session,
                self._scope.at,
                role=row.kind,
                delegate=row.delegate_id,
                principal=row.principal_id,
            )
        return self._done(row)

    def get(self, id: UUID) -> Delegation:
        """The delegation; NotFound."""
        self._scope.ask(Act.SEE_DELEGATIONS)
        return self._done(self._row(id))

    def of_owner(self, owner: UUID) -> tuple[Delegation, ...]:
        """Those in which an owner stands for somebody or somebody for it, oldest first."""
        self._scope.ask(Act.SEE_DELEGATIONS)
        self._scope.require_owner(owner)
        either = or_(DelegationRow.delegate_id == owner, DelegationRow.principal_id == owner)
        rows = self._session.scalars(
            select(DelegationRow).where(either, self._visible()).order_by(DelegationRow.id)
        )
        found = tuple(delegation(row) for row in rows)
        self._scope.note(owner=owner)
        return found

    def _require_possible(self, kind: ActorRole, delegate: UUID, principal: UUID) -> None:
        """A person stands for somebody else: a guardian for a person, a representative for an organisation."""
        who, whom = (self._session.get(OwnerRow, id) for id in (delegate, principal))
        if who is None or whom is None:
            raise NotFound(what="owner", id=delegate if who is None else principal)
        people = (OwnerKind.PERSON, OwnerKind.FOREIGNER)
        fits = whom.kind in people if kind == ActorRole.GUARDIAN else whom.kind not in people
        if kind not in _KINDS or who.kind not in people or delegate == principal or not fits:
            raise IllegalTransition(what="delegation", old=whom.kind, new=str(kind))

    def _require_none_there(
        self, kind: ActorRole, delegate: UUID, principal: UUID, begins: date, ends: date | None
    ) -> None:
        """DelegationThere when one of the same is kept here that has not ended and shares a day with this one. What
        another agency keeps rests on its own proof, and is not told."""
        hold(self._session, f"delegation {kind} {delegate} {principal}")
        same = (
            DelegationRow.kind == kind,
            DelegationRow.delegate_id == delegate,
            DelegationRow.principal_id == principal,
            DelegationRow.ended_at.is_(None),
            or_(DelegationRow.valid_to.is_(None), DelegationRow.valid_to >= begins),
        )
        until = () if ends is None else (DelegationRow.valid_from <= ends,)
        row = self._session.scalar(select(DelegationRow).where(*same, *until, self._visible()).limit(1))
        if row is not None:
            raise DelegationThere(begins=row.valid_from, ends=row.valid_to or "…")

    def _visible(self) -> ColumnElement[bool]:
        """Of an agency what it wrote down; of a citizen what is about itself or the one it stands for."""
        own = self._scope.own_id
        if own is None:
            return DelegationRow.agency.in_(self._scope.agencies)
        person = UUID(self._scope.actor.person)
        return or_(DelegationRow.delegate_id.in_((own, person)), DelegationRow.principal_id == own)

    def _row(self, id: UUID) -> DelegationRow:
        row = self._session.scalar(
            locked(select(DelegationRow).where(DelegationRow.id == id, self._visible()))
        )
        if row is None:
            raise NotFound(what="delegation", id=id)
        return row

    def _done(self, row: DelegationRow) -> Delegation:
        self._session.flush()
        for owner in (row.principal_id, row.delegate_id):
            self._scope.note(owner=owner, note=f"{row.kind} {row.id}")
        return delegation(row)


def delegation(row: DelegationRow) -> Delegation:
    """The delegation that a row is."""
    return Delegation(
        id=row.id,
        kind=ActorRole(row.kind),
        delegate_id=row.delegate_id,
        principal_id=row.principal_id,
        proof_id=row.proof_id,
        ground=row.ground,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        agency=row.agency,
        made_at=row.made_at,
        made_by=row.made_by,
        confirmed_at=row.confirmed_at,
        confirmed_by=row.confirmed_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        end_reason=row.end_reason,
    )
