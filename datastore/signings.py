"""Signing exactly once: the intention is written down before anybody signs, the result after.

1. `intend` keeps the `ToBeSigned` and the prepared PDF; a second intention for the same version and role
   gives back the first one, whatever it asked for.
2. `signed` keeps the signature value as it came from a key, a token or a remote service, hours later perhaps.
3. `complete` makes the revision. Repeated after a crash, each gives what already stands; (version, role) is
   unique in both tables, so there are never two signatures of one role.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from datastore import mapping
from datastore.errors import IllegalTransition, NotFound, StaleState
from datastore.objects import StoredObject
from datastore.records import Revision, Signing, SigningState
from datastore.rights import Act
from datastore.rows import DocumentRow, RevisionRow, SigningRow, VersionRow
from datastore.scope import Scope
from signing import Role


@dataclass(frozen=True, slots=True)
class NewRevision:
    """The signed PDF as it was put under `objects.pdf_key`."""

    object: StoredObject
    signed_at: datetime
    level: str


class Signings:
    """The repository of signing intentions and what came of them."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def intend(
        self,
        id: UUID,
        document: UUID,
        role: Role,
        *,
        to_be_signed: Mapping[str, object],
        prepared: StoredObject | None = None,
    ) -> Signing:
        """Write down that the newest version is to be signed in this role; the earlier intention if there
        is one.

        When another one is given back, its `id` differs and `prepared` is left to the sweep of orphans.
        """
        self._scope.ask(Act.SIGN)
        row = self._scope.document(document)
        version = row.versions[-1]
        query = select(SigningRow).where(SigningRow.version_id == version.id, SigningRow.role == role)
        signing = self._session.scalar(query)
        if signing is None:
            signing = SigningRow(
                id=id,
                version=version,
                role=role,
                state=SigningState.PREPARED,
                to_be_signed=dict(to_be_signed),
                prepared=None if prepared is None else self._scope.name_object(prepared, row.id),
                prepared_at=self._scope.at,
                prepared_by=self._scope.actor.person,
            )
            self._session.add(signing)
            self._session.flush()
        return _signing(signing)

    def withdraw(self, id: UUID) -> None:
        """Take back an intention that nobody signed, so that it can be prepared anew; IllegalTransition
        else."""
        self._scope.ask(Act.SIGN)
        row, _document = self._row(id)
        if row.state != SigningState.PREPARED:
            raise IllegalTransition(what="signing", old=row.state, new="withdrawn")
        self._session.delete(row)
        self._session.flush()

    def signed(self, id: UUID, signature: bytes) -> Signing:
        """Keep the signature value; a second one for the same intention is refused unless it is the same."""
        self._scope.ask(Act.SIGN)
        row, _document = self._row(id)
        if row.state == SigningState.PREPARED:
            row.state, row.signature = SigningState.SIGNED, signature
            self._session.flush()
        elif row.signature not in (None, signature):
            raise StaleState(what="signing")
        return _signing(row)

    def complete(self, id: UUID, revision: NewRevision) -> Revision:
        """Make the revision; the one that stands when it was made before (then the new object is an
        orphan)."""
        self._scope.ask(Act.SIGN)
        row, document = self._row(id)
        standing = [one for one in row.version.revisions if one.role == row.role]
        if standing:
            return mapping.revision(standing[0])
        made = RevisionRow(
            id=self._scope.id(),
            k=len(row.version.revisions) + 1,
            role=row.role,
            object=self._scope.name_object(revision.object, document.id),
            sha256=revision.object.sha256_plain.value,
            signed_at=revision.signed_at,
            level=revision.level,
        )
        row.version.revisions.append(made)
        row.state, row.completed_at = SigningState.COMPLETED, self._scope.at
        document.changed_at = self._scope.at
        self._session.flush()
        return mapping.revision(made)

    def get(self, id: UUID) -> Signing:
        """The intention; NotFound."""
        self._scope.ask(Act.SEE_PAPERS)
        return _signing(self._row(id)[0])

    def of_document(self, document: UUID) -> tuple[Signing, ...]:
        """The intentions for the newest version, oldest first."""
        self._scope.ask(Act.SEE_PAPERS)
        version = self._scope.document(document).versions[-1]
        query = select(SigningRow).where(SigningRow.version_id == version.id)
        return tuple(_signing(row) for row in self._session.scalars(query.order_by(SigningRow.prepared_at)))

    def _row(self, id: UUID) -> tuple[SigningRow, DocumentRow]:
        """The intention and its document, which is locked before the intention is read."""
        query = select(VersionRow.document_id).join(SigningRow, SigningRow.version_id == VersionRow.id)
        document = self._session.scalar(query.where(SigningRow.id == id))
        if document is None:
            raise NotFound(what="signing", id=id)
        paper = self._scope.document(document)
        return self._session.get_one(SigningRow, id, populate_existing=True), paper


def _signing(row: SigningRow) -> Signing:
    return Signing(
        id=row.id,
        document_id=row.version.document_id,
        version_id=row.version_id,
        role=Role(row.role),
        state=SigningState(row.state),
        to_be_signed=row.to_be_signed,
        prepared=mapping.stored_or_none(row.prepared),
        signature=row.signature,
        prepared_at=row.prepared_at,
        prepared_by=row.prepared_by,
        completed_at=row.completed_at,
    )
