"""What an agency holds: which paper stands for these originals of these owners, and that none is held twice.

Promised: whoever claims originals sees everybody who claimed them before, also at the same moment; of a paper that
another one took the place of, that one stands; and nobody is told of one that is out of the agency's sight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import permutations
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, bindparam, exists, null, or_, select, union_all
from sqlalchemy.orm import Session

from archive import Status
from common import Digest, KhosoError
from datastore.errors import AlreadyHeld, HeldElsewhere
from datastore.locks import hold
from datastore.rows import DocumentRow, OwnerIdentifierRow, StoreEntryRow, StoreRow, VersionRow
from datastore.scope import Scope, Sight, papers_in
from datastore.transactions import Glance

NOT_HELD = (Status.REJECTED, Status.DESTROYED, Status.REVOKED)
"""In these states the same paper may be brought again."""
_MOST_AKIN = 3
_MOST_SHUFFLED = 4
"""Files of which every order is looked for: 24."""


class Holdings:
    """What the agency of one transaction's actor holds."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def standing(self, originals: Digest, owners: Sequence[UUID]) -> DocumentRow | None:
        """What stands for these originals of these owners in this agency, whoever may see it; before any other, what is
        theirs alone."""
        wanted = set(owners)
        ids = self._session.scalars(*_brought(originals, owners, self._scope.actor.agency)).all()
        papers = select(DocumentRow).where(DocumentRow.id.in_(ids)).order_by(DocumentRow.id)
        brought = self._session.scalars(papers).all() if ids else ()
        theirs = [row for row in brought if wanted <= set(owners_of(row))]
        theirs.sort(key=lambda row: len(owners_of(row)))
        found = (self._in_place_of(row, wanted) for row in theirs)
        return next((standing for standing in found if standing is not None), None)

    def _in_place_of(self, row: DocumentRow, owners: set[UUID]) -> DocumentRow | None:
        """The last one that took its place, if it is these owners', not over and in sight of the agency; else the paper
        itself, if that is held; None."""
        last = last_in_place_of(self._session, row)
        theirs = last.status not in NOT_HELD and owners <= set(owners_of(last))
        if theirs and (last is row or self._in_sight(last.id)):
            return last
        return None if row.held_key is None else row

    def _held_as(self, other: UUID, document: UUID, owners: Sequence[UUID]) -> KhosoError:
        """What whoever moves a paper to these owners is told of the other one that is held: AlreadyHeld; HeldElsewhere
        out of its sight."""
        if self._in_sight(other):
            return AlreadyHeld(document_id=other)
        return HeldElsewhere(document=document, owners=owners)

    def _in_sight(self, document: UUID) -> bool:
        """Whether the agency may see a paper, whoever of it asks; what another one holds it must not be told of."""
        if self._scope.own_id is not None:
            return True  # a citizen's own, wherever it was taken in
        visible = papers_in(Sight(agencies=self._scope.agencies))
        return (
            self._session.scalar(select(DocumentRow.id).where(DocumentRow.id == document, visible))
            is not None
        )

    def akin(self, originals: Sequence[Digest], owners: Sequence[UUID]) -> tuple[UUID, ...]:
        """Papers of one of these owners, in sight of the actor, that have the same files in another order, one of them,
        or just these; nobody holds one of an owner whom this transaction made known."""
        known = [owner for owner in owners if owner not in self._scope.stores]
        if not known or len(originals) == len(owners) == 1:
            return ()
        theirs = StoreRow.owner_id.in_(known)
        query = (
            select(DocumentRow.id)
            .where(DocumentRow.id == VersionRow.document_id, DocumentRow.held_key.is_not(None))
            .where(self._scope.visible_documents())
            .where(VersionRow.originals_digest.in_([digest.value for digest in _akin_to(originals)]))
            .where(
                exists()
                .where(StoreEntryRow.document_id == DocumentRow.id, StoreEntryRow.to_at.is_(None))
                .where(StoreRow.id == StoreEntryRow.store_id, theirs)
            )
        )
        # Beside the session: what it has still to write waits for the end of the transaction.
        found = self._session.connection().scalars(query.order_by(DocumentRow.id).limit(_MOST_AKIN))
        return tuple(found)

    def claim_new(self, originals: Digest, owners: Sequence[UUID]) -> bytes:
        """`_claim` for what comes in, as `standing` finds it; nobody holds a paper of an owner whom this transaction
        made known."""
        agency = self._scope.actor.agency
        key = _held_key(originals, owners, agency)
        made_known = [owner in self._scope.stores for owner in owners]
        if any(made_known):
            if not all(made_known):  # somebody may bring it for one who was known: that is this paper as well
                self._hold_originals(originals, agency)
            for other in self._scope.held.values():
                if other.held_key == key:
                    raise AlreadyHeld(document_id=other.id)
            return key
        self._hold_originals(originals, agency)
        if self._session.connection().scalar(*_brought(originals, owners, agency)) is not None:
            standing = self.standing(originals, owners)
            if standing is not None:
                raise AlreadyHeld(document_id=standing.id)
        return key

    def claim(self, row: DocumentRow) -> None:
        """Claim the originals for its owners of now; AlreadyHeld, HeldElsewhere when another document has them."""
        if row.status in NOT_HELD:
            row.held_key = None
            return
        digest = Digest(row.versions[-1].originals_digest)
        row.held_key = self._claim(digest, owners_of(row), row.intake_agency, row.id)
        self._session.flush()

    def _claim(self, originals: Digest, owners: Sequence[UUID], agency: str, document: UUID) -> bytes:
        """What makes this paper this paper, of nobody else until the transaction ends; AlreadyHeld, HeldElsewhere."""
        key = _held_key(originals, owners, agency)
        self._hold_originals(originals, agency)
        other = self._session.connection().scalar(_HOLDER, {"key": key})
        if other not in (None, document):
            raise self._held_as(other, document, owners)
        return key

    def _hold_originals(self, originals: Digest, agency: str) -> None:
        """Whoever brings them at once, for whomever, then sees this document."""
        hold(self._session, f"originals {_held_key(originals, (), agency).hex()}")

    def require_not_with_others(self, row: DocumentRow) -> None:
        """AlreadyHeld, HeldElsewhere when its owners have the same originals already, together with others; asked while
        they are claimed, and only for a paper that is held."""
        if row.held_key is None:
            return
        digest, owners = Digest(row.versions[-1].originals_digest), owners_of(row)
        ids = set(self._session.scalars(*_brought(digest, owners, row.intake_agency))) - {row.id}
        for other in self._session.scalars(
            select(DocumentRow).where(DocumentRow.id.in_(ids), DocumentRow.held_key.is_not(None))
        ):
            same = other.versions[-1].originals_digest == digest.value
            if same and set(owners) <= set(owners_of(other)):
                raise self._held_as(other.id, row.id, owners)


def last_in_place_of(session: Session, row: DocumentRow) -> DocumentRow:
    """The last of those of which each took the place of the one before; itself where none did."""
    last, seen = row, {row.id}
    while last.superseded_by is not None and last.superseded_by not in seen:
        seen.add(last.superseded_by)
        last = session.get_one(DocumentRow, last.superseded_by)
    return last


def owners_of(row: DocumentRow) -> list[UUID]:
    """Whose the paper is now, in their order."""
    return [entry.store.owner_id for entry in row.entries if entry.to_at is None]


def digest_of(originals: Sequence[Digest]) -> Digest:
    """One digest of several originals: that of the one, or SHA-256 over all in their order."""
    if len(originals) == 1:
        return originals[0]
    return Digest.of(b"".join(one.value for one in originals))


@dataclass(frozen=True, slots=True)
class Beforehand:
    """What a quick look says about a paper that is brought: all of it may be otherwise a moment later, but nobody whom
    this agency holds the paper for is overlooked."""

    may_be_held: bool
    unknown: frozenset[str]
    """The numbers that nobody has."""


def look_beforehand(
    glance: Glance, originals: Sequence[Digest], identifiers: Sequence[str], agency: str
) -> Beforehand:
    """Whether `find_held` may find these originals, for the owners with these numbers or for nobody yet; and of which
    numbers `Owners.ensure` will make an owner known."""
    digest = digest_of(originals)
    unowned = _held_key(digest, (), agency)
    found = glance.all(_KNOWN, {"identifiers": list(identifiers), "key": unowned})
    owners = {number: id for number, id in found if number is not None}
    unknown = frozenset(identifiers) - owners.keys()
    held = len(found) > len(owners)
    if not held and owners and not unknown:
        held = glance.first(*_brought(digest, list(owners.values()), agency)) is not None
    return Beforehand(held, unknown)


def _akin_to(originals: Sequence[Digest]) -> set[Digest]:
    """The digests of papers of one of these files, or of all in another order; of many only backwards too."""
    orders = (
        permutations(originals)
        if len(originals) <= _MOST_SHUFFLED
        else (tuple(originals), tuple(reversed(originals)))
    )
    return {*originals, *(digest_of(order) for order in orders)}


def _brought(
    originals: Digest, owners: Sequence[UUID], agency: str
) -> tuple[Select[UUID], Mapping[str, object]]:
    """What to ask for everything that may be the paper of these originals and owners, however many others have it."""
    if not owners:
        return _HOLDER, {"key": _held_key(originals, (), agency)}
    return _BROUGHT, {"digest": originals.value, "agency": agency, "owner": owners[0]}


def _held_key(originals: Digest, owners: Sequence[UUID], agency: str) -> bytes:
    """What makes a paper the same paper: its originals, the set of its owners, the agency that took it in.

    With the agency, because an intake must not learn from an AlreadyHeld what another agency holds.
    """
    whose = sorted(owner.bytes for owner in set(owners))
    return sha256(b"".join([originals.value, len(whose).to_bytes(4), *whose, agency.encode()])).digest()


# Made once: see `listing`.
_HOLDER = select(DocumentRow.id).where(DocumentRow.held_key == bindparam("key"))
_BROUGHT = (
    select(VersionRow.document_id)
    .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
    .where(
        VersionRow.originals_digest == bindparam("digest"),
        DocumentRow.intake_agency == bindparam("agency"),
        or_(DocumentRow.held_key.is_not(None), DocumentRow.superseded_by.is_not(None)),
        exists()
        .where(StoreEntryRow.document_id == DocumentRow.id, StoreEntryRow.to_at.is_(None))
        .where(StoreRow.id == StoreEntryRow.store_id, StoreRow.owner_id == bindparam("owner")),
    )
)
"""The papers of an owner in which an agency took in just these originals: held, or in their place another one is."""
_KNOWN: CompoundSelect[str, UUID] = union_all(
    select(OwnerIdentifierRow.identifier, OwnerIdentifierRow.owner_id).where(
        OwnerIdentifierRow.identifier.in_(bindparam("identifiers", expanding=True)),
        OwnerIdentifierRow.valid_to.is_(None),
    ),
    select(null(), DocumentRow.id).where(DocumentRow.held_key == bindparam("key")),
)
"""Whose numbers these are, and what is held under a key."""
