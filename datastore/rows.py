"""The tables. Rows stay in this room; what leaves it are the values of `records`.

Promised: portable types only (SQLite now, PostgreSQL 15 next); what must be unique is unique in the
database, not by good manners. A table is witnessed by the log unless it says `__witnessed__ = False`
and why (see `witness`).
"""

from datetime import date, datetime
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    inspect,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from datastore.columns import Instant

# Constraints have names, because a migration can only change what it can name.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
_UNNUMBERED = text('"index" IS NULL')
_COUNTING = {"sqlite_autoincrement": True}
_BIG = BigInteger().with_variant(Integer, "sqlite")  # only a plain INTEGER counts by itself on SQLite


class Row(DeclarativeBase):
    """The root of all tables."""

    __witnessed__: ClassVar[bool] = True

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        UUID: Uuid(),
        datetime: Instant(),
        date: Date(),
        str: Text(),
        bytes: LargeBinary(),
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
    }

    def __init__(self, **values: Any) -> None:
        """A new row. Its columns are put where a loaded row has them, past the events of a change: it has none yet,
        and with them to make twenty rows took as long as to write them."""
        held, columns = self.__dict__, _columns(type(self))
        for name, value in values.items():
            if name in columns:
                held[name] = value
            else:
                setattr(self, name, value)


@cache
def _columns(kind: type[Row]) -> frozenset[str]:
    """The attributes that are columns; the others are other rows."""
    return frozenset(inspect(kind).column_attrs.keys())


def _one_current(name: str, ended: str, *columns: str) -> Index:
    """A unique index over the rows that have not ended."""
    return _open(name, ended, *columns, unique=True)


def _open(name: str, ended: str, *columns: str, unique: bool = False) -> Index:
    """An index over the rows that have not ended."""
    current = text(f"{ended} IS NULL")
    return Index(name, *columns, unique=unique, sqlite_where=current, postgresql_where=current)


class AgencyRow(Row):
    __tablename__ = "agencies"
    code: Mapped[str] = mapped_column(String(35), primary_key=True)
    name: Mapped[str]


class OwnerRow(Row):
    __tablename__ = "owners"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str | None]
    birth_date: Mapped[str | None] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(16))
    agency: Mapped[str] = mapped_column(String(35))
    made_at: Mapped[datetime]
    identifiers: Mapped[list["OwnerIdentifierRow"]] = relationship(
        order_by="OwnerIdentifierRow.valid_from", lazy="selectin"
    )


class OwnerIdentifierRow(Row):
    __tablename__ = "owner_identifiers"
    __table_args__ = (_one_current("uq_owner_identifiers_current", "valid_to", "identifier"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id"), index=True)
    identifier: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(24))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]


class StoreRow(Row):
    __tablename__ = "stores"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id"), unique=True)
    opened_at: Mapped[datetime]


class StoreEntryRow(Row):
    __tablename__ = "store_entries"
    __table_args__ = (_one_current("uq_store_entries_current", "to_at", "store_id", "document_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id"), index=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), index=True)
    position: Mapped[int]  # the order in which the paper names its owners
    from_at: Mapped[datetime]
    to_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    store: Mapped[StoreRow] = relationship(lazy="joined")


class ObjectRow(Row):
    """An object that a row names: the only proof that its bytes are wanted."""

    __tablename__ = "objects"
    __table_args__ = (UniqueConstraint("key", "version"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(_BIG)
    sha256_plain: Mapped[bytes] = mapped_column(LargeBinary(32))
    sha256_stored: Mapped[bytes] = mapped_column(LargeBinary(32))
    document_id: Mapped[UUID | None] = mapped_column(index=True)
    made_at: Mapped[datetime]


class DocumentRow(Row):
    __tablename__ = "documents"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(24), index=True)
    weight: Mapped[str] = mapped_column(String(24))
    doc_type: Mapped[str | None] = mapped_column(String(40), index=True)
    source_form: Mapped[str] = mapped_column(String(24))
    compared_by: Mapped[str | None]
    original_returned: Mapped[bool | None]
    checked_by: Mapped[str | None]
    ground: Mapped[str | None] = mapped_column(String(32))
    intake_agency: Mapped[str] = mapped_column(String(35), index=True)
    competent_agency: Mapped[str] = mapped_column(String(35), index=True)
    dossier: Mapped[str | None] = mapped_column(String(64), index=True)
    superseded_by: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    reason: Mapped[str | None]
    # Originals and owners in one digest; unique while the document counts as held, else NULL.
    held_key: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    received_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    stamp: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": stamp}  # noqa: RUF012 - as SQLAlchemy declares it
    versions: Mapped[list["VersionRow"]] = relationship(order_by="VersionRow.n", lazy="selectin")
    entries: Mapped[list[StoreEntryRow]] = relationship(order_by=StoreEntryRow.position, lazy="selectin")
    codes: Mapped[list["CodeRow"]] = relationship(order_by="CodeRow.sequence", lazy="selectin")


class IntakeRow(Row):
    """Who took a paper in, and at which counter: postal staff sees only its own."""

    __tablename__ = "intakes"
    id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    person: Mapped[str] = mapped_column(index=True)
    counter: Mapped[str | None] = mapped_column(String(64))


class StatedRow(Row):
    """What was said of an owner when a paper was brought and was not what is known: it makes doubtful whose it is."""

    __tablename__ = "stated_of_owners"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), index=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id"))
    name: Mapped[str | None]
    birth_date: Mapped[str | None] = mapped_column(String(10))
    by: Mapped[str]
    at: Mapped[datetime]


class CodeRow(Row):
    """The slot code of a document under one owner. What was printed never changes: a code only ends."""

    __tablename__ = "document_codes"
    __table_args__ = (UniqueConstraint("code", "instance"), UniqueConstraint("document_id", "sequence"))
    id: Mapped[UUID] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"))
    sequence: Mapped[int]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id"))
    code: Mapped[str] = mapped_column(String(112))
    instance: Mapped[int]
    assigned_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class VersionRow(Row):
    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("document_id", "n"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"))
    n: Mapped[int]
    originals_digest: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    page_count: Mapped[int | None]
    quality: Mapped[dict[str, Any] | None]
    fields: Mapped[dict[str, Any] | None]
    verdict: Mapped[dict[str, Any] | None]
    pdf_id: Mapped[UUID | None] = mapped_column(ForeignKey("objects.id"))
    reading_id: Mapped[UUID | None] = mapped_column(ForeignKey("objects.id"))
    readings: Mapped[int]
    made_at: Mapped[datetime]
    originals: Mapped[list["OriginalRow"]] = relationship(order_by="OriginalRow.n", lazy="selectin")
    revisions: Mapped[list["RevisionRow"]] = relationship(order_by="RevisionRow.k", lazy="selectin")
    pdf: Mapped[ObjectRow | None] = relationship(foreign_keys=[pdf_id], lazy="joined")
    reading: Mapped[ObjectRow | None] = relationship(foreign_keys=[reading_id], lazy="joined")


class OriginalRow(Row):
    """One file that came in; several make one version when they were scanned together."""

    __tablename__ = "originals"
    __table_args__ = (UniqueConstraint("version_id", "n"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("versions.id"))
    n: Mapped[int]
    object_id: Mapped[UUID] = mapped_column(ForeignKey("objects.id"))
    media_type: Mapped[str] = mapped_column(String(64))
    name: Mapped[str]
    object: Mapped[ObjectRow] = relationship(lazy="joined")


class RevisionRow(Row):
    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("version_id", "role"), UniqueConstraint("version_id", "k"))
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("versions.id"))
    k: Mapped[int]
    role: Mapped[str] = mapped_column(String(16))
    object_id: Mapped[UUID] = mapped_column(ForeignKey("objects.id"))
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    signed_at: Mapped[datetime]
    level: Mapped[str] = mapped_column(String(16))
    object: Mapped[ObjectRow] = relationship(lazy="joined")


class SigningRow(Row):
    __tablename__ = "signings"
    __table_args__ = (UniqueConstraint("version_id", "role"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("versions.id"))
    role: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    to_be_signed: Mapped[dict[str, Any]]
    prepared_id: Mapped[UUID | None] = mapped_column(ForeignKey("objects.id"))
    signature: Mapped[bytes | None]
    prepared_at: Mapped[datetime]
    prepared_by: Mapped[str]
    completed_at: Mapped[datetime | None]
    version: Mapped[VersionRow] = relationship(lazy="joined")
    prepared: Mapped[ObjectRow | None] = relationship(lazy="joined")


class DossierRow(Row):
    __tablename__ = "dossiers"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(64), unique=True)
    procedure: Mapped[str] = mapped_column(String(64))
    agency: Mapped[str] = mapped_column(String(35), index=True)
    intake_agency: Mapped[str] = mapped_column(String(35), index=True)
    state: Mapped[str] = mapped_column(String(16))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    events: Mapped[list["DossierEventRow"]] = relationship(order_by="DossierEventRow.n", lazy="selectin")
    documents: Mapped[list["DossierDocumentRow"]] = relationship(
        order_by="DossierDocumentRow.attached_at", lazy="selectin"
    )


class DossierEventRow(Row):
    __tablename__ = "dossier_events"
    __table_args__ = (UniqueConstraint("dossier_id", "n"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    dossier_id: Mapped[UUID] = mapped_column(ForeignKey("dossiers.id"))
    n: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    by: Mapped[str]
    note: Mapped[str | None]


class DossierDocumentRow(Row):
    __tablename__ = "dossier_documents"
    __table_args__ = (UniqueConstraint("dossier_id", "document_id", "component"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    dossier_id: Mapped[UUID] = mapped_column(ForeignKey("dossiers.id"))
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), index=True)
    component: Mapped[str] = mapped_column(String(64))
    how: Mapped[str] = mapped_column(String(16))
    attached_at: Mapped[datetime]


class CitationRow(Row):
    """Which bytes of a paper a dossier cites: they stay what they are, whatever becomes of the paper."""

    __tablename__ = "citations"
    __table_args__ = (UniqueConstraint("dossier_id", "component", "document_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    dossier_id: Mapped[UUID] = mapped_column(ForeignKey("dossiers.id"))
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), index=True)
    component: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[datetime]
    by: Mapped[str]


class ExchangeRow(Row):
    """A document under the code of another system."""

    __tablename__ = "exchange"
    __table_args__ = (UniqueConstraint("agency", "code"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    agency: Mapped[str] = mapped_column(String(35))
    code: Mapped[str] = mapped_column(String(30), index=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), index=True)
    said: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class PrintRow(Row):
    __tablename__ = "prints"
    __table_args__ = (UniqueConstraint("document_id", "number"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"))
    number: Mapped[int]
    short_code: Mapped[str] = mapped_column(String(20), unique=True)
    status_index: Mapped[int] = mapped_column(_BIG, unique=True)
    revision_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    to_whom: Mapped[str]
    reason: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    seal: Mapped[bytes | None]
    revoked_at: Mapped[datetime | None]
    revoke_reason: Mapped[str | None]
    making: Mapped["PrintMakingRow | None"] = relationship(lazy="selectin", viewonly=True)


class PrintMakingRow(Row):
    """Not witnessed: how far the making of a print is. What was decided stands in the print's own row; a print
    of an older Khoso has none here."""

    __tablename__ = "print_makings"
    __table_args__ = (
        Index(
            "ix_print_makings_open",
            "asked_at",
            sqlite_where=text("state != 'ready'"),
            postgresql_where=text("state != 'ready'"),
        ),
    )
    __witnessed__ = False
    print_id: Mapped[UUID] = mapped_column(ForeignKey("prints.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    asked_at: Mapped[datetime]
    sheets_id: Mapped[UUID | None] = mapped_column(ForeignKey("objects.id"))
    fingerprints: Mapped[list[str] | None]
    sheets: Mapped[ObjectRow | None] = relationship(lazy="joined")


class PublishedRow(Row):
    """Not witnessed: what is published carries its own signature."""

    __tablename__ = "published"
    __witnessed__ = False
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes]
    as_of: Mapped[datetime]


class NoticeRow(Row):
    __tablename__ = "notices"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    reason: Mapped[str]
    at: Mapped[datetime]
    dossier: Mapped[str | None] = mapped_column(String(64))
    print_id: Mapped[UUID | None] = mapped_column(ForeignKey("prints.id"))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("owners.id"))


class ReceiptRow(Row):
    __tablename__ = "receipts"
    __table_args__ = (UniqueConstraint("agency", "number"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int]
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), index=True)
    dossier: Mapped[str | None] = mapped_column(String(64))
    agency: Mapped[str] = mapped_column(String(35))
    issued_at: Mapped[datetime]
    issued_by: Mapped[str]
    content: Mapped[dict[str, Any]]


class DiaryRow(Row):
    __tablename__ = "diary"
    __table_args__ = (Index("ix_diary_agency_at", "agency", "at", "id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    person: Mapped[str]
    role: Mapped[str] = mapped_column(String(24))
    agency: Mapped[str] = mapped_column(String(35))
    act: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str]
    dossier: Mapped[str | None] = mapped_column(String(64))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("owners.id"), index=True)
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"), index=True)
    outcome: Mapped[str] = mapped_column(String(32))
    note: Mapped[str | None]


class AgencyTermRow(Row):
    """From when to when an agency is, below which other one, and who goes on after it."""

    __tablename__ = "agency_terms"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(ForeignKey("agencies.code"), unique=True)
    parent: Mapped[str | None] = mapped_column(ForeignKey("agencies.code"), index=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    successor: Mapped[str | None] = mapped_column(ForeignKey("agencies.code"), index=True)


class AccountRow(Row):
    """An officer. How it signs in stands in `credentials`, which nothing witnesses."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    agency: Mapped[str] = mapped_column(String(35), index=True)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None]
    issuer: Mapped[str | None] = mapped_column(String(255))
    subject: Mapped[str | None] = mapped_column(String(255))
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    roles: Mapped[list["AccountRoleRow"]] = relationship(order_by="AccountRoleRow.from_at", lazy="selectin")
    counters: Mapped[list["AccountCounterRow"]] = relationship(
        order_by="AccountCounterRow.from_at", lazy="selectin"
    )


_ONE_ADMIN = text("ended_at IS NULL AND role = 'admin'")


class AccountRoleRow(Row):
    __tablename__ = "account_roles"
    __table_args__ = (
        _one_current("uq_account_roles_current", "ended_at", "account_id", "role"),
        Index(
            "uq_account_roles_admin",
            "agency",
            unique=True,
            sqlite_where=_ONE_ADMIN,
            postgresql_where=_ONE_ADMIN,
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    agency: Mapped[str] = mapped_column(String(35))  # that of the account: one admin in each
    role: Mapped[str] = mapped_column(String(24))
    from_at: Mapped[datetime]
    until: Mapped[datetime | None]  # planned
    ended_at: Mapped[datetime | None]  # done
    given_by: Mapped[str]


class AccountCounterRow(Row):
    """The counters at which postal staff may take papers in."""

    __tablename__ = "account_counters"
    __table_args__ = (_one_current("uq_account_counters_current", "ended_at", "account_id", "counter"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    counter: Mapped[str] = mapped_column(String(64))
    from_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class CredentialRow(Row):
    """Not witnessed: a password's hash must leave no trace when it is changed."""

    __tablename__ = "credentials"
    __witnessed__ = False
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    hash: Mapped[str]
    must_change: Mapped[bool]
    changed_at: Mapped[datetime]
    failures: Mapped[int]
    resting_until: Mapped[datetime | None]  # after too many wrong passwords


class OwnerIdentityRow(Row):
    """By which proven identity of which provider an owner signs in."""

    __tablename__ = "owner_identities"
    __table_args__ = (_one_current("uq_owner_identities_current", "ended_at", "issuer", "subject"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id"), index=True)
    linked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SessionRow(Row):
    """Not witnessed: who is signed in now. That somebody signed in is a line of the diary."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_provider", "issuer", "provider_session"),)
    __witnessed__ = False
    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("owners.id"), index=True)
    person: Mapped[str]
    role: Mapped[str] = mapped_column(String(24))
    agency: Mapped[str] = mapped_column(String(35))
    principal: Mapped[UUID | None]
    counter: Mapped[str | None] = mapped_column(String(64))
    csrf: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    auth_at: Mapped[datetime]
    acr: Mapped[str | None] = mapped_column(String(255))
    issuer: Mapped[str | None] = mapped_column(String(255))
    provider_session: Mapped[str | None] = mapped_column(String(255))
    stepped_up_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    network: Mapped[str | None] = mapped_column(String(64))
    agent: Mapped[str | None] = mapped_column(String(120))


class LoginRow(Row):
    """Not witnessed: a sign-in under way, gone when the browser comes back or after minutes."""

    __tablename__ = "logins"
    __witnessed__ = False
    id: Mapped[UUID] = mapped_column(primary_key=True)
    state_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    nonce: Mapped[str] = mapped_column(String(128))
    verifier: Mapped[str] = mapped_column(String(128))
    return_path: Mapped[str]
    step_up: Mapped[bool]
    session_id: Mapped[UUID | None]
    begun_at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)


class ClientRow(Row):
    """Another information system of an agency, and what it is let do."""

    __tablename__ = "clients"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    agency: Mapped[str] = mapped_column(String(35), index=True)
    scopes: Mapped[str]  # separated by spaces, as OAuth writes them
    state: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[datetime]
    made_by: Mapped[str]


class ClientSecretRow(Row):
    """Not witnessed: a secret's digest must leave no trace when it ends."""

    __tablename__ = "client_secrets"
    __witnessed__ = False
    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"), index=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


class ClientTokenRow(Row):
    """Not witnessed: what a client may do for the next minutes."""

    __tablename__ = "client_tokens"
    __witnessed__ = False
    id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"), index=True)
    scopes: Mapped[str]
    audience: Mapped[str] = mapped_column(String(255))
    made_at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class DelegationRow(Row):
    """Who stands for whom, on which proof and how long; in force once staff has confirmed it."""

    __tablename__ = "delegations"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    delegate_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id"), index=True)
    principal_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id"), index=True)
    proof_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    ground: Mapped[str | None]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    agency: Mapped[str] = mapped_column(String(35))
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    end_reason: Mapped[str | None]


class ShareRow(Row):
    """One file of a paper, shown by its owner to somebody, for a purpose, so often and so long."""

    __tablename__ = "shares"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id"), index=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), index=True)
    version: Mapped[int]
    object_id: Mapped[UUID] = mapped_column(ForeignKey("objects.id"))
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    purpose: Mapped[str]
    recipient: Mapped[str]
    recipient_agency: Mapped[str | None] = mapped_column(String(35))
    recipient_email_sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    most: Mapped[int]  # openings
    until: Mapped[datetime]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    object: Mapped[ObjectRow] = relationship(lazy="joined")
    openings: Mapped[list["ShareOpeningRow"]] = relationship(order_by="ShareOpeningRow.n", lazy="selectin")


class ShareOpeningRow(Row):
    __tablename__ = "share_openings"
    __table_args__ = (UniqueConstraint("share_id", "n"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    share_id: Mapped[UUID] = mapped_column(ForeignKey("shares.id"))
    n: Mapped[int]
    at: Mapped[datetime]
    who: Mapped[str]


class OverrideRow(Row):
    __tablename__ = "overrides"
    __table_args__ = (UniqueConstraint("kind", "agency", "key", "valid_from"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  # rule or catalogue
    agency: Mapped[str] = mapped_column(String(35))
    key: Mapped[str] = mapped_column(String(112))
    value: Mapped[dict[str, Any]]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    decision: Mapped[str]
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]


def _of_state(name: str, states: str, *columns: str) -> Index:
    """An index over the jobs of a few states, so that millions of finished ones cost nothing."""
    some = text(f"state IN ({states})")
    return Index(name, *columns, sqlite_where=some, postgresql_where=some)


class JobRow(Row):
    """Not witnessed: a job says what is still to do, never what was done."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("kind", "document_id"),
        _of_state("ix_jobs_waiting", "'queued'", "role", "priority", "agency", "not_before", "id"),
        _of_state("ix_jobs_due", "'queued'", "role", "priority", "not_before"),
        _of_state("ix_jobs_held", "'claimed', 'set_aside'", "state", "id"),
    )
    __witnessed__ = False
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), index=True)
    agency: Mapped[str] = mapped_column(String(35))
    role: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    deaths: Mapped[int]
    claimed_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime]
    last_error: Mapped[str | None] = mapped_column(String(64))
    outage_since: Mapped[datetime | None]  # of which `last_error` tells
    done: Mapped[int | None]
    total: Mapped[int | None]
    again: Mapped[bool]  # asked for once more while it is in work
    trace: Mapped[str | None] = mapped_column(String(32))  # of the request that asked for it


class TurnRow(Row):
    """Not witnessed: whose turn it is at the queue, which says nothing about any paper."""

    __tablename__ = "job_turns"
    __table_args__ = (Index("ix_job_turns_order", "role", "priority", "served_at", "agency"),)
    __witnessed__ = False
    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    priority: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    agency: Mapped[str] = mapped_column(String(35), primary_key=True)
    served_at: Mapped[datetime]


class LeafRow(Row):
    """Not witnessed: it is the witness."""

    __tablename__ = "log_leaves"
    # The archivist looks for what waits, not through what is numbered.
    __table_args__ = (
        Index("ix_log_leaves_unnumbered", "arrival", sqlite_where=_UNNUMBERED, postgresql_where=_UNNUMBERED),
        _COUNTING,
    )
    __witnessed__ = False
    arrival: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    index: Mapped[int | None] = mapped_column(_BIG, unique=True)
    at: Mapped[datetime]
    salt: Mapped[bytes] = mapped_column(LargeBinary(32))
    commitment: Mapped[bytes] = mapped_column(LargeBinary(32))


class StateRow(Row):
    """Not witnessed: what a leaf commits to. No digest is a tombstone: the row was deleted on purpose."""

    __tablename__ = "log_states"
    __table_args__ = (Index("ix_log_states_row", "table", "key", "sequence"), _COUNTING)
    __witnessed__ = False
    sequence: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=True)
    leaf: Mapped[int] = mapped_column(_BIG, ForeignKey("log_leaves.arrival"), index=True)
    table: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class CheckpointRow(Row):
    """Not witnessed: it carries the archivist's signature."""

    __tablename__ = "log_checkpoints"
    __witnessed__ = False
    size: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    text: Mapped[str]
    at: Mapped[datetime]


class TileRow(Row):
    """Not witnessed: a log that recorded its own tiles would never end. The signed checkpoint binds them."""

    __tablename__ = "log_tiles"
    __witnessed__ = False
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    object_version: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    sha256_plain: Mapped[bytes] = mapped_column(LargeBinary(32))
    sha256_stored: Mapped[bytes] = mapped_column(LargeBinary(32))


class IntentRow(Row):
    """Not witnessed: written before a put and gone when the object has a name."""

    __tablename__ = "object_intents"
    __witnessed__ = False
    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), index=True)
    made_at: Mapped[datetime]
    swept: Mapped[bool]


class KeyRow(Row):
    """Not witnessed: keys may be wrapped anew under another master key, and must be deletable."""

    __tablename__ = "keys"
    __witnessed__ = False
    name: Mapped[str] = mapped_column(String(64), primary_key=True)  # archive, log or the id of a store
    wrapped: Mapped[bytes]
    made_at: Mapped[datetime]


class WrapRow(Row):
    """Not witnessed: destroying a wrap is how access ends, and nothing may keep its trace."""

    __tablename__ = "wraps"
    __witnessed__ = False
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    key_name: Mapped[str] = mapped_column(ForeignKey("keys.name"), primary_key=True)
    wrapped: Mapped[bytes]


class UploadRow(Row):
    """Not witnessed: a file that waits to become a document, for a day; it is nobody's paper yet."""

    __tablename__ = "waiting_files"
    __witnessed__ = False
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(index=True)
    role: Mapped[str] = mapped_column(String(24))
    agency: Mapped[str] = mapped_column(String(35))
    name: Mapped[str]
    media_type: Mapped[str] = mapped_column(String(64))
    pages: Mapped[int]
    signed: Mapped[bool]
    object_key: Mapped[str] = mapped_column(String(255), unique=True)
    object_version: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(_BIG)
    sha256_plain: Mapped[bytes] = mapped_column(LargeBinary(32))
    sha256_stored: Mapped[bytes] = mapped_column(LargeBinary(32))
    wrapped_key: Mapped[bytes]  # of the document to be, for the archive; it ends with that document's wrap
    intent: Mapped[UUID] = mapped_column(index=True)  # redeemed by the document that takes the object over
    at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]  # by the one paper that a citizen made of it


class AnswerRow(Row):
    """Not witnessed: an answer kept for a day, so that a request that is sent again is not done again."""

    __tablename__ = "answers"
    __witnessed__ = False
    id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # of the asker and its key
    request: Mapped[bytes] = mapped_column(LargeBinary(32))
    claim: Mapped[UUID]
    holder: Mapped[str | None]  # the process that does it
    lease_until: Mapped[datetime]
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[str | None]
    until: Mapped[datetime] = mapped_column(index=True)


class SearchRow(Row):
    """Not witnessed: made from other rows and can be made again. The dialect's own index hangs on `id`."""

    __tablename__ = "search"
    __table_args__ = _COUNTING
    __witnessed__ = False
    id: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), unique=True)
    owner: Mapped[str]
    code: Mapped[str]
    type: Mapped[str]
    text: Mapped[str]


class EventRow(Row):
    """Not witnessed: the rows of which it speaks are, and it goes when everybody was told."""

    __tablename__ = "events"
    __table_args__ = (
        _open("ix_events_to_hand_out", "handed_out_at", "arrival"),
        _COUNTING,
    )
    __witnessed__ = False
    arrival: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    type: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    agency: Mapped[str] = mapped_column(String(35))
    competent_agency: Mapped[str] = mapped_column(String(35))
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    handed_out_at: Mapped[datetime | None]


class SubscriptionRow(Row):
    """Who is told of what, and where. How it fares and its secrets stand in tables of their own."""

    __tablename__ = "subscriptions"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    agency: Mapped[str] = mapped_column(String(35), index=True)
    url: Mapped[str]
    types: Mapped[str]  # with spaces between them
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(64))
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    changed_at: Mapped[datetime]


class SubscriptionSecretRow(Row):
    """Not witnessed: a secret is wrapped anew with its key, and must be deletable."""

    __tablename__ = "subscription_secrets"
    __witnessed__ = False
    id: Mapped[UUID] = mapped_column(primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("subscriptions.id"), index=True)
    wrapped: Mapped[bytes]
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


class ReceiverRow(Row):
    """Not witnessed: how the receiver of a subscription fares, which changes with every trouble."""

    __tablename__ = "receivers"
    __witnessed__ = False
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("subscriptions.id"), primary_key=True)
    failures: Mapped[int]  # since it last took something
    failing_since: Mapped[datetime | None]
    not_before: Mapped[datetime]


_ASIDE = text("state IN ('set_aside')")
_IN_THE_AIR = text("state IN ('claimed')")


class DeliveryRow(Row):
    """Not witnessed: it says what is still to be told."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("subscription_id", "event"),
        _open("ix_deliveries_open", "settled_at", "subscription_id", "event"),
        _open("ix_deliveries_of_subject", "settled_at", "subscription_id", "subject", "event"),
        Index(
            "ix_deliveries_in_the_air",
            "subscription_id",
            sqlite_where=_IN_THE_AIR,
            postgresql_where=_IN_THE_AIR,
        ),
        Index("ix_deliveries_set_aside", "subscription_id", sqlite_where=_ASIDE, postgresql_where=_ASIDE),
    )
    __witnessed__ = False
    id: Mapped[UUID] = mapped_column(primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("subscriptions.id"))
    event: Mapped[int] = mapped_column(_BIG, ForeignKey("events.arrival"), index=True)
    subject: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    not_before: Mapped[datetime]
    first_tried_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(64))
    made_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class LockProofRow(Row):
    """Not witnessed: it speaks of a server, not of papers."""

    __tablename__ = "lock_proofs"
    __witnessed__ = False
    at: Mapped[datetime] = mapped_column(primary_key=True)
    with_root: Mapped[bool]


class RetentionRow(Row):
    """Until when the object server was asked to protect an object. Not witnessed: the server itself holds to it."""

    __tablename__ = "retentions"
    __table_args__ = (Index("ix_retentions_ending", "until", "object_id"),)
    __witnessed__ = False
    object_id: Mapped[UUID] = mapped_column(ForeignKey("objects.id"), primary_key=True)
    until: Mapped[datetime]


class TileRetentionRow(Row):
    """The same of a tile of the log; one in growth has a row until the whole one is kept."""

    __tablename__ = "tile_retentions"
    __witnessed__ = False
    name: Mapped[str] = mapped_column(String(100), ForeignKey("log_tiles.name"), primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)
