"""A typed client of the API: what another system, a script or a test calls instead of writing requests by hand.

    with Client("https://kho.example", token=…, purpose="tiếp nhận hồ sơ") as kho:
        upload = kho.upload(Path("giay-khai-sinh.jpg"))
        accepted = kho.submit([upload.id], owners=[OwnerNamed("040090001234")], type="KQ.G15.000031")
        kho.wait(accepted.document_id)

Promised: what makes something carries a key and is sent again under it when no answer came, so that it is done once.
"""

from api.client.client import Client
from api.client.events import Event, NotGenuine, read_event
from api.client.transport import NoAnswer, ProblemAnswered
from api.client.values import (
    Accepted,
    Attachment,
    DiaryLine,
    Document,
    DocumentType,
    Dossier,
    Held,
    Job,
    Owner,
    OwnerNamed,
    Print,
    Summary,
    Upload,
    Verdict,
    Wanted,
    Webhook,
)

__all__ = [
    "Accepted",
    "Attachment",
    "Client",
    "DiaryLine",
    "Document",
    "DocumentType",
    "Dossier",
    "Event",
    "Held",
    "Job",
    "NoAnswer",
    "NotGenuine",
    "Owner",
    "OwnerNamed",
    "Print",
    "ProblemAnswered",
    "Summary",
    "Upload",
    "Verdict",
    "Wanted",
    "Webhook",
    "read_event",
]
