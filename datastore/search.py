"""Finding documents by owner, code, type and text, with and without accents.

The words as they were written and folded are kept in `search`; the index over them belongs to `dialect`.
Promised: only documents that the actor may see are found, and their owners' diaries tell.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from uuid import UUID

from sqlalchemy import FromClause, Integer, Row, Select, bindparam, func, select

from datastore import dialect, listing, mapping
from datastore.dialect import Findable, Writing
from datastore.locks import locked
from datastore.records import DocumentRecord, ListedDocument, SearchField
from datastore.rights import Act
from datastore.rows import DocumentRow, SearchRow, StoreEntryRow, StoreRow
from datastore.scope import Scope, Sight, papers_in

_Hit = tuple[UUID, str, str, str]
_MOST = 100
"""More hits than a person reads; a narrower question is the answer to more."""
_RANKED = 200
"""So many of the newest hits are compared: what a frequent word costs must not grow with the archive."""
_RECENT = 2_000
"""Rows among which hits are sought first."""
_MANY = 100_000
"""Rows beyond which the index is asked for every hit: of words that are there so rarely it has few."""


class Search:
    """The repository of what can be found."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def find(
        self,
        query: str,
        *,
        field: SearchField | None = None,
        types: Sequence[str] = (),
        limit: int = _MOST,
    ) -> tuple[DocumentRecord, ...]:
        """The documents with every word of `query`; of very many the newest.

        Best first: found by its code, by its owner, by its type, by its text; of each the newest.

        `nguyen` finds `Nguyễn` and `nguyen`; `Nguyễn` finds only what is written so. The last word may be the
        beginning of one. Owner numbers are found under `owner`, slot codes under `code`. Where the words name `types`,
        the papers that have one of these codes as their type are found instead, the newest first.
        """
        ids = self._best(query, field, types, limit)
        rows = {
            row.id: row for row in self._session.scalars(select(DocumentRow).where(DocumentRow.id.in_(ids)))
        }
        documents = [rows[id] for id in ids if id in rows]
        self._scope.note()
        for row in documents:
            self._scope.note_document(row)
        return tuple(mapping.document(row, self._scope.own_id) for row in documents)

    def listed(
        self,
        query: str,
        *,
        field: SearchField | None = None,
        types: Sequence[str] = (),
        limit: int = _MOST,
    ) -> tuple[ListedDocument, ...]:
        """`find` as lines of a list."""
        ids = self._best(query, field, types, limit)
        found = listing.listed(self._session, ids, self._scope.own_id)
        self._scope.note()
        for document, owner in listing.owners_of(self._session, ids):
            self._scope.note(owner=owner, document=document)
        return found

    def _best(self, query: str, field: SearchField | None, types: Sequence[str], limit: int) -> list[UUID]:
        self._scope.ask(Act.SEE_PAPERS)
        if types:
            codes = dialect.whole(types)
            return [hit.document_id for hit in self._newest(codes, SearchField.TYPE, limit, types)]
        terms = dialect.terms_of(query)
        if not terms:
            return []
        place = dialect.placing(terms)
        best = sorted(
            self._newest(terms, field, max(limit, _RANKED)),
            key=lambda hit: place((hit.code, hit.owner, hit.type)),
        )
        return [hit.document_id for hit in best[:limit]]

    def _newest(
        self, terms: Sequence[dialect.Term], field: str | None, most: int, types: Sequence[str] = ()
    ) -> Sequence[Row[*_Hit]]:
        """The newest `most` hits that the actor may see: with every word, or with one of them that is just its type.

        Sought among the newest rows, then among as many more as these let expect to hold enough, at last among all.
        """
        connection = self._session.connection()
        last = connection.scalar(_LAST) or 0
        of_types = {"types": list(types)} if types else {}
        rows = _RECENT
        while True:
            among = range(last - rows + 1, last + 1) if rows < min(last, _MANY) else None
            hits = dialect.hits_of(self._session, terms, field, among, any_of=bool(types))
            seen = _seen(hits.rows, self._scope.sight, of_types=bool(types))
            found = connection.execute(seen, {**hits.asked, **of_types, "most": most}).all()
            if among is None or len(found) == most:
                return found
            rows = rows * 2 * most // max(len(found), 1)


@lru_cache(maxsize=1_000)
def _seen(hits: FromClause, sight: Sight, *, of_types: bool) -> Select[*_Hit]:
    """The first of these search rows whose documents are in sight. Remembered, as `papers_in`."""
    seen = (
        select(SearchRow.document_id, SearchRow.code, SearchRow.owner, SearchRow.type)
        .select_from(hits)
        .join(SearchRow, SearchRow.id == hits.c.id)
        .join(DocumentRow, DocumentRow.id == SearchRow.document_id)
        .where(papers_in(sight))
        .order_by(hits.c.id.desc())
        .limit(bindparam("most", type_=Integer))
    )
    # The index finds a code also inside a longer one.
    return seen.where(SearchRow.type.in_(bindparam("types", expanding=True))) if of_types else seen


_LAST = select(func.max(SearchRow.id))


def said_in(query: str) -> Callable[[str], bool]:
    """Whether a text has every word of a question, as `Search.find` finds one; no text has those of an empty one."""
    terms = dialect.terms_of(query)
    place = dialect.placing(terms)
    return lambda text: bool(terms) and place((text,)) == 0


def make_findable(scope: Scope, row: DocumentRow, text: str | None, *, new: bool = False) -> None:
    """Make the document findable as it stands; `text` None keeps the text that is there."""
    session = scope.session
    names = " ".join(_names(scope, row))  # before the search row is locked: see `locks`
    codes = " ".join(code.code for code in row.codes if code.ended_at is None)
    said = None if text is None else text.replace("\0", " ")  # what a hostile PDF says, and no database keeps
    fields = {"owner": names, "code": codes, "type": row.doc_type or "", "text": said or ""}
    if new:
        assert isinstance(session, Writing)
        session.later([Findable(row.id, tuple(fields.values()))])
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
