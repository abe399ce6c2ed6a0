"""Subscriptions of an agency's systems: made with an address that may be used, secrets shown once."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from api.cloud_events import shown_secret
from api.connectors.receivers import require_usable
from api.house import House
from api.steps.courier import reach_of
from datastore import Actor, Subscription

EVERYTHING = ("vn.khoso.document.*", "vn.khoso.dossier.*")
"""Every event that there is."""


def subscribe(house: House, actor: Actor, url: str, types: Iterable[str]) -> tuple[Subscription, str]:
    """A system is told of these types from now on; and the secret by which it knows us. BadWebhookUrl, BadEventType."""
    require_usable(url, reach_of(house))
    with house.datastore.begin(actor, "subscribe") as work:
        made, secret = work.subscriptions.make(url, types)
    return made, shown_secret(secret)


def change_subscription(
    house: House, actor: Actor, id: UUID, *, url: str | None = None, types: Iterable[str] | None = None
) -> Subscription:
    """Another address or other types. BadWebhookUrl, BadEventType."""
    if url is not None:
        require_usable(url, reach_of(house))
    with house.datastore.begin(actor, "change_subscription") as work:
        return work.subscriptions.change(id, url=url, types=types)


def rotate_secret(house: House, actor: Actor, id: UUID, keep_old_for: timedelta) -> str:
    """A new secret; the old one signs beside it for a while."""
    with house.datastore.begin(actor, "rotate_secret") as work:
        return shown_secret(work.subscriptions.rotate(id, keep_old_for=keep_old_for))
