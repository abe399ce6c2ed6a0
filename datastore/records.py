"""What the datastore takes and returns: frozen values, never rows.

Every instant is an aware UTC `datetime`; every id a UUID of version 7. A value is a snapshot of the moment
it was read: to change what stands, call a repository on `Work`, which compares before it writes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from archive import Ground, SourceForm, Status, Weight
from common import Digest, PartialDate, fold, one_line
from datastore.keys import DataKey
from datastore.objects import StoredObject
from signing import Role


class ActorRole(StrEnum):
    """In which role somebody asks; what each may do stands in `rights`. There is no other role."""

    CLERK = "clerk"  # intake at a counter of the agency
    POSTAL = "postal"  # takes in at assigned counters under contract, sees only what it took in itself
    HANDLER = "handler"  # the officer who decides: data, dossiers, refiling, revoking
    SIGNER = "signer"
    ARCHIVIST = "archivist"
    AUDITOR = "auditor"  # reads diaries, sees no papers, changes nothing
    ADMIN = "admin"  # one per agency: accounts, rules, jobs; sees no papers
    SYSTEM = "system"  # workers, the command line, other information systems (with scopes): sees its agency
    OWNER = "owner"  # `Actor.person` is the owner's id: sees what its own store holds
    REPRESENTATIVE = (
        "representative"  # of an organisation: `person` is its own id, `principal` the organisation's
    )
    GUARDIAN = "guardian"  # of a minor or a ward: `person` is its own id, `principal` the other one's
    VERIFIER = "verifier"  # anybody who holds a print, a file or a share; `person` as it calls itself


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, in which role, for which agency, why, and for which dossier (design.md, promise 6).

    `person` names the person for the diary without a personal number; for citizens it is the UUID of the owner
    who asks, and `principal` that of the one for whom a representative or guardian does.
    """

    person: str
    role: str
    agency: str
    purpose: str
    dossier: str | None = None
    principal: UUID | None = None
    counter: str | None = None
    """At which counter postal staff sits."""
    scopes: frozenset[str] | None = None
    """What another information system is let do (`rights.SCOPES`); None: whatever the role may."""


class OwnerKind(StrEnum):
    PERSON = "person"
    ORGANISATION = "organisation"
    AGENCY = "agency"
    FOREIGNER = "foreigner"


class OwnerState(StrEnum):
    LIVING = "living"
    DECEASED = "deceased"
    DISSOLVED = "dissolved"


@dataclass(frozen=True, slots=True)
class OwnerIdentifier:
    """A number by which an owner is or was known; `valid_to` is None while it is current."""

    identifier: str
    kind: str
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class Owner:
    id: UUID
    kind: OwnerKind
    name: str | None
    birth_date: PartialDate | None
    state: OwnerState
    identifiers: tuple[OwnerIdentifier, ...]

    @property
    def identifier(self) -> str:
        """The current number, the newest when there are several; the last known when none is current."""
        current = [known for known in self.identifiers if known.valid_to is None]
        return max(current or self.identifiers, key=lambda known: known.valid_from).identifier

    @property
    def tag(self) -> str:
        """What is known in a few characters: others as soon as something of it is corrected."""
        known = [str(self.id), self.name, str(self.birth_date), self.state]
        return Digest.of(json.dumps(known).encode()).hex[:32]

    def stated_otherwise(self, name: str | None, birth_date: PartialDate | None) -> "Stated | None":
        """What of this is not what is known of the owner; None where nothing is, or nothing is known.

        A name is the same with and without accents, a date the same as one that says less of it.
        """
        renamed = name is not None and self.name is not None and fold(one_line(name)) != fold(self.name)
        said, known = str(birth_date), str(self.birth_date)
        dated = birth_date is not None and self.birth_date is not None
        reborn = dated and not (known.startswith(said) or said.startswith(known))
        if not (renamed or reborn):
            return None
        return Stated(
            self.id, one_line(name) if name is not None and renamed else None, birth_date if reborn else None
        )


@dataclass(frozen=True, slots=True)
class Stated:
    """What was said of an owner when a paper was brought, where it was not what is known; None: it was, or nothing."""

    owner_id: UUID
    name: str | None
    birth_date: PartialDate | None


@dataclass(frozen=True, slots=True)
class Store:
    id: UUID
    owner_id: UUID
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class StoreEntry:
    id: UUID
    store_id: UUID
    document_id: UUID
    from_at: datetime
    to_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class SlotCode:
    """`<identifier>.<doc-type>` of one owner as printed and stored; it never changes, it only ends."""

    owner_id: UUID
    code: str
    instance: int
    assigned_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Provenance:
    """How the paper came: its form, who compared the scan with it, whether it was handed back."""

    source_form: SourceForm = SourceForm.UNKNOWN
    compared_by: str | None = None
    original_returned: bool | None = None


@dataclass(frozen=True, slots=True)
class NewOriginal:
    """A file that came in: its object under `objects.original_key`, its media type and its name."""

    object: StoredObject
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class Original:
    n: int
    object: StoredObject
    media_type: str
    name: str

    @property
    def sha256(self) -> Digest:
        """The digest of the file as it came in."""
        return self.object.sha256_plain


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a document's content. `pdf` is the digitised PDF/A before any signature, None for a PDF
    that
    arrived signed; `reading` the object of what was read."""

    id: UUID
    document_id: UUID
    n: int
    originals: tuple[Original, ...]
    originals_digest: Digest
    page_count: int | None
    quality: Mapping[str, object] | None
    fields: Mapping[str, object] | None
    verdict: Mapping[str, object] | None
    pdf: StoredObject | None
    reading: StoredObject | None
    readings: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Revision:
    """A signed state of a version: `document-r<k>.pdf`."""

    id: UUID
    version_id: UUID
    k: int
    role: Role
    object: StoredObject
    sha256: Digest
    signed_at: datetime
    level: str


class SigningState(StrEnum):
    PREPARED = "prepared"  # the intention is written down
    SIGNED = "signed"  # the signature value is kept, the document not yet built
    COMPLETED = "completed"  # the revision stands


@dataclass(frozen=True, slots=True)
class Signing:
    """The written intention to sign a version in a role, once; `to_be_signed` is `ToBeSigned.to_json()`."""

    id: UUID
    document_id: UUID
    version_id: UUID
    role: Role
    state: SigningState
    to_be_signed: Mapping[str, object]
    prepared: StoredObject | None
    signature: bytes | None
    prepared_at: datetime
    prepared_by: str
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document as it stands. `stamp` counts its changes: hand it back to refuse a change on stale
    knowledge."""

    id: UUID
    status: Status
    weight: Weight
    doc_type: str | None
    owner_ids: tuple[UUID, ...]
    codes: tuple[SlotCode, ...]
    version: Version
    revisions: tuple[Revision, ...]
    provenance: Provenance
    checked_by: str | None
    ground: Ground | None
    intake_agency: str
    competent_agency: str
    dossier: str | None
    superseded_by: UUID | None
    reason: str | None
    received_at: datetime
    changed_at: datetime
    stamp: int

    @property
    def current_codes(self) -> tuple[SlotCode, ...]:
        return tuple(code for code in self.codes if code.ended_at is None)

    @property
    def code(self) -> str | None:
        """The code under the first owner; None while type or owner are unknown."""
        return self.current_codes[0].code if self.current_codes else None

    @property
    def latest_revision(self) -> Revision | None:
        return max(self.revisions, key=lambda revision: revision.k, default=None)


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """A document as one line of a list: `sha256` is that of the PDF that stands for it, or of the file that came."""

    id: UUID
    status: Status
    weight: Weight
    doc_type: str | None
    codes: tuple[str, ...]
    dossier: str | None
    version: int
    sha256: Digest
    pages: int | None
    received_at: datetime
    changed_at: datetime


class DossierState(StrEnum):
    OPEN = "open"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class DossierEvent:
    kind: str
    at: datetime
    by: str
    note: str | None


UNKNOWN_COMPONENT = "unknown"
"""The component of a paper of no known type, until its type is named."""


class AttachedHow(StrEnum):
    KEPT = "kept"  # digitised for this dossier
    REUSED = "reused"  # held before, cited


@dataclass(frozen=True, slots=True)
class DossierDocument:
    document_id: UUID
    component: str
    how: AttachedHow
    attached_at: datetime


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A document under the code of another system, and what that system says about it."""

    code: str
    document_id: UUID
    said: Mapping[str, object]
    made_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Citation:
    """Which bytes of a paper a dossier cites as a component."""

    document_id: UUID
    component: str
    version: int
    sha256: Digest
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Dossier:
    id: UUID
    number: str
    procedure: str
    agency: str
    intake_agency: str
    state: DossierState
    opened_at: datetime
    closed_at: datetime | None
    events: tuple[DossierEvent, ...]
    documents: tuple[DossierDocument, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """A dossier that ended: `now`, or just so before."""

    dossier: Dossier
    now: bool


class PrintState(StrEnum):
    """How far a print is; one that is revoked before it is ready never gets there."""

    REQUESTED = "requested"  # numbered, and waits for its seal (or, of a provisional paper, for the list)
    SEALED = "sealed"
    LISTED = "listed"  # the published status list knows it
    READY = "ready"  # the sheets are there


@dataclass(frozen=True, slots=True)
class Print:
    """A paper copy in the register. `status_index` is its place in the status list; `seal` its COSE bytes.

    `sheets` is its PDF with `fingerprints` of its pages, once it is ready (None for one that an older Khoso made).
    """

    id: UUID
    document_id: UUID
    number: int
    short_code: str
    status_index: int
    revision_sha256: Digest
    to_whom: str
    reason: str
    by: str
    at: datetime
    seal: bytes | None
    revoked_at: datetime | None
    revoke_reason: str | None
    state: PrintState
    sheets: StoredObject | None
    fingerprints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AbandonedPrint:
    """A print that nobody makes any more."""

    id: UUID
    document_id: UUID
    agency: str


@dataclass(frozen=True, slots=True)
class PublishedThing:
    """Bytes that anyone may have, which carry their own signature, and when what they say was true."""

    content: bytes
    as_of: datetime


@dataclass(frozen=True, slots=True)
class PrintStatus:
    """What the status list says at `index`: the print's own revocation, else its document's status."""

    index: int
    status: Status
    print_revoked: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody who cites a document is told that it changed: exactly one of dossier, print, owner is set."""

    id: UUID
    document_id: UUID
    kind: str
    reason: str
    at: datetime
    dossier: str | None
    print_id: UUID | None
    owner_id: UUID | None


@dataclass(frozen=True, slots=True)
class Receipt:
    id: UUID
    number: int
    document_id: UUID
    dossier: str | None
    agency: str
    issued_at: datetime
    issued_by: str
    content: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PrintTold:
    """What a diary line tells of a print, as the register has it: to whom it was given, and why, or why taken back."""

    number: int
    to_whom: str
    reason: str
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class DiaryLine:
    """`code`, under which the paper is that owner's today, `doc_type` and `prints` are of papers that the reader may
    see."""

    id: UUID
    at: datetime
    person: str
    role: str
    agency: str
    act: str
    purpose: str
    dossier: str | None
    owner_id: UUID | None
    document_id: UUID | None
    outcome: str
    note: str | None
    doc_type: str | None = None
    code: str | None = None
    prints: tuple[PrintTold, ...] = ()


class JobRole(StrEnum):
    """Which process may do a job: each holds other keys and other parts."""

    READER = "reader"  # opens what came in and reads pages; holds no key that signs
    SIGNER = "signer"  # holds the keys of clerks and agencies, and the seals
    ARCHIVIST = "archivist"  # holds the key of log, status lists and store manifests


@dataclass(frozen=True, slots=True)
class JobKind:
    """What can be asked of the queue, and who does it."""

    name: str
    role: JobRole


class Priority(IntEnum):
    """What is done first; the smaller number."""

    COUNTER = 0  # somebody waits at the counter
    BACK_FILE = 1  # papers from the shelves; after `jobs.AGED` they take turns with the counter


class JobState(StrEnum):
    QUEUED = "queued"
    CLAIMED = "claimed"
    DONE = "done"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. `deaths` of its workers; `done` of `total` pages while it is in work, if known."""

    id: UUID
    kind: str
    document_id: UUID
    agency: str
    role: JobRole
    priority: Priority
    state: JobState
    attempts: int
    deaths: int
    claimed_by: str | None
    lease_until: datetime | None
    not_before: datetime
    last_error: str | None
    done: int | None
    total: int | None
    trace: str | None
    """The trace (W3C Trace Context) of the request that asked for it."""


@dataclass(frozen=True, slots=True)
class JobCount:
    """How many jobs of one sort are not done, and since when the oldest of them may be claimed."""

    role: JobRole
    kind: str
    priority: Priority
    state: JobState
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class WorkStanding:
    """Where the work of an installation stands."""

    jobs: tuple[JobCount, ...]
    time_stamps_failing: int
    """Jobs that could not go on because no time stamp could be had."""
    last_signed_at: datetime | None

    def waits(self, role: JobRole, priority: Priority, now: datetime) -> float:
        """For how many seconds the oldest job of a role has waited; 0 when none waits."""
        of_role = [one for one in self.jobs if one.state is JobState.QUEUED and one.role is role]
        since = [one.oldest for one in of_role if one.priority is priority]
        return max((max(0.0, (now - one).total_seconds()) for one in since), default=0.0)

    def count(self, state: JobState) -> int:
        """How many jobs are in this state."""
        return sum(one.count for one in self.jobs if one.state is state)


@dataclass(frozen=True, slots=True)
class Draft:
    """A document about to be received: its id and data key, so that its objects can be put before its
    rows."""

    id: UUID
    data_key: DataKey


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A file that was opened and found fit, and its object: the first original of the document `draft`."""

    draft: Draft
    object: StoredObject
    name: str
    media_type: str
    pages: int
    signed: bool


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that waits to become a document; whoever brought it may take it until `until`.

    It has the id and the `key` of the document that takes its object over as it lies; `object.intent` is set until
    one has.
    """

    id: UUID
    object: StoredObject
    key: DataKey
    name: str
    media_type: str
    pages: int
    signed: bool
    at: datetime
    until: datetime

    @property
    def sha256(self) -> Digest:
        """The digest of the file as it came."""
        return self.object.sha256_plain


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a request, to be answered again."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do a request: whoever has another claim on it by now keeps no answer (StaleState)."""

    request: bytes
    id: UUID


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list that is ordered by instant and id: that of the last entry that was given."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, as other systems are told. `number` counts over the whole outbox, and within one `subject` in
    the order in which things happened."""

    id: UUID
    number: int
    type: str
    subject: str
    agency: str
    at: datetime
    data: Mapping[str, object]


class SubscriptionState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"  # by a person, or after too much trouble: `reason`; what happens meanwhile waits
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A system of an agency that is told of events at `url`. `failing_since` is None while all is well."""

    id: UUID
    agency: str
    url: str
    types: tuple[str, ...]
    state: SubscriptionState
    reason: str | None
    made_at: datetime
    made_by: str
    failing_since: datetime | None


class DeliveryState(StrEnum):
    WAITING = "waiting"
    CLAIMED = "claimed"
    DELIVERED = "delivered"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one subscription, and how far it is."""

    id: UUID
    subscription_id: UUID
    event: Event
    state: DeliveryState
    attempts: int
    not_before: datetime
    last_error: str | None
    made_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that this courier is to make: where to, and with which secrets it is signed."""

    delivery: Delivery
    claimed_by: str
    url: str
    agency: str
    secrets: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many systems have subscribed; what is still to be told to them: how much, since when, since when no courier
    has looked at it; and what a person must look at: deliveries that were set aside, subscriptions that were paused
    for their trouble."""

    subscriptions: int
    waiting: int
    since: datetime | None
    untouched_since: datetime | None
    set_aside: int
    paused: int


class SearchField(StrEnum):
    OWNER = "owner"
    CODE = "code"
    TYPE = "type"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Override:
    """A dated rule or catalogue entry of an agency that takes the place of the packaged one."""

    id: UUID
    agency: str
    key: str
    value: Mapping[str, object]
    valid_from: date
    valid_to: date | None
    decision: str


@dataclass(frozen=True, slots=True)
class LeafRecord:
    """A leaf of the log as kept: `index` is None until the archivist numbers it."""

    id: UUID
    index: int | None
    at: datetime
    salt: bytes
    commitment: bytes


@dataclass(frozen=True, slots=True)
class LockProof:
    """When nobody could break the object server's lock, and whether its root key was among those who tried."""

    at: datetime
    with_root: bool


@dataclass(frozen=True, slots=True)
class CheckpointRecord:
    size: int
    root: bytes
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Statistics:
    """What `khoso doctor` asks: counts per status and job state, and what waits."""

    documents: Mapping[str, int]
    jobs: Mapping[str, int]
    owners: int
    prints: int
    unnumbered_leaves: int
    open_intents: int
    schema: str
