"""Documents: received, read, owned, coded, checked, refiled, and the steps of their life.

Promised: the same originals of the same owners are held once (`AlreadyHeld` names the document); a slot code
that was given never changes and its instance numbers never repeat; every step is one that
`archive.may_become`
allows; whoever cites a document is told when it is superseded, revoked, expired or refiled; what an actor may
not see is not found; a call that raises has changed nothing. Whether a paper *may* become valid is decided
by `archive`, not here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm.attributes import set_committed_value

from archive import Ground, Status, Weight, may_become
from common import Digest, nfc
from datastore import listing, mapping
from datastore.dialect import ask_one, beside
from datastore.errors import (
    ChangedMeanwhile,
    IllegalTransition,
    LastOwner,
    NotAllowed,
    NotDecided,
    NotFound,
    NotTheSame,
    OwnerThere,
    StaleState,
    StillCited,
    WouldBeLost,
)
from datastore.events import document_refiled, document_stepped, event_of_step
from datastore.holdings import NOT_HELD, Holdings, digest_of, owners_of
from datastore.keychain import ARCHIVE
from datastore.keys import DataKey
from datastore.locks import hold
from datastore.objects import StoredObject
from datastore.records import (
    UNKNOWN_COMPONENT,
    DocumentRecord,
    DossierState,
    Draft,
    ListedDocument,
    NewOriginal,
    Notice,
    Place,
    Provenance,
)
from datastore.rights import Act
from datastore.rows import (
    CitationRow,
    CodeRow,
    DocumentRow,
    DossierDocumentRow,
    DossierRow,
    IntakeRow,
    JobRow,
    NoticeRow,
    ObjectRow,
    OriginalRow,
    OwnerIdentifierRow,
    ReceiptRow,
    StoreEntryRow,
    StoreRow,
    VersionRow,
)
from datastore.scope import Scope, Sight, papers_in
from datastore.search import make_findable
from datastore.telling import tell
from datastore.witness import savepoint

_NEWEST_FIRST = (DocumentRow.received_at.desc(), DocumentRow.id.desc())
_OPEN = (Status.RECEIVED, Status.PENDING_IDENTIFIER, Status.READ, Status.CHECKED, Status.PROVISIONAL)
"""Nobody has decided on its value yet."""
_SUCCEEDING = (Status.PROVISIONAL, Status.VALID)
_BROUGHT_TWICE = {
    **dict.fromkeys((Status.RECEIVED, Status.READ, Status.CHECKED), Status.REJECTED),
    Status.PROVISIONAL: Status.SUPERSEDED,
}
"""What becomes of a paper that was brought twice; about one that was decided on somebody must decide again."""
_WEIGHTS = list(Weight)
"""The heaviest first."""
_FURTHER = (Status.RECEIVED, Status.READ, Status.CHECKED, Status.PROVISIONAL, Status.VALID)
"""The way of a paper: of two that are the same one that is further stands for both."""
_TOLD = (Status.SUPERSEDED, Status.REVOKED, Status.EXPIRED)
_ENDED = (*_TOLD, *NOT_HELD, Status.ARCHIVED)
"""It stands for nothing any more, for a reason."""
_PUT_AWAY = {
    **dict.fromkeys(
        (Status.RECEIVED, Status.PENDING_IDENTIFIER, Status.READ, Status.CHECKED), Status.REJECTED
    ),
    **dict.fromkeys((Status.PROVISIONAL, Status.VALID, Status.SUPERSEDED, Status.EXPIRED), Status.REVOKED),
}
"""What becomes of a paper that its right owner has already; one that is over stays as it is."""
_ACTS = {
    Status.VALID: Act.DECIDE,
    Status.SUPERSEDED: Act.SUPERSEDE,
    Status.REVOKED: Act.REVOKE,
    Status.ARCHIVED: Act.ARCHIVE,
    Status.DESTROYED: Act.ARCHIVE,
}
"""What it takes to bring a paper there; every other step follows by itself from what was read and done."""


class Documents:
    """The repository of documents."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session
        self._holdings = Holdings(scope)

    # --- coming in -------------------------------------------------------------------------------------

    def find_held(self, originals: Sequence[Digest], owners: Sequence[UUID]) -> DocumentRecord | None:
        """The document in which this agency took in just these originals for these owners, for them alone or for others
        as well, or the one that stands in its place; None, also where the actor may not see it."""
        self._scope.ask(Act.SEE_PAPERS)
        found = self._holdings.standing(digest_of(originals), owners)
        if found is None:
            return None
        visible = select(DocumentRow).where(DocumentRow.id == found.id, self._scope.visible_documents())
        row = self._session.scalar(visible)
        if row is None:
            return None
        self._scope.note_document(row)
        return mapping.document(row)

    def brought_otherwise(self, originals: Sequence[Digest], owners: Sequence[UUID]) -> tuple[UUID, ...]:
        """The papers, a few, that are another one than of just these originals and owners, and perhaps the same: with
        the files in another order, only one of them, or for some of the owners. None that this actor may not see.

        Of one file and one owner nothing is asked. A paper that has such a file among others is not found.
        """
        self._scope.ask(Act.SEE_PAPERS)
        ids = self._holdings.akin(originals, owners)
        if ids:
            for row in self._session.scalars(select(DocumentRow).where(DocumentRow.id.in_(ids))):
                self._scope.note_document(row, act="look_for_held")
        return ids

    def receive(
        self,
        draft: Draft,
        *,
        originals: Sequence[NewOriginal],
        owners: Sequence[UUID],
        weight: Weight = Weight.UNCONFIRMED,
        provenance: Provenance | None = None,
        ground: Ground | None = None,
        doc_type: str | None = None,
        dossier: str | None = None,
        competent_agency: str | None = None,
        page_count: int | None = None,
        verdict: Mapping[str, object] | None = None,
    ) -> DocumentRecord:
        """Keep what came in; status `received`. The objects were put with `draft.data_key` before.

        No owners: it waits, and becomes `pending_identifier` once it was read. AlreadyHeld (fact
        `document_id`) when the same originals of the same owners, or of them and others, are held, also against a
        simultaneous intake.
        """
        scope = self._scope
        scope.ask_to_bring_in()
        weight = self._weight_of_what_came(weight, owners, ground)
        came = provenance or Provenance()
        digest = digest_of([one.object.sha256_plain for one in originals])
        # Everything that may be refused is asked before the first row is written.
        stores = self._stores_of(owners)
        held_key = self._holdings.claim_new(digest, [store.owner_id for store in stores])
        objects = scope.object_rows([one.object for one in originals], draft.id)
        row = DocumentRow(
            id=draft.id,
            status=Status.RECEIVED,
            weight=weight,
            doc_type=doc_type,
            source_form=came.source_form,
            compared_by=came.compared_by,
            original_returned=came.original_returned,
            checked_by=None,
            ground=ground,
            intake_agency=scope.actor.agency,
            competent_agency=competent_agency or scope.actor.agency,
            dossier=dossier or scope.actor.dossier,
            superseded_by=None,
            reason=None,
            held_key=held_key,
            received_at=scope.at,
            changed_at=scope.at,
            stamp=1,
            versions=[
                self._version(draft.id, digest, page_count, verdict, zip(originals, objects, strict=True))
            ],
            entries=[
                self._entry(draft.id, store, position) for position, store in enumerate(stores, start=1)
            ],
            codes=[],
        )
        holders = (ARCHIVE, *(str(store.id) for store in stores))
        set_committed_value(row, "codes", self._codes_to_give(row))
        scope.write(
            row,
            *objects,
            *row.entries,
            *row.versions,
            *row.versions[0].originals,
            *row.codes,
            *(scope.keychain.wrap_for(row.id, draft.data_key, holder) for holder in holders),
            IntakeRow(id=row.id, person=scope.actor.person, counter=scope.actor.counter),
            event_of_step(scope, row, row.status),
        )
        make_findable(scope, row, "", new=True)
        scope.held[row.id] = row
        scope.without |= {(ReceiptRow, row.id), (JobRow, row.id)}
        scope.note_document(row)
        return mapping.document(row)

    def _weight_of_what_came(self, weight: Weight, owners: Sequence[UUID], ground: Ground | None) -> Weight:
        """A citizen brings papers for its own store only and decides nothing about them; NotFound, NotAllowed."""
        own = self._scope.own_id
        if own is None:
            return weight
        if list(owners) != [own]:
            raise NotFound(what="owner")
        if ground is not None or weight not in (Weight.UNCONFIRMED, Weight.ISSUED_ELECTRONICALLY):
            raise NotAllowed(act=Act.DECIDE.value)
        return Weight.UPLOADED if weight == Weight.UNCONFIRMED else weight

    def _version(
        self,
        document: UUID,
        digest: Digest,
        page_count: int | None,
        verdict: Mapping[str, object] | None,
        originals: Iterable[tuple[NewOriginal, ObjectRow]],
    ) -> VersionRow:
        id = self._scope.id()
        return VersionRow(
            id=id,
            document_id=document,
            n=1,
            originals_digest=digest.value,
            page_count=page_count,
            quality=None,
            fields=None,
            verdict=None if verdict is None else dict(verdict),
            pdf_id=None,
            reading_id=None,
            readings=0,
            made_at=self._scope.at,
            originals=[
                OriginalRow(
                    id=self._scope.id(),
                    version_id=id,
                    n=n,
                    object_id=kept.id,
                    object=kept,
                    media_type=one.media_type,
                    name=nfc(one.name),
                )
                for n, (one, kept) in enumerate(originals, start=1)
            ],
            revisions=[],
        )

    def _entry(self, document: UUID, store: StoreRow, position: int) -> StoreEntryRow:
        return StoreEntryRow(
            id=self._scope.id(),
            store_id=store.id,
            store=store,
            document_id=document,
            position=position,
            from_at=self._scope.at,
            to_at=None,
            end_reason=None,
        )

    def _enter_stores(self, row: DocumentRow, owners: Sequence[UUID], key: DataKey) -> None:
        """One entry and one wrap per owner."""
        first = max((entry.position for entry in row.entries), default=0) + 1
        for position, store in enumerate(self._stores_of(owners), start=first):
            row.entries.append(self._entry(row.id, store, position))
            self._scope.keychain.share(row.id, key, str(store.id))

    def _stores_of(self, owners: Sequence[UUID]) -> list[StoreRow]:
        """The owners' stores, each with its key; an owner named twice is one owner. NotFound."""
        found = {owner: self._scope.stores[owner] for owner in owners if owner in self._scope.stores}
        others = [owner for owner in owners if owner not in found]
        if others:
            found |= {store.owner_id: store for store in self._session.scalars(_STORES, {"owners": others})}
        for owner in owners:
            if owner not in found:
                raise NotFound(what="owner", id=owner)
        for id in sorted(str(store.id) for store in found.values()):
            self._scope.keychain.key(id)  # made at first use, in one order: see `locks`
        return [found[owner] for owner in dict.fromkeys(owners)]

    # --- reading it ------------------------------------------------------------------------------------

    def get(self, document: UUID) -> DocumentRecord:
        """The document; NotFound when it is not there or not for this actor."""
        self._scope.ask(Act.SEE_PAPERS)
        return mapping.document(self._scope.document(document), self._scope.own_id)

    def require_unchanged(self, document: UUID, stamp: int | None) -> None:
        """ChangedMeanwhile unless the document is as it was when its `stamp` was seen (None: any will do)."""
        self._scope.ask(Act.SEE_PAPERS)
        row = self._scope.document(document)
        if stamp is not None and row.stamp != stamp:
            raise ChangedMeanwhile(what="document")

    def data_key(self, document: UUID) -> DataKey:
        """The key of its objects: through the archive's wrap for staff, the store's own for an owner.
        NotFound."""
        self._scope.ask(Act.SEE_PAPERS)
        self._scope.document(document)
        own = self._scope.own_id
        if own is None:
            return self._scope.keychain.open(document, ARCHIVE)
        store = self._session.scalars(select(StoreRow.id).where(StoreRow.owner_id == own)).one()
        return self._scope.keychain.open(document, str(store))

    def of_owner(
        self, owner: UUID, *, doc_types: Collection[str] | None = None, limit: int | None = None
    ) -> tuple[DocumentRecord, ...]:
        """What the owner's store holds now and this actor may see, newest first, at most `limit`.

        `doc_types`: every code, national and local, that the wanted type has or had.
        """
        self._scope.ask(Act.SEE_PAPERS)
        self._scope.require_owner(owner)
        query = _page_of_store(self._scope.sight, of_types=doc_types is not None)
        asked = {"owner": owner, "types": list(doc_types or ())}
        papers = select(DocumentRow).where(DocumentRow.id.in_(query.limit(limit))).order_by(*_NEWEST_FIRST)
        found = self._session.scalars(papers, asked).all()
        self._scope.note(owner=owner)
        return tuple(mapping.document(row, self._scope.own_id) for row in found)

    def listed(
        self,
        owner: UUID,
        *,
        status: Status | None = None,
        doc_types: Collection[str] | None = None,
        after: Place | None = None,
        limit: int,
    ) -> tuple[ListedDocument, ...]:
        """`of_owner` as lines of a list, after a place.

        What is taken in meanwhile stands before every place that was given, so that no page shows it twice.
        """
        self._scope.ask(Act.SEE_PAPERS)
        query = _lines_of_store(
            self._scope.sight,
            of_types=doc_types is not None,
            of_status=status is not None,
            after=after is not None,
        )
        asked: dict[str, object] = {"owner": owner, "types": list(doc_types or ()), "status": status}
        asked["most"] = limit
        if after is not None:
            asked |= {"at": after.at, "id": after.id}
        found = listing.listed_by(self._session, query, asked, self._scope.own_id)
        if self._scope.own_id is not None or not found:
            self._scope.require_owner(owner)  # staff that finds papers is not asked: their owner is there
        self._scope.note(owner=owner)
        return found

    # --- what the reader and the clerk find ------------------------------------------------------------

    def record_reading(
        self,
        document: UUID,
        *,
        reading: StoredObject,
        pdf: StoredObject | None,
        page_count: int,
        text: str,
        quality: Mapping[str, object] | None = None,
        fields: Mapping[str, object] | None = None,
        doc_type: str | None = None,
    ) -> DocumentRecord:
        """Keep what was read; `received` becomes `read`, or `pending_identifier` while nobody owns it.

        A `doc_type` is taken only where none was set (a person's choice stays). Later readings add to the
        earlier ones; the digitised `pdf` (None for a PDF that arrived signed) never changes once it is there.
        """
        self._scope.ask(Act.READ_IN)
        row = self._scope.document(document)
        newest = row.versions[-1]
        if pdf is not None and newest.pdf is not None:
            raise StaleState(what="document")
        newest.readings += 1
        newest.reading = self._scope.name_object(reading, row.id)
        if pdf is not None:
            newest.pdf = self._scope.name_object(pdf, row.id)
        newest.page_count = page_count
        newest.quality = None if quality is None else dict(quality)
        newest.fields = None if fields is None else dict(fields)
        if row.doc_type is None and doc_type is not None:
            row.doc_type = doc_type
            self._follow_type(row, UNKNOWN_COMPONENT)
        if row.status == Status.RECEIVED:
            self._step(row, Status.READ)
        self._wait_for_owner(row)
        self._assign_codes(row)
        self._index(row, text)
        return self._changed(row)

    def _wait_for_owner(self, row: DocumentRow) -> None:
        if row.status == Status.READ and not owners_of(row):
            self._step(row, Status.PENDING_IDENTIFIER)

    def set_fields(self, document: UUID, fields: Mapping[str, object]) -> DocumentRecord:
        """The data record as a person confirmed it; the reading itself stays as it was."""
        self._scope.ask(Act.CHECK)
        row = self._scope.document(document)
        row.versions[-1].fields = dict(fields)
        return self._changed(row)

    def classify(self, document: UUID, doc_type: str) -> DocumentRecord:
        """Set the shown type code. Before a first signature only: what was signed and printed keeps its
        code."""
        self._scope.ask(Act.CLASSIFY)
        row = self._scope.document(document)
        if row.doc_type == doc_type:
            return mapping.document(row)
        if row.versions[-1].revisions:
            raise IllegalTransition(what=row.doc_type, old=row.status, new=doc_type)
        before, row.doc_type = row.doc_type or UNKNOWN_COMPONENT, doc_type
        self._follow_type(row, before)
        self._end_codes(row, set())
        self._assign_codes(row)
        self._index(row, None)
        return self._changed(row)

    def _follow_type(self, row: DocumentRow, before: str) -> None:
        """Where the type `before` stood for what the paper is in a dossier, its type of now does.

        Another name that somebody gave it stays, and so does what a dossier cites.
        """
        cited = exists().where(
            CitationRow.dossier_id == DossierDocumentRow.dossier_id,
            CitationRow.document_id == row.id,
            CitationRow.component == before,
        )
        query = select(DossierDocumentRow).where(DossierDocumentRow.document_id == row.id)
        attached = self._session.scalars(query.where(~cited)).all()
        there = {one.dossier_id for one in attached if one.component == row.doc_type}
        for one in attached:
            if one.component == before and one.dossier_id not in there and row.doc_type is not None:
                one.component = row.doc_type

    def assign_owners(self, document: UUID, owners: Sequence[UUID]) -> DocumentRecord:
        """Name the owners of a paper that had none; `pending_identifier` becomes `read`.

        AlreadyHeld when they have the same originals, alone or with others; IllegalTransition for one that was put
        away or taken back.
        """
        self._scope.ask(Act.ASSIGN_OWNER)
        row = self._scope.document(document)
        if owners_of(row):
            raise IllegalTransition(what="owner", old="set", new="set")
        if row.status in NOT_HELD:
            if row.superseded_by is not None:
                raise IllegalTransition(
                    what="document", old=row.status, new="owned_again", by=row.superseded_by
                )
            raise IllegalTransition(what="document", old=row.status, new=Status.READ)
        key = self._scope.keychain.open(document, ARCHIVE)
        with savepoint(self._session):
            self._enter_stores(row, owners, key)
            if row.status == Status.PENDING_IDENTIFIER:
                self._step(row, Status.READ)
            self._holdings.claim(row)
            self._holdings.require_not_with_others(row)
            self._assign_codes(row)
            self._index(row, None)
        self._scope.note_document(row)
        return self._changed(row)

    def check(
        self,
        document: UUID,
        *,
        by: str,
        weight: Weight | None = None,
        provenance: Provenance | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> DocumentRecord:
        """A person compared what was read with the page; `read` becomes `checked`."""
        self._scope.ask(Act.CHECK)
        row = self._scope.document(document)
        self._step(row, Status.CHECKED)
        row.checked_by = by
        if weight is not None:
            row.weight = weight
        if fields is not None:
            row.versions[-1].fields = dict(fields)
        if provenance is not None:
            row.source_form = provenance.source_form
            row.compared_by = provenance.compared_by
            row.original_returned = provenance.original_returned
        return self._changed(row)

    # --- its life --------------------------------------------------------------------------------------

    def become(
        self, document: UUID, status: Status, *, reason: str | None = None, stamp: int | None = None
    ) -> DocumentRecord:
        """Any step of its life that has no method of its own; a step already taken is no error. A reason for which it
        ended before stays, in front of that of now.

        IllegalTransition; NotDecided for `valid` (see `make_valid`); StaleState when `stamp` is an older one.
        """
        self._scope.ask(_ACTS.get(status, Act.READ_IN))
        row = self._unchanged(document, stamp)
        if row.status == status:
            return mapping.document(row)
        self._require_allowed(row, status)
        if status == Status.VALID:
            _require_decided(row, row.ground)
        if reason is not None:
            row.reason = _with_earlier(row, reason)
        self._step(row, status)
        if status in _TOLD:
            tell(self._scope, row, status, reason or "", owners_of(row))
        return self._changed(row)

    def make_valid(
        self, document: UUID, ground: Ground, *, weight: Weight | None = None, stamp: int | None = None
    ) -> DocumentRecord:
        """`provisional` becomes `valid` on this ground; NotDecided when no person checked it."""
        self._scope.ask(Act.DECIDE)
        row = self._unchanged(document, stamp)
        if row.status == Status.VALID:
            return mapping.document(row)
        self._require_allowed(row, Status.VALID)
        _require_decided(row, ground)
        row.ground = ground
        row.weight = row.weight if weight is None else weight
        self._step(row, Status.VALID)
        return self._changed(row)

    def _unchanged(self, document: UUID, stamp: int | None) -> DocumentRow:
        row = self._scope.document(document)
        if stamp is not None and row.stamp != stamp:
            raise StaleState(what="document")
        return row

    def record_ground(self, document: UUID, ground: Ground) -> DocumentRecord:
        """Keep the ground on which it is to become valid; IllegalTransition once another one made it so."""
        self._scope.ask(Act.DECIDE)
        row = self._scope.document(document)
        if row.ground != ground and Status(row.status) not in _OPEN:
            raise IllegalTransition(what="document", old=row.status, new=ground)
        row.ground = ground
        return self._changed(row)

    def record_comparison(self, document: UUID, *, by: str) -> DocumentRecord:
        """Keep who has compared scan and paper, where nobody had said so when it came; a check says more."""
        self._scope.ask(Act.CHECK)
        row = self._scope.document(document)
        if row.compared_by is not None or row.checked_by is not None:
            return mapping.document(row)
        row.compared_by = by
        return self._changed(row)

    def supersede(self, document: UUID, *, by: UUID, reason: str) -> DocumentRecord:
        """Another document takes its place; everybody who cites it is told.

        IllegalTransition when the successor stands for nothing itself: it must be provisional or valid.
        """
        self._scope.ask(Act.SUPERSEDE)
        row, successor = self._both(document, by)
        if row.status == Status.SUPERSEDED and row.superseded_by == by:
            return mapping.document(row)
        if successor.status not in _SUCCEEDING:
            raise _cannot_stand(successor, "successor")
        self._require_allowed(row, Status.SUPERSEDED)
        row.superseded_by = by
        row.reason = reason
        self._step(row, Status.SUPERSEDED)
        tell(self._scope, row, Status.SUPERSEDED, reason, owners_of(row))
        return self._changed(row)

    def put_away_duplicate(self, document: UUID, *, by: UUID, reason: str) -> DocumentRecord:
        """Put away a paper that was brought twice, in another scan: `by`, as far on its way, stands for both.

        For one on which nobody has decided: signed it is `superseded`, else `rejected`; it stays where it stands,
        points to `by`, and whoever cites it is told. NotFound; NotTheSame when `by` lacks one of its owners or is of
        another type; WouldBeLost when `by` has no ground and this one has, or weighs less; StillCited when an open
        dossier has only this one; IllegalTransition when it was decided on, or `by` is behind it or over.
        """
        self._scope.ask(Act.PUT_AWAY)
        row, other = self._both(document, by)
        if row.superseded_by == by and row.status in (Status.SUPERSEDED, Status.REJECTED):
            return mapping.document(row)
        status = _BROUGHT_TWICE.get(Status(row.status))
        if status is None:
            raise IllegalTransition(what="document", old=row.status, new="put_away")
        self._require_stands_for(row, other)
        row.superseded_by, row.reason = by, reason
        self._step(row, status)
        tell(self._scope, row, Status.SUPERSEDED, reason, owners_of(row))
        return self._changed(row)

    def _require_stands_for(self, row: DocumentRow, other: DocumentRow) -> None:
        further = _FURTHER[_FURTHER.index(Status(row.status)) :]
        if other.status not in further:
            raise _cannot_stand(other, "stand_in")
        if not owners_of(row) or not set(owners_of(row)) <= set(owners_of(other)):
            raise NotTheSame(what="owner")
        if row.doc_type is None or row.doc_type != other.doc_type:
            raise NotTheSame(what="type")
        if row.ground is not None and other.ground is None:
            raise WouldBeLost(what="ground")
        if _WEIGHTS.index(Weight(other.weight)) > _WEIGHTS.index(Weight(row.weight)):
            raise WouldBeLost(what="weight")
        # Nobody attaches either of them meanwhile: whoever does has locked the paper.
        if self._session.scalar(_OPEN_WITHOUT, {"paper": row.id, "other": other.id}) is not None:
            raise StillCited

    def _both(self, one: UUID, other: UUID) -> tuple[DocumentRow, DocumentRow]:
        """Locked in the one order of all; IllegalTransition for one paper that is to stand for itself."""
        rows = {id: self._scope.document(id) for id in sorted((one, other))}
        if one == other:
            raise IllegalTransition(what="document", old=rows[one].status, new="itself")
        return rows[one], rows[other]

    def revoke(self, document: UUID, *, reason: str) -> DocumentRecord:
        """Take it back; it stays for looking up (Decree 45/2020), and everybody who cites it is told."""
        return self.become(document, Status.REVOKED, reason=reason)

    @staticmethod
    def _require_allowed(row: DocumentRow, status: Status) -> None:
        if not may_become(Status(row.status), status):
            raise IllegalTransition(what="document", old=row.status, new=status)

    def _step(self, row: DocumentRow, status: Status) -> None:
        self._require_allowed(row, status)
        row.status = status
        if status in NOT_HELD:
            row.held_key = None
        document_stepped(self._scope, row, status)

    # --- whose it is -----------------------------------------------------------------------------------

    def refile(
        self,
        document: UUID,
        *,
        reason: str,
        to: UUID | None = None,
        away_from: Collection[UUID] | None = None,
    ) -> DocumentRecord:
        """Move a misfiled paper to its right owner: from `away_from`, or from all who hold it (None).

        From nobody (an empty one) the owner is added; without `to` those whom it leaves are taken out. At once: a
        store that it leaves does not show it and cannot open it, codes are given under the new owner (the old ones
        end and stay), the diaries of all its owners, the prints and the dossiers are told. NotFound when one of
        `away_from` does not hold it; OwnerThere, LastOwner; AlreadyHeld when the same originals are held for
        those who would be its owners, alone or with others, HeldElsewhere where that is out of sight;
        IllegalTransition for one that was destroyed.
        """
        self._scope.ask(Act.REFILE)
        row = self._scope.document(document)
        before = owners_of(row)
        leaving = set(before if away_from is None else away_from)
        self._require_owners_fit(row, before, leaving, to)
        entering = [] if to is None else [to]
        key = self._scope.keychain.open(document, ARCHIVE)
        with savepoint(self._session):
            self._leave_stores(row, leaving, reason)
            self._enter_stores(row, entering, key)
            self._end_codes(row, set(owners_of(row)))
            self._holdings.claim(row)
            if entering:
                self._holdings.require_not_with_others(row)
            self._assign_codes(row)
            self._index(row, None)
        document_refiled(self._scope, row)
        tell(self._scope, row, "refiled", reason, [*before, *entering])
        return self._changed(row)

    @staticmethod
    def _require_owners_fit(
        row: DocumentRow, before: Sequence[UUID], leaving: set[UUID], to: UUID | None
    ) -> None:
        if row.status == Status.DESTROYED:
            raise IllegalTransition(what="document", old=row.status, new="refiled")
        for owner in sorted(leaving - set(before)):
            raise NotFound(what="owner", id=owner)
        if not before:
            raise NotFound(what="owner")
        if to in before:
            raise OwnerThere(id=to)
        if to is None and leaving == set(before):
            raise LastOwner

    def put_away(self, document: UUID, *, by: UUID, to: UUID, reason: str) -> DocumentRecord:
        """Put away a paper that its right owner `to` has already: `by`, of the same originals, stands for both.

        For what `refile` and `assign_owners` find to be held. It leaves every store and code at once, is `revoked`
        when it was signed before and `rejected` when not, and points to `by`; whoever cites it is told. NotFound;
        IllegalTransition when `by` is of other originals, or was put away or taken back itself; StaleState when it
        is not this owner's any more.
        """
        self._scope.ask(Act.REFILE)
        row = self._scope.document(document)
        before = owners_of(row)
        if row.superseded_by == by and not before:
            return mapping.document(row)
        self._require_same(row, by, to)
        status = _PUT_AWAY.get(Status(row.status))
        with savepoint(self._session):
            self._leave_stores(row, set(before), reason)
            self._end_codes(row, set())
            row.superseded_by, row.reason, row.held_key = by, _with_earlier(row, reason), None
            if status is not None:
                self._step(row, status)
            self._index(row, None)
        tell(self._scope, row, status if status in _TOLD else "refiled", reason, before)
        return self._changed(row)

    def _require_same(self, row: DocumentRow, other: UUID, owner: UUID) -> None:
        # Locked: the name that the two share is held no more, since what found it taken was rolled back.
        found = self._scope.document(other)
        same = found.versions[-1].originals_digest == row.versions[-1].originals_digest
        if found.id == row.id or not same or found.held_key is None:
            raise IllegalTransition(what="document", old=found.status, new="held_there")
        if owner not in owners_of(found):
            raise StaleState(what="document", id=other)

    def end_access(self, document: UUID, owner: UUID, *, reason: str) -> DocumentRecord:
        """Destroy one owner's access: its wrap, entry and code end, every other owner's stay. NotFound."""
        self._scope.ask(Act.ARCHIVE)
        row = self._scope.document(document)
        if owner not in owners_of(row):
            raise NotFound(what="owner", id=owner)
        self._leave_stores(row, {owner}, reason)
        self._end_codes(row, set(owners_of(row)))
        self._holdings.claim(row)
        self._index(row, None)
        self._scope.note(owner=owner, document=row.id, note=reason)
        return self._changed(row)

    def _leave_stores(self, row: DocumentRow, owners: set[UUID], reason: str) -> None:
        for entry in row.entries:
            if entry.to_at is None and entry.store.owner_id in owners:
                entry.to_at = self._scope.at
                entry.end_reason = reason
                self._scope.keychain.end(row.id, str(entry.store_id))

    # --- codes -----------------------------------------------------------------------------------------

    def _assign_codes(self, row: DocumentRow) -> None:
        """Give a code under every owner that has none yet, as soon as type and owner are known.

        What else changes of the paper is set before: of a row that is written again PostgreSQL looks once more for the
        paper that took its place, and whoever changes that one may wait for the code that is held here by then.
        """
        row.changed_at = self._scope.at
        self._session.flush()
        given = self._codes_to_give(row)
        if given:
            self._scope.write(*given)
            set_committed_value(row, "codes", [*row.codes, *given])

    def _codes_to_give(self, row: DocumentRow) -> list[CodeRow]:
        if row.doc_type is None:
            return []
        coded = {code.owner_id for code in row.codes if code.ended_at is None}
        numbers = {owner: self._identifier(owner) for owner in owners_of(row) if owner not in coded}
        wanted = {owner: f"{number.identifier}.{row.doc_type}" for owner, number in numbers.items()}
        self._hold_codes(numbers, wanted)
        last = {code: self._last_instance(code) for code in wanted.values()}
        given = []
        for sequence, (owner, code) in enumerate(wanted.items(), start=len(row.codes) + 1):
            last[code] += 1  # two owners have one code, where a number was first given to the wrong one
            given.append(
                CodeRow(
                    id=self._scope.id(),
                    document_id=row.id,
                    sequence=sequence,
                    owner_id=owner,
                    code=code,
                    instance=last[code],
                    assigned_at=self._scope.at,
                    ended_at=None,
                )
            )
        return given

    def _hold_codes(self, numbers: Mapping[UUID, OwnerIdentifierRow], codes: Mapping[UUID, str]) -> None:
        """Nobody else gives these codes before the transaction ends. Of an owner made in it the number is held already;
        so whoever gives a code with a number that is its owner's no more asks for that as well."""
        held = [f"code {code}" for owner, code in codes.items() if owner not in self._scope.stores]
        former = [f"identifier {one.identifier}" for one in numbers.values() if one.valid_to is not None]
        hold(self._session, *former)
        hold(self._session, *held)

    def _last_instance(self, code: str) -> int:
        """0 before the first. Those of this transaction may not be written yet."""
        there = ask_one(beside(self._session), _LAST_INSTANCE, {"code": code}) or 0
        here = (given for row in self._scope.held.values() for given in row.codes)
        return max([there, *(given.instance for given in here if given.code == code)])

    def _identifier(self, owner: UUID) -> OwnerIdentifierRow:
        """The number under which a paper of the owner is coded: the newest that is its own, or was."""
        (row,) = self._scope.owners([owner])
        current = [one for one in row.identifiers if one.valid_to is None]
        return max(current or row.identifiers, key=lambda one: one.valid_from)

    def _end_codes(self, row: DocumentRow, staying: set[UUID]) -> None:
        for code in row.codes:
            if code.ended_at is None and code.owner_id not in staying:
                code.ended_at = self._scope.at

    # --- who is told, and what is found ----------------------------------------------------------------

    def notices(self, document: UUID) -> tuple[Notice, ...]:
        """Who was told what about this document, oldest first."""
        self._scope.ask(Act.SEE_PAPERS)
        row = self._scope.document(document)
        query = select(NoticeRow).where(NoticeRow.document_id == row.id).order_by(NoticeRow.at, NoticeRow.id)
        return tuple(
            Notice(
                one.id,
                one.document_id,
                one.kind,
                one.reason,
                one.at,
                one.dossier,
                one.print_id,
                one.owner_id,
            )
            for one in self._session.scalars(query)
        )

    def _index(self, row: DocumentRow, text: str | None) -> None:
        make_findable(self._scope, row, text)

    def _changed(self, row: DocumentRow) -> DocumentRecord:
        row.changed_at = self._scope.at
        self._session.flush()
        return mapping.document(row)


def _cannot_stand(other: DocumentRow, place: str) -> IllegalTransition:
    """Another paper may not take this place: not yet, or never where it is over; what to do instead differs."""
    return IllegalTransition(
        what="document", old=other.status, new=f"{place}_over" if other.status in _ENDED else place
    )


def _with_earlier(row: DocumentRow, reason: str) -> str:
    """The reason for which it ends, behind one for which it ended before: what was superseded may be false as well.

    What is superseded, or put away as scanned twice, stood until then: it has no earlier one.
    """
    return reason if row.reason is None or row.status not in _ENDED else f"{row.reason}; {reason}"


def _require_decided(row: DocumentRow, ground: str | None) -> None:
    if row.checked_by is None:
        raise NotDecided(missing="checked_by")
    if ground is None:
        raise NotDecided(missing="ground")


@lru_cache(maxsize=1_000)
def _lines_of_store(
    sight: Sight, *, of_types: bool, of_status: bool, after: bool
) -> Select[*tuple[Any, ...]]:
    """At most `most` of `_page_of_store` as lines of a list."""
    page = _page_of_store(sight, of_types=of_types, of_status=of_status, after=after)
    return listing.lines(page.limit(bindparam("most", type_=Integer)), *_NEWEST_FIRST)


@lru_cache(maxsize=1_000)
def _page_of_store(
    sight: Sight, *, of_types: bool = False, of_status: bool = False, after: bool = False
) -> Select[UUID]:
    """What the store of `owner` holds now of what is in sight, newest first: remembered, as `papers_in`."""
    held = (
        select(StoreEntryRow.document_id)
        .join(StoreRow)
        .where(StoreRow.owner_id == bindparam("owner"), StoreEntryRow.to_at.is_(None))
    )
    query = select(DocumentRow.id).where(DocumentRow.id.in_(held), papers_in(sight))
    if of_types:
        query = query.where(DocumentRow.doc_type.in_(bindparam("types", expanding=True)))
    if of_status:
        query = query.where(DocumentRow.status == bindparam("status"))
    if after:
        earlier = and_(DocumentRow.received_at == bindparam("at"), DocumentRow.id < bindparam("id"))
        query = query.where(or_(DocumentRow.received_at < bindparam("at"), earlier))
    return query.order_by(*_NEWEST_FIRST)


# Made once: see `listing`.
_STORES = select(StoreRow).where(StoreRow.owner_id.in_(bindparam("owners", expanding=True)))
_LAST_INSTANCE = select(func.max(CodeRow.instance)).where(CodeRow.code == bindparam("code"))
_IN_DOSSIERS = select(DossierDocumentRow.dossier_id)
_OPEN_WITHOUT = select(DossierRow.id).where(
    DossierRow.state == DossierState.OPEN,
    DossierRow.id.in_(_IN_DOSSIERS.where(DossierDocumentRow.document_id == bindparam("paper"))),
    DossierRow.id.not_in(_IN_DOSSIERS.where(DossierDocumentRow.document_id == bindparam("other"))),
)
"""The open dossiers that have one paper and not the other."""
