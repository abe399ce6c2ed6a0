"""Finding documents by owner, code, type and text, with and without accents.

The words as they were written and folded are kept in `search`; the index over them belongs to `dialect`.
Promised: only documents that the actor may see are found, and their owners' diaries tell.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select

from datastore import dialect, listing, mapping
from datastore.locks import locked
from datastore.records import DocumentRecord, ListedDocument, SearchField
from datastore.rights import Act
from datastore.rows import DocumentRow, SearchRow, StoreEntryRow, StoreRow
from datastore.scope import Scope

_MOST = 100
"""More hits than a person reads; a narrower question is the answer to more."""
_RANKED = 200
"""So many of the newest hits are compared: what a frequent word costs must not grow with the archive."""


class Search:
    """The repository of what can be found."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def find(
        self, query: str, *, field: SearchField | None = None, limit: int = _MOST
    ) -> tuple[DocumentRecord, ...]:
        """The documents with every word of `query`; of very many the newest.

        Best first: found by its code, by its owner, by its type, by its text; of each the newest.

        `nguyen` finds `Nguyễn` and `nguyen`; `Nguyễn` finds only what is written so. The last word may be the
        beginning of one. Owner numbers are found under `owner`, slot codes under `code`.
        """
        ids = self._best(query, field, limit)
        rows = {
            row.id: row for row in self._session.scalars(select(DocumentRow).where(DocumentRow.id.in_(ids)))
        }
        documents = [rows[id] for id in ids if id in rows]
        self._scope.note()
        for row in documents:
            self._scope.note_document(row)
        return tuple(mapping.document(row, self._scope.own_id) for row in documents)

    def listed(
        self, query: str, *, field: SearchField | None = None, limit: int = _MOST
    ) -> tuple[ListedDocument, ...]:
        """`find` as lines of a list."""
        ids = self._best(query, field, limit)
        found = listing.listed(self._session, ids, self._scope.own_id)
        self._scope.note()
        for document, owner in listing.owners_of(self._session, ids):
            self._scope.note(owner=owner, document=document)
        return found

    def _best(self, query: str, field: SearchField | None, limit: int) -> list[UUID]:
        self._scope.ask(Act.SEE_PAPERS)
        terms = dialect.terms_of(query)
        if not terms:
            return []
        hits = dialect.hits_of(self._session, terms, field)
        most = max(limit, _RANKED)
        for window in (2 * most, 10 * most):
            rows = dialect.newest_of(self._session, hits, window)
            found = self._seen(SearchRow.id.in_(rows), most)
            if len(found) == most or len(rows) < window:
                break
        else:  # nearly all are others': look through all of them
            every = select(SearchRow.id).join(hits.table, hits.row == SearchRow.id).where(hits.matches)
            found = self._seen(SearchRow.id.in_(every), most)
        best = sorted(found, key=lambda hit: dialect.place_of(terms, (hit.code, hit.owner, hit.type)))
        return [hit.document_id for hit in best[:limit]]

    def _seen(self, which: ColumnElement[bool], most: int) -> Sequence[Row[UUID, str, str, str]]:
        """Of these search rows the newest whose documents the actor may see."""
        query = (
            select(SearchRow.document_id, SearchRow.code, SearchRow.owner, SearchRow.type)
            .join(DocumentRow, DocumentRow.id == SearchRow.document_id)
            .where(which, self._scope.visible_documents())
            .order_by(SearchRow.id.desc())
        )
        return self._session.execute(query.limit(most)).all()


def make_findable(scope: Scope, row: DocumentRow, text: str | None, *, new: bool = False) -> None:
    """Make the document findable as it stands; `text` None keeps the text that is there."""
    session = scope.session
    names = " ".join(_names(scope, row))  # before the search row is locked: see `locks`
    codes = " ".join(code.code for code in row.codes if code.ended_at is None)
    said = None if text is None else text.replace("\0", " ")  # what a hostile PDF says, and no database keeps
    fields = {"owner": names, "code": codes, "type": row.doc_type or "", "text": said or ""}
    if new:
        dialect.make_findable(session.connection(), row.id, tuple(fields.values()))
        return
    session.flush()
    kept = session.scalars(locked(select(SearchRow).where(SearchRow.document_id == row.id))).one()
    kept.owner, kept.code, kept.type = fields["owner"], fields["code"], fields["type"]
    kept.text = kept.text if said is None else said
    session.flush()
    dialect.index_words(session, kept.id, (kept.owner, kept.code, kept.type, kept.text))


def refresh_owner(scope: Scope, owner: UUID) -> None:
    """The owner's name or numbers changed: what its store holds is found by the new ones."""
    held = select(StoreEntryRow.document_id).join(StoreRow)
    held = held.where(StoreRow.owner_id == owner, StoreEntryRow.to_at.is_(None))
    for row in scope.session.scalars(select(DocumentRow).where(DocumentRow.id.in_(held))):
        make_findable(scope, row, None)


def _names(scope: Scope, row: DocumentRow) -> list[str]:
    words = []
    for owner in scope.owners([entry.store.owner_id for entry in row.entries if entry.to_at is None]):
        words += [owner.name or "", *(one.identifier for one in owner.identifiers)]
    return words
