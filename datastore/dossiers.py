"""Dossiers: opened, papers attached, events, closed once. The number comes from the one-stop system, never
from here."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from common import Digest
from datastore import mapping
from datastore.errors import AlreadyThere, IllegalTransition, NotFound
from datastore.events import attached, parsed_number
from datastore.locks import locked
from datastore.records import AttachedHow, Citation, DocumentRecord, Dossier, DossierState, Ending
from datastore.rights import Act
from datastore.rows import CitationRow, DocumentRow, DossierDocumentRow, DossierRow
from datastore.scope import Scope
from datastore.telling import add_event


class Dossiers:
    """The repository of dossiers."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def open(self, number: str, *, procedure: str, agency: str | None = None) -> Dossier:
        """Open a dossier received by the actor's agency, for `agency` to decide; AlreadyThere."""
        self._scope.ask(Act.OPEN_DOSSIER)
        scope = self._scope
        row = DossierRow(
            id=scope.id(),
            number=number,
            procedure=procedure,
            agency=agency or scope.actor.agency,
            intake_agency=scope.actor.agency,
            state=DossierState.OPEN,
            opened_at=scope.at,
        )
        try:
            with self._session.begin_nested():
                self._session.add(row)
                self._session.flush()
        except IntegrityError as error:
            raise AlreadyThere(what="dossier", name=number) from error
        add_event(scope, row, "received", None)
        return self._done(row)

    def get(self, number: str) -> Dossier:
        """The dossier with its events and papers; NotFound."""
        self._scope.ask(Act.SEE_DOSSIERS)
        return self._done(self._row(number))

    def papers(self, number: str) -> tuple[DocumentRecord, ...]:
        """Every paper of the dossier that the actor may see: attached, or taken in for it."""
        self._scope.ask(Act.SEE_PAPERS)
        row = self._row(number)
        attached = [one.document_id for one in row.documents]
        query = select(DocumentRow).where(
            DocumentRow.id.in_(attached) | (DocumentRow.dossier == number), self._scope.visible_documents()
        )
        found = list(self._session.scalars(query.order_by(DocumentRow.received_at, DocumentRow.id)))
        for document in found:
            self._scope.note_document(document)
        return tuple(mapping.document(document, self._scope.own_id) for document in found)

    def attach(self, number: str, document: UUID, *, component: str, how: AttachedHow) -> Dossier:
        """Put a paper into an open dossier as a component; attached before is no error."""
        self._scope.ask(Act.ATTACH)
        paper = self._scope.document(document)
        row = self._row(number)
        if any((one.document_id, one.component) == (document, component) for one in row.documents):
            return self._done(row)
        self._require_open(row, "attached")
        row.documents.append(
            DossierDocumentRow(
                id=self._scope.id(),
                document_id=paper.id,
                component=component,
                how=how,
                attached_at=self._scope.at,
            )
        )
        if paper.dossier is None and how == AttachedHow.KEPT:
            paper.dossier = number
        attached(self._scope, row, paper, component, how)
        return self._done(row)

    def cite(self, number: str, document: UUID, *, component: str, version: int, sha256: Digest) -> Citation:
        """Attach a paper that was held before, as these bytes; the same again is no error.

        IllegalTransition when the dossier is closed; AlreadyThere when it cites other bytes of the paper.
        """
        self.attach(number, document, component=component, how=AttachedHow.REUSED)
        row = self._row(number)
        query = select(CitationRow).where(
            CitationRow.dossier_id == row.id,
            CitationRow.component == component,
            CitationRow.document_id == document,
        )
        made = self._session.scalar(query)
        if made is None:
            made = CitationRow(
                id=self._scope.id(),
                dossier_id=row.id,
                document_id=document,
                component=component,
                version=version,
                sha256=sha256.value,
                at=self._scope.at,
                by=self._scope.actor.person,
            )
            self._session.add(made)
            self._session.flush()
        if (made.version, made.sha256) != (version, sha256.value):
            raise AlreadyThere(what="citation", name=component)
        return _citation(made)

    def citations(self, number: str) -> tuple[Citation, ...]:
        """Which bytes the dossier cites, oldest first."""
        self._scope.ask(Act.SEE_DOSSIERS)
        row = self._row(number)
        query = select(CitationRow).where(CitationRow.dossier_id == row.id)
        found = self._session.scalars(query.order_by(CitationRow.at, CitationRow.id))
        return tuple(_citation(one) for one in found)

    def record(self, number: str, kind: str, note: str | None = None) -> Dossier:
        """Write an event of an open dossier: `supplement`, `transferred`."""
        self._scope.ask(Act.RECORD_EVENT)
        row = self._row(number)
        self._require_open(row, kind)
        add_event(self._scope, row, kind, note)
        return self._done(row)

    def close(self, number: str, state: DossierState, note: str | None = None) -> Ending:
        """Close it; the same ending twice is no error and changes nothing, another one is IllegalTransition.

        What the ending means for each paper is decided by `archive` and done by a step.
        """
        self._scope.ask(Act.CLOSE_DOSSIER)
        self._lock_papers(number)
        row = self._row(number)
        if row.state == state != DossierState.OPEN:
            return Ending(self._done(row), now=False)
        self._require_open(row, state)
        if state == DossierState.OPEN:
            raise IllegalTransition(what="dossier", old=row.state, new=state)
        row.state, row.closed_at = state, self._scope.at
        add_event(self._scope, row, state, note)
        return Ending(self._done(row), now=True)

    def _lock_papers(self, number: str) -> None:
        """What the ending means for its papers is done in the same transaction: they are locked before it is."""
        attached = select(DossierDocumentRow.document_id).join(DossierRow).where(DossierRow.number == number)
        query = select(DocumentRow).where(
            DocumentRow.id.in_(attached) | (DocumentRow.dossier == number), self._scope.visible_documents()
        )
        self._session.scalars(locked(query.order_by(DocumentRow.id))).all()

    @staticmethod
    def _require_open(row: DossierRow, step: str) -> None:
        if row.state != DossierState.OPEN:
            raise IllegalTransition(what="dossier", old=row.state, new=step)

    def _row(self, number: str) -> DossierRow:
        query = select(DossierRow).where(DossierRow.number == number, self._scope.visible_dossiers())
        row = self._session.scalar(locked(query) if self._scope.own_id is None else query)
        if row is None:
            raise NotFound(what="dossier", id=parsed_number(number))
        return row

    def _done(self, row: DossierRow) -> Dossier:
        self._session.flush()
        self._scope.note(dossier=row.number)
        return mapping.dossier(row)


def state_of(session: Session, number: str) -> DossierState | None:
    """How far a dossier is, for anybody: that and nothing else. None when there is none."""
    found = session.scalar(select(DossierRow.state).where(DossierRow.number == number))
    return None if found is None else DossierState(found)


def _citation(row: CitationRow) -> Citation:
    return Citation(row.document_id, row.component, row.version, Digest(row.sha256), row.at, row.by)
