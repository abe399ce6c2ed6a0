"""Changing what stands and whose it is: revoke, supersede, put away, refile. Whoever cites the paper is told in the
same transaction; stores and status list follow in a job of their own, asked for in that transaction.

`stamp` is the state that whoever asks has seen: ChangedMeanwhile when it is another one by now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from api.house import House
from api.steps.holdings import is_or_was_of
from api.steps.intake import go_on
from api.steps.job_kinds import TELL_OUTSIDE
from archive import Status
from common import KhosoError, say
from datastore import Act, Actor, AlreadyHeld, DocumentRecord, NotFound, Owner, Priority, Work


class OneOwnerOnly(KhosoError):
    """A paper of several owners needs to be told from whom it is taken."""

    code = "one_owner_only"


class OwnerUnclear(KhosoError):
    """The number from whose owner a paper is taken is a former one of several of its owners."""

    code = "owner_unclear"


class RefileUnclear(KhosoError):
    """Whose a paper becomes is said in a way that means nothing, or two things."""

    code = "refile_unclear"


class SuccessorDiffers(KhosoError):
    """A paper is to take the place of one with which it has no owner in common, or whose type it has not."""

    code = "successor_differs"


class OwnersEnough(KhosoError):
    """Papers of the type have fewer owners than this one would: as often a misfiled paper as one of several."""

    code = "owners_enough"


@dataclass(frozen=True, slots=True)
class Move:
    """Whose a paper becomes, by their numbers; RefileUnclear unless it is one of three: to its right owner (in the
    place of `away_from`, or of the only one), to one more owner, or only away from one of several.

    `insists`: also where papers of its type have no more owners (OwnersEnough).
    """

    to: str | None = None
    added: str | None = None
    away_from: str | None = None
    insists: bool = False

    def __post_init__(self) -> None:
        moves, adds, takes_out = self.to is not None, self.added is not None, self.away_from is not None
        if adds == (moves or takes_out):
            raise RefileUnclear

    @property
    def whole(self) -> bool:
        """Whether it leaves everybody who has it."""
        return self.added is None and self.away_from is None


def revoke(
    house: House, actor: Actor, document: UUID, reason: str, *, stamp: int | None = None
) -> DocumentRecord:
    """Takes the paper back; it stays for looking up, and its prints say so."""
    with house.datastore.begin(actor, "revoke") as work:
        work.documents.require_unchanged(document, stamp)
        revoked = work.documents.revoke(document, reason=reason)
        work.jobs.enqueue(TELL_OUTSIDE, document, priority=Priority.COUNTER)
    return revoked


def supersede(
    house: House,
    actor: Actor,
    document: UUID,
    by: UUID,
    reason: str,
    *,
    insists: bool = False,
    stamp: int | None = None,
) -> DocumentRecord:
    """Another paper takes its place. `insists`: also one of nobody who has it, or of another type
    (SuccessorDiffers)."""
    with house.datastore.begin(actor, "supersede") as work:
        _require_unchanged(work, document, by, stamp)
        if not insists:
            _require_alike(work.documents.get(document), work.documents.get(by))
        replaced = work.documents.supersede(document, by=by, reason=reason)
        work.jobs.enqueue(TELL_OUTSIDE, document, priority=Priority.COUNTER)
    return replaced


def _require_alike(old: DocumentRecord, successor: DocumentRecord) -> None:
    """SuccessorDiffers where the id may be that of a wrong paper: there is no way back from a paper superseded."""
    if old.superseded_by == successor.id:
        return
    if not set(old.owner_ids) & set(successor.owner_ids):
        raise SuccessorDiffers(what="owner")
    if old.doc_type != successor.doc_type:
        raise SuccessorDiffers(what="type")


def put_away(
    house: House, actor: Actor, document: UUID, by: UUID, reason: str, *, stamp: int | None = None
) -> DocumentRecord:
    """The same paper was brought twice, in two scans: the other one stands for both."""
    with house.datastore.begin(actor, "put_away") as work:
        _require_unchanged(work, document, by, stamp)
        away = work.documents.put_away_duplicate(document, by=by, reason=reason)
        work.jobs.enqueue(TELL_OUTSIDE, document, priority=Priority.COUNTER)
    return away


def refile(
    house: House, actor: Actor, document: UUID, move: Move, reason: str, *, stamp: int | None = None
) -> DocumentRecord:
    """Says whose a paper is: moves a misfiled one, adds an owner, made known if need be, or takes a wrong one out. One
    that waited for that goes on.

    Where the right owner of a misfiled paper has the same one already, that one stands for both, and this is put
    away; where it is not misfiled but held twice (AlreadyHeld), whoever asks decides which of the two stands.
    """
    with house.datastore.begin(actor, "refile") as work:
        work.documents.require_unchanged(document, stamp)
        owners = work.owners.of_document(document)
        leaving = _leaving(work, owners, move)
        number = move.added if move.to is None else move.to
        to = None if number is None else work.owners.ensure(number).id
        if move.added is not None and not move.insists and to not in {owner.id for owner in owners}:
            _require_room(house, work, document, len(owners))
        try:
            if to is not None and not work.documents.get(document).owner_ids:
                moved = work.documents.assign_owners(document, [to])
            else:
                moved = work.documents.refile(document, to=to, away_from=leaving, reason=reason)
        except AlreadyHeld as held:
            if to is None or not move.whole:
                raise
            moved = _put_away(house, work, document, to, held, reason)
        if moved.status is Status.READ:
            go_on(house, work, moved)
        work.jobs.enqueue(TELL_OUTSIDE, document, priority=Priority.COUNTER)
    return moved


def _require_unchanged(work: Work, document: UUID, by: UUID, stamp: int | None) -> None:
    """Of two papers both are locked in the one order of all, not first the one whose state was seen."""
    for id in sorted((document, by)):
        try:
            work.documents.require_unchanged(id, stamp if id == document else None)
        except NotFound as error:
            if id == document:
                raise
            raise NotFound(**error.facts, other=True) from error


def _leaving(work: Work, owners: Sequence[Owner], move: Move) -> tuple[UUID, ...]:
    """Whose it is no more, of these, by a number of today or a former one; OneOwnerOnly, NotFound, BadIdentifier;
    OwnerUnclear where two had it once, as old identity cards of two provinces could."""
    if move.added is not None:
        return ()
    if move.away_from is None:
        if len(owners) > 1:
            raise OneOwnerOnly
        return tuple(owner.id for owner in owners)
    found = tuple(owner.id for owner in owners if is_or_was_of(work, owner, move.away_from))
    if not found:
        raise NotFound(what="owner")
    if len(found) > 1:
        raise OwnerUnclear
    return found


def _require_room(house: House, work: Work, document: UUID, there: int) -> None:
    """OwnersEnough where as many own it already as papers of its type have owners, for who may refile it at all."""
    doc_type = work.documents.get(document).doc_type
    if doc_type is None or there == 0:
        return
    work.ask(Act.REFILE)
    found = house.catalogue.find(doc_type)
    if found.most_owners is not None and there >= found.most_owners:
        raise OwnersEnough(name=found.name, most=found.most_owners)


def _put_away(
    house: House, work: Work, document: UUID, to: UUID, held: AlreadyHeld, reason: str
) -> DocumentRecord:
    held_as = UUID(str(held.facts["document_id"]))
    moved = work.documents.put_away(document, by=held_as, to=to, reason=reason)
    house.steps.say(str(say("put_away", id=document, by=held_as)))
    return moved
