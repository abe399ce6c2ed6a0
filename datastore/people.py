"""What the datastore takes and returns about agencies, officers, who signed in, and other systems: frozen values.

No value here shows a password, a secret or a token: those are handed out once, beside the value.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from archive import Status, Weight
from common import Digest
from datastore.keys import DataKey
from datastore.objects import StoredObject
from datastore.records import Actor, ActorRole

OFFICERS = frozenset(
    {
        ActorRole.CLERK,
        ActorRole.POSTAL,
        ActorRole.HANDLER,
        ActorRole.SIGNER,
        ActorRole.ARCHIVIST,
        ActorRole.AUDITOR,
        ActorRole.ADMIN,
    }
)
"""The roles that an account can have."""
ALONE = frozenset({ActorRole.ADMIN, ActorRole.AUDITOR})
"""Whoever makes accounts, or looks over others' shoulders, has no other role beside it."""


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency and its place in the tree. `valid_to` is its last day; its `successor` sees its papers from then on."""

    code: str
    name: str
    parent: str | None
    valid_from: date | None
    valid_to: date | None
    successor: str | None

    def in_force(self, day: date) -> bool:
        """Whether it is there on a day."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


class AccountState(StrEnum):
    ACTIVE = "active"
    LOCKED = "locked"  # by a person, until a person unlocks it
    CLOSED = "closed"  # for good; the name is never given again


@dataclass(frozen=True, slots=True)
class AccountRole:
    """A role of an account; `until` is its planned end, `ended_at` its real one."""

    role: ActorRole
    from_at: datetime
    until: datetime | None
    ended_at: datetime | None

    def in_force(self, at: datetime) -> bool:
        """Whether it counts at an instant."""
        return self.from_at <= at and self.ended_at is None and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Account:
    """An officer. `must_change`: the password was given by somebody else and is to be changed first."""

    id: UUID
    username: str
    name: str
    agency: str
    state: AccountState
    reason: str | None
    roles: tuple[AccountRole, ...]
    counters: tuple[str, ...]
    issuer: str | None
    subject: str | None = field(repr=False)
    must_change: bool
    made_at: datetime
    made_by: str

    def roles_at(self, at: datetime) -> frozenset[ActorRole]:
        """The roles that count at an instant."""
        return frozenset(one.role for one in self.roles if one.in_force(at))


@dataclass(frozen=True, slots=True)
class Proof:
    """How somebody proved who it is: when, at which level, and in which session of which provider, if any.

    `as_step_up`: it was made at a known time and as strongly as a step-up asks, so that for a while none is asked for.
    """

    at: datetime
    acr: str | None = None
    issuer: str | None = None
    provider_session: str | None = None
    as_step_up: bool = False


@dataclass(frozen=True, slots=True)
class SeenFrom:
    """From where a browser came: kept as a network and the head of its name, no more than a person recognises."""

    address: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lasts: without a sign of life, and at all."""

    idle: timedelta
    absolute: timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in, in one role: an officer (`account_id`) or a citizen (`owner_id`)."""

    id: UUID
    account_id: UUID | None
    owner_id: UUID | None
    person: str
    role: ActorRole
    agency: str
    principal: UUID | None
    counter: str | None
    csrf: str = field(repr=False)
    made_at: datetime
    seen_at: datetime
    expires_at: datetime
    auth_at: datetime
    acr: str | None
    issuer: str | None
    """The provider that proved who it is; None for a password."""
    stepped_up_at: datetime | None
    network: str | None
    agent: str | None

    def actor(self, purpose: str, dossier: str | None = None) -> Actor:
        """Whoever signed in, doing something for a reason."""
        return Actor(
            self.person,
            self.role,
            self.agency,
            purpose,
            dossier,
            principal=self.principal,
            counter=self.counter,
        )

    def stepped_up(self, at: datetime, within: timedelta) -> bool:
        """Whether the person has proven again, not longer ago than `within`, who it is."""
        return self.stepped_up_at is not None and at - self.stepped_up_at <= within


@dataclass(frozen=True, slots=True)
class NewLogin:
    """A sign-in that begins: what the provider will be asked with, and where the browser goes afterwards.

    `session` for a step-up: whose proof is renewed.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    return_path: str
    kind: str
    step_up: bool = False
    session: UUID | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """A sign-in whose browser came back in time, for the first time."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    return_path: str
    kind: str
    step_up: bool
    session: UUID | None
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Delegation:
    """Who stands for whom, on which proof and how long. In force once confirmed, until it ends or is ended."""

    id: UUID
    kind: ActorRole
    delegate_id: UUID
    principal_id: UUID
    proof_id: UUID | None
    ground: str | None
    valid_from: date
    valid_to: date | None
    agency: str
    made_at: datetime
    made_by: str
    confirmed_at: datetime | None
    confirmed_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class ShareOpening:
    n: int
    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Share:
    """One file of a paper, shown to a recipient for a purpose: at most `most` times, until an instant."""

    id: UUID
    owner_id: UUID
    document_id: UUID
    version: int
    sha256: Digest
    purpose: str
    recipient: str
    recipient_agency: str | None
    most: int
    until: datetime
    made_at: datetime
    made_by: str
    ended_at: datetime | None
    end_reason: str | None
    openings: tuple[ShareOpening, ...]


@dataclass(frozen=True, slots=True)
class OpenedShare:
    """What whoever opened a share may see: these bytes, and what the paper is worth today."""

    share: Share
    opening: ShareOpening
    status: Status
    weight: Weight
    doc_type: str | None
    object: StoredObject
    data_key: DataKey


class ClientState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Client:
    """Another information system of an agency."""

    id: UUID
    client_id: str
    name: str
    agency: str
    scopes: frozenset[str]
    state: ClientState
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a client was given: shown once."""

    token: str = field(repr=False)
    scopes: frozenset[str]
    audience: str
    until: datetime


@dataclass(frozen=True, slots=True)
class SystemPrincipal:
    """Another information system that has shown a token of ours."""

    client_id: str
    name: str
    agency: str
    scopes: frozenset[str]

    def actor(self, purpose: str, dossier: str | None = None) -> Actor:
        """It, doing something for a reason, as far as its scopes go."""
        return Actor(self.client_id, ActorRole.SYSTEM, self.agency, purpose, dossier, scopes=self.scopes)
