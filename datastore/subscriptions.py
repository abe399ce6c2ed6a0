"""Subscriptions: which systems of an agency are told of which events, where, and under which secrets.

Promised: an agency sees and changes its own subscriptions only; a secret is shown once, when it is made, and
kept wrapped; while a new one takes an old one's place both sign; what happens while a subscription is paused
waits for it. Who made, paused or removed one stands in the diary and in the log.
"""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update

from datastore import mapping
from datastore.deliveries import IS_SET_ASIDE
from datastore.errors import NotFound, TooManySubscriptions
from datastore.events import known_types, test_event
from datastore.locks import hold, locked
from datastore.records import Delivery, DeliveryState, Subscription, SubscriptionState
from datastore.rights import Act
from datastore.rows import DeliveryRow, EventRow, ReceiverRow, SubscriptionRow, SubscriptionSecretRow
from datastore.scope import Scope

_SECRET_BYTES = 32
ROTATION = timedelta(days=1)
"""So long does an old secret sign beside the new one."""
MOST_SUBSCRIPTIONS = 50
"""Of one agency."""
_MOST_SECRETS = 4
MOST = 100
"""Deliveries of one page."""


class Subscriptions:
    """The repository of subscriptions and of what was sent to them."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def make(self, url: str, types: Iterable[str]) -> tuple[Subscription, bytes]:
        """Tell `url` of these types (`vn.khoso.document.valid`, `vn.khoso.dossier.*`) from now on; and the secret.

        Whether the address may be used at all the caller has checked. BadEventType, TooManySubscriptions.
        """
        self._scope.ask(Act.MANAGE_SUBSCRIPTIONS)
        self._require_room()
        row = SubscriptionRow(
            id=self._scope.id(),
            agency=self._scope.actor.agency,
            url=url,
            types=" ".join(known_types(types)),
            state=SubscriptionState.ACTIVE,
            reason=None,
            made_at=self._scope.at,
            made_by=self._scope.actor.person,
            changed_at=self._scope.at,
        )
        self._session.add(row)
        self._session.flush()
        receiver = ReceiverRow(
            subscription_id=row.id, failures=0, failing_since=None, not_before=self._scope.at
        )
        self._session.add(receiver)
        secret = self._new_secret(row)
        return self._done(row), secret

    def get(self, id: UUID) -> Subscription:
        """The subscription; NotFound."""
        return self._done(self._row(id))

    def all(self) -> tuple[Subscription, ...]:
        """Those of the actor's agency, oldest first."""
        self._scope.ask(Act.MANAGE_SUBSCRIPTIONS)
        query = select(SubscriptionRow).where(
            SubscriptionRow.agency == self._scope.actor.agency,
            SubscriptionRow.state != SubscriptionState.REMOVED,
        )
        rows = self._session.scalars(query.order_by(SubscriptionRow.id))
        return tuple(self._subscription(row) for row in rows)

    def change(self, id: UUID, *, url: str | None = None, types: Iterable[str] | None = None) -> Subscription:
        """Another address or other types, for what waits too. BadEventType."""
        row = self._row(id)
        row.url = row.url if url is None else url
        row.types = row.types if types is None else " ".join(known_types(types))
        row.changed_at = self._scope.at
        return self._done(row)

    def rotate(self, id: UUID, *, keep_old_for: timedelta = ROTATION) -> bytes:
        """A new secret; the one before signs beside it for `keep_old_for`, an older one until its own end.

        So a rotation that is repeated, because its answer was lost, takes nothing from whoever knows the first.
        """
        row = self._row(id)
        query = select(SubscriptionSecretRow).where(SubscriptionSecretRow.subscription_id == row.id)
        newest = list(self._session.scalars(query.order_by(SubscriptionSecretRow.made_at.desc())))
        for one in newest[_MOST_SECRETS - 1 :]:
            self._session.delete(one)
        end = self._scope.at + keep_old_for
        for one in newest:
            one.ends_at = min(one.ends_at or end, end)
        secret = self._new_secret(row)
        self._done(row)
        return secret

    def pause(self, id: UUID, reason: str) -> Subscription:
        """Send nothing until it is resumed; `reason` is a word: `asked`, `gone`, `no_success`."""
        row = self._row(id)
        row.state, row.reason, row.changed_at = SubscriptionState.PAUSED, reason, self._scope.at
        return self._done(row)

    def resume(self, id: UUID) -> Subscription:
        """Send again, what waited first, as if nothing of it had been tried."""
        row = self._row(id)
        row.state, row.reason, row.changed_at = SubscriptionState.ACTIVE, None, self._scope.at
        receiver = self._receiver(row)
        receiver.failures, receiver.failing_since, receiver.not_before = 0, None, self._scope.at
        self._session.flush()
        waiting = DeliveryRow.subscription_id == row.id, DeliveryRow.state == DeliveryState.WAITING
        self._session.execute(
            update(DeliveryRow)
            .where(*waiting)
            .values(attempts=0, first_tried_at=None, not_before=self._scope.at)
        )
        return self._done(row)

    def remove(self, id: UUID) -> None:
        """Send nothing any more: its secrets and what waits for it are deleted, the record of it stays."""
        row = self._row(id)
        row.state, row.reason, row.changed_at = SubscriptionState.REMOVED, None, self._scope.at
        self._receiver(row)
        self._session.flush()
        for table in (DeliveryRow, SubscriptionSecretRow, ReceiverRow):
            self._session.execute(delete(table).where(table.subscription_id == row.id))
        self._scope.note(note=_noted(row))

    def try_out(self, id: UUID) -> Delivery:
        """Send it one event that says nothing happened."""
        row = self._row(id)
        event = test_event(self._scope, row)
        self._session.flush()
        delivery = DeliveryRow(
            id=self._scope.id(),
            subscription_id=row.id,
            event=event.arrival,
            subject=event.subject,
            state=DeliveryState.WAITING,
            attempts=0,
            not_before=self._scope.at,
            made_at=self._scope.at,
        )
        self._session.add(delivery)
        self._done(row)
        return mapping.delivery(delivery, event)

    def deliveries(
        self,
        id: UUID,
        *,
        state: DeliveryState | None = None,
        before: int | None = None,
        most: int = MOST,
    ) -> tuple[Delivery, ...]:
        """What was and is to be sent, newest event first; `before` is the event number where a page ended."""
        row = self._row(id)
        query = (
            select(DeliveryRow, EventRow)
            .join(EventRow, EventRow.arrival == DeliveryRow.event)
            .where(DeliveryRow.subscription_id == row.id)
        )
        if state is not None:
            query = query.where(DeliveryRow.state == state)
        if before is not None:
            query = query.where(DeliveryRow.event < before)
        found = self._session.execute(query.order_by(DeliveryRow.event.desc()).limit(most))
        return tuple(mapping.delivery(delivery, event) for delivery, event in found)

    def retry(self, id: UUID) -> int:
        """Send what was set aside for a subscription again; how many there are."""
        row = self._row(id)
        aside = select(DeliveryRow).where(DeliveryRow.subscription_id == row.id, IS_SET_ASIDE)
        found = list(self._session.scalars(locked(aside)))
        for one in found:
            one.state, one.settled_at = DeliveryState.WAITING, None
            one.attempts, one.first_tried_at, one.not_before = 0, None, self._scope.at
        self._done(row)
        return len(found)

    def _require_room(self) -> None:
        """Every event costs a delivery for each: one admin's mistake must not become everybody's flood."""
        hold(self._session, f"subscriptions {self._scope.actor.agency}")
        query = select(func.count()).where(
            SubscriptionRow.agency == self._scope.actor.agency,
            SubscriptionRow.state != SubscriptionState.REMOVED,
        )
        if self._session.scalars(query).one() >= MOST_SUBSCRIPTIONS:
            raise TooManySubscriptions(most=MOST_SUBSCRIPTIONS)

    def _new_secret(self, row: SubscriptionRow) -> bytes:
        secret, id = secrets.token_bytes(_SECRET_BYTES), self._scope.id()
        wrapped = self._scope.keychain.wrap_secret(id, secret)
        self._session.add(
            SubscriptionSecretRow(
                id=id, subscription_id=row.id, wrapped=wrapped, made_at=self._scope.at, ends_at=None
            )
        )
        self._session.flush()
        return secret

    def _row(self, id: UUID) -> SubscriptionRow:
        self._scope.ask(Act.MANAGE_SUBSCRIPTIONS)
        query = select(SubscriptionRow).where(
            SubscriptionRow.id == id,
            SubscriptionRow.agency == self._scope.actor.agency,
            SubscriptionRow.state != SubscriptionState.REMOVED,
        )
        row = self._session.scalar(locked(query))
        if row is None:
            raise NotFound(what="subscription", id=id)
        return row

    def _receiver(self, row: SubscriptionRow) -> ReceiverRow:
        return self._session.get_one(ReceiverRow, row.id, with_for_update=True)

    def _done(self, row: SubscriptionRow) -> Subscription:
        self._session.flush()
        self._scope.note(note=_noted(row))
        return self._subscription(row)

    def _subscription(self, row: SubscriptionRow) -> Subscription:
        receiver = self._session.get(ReceiverRow, row.id)
        return mapping.subscription(row, None if receiver is None else receiver.failing_since)


def _noted(row: SubscriptionRow) -> str:
    return f"subscription {row.id}"
