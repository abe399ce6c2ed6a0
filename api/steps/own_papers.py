"""A citizen brings a paper of its own, or of whom it stands for, into the store: kept, read, and shown as what it is.

Promised: nothing is decided by it. It weighs *uploaded by the owner* (a PDF with signatures that pass, what those say),
has no ground, is coded for the one store that it was brought into, and waits after reading until an officer checked it;
till then it is neither reused nor shared nor printed as good. The same bytes brought again are the same paper. What
was uploaded is used up by it, and its jobs wait behind those of the counter: nobody makes much work of few files.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from api.house import House
from api.steps.intake import (
    Received,
    SignedAmongMany,
    draft_of,
    go_on,
    keep_original,
    verdict_on,
    waiting_job,
    weight_of,
)
from archive import SourceForm
from common import KhosoError
from datastore import Actor, AlreadyHeld, Priority, Provenance, Upload, Work


class PaperTooManyPages(KhosoError):
    """The files of one paper have more pages together than one file may have; facts `pages`, `limit`."""

    code = "paper_too_many_pages"


def bring_own(
    house: House,
    actor: Actor,
    owner: UUID,
    uploads: Sequence[Upload],
    *,
    doc_type: str | None = None,
    also: Callable[[Work, Received], None] = lambda _work, _received: None,
) -> Received:
    """Keeps what was uploaded as one paper; `also` is done in the transaction after which it is not lost.

    NotFound for a store that is not the actor's own, and for an upload that became a paper already; PaperTooManyPages.
    """
    if len(uploads) > 1 and any(upload.signed for upload in uploads):
        raise SignedAmongMany
    pages = sum(upload.pages for upload in uploads)
    used = [upload.id for upload in uploads]
    if pages > house.limits.pages:
        raise PaperTooManyPages(pages=pages, limit=house.limits.pages)
    code = house.catalogue.find(doc_type).code if doc_type else None
    with house.datastore.begin(actor, "bring_own") as work:
        work.owners.store_of(owner)  # before anything is written
    verdict = verdict_on(house, uploads)
    draft = draft_of(house, uploads)
    originals = [keep_original(house, draft, upload, n) for n, upload in enumerate(uploads, start=1)]
    try:
        with house.datastore.begin(actor, "bring_own") as work:
            work.uploads.use_up(used)
            document = work.documents.receive(
                draft,
                originals=originals,
                owners=(owner,),
                weight=weight_of(verdict),
                provenance=Provenance(SourceForm.E_COPY if verdict is None else SourceForm.E_ORIGINAL),
                doc_type=code,
                page_count=pages,
                verdict=None if verdict is None else verdict.as_json(),
            )
            job = go_on(house, work, document, Priority.BACK_FILE)
            receipt = work.receipts.issue(document.id, {"pages": document.version.page_count})
            received = Received(document, receipt.number, again=False, job=job)
            also(work, received)
    except AlreadyHeld as held:
        return _again(house, actor, UUID(str(held.facts["document_id"])), used, also)
    return received


def _again(
    house: House,
    actor: Actor,
    document_id: UUID,
    uploads: Sequence[UUID],
    also: Callable[[Work, Received], None],
) -> Received:
    """It is in the store already; what was written for nothing is swept."""
    with house.datastore.begin(actor, "bring_own") as work:
        work.uploads.use_up(uploads)
        document = work.documents.get(document_id)
        job = waiting_job(work, document)
        receipt = work.receipts.issue(document.id, {"pages": document.version.page_count})
        received = Received(document, receipt.number, again=True, job=job)
        also(work, received)
    return received
