"""What the client takes and gives: frozen values, made of the JSON of the API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OwnerNamed:
    """Whose paper it is."""

    identifier: str
    name: str | None = None
    birth_date: str | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was opened and waits to become a document."""

    id: UUID
    name: str
    media_type: str
    sha256: str
    pages: int
    signed: bool
    until: datetime

    @classmethod
    def of(cls, said: Json) -> "Upload":
        return cls(
            UUID(said["upload_id"]),
            said["name"],
            said["media_type"],
            said["sha256"],
            said["pages"],
            said["signed"],
            datetime.fromisoformat(said["until"]),
        )


@dataclass(frozen=True, slots=True)
class Accepted:
    """A paper that is kept: from now on it is not lost."""

    document_id: UUID
    receipt: int
    again: bool
    job_id: UUID | None
    warnings: tuple[str, ...]
    """What is unusual about the owners' numbers."""

    @classmethod
    def of(cls, said: Json) -> "Accepted":
        warnings = tuple(one["code"] for one in said["warnings"])
        return cls(UUID(said["document_id"]), said["receipt"], said["again"], _id(said["job_id"]), warnings)


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A type of papers: `code` is shown, any of `codes` is taken for it."""

    code: str
    local: str
    codes: tuple[str, ...]
    name: str
    name_en: str
    fields: tuple[str, ...]

    @classmethod
    def of(cls, said: Json) -> "DocumentType":
        codes = tuple(one["code"] for one in said["codes"])
        return cls(said["code"], said["local"], codes, said["name"], said["name_en"], tuple(said["fields"]))


@dataclass(frozen=True, slots=True)
class DiaryLine:
    """Who did what with which paper, when and why; `code`, `type` and `name` of a paper that whoever asks sees."""

    at: datetime
    person: str
    role: str
    agency: str
    act: str
    purpose: str
    dossier: str | None
    document_id: UUID | None
    code: str | None
    type: str | None
    name: str | None
    outcome: str
    note: str | None

    @classmethod
    def of(cls, said: Json) -> "DiaryLine":
        return cls(
            datetime.fromisoformat(said["at"]),
            said["person"],
            said["role"],
            said["agency"],
            said["act"],
            said["purpose"],
            said["dossier"],
            _id(said["document_id"]),
            said["code"],
            said["type"],
            said["name"],
            said["outcome"],
            said["note"],
        )


@dataclass(frozen=True, slots=True)
class Job:
    """How far a piece of work is."""

    id: UUID
    kind: str
    document_id: UUID
    state: str
    attempts: int
    done: int | None
    total: int | None
    last_error: str | None

    @property
    def ended(self) -> bool:
        return self.state in ("done", "set_aside")

    @classmethod
    def of(cls, said: Json) -> "Job":
        return cls(
            UUID(said["job_id"]),
            said["kind"],
            UUID(said["document_id"]),
            said["state"],
            said["attempts"],
            said["done"],
            said["total"],
            said["last_error"],
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """A paper in a list."""

    id: UUID
    codes: tuple[str, ...]
    type: str | None
    name: str | None
    status: str
    weight: str
    version: int
    sha256: str
    pages: int | None
    dossier: str | None
    received_at: datetime

    @classmethod
    def of(cls, said: Json) -> "Summary":
        return cls(
            UUID(said["document_id"]),
            tuple(said["codes"]),
            said["type"],
            said["name"],
            said["status"],
            said["weight"],
            said["version"],
            said["sha256"],
            said["pages"],
            said["dossier"],
            datetime.fromisoformat(said["received_at"]),
        )


@dataclass(frozen=True, slots=True)
class Document:
    """A paper as it stands; `tag` refuses a change when it is another by then. `said` is the whole answer."""

    id: UUID
    tag: str
    status: str
    weight: str
    type: str | None
    codes: tuple[str, ...]
    owner_ids: tuple[UUID, ...]
    version: int
    sha256: str
    receipt: int | None
    ground: str | None
    questions: tuple[str, ...]
    waits: tuple[str, ...]
    said: Json = field(repr=False)

    @classmethod
    def of(cls, said: Json, tag: str) -> "Document":
        return cls(
            UUID(said["document_id"]),
            tag,
            said["status"],
            said["weight"],
            said["type"],
            tuple(said["codes"]),
            tuple(UUID(owner) for owner in said["owner_ids"]),
            said["version"],
            said["sha256"],
            said["receipt"],
            said["ground"],
            tuple(question["code"] for question in said["questions"]),
            tuple(reason["code"] for reason in said["waits"]),
            said,
        )


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner, by the id under which addresses know it; `tag` names what was known, for a correction of it."""

    id: UUID
    kind: str
    name: str | None
    birth_date: str | None
    state: str
    tag: str | None = None

    @classmethod
    def of(cls, said: Json, tag: str | None = None) -> "Owner":
        return cls(UUID(said["owner_id"]), said["kind"], said["name"], said["birth_date"], said["state"], tag)


@dataclass(frozen=True, slots=True)
class Dossier:
    """A dossier as it stands."""

    number: str
    procedure: str
    state: str
    events: tuple[str, ...]
    documents: tuple[UUID, ...]
    waiting: tuple[UUID, ...]
    """Of its papers those that wait for somebody, also when it has succeeded."""

    @classmethod
    def of(cls, said: Json) -> "Dossier":
        return cls(
            said["number"],
            said["procedure"],
            said["state"],
            tuple(event["kind"] for event in said["events"]),
            tuple(UUID(one["document_id"]) for one in said["documents"]),
            tuple(UUID(one["document_id"]) for one in said["documents"] if one["waits"]),
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A component of a procedure and the type of paper that it wants; `facts` are what the counter sees of it."""

    component: str
    type: str
    facts: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of a component (`held`, `not_held`, `unknown`) and what the rules say to do."""

    component: str
    state: str
    action: str
    reusable: tuple[Summary, ...]
    comparable: tuple[Summary, ...]

    @classmethod
    def of(cls, said: Json) -> "Held":
        return cls(
            said["component"],
            said["state"],
            said["action"],
            tuple(Summary.of(one) for one in said["reusable"]),
            tuple(Summary.of(one) for one in said["comparable"]),
        )


@dataclass(frozen=True, slots=True)
class Attachment:
    """Which bytes a dossier cites."""

    document_id: UUID
    component: str
    version: int
    sha256: str
    content: str

    @classmethod
    def of(cls, said: Json) -> "Attachment":
        return cls(
            UUID(said["document_id"]), said["component"], said["version"], said["sha256"], said["content"]
        )


@dataclass(frozen=True, slots=True)
class Print:
    """A paper copy in the register."""

    id: UUID
    document_id: UUID
    number: int
    state: str
    sealed: bool
    link: str | None
    short_code: str | None
    revoked: bool

    @property
    def ready(self) -> bool:
        return self.state == "ready"

    @classmethod
    def of(cls, said: Json) -> "Print":
        return cls(
            UUID(said["print_id"]),
            UUID(said["document_id"]),
            said["number"],
            said["state"],
            said["sealed"],
            said["link"],
            said["short_code"],
            said["revoked_at"] is not None,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether something is genuine, and how it stands."""

    verdict: str
    status: str
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, said: Json) -> "Verdict":
        return cls(said["verdict"], said["status"], tuple(reason["code"] for reason in said["reasons"]))


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told of events; `secret` is known only to whoever made it."""

    id: UUID
    url: str
    types: tuple[str, ...]
    state: str
    reason: str | None
    secret: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, said: Json) -> "Webhook":
        return cls(
            UUID(said["id"]),
            said["url"],
            tuple(said["types"]),
            said["state"],
            said["reason"],
            said.get("secret"),
        )
