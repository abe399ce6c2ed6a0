"""The print register: every paper copy numbered, with a short code and a place in the status list.

A document's status governs all its prints; each print can be revoked by itself as well. A seal is kept only
for a print of a `valid` document. The public may ask what a short code or the whole list says: a status and
nothing else.

A print is made in steps by processes that hold different keys: requested → sealed → listed → ready. A step is
taken once and only forwards; a print that was taken back goes no further.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, text
from sqlalchemy.orm import Session

from archive import Status
from common import Digest
from datastore import mapping
from datastore.errors import IllegalTransition, NotFound, StaleState
from datastore.events import print_revoked, printed
from datastore.locks import hold
from datastore.objects import StoredObject
from datastore.records import AbandonedPrint, JobState, Print, PrintState, PrintStatus
from datastore.rights import Act
from datastore.rows import DocumentRow, JobRow, PrintMakingRow, PrintRow
from datastore.scope import Scope
from signing import new_short_code

_Statuses = Select[int, datetime | None, str]
_PRINTABLE = (Status.PROVISIONAL, Status.VALID)
_STEPS = tuple(PrintState)


class Prints:
    """The repository of paper copies."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def issue(self, document: UUID, *, revision_sha256: Digest, to_whom: str, reason: str) -> Print:
        """Number a new print of a provisional or valid document; IllegalTransition for any other.

        `number` counts from 1 within the document, `status_index` from 0 over all prints.
        """
        self._scope.ask(Act.PRINT)
        paper = self._scope.document(document)
        if paper.status not in _PRINTABLE:
            raise IllegalTransition(what="document", old=paper.status, new="print")
        last = select(func.max(PrintRow.number)).where(PrintRow.document_id == document)
        hold(self._session, "status index")
        last_index = self._session.scalar(select(func.max(PrintRow.status_index)))
        row = PrintRow(
            id=self._scope.id(),
            document_id=document,
            number=(self._session.scalar(last) or 0) + 1,
            short_code=new_short_code(),
            status_index=0 if last_index is None else last_index + 1,
            revision_sha256=revision_sha256.value,
            to_whom=to_whom,
            reason=reason,
            by=self._scope.actor.person,
            at=self._scope.at,
        )
        self._session.add(row)
        self._session.flush()
        self._session.add(
            PrintMakingRow(print_id=row.id, state=PrintState.REQUESTED, asked_at=self._scope.at, sheets=None)
        )
        self._session.flush()
        self._session.expire(row, ["making"])
        printed(self._scope, row, paper)
        return _print(row)

    def reach(self, id: UUID, state: PrintState) -> Print:
        """The making came as far as `state`; StaleState when it is not on its way there any more."""
        self._scope.ask(Act.FINISH_WORK)
        row, _paper = self._row(id)
        making = self._making(row)
        if _STEPS.index(PrintState(making.state)) >= _STEPS.index(state):
            raise StaleState(what="print")
        making.state = state
        self._session.flush()
        return _print(row)

    def keep_sheets(self, id: UUID, sheets: StoredObject, fingerprints: Sequence[str]) -> Print:
        """The sheets are made: the print is ready. StaleState when it was taken back, or is ready already."""
        self._scope.ask(Act.FINISH_WORK)
        row, paper = self._row(id)
        making = self._making(row)
        making.sheets = self._scope.name_object(sheets, paper.id)
        making.state, making.fingerprints = PrintState.READY, list(fingerprints)
        self._session.flush()
        return _print(row)

    def in_making(self, document: UUID) -> tuple[Print, ...]:
        """The prints of a document that are on their way, in their order."""
        self._scope.ask(Act.PRINT)
        return tuple(
            one
            for one in self.of_document(document)
            if one.state is not PrintState.READY and one.revoked_at is None
        )

    def _making(self, row: PrintRow) -> PrintMakingRow:
        """What is being made of a print; StaleState when it was taken back, or is made."""
        if row.making is None or row.making.state == PrintState.READY or row.revoked_at is not None:
            raise StaleState(what="print")
        return row.making

    def set_seal(self, id: UUID, seal: bytes) -> Print:
        """Keep the print's seal, once; IllegalTransition unless its document is valid."""
        self._scope.ask(Act.PRINT)
        row, paper = self._row(id)
        if row.seal == seal:
            return _print(row)
        if row.seal is not None:
            raise StaleState(what="print")
        if paper.status != Status.VALID or row.revoked_at is not None:
            raise IllegalTransition(what="print", old=paper.status, new="sealed")
        row.seal = seal
        self._session.flush()
        return _print(row)

    def revoke(self, id: UUID, *, reason: str) -> Print:
        """Take back one print; twice is no error."""
        self._scope.ask(Act.PRINT)
        row, paper = self._row(id)
        if row.revoked_at is None:
            row.revoked_at, row.revoke_reason = self._scope.at, reason
            self._session.flush()
            print_revoked(self._scope, row, paper)
        return _print(row)

    def get(self, id: UUID) -> Print:
        """The print; NotFound."""
        self._scope.ask(Act.SEE_PAPERS)
        return _print(self._row(id)[0])

    def of_document(self, document: UUID, *, after: int = 0, limit: int | None = None) -> tuple[Print, ...]:
        """The prints of a document in their order: at most `limit`, those with a number above `after`."""
        self._scope.ask(Act.SEE_PAPERS)
        self._scope.document(document)
        query = select(PrintRow).where(PrintRow.document_id == document, PrintRow.number > after)
        rows = self._session.scalars(query.order_by(PrintRow.number).limit(limit))
        return tuple(_print(row) for row in rows)

    def statuses(self, document: UUID | None = None) -> Iterator[PrintStatus]:
        """Every allocated index in order, or those of one document, for the status list. Reads as it goes: use
        it inside the transaction."""
        self._scope.ask(Act.VERIFY)
        which = _statuses() if document is None else _statuses().where(PrintRow.document_id == document)
        return self._read(which.execution_options(yield_per=1000))

    def _read(self, query: _Statuses) -> Iterator[PrintStatus]:
        for index, revoked_at, status in self._session.execute(query):
            yield PrintStatus(index, Status(status), revoked_at is not None)

    def _row(self, id: UUID) -> tuple[PrintRow, DocumentRow]:
        """The print and its document, which is locked before the print is read."""
        document = self._session.scalar(select(PrintRow.document_id).where(PrintRow.id == id))
        if document is None:
            raise NotFound(what="print", id=id)
        try:
            paper = self._scope.document(document)
        except NotFound as error:  # a print of what may not be seen is none
            raise NotFound(what="print", id=id) from error
        return self._session.get_one(PrintRow, id, populate_existing=True), paper


def abandoned(session: Session, kinds: Collection[str], before: datetime) -> list[AbandonedPrint]:
    """Prints on their way for which no job of `kinds` waits or runs: one was set aside, or they are older than
    `before`."""

    def has_job(*states: JobState) -> ColumnElement[bool]:
        return exists().where(
            JobRow.document_id == PrintRow.document_id, JobRow.kind.in_(kinds), JobRow.state.in_(states)
        )

    query = (
        select(PrintRow.id, PrintRow.document_id, DocumentRow.intake_agency)
        .join(PrintMakingRow, PrintMakingRow.print_id == PrintRow.id)
        .join(DocumentRow, DocumentRow.id == PrintRow.document_id)
        .where(text("print_makings.state != 'ready'"))  # as the index has it
        .where(PrintRow.revoked_at.is_(None), ~has_job(JobState.QUEUED, JobState.CLAIMED))
        .where(or_(has_job(JobState.SET_ASIDE), PrintMakingRow.asked_at < before))
    )
    return [AbandonedPrint(*row) for row in session.execute(query)]


def _statuses() -> _Statuses:
    return (
        select(PrintRow.status_index, PrintRow.revoked_at, DocumentRow.status)
        .join(DocumentRow, DocumentRow.id == PrintRow.document_id)
        .order_by(PrintRow.status_index)
    )


def _print(row: PrintRow) -> Print:
    making = row.making
    return Print(
        id=row.id,
        document_id=row.document_id,
        number=row.number,
        short_code=row.short_code,
        status_index=row.status_index,
        revision_sha256=Digest(row.revision_sha256),
        to_whom=row.to_whom,
        reason=row.reason,
        by=row.by,
        at=row.at,
        seal=row.seal,
        revoked_at=row.revoked_at,
        revoke_reason=row.revoke_reason,
        state=PrintState.READY if making is None else PrintState(making.state),
        sheets=None if making is None or making.sheets is None else mapping.stored(making.sheets),
        fingerprints=() if making is None else tuple(making.fingerprints or ()),
    )
