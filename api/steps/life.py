"""What happens to a paper after it was read: the clerk signs, its ground is found, it becomes valid.

Signing is in two phases everywhere: the intention is written down and committed, then the key is touched
once, then what came back is compared and kept. A crash between any two lines is made good by running the job
again: the intention that stands is the one that is signed.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from api.house import House
from api.metrics import SIGNATURES, TIME_STAMP_FAILURES
from api.steps.job_kinds import MAKE_VALID, TELL_OUTSIDE
from api.steps.protect import ask_for_protection
from archive import (
    Status,
    ValidityAnswer,
    ValidityFacts,
    decide_validity,
)
from common import new_id
from datastore import (
    Actor,
    DataKey,
    DocumentRecord,
    Job,
    NewRevision,
    Signing,
    SigningState,
    StoredObject,
    Work,
    attestation_key,
    pdf_key,
    prepared_key,
)
from signing import (
    CopyForm,
    Indication,
    Mark,
    Role,
    SignedDocument,
    Signer,
    TimeStampUnusable,
    ToBeSigned,
    agency_mark,
    attest,
    clerk_mark,
    complete,
    prepare,
    statement_about,
    validate,
)

# --- the clerk's signature --------------------------------------------------------------------------------


def sign_at_capture(house: House, job: Job) -> None:
    """The clerk's personal signature on the digitised PDF (Circular 01/2023, Art. 8); then `provisional`.

    A PDF that arrived signed is the document as it is: nothing is added, it only becomes provisional.
    """
    actor = house.system("sign", agency=job.agency)
    with house.datastore.begin(actor, "open_for_signing") as work:
        document = work.documents.get(job.document_id)
        key = work.documents.data_key(document.id)
        agency = house.agency_name(work, document.competent_agency)
    if document.status is not Status.CHECKED:
        house.datastore.queue.finish(job)
        return
    if document.version.pdf is not None:
        now = house.clock()
        mark = clerk_mark(house.settings.clerk_name, now)
        signer = house.keys.signers.signer(Role.CLERK, house.settings.clerk_name)
        # The clerk's signature leaves room for the agency's text.
        expected = agency_mark(CopyForm.TRUE_COPY, agency, now)
        sign_once(house, actor, document, key, document.version.pdf, mark, signer, reserve=expected)
    with house.datastore.begin(actor, "sign") as work:
        # Put away meanwhile, nothing is left to do.
        if work.documents.get(document.id).status is Status.CHECKED:
            document = work.documents.become(document.id, Status.PROVISIONAL)
            if document.ground is not None:
                work.jobs.enqueue(MAKE_VALID, document.id)
            work.jobs.enqueue(TELL_OUTSIDE, document.id)
        work.jobs.finish(job)


def sign_once(
    house: House,
    actor: Actor,
    document: DocumentRecord,
    key: DataKey,
    base: StoredObject,
    mark: Mark,
    signer: Signer,
    *,
    reserve: Mark | None = None,
) -> None:
    """One signature of one role on the newest version: written down, made, compared, kept; never twice.

    1. The intention (what exactly is to be signed) is committed before the key is touched; if one stands
       already, after a crash, that one is carried on. 2. The raw signature is committed. 3. The finished file
    is kept and named. Each part may run twice. A paper that is put away or taken back before 1 is not signed, and
    before 3 gets no revision: the signature stays in the intention, as what the key has done.
    """
    with house.room.desk() as desk:
        # 1. Write down.
        signing = _intention(house, actor, document, key, base, mark, signer, reserve, desk)
        if signing is None or signing.state is SigningState.COMPLETED:
            return
        tbs = _to_be_signed(house, signing, key, desk)
        # 2. Sign.
        if signing.signature is None:
            signature = signer.sign(tbs)
            with house.datastore.begin(actor, "sign") as work:
                signing = work.signings.signed(signing.id, signature)
        # 3. Compare and keep.
        assert signing.signature is not None
        with _failures_counted():
            finished = complete(
                tbs, signing.signature, time_stamps=house.keys.signers.time_stamps, into=desk / "signed.pdf"
            )
        SIGNATURES.labels(mark.role.value).inc()
        _keep_revision(house, actor, document, key, signing, finished)


@contextmanager
def _failures_counted() -> Iterator[None]:
    """Of the time-stamp authority; the job waits for its end."""
    try:
        yield
    except TimeStampUnusable:
        TIME_STAMP_FAILURES.inc()
        raise


def _intention(
    house: House,
    actor: Actor,
    document: DocumentRecord,
    key: DataKey,
    base: StoredObject,
    mark: Mark,
    signer: Signer,
    reserve: Mark | None,
    desk: Path,
) -> Signing | None:
    with house.datastore.begin(actor, "open_for_signing") as work:
        if not _stands(work, document):
            return None
        standing = [one for one in work.signings.of_document(document.id) if one.role is mark.role]
    if standing and _can_go_on(standing[0], signer):
        return standing[0]
    if standing:
        with house.datastore.begin(actor, "withdraw_signature") as work:
            work.signings.withdraw(standing[0].id)
    unsigned = house.datastore.objects.get(base, desk / "unsigned.pdf", sealing=key)
    now = house.clock()
    tbs = prepare(
        unsigned,
        mark=mark,
        certificate_of=signer,
        now=now,
        into=desk / "to-sign.pdf",
        id=new_id(now),
        reserve=reserve,
    )
    prepared = house.datastore.put(
        prepared_key(document.id, document.version.n, mark.role), tbs.prepared, sealing=key
    )
    with house.datastore.begin(actor, "prepare_signature") as work:
        if not _stands(work, document):
            return None
        return work.signings.intend(
            tbs.id, document.id, mark.role, to_be_signed=json.loads(tbs.to_json()), prepared=prepared
        )


def _can_go_on(signing: Signing, signer: Signer) -> bool:
    """An intention nobody signed yet is taken back when the certificate was renewed meanwhile."""
    tbs = ToBeSigned.from_json(json.dumps(signing.to_be_signed))
    return signing.signature is not None or tbs.certificate == signer.certificate.public_bytes(Encoding.DER)


def _to_be_signed(house: House, signing: Signing, key: DataKey, desk: Path) -> ToBeSigned:
    """What stands in the rows, beside the prepared file as it was kept."""
    assert signing.prepared is not None
    kept = house.datastore.objects.get(signing.prepared, desk / "prepared.pdf", sealing=key)
    return replace(ToBeSigned.from_json(json.dumps(signing.to_be_signed)), prepared=kept)


def _keep_revision(
    house: House,
    actor: Actor,
    document: DocumentRecord,
    key: DataKey,
    signing: Signing,
    finished: SignedDocument,
) -> None:
    k = len(document.revisions) + 1
    kept = house.datastore.put(pdf_key(document.id, document.version.n, k), finished.pdf, sealing=key)
    with house.datastore.begin(actor, "keep_signature") as work:
        if _stands(work, document):
            work.signings.complete(signing.id, NewRevision(kept, finished.signed_at, finished.level))


def _stands(work: Work, document: DocumentRecord) -> bool:
    """Whether the paper is as it was opened: neither put away nor taken back. It stays so in this transaction."""
    return work.documents.get(document.id).status is document.status


# --- becoming valid ---------------------------------------------------------------------------------------


def make_valid(house: House, job: Job) -> None:
    """The agency signs, and the paper is worth the original: only with a ground and a person who checked it."""
    actor = house.system("make_valid", agency=job.agency)
    with house.datastore.begin(actor, "open_for_validity") as work:
        document = work.documents.get(job.document_id)
        key = work.documents.data_key(document.id)
        agency = house.agency_name(work, document.competent_agency)
    answer = validity(house, document)
    if document.status is not Status.PROVISIONAL or document.ground is None:
        house.datastore.queue.finish(job)
        return
    if not answer.may_become_valid:
        for reason in answer.reasons:
            house.steps.say(f"{document.id}: {reason}")
        house.datastore.queue.finish(job)
        return
    signer = house.keys.signers.signer(Role.AGENCY, agency)
    if document.latest_revision is not None:
        mark = agency_mark(CopyForm.TRUE_COPY, agency, house.clock())
        sign_once(house, actor, document, key, document.latest_revision.object, mark, signer)
    attestation = None
    if document.version.pdf is None:
        attestation = _attest(house, document, key, signer)
    with house.datastore.begin(actor, "make_valid") as work:
        # Put away or taken back meanwhile, it is not made valid, and nothing is left to do.
        if work.documents.get(document.id).status is Status.PROVISIONAL:
            work.documents.make_valid(document.id, document.ground, weight=answer.weight)
            if attestation is not None:
                work.name_object(attestation, document=document.id)
            work.jobs.enqueue(TELL_OUTSIDE, document.id)
            ask_for_protection(house, work, document.id)
        work.jobs.finish(job)


def _attest(house: House, document: DocumentRecord, key: DataKey, signer: Signer) -> StoredObject:
    """Our signed record about a PDF that arrived signed, beside it: its bytes stay as they came."""
    original = document.version.originals[0]
    with house.room.desk() as desk:
        pdf = house.datastore.objects.get(original.object, desk / "original.pdf", sealing=key)
        verdict = validate(pdf, trust=house.trust, now=house.clock())
    statement = statement_about(
        original.object.sha256_plain,
        original.object.size,
        verdict,
        received_at=document.received_at,
        facts={"document_id": str(document.id), "agency": document.intake_agency},
    )
    with _failures_counted():
        record = attest(statement, signer, house.keys.signers.time_stamps, house.clock())
    return house.datastore.put(attestation_key(document.id, document.version.n), record, sealing=key)


def validity(house: House, document: DocumentRecord) -> ValidityAnswer:
    """What the rules of today say about this paper and its recorded ground."""
    verdict = document.version.verdict
    facts = ValidityFacts(
        ground=document.ground,
        source=document.provenance.source_form,
        checked_by=document.checked_by or "",
        indication=None if verdict is None else Indication(str(verdict["verdict"])),
    )
    return decide_validity(house.rules, house.today, facts)
