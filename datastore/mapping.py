"""Rows become values: the one way out of this room."""

from datetime import datetime
from uuid import UUID

from archive import Ground, SourceForm, Status, Weight
from common import Digest
from datastore.objects import StoredObject
from datastore.records import (
    AttachedHow,
    Delivery,
    DeliveryState,
    DocumentRecord,
    Dossier,
    DossierDocument,
    DossierEvent,
    DossierState,
    Event,
    Original,
    Provenance,
    Revision,
    SlotCode,
    Subscription,
    SubscriptionState,
    Version,
)
from datastore.rows import (
    CodeRow,
    DeliveryRow,
    DocumentRow,
    DossierRow,
    EventRow,
    ObjectRow,
    RevisionRow,
    SubscriptionRow,
    VersionRow,
)
from signing import Role


def stored(row: ObjectRow) -> StoredObject:
    """The object that a row names."""
    return StoredObject(
        row.key, row.version, row.size, Digest(row.sha256_plain), Digest(row.sha256_stored), None
    )


def stored_or_none(row: ObjectRow | None) -> StoredObject | None:
    """`stored`, where there may be none."""
    return None if row is None else stored(row)


def revision(row: RevisionRow) -> Revision:
    """A signed revision."""
    return Revision(
        id=row.id,
        version_id=row.version_id,
        k=row.k,
        role=Role(row.role),
        object=stored(row.object),
        sha256=Digest(row.sha256),
        signed_at=row.signed_at,
        level=row.level,
    )


def version(row: VersionRow) -> Version:
    """A version with its originals."""
    return Version(
        id=row.id,
        document_id=row.document_id,
        n=row.n,
        originals=tuple(
            Original(one.n, stored(one.object), one.media_type, one.name) for one in row.originals
        ),
        originals_digest=Digest(row.originals_digest),
        page_count=row.page_count,
        quality=row.quality,
        fields=row.fields,
        verdict=row.verdict,
        pdf=stored_or_none(row.pdf),
        reading=stored_or_none(row.reading),
        readings=row.readings,
        made_at=row.made_at,
    )


def _code(row: CodeRow) -> SlotCode:
    return SlotCode(row.owner_id, row.code, row.instance, row.assigned_at, row.ended_at)


def document(row: DocumentRow, owner: UUID | None = None) -> DocumentRecord:
    """A document as it stands in this transaction.

    For an `owner` without the codes of others: they hold the numbers of whom it has in common with or was misfiled to.
    """
    newest = row.versions[-1]
    return DocumentRecord(
        id=row.id,
        status=Status(row.status),
        weight=Weight(row.weight),
        doc_type=row.doc_type,
        owner_ids=tuple(entry.store.owner_id for entry in row.entries if entry.to_at is None),
        codes=tuple(_code(code) for code in row.codes if owner in (None, code.owner_id)),
        version=version(newest),
        revisions=tuple(revision(one) for one in newest.revisions),
        provenance=Provenance(SourceForm(row.source_form), row.compared_by, row.original_returned),
        checked_by=row.checked_by,
        ground=Ground(row.ground) if row.ground else None,
        intake_agency=row.intake_agency,
        competent_agency=row.competent_agency,
        dossier=row.dossier,
        superseded_by=row.superseded_by,
        reason=row.reason,
        received_at=row.received_at,
        changed_at=row.changed_at,
        stamp=row.stamp,
    )


def dossier(row: DossierRow) -> Dossier:
    """A dossier with its events and papers."""
    return Dossier(
        id=row.id,
        number=row.number,
        procedure=row.procedure,
        agency=row.agency,
        intake_agency=row.intake_agency,
        state=DossierState(row.state),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        events=tuple(DossierEvent(one.kind, one.at, one.by, one.note) for one in row.events),
        documents=tuple(
            DossierDocument(one.document_id, one.component, AttachedHow(one.how), one.attached_at)
            for one in row.documents
        ),
    )


def event(row: EventRow) -> Event:
    """An event as it is told."""
    return Event(row.id, row.arrival, row.type, row.subject, row.agency, row.at, row.data)


def delivery(row: DeliveryRow, of: EventRow) -> Delivery:
    """A delivery with its event."""
    return Delivery(
        id=row.id,
        subscription_id=row.subscription_id,
        event=event(of),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        not_before=row.not_before,
        last_error=row.last_error,
        made_at=row.made_at,
        settled_at=row.settled_at,
    )


def subscription(row: SubscriptionRow, failing_since: datetime | None) -> Subscription:
    """A subscription and since when its receiver fails."""
    return Subscription(
        id=row.id,
        agency=row.agency,
        url=row.url,
        types=tuple(row.types.split()),
        state=SubscriptionState(row.state),
        reason=row.reason,
        made_at=row.made_at,
        made_by=row.made_by,
        failing_since=failing_since,
    )
