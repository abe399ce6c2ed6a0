"""What every repository gets from its `Work`: the session, who asks, when, and the diary.

Here stands the one rule of who may see what: staff sees the papers of which its agency is the intake or the
competent agency, and those that a dossier of it cites; postal staff of these only what it took in itself; a citizen
sees what its own store, or that of the one it stands for, holds now. What may not be seen is not found. What a role
may do at all stands in `rights`: every method asks for its act (`ask`) before it looks at anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, exists, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from common import VIETNAM, new_id
from datastore import intents
from datastore.dialect import ask
from datastore.errors import CounterNotAssigned, NotAllowed, NotFound, PurposeMissing
from datastore.keychain import Keychain
from datastore.locks import locked
from datastore.objects import StoredObject
from datastore.records import Actor, ActorRole, JobRole
from datastore.remembered import Remembered
from datastore.rights import CITIZENS, SCOPES, Act, may, named_roles, roles_that_may
from datastore.rows import (
    AccountCounterRow,
    AccountRow,
    AgencyTermRow,
    DiaryRow,
    DocumentRow,
    DossierDocumentRow,
    DossierEventRow,
    DossierRow,
    IntakeRow,
    ObjectRow,
    OwnerRow,
    Row,
    StoreEntryRow,
    StoreRow,
)
from datastore.stands_for import require_in_force
from datastore.witness import Look, write_rows

Successions = dict[tuple[str, date], tuple[str, ...]]
"""Of an agency on a day: itself, and those that ended and left it their papers."""


@dataclass(slots=True)
class Scope:
    """One transaction of one actor."""

    session: Session
    actor: Actor
    act: str
    outcome: str
    at: datetime
    keychain: Keychain
    remembered: Remembered
    trace: str | None = None
    """The trace that jobs asked for here go on with."""
    successions: Successions = field(default_factory=dict)
    """What was asked of them so far, here or in another look at the same moment."""
    lines: list[DiaryRow] = field(default_factory=list)
    noted: set[tuple[object, ...]] = field(default_factory=set)
    """What the lines say, so that each is written once."""
    roles_to_wake: set[JobRole] = field(default_factory=set)
    """For which this transaction asked for jobs that can be done at once."""
    held: dict[UUID, DocumentRow] = field(default_factory=dict)
    """The documents that this transaction made or locked: nobody else changes them before it ends."""
    without: set[tuple[type[Row], UUID]] = field(default_factory=set)
    """Documents made here that have no row of a kind yet: see `has_none_yet`."""
    named: dict[UUID, OwnerRow] = field(default_factory=dict)
    """The owners whom nobody else renames before it ends."""
    stores: dict[UUID, StoreRow] = field(default_factory=dict)
    """The stores made here, by their owners."""
    _stands_for: UUID | None = None
    """The owner for whom a representative or guardian was found to stand."""

    def id(self) -> UUID:
        """A fresh id of now."""
        return new_id(self.at)

    @property
    def role(self) -> ActorRole:
        """In which role the actor asks; NotAllowed for one that nobody knows."""
        try:
            return ActorRole(self.actor.role)
        except ValueError as error:
            raise NotAllowed(act=self.act) from error

    def ask(self, act: Act) -> None:
        """NotAllowed unless the actor's role, and scopes if it has any, let it do this at all."""
        if not may(self.role, act, self.actor.scopes):
            raise refusal(self.role, act)

    def ask_to_bring_in(self) -> None:
        """`ask` whether this actor may bring a paper: staff somebody's, a citizen its own; CounterNotAssigned."""
        self.ask(Act.UPLOAD_OWN if self.role in CITIZENS else Act.TAKE_IN)
        if self.actor.counter is not None and not self.session.scalar(
            select(self._sits_at(self.actor.counter))
        ):
            raise CounterNotAssigned(counter=self.actor.counter)

    def _sits_at(self, counter: str) -> ColumnElement[bool]:
        """Whether the actor takes papers in at this counter still: a session that began there is of before."""
        mine = AccountCounterRow.account_id.in_(
            select(AccountRow.id).where(AccountRow.username == self.actor.person)
        )
        return exists().where(
            mine, AccountCounterRow.counter == counter, AccountCounterRow.ended_at.is_(None)
        )

    def may(self, act: Act) -> bool:
        """Whether `ask` would let it pass."""
        return may(self.role, act, self.actor.scopes)

    @property
    def own_id(self) -> UUID | None:
        """The owner whose store the actor sees, its own or that of the one it stands for; None for staff."""
        if self.role not in CITIZENS:
            return None
        try:
            person = UUID(self.actor.person)
        except ValueError as error:
            raise NotFound(what="owner") from error
        if self.role == ActorRole.OWNER:
            return person
        if self._stands_for is None:
            if self.actor.principal is None:
                raise NotFound(what="owner")
            require_in_force(self.session, person, self.actor.principal, self.role, self.at)
            self._stands_for = self.actor.principal
        return self._stands_for

    def note(
        self,
        *,
        act: str | None = None,
        owner: UUID | None = None,
        document: UUID | None = None,
        dossier: str | None = None,
        note: str | None = None,
    ) -> None:
        """Add a line to the diary, once per act, owner, document and dossier in this transaction.

        What a representative or guardian does is also about the one for whom it does it.
        """
        if owner is None and document is None:
            owner = self._stands_for
        same = (act or self.act, owner, document, dossier or self.actor.dossier, note)
        if same in self.noted:
            return
        self.noted.add(same)
        line = DiaryRow(
            id=self.id(),
            at=self.at,
            person=self.actor.person,
            role=self.actor.role,
            agency=self.actor.agency,
            act=act or self.act,
            purpose=self.actor.purpose,
            dossier=dossier or self.actor.dossier,
            owner_id=owner,
            document_id=document,
            outcome=self.outcome,
            note=note,
        )
        self.lines.append(line)

    @property
    def sight(self) -> "Sight":
        """Which papers this actor may see."""
        if not (self.may(Act.SEE_PAPERS) or self.may(Act.READ_DIARY)):
            return Sight()
        if (own := self.own_id) is not None:
            return Sight(own=own)
        if self.role == ActorRole.POSTAL:
            return Sight(agencies=(self.actor.agency,), taken_in_by=self.actor.person)
        return Sight(agencies=self.agencies)

    def visible_documents(self) -> ColumnElement[bool]:
        """The documents that this actor may see."""
        return papers_in(self.sight)

    def visible_dossiers(self) -> ColumnElement[bool]:
        """The dossiers that this actor may see: its agency's, those to which a paper of its own belongs, those
        that postal staff opened itself."""
        cited = (
            select(DossierDocumentRow.dossier_id)
            .join(DocumentRow, DocumentRow.id == DossierDocumentRow.document_id)
            .where(self.visible_documents())
        )
        if self.own_id is not None:
            return DossierRow.id.in_(cited)
        agency = self.actor.agency
        if self.role == ActorRole.POSTAL:
            opened = select(DossierEventRow.dossier_id).where(
                DossierEventRow.n == 1, DossierEventRow.by == self.actor.person
            )
            return and_(
                DossierRow.intake_agency == agency, or_(DossierRow.id.in_(opened), DossierRow.id.in_(cited))
            )
        return or_(DossierRow.intake_agency.in_(self.agencies), DossierRow.agency.in_(self.agencies))

    @property
    def today(self) -> date:
        """The date in Viet Nam."""
        return self.at.astimezone(VIETNAM).date()

    @property
    def agencies(self) -> tuple[str, ...]:
        """The actor's agency, and those that ended and left it their papers."""
        agency, day = asked = self.actor.agency, self.today
        if asked not in self.successions:
            found = ask(self.session.connection(), _PREDECESSORS, {"agency": agency, "day": day})
            self.successions[asked] = (agency, *sorted({row.code for row in found} - {agency}))
        return self.successions[asked]

    def require_owner(self, owner: UUID) -> None:
        """NotFound unless this owner is there and this actor may ask about it: staff, or the owner itself."""
        if self.own_id not in (None, owner) or self.session.scalar(_OWNER, {"owner": owner}) is None:
            raise NotFound(what="owner", id=owner)

    def document(self, document: UUID) -> DocumentRow:
        """The row with a diary line for each of its owners, for staff locked until the transaction ends; NotFound.

        A citizen mostly reads, and keeps nobody waiting: `document_to_change` locks for everybody. A look never locks.
        """
        return self._document(document, lock=self.own_id is None)

    def document_to_change(self, document: UUID) -> DocumentRow:
        """`document`, locked whoever asks, because what hangs on it changes."""
        return self._document(document, lock=True)

    def _document(self, document: UUID, *, lock: bool) -> DocumentRow:
        row = self.held.get(document)
        lock = lock and not isinstance(self.session, Look)  # who only looks waits for nobody
        if row is None:
            visible = select(DocumentRow).where(DocumentRow.id == document, self.visible_documents())
            if lock and self.own_id is not None and self.session.scalar(visible) is not None:
                # What a citizen sees hangs on other rows, which a statement that waited does not look at again.
                self.session.scalar(locked(select(DocumentRow).where(DocumentRow.id == document)))
            row = self.session.scalar(locked(visible) if lock else visible)
        if row is None:
            raise NotFound(what="document", id=document)
        if lock:
            self.held[document] = row
        self.note_document(row)
        return row

    def owners(self, owners: Sequence[UUID]) -> list[OwnerRow]:
        """These owners as they are called, which stays so until the transaction ends: it is written elsewhere."""
        missing = [owner for owner in owners if owner not in self.named]
        if missing:
            query = select(OwnerRow).where(OwnerRow.id.in_(missing)).order_by(OwnerRow.id)
            standing = query.with_for_update(read=True).execution_options(populate_existing=True)
            self.named |= {row.id: row for row in self.session.scalars(standing)}
        return [self.named[owner] for owner in owners]

    def has_none_yet(self, kind: type[Row], document: UUID) -> bool:
        """Whether this transaction made the document and gives it its first row of this kind now: then nobody need
        be asked for one. True once."""
        if (kind, document) not in self.without:
            return False
        self.without.remove((kind, document))
        return True

    def note_document(self, row: DocumentRow, *, act: str | None = None) -> None:
        """Write the act, that of the transaction if none is said, into the diary of every owner of the paper."""
        owners = [entry.store.owner_id for entry in row.entries if entry.to_at is None]
        for owner in owners:
            self.note(act=act, owner=owner, document=row.id)
        if not owners:
            self.note(act=act, document=row.id)

    def write(self, *rows: Row) -> None:
        """Insert new rows, each behind those to which it points: see `witness`."""
        write_rows(self.session, *rows)

    def name_object(self, stored: StoredObject, document: UUID | None) -> ObjectRow:
        """Give an object its row and withdraw the intention of the put; StaleState when a sweep was
        faster."""
        (row,) = self.object_rows([stored], document)
        self.write(row)
        return row

    def object_rows(self, stored: Sequence[StoredObject], document: UUID | None) -> list[ObjectRow]:
        """`name_object` for several, all or none, whose rows are still to be written."""
        return intents.object_rows(self.session, self.at, stored, document)


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose papers somebody may see: of one owner, of agencies, of these what one person took in; nobody's."""

    own: UUID | None = None
    agencies: tuple[str, ...] = ()
    taken_in_by: str | None = None


@lru_cache(maxsize=1_000)
def papers_in(sight: Sight) -> ColumnElement[bool]:
    """The documents in sight, as a condition of a statement. Remembered: to make it takes longer than to ask it."""
    if sight.own is not None:
        held = (
            select(StoreEntryRow.document_id)
            .join(StoreRow)
            .where(StoreRow.owner_id == sight.own, StoreEntryRow.to_at.is_(None))
        )
        return DocumentRow.id.in_(held)
    if not sight.agencies:
        return false()
    if sight.taken_in_by is not None:
        taken_in = select(IntakeRow.id).where(IntakeRow.person == sight.taken_in_by)
        return and_(_among(DocumentRow.intake_agency, sight.agencies), DocumentRow.id.in_(taken_in))
    cited = (
        exists()
        .where(DossierDocumentRow.document_id == DocumentRow.id)
        .where(DossierDocumentRow.dossier_id == DossierRow.id)
        .where(
            or_(_among(DossierRow.agency, sight.agencies), _among(DossierRow.intake_agency, sight.agencies))
        )
    )
    return or_(
        _among(DocumentRow.intake_agency, sight.agencies),
        _among(DocumentRow.competent_agency, sight.agencies),
        cited,
    )


def refusal(role: ActorRole, act: Act) -> NotAllowed:
    """What is said to a role that may not do this, or to a system that was not granted it."""
    roles = roles_that_may(act)
    if role in roles:
        scopes = (scope for scope, acts in SCOPES.items() if act in acts)
        return NotAllowed(act=act.value, scopes=", ".join(scopes))
    return NotAllowed(act=act.value, roles=named_roles(roles - {ActorRole.SYSTEM} or roles))


def _among(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], codes: Sequence[str]
) -> ColumnElement[bool]:
    """One of these; of a single one without a list, which SQLAlchemy writes into the statement each time."""
    return column == codes[0] if len(codes) == 1 else column.in_(codes)


def admit(actor: Actor) -> None:
    """NotAllowed for a role that nobody knows, PurposeMissing for one that must say why and does not."""
    try:
        role = ActorRole(actor.role)
    except ValueError as error:
        raise NotAllowed(act="any") from error
    if role != ActorRole.OWNER and not actor.purpose.strip():
        raise PurposeMissing


# Made once: see `listing`.
_OWNER = select(OwnerRow.id).where(OwnerRow.id == bindparam("owner"))
_TERM = aliased(AgencyTermRow)
_ENDED = (
    select(_TERM.code)
    .where(_TERM.successor == bindparam("agency"), _TERM.valid_to < bindparam("day"))
    .cte("ended", recursive=True)
)
_LATER = select(AgencyTermRow.code).where(
    AgencyTermRow.successor == _ENDED.c.code, AgencyTermRow.valid_to < bindparam("day")
)
_PREDECESSORS = select(_ENDED.union(_LATER).c.code)
"""Of which an agency is the successor on a day, and of these again."""
