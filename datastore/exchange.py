"""Documents under the codes of other systems (official letter 7197), with what those systems say about them.

A code belongs to the agency that took the document in and names one document of it for good; what is said about
the document can be said anew. Promised: nobody finds by a code what it may not see.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from datastore.errors import AlreadyThere, NotFound, SaidOtherwise
from datastore.holdings import last_in_place_of
from datastore.locks import hold
from datastore.records import Exchanged
from datastore.rights import Act
from datastore.rows import DocumentRow, ExchangeRow
from datastore.scope import Scope


class Exchange:
    """The repository of documents under foreign codes."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def keep(self, code: str, document: UUID, said: Mapping[str, object], *, anew: bool = True) -> Exchanged:
        """Name a document; the same again, or what took its place, says the same document `anew`. AlreadyThere when it
        names another.

        Not anew: what was said of it stays; SaidOtherwise when that is something else.
        """
        self._scope.ask(Act.TAKE_IN)
        paper = self._scope.document(document)
        hold(self._session, f"exchange {paper.intake_agency} {code}")
        query = select(ExchangeRow).where(ExchangeRow.agency == paper.intake_agency, ExchangeRow.code == code)
        row = self._session.scalar(query)
        if row is None:
            row = ExchangeRow(
                id=self._scope.id(),
                agency=paper.intake_agency,
                code=code,
                document_id=document,
                made_at=self._scope.at,
            )
            self._session.add(row)
        elif not self._names(row, document):
            raise AlreadyThere(what="DocCode", name=code)
        elif not anew:
            if others := sorted(name for name in {*row.said, *said} if row.said.get(name) != said.get(name)):
                raise SaidOtherwise(name=code, names=", ".join(others))
            return _exchanged(row)
        row.said, row.changed_at = dict(said), self._scope.at
        self._session.flush()
        return _exchanged(row)

    def _names(self, row: ExchangeRow, document: UUID) -> bool:
        if row.document_id == document:
            return True
        named = self._session.get_one(DocumentRow, row.document_id)
        return last_in_place_of(self._session, named).id == document

    def find(self, code: str) -> Exchanged:
        """The document under a code, of those that the actor may see; NotFound."""
        self._scope.ask(Act.SEE_PAPERS)
        visible = select(DocumentRow.id).where(self._scope.visible_documents())
        query = select(ExchangeRow).where(ExchangeRow.code == code, ExchangeRow.document_id.in_(visible))
        row = self._session.scalar(query.order_by(ExchangeRow.made_at, ExchangeRow.id).limit(1))
        if row is None:
            raise NotFound(what="document")
        self._scope.document(row.document_id)
        return _exchanged(row)


def _exchanged(row: ExchangeRow) -> Exchanged:
    return Exchanged(row.code, row.document_id, row.said, row.made_at, row.changed_at)
