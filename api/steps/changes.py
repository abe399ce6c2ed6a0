"""Changing what stands: revoke, supersede, refile. Whoever cites the paper is told in the same transaction;
stores and status list follow in a job of their own, asked for in that transaction.

`stamp` is the state that whoever asks has seen: ChangedMeanwhile when it is another one by now.
"""

from uuid import UUID

from api.house import House
from api.steps.intake import go_on
from api.steps.job_kinds import TELL_OUTSIDE
from archive import Status
from common import KhosoError, say
from datastore import Actor, AlreadyHeld, DocumentRecord, Priority


class OneOwnerOnly(KhosoError):
    """A paper of several owners needs to be told from whom it is taken."""

    code = "one_owner_only"


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
    house: House, actor: Actor, document: UUID, by: UUID, reason: str, *, stamp: int | None = None
) -> DocumentRecord:
    """Another paper takes its place."""
    with house.datastore.begin(actor, "supersede") as work:
        work.documents.require_unchanged(document, stamp)
        replaced = work.documents.supersede(document, by=by, reason=reason)
        work.jobs.enqueue(TELL_OUTSIDE, document, priority=Priority.COUNTER)
    return replaced


def refile(
    house: House, actor: Actor, document: UUID, owner: str, reason: str, *, stamp: int | None = None
) -> DocumentRecord:
    """Moves a misfiled paper to its right owner, made known if need be; one that waited for that goes on.

    Where the right owner has the same paper already, that one stands for both, and the misfiled one is put away.
    """
    with house.datastore.begin(actor, "refile") as work:
        work.documents.require_unchanged(document, stamp)
        owners = work.documents.get(document).owner_ids
        if len(owners) > 1:
            raise OneOwnerOnly
        to = work.owners.ensure(owner)
        try:
            if owners:
                moved = work.documents.refile(document, to=to.id, reason=reason)
            else:
                moved = work.documents.assign_owners(document, [to.id])
        except AlreadyHeld as held:
            held_as = UUID(str(held.facts["document_id"]))
            moved = work.documents.put_away(document, by=held_as, to=to.id, reason=reason)
            house.steps.say(str(say("put_away", id=document, by=held_as)))
        if moved.status is Status.READ:
            go_on(house, work, moved)
        work.jobs.enqueue(TELL_OUTSIDE, document, priority=Priority.COUNTER)
    return moved
