"""The journey of a paper into its owner's store, up to the clerk's signature.

    receive  →  read  →  sign
    (answered)  (jobs: run here, by a worker, or after a crash by whoever comes next)

Each step loads, calls a room, puts what it made, and commits rows, diary, log leaf and the next job together.
Run twice, a step does nothing the second time.
"""

import json
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

from api.house import House
from api.logs import log
from api.metrics import MALWARE, PAGE_SECONDS, PAGES
from api.steps.job_kinds import MAKE_VALID, READ, SIGN
from api.steps.questions import FILES_NAME, about_owners, marks, whose
from archive import Ground, SourceForm, Status, ValidityFacts, Weight, decide_validity
from common import Digest, KhosoError, PartialDate, Sentence, say
from datastore import (
    UNKNOWN_COMPONENT,
    Act,
    Actor,
    ActorRole,
    AlreadyHeld,
    AttachedHow,
    Beforehand,
    DataKey,
    DocumentRecord,
    DossierState,
    Draft,
    Job,
    JobState,
    NewOriginal,
    NotFound,
    ObjectMissing,
    Original,
    Owner,
    Priority,
    Provenance,
    Source,
    StaleState,
    Stated,
    Upload,
    Work,
    digest_of,
    may,
    original_key,
    pdf_key,
    reading_key,
)
from ingest import MalwareFound, PagePool, Reading, Scan, digitise, open_scan, personal_ids_in
from signing import Indication, Role, Verdict

MALWARE_ACT = "refuse_malware"
"""The act of the diary lines about malware: signature and digest, never the file's name."""


class DossierClosed(KhosoError):
    """Papers are taken in for open dossiers only."""

    code = "dossier_closed"


class FileChanged(KhosoError):
    """The file was changed by somebody while it was taken in."""

    code = "file_changed"


class SignedAmongMany(KhosoError):
    """A signed PDF is a document by itself and cannot be one page of another."""

    code = "signed_among_many"


@dataclass(frozen=True, slots=True)
class Person:
    """An owner as named at the counter: an identifier, and what is known to match it with."""

    identifier: str
    name: str | None = None
    birth_date: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """What is handed in: one document of one or more files. No owners: it waits for an identifier.

    `back_file`: it comes from the shelves, where nobody waits for it, and lets the counter go first. `compared`:
    whoever hands it in says that it has compared the scan with the paper; else it waits, once it was read, for somebody
    who does.
    """

    files: tuple[Path, ...] = ()
    owners: tuple[Person, ...] = ()
    doc_type: str | None = None
    dossier: str | None = None
    ground: Ground | None = None
    source: SourceForm = SourceForm.ORIGINAL
    back_file: bool = False
    compared: bool = False
    original_returned: bool | None = None

    @property
    def priority(self) -> Priority | None:
        """That of its jobs; None: what its ground says."""
        return Priority.BACK_FILE if self.back_file else None


@dataclass(frozen=True, slots=True)
class Received:
    """A paper that is kept: from now on it is not lost. `again` when the same bytes were kept before.

    `job` is what is done with it next, if anything is; `doubts` what is doubtful about its owners already.
    """

    document: DocumentRecord
    receipt: int
    again: bool
    job: Job | None
    doubts: tuple[Sentence, ...] = ()


Brought = Scan | Upload
"""A file that was opened and found fit: on the desk of this process, or waiting as an upload."""


# --- receive ----------------------------------------------------------------------------------------------


def receive(house: House, actor: Actor, paper: Paper) -> Received:
    """Opens the files, keeps them byte for byte and answers with a receipt; Refusals keep nothing.

    The same bytes for the same owners are the same paper (docs/decisions/0002): a repeat answers with the
    document that is there, and cites it in the dossier.
    """
    return take_in(house, actor, paper, [open_file(house, actor, path) for path in paper.files])


def take_in(
    house: House,
    actor: Actor,
    paper: Paper,
    scans: Sequence[Brought],
    also: Callable[[Work, Received], None] = lambda _work, _received: None,
) -> Received:
    """Keeps a paper whose files were opened; `also` is done in the transaction after which it is not lost."""
    if len(scans) > 1 and any(scan.signed for scan in scans):
        raise SignedAmongMany
    doc_type = house.catalogue.find(paper.doc_type).code if paper.doc_type else None
    beforehand = _look_beforehand(house, actor, paper, scans)
    if beforehand.may_be_held and (held := _bring_again(house, actor, paper, scans, doc_type, also)):
        return held
    _require_open_dossier(house, actor, paper.dossier)
    verdict = verdict_on(house, scans)
    provenance = _provenance(actor, paper, verdict)
    indication = None if verdict is None else verdict.indication
    ground = _fitting_ground(house, actor, paper, provenance, indication, scans[0].name)
    draft = draft_of(house, scans)
    originals = [keep_original(house, draft, scan, n) for n, scan in enumerate(scans, start=1)]
    try:
        with house.datastore.begin(actor, "receive") as work:
            named = _name_owners(work, paper, beforehand.unknown)
            otherwise = _brought_otherwise(work, scans, named)
            document = work.documents.receive(
                draft,
                originals=originals,
                owners=named.ids,
                weight=weight_of(verdict),
                provenance=provenance,
                doc_type=doc_type,
                dossier=paper.dossier,
                ground=ground,
                page_count=sum(scan.pages for scan in scans),
                verdict=None if verdict is None else verdict.as_json(),
            )
            if named.stated:
                work.owners.keep_stated(document.id, named.stated)
            _attach(work, paper.dossier, document, AttachedHow.KEPT)
            job = go_on(house, work, document, paper.priority)
            doubts = (
                *about_owners(house, named.owners, named.stated),
                *_of_too_many(house, doc_type, named),
                *otherwise,
                *_of_comparing(actor, paper),
            )
            # Its number last: until the transaction ends no other paper of the agency gets one.
            receipt = work.receipts.issue(document.id, {"pages": document.version.page_count})
            received = Received(document, receipt.number, again=False, job=job, doubts=doubts)
            also(work, received)
    except AlreadyHeld:
        # Somebody else took in the same paper while we wrote: theirs stands, ours is swept.
        held = _bring_again(house, actor, paper, scans, doc_type, also)
        if held is None:
            raise
        return held
    except StaleState:
        # Another paper took an upload's object over meanwhile, or its day ended: now it is copied, or not found.
        waiting = _as_they_wait(house, actor, scans)
        if waiting == list(scans):
            raise
        return take_in(house, actor, paper, waiting, also)
    for sentence in otherwise:
        house.steps.say(str(sentence))
    return received


def _as_they_wait(house: House, actor: Actor, scans: Sequence[Brought]) -> list[Brought]:
    """The same files, the uploads as they are now; NotFound."""
    ids = [scan.id for scan in scans if isinstance(scan, Upload)]
    uploads = {upload.id: upload for upload in house.datastore.uploads(actor, ids)}
    return [uploads[scan.id] if isinstance(scan, Upload) else scan for scan in scans]


def open_file(house: House, actor: Actor, path: Path, *, name: str | None = None) -> Scan:
    """The file, scanned for malware and opened; what is found is reported in the diary, as officers must."""
    try:
        return open_scan(path, name=name, limits=house.limits, scanner=house.scanner)
    except MalwareFound as found:
        with house.datastore.begin(actor, MALWARE_ACT) as work:
            work.diary.report(f"{found.facts['signature']} {found.facts['sha256']}")
        MALWARE.inc()
        facts = {name: found.facts[name] for name in ("signature", "sha256")}
        log.warning("malware_found", agency=actor.agency, **facts)
        raise


def _require_open_dossier(house: House, actor: Actor, dossier: str | None) -> None:
    """Asked before a new paper is kept, and again in the transaction that attaches."""
    if dossier is None:
        return
    with house.datastore.begin(actor, "look_at_dossier") as work:
        if work.dossiers.get(dossier).state is not DossierState.OPEN:
            raise DossierClosed(number=dossier)


@dataclass(frozen=True, slots=True)
class _Named:
    """The owners of a paper, each once, and what was said of them that is not what is known."""

    owners: tuple[Owner, ...]
    stated: tuple[Stated, ...]

    @property
    def ids(self) -> tuple[UUID, ...]:
        return tuple(owner.id for owner in self.owners)


def _name_owners(work: Work, paper: Paper, unknown: Collection[str] = ()) -> _Named:
    """The owners of a paper; `unknown`: the numbers that nobody had a moment ago."""
    found, stated = {}, []
    for one in sorted(paper.owners, key=lambda one: one.identifier):  # no two intakes wait in a circle
        new = one.identifier in unknown
        owner = work.owners.ensure(one.identifier, name=one.name, birth_date=one.birth_date, new=new)
        found[one.identifier] = owner
        if (otherwise := owner.stated_otherwise(one.name, one.birth_date)) is not None:
            stated.append(otherwise)
    each_once = {owner.id: owner for owner in (found[one.identifier] for one in paper.owners)}
    return _Named(tuple(each_once.values()), tuple(stated))


def _brought_otherwise(work: Work, scans: Sequence[Brought], named: _Named) -> tuple[Sentence, ...]:
    """Which papers are there that may be this one, for whoever may see them: it becomes another all the same."""
    if not may(ActorRole(work.actor.role), Act.SEE_PAPERS, work.actor.scopes):
        return ()
    found = work.documents.brought_otherwise([scan.sha256 for scan in scans], named.ids)
    return tuple(say("brought_otherwise", id=id) for id in found)


@dataclass(frozen=True, slots=True)
class _Held:
    """A paper that is here already, and the owners and bytes that are brought now."""

    document: DocumentRecord
    named: _Named
    digests: tuple[Digest, ...]

    @property
    def in_another_scan(self) -> bool:
        """Whether these bytes were put away, or replaced, and it stands in their place."""
        return self.document.version.originals_digest != digest_of(self.digests)

    def spoken_of(self, document: DocumentRecord) -> bool:
        """Whether what is said now is said of this paper: of its bytes, and in the name of all its owners or of those
        whom it gets now."""
        return not self.in_another_scan and set(document.owner_ids) in (set(), set(self.named.ids))


def _look_beforehand(house: House, actor: Actor, paper: Paper, scans: Sequence[Brought]) -> Beforehand:
    """A quick look without a diary line, which nearly always says no; BadIdentifier before anything is kept."""
    numbers = [one.identifier for one in paper.owners]
    return house.datastore.look_beforehand([scan.sha256 for scan in scans], numbers, actor.agency)


def _bring_again(
    house: House,
    actor: Actor,
    paper: Paper,
    scans: Sequence[Brought],
    doc_type: str | None,
    also: Callable[[Work, Received], None],
) -> Received | None:
    """The paper that is here already, if one is; where it became another's between look and lock it is looked for once
    more."""
    for once_more in (True, False):
        held = _held(house, actor, paper, scans)
        if held is None:
            return None
        try:
            return _cite(house, actor, held, paper, doc_type, also)
        except (AlreadyHeld, StaleState):
            if not once_more:
                raise
    return None


def _held(house: House, actor: Actor, paper: Paper, scans: Sequence[Brought]) -> _Held | None:
    """The paper that has these bytes and owners, or these bytes and no owner yet."""
    digests = tuple(scan.sha256 for scan in scans)
    with house.datastore.begin(actor, "look_for_held") as work:
        named = _name_owners(work, paper)
        document = _find_held(work, digests, named)
    return None if document is None else _Held(document, named, digests)


def _find_held(work: Work, digests: Sequence[Digest], named: _Named) -> DocumentRecord | None:
    return work.documents.find_held(digests, named.ids) or work.documents.find_held(digests, ())


def _cite(
    house: House,
    actor: Actor,
    held: _Held,
    paper: Paper,
    doc_type: str | None,
    also: Callable[[Work, Received], None],
) -> Received:
    """The paper is here already: what was open and is now said is kept, and the dossier cites it. StaleState where it
    is so no more.

    Where another scan stands in its place, or it is of others as well who are not named, it is only cited: what is said
    of the bytes that were brought, or for one of its owners, is not said of it.
    """
    ground = _ground_for_held(house, actor, held.document, paper) if held.spoken_of(held.document) else None
    with house.datastore.begin(actor, "bring_again") as work:
        document = _locked(work, held)
        spoken_of = held.spoken_of(document)
        if held.named.owners and not document.owner_ids:
            document = work.documents.assign_owners(document.id, held.named.ids)
        if held.named.stated:
            work.owners.keep_stated(document.id, held.named.stated)
        if document.doc_type is None and doc_type is not None:
            document = work.documents.classify(document.id, doc_type)
        if ground is not None and spoken_of and document.ground is None:
            document = work.documents.record_ground(document.id, ground)
        # Who may not check leaves it to somebody who may: that it goes on from here is a check.
        if paper.compared and spoken_of and _may_check(actor):
            document = work.documents.record_comparison(document.id, by=actor.person)
        how = AttachedHow.KEPT if document.dossier == paper.dossier else AttachedHow.REUSED
        _attach(work, paper.dossier, document, how)
        if spoken_of or document.status is not Status.READ:
            go_on(house, work, document)
        job = waiting_job(work, document)
        receipt = work.receipts.issue(document.id, {"pages": document.version.page_count})
        doubts = about_owners(house, *_owners_of(work, document))
        told = _of_what_stands(held, document)
        received = Received(
            document,
            receipt.number,
            again=True,
            job=job,
            doubts=(*told, *doubts, *_of_comparing(actor, paper)),
        )
        also(work, received)
    for sentence in told:
        house.steps.say(str(sentence))
    return received


def _of_too_many(house: House, doc_type: str | None, named: _Named) -> tuple[Sentence, ...]:
    """Whether papers of the type have fewer owners as a rule than were named: asked about, and kept as it is said."""
    found = None if doc_type is None else house.catalogue.find(doc_type)
    if found is None or found.most_owners is None or len(named.owners) <= found.most_owners:
        return ()
    return (say("owners_more_than_usual", name=found.name, most=found.most_owners),)


def _of_comparing(actor: Actor, paper: Paper) -> tuple[Sentence, ...]:
    """What whoever says to have compared a paper, and may not check it, has to know."""
    return (say("comparison_left_out"),) if paper.compared and not _may_check(actor) else ()


def _of_what_stands(held: _Held, document: DocumentRecord) -> tuple[Sentence, ...]:
    """What whoever brings a paper again has to know of the one that is there."""
    if held.in_another_scan:
        return (say("another_scan_stands", id=document.id),)
    if document.status is Status.SUPERSEDED:  # by a paper that is not its owners'
        return (say("held_superseded", id=document.id),)
    return ()


def _locked(work: Work, held: _Held) -> DocumentRecord:
    """The paper as it stands once nobody changes it any more; StaleState when another one is held by now, or none."""
    try:
        work.documents.get(held.document.id)
    except NotFound as error:
        raise StaleState(what="document") from error
    document = _find_held(work, held.digests, held.named)
    if document is None or document.id != held.document.id:
        raise StaleState(what="document")
    return document


def _owners_of(work: Work, document: DocumentRecord) -> tuple[tuple[Owner, ...], tuple[Stated, ...]]:
    """The owners of a paper, and what was said of them otherwise."""
    stated = work.owners.stated_for([document])
    return work.owners.of_document(document.id), stated[document.id]


def _ground_for_held(house: House, actor: Actor, held: DocumentRecord, paper: Paper) -> Ground | None:
    kept = held.version.verdict
    verdict = None if kept is None else Indication(str(kept["verdict"]))
    return _fitting_ground(house, actor, paper, held.provenance, verdict, held.version.originals[0].name)


def waiting_job(work: Work, document: DocumentRecord) -> Job | None:
    """The newest job of a paper that is not done."""
    waiting = [job for job in work.jobs.of_document(document.id) if job.state is not JobState.DONE]
    return waiting[-1] if waiting else None


def go_on(house: House, work: Work, document: DocumentRecord, priority: Priority | None = None) -> Job | None:
    """Asks for the next job of a paper, if nothing is left to ask a person.

    Whoever hands a paper in and has compared it answers for it: one whose type is known is checked by that person,
    unless it is doubtful whose it is, or whoever lets it go on may not check. Any other waits as `read`, whatever
    becomes of its dossier.
    """
    by = document.provenance.compared_by
    clear = document.status is Status.READ and document.doc_type is not None
    if clear and by and _may_check(work.actor) and not whose(house, document, *_owners_of(work, document)):
        document = work.documents.check(document.id, by=by)
    following = {Status.RECEIVED: READ, Status.CHECKED: SIGN}
    if document.status is Status.PROVISIONAL and document.ground is not None:
        return work.jobs.enqueue(MAKE_VALID, document.id, priority=priority)
    if document.status in following:
        return work.jobs.enqueue(following[document.status], document.id, priority=priority)
    return None


def _may_check(actor: Actor) -> bool:
    return may(ActorRole(actor.role), Act.CHECK, actor.scopes)


def _attach(work: Work, dossier: str | None, document: DocumentRecord, how: AttachedHow) -> None:
    if dossier is None:
        return
    standing = work.dossiers.get(dossier)
    if any(one.document_id == document.id for one in standing.documents):
        return  # brought again, after a crash perhaps: it is in there, whatever has become of the dossier
    if standing.state is not DossierState.OPEN:
        raise DossierClosed(number=dossier)
    work.dossiers.attach(dossier, document.id, component=document.doc_type or UNKNOWN_COMPONENT, how=how)


def draft_of(house: House, scans: Sequence[Brought]) -> Draft:
    """The document that is about to be: that of the first upload, unless it became one already."""
    first = scans[0]
    if isinstance(first, Upload) and first.object.intent is not None:
        return Draft(first.id, first.key)
    return house.datastore.draft()


def keep_original(house: House, draft: Draft, scan: Brought, n: int) -> NewOriginal:
    """The bytes of one file, where no other will be; a transaction must name them. The upload of which the draft was
    made lies there already; any other is copied. NotFound for an upload that was forgotten meanwhile."""
    if isinstance(scan, Upload) and n == 1 and scan.id == draft.id:
        return NewOriginal(scan.object, scan.media_type, scan.name)
    source: Source = (
        scan.path if isinstance(scan, Scan) else house.datastore.objects.blocks(scan.object, sealing=scan.key)
    )
    try:
        kept = house.datastore.put(original_key(draft.id, 1, n), source, sealing=draft.data_key)
    except ObjectMissing as error:
        assert isinstance(scan, Upload), "what lies on the desk is no object"
        raise NotFound(what="upload", id=scan.id) from error
    if kept.sha256_plain != scan.sha256:
        raise FileChanged(name=scan.name)  # what was judged fit is not what was kept
    return NewOriginal(kept, scan.media_type, scan.name)


def verdict_on(house: House, scans: Sequence[Brought]) -> Verdict | None:
    """The verdict on a PDF that arrived signed; None for anything else."""
    scan = scans[0]
    if not scan.signed:
        return None
    from signing import validate  # late: it takes half a second to load, and most papers came unsigned

    with house.room.desk() as desk:
        path = scan.path if isinstance(scan, Scan) else _fetch_upload(house, scan, desk / "upload")
        return validate(path, trust=house.trust, now=house.clock())


def _fetch_upload(house: House, upload: Upload, into: Path) -> Path:
    try:
        return house.datastore.objects.get(upload.object, into, sealing=upload.key)
    except ObjectMissing as error:
        raise NotFound(what="upload", id=upload.id) from error


def weight_of(verdict: Verdict | None) -> Weight:
    """What it weighs on arrival: only passed signatures of somebody else count before a person decided.

    Our own clerk's signature says that a paper was digitised, not that it was issued electronically.
    """
    if verdict is None or verdict.indication is not Indication.TOTAL_PASSED:
        return Weight.UNCONFIRMED
    from signing import FIELDS  # late, as above

    ours_at_capture = all(signature.field == FIELDS[Role.CLERK] for signature in verdict.signatures)
    return Weight.UNCONFIRMED if ours_at_capture else Weight.ISSUED_ELECTRONICALLY


def _provenance(actor: Actor, paper: Paper, verdict: Verdict | None) -> Provenance:
    """A signed file is what its issuer signed, unless it is said to be a copy that somebody certified.

    That it was compared counts from somebody who may check: the paper goes on by it.
    """
    source = paper.source if verdict is None else SourceForm.E_ORIGINAL
    if paper.ground is Ground.CERTIFIED_COPY:
        source = SourceForm.CERTIFIED_COPY
    compared_by = actor.person if paper.compared and _may_check(actor) else None
    return Provenance(source, compared_by, paper.original_returned)


def _fitting_ground(
    house: House, actor: Actor, paper: Paper, provenance: Provenance, verdict: Indication | None, name: str
) -> Ground | None:
    """The ground that was named, if a rule of today takes it for this paper; else why not is said, and none is kept.

    A ground that can never make the paper valid would stand in the way of one that can. That nobody has compared the
    paper yet does not: whoever does is asked for again when it becomes valid.
    """
    if paper.ground is None:
        return None
    facts = ValidityFacts(
        ground=paper.ground,
        source=provenance.source_form,
        checked_by=provenance.compared_by or actor.person,
        indication=verdict,
    )
    answer = decide_validity(house.rules, house.today, facts)
    if answer.may_become_valid:
        return paper.ground
    why = " ".join(reason.vi for reason in answer.reasons)
    house.steps.say(str(say("ground_does_not_fit", ground=paper.ground.value, name=name, why=why)))
    return None


# --- read -------------------------------------------------------------------------------------------------


def read(house: House, pool: PagePool, job: Job, reached: Callable[[int, int], None]) -> None:
    """Reads what was kept: searchable PDF/A, text, type, fields; `received` becomes `read`, then `checked`.

    `reached(done, total)` is told of each page, and may end the reading by raising.
    """
    actor = house.system("read", agency=job.agency)
    with house.datastore.begin(actor, "open_for_reading") as work:
        document = work.documents.get(job.document_id)
        key = work.documents.data_key(document.id)
    if document.status is not Status.RECEIVED:
        house.datastore.queue.finish(job)
        return
    with house.room.desk() as desk:
        scans = [_fetch(house, one, key, desk) for one in document.version.originals]
        # Names may hold a number.
        house.steps.start(f"{say('step_reading')} {document.id}", sum(scan.pages for scan in scans))

        def progress(done: int, total: int) -> None:
            house.steps.reached(done, total)
            reached(done, total)

        started = time.perf_counter()
        made = digitise(scans, into=desk, pool=pool, limits=house.limits, progress=progress)
        _count_pages(len(made.reading.pages), time.perf_counter() - started)
        pdf = None
        if made.pdf is not None:
            pdf = house.datastore.put(pdf_key(document.id, 1, 0), made.pdf, sealing=key)
        reading = house.datastore.put(
            reading_key(document.id, 1, 1), _json(made.reading.as_json()), sealing=key
        )
    with house.datastore.begin(actor, "read") as work:
        document = work.documents.record_reading(
            document.id,
            reading=reading,
            pdf=pdf,
            page_count=len(made.reading.pages),
            text=made.reading.text,
            quality={
                **_quality(made.reading),
                "recognised": _shown_type(house, made.reading),
                FILES_NAME: _named_by_file(house, document.id, scans, made.reading),
            },
            fields=_fields(made.reading),
            doc_type=_shown_type(house, made.reading),
        )
        go_on(house, work, document)
        work.jobs.finish(job)


def _count_pages(pages: int, seconds: float) -> None:
    PAGES.inc(pages)
    if pages:
        PAGE_SECONDS.observe(seconds / pages)


def _fetch(house: House, original: Original, key: DataKey, desk: Path) -> Scan:
    path = house.datastore.objects.get(original.object, desk / f"original-{original.n}", sealing=key)
    return open_scan(path, name=original.name, limits=house.limits)


def _shown_type(house: House, reading: Reading) -> str | None:
    """The recognised type under the code that the catalogue of today shows."""
    code = reading.doc_type.code
    return None if code is None else house.catalogue.find(code).code


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _quality(reading: Reading) -> dict[str, object]:
    pages = [page.page.quality for page in reading.pages]
    return {
        "score": min((quality.score for quality in pages), default=0.0),
        "reasons": [reason.as_json() for quality in pages for reason in quality.reasons],
    }


def _named_by_file(house: House, document: UUID, scans: Sequence[Scan], reading: Reading) -> list[list[str]]:
    """The marks of the personal numbers on the pages of each file; of a paper of one its fields say whose it is."""
    if len(scans) == 1:
        return []
    pages = iter(reading.pages)
    texts = ("\f".join(page.text for page in islice(pages, scan.pages)) for scan in scans)
    return [marks(house, document, map(str, personal_ids_in(text, house.today))) for text in texts]


def _fields(reading: Reading) -> dict[str, object]:
    fields: dict[str, object] = reading.as_json()["fields"]
    return fields
