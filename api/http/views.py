"""What answers say of papers, jobs and diary lines: the values of the rooms as JSON, with examples."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.acts import title_of
from api.http.shapes import Instant, Said
from api.steps.holdings import Held
from api.steps.paper_copy import shown_object
from archive import Ground, SourceForm, Status, Weight
from datastore import DiaryLine, DocumentRecord, Job, JobState, ListedDocument, PrintTold

_EXAMPLE_ID = "019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11"
_EXAMPLE_DOCUMENT: dict[str, Any] = {
    "document_id": _EXAMPLE_ID,
    "codes": ["040090001234.KQ.G15.000031"],
    "owner_ids": ["019ab1f0-0000-7d52-9c6e-2f4b1f6f0a11"],
    "type": "KQ.G15.000031",
    "name": "Giấy khai sinh",
    "status": "provisional",
    "weight": "unconfirmed",
    "version": 1,
    "revision": 1,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "original_sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "pages": 1,
    "verdict": None,
    "receipt": 12,
    "source_form": "original",
    "compared_by": "mai.tran",
    "original_returned": True,
    "checked_by": "mai.tran",
    "ground": None,
    "dossier": "H41.08-261122-0001",
    "intake_agency": "H41.08",
    "competent_agency": "H41.08",
    "superseded_by": None,
    "reason": None,
    "received_at": "2026-11-22T01:05:09.000000Z",
    "changed_at": "2026-11-22T01:05:21.000000Z",
    "questions": [],
    "waits": [],
}


_IN_A_LIST = (
    "document_id",
    "codes",
    "type",
    "name",
    "status",
    "weight",
    "version",
    "sha256",
    "pages",
    "dossier",
    "received_at",
    "changed_at",
)


class DocumentView(BaseModel):
    """A paper as it stands. `sha256` is that of the PDF that stands for it, `version` and it name what was seen.

    `questions` are what the machine doubts; `waits` says why a paper that was read does not go on, to staff only.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE_DOCUMENT]})
    document_id: UUID
    codes: list[str]
    owner_ids: list[UUID]
    type: str | None
    name: str | None
    status: Status
    weight: Weight
    version: int
    revision: int
    sha256: str
    original_sha256: str
    pages: int | None
    verdict: str | None
    receipt: int | None
    source_form: SourceForm
    compared_by: str | None
    original_returned: bool | None
    checked_by: str | None
    ground: Ground | None
    dossier: str | None
    intake_agency: str
    competent_agency: str
    superseded_by: UUID | None
    reason: str | None
    received_at: Instant
    changed_at: Instant
    questions: list[Said]
    waits: list[Said]

    @classmethod
    def of(cls, held: Held) -> "DocumentView":
        document, version = held.document, held.document.version
        revision = document.latest_revision
        return cls(
            document_id=document.id,
            codes=[code.code for code in document.current_codes],
            owner_ids=list(document.owner_ids),
            type=document.doc_type,
            name=held.name,
            status=document.status,
            weight=document.weight,
            version=version.n,
            revision=0 if revision is None else revision.k,
            sha256=shown_object(document).sha256_plain.hex,
            original_sha256=version.originals_digest.hex,
            pages=version.page_count,
            verdict=None if version.verdict is None else str(version.verdict["verdict"]),
            receipt=held.receipt,
            source_form=document.provenance.source_form,
            compared_by=document.provenance.compared_by,
            original_returned=document.provenance.original_returned,
            checked_by=document.checked_by,
            ground=document.ground,
            dossier=document.dossier,
            intake_agency=document.intake_agency,
            competent_agency=document.competent_agency,
            superseded_by=document.superseded_by,
            reason=document.reason,
            received_at=document.received_at,
            changed_at=document.changed_at,
            questions=[Said.of(question) for question in held.questions],
            waits=[Said.of(reason) for reason in held.waits],
        )


class DocumentSummary(BaseModel):
    """A paper in a list."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{name: _EXAMPLE_DOCUMENT[name] for name in _IN_A_LIST}]}
    )
    document_id: UUID
    codes: list[str]
    type: str | None
    name: str | None
    status: Status
    weight: Weight
    version: int
    sha256: str
    pages: int | None
    dossier: str | None
    received_at: Instant
    changed_at: Instant

    @classmethod
    def of(cls, document: DocumentRecord, name: str | None) -> "DocumentSummary":
        return cls(
            document_id=document.id,
            codes=[code.code for code in document.current_codes],
            type=document.doc_type,
            name=name,
            status=document.status,
            weight=document.weight,
            version=document.version.n,
            sha256=shown_object(document).sha256_plain.hex,
            pages=document.version.page_count,
            dossier=document.dossier,
            received_at=document.received_at,
            changed_at=document.changed_at,
        )

    @classmethod
    def listed(cls, document: ListedDocument, name: str | None) -> "DocumentSummary":
        return cls(
            document_id=document.id,
            codes=list(document.codes),
            type=document.doc_type,
            name=name,
            status=document.status,
            weight=document.weight,
            version=document.version,
            sha256=document.sha256.hex,
            pages=document.pages,
            dossier=document.dossier,
            received_at=document.received_at,
            changed_at=document.changed_at,
        )


class JobView(BaseModel):
    """How far a piece of work on a paper is. `done` of `total` pages while it is in work, where that is known."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": _EXAMPLE_ID,
                    "kind": "read",
                    "document_id": _EXAMPLE_ID,
                    "state": "claimed",
                    "attempts": 1,
                    "done": 3,
                    "total": 12,
                    "last_error": None,
                }
            ]
        }
    )
    job_id: UUID
    kind: str
    document_id: UUID
    state: JobState
    attempts: int
    done: int | None
    total: int | None
    last_error: str | None

    @classmethod
    def of(cls, job: Job) -> "JobView":
        return cls(
            job_id=job.id,
            kind=job.kind,
            document_id=job.document_id,
            state=job.state,
            attempts=job.attempts,
            done=job.done,
            total=job.total,
            last_error=job.last_error,
        )

    @property
    def ended(self) -> bool:
        return self.state in (JobState.DONE, JobState.SET_ASIDE)


class PrintToldView(BaseModel):
    """A print that was asked for, or `taken_back`: to whom it was given, and why, or why it was taken back."""

    number: int
    to: str
    reason: str
    taken_back: bool

    @classmethod
    def of(cls, told: PrintTold) -> "PrintToldView":
        return cls(number=told.number, to=told.to_whom, reason=told.reason, taken_back=told.taken_back)


class DiaryLineView(BaseModel):
    """Who did what with which paper, when and why: `code`, `type`, `name` and `prints` where whoever asks sees that
    paper. `act` is for programs, `title` says it to people.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "at": "2026-11-22T01:05:09.000000Z",
                    "person": "mai.tran",
                    "role": "clerk",
                    "agency": "H41.08",
                    "act": "print",
                    "title": {"code": "print", "vi": "In giấy tờ", "en": "Print a paper"},
                    "purpose": "tiếp nhận hồ sơ",
                    "dossier": "H41.08-261122-0001",
                    "owner_id": "019ab1f0-0000-7d52-9c6e-2f4b1f6f0a11",
                    "document_id": _EXAMPLE_ID,
                    "code": "040090001234.KQ.G15.000031",
                    "type": "KQ.G15.000031",
                    "name": "Giấy khai sinh",
                    "outcome": "done",
                    "note": None,
                    "prints": [
                        {
                            "number": 1,
                            "to": "Ngân hàng Nông nghiệp, chi nhánh Vinh",
                            "reason": "Vay vốn",
                            "taken_back": False,
                        }
                    ],
                }
            ]
        }
    )
    at: Instant
    person: str
    role: str
    agency: str
    act: str
    title: Said
    purpose: str
    dossier: str | None
    owner_id: UUID | None
    document_id: UUID | None
    code: str | None
    type: str | None
    name: str | None
    outcome: str
    note: str | None
    prints: list[PrintToldView]

    @classmethod
    def of(cls, line: DiaryLine, name: str | None) -> "DiaryLineView":
        return cls(
            at=line.at,
            person=line.person,
            role=line.role,
            agency=line.agency,
            act=line.act,
            title=Said.of(title_of(line.act)),
            purpose=line.purpose,
            dossier=line.dossier,
            owner_id=line.owner_id,
            document_id=line.document_id,
            code=line.code,
            type=line.doc_type,
            name=name,
            outcome=line.outcome,
            note=line.note,
            prints=[PrintToldView.of(one) for one in line.prints],
        )
