"""Receipts: the slip that a citizen takes home for a paper, numbered per agency."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import bindparam, func, select

from datastore.dialect import ask_one, beside
from datastore.locks import hold
from datastore.records import Receipt
from datastore.rights import Act
from datastore.rows import ReceiptRow
from datastore.scope import Scope
from datastore.witness import bind

_GIVEN = select(ReceiptRow).where(
    ReceiptRow.document_id == bindparam("document"), ReceiptRow.agency == bindparam("agency")
)
_LAST = select(func.max(ReceiptRow.number)).where(ReceiptRow.agency == bindparam("agency"))


class Receipts:
    """The repository of receipts."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session
        self._last = 0
        """The last number that this transaction gave: its receipt may wait to be written."""

    def issue(self, document: UUID, content: Mapping[str, object]) -> Receipt:
        """A receipt for the paper; the one that was given when there is one already."""
        self._scope.ask_to_bring_in()
        paper = self._scope.document_to_change(document)
        agency = self._scope.actor.agency
        first = self._scope.has_none_yet(ReceiptRow, document)
        row = None if first else self._session.scalar(_GIVEN, {"document": document, "agency": agency})
        if row is None:
            bind(self._session)  # until this transaction ends no other paper of the agency gets a number
            hold(self._session, f"receipts {agency}")
            given_before = ask_one(beside(self._session), _LAST, {"agency": agency}) or 0
            self._last = max(given_before, self._last) + 1
            row = ReceiptRow(
                id=self._scope.id(),
                number=self._last,
                document_id=document,
                dossier=paper.dossier,
                agency=agency,
                issued_at=self._scope.at,
                issued_by=self._scope.actor.person,
                content=dict(content),
            )
            self._scope.write(row)
        return _receipt(row)

    def of_document(self, document: UUID) -> tuple[Receipt, ...]:
        """The receipts given for a paper."""
        self._scope.ask(Act.SEE_PAPERS)
        self._scope.document(document)
        query = select(ReceiptRow).where(ReceiptRow.document_id == document).order_by(ReceiptRow.issued_at)
        return tuple(_receipt(row) for row in self._session.scalars(query))


def _receipt(row: ReceiptRow) -> Receipt:
    return Receipt(
        id=row.id,
        number=row.number,
        document_id=row.document_id,
        dossier=row.dossier,
        agency=row.agency,
        issued_at=row.issued_at,
        issued_by=row.issued_by,
        content=row.content,
    )
