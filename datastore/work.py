"""`Datastore` and `Work`: the way into the rows and objects.

A journey reads like this:

    draft = store.draft()
    kept = store.put(original_key(draft.id, 1), path, sealing=draft.data_key)      # no transaction is open
    with store.begin(actor, "intake") as work:                                     # one SQL transaction
        owner = work.owners.ensure("040090001234", name="Nguyễn Văn An")
        document = work.documents.receive(draft, originals=[NewOriginal(kept, …)], owners=[owner.id])
        work.jobs.enqueue("read", document.id)
    # committed: now it may be acknowledged

Promised: `begin` takes the write lock at its start, so a transaction waits (or is DatabaseBusy) before it did
anything; the diary line and its log leaf are written in it; when the block raises, nothing of it stays.
Inside
the block no object is put and nothing slow is done. Housekeeping that shows nobody's papers (the queue, the
log's numbers, orphans) has transactions of its own without a diary line.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import DateTime, Engine, event, func, select
from sqlalchemy.exc import TimeoutError as PoolEmpty
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import QueuePool

from archive import Status
from common import Clock, Digest, KhosoError, new_id
from datastore import (
    dialect,
    dossiers,
    intents,
    log,
    mapping,
    prints,
    retentions,
    schema,
    standing,
    standings,
    uploads,
)
from datastore.accounts import Accounts
from datastore.agencies import Agencies
from datastore.answers import Answers
from datastore.clients import Clients, ClientTokens
from datastore.delegations import Delegations
from datastore.dialect import LOOKING, READING, TELLING, make_engine
from datastore.diary import Diary
from datastore.documents import Documents
from datastore.dossiers import Dossiers
from datastore.errors import (
    NOT_LOCKED,
    DatabaseBusy,
    DatabaseUnreachable,
    ObjectDamaged,
    ObjectLocked,
    ObjectMissing,
    ShareEnded,
    StaleState,
)
from datastore.exchange import Exchange
from datastore.holdings import Beforehand, look_beforehand
from datastore.jobs import Jobs
from datastore.keychain import ARCHIVE, LOG, Keychain
from datastore.keys import DataKey, Keyring
from datastore.log_keeping import Log
from datastore.logins import Logins
from datastore.looks import TOLD, Looks, note_refusal
from datastore.objects import ObjectStore, Source, StoredObject
from datastore.officers import Officers
from datastore.outbox import Outbox
from datastore.overrides import OverrideKind, Overrides, in_force
from datastore.owners import Owners
from datastore.passwords import HASHING, Hashing
from datastore.people import OpenedShare
from datastore.prints import Prints
from datastore.publications import Publications
from datastore.queue import Queue, Wake, nobody_to_wake
from datastore.receipts import Receipts
from datastore.records import (
    AbandonedPrint,
    Actor,
    ActorRole,
    DossierState,
    Draft,
    JobKind,
    LockProof,
    Override,
    PrintStatus,
    Statistics,
    StoreEntry,
    Upload,
    WorkStanding,
)
from datastore.remembered import Remembered
from datastore.requests import Requests
from datastore.rights import Act
from datastore.rows import (
    DocumentRow,
    JobRow,
    LeafRow,
    LockProofRow,
    ObjectRow,
    OwnerRow,
    PrintRow,
    Row,
)
from datastore.scope import Scope, Successions, admit
from datastore.search import Search
from datastore.sessions import Sessions
from datastore.shares import Shares
from datastore.signings import Signings
from datastore.subscriptions import Subscriptions
from datastore.transactions import Glance, Transactions
from datastore.uploads import Uploads
from datastore.witness import Look, Witnessed, write_lines
from ingest import parse_identifier

T = TypeVar("T")
Seen_co = TypeVar("Seen_co", covariant=True)
Tracing = Callable[[], str | None]


def no_trace() -> None:
    """Where nobody follows what a request sets off."""


class Work:
    """One transaction of one actor, and the repositories in it."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    @property
    def actor(self) -> Actor:
        return self._scope.actor

    @property
    def at(self) -> datetime:
        """The instant of this transaction: everything in it carries the same one."""
        return self._scope.at

    def ask(self, act: Act) -> None:
        """NotAllowed unless this actor may do it at all: for a step that looks at something before it does it."""
        self._scope.ask(act)

    @cached_property
    def owners(self) -> Owners:
        return Owners(self._scope)

    @cached_property
    def documents(self) -> Documents:
        return Documents(self._scope)

    @cached_property
    def signings(self) -> Signings:
        return Signings(self._scope)

    @cached_property
    def dossiers(self) -> Dossiers:
        return Dossiers(self._scope)

    @cached_property
    def prints(self) -> Prints:
        return Prints(self._scope)

    @cached_property
    def receipts(self) -> Receipts:
        return Receipts(self._scope)

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self._scope)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        return Subscriptions(self._scope)

    @cached_property
    def diary(self) -> Diary:
        return Diary(self._scope)

    @cached_property
    def search(self) -> Search:
        return Search(self._scope)

    @cached_property
    def exchange(self) -> Exchange:
        return Exchange(self._scope)

    @cached_property
    def uploads(self) -> Uploads:
        return Uploads(self._scope)

    @cached_property
    def answers(self) -> Answers:
        return Answers(self._scope)

    @cached_property
    def agencies(self) -> Agencies:
        return Agencies(self._scope)

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self._scope)

    @cached_property
    def clients(self) -> Clients:
        return Clients(self._scope)

    @cached_property
    def delegations(self) -> Delegations:
        return Delegations(self._scope)

    @cached_property
    def shares(self) -> Shares:
        return Shares(self._scope)

    @cached_property
    def overrides(self) -> Overrides:
        return Overrides(self._scope)

    def name_object(self, stored: StoredObject, *, document: UUID | None = None) -> None:
        """Give an object a row that no repository names: a store's manifest entry, an attestation on a document."""
        self._scope.ask(Act.READ_IN)
        if document is not None:
            self._scope.document(document)
        self._scope.name_object(stored, document)

    def entry_key(self, entry: StoreEntry) -> DataKey:
        """The key under which the manifest entry of this store entry is sealed."""
        self._scope.ask(Act.READ_IN)
        return self._scope.keychain.object_key(str(entry.store_id))


@dataclass(frozen=True, slots=True)
class Looking(Generic[Seen_co]):
    """One actor's look, as a value: `at` is what it would do in a block of `Datastore.look`."""

    actor: Actor
    act: str
    at: Callable[[Work], Seen_co]


_LOCKS_AT_ONCE = 500


class Datastore:
    """Rows and objects of one installation. Safe to share between threads; a child process opens its own."""

    def __init__(
        self,
        engine: Engine,
        objects: ObjectStore,
        keys: Keyring,
        clock: Clock,
        wake: Wake,
        trace: Tracing,
        hashing: Hashing = HASHING,
    ) -> None:
        self._engine = engine
        self.objects = objects
        self._keys = keys
        self.clock = clock
        self._wake = wake
        self._trace = trace
        self._current = False
        self._remembered = Remembered()
        event.listen(engine, "connect", self._forget)
        apart = Transactions(
            clock, self._housekeeping, self._reading, self._looking, self._glancing, self._write_line
        )
        self.queue = Queue(apart, wake, self._scope)
        self.requests = Requests(apart)
        self.outbox = Outbox(apart, self._keychain)
        self.log = Log(apart, self._keychain, objects, self.put)
        self.published = Publications(apart)
        self.officers = Officers(apart, hashing)
        self.sessions = Sessions(apart)
        self.logins = Logins(apart)
        self.clients = ClientTokens(apart)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        objects: ObjectStore,
        keys: Keyring,
        clock: Clock,
        wake: Wake = nobody_to_wake,
        trace: Tracing = no_trace,
        hashing: Hashing = HASHING,
    ) -> "Datastore":
        """A datastore on the database `url` (`sqlite:////var/khoso.db`); nothing is read before it is
        used.

        `wake` is told, after the commit, the roles for which it asked for jobs; it must not raise.
        `trace` gives the id of the trace with which the jobs go on that are asked for now.
        """
        return cls(make_engine(url), objects, keys, clock, wake, trace, hashing)

    def _forget(self, _connection: object, _record: object) -> None:
        """A new connection may be one to another database."""
        self._remembered = Remembered()

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    def migrate(self) -> str:
        """Bring the schema up to date and make the archive's key at first; SchemaTooNew, WrongKey.

        Two processes at once are safe. Returns the schema's revision.
        """
        revision = schema.migrate(self._engine)
        with self._housekeeping() as session:
            chain = self._keychain(session)
            chain.key(ARCHIVE)
            chain.key(LOG)
        return revision

    def secret(self, purpose: str) -> bytes:
        """A secret that all processes with this master key share and nobody else has."""
        return self._keys.derive(purpose)

    def check_key(self) -> None:
        """WrongKey unless the master key opens this database."""
        with self._reading() as session:
            Keychain(session, self._keys, self.clock()).key(ARCHIVE)

    def _keychain(self, session: Session) -> Keychain:
        """The keys as a session sees them."""
        return Keychain(session, self._keys, self.clock(), remembered=self._remembered)

    @contextmanager
    def begin(self, actor: Actor, act: str, *, dossier: str | None = None) -> Iterator[Work]:
        """One SQL transaction of `actor` doing `act`; committed with its diary when the block ends well.

        DatabaseBusy, DatabaseUnreachable, StorageFull, SchemaTooOld, SchemaTooNew; StaleState when a row was
        changed meanwhile; NotAllowed, PurposeMissing before anything is looked at. Any error of the block rolls
        everything back; of a NotFound, a NotAllowed or a HeldElsewhere a diary line remains.
        """
        actor = actor if dossier is None else replace(actor, dossier=dossier)
        admit(actor)
        try:
            with self._transaction(actor, act, "done") as work:
                yield work
        except TOLD as error:
            with self._transaction(actor, act, error.code) as work:
                note_refusal(work._scope, error)
            raise

    @contextmanager
    def look(self, actor: Actor, act: str) -> Iterator[Work]:
        """`begin` for a block that only looks, each statement by itself: it changes and locks nothing.

        Its diary is written when the block ends well, so nobody is answered of whom no line tells. It spares
        PostgreSQL to be told of a transaction's beginning and end, which takes as long as a question.
        """
        with self._looks() as looks:
            try:
                with looks.look(actor, act) as scope:
                    yield Work(scope)
            finally:
                looks.tell()  # of a refusal too

    def look_together(self, asked: Sequence[Looking[T]]) -> list[T | Exception]:
        """What each of these gives, or its error, as if each had its own `look`; their lines are written in one.

        An error of one spoils nothing for the others. Where the lines cannot be written, or the database is lost
        before, all get that error: nobody is answered of whom no line tells.
        """
        answers: list[T | Exception] = []
        try:
            with self._looks() as looks:
                answers += [_answer(looks, each) for each in asked]
                looks.tell()
        except Exception as error:
            return [_untold(answer, error) for answer in answers] or [error] * len(asked)
        return answers

    @contextmanager
    def _looks(self) -> Iterator[Looks]:
        self._require_current()
        with _our_errors(), self._engine.connect().execution_options(**{TELLING: True}) as connection:
            connection.begin()  # for all of them: a session ends what it began itself
            yield Looks(connection, self._scope)

    @contextmanager
    def _transaction(self, actor: Actor, act: str, outcome: str) -> Iterator[Work]:
        self._require_current()
        with _our_errors(), Witnessed(self._engine) as session:
            session.connection()
            scope = self._scope(session, actor, act, outcome)
            yield Work(scope)
            if not scope.lines:
                scope.note()
            session.flush()
            write_lines(session, scope.lines)
            session.commit()
        if scope.roles_to_wake:
            self._wake(frozenset(scope.roles_to_wake))

    def _scope(
        self,
        session: Session,
        actor: Actor,
        act: str,
        outcome: str = "done",
        successions: Successions | None = None,
    ) -> Scope:
        now = self.clock()
        keychain = Keychain(session, self._keys, now, remembered=self._remembered)
        known = {} if successions is None else successions
        return Scope(session, actor, act, outcome, now, keychain, self._remembered, self._trace(), known)

    @contextmanager
    def _housekeeping(self) -> Iterator[Session]:
        """A transaction of the room itself on rows that are not witnessed."""
        self._require_current()
        with _our_errors(), Session(self._engine, expire_on_commit=False) as session:
            session.connection()
            yield session
            session.commit()

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        """A transaction that only reads, beside all writers, as of one moment."""
        self._require_current()
        with _our_errors(), Session(self._engine) as session:
            session.connection(execution_options={READING: True})
            yield session

    @contextmanager
    def _looking(self) -> Iterator[Session]:
        """For statements that read and stand by themselves: the same without a transaction around them."""
        self._require_current()
        with (
            _our_errors(),
            self._engine.connect().execution_options(**{LOOKING: True}) as one,
            Look(one) as session,
        ):
            yield session

    @contextmanager
    def _glancing(self) -> Iterator[Glance]:
        """`_looking` for whoever needs columns only."""
        self._require_current()
        with _our_errors(), self._engine.connect() as connection:
            yield Glance(connection.execution_options(**{LOOKING: True}))

    def _require_current(self) -> None:
        if not self._current:
            schema.require_current(self._engine)
            self._current = True

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Inside the block nobody else in the whole installation is in a block of this name; it waits for them.

        For what takes several transactions and must not be done twice at once: growing the log, publishing a
        list. Whoever dies in it makes room. DatabaseBusy after minutes; on PostgreSQL DatabaseUnreachable at the
        end of a block whose lock was lost with the server.
        """
        with dialect.alone(self._engine, name):
            yield

    def abandoned_prints(self, kinds: Collection[JobKind], before: datetime) -> list[AbandonedPrint]:
        """Prints on their way that no job of these kinds will bring further."""
        with self._reading() as session:
            return prints.abandoned(session, [kind.name for kind in kinds], before)

    def _write_line(
        self, actor: Actor, act: str, *, owner: UUID | None = None, note: str | None = None
    ) -> None:
        with self._transaction(actor, act, "done") as work:
            work._scope.note(owner=owner, note=note)

    def open_share(self, token: str, who: str) -> OpenedShare:
        """Open what was shared, for whoever holds the token and says who it is; NotFound, ShareEnded.

        It counts and stands in the owner's diary; so does a try that came too late.
        """
        actor = Actor(who, ActorRole.VERIFIER, "", "shared with me")
        try:
            with self.begin(actor, "open_share") as work:
                return work.shares.open(token)
        except ShareEnded as error:
            with self._transaction(actor, "open_share", error.code) as work:
                work.shares.note_refusal(token)
            raise

    def look_beforehand(
        self, originals: Sequence[Digest], identifiers: Sequence[str], agency: str
    ) -> Beforehand:
        """Whether an agency may hold just these originals already, and which numbers nobody has. BadIdentifier.

        A look before the work: it spares nearly every intake two transactions, and tells nothing of the paper.
        """
        numbers = [str(parse_identifier(one)) for one in identifiers]
        with self._glancing() as glance:
            return look_beforehand(glance, originals, numbers, agency)

    def standings_of_prints(self, short_codes: Collection[str]) -> Mapping[str, PrintStatus]:
        """What anybody is told who holds prints with these short codes: see `standings`."""
        with self._glancing() as glance:
            return standings.of_prints(glance, short_codes)

    def standing_of_bytes(self, sha256: Digest) -> Status | None:
        """What anybody is told who holds a file: see `standings`."""
        with self._looking() as session:
            return standings.of_bytes(session, sha256)

    def overrides(self, kind: OverrideKind, agency: str, day: date) -> tuple[Override, ...]:
        """The dated entries of an agency that are in force on `day`."""
        with self._looking() as session:
            return in_force(session, kind, agency, day)

    def dossier_state(self, number: str) -> DossierState | None:
        """How far a dossier is, for anybody who knows its number; None when there is none."""
        with self._looking() as session:
            return dossiers.state_of(session, number)

    # --- objects ---------------------------------------------------------------------------------------

    def draft(self) -> Draft:
        """The id and data key of a document about to be received."""
        id = new_id(self.clock())
        return Draft(id, DataKey.new(str(id)))

    def put(
        self, key: str, source: Source, *, sealing: DataKey, until: datetime | None = None
    ) -> StoredObject:
        """Write down the intention, then keep the object, protected `until` then where the store can. A
        transaction must name it, else it is swept one day.

        Call it with no transaction open. StorageFull, BadObjectKey.
        """
        self._require_current()
        with _our_errors(), self._engine.connect() as connection:
            # One statement: PostgreSQL need not be told of its beginning and its end.
            intent = intents.intend(connection.execution_options(**{TELLING: True}), self.clock(), key)
            connection.commit()
        return replace(self.objects.put(key, source, sealing=sealing, until=until), intent=intent)

    def uploads(self, actor: Actor, ids: Sequence[UUID]) -> tuple[Upload, ...]:
        """These uploads of the actor; NotFound. Without a line in the diary: they are nobody's papers yet."""
        with self._looking() as session:
            return Uploads(self._scope(session, actor, "look_at_uploads")).get(ids)

    def require_room_for_upload(self, actor: Actor, size: int = 0) -> None:
        """TooManyUploads, asked before a body is received. Without a line in the diary."""
        with self._reading() as session:
            Uploads(self._scope(session, actor, "look_at_uploads")).require_room(size)

    def forget_uploads(self) -> int:
        """Let go of the uploads whose time is over; how many there were. `sweep_orphans` deletes their objects."""
        with self._housekeeping() as session:
            return uploads.forget(session, self.clock())

    def sweep_orphans(self, *, older_than: timedelta = timedelta(hours=24)) -> int:
        """Delete the objects of puts that no transaction named within `older_than`; how many there were."""
        before = self.clock() - older_than
        with self._housekeeping() as session:
            keys = intents.mark(session, before)
        swept = 0
        for key in keys:
            with suppress(ObjectLocked), self._housekeeping() as session:  # a later sweep finds it unlocked
                swept += intents.sweep(session, self.objects, key)
        return swept + self.objects.remove_unfinished(older_than=before.timestamp())

    # --- for the operator ------------------------------------------------------------------------------

    def database_time(self) -> datetime:
        """The database's own clock, whatever its schema; DatabaseUnreachable, DatabaseBusy."""
        with self._engine.connect().execution_options(**{READING: True}) as connection:
            told = connection.scalars(select(func.current_timestamp(type_=DateTime(timezone=True)))).one()
        return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)

    def check_schema(self) -> str:
        """The database's revision; SchemaTooOld, SchemaTooNew when this program knows another."""
        return schema.require_current(self._engine)

    def risks(self) -> tuple[str, ...]:
        """Settings of the database's server with which a committed transaction could be lost (`fsync = off`)."""
        with self._reading() as session:
            return dialect.risks(session.connection())

    def statistics(self) -> Statistics:
        """What `khoso doctor` shows."""
        with self._reading() as session:
            return Statistics(
                documents=_counts(session, DocumentRow.status),
                jobs=_counts(session, JobRow.state),
                owners=_count(session, OwnerRow),
                prints=_count(session, PrintRow),
                unnumbered_leaves=session.scalars(
                    select(func.count()).select_from(LeafRow).where(LeafRow.index.is_(None))
                ).one(),
                open_intents=intents.count(session),
                schema=schema.newest(),
            )

    def work_standing(self) -> WorkStanding:
        """Where the work stands; cheap enough to be asked every few seconds."""
        with self._reading() as session:
            return standing.of_work(session)

    def document_counts(self) -> Mapping[str, int]:
        """How many papers have each status."""
        with self._reading() as session:
            return _counts(session, DocumentRow.status)

    def connections(self) -> int:
        """How many connections to the database are in use by this process."""
        pool = self._engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    def protect(self, document: UUID, until: datetime) -> int:
        """Let nobody delete any object of a document, or entry of it in a store, before `until`; of how many
        that is new.

        Only ever extended. Nothing where the store is not write-once. May run twice. ObjectStoreUnreachable; one of
        NOT_LOCKED when all objects have their locks that can have one.
        """
        if not self.objects.write_once:
            return 0
        with self._reading() as session:
            due = retentions.due(session, document, until)
        trouble: KhosoError | None = None
        for id, stored in due:
            try:
                standing = self.objects.retain(stored, until)
            except NOT_LOCKED as error:
                trouble = trouble or error  # told when those behind it have their locks
                continue
            if standing is not None:
                with self._housekeeping() as session:
                    retentions.keep(session, id, standing)
        if trouble is not None:
            raise trouble
        return len(due)

    def protected_until(self, document: UUID) -> datetime | None:
        """Until when every object of a document is protected; None when one is not."""
        with self._reading() as session:
            return retentions.until(session, document)

    def locks_ending(self, before: datetime) -> Iterator[UUID]:
        """Documents that are kept and of which an object can be deleted from an instant before then on.

        However many: they are looked up a few at a time, and each is met once if its locks are extended meanwhile.
        """
        last = None
        while True:
            with self._reading() as session:
                found = retentions.ending(session, before, last, _LOCKS_AT_ONCE)
            if not found:
                return
            yield from dict.fromkeys(each.document for each in found)
            last = found[-1]

    def tile_locks_ending(self, before: datetime) -> Iterator[StoredObject]:
        """The same of the log's tiles."""
        last = None
        while True:
            with self._reading() as session:
                found = retentions.tiles_ending(session, before, last, _LOCKS_AT_ONCE)
                tiles = [log.stored_tile(row) for _until, row in found]
            if not tiles:
                return
            yield from tiles
            last = (found[-1][0], tiles[-1].key)

    def protect_tile(self, tile: StoredObject, until: datetime) -> None:
        """Let nobody delete a tile of the log, met by `tile_locks_ending`, before `until`; as `protect`."""
        standing = self.objects.retain(tile, until)
        if standing is not None:
            with self._housekeeping() as session:
                retentions.extend_tile(session, tile.key, standing)

    def keep_lock_proof(self, *, with_root: bool) -> None:
        """Remember that nobody could break the object server's lock just now."""
        with self._housekeeping() as session:
            session.add(LockProofRow(at=self.clock(), with_root=with_root))

    def last_lock_proof(self) -> LockProof | None:
        """The newest proof of the lock; None before the first."""
        with self._reading() as session:
            row = session.scalar(select(LockProofRow).order_by(LockProofRow.at.desc()).limit(1))
            return None if row is None else LockProof(row.at, row.with_root)

    def check_objects(self) -> Iterator[KhosoError]:
        """Read every named object through: an ObjectDamaged or ObjectMissing for each that is not as kept."""
        with self._reading() as session:
            dialect.unhurried(session.connection())
            chain = self._keychain(session)
            rows = select(ObjectRow).order_by(ObjectRow.key).execution_options(yield_per=100)
            for row in session.scalars(rows):
                key = _key_of(chain, row)
                yield from self._check_object(mapping.stored(row), key)
            for tile in log.tiles(session):
                yield from self._check_object(tile, chain.object_key(LOG))

    def _check_object(self, stored: StoredObject, key: DataKey) -> Iterator[KhosoError]:
        try:
            self.objects.check(stored, sealing=key)
        except (ObjectDamaged, ObjectMissing) as error:
            yield error


def _key_of(chain: Keychain, row: ObjectRow) -> DataKey:
    """Under which key an object is sealed: its document's, or that of the store that its key names."""
    if row.document_id is not None:
        return chain.open(row.document_id, ARCHIVE)
    return chain.object_key(row.key.split("/")[1])


def _counts(session: Session, column: InstrumentedAttribute[str]) -> dict[str, int]:
    found = session.execute(select(column, func.count()).group_by(column))
    return {row[0]: row[1] for row in found}


def _count(session: Session, row: type[Row]) -> int:
    return session.scalars(select(func.count()).select_from(row)).one()


def _answer(looks: Looks, asked: Looking[T]) -> T | Exception:
    """What is seen, or what went wrong in this look alone; DatabaseUnreachable, which is not of one alone."""
    try:
        with _our_errors(), looks.look(asked.actor, asked.act) as scope:
            return asked.at(Work(scope))
    except DatabaseUnreachable:
        raise
    except Exception as error:
        return error


def _untold(answer: T | Exception, error: Exception) -> Exception:
    """What somebody is told whose line could not be written: no answer, and no refusal either."""
    return answer if isinstance(answer, Exception) and not isinstance(answer, TOLD) else error


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except StaleDataError as error:
        raise StaleState(what="document") from error
    except PoolEmpty as error:
        raise DatabaseBusy from error
