"""The diary: who did what with whose papers, why and when. Lines are only ever added, by `Scope.note`.

An owner sees every line about itself, whoever wrote it; staff sees what its own agency did. Of which paper a line
speaks is told by its id, and by type and code to whoever sees that paper: never under the code of another owner. The
same see to whom a print was given, and why: that stands in the register, and only there.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from datastore.records import DiaryLine, Place, PrintTold
from datastore.rights import Act
from datastore.rows import CodeRow, DiaryRow, DocumentRow, PrintRow
from datastore.scope import Scope

MOST = 1000
"""Lines of one page."""
_PaperThen = tuple[UUID | None, datetime]


class Diary:
    """The repository of diary lines."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def of_owner(
        self, owner: UUID, *, after: Place | None = None, limit: int = MOST
    ) -> tuple[DiaryLine, ...]:
        """The lines about an owner, oldest first: at most `limit`, those after a place.

        Reading them is a line as well, seen next time.
        """
        self._scope.ask(Act.READ_DIARY)
        self._scope.require_owner(owner)
        lines = self._lines(DiaryRow.owner_id == owner, after, limit)
        self._scope.note(owner=owner)
        return self._named(lines)

    def of_document(
        self, document: UUID, *, after: Place | None = None, limit: int = MOST
    ) -> tuple[DiaryLine, ...]:
        """The lines about a document, oldest first: at most `limit`, those after a place."""
        self._scope.ask(Act.READ_DIARY)
        self._scope.document(document)
        return self._named(self._lines(DiaryRow.document_id == document, after, limit))

    def report(self, note: str) -> None:
        """A line of its own for what happened and is about nobody's paper; `note` without personal data."""
        self._scope.ask(Act.REPORT)
        self._scope.note(note=note)

    def reports(self, act: str) -> tuple[DiaryLine, ...]:
        """The agency's lines of `act` that are about nobody's paper, oldest first."""
        self._scope.ask(Act.READ_DIARY)
        about_nobody = DiaryRow.owner_id.is_(None), DiaryRow.document_id.is_(None)
        return self._lines(and_(DiaryRow.act == act, *about_nobody))

    def of_agency(
        self,
        *,
        person: str | None = None,
        act: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Place | None = None,
        limit: int = MOST,
    ) -> tuple[DiaryLine, ...]:
        """What the agency did, oldest first, for its auditor: of one person, one act, between two instants.

        At most `limit`, those after a place; reading them is a line as well.
        """
        self._scope.ask(Act.AUDIT)
        which: list[ColumnElement[bool]] = [DiaryRow.agency.in_(self._scope.agencies)]
        which += [] if person is None else [DiaryRow.person == person]
        which += [] if act is None else [DiaryRow.act == act]
        which += [] if since is None else [DiaryRow.at >= since]
        which += [] if until is None else [DiaryRow.at < until]
        lines = self._lines(and_(*which), after, min(limit, MOST))
        self._scope.note()
        return lines

    def _lines(
        self, which: ColumnElement[bool], after: Place | None = None, limit: int | None = None
    ) -> tuple[DiaryLine, ...]:
        query = select(DiaryRow).where(which)
        if after is not None:
            later = and_(DiaryRow.at == after.at, DiaryRow.id > after.id)
            query = query.where(or_(DiaryRow.at > after.at, later))
        own = self._scope.own_id
        if own is None:
            query = query.where(DiaryRow.agency.in_(self._scope.agencies))
        else:
            query = query.where(DiaryRow.owner_id == own)
        rows = self._session.scalars(query.order_by(DiaryRow.at, DiaryRow.id).limit(limit))
        return tuple(_line(row) for row in rows)

    def _named(self, lines: Sequence[DiaryLine]) -> tuple[DiaryLine, ...]:
        """These lines with type, code and print of each paper that the reader sees; an auditor sees none."""
        documents = {line.document_id for line in lines if line.document_id is not None}
        if not documents or not self._scope.may(Act.SEE_PAPERS):
            return tuple(lines)
        seen = and_(DocumentRow.id.in_(documents), self._scope.visible_documents())
        types = {
            row.id: row.doc_type
            for row in self._session.execute(select(DocumentRow.id, DocumentRow.doc_type).where(seen))
        }
        given = select(CodeRow.document_id, CodeRow.owner_id, CodeRow.code)
        given = given.where(CodeRow.document_id.in_(types), CodeRow.ended_at.is_(None))
        codes = {(row.document_id, row.owner_id): row.code for row in self._session.execute(given)}
        prints = self._prints(types, {line.at for line in lines if line.document_id in types})
        return tuple(
            replace(
                line,
                doc_type=types[line.document_id],
                code=codes.get((line.document_id, line.owner_id)),
                prints=prints.get((line.document_id, line.at), ()),
            )
            if line.document_id in types
            else line
            for line in lines
        )

    def _prints(
        self, documents: Collection[UUID], instants: Collection[datetime]
    ) -> dict[_PaperThen, tuple[PrintTold, ...]]:
        """The prints of these papers that were asked for or taken back then: in the transaction of the line."""
        of_then = or_(PrintRow.at.in_(instants), PrintRow.revoked_at.in_(instants))
        query = select(PrintRow).where(PrintRow.document_id.in_(documents), of_then)
        found: dict[_PaperThen, tuple[PrintTold, ...]] = {}
        for row in self._session.scalars(query.order_by(PrintRow.number)):
            told = {row.at: PrintTold(row.number, row.to_whom, row.reason)}
            if row.revoked_at is not None:
                reason = row.revoke_reason or ""
                told[row.revoked_at] = PrintTold(row.number, row.to_whom, reason, taken_back=True)
            for then, one in told.items():
                found[row.document_id, then] = (*found.get((row.document_id, then), ()), one)
        return found


def _line(row: DiaryRow) -> DiaryLine:
    return DiaryLine(
        id=row.id,
        at=row.at,
        person=row.person,
        role=row.role,
        agency=row.agency,
        act=row.act,
        purpose=row.purpose,
        dossier=row.dossier,
        owner_id=row.owner_id,
        document_id=row.document_id,
        outcome=row.outcome,
        note=row.note,
    )
