"""What we send, as the description of the API tells it (`webhooks` of OpenAPI 3.1). Nothing here is ever called.

The shapes are those of `datastore.events`; a test holds real events against them.
"""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Header
from pydantic import BaseModel, ConfigDict, Field

from api.cloud_events import CONTENT_TYPE
from api.http.shapes import Instant, Sha256
from archive import Ground, SourceForm, Status, Weight
from datastore import EVENT_TYPES, AttachedHow, DossierState

router = APIRouter()
_ID = "019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11"
_DOCUMENT_ID = "019ab1f0-1111-7d52-9c6e-2f4b1f6f0a11"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_DOCUMENT, _DOSSIER = "vn.khoso.document.", "vn.khoso.dossier."


def _types(family: str) -> list[str]:
    return sorted(type for type in EVENT_TYPES if type.startswith(family))


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DocumentFacts(_Told):
    """A paper as it was committed; of a paper copy besides its number and its place in the status list."""

    document_id: UUID
    status: Status
    weight: Weight
    ground: Ground | None = None
    doc_type: str | None = None
    source_form: SourceForm
    digitised: bool = Field(description="Made from paper; false: it arrived signed.")
    version: int
    revision: int | None = None
    sha256: Sha256 | None = Field(
        None, description="Of the file that is the document, or of what was printed."
    )
    dossier: str | None = None
    superseded_by: UUID | None = None
    print_id: UUID | None = None
    print_number: int | None = None
    status_index: int | None = None


class DossierFacts(_Told):
    """A dossier as it was committed, and the paper of which an event speaks."""

    dossier_id: UUID
    dossier: str | None = None
    procedure: str | None = None
    state: DossierState
    document_id: UUID | None = None
    component: str | None = None
    how: AttachedHow | None = None
    digitised: bool | None = None
    reused: bool | int | None = Field(
        None, description="Of one paper whether; at the end of a dossier how many."
    )
    doc_type: str | None = None
    source_form: SourceForm | None = None
    weight: Weight | None = None
    status: Status | None = None
    components: int | None = None
    kept: int | None = None


class TryOutFacts(_Told):
    """Nothing happened."""

    subscription_id: UUID


class _Event(_Told):
    specversion: Literal["1.0"]
    id: UUID = Field(description="The same at every attempt; `webhook-id` too.")
    source: str
    subject: str
    time: Instant
    sequence: str = Field(description="Grows with each event of a subject.", pattern=r"^[0-9]{20}$")
    datacontenttype: Literal["application/json"]


class DocumentEvent(_Event):
    """A CloudEvents 1.0 event about a paper."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "specversion": "1.0",
                    "id": _ID,
                    "source": "https://kiemtra.khoso.example/agencies/H41.08",
                    "type": "vn.khoso.document.valid",
                    "subject": f"documents/{_DOCUMENT_ID}",
                    "time": "2026-11-25T01:05:09.123456Z",
                    "sequence": "00000000000000000042",
                    "datacontenttype": "application/json",
                    "data": {
                        "document_id": _DOCUMENT_ID,
                        "status": "valid",
                        "weight": "digitised",
                        "ground": "dossier_succeeded",
                        "doc_type": "KQ.G15.000031",
                        "source_form": "original",
                        "digitised": True,
                        "version": 1,
                        "revision": 2,
                        "sha256": _SHA256,
                        "dossier": "H41.08-261125-0001",
                    },
                }
            ]
        },
    )
    type: str = Field(json_schema_extra={"enum": [*_types(_DOCUMENT)]})
    data: DocumentFacts


class DossierEvent(_Event):
    """A CloudEvents 1.0 event about a dossier."""

    type: str = Field(json_schema_extra={"enum": [*_types(_DOSSIER)]})
    data: DossierFacts


class TryOutEvent(_Event):
    """What a subscription is tried out with."""

    type: Literal["vn.khoso.webhook.test"]
    data: TryOutFacts


WebhookId = Annotated[str, Header(alias="webhook-id", description="Keep those you have taken.")]
Timestamp = Annotated[
    str, Header(alias="webhook-timestamp", description="Seconds since 1970; refuse old ones.")
]
Signature = Annotated[
    str,
    Header(
        alias="webhook-signature",
        description="`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; several with spaces between.",
    ),
]


@router.post(
    "event",
    operation_id="receive_event",
    status_code=204,
    responses={
        "4XX": {"description": "Sent again, for three days. After 410 nothing is sent until it is resumed."}
    },
)
def receive_event(
    event: Annotated[DocumentEvent | DossierEvent | TryOutEvent, Body(media_type=CONTENT_TYPE)],
    id: WebhookId,
    timestamp: Timestamp,
    signature: Signature,
) -> None:
    """Answer 2xx within ten seconds, or it is sent again. At least once; in order for each `subject`."""
