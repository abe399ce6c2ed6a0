"""Documents as lines of a list: a few columns in one question of their own, however many papers there are.

A whole `DocumentRecord` takes six questions and everything that is known of a paper; a list of fifty spent nine
tenths of its time on what nobody looks at.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Row, Select, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from archive import Status, Weight
from common import Digest
from datastore.dialect import ask
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

_DOCUMENTS: BindParameter[UUID] = bindparam("documents", expanding=True)


def listed(session: Session, ids: Sequence[UUID], owner: UUID | None = None) -> tuple[ListedDocument, ...]:
    """These documents, which whoever asks may see, in this order; `owner` as in `listed_by`."""
    if not ids:
        return ()
    asked = {"documents": list(ids)}
    found = {line.id: line for line in listed_by(session, _lines_of_these(), asked, owner)}
    return tuple(found[id] for id in ids if id in found)


def listed_by(
    session: Session,
    lines: Select[*tuple[Any, ...]],
    asked: Mapping[str, object],
    owner: UUID | None = None,
) -> tuple[ListedDocument, ...]:
    """What a statement made of `lines` gives when it is asked with these values, in its order.

    For an `owner` without the codes of others, which hold their numbers.
    """
    rows = ask(session.connection(), lines, asked)
    return tuple(_listed(list(codes), owner) for _id, codes in groupby(rows, attrgetter("id")))


def _listed(rows: Sequence[Row[Any]], owner: UUID | None) -> ListedDocument:
    """The line of one document, from a row for each of its codes."""
    row = rows[0]
    return ListedDocument(
        id=row.id,
        status=Status(row.status),
        weight=Weight(row.weight),
        doc_type=row.doc_type,
        codes=tuple(one.code for one in rows if one.code is not None and owner in (None, one.owner_id)),
        dossier=row.dossier,
        version=row.n,
        sha256=Digest(row.sha256),
        pages=row.page_count,
        received_at=row.received_at,
        changed_at=row.changed_at,
    )


# Statements are made once: making one, and its key in the cache of the compiled ones, takes longer than its answer.


@cache
def _lines_of_these() -> Select[*tuple[Any, ...]]:
    return lines(_DOCUMENTS, DocumentRow.id)


def lines(
    documents: BindParameter[UUID] | Select[UUID], *order: ColumnElement[Any] | InstrumentedAttribute[UUID]
) -> Select[*tuple[Any, ...]]:
    """The newest version of each, and what stands for it: newest revision, digitised PDF, first original.

    A row for each code of today, or one without; `order` keeps the rows of a document together.
    """
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
    return (
        select(
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
            CodeRow.code,
            CodeRow.owner_id,
        )
        .select_from(DocumentRow)
        .join(VersionRow, (VersionRow.document_id == DocumentRow.id) & (VersionRow.n == newest))
        .join(OriginalRow, (OriginalRow.version_id == VersionRow.id) & (OriginalRow.n == 1))
        .join(came, came.id == OriginalRow.object_id)
        .outerjoin(digitised, digitised.id == VersionRow.pdf_id)
        .outerjoin(CodeRow, (CodeRow.document_id == DocumentRow.id) & CodeRow.ended_at.is_(None))
        .where(DocumentRow.id.in_(documents))
        .order_by(*order, CodeRow.sequence)
    )


@cache
def _entries() -> Select[UUID, UUID]:
    return (
        select(StoreEntryRow.document_id, StoreRow.owner_id)
        .join(StoreRow)
        .where(StoreEntryRow.document_id.in_(_DOCUMENTS), StoreEntryRow.to_at.is_(None))
        .order_by(StoreEntryRow.document_id, StoreEntryRow.position)
    )


def owners_of(session: Session, documents: Sequence[UUID]) -> list[tuple[UUID, UUID | None]]:
    """Each of the documents with each of its owners today; with None where it has none."""
    rows = ask(session.connection(), _entries(), {"documents": list(documents)})
    owned: list[tuple[UUID, UUID | None]] = [(row.document_id, row.owner_id) for row in rows]
    somebodys = {document for document, _owner in owned}
    return owned + [(document, None) for document in documents if document not in somebodys]
