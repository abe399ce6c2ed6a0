"""Whoever cites a document is told when it changes: a notice each, an event in the dossier, a diary line."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import or_, select

from archive import Status
from datastore.events import dossier_event
from datastore.locks import locked
from datastore.rows import (
    DocumentRow,
    DossierDocumentRow,
    DossierEventRow,
    DossierRow,
    NoticeRow,
    PrintRow,
    ShareRow,
)
from datastore.scope import Scope


def tell(scope: Scope, row: DocumentRow, kind: str, reason: str, owners: Iterable[UUID]) -> None:
    """Tell the dossiers and prints that cite `row`, and these owners, that it was `kind` because of
    `reason`."""
    for dossier in _citing(scope, row):
        add_event(scope, dossier, f"document_{kind}", f"{row.id}: {reason}", document=row.id)
        _notice(scope, row, kind, reason, dossier=dossier.number)
    prints = select(PrintRow).where(PrintRow.document_id == row.id, PrintRow.revoked_at.is_(None))
    for printed in scope.session.scalars(prints.order_by(PrintRow.number)):
        _notice(scope, row, kind, reason, print_id=printed.id)
    _end_shares(scope, row, kind)
    for owner in dict.fromkeys(owners):
        _notice(scope, row, kind, reason, owner_id=owner)
        scope.note(owner=owner, document=row.id, note=f"{kind}: {reason}")


def _end_shares(scope: Scope, row: DocumentRow, kind: str) -> None:
    """What was shared is not shown any more: all of it, or of a refiled paper what a former owner shared."""
    if kind == Status.EXPIRED:
        return
    holding = [entry.store.owner_id for entry in row.entries if entry.to_at is None]
    query = select(ShareRow).where(ShareRow.document_id == row.id, ShareRow.ended_at.is_(None))
    if kind == "refiled":
        query = query.where(ShareRow.owner_id.not_in(holding))
    for share in scope.session.scalars(locked(query.order_by(ShareRow.id))):
        share.ended_at, share.end_reason = scope.at, kind
        scope.note(owner=share.owner_id, document=row.id, note=f"share {share.id}: {kind}")


def _citing(scope: Scope, row: DocumentRow) -> list[DossierRow]:
    """The dossiers that cite the document, of every agency: they are told, not read."""
    attached = select(DossierDocumentRow.dossier_id).where(DossierDocumentRow.document_id == row.id)
    query = select(DossierRow).where(or_(DossierRow.id.in_(attached), DossierRow.number == row.dossier))
    return list(scope.session.scalars(locked(query.order_by(DossierRow.id))))


def add_event(
    scope: Scope, row: DossierRow, kind: str, note: str | None, *, document: UUID | None = None
) -> None:
    """Write an event into a dossier, and into the outbox; `document` is the paper of which it speaks."""
    row.events.append(
        DossierEventRow(
            id=scope.id(), n=len(row.events) + 1, kind=kind, at=scope.at, by=scope.actor.person, note=note
        )
    )

    dossier_event(scope, row, kind, document)


def _notice(
    scope: Scope,
    row: DocumentRow,
    kind: str,
    reason: str,
    *,
    dossier: str | None = None,
    print_id: UUID | None = None,
    owner_id: UUID | None = None,
) -> None:
    scope.session.add(
        NoticeRow(
            id=scope.id(),
            document_id=row.id,
            kind=kind,
            reason=reason,
            at=scope.at,
            dossier=dossier,
            print_id=print_id,
            owner_id=owner_id,
        )
    )
