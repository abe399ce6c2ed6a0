"""Documents as lines of a list: a few columns in two questions, however many papers there are.

A whole `DocumentRecord` takes six questions and everything that is known of a paper; a list of fifty spent nine
tenths of its time on what nobody looks at.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from archive import Status, Weight
from common import Digest
from datastore.records import ListedDocument
from datastore.rows import (
    CodeRow,
    DocumentRow,
    ObjectRow,
    OriginalRow,
    RevisionRow,
    StoreEntryRow,
    StoreRow,
    VersionRow,
)


def listed(session: Session, which: Select[Any]) -> tuple[ListedDocument, ...]:
    """The documents that `which` selects from `DocumentRow`, filtered, limited and in its order."""
    rows = session.execute(_lines(which)).all()
    codes = _codes(session, [row.id for row in rows])
    return tuple(
        ListedDocument(
            id=row.id,
            status=Status(row.status),
            weight=Weight(row.weight),
            doc_type=row.doc_type,
            codes=tuple(codes[row.id]),
            dossier=row.dossier,
            version=row.n,
            sha256=Digest(row.sha256),
            pages=row.page_count,
            received_at=row.received_at,
            changed_at=row.changed_at,
        )
        for row in rows
    )


def _lines(which: Select[Any]) -> Select[*tuple[Any, ...]]:
    """The newest version of each, and what stands for it: newest revision, digitised PDF, first original."""
    each = aliased(VersionRow)
    newest = select(func.max(each.n)).where(each.document_id == DocumentRow.id).scalar_subquery()
    signed = (
        select(RevisionRow.sha256)
        .where(RevisionRow.version_id == VersionRow.id)
        .order_by(RevisionRow.k.desc())
        .limit(1)
        .scalar_subquery()
    )
    digitised, came = aliased(ObjectRow), aliased(ObjectRow)
    joined = (
        which.join(VersionRow, (VersionRow.document_id == DocumentRow.id) & (VersionRow.n == newest))
        .join(OriginalRow, (OriginalRow.version_id == VersionRow.id) & (OriginalRow.n == 1))
        .join(came, came.id == OriginalRow.object_id)
        .outerjoin(digitised, digitised.id == VersionRow.pdf_id)
    )
    return joined.with_only_columns(
        DocumentRow.id,
        DocumentRow.status,
        DocumentRow.weight,
        DocumentRow.doc_type,
        DocumentRow.dossier,
        DocumentRow.received_at,
        DocumentRow.changed_at,
        VersionRow.n,
        VersionRow.page_count,
        func.coalesce(signed, digitised.sha256_plain, came.sha256_plain).label("sha256"),
    )


def _codes(session: Session, documents: Sequence[UUID]) -> dict[UUID, list[str]]:
    query = (
        select(CodeRow.document_id, CodeRow.code)
        .where(CodeRow.document_id.in_(documents), CodeRow.ended_at.is_(None))
        .order_by(CodeRow.document_id, CodeRow.sequence)
    )
    found: dict[UUID, list[str]] = defaultdict(list)
    for row in session.execute(query):
        found[row.document_id].append(row.code)
    return found


def owners_of(session: Session, documents: Sequence[UUID]) -> list[tuple[UUID, UUID | None]]:
    """Each of the documents with each of its owners today; with None where it has none."""
    query = (
        select(StoreEntryRow.document_id, StoreRow.owner_id)
        .join(StoreRow)
        .where(StoreEntryRow.document_id.in_(documents), StoreEntryRow.to_at.is_(None))
        .order_by(StoreEntryRow.document_id, StoreEntryRow.position)
    )
    owned: list[tuple[UUID, UUID | None]] = [
        (row.document_id, row.owner_id) for row in session.execute(query)
    ]
    somebodys = {document for document, _owner in owned}
    return owned + [(document, None) for document in documents if document not in somebodys]
