"""Owners, their dated identifiers and their stores.

Promised: one owner per current identifier and one store per owner, whoever asks at the same moment. Staff of
every agency may look an owner up by number (a person moves); what the owner's store holds is filtered, and only
an agency that made the owner known or sees a paper of it corrects what is known.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from common import PartialDate, one_line
from datastore.dialect import ask_one
from datastore.errors import AlreadyThere, ChangedMeanwhile, IdentityDiffers, NotFound
from datastore.locks import hold, locked
from datastore.records import (
    DocumentRecord,
    Owner,
    OwnerIdentifier,
    OwnerKind,
    OwnerState,
    Stated,
    Store,
    StoreEntry,
)
from datastore.rights import Act
from datastore.rows import (
    DocumentRow,
    OwnerIdentifierRow,
    OwnerIdentityRow,
    OwnerRow,
    StatedRow,
    StoreEntryRow,
    StoreRow,
)
from datastore.scope import Scope
from datastore.search import refresh_owner
from ingest import AgencyCode, EnterpriseCode, Identifier, PersonalId, parse_identifier


class Owners:
    """The repository of owners and stores."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def ensure(
        self,
        identifier: str,
        *,
        name: str | None = None,
        birth_date: PartialDate | None = None,
        new: bool = False,
    ) -> Owner:
        """The owner who has this number now, made with a store when there is none; BadIdentifier.

        `new`: nobody had it a moment ago, so it is held before anybody is asked, and that only once.

        A name or birth date fills what was unknown and never replaces what is known: a difference is for a
        person to decide (`rename`).
        """
        self._scope.ask(Act.NAME_OWNER)
        parsed = parse_identifier(identifier)
        row = None if new else self._current(str(parsed))
        if row is None:
            self._hold(str(parsed))
            row = self._current(str(parsed)) if self._is_anybodys(str(parsed)) else None
        if row is None:
            row = self._make(parsed, name, birth_date)
        self._fill(row, name, birth_date)
        self._scope.note(owner=row.id)
        return _owner(row)

    def _fill(self, row: OwnerRow, name: str | None, birth_date: PartialDate | None) -> None:
        news = (row.name is None and name is not None) or (row.birth_date is None and birth_date is not None)
        if not news:
            return
        self._lock(row.id)
        if row.name is None and name is not None:
            row.name = one_line(name)
            refresh_owner(self._scope, row.id)
        if row.birth_date is None and birth_date is not None:
            row.birth_date = str(birth_date)

    def _hold(self, identifier: str) -> None:
        """Nobody else gives this number to an owner before the transaction ends."""
        hold(self._session, f"identifier {identifier}")

    def _lock(self, owner: UUID) -> OwnerRow:
        return self._session.scalars(locked(select(OwnerRow).where(OwnerRow.id == owner))).one()

    def _current(self, identifier: str) -> OwnerRow | None:
        found = self._session.scalar(_CURRENT, {"identifier": identifier})
        return found if self._scope.own_id is None or (found and found.id == self._scope.own_id) else None

    def _is_anybodys(self, identifier: str) -> bool:
        """Whether somebody has this number, which is held; numbers that this transaction gave are not overlooked."""
        return ask_one(self._session.connection(), _HAS, {"identifier": identifier}) is not None

    def _make(self, identifier: Identifier, name: str | None, birth_date: PartialDate | None) -> OwnerRow:
        """The owner with its number, which is held, its store and the key of that; nobody else knows them yet."""
        scope, id = self._scope, self._scope.id()
        row = OwnerRow(
            id=id,
            kind=kind_of(identifier),
            name=None if name is None else one_line(name),
            birth_date=None if birth_date is None else str(birth_date),
            state=OwnerState.LIVING,
            agency=scope.actor.agency,
            made_at=scope.at,
            identifiers=[
                OwnerIdentifierRow(
                    id=scope.id(),
                    owner_id=id,
                    identifier=str(identifier),
                    kind=_identifier_kind(identifier),
                    valid_from=scope.at,
                    valid_to=None,
                )
            ],
        )
        store = StoreRow(id=scope.id(), owner_id=id, opened_at=scope.at)
        scope.write(row, *row.identifiers, store, scope.keychain.new(str(store.id)))
        scope.named[id], scope.stores[id] = row, store
        return row

    def _add(
        self, row: OwnerRow, identifier: str, kind: str, since: datetime, until: datetime | None
    ) -> None:
        if until is None:
            self._hold(identifier)
        made = OwnerIdentifierRow(
            id=self._scope.id(), identifier=identifier, kind=kind, valid_from=since, valid_to=until
        )
        try:
            with self._session.begin_nested():
                row.identifiers.append(made)
                self._session.flush()
        except IntegrityError as error:
            raise AlreadyThere(what="identifier", name="") from error

    def add_identifier(
        self,
        owner: UUID,
        identifier: str,
        *,
        kind: str,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
    ) -> Owner:
        """Record a further number, former ones with `valid_to`; AlreadyThere when it is somebody's current
        one."""
        row = self._to_correct(owner)
        self._add(row, identifier, kind, valid_from or self._scope.at, valid_to)
        refresh_owner(self._scope, owner)
        self._scope.note(owner=owner)
        return _owner(row)

    def end_identifier(self, owner: UUID, identifier: str) -> Owner:
        """The number is not this owner's any more, from now on; NotFound when it was not."""
        row = self._to_correct(owner)
        current = [one for one in row.identifiers if one.identifier == identifier and one.valid_to is None]
        if not current:
            raise NotFound(what="identifier", id=owner)
        current[0].valid_to = self._scope.at
        self._scope.note(owner=owner)
        return _owner(row)

    def known(self, owner: UUID, *, seen: str | None = None) -> Owner:
        """What is known of an owner, for whoever may correct it: ChangedMeanwhile unless its tag is the one `seen`."""
        # Who only looks locks nothing; who will correct keeps it as it was seen.
        found = _owner(self._correctable(owner) if seen is None else self._to_correct(owner))
        if seen not in (None, found.tag):
            raise ChangedMeanwhile(what="owner")
        self._scope.note(owner=owner)
        return found

    def rename(
        self, owner: UUID, *, name: str, birth_date: PartialDate | None = None, reason: str | None = None
    ) -> Owner:
        """What a person decided after a difference was seen. Without a birth date the known one stays."""
        row = self._to_correct(owner)
        row.name = one_line(name)
        if birth_date is not None:
            row.birth_date = str(birth_date)
        refresh_owner(self._scope, owner)
        self._scope.note(owner=owner, note=reason)
        return _owner(row)

    def set_state(self, owner: UUID, state: OwnerState) -> Owner:
        """Record that a person died or an organisation was dissolved."""
        row = self._to_correct(owner)
        row.state = state
        self._scope.note(owner=owner)
        return _owner(row)

    def recognise(
        self,
        issuer: str,
        subject: str,
        identifier: str,
        *,
        name: str,
        birth_date: PartialDate | None = None,
    ) -> Owner:
        """The owner whom an identity belongs to that a provider has proven; made known with a store at first.

        IdentityDiffers, for a person to decide, when the number is that of somebody of another name or birth date or
        of a dead person, or when the identity was somebody else's; BadIdentifier.
        """
        self._scope.ask(Act.RECOGNISE_OWNER)
        parsed = str(parse_identifier(identifier))
        hold(self._session, f"identity {issuer} {subject}")
        row = self._current(parsed)
        if row is not None and not _is_same(row, name, birth_date):
            raise IdentityDiffers
        query = select(OwnerIdentityRow).where(
            OwnerIdentityRow.issuer == issuer,
            OwnerIdentityRow.subject == subject,
            OwnerIdentityRow.ended_at.is_(None),
        )
        linked = self._session.scalar(query)
        if linked is not None and (row is None or linked.owner_id != row.id):
            raise IdentityDiffers
        owner = self.ensure(parsed, name=name, birth_date=birth_date)
        if linked is None:
            self._session.add(
                OwnerIdentityRow(
                    id=self._scope.id(),
                    issuer=issuer,
                    subject=subject,
                    owner_id=owner.id,
                    linked_at=self._scope.at,
                    ended_at=None,
                )
            )
            self._session.flush()
        return owner

    def of_identity(self, issuer: str, subject: str) -> Owner | None:
        """The owner to whom an identity was linked before; None."""
        self._scope.ask(Act.RECOGNISE_OWNER)
        linked = select(OwnerIdentityRow.owner_id).where(
            OwnerIdentityRow.issuer == issuer,
            OwnerIdentityRow.subject == subject,
            OwnerIdentityRow.ended_at.is_(None),
        )
        row = self._session.scalar(select(OwnerRow).where(OwnerRow.id.in_(linked)))
        return None if row is None else _owner(row)

    def get(self, owner: UUID) -> Owner:
        """The owner with this id; NotFound."""
        self._scope.ask(Act.FIND_OWNER)
        row = self._row(owner)
        self._scope.note(owner=owner)
        return _owner(row)

    def of_document(self, document: UUID) -> tuple[Owner, ...]:
        """Who own the paper, in the order in which it names them; of several a citizen learns itself only. NotFound."""
        self._scope.ask(Act.SEE_PAPERS)
        row, own = self._scope.document(document), self._scope.own_id
        whose = [entry.store.owner_id for entry in row.entries if entry.to_at is None]
        return tuple(
            _owner(self._session.get_one(OwnerRow, owner)) for owner in whose if own in (None, owner)
        )

    def of_papers(self, papers: Sequence[DocumentRecord]) -> dict[UUID, tuple[Owner, ...]]:
        """Who own each of these papers, which this actor was shown; nothing is locked and the diary says nothing more.

        For whoever has locked what comes behind documents: see `locks`.
        """
        self._scope.ask(Act.SEE_PAPERS)
        own = self._scope.own_id
        wanted = {owner for paper in papers for owner in paper.owner_ids if own in (None, owner)}
        rows = self._session.scalars(select(OwnerRow).where(OwnerRow.id.in_(wanted)))
        known = {row.id: _owner(row) for row in rows}
        return {paper.id: tuple(known[id] for id in paper.owner_ids if id in known) for paper in papers}

    def keep_stated(self, document: UUID, stated: Sequence[Stated]) -> None:
        """Keep what was said of owners of this paper and is not what is known, each once; NotFound for another's."""
        self._scope.ask(Act.NAME_OWNER)
        row = self._scope.document(document)
        owners = {entry.store.owner_id for entry in row.entries if entry.to_at is None}
        for one in stated:
            if one.owner_id not in owners:
                raise NotFound(what="owner", id=one.owner_id)
        known = {_said(each) for each in self._stated([document])} if stated else set()
        news = [one for one in dict.fromkeys(stated) if one not in known]
        if news:
            row.changed_at = self._scope.at  # whoever saw it before has not seen what is asked now
        self._scope.write(
            *(
                StatedRow(
                    id=self._scope.id(),
                    document_id=document,
                    owner_id=one.owner_id,
                    name=one.name,
                    birth_date=None if one.birth_date is None else str(one.birth_date),
                    by=self._scope.actor.person,
                    at=self._scope.at,
                )
                for one in news
            )
        )

    def stated_for(self, papers: Sequence[DocumentRecord]) -> dict[UUID, tuple[Stated, ...]]:
        """What was said of the owners of these papers, which this actor was shown, and was not what is known, oldest
        first; nothing is locked and the diary says nothing more."""
        self._scope.ask(Act.SEE_PAPERS)
        own = self._scope.own_id
        rows = [row for row in self._stated([paper.id for paper in papers]) if own in (None, row.owner_id)]
        return {
            paper.id: tuple(_said(row) for row in rows if row.document_id == paper.id) for paper in papers
        }

    def _stated(self, documents: Sequence[UUID]) -> Sequence[StatedRow]:
        query = select(StatedRow).where(StatedRow.document_id.in_(documents))
        return self._session.scalars(query.order_by(StatedRow.at, StatedRow.id)).all()

    def find(self, identifier: str) -> Owner | None:
        """The owner who has this number now; BadIdentifier."""
        self._scope.ask(Act.FIND_OWNER)
        row = self._current(str(parse_identifier(identifier)))
        if row is None:
            return None
        self._scope.note(owner=row.id)
        return _owner(row)

    def store_of(self, owner: UUID) -> Store:
        """The owner's one store; NotFound."""
        self._scope.ask(Act.FIND_OWNER)
        self._row(owner)
        row = self._session.scalars(select(StoreRow).where(StoreRow.owner_id == owner)).one()
        self._scope.note(owner=owner)
        return Store(row.id, row.owner_id, row.opened_at)

    def entries(self, owner: UUID, *, ended: bool = False) -> tuple[StoreEntry, ...]:
        """What the store says about itself, oldest first, for its manifest; with `ended` what left it as
        well."""
        self._scope.ask(Act.SEE_PAPERS)
        store = self.store_of(owner)
        visible = select(DocumentRow.id).where(self._scope.visible_documents())
        query = select(StoreEntryRow).where(
            StoreEntryRow.store_id == store.id, StoreEntryRow.document_id.in_(visible)
        )
        if not ended:
            query = query.where(StoreEntryRow.to_at.is_(None))
        rows = self._session.scalars(query.order_by(StoreEntryRow.from_at, StoreEntryRow.id))
        return tuple(_entry(row) for row in rows)

    def entries_of(self, document: UUID) -> tuple[StoreEntry, ...]:
        """In which stores the paper stands or stood, oldest first; NotFound."""
        self._scope.ask(Act.SEE_PAPERS)
        row = self._scope.document(document)
        return tuple(
            _entry(entry) for entry in sorted(row.entries, key=lambda entry: (entry.from_at, entry.id))
        )

    def _row(self, owner: UUID) -> OwnerRow:
        row = self._session.get(OwnerRow, owner)
        if row is None or self._scope.own_id not in (None, owner):
            raise NotFound(what="owner", id=owner)
        return row

    def _to_correct(self, owner: UUID) -> OwnerRow:
        """`_correctable`, locked until the transaction ends."""
        self._correctable(owner)
        return self._lock(owner)

    def _correctable(self, owner: UUID) -> OwnerRow:
        """The owner, for staff of the agency that made it known or that sees a paper of it; NotFound."""
        self._scope.ask(Act.CORRECT_OWNER)
        row = self._row(owner)
        seen = (
            select(DocumentRow.id)
            .join(StoreEntryRow, StoreEntryRow.document_id == DocumentRow.id)
            .join(StoreRow)
            .where(StoreRow.owner_id == owner, StoreEntryRow.to_at.is_(None), self._scope.visible_documents())
        )
        if row.agency not in self._scope.agencies and self._session.scalar(seen.limit(1)) is None:
            raise NotFound(what="owner", id=owner)
        return row


_HAS = select(OwnerIdentifierRow.owner_id).where(
    OwnerIdentifierRow.identifier == bindparam("identifier"), OwnerIdentifierRow.valid_to.is_(None)
)
_CURRENT = select(OwnerRow).where(  # made once: see `listing`
    OwnerRow.id.in_(
        select(OwnerIdentifierRow.owner_id).where(
            OwnerIdentifierRow.identifier == bindparam("identifier"), OwnerIdentifierRow.valid_to.is_(None)
        )
    )
)


def _is_same(row: OwnerRow, name: str, birth_date: PartialDate | None) -> bool:
    """Whether a proven name and birth date are those of the owner, as far as they are known."""
    return row.state == OwnerState.LIVING and _owner(row).stated_otherwise(name, birth_date) is None


def kind_of(identifier: Identifier) -> OwnerKind:
    """Which kind of owner has this kind of number."""
    if isinstance(identifier, PersonalId):
        return OwnerKind.PERSON
    if isinstance(identifier, EnterpriseCode):
        return OwnerKind.ORGANISATION
    if isinstance(identifier, AgencyCode):
        return OwnerKind.AGENCY
    return OwnerKind.FOREIGNER


def _identifier_kind(identifier: Identifier) -> str:
    return {
        OwnerKind.PERSON: "personal_id",
        OwnerKind.ORGANISATION: "enterprise_code",
        OwnerKind.AGENCY: "agency_code",
        OwnerKind.FOREIGNER: "foreign_id",
    }[kind_of(identifier)]


def _owner(row: OwnerRow) -> Owner:
    return Owner(
        id=row.id,
        kind=OwnerKind(row.kind),
        name=row.name,
        birth_date=PartialDate.parse(row.birth_date) if row.birth_date else None,
        state=OwnerState(row.state),
        identifiers=tuple(
            OwnerIdentifier(one.identifier, one.kind, one.valid_from, one.valid_to) for one in row.identifiers
        ),
    )


def _said(row: StatedRow) -> Stated:
    return Stated(row.owner_id, row.name, PartialDate.parse(row.birth_date) if row.birth_date else None)


def _entry(row: StoreEntryRow) -> StoreEntry:
    return StoreEntry(row.id, row.store_id, row.document_id, row.from_at, row.to_at, row.end_reason)
