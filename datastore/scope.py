"""What every repository gets from its `Work`: the session, who asks, when, and the diary.

Here stands the one rule of who may see what: staff sees the papers of which its agency is the intake or the
competent agency, an owner sees what its own store holds now. What may not be seen is not found. And the one
rule of who may change: staff; an owner only reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from common import new_id
from datastore.errors import NotFound
from datastore.intents import name_object
from datastore.keychain import Keychain
from datastore.locks import locked
from datastore.objects import StoredObject
from datastore.records import Actor, ActorRole, JobRole
from datastore.rows import (
    DiaryRow,
    DocumentRow,
    DossierDocumentRow,
    DossierRow,
    ObjectRow,
    OwnerRow,
    StoreEntryRow,
    StoreRow,
)


@dataclass(slots=True)
class Scope:
    """One transaction of one actor."""

    session: Session
    actor: Actor
    act: str
    outcome: str
    at: datetime
    keychain: Keychain
    trace: str | None = None
    """The trace that jobs asked for here go on with."""
    lines: list[DiaryRow] = field(default_factory=list)
    roles_to_wake: set[JobRole] = field(default_factory=set)
    """For which this transaction asked for jobs that can be done at once."""
    held: dict[UUID, DocumentRow] = field(default_factory=dict)
    """The documents that this transaction made, locked or, as an owner's, read."""

    def id(self) -> UUID:
        """A fresh id of now."""
        return new_id(self.at)

    @property
    def own_id(self) -> UUID | None:
        """The owner that the actor is; None for staff."""
        if self.actor.role != ActorRole.OWNER:
            return None
        try:
            return UUID(self.actor.person)
        except ValueError as error:
            raise NotFound(what="owner") from error

    def note(
        self,
        *,
        act: str | None = None,
        owner: UUID | None = None,
        document: UUID | None = None,
        dossier: str | None = None,
        note: str | None = None,
    ) -> None:
        """Add a line to the diary, once per act, owner, document and dossier in this transaction."""
        line = DiaryRow(
            id=self.id(),
            at=self.at,
            person=self.actor.person,
            role=self.actor.role,
            agency=self.actor.agency,
            act=act or self.act,
            purpose=self.actor.purpose,
            dossier=dossier or self.actor.dossier,
            owner_id=owner,
            document_id=document,
            outcome=self.outcome,
            note=note,
        )
        if not any(_same_line(line, other) for other in self.lines):
            self.lines.append(line)

    def visible_documents(self) -> ColumnElement[bool]:
        """The documents that this actor may see."""
        if (own := self.own_id) is not None:
            held = (
                select(StoreEntryRow.document_id)
                .join(StoreRow)
                .where(StoreRow.owner_id == own, StoreEntryRow.to_at.is_(None))
            )
            return DocumentRow.id.in_(held)
        agency = self.actor.agency
        return or_(DocumentRow.intake_agency == agency, DocumentRow.competent_agency == agency)

    def visible_dossiers(self) -> ColumnElement[bool]:
        """The dossiers that this actor may see: its agency's, or those to which a paper of its own
        belongs."""
        if self.own_id is not None:
            cited = (
                select(DossierDocumentRow.dossier_id)
                .join(DocumentRow, DocumentRow.id == DossierDocumentRow.document_id)
                .where(self.visible_documents())
            )
            return DossierRow.id.in_(cited)
        agency = self.actor.agency
        return or_(DossierRow.intake_agency == agency, DossierRow.agency == agency)

    def require_owner(self, owner: UUID) -> None:
        """NotFound unless this owner is there and this actor may ask about it: staff, or the owner itself."""
        if self.own_id not in (None, owner) or self.session.get(OwnerRow, owner) is None:
            raise NotFound(what="owner", id=owner)

    def require_staff(self, what: str, id: UUID | None = None) -> None:
        """NotFound for an owner: every method that changes something asks this before it looks at anything."""
        if self.actor.role == ActorRole.OWNER:
            raise NotFound(what=what, id=id)

    def document_to_change(self, document: UUID) -> DocumentRow:
        """`document`, for staff only."""
        self.require_staff("document", document)
        return self.document(document)

    def document(self, document: UUID) -> DocumentRow:
        """The row, for staff locked until the transaction ends, with a diary line for each of its owners; NotFound.

        An owner only reads, and keeps nobody waiting.
        """
        row = self.held.get(document)
        if row is None:
            query = select(DocumentRow).where(DocumentRow.id == document, self.visible_documents())
            row = self.session.scalar(locked(query) if self.own_id is None else query)
        if row is None:
            raise NotFound(what="document", id=document)
        self.held[document] = row
        self.note_document(row)
        return row

    def note_document(self, row: DocumentRow) -> None:
        """Write the act into the diary of every owner of the paper."""
        owners = [entry.store.owner_id for entry in row.entries if entry.to_at is None]
        for owner in owners:
            self.note(owner=owner, document=row.id)
        if not owners:
            self.note(document=row.id)

    def name_object(self, stored: StoredObject, document: UUID | None) -> ObjectRow:
        """Give an object its row and withdraw the intention of the put; StaleState when a sweep was
        faster."""
        return name_object(self.session, self.at, stored, document)

    def name_objects(self, stored: Sequence[StoredObject], document: UUID) -> list[ObjectRow]:
        """`name_object` for several."""
        return [self.name_object(each, document) for each in stored]


def _same_line(line: DiaryRow, other: DiaryRow) -> bool:
    return all(
        getattr(line, name) == getattr(other, name)
        for name in ("act", "owner_id", "document_id", "dossier", "note")
    )
