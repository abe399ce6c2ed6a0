"""What is known of an owner is corrected by a person: the first name that was said of a number is not always right."""

from dataclasses import dataclass
from uuid import UUID

from api.house import House
from common import PartialDate
from datastore import Actor, Owner, OwnerState


@dataclass(frozen=True, slots=True)
class Correction:
    """How an owner is called, and since when it lives; None: what is known stays."""

    name: str
    birth_date: PartialDate | None = None
    state: OwnerState | None = None


def known_of(house: House, actor: Actor, owner: UUID) -> Owner:
    """What is known of an owner, for whoever may correct it; NotFound for one of whom its agency has nothing."""
    with house.datastore.begin(actor, "look_at_owner") as work:
        return work.owners.known(owner)


def correct(
    house: House, actor: Actor, owner: UUID, correction: Correction, reason: str, *, seen: str | None = None
) -> Owner:
    """The owner as it is known from now on; NotFound for one of whom the actor's agency has nothing.

    ChangedMeanwhile when it was `seen` under another tag. A paper that waits because something else was said of its
    owner is answered by it, when both agree now.
    """
    with house.datastore.begin(actor, "correct_owner") as work:
        if seen is not None:
            work.owners.known(owner, seen=seen)
        known = work.owners.rename(
            owner, name=correction.name, birth_date=correction.birth_date, reason=reason
        )
        if correction.state is not None and correction.state is not known.state:
            known = work.owners.set_state(owner, correction.state)
    return known
