"""What is held: one paper with everything said about it, a whole store, a search, the bytes themselves."""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from api.deliver import require_free
from api.house import House
from api.steps.paper_copy import shown_object
from api.steps.questions import questions, waits
from archive import Status
from common import Digest, Sentence, fold
from datastore import (
    CITIZENS,
    Act,
    Actor,
    ActorRole,
    DiaryLine,
    DocumentRecord,
    ListedDocument,
    Looking,
    NotFound,
    Owner,
    Place,
    SearchField,
    StoredObject,
    Work,
    may,
    said_in,
)
from ingest import MediaType, OldIdNumber, OldNumberOnly, parse_identifier
from signing import Verdict, validate


class Form(StrEnum):
    """In which form the bytes of a paper are wanted."""

    SIGNED = "signed"
    """The PDF that stands for it: its newest revision, or the file itself when it arrived signed."""
    ORIGINAL = "original"
    """What came in, byte for byte."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes of a paper, written to `path`."""

    path: Path
    media_type: str
    sha256: Digest


@dataclass(frozen=True, slots=True)
class Held:
    """A paper as it stands, for its answer in JSON."""

    document: DocumentRecord
    name: str | None
    receipt: int | None
    questions: tuple[Sentence, ...] = ()
    waits: tuple[Sentence, ...] = ()
    ours: Verdict | None = None

    def as_json(self) -> dict[str, Any]:
        """One entry of `documents` (design.md, section 7); `codes` has one code per owner."""
        document = self.document
        revision = document.latest_revision
        shown = shown_object(document)
        verdict = document.version.verdict
        return {
            "code": document.code,
            "codes": [code.code for code in document.current_codes],
            "document_id": str(document.id),
            "version": document.version.n,
            "revision": revision.k if revision else 0,
            "status": document.status.value,
            "weight": document.weight.value,
            "type": document.doc_type,
            "name": self.name,
            "sha256": shown.sha256_plain.hex,
            "original_sha256": document.version.originals_digest.hex,
            "pages": document.version.page_count,
            "verdict": None if verdict is None else verdict["verdict"],
            "signature_verdict": None if self.ours is None else self.ours.indication.value,
            "receipt": self.receipt,
            "questions": [question.as_json() for question in self.questions],
            "waits": [reason.as_json() for reason in self.waits],
            "dossier": document.dossier,
            "ground": None if document.ground is None else document.ground.value,
            "reason": document.reason,
            "received_at": document.received_at.isoformat(),
            "changed_at": document.changed_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """How a paper of a dossier stands, and what it waits for."""

    status: Status
    waits: tuple[Sentence, ...]


def held(house: House, actor: Actor, document_id: UUID) -> Held:
    """One paper, with the verdict on our own signatures checked now."""
    with house.datastore.begin(actor, "look_at") as work:
        found = _held(house, actor, work, work.documents.get(document_id))
        key = work.documents.data_key(document_id)
    revision = found.document.latest_revision
    if revision is None:
        return found
    with house.room.desk() as desk:
        pdf = house.datastore.objects.get(revision.object, desk / "document.pdf", sealing=key)
        ours = validate(pdf, trust=house.trust, now=house.clock())
    return replace(found, ours=ours)


def look(house: House, actor: Actor, document_id: UUID) -> Held:
    """One paper as the rows have it; nothing is opened."""
    with house.datastore.begin(actor, "look_at") as work:
        return _held(house, actor, work, work.documents.get(document_id))


def standing_in(house: House, actor: Actor, work: Work, dossier: str) -> dict[UUID, Standing]:
    """Its papers by their ids, of which this actor may know how they stand; `waits` is said to staff only."""
    if not may(ActorRole(actor.role), Act.SEE_PAPERS, actor.scopes):
        return {}
    papers = work.dossiers.papers(dossier)
    if actor.role in CITIZENS:
        return {paper.id: Standing(paper.status, ()) for paper in papers}
    owners = work.owners.of_papers(papers)  # the dossier is locked, and papers come before it
    stated = work.owners.stated_for(papers)
    return {
        paper.id: Standing(paper.status, waits(house, paper, owners[paper.id], stated[paper.id]))
        for paper in papers
    }


def papers_of(house: House, actor: Actor, dossier: str) -> tuple[DocumentRecord, ...]:
    """The papers of a dossier."""
    with house.datastore.begin(actor, "look_at_dossier") as work:
        return work.dossiers.papers(dossier)


def owner_of(work: Work, identifier: str) -> UUID:
    """Who has this number; NotFound, BadIdentifier."""
    found = work.owners.find(identifier)
    if found is None:
        raise NotFound(what="owner")
    return found.id


def is_or_was_of(work: Work, owner: Owner, text: str) -> bool:
    """Whether this is or was the owner's number; one that is somebody else's by now names that one. BadIdentifier."""
    try:
        number = str(parse_identifier(text))
    except OldNumberOnly:
        # It names nobody by itself, and recognises an owner who is known by it.
        return str(OldIdNumber.parse(text)) in {one.identifier for one in owner.identifiers}
    having = [one for one in owner.identifiers if one.identifier == number]
    if any(one.valid_to is None for one in having):
        return True
    return bool(having) and work.owners.find(number) is None


def store_of(house: House, actor: Actor, identifier: str) -> tuple[Held, ...]:
    """What the store of this owner holds; nothing when nobody of that number is known. BadIdentifier."""
    with house.datastore.look(actor, "list_store") as work:
        owner = work.owners.find(identifier)
        if owner is None:
            return ()
        return tuple(_held(house, actor, work, document) for document in work.documents.of_owner(owner.id))


def store_page(
    house: House,
    actor: Actor,
    owner: UUID,
    *,
    status: Status | None,
    doc_type: str | None,
    after: Place | None,
    limit: int,
) -> Looking[tuple[ListedDocument, ...]]:
    """A look at some of what a store holds, newest first, of one status or type if it is named; UnknownDocumentType."""
    known_as = None
    if doc_type is not None:
        known_as = [alias.code for alias in house.catalogue.find(doc_type).aliases]
    return Looking(
        actor,
        "list_store",
        lambda work: work.documents.listed(
            owner, status=status, doc_types=known_as, after=after, limit=limit
        ),
    )


def find_page(
    house: House, actor: Actor, words: str, field: SearchField | None, limit: int
) -> tuple[ListedDocument, ...]:
    """The best papers with all these words."""
    types = types_named(house, words) if field is SearchField.TYPE else ()
    with house.datastore.look(actor, "search") as work:
        return work.search.listed(words, field=field, types=types, limit=limit)


def types_named(house: House, words: str) -> tuple[str, ...]:
    """All codes, of now and before, of the types that these words name: by one of its codes just that one, else every
    type with all of them in its name, in Vietnamese or English, or in a code of it. Not more than the catalogue has.

    A paper keeps the code that its type had when it came, and is found by any.
    """
    said, code = said_in(words), fold(words.strip())
    named = [one for one in house.catalogue if code in {fold(alias.code) for alias in one.aliases}] or [
        one
        for one in house.catalogue
        if any(said(text) for text in (one.name, one.name_en, *(alias.code for alias in one.aliases)))
    ]
    return tuple(alias.code for one in named for alias in one.aliases)


def name_of(house: House, document: DocumentRecord | ListedDocument | DiaryLine) -> str | None:
    """The name of the paper's type; None while that is not known."""
    return None if document.doc_type is None else house.catalogue.find(document.doc_type).name


def find(house: House, actor: Actor, words: str, field: SearchField | None) -> tuple[Held, ...]:
    """The papers with all these words, with and without accents."""
    types = types_named(house, words) if field is SearchField.TYPE else ()
    with house.datastore.begin(actor, "search") as work:
        found = work.search.find(words, field=field, types=types)
        return tuple(_held(house, actor, work, document) for document in found)


def fetch(house: House, actor: Actor, document_id: UUID, *, original: bool, out: Path) -> tuple[Path, ...]:
    """Writes the newest signed PDF, or the originals (`out`, `out-2`, … when there are several); FileExists."""
    with house.datastore.begin(actor, "get_original" if original else "get") as work:
        document = work.documents.get(document_id)
        key = work.documents.data_key(document_id)
    wanted = _originals(document) if original else (shown_object(document),)
    paths = [out if n == 1 else out.with_stem(f"{out.stem}-{n}") for n in range(1, len(wanted) + 1)]
    for path in paths:
        require_free(path)
    return tuple(
        house.datastore.objects.get(stored, path, sealing=key)
        for stored, path in zip(wanted, paths, strict=True)
    )


def fetch_cited(house: House, actor: Actor, document_id: UUID, sha256: Digest, out: Path) -> Content:
    """Writes just these bytes of the paper: an original, or any state that was signed; NotFound."""
    with house.datastore.begin(actor, "get_cited") as work:
        document = work.documents.get(document_id)
        key = work.documents.data_key(document_id)
        version = document.version
        pdfs = [version.pdf, *(revision.object for revision in document.revisions)]
        states = [(one, MediaType.PDF.value) for one in pdfs if one is not None]
        states += [(one.object, one.media_type) for one in version.originals]
        found = next((state for state in states if state[0].sha256_plain == sha256), None)
        if found is None:
            raise NotFound(what="content", id=document_id)
    stored, media_type = found
    return Content(house.datastore.objects.get(stored, out, sealing=key), media_type, sha256)


def fetch_one(house: House, actor: Actor, document_id: UUID, form: Form, n: int, out: Path) -> Content:
    """Writes the PDF that stands for the paper, or its n-th original from 1; NotFound."""
    act = "get_original" if form is Form.ORIGINAL else "get"
    with house.datastore.begin(actor, act) as work:
        document = work.documents.get(document_id)
        key = work.documents.data_key(document_id)
        stored, media_type = _wanted(document, form, n)
    return Content(house.datastore.objects.get(stored, out, sealing=key), media_type, stored.sha256_plain)


def _wanted(document: DocumentRecord, form: Form, n: int) -> tuple[StoredObject, str]:
    if form is Form.SIGNED:
        shown = shown_object(document)
        same = next((one for one in document.version.originals if one.object == shown), None)
        return shown, MediaType.PDF if same is None else same.media_type
    original = next((one for one in document.version.originals if one.n == n), None)
    if original is None:
        raise NotFound(what="original", id=document.id)
    return original.object, original.media_type


def reading_of(house: House, actor: Actor, document_id: UUID) -> bytes:
    """What the machine read on the pages, as JSON; NotFound before it was read."""
    with house.datastore.begin(actor, "get_reading") as work:
        document = work.documents.get(document_id)
        if document.version.reading is None:
            raise NotFound(what="reading", id=document_id)
        key = work.documents.data_key(document_id)
    return house.datastore.objects.read(document.version.reading, sealing=key)


def _originals(document: DocumentRecord) -> tuple[StoredObject, ...]:
    return tuple(one.object for one in document.version.originals)


def _held(house: House, actor: Actor, work: Work, document: DocumentRecord) -> Held:
    receipts = work.receipts.of_document(document.id)
    name, receipt = name_of(house, document), receipts[0].number if receipts else None
    if actor.role in CITIZENS:  # who else owns a paper is nothing that one of its owners may look up
        return Held(document, name, receipt)
    owners = work.owners.of_document(document.id)
    stated = work.owners.stated_for([document])[document.id]
    asked = questions(house, document, owners, stated)
    return Held(document, name, receipt, asked, waits(house, document, owners, stated))
