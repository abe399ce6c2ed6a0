"""Finding documents by owner, code, type and text, with and without accents.

The words as they were written and folded are kept in `search`; the index over them belongs to `dialect`.
Promised: only documents that the actor may see are found, and their owners' diaries tell.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from datastore import dialect, mapping
from datastore.records import DocumentRecord, SearchField
from datastore.rows import DocumentRow, OwnerRow, SearchRow, StoreEntryRow, StoreRow
from datastore.scope import Scope

_MOST = 100
"""More hits than a person reads; a narrower question is the answer to more."""


class Search:
    """The repository of what can be found."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def find(
        self, query: str, *, field: SearchField | None = None, limit: int = _MOST
    ) -> tuple[DocumentRecord, ...]:
        """The documents with every word of `query`, best first.

        `nguyen` finds `Nguyễn` and `nguyen`; `Nguyễn` finds only what is written so. The last word may be the
        beginning of one. Owner numbers are found under `owner`, slot codes under `code`.
        """
        found = dialect.find_words(self._session, query, field)
        documents = []
        for start in range(0, len(found), _MOST):
            documents += self._visible(found[start : start + _MOST])
            if len(documents) >= limit:
                break
        self._scope.note()
        for row in documents[:limit]:
            self._scope.note_document(row)
        return tuple(mapping.document(row) for row in documents[:limit])

    def _visible(self, hits: list[int]) -> list[DocumentRow]:
        query = (
            select(SearchRow.id, DocumentRow)
            .join(DocumentRow, DocumentRow.id == SearchRow.document_id)
            .where(SearchRow.id.in_(hits), self._scope.visible_documents())
        )
        rows = {found.id: found.DocumentRow for found in self._session.execute(query)}
        return [rows[hit] for hit in hits if hit in rows]


def make_findable(session: Session, row: DocumentRow, text: str | None) -> None:
    """Make the document findable as it stands; `text` None keeps the text that is there."""
    session.flush()
    names = " ".join(_names(session, row))
    codes = " ".join(code.code for code in row.codes if code.ended_at is None)
    kept = session.scalar(select(SearchRow).where(SearchRow.document_id == row.id))
    if kept is None:
        kept = SearchRow(document_id=row.id, text="")
        session.add(kept)
    kept.owner, kept.code, kept.type = names, codes, row.doc_type or ""
    if text is not None:
        kept.text = text
    session.flush()
    dialect.index_words(session, kept.id, (kept.owner, kept.code, kept.type, kept.text))


def refresh_owner(session: Session, owner: UUID) -> None:
    """The owner's name or numbers changed: what its store holds is found by the new ones."""
    held = select(StoreEntryRow.document_id).join(StoreRow)
    held = held.where(StoreRow.owner_id == owner, StoreEntryRow.to_at.is_(None))
    for row in session.scalars(select(DocumentRow).where(DocumentRow.id.in_(held))):
        make_findable(session, row, None)


def _names(session: Session, row: DocumentRow) -> list[str]:
    words = []
    for entry in row.entries:
        if entry.to_at is None:
            owner = session.get_one(OwnerRow, entry.store.owner_id)
            words += [owner.name or "", *(one.identifier for one in owner.identifiers)]
    return words
