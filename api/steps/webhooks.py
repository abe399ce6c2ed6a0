"""Subscriptions of an agency's systems: made with an address that may be used, secrets shown once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from api.cloud_events import shown_secret
from api.connectors.receivers import require_usable
from api.house import House
from api.steps.courier import reach_of
from datastore import PAUSED_BY_PERSON, Actor, Subscription, SubscriptionState, Work

EVERYTHING = ("vn.khoso.document.*", "vn.khoso.dossier.*")
"""Every event that there is."""
Also = Callable[[Work, Subscription], None]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be otherwise; None: as it is."""

    url: str | None = None
    types: tuple[str, ...] | None = None
    active: bool | None = None


def _nothing_else(_work: Work, _made: Subscription) -> None:
    """Nothing besides."""


def subscribe(
    house: House, actor: Actor, url: str, types: Iterable[str], *, also: Also = _nothing_else
) -> tuple[Subscription, str]:
    """A system is told of these types from now on; and the secret by which it knows us. BadWebhookUrl, BadEventType.

    `also` is done in the same transaction.
    """
    require_usable(url, reach_of(house))
    with house.datastore.begin(actor, "subscribe") as work:
        made, secret = work.subscriptions.make(url, types)
        also(work, made)
    return made, shown_secret(secret)


def change_subscription(house: House, actor: Actor, id: UUID, change: Change) -> Subscription:
    """Another address, other types, paused or resumed, in one. BadWebhookUrl, BadEventType."""
    if change.url is not None:
        require_usable(change.url, reach_of(house))
    with house.datastore.begin(actor, "change_subscription") as work:
        changed = work.subscriptions.change(id, url=change.url, types=change.types)
        if change.active is None or change.active == (changed.state is SubscriptionState.ACTIVE):
            return changed
        return (
            work.subscriptions.resume(id) if change.active else work.subscriptions.pause(id, PAUSED_BY_PERSON)
        )


def rotate_secret(
    house: House,
    actor: Actor,
    id: UUID,
    keep_old_for: timedelta,
    *,
    also: Callable[[Work], None] = lambda _work: None,
) -> str:
    """A new secret; the old one signs beside it for a while. `also` is done in the same transaction."""
    with house.datastore.begin(actor, "rotate_secret") as work:
        secret = shown_secret(work.subscriptions.rotate(id, keep_old_for=keep_old_for))
        also(work)
    return secret
