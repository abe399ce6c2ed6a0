"""From the outbox to the receivers: each event handed out once, each delivery claimed by one courier at a time.

Promised: every event of an agency reaches each subscription that was there when it was handed out **at least
once**, with the same id each time; of the events about one subject a receiver is sent the next only when the one
before was taken or set aside; a receiver that is slow or gone costs the others nothing, for it has at most
`AT_ONCE` deliveries in the air, one while it fails, and none while it rests.

A delivery that fails is tried again after a pause that doubles; one that fails for `GIVE_UP` while the receiver
takes others is set aside. A receiver that takes nothing at all for `GIVE_UP` should be paused (`failed` says
so): what waits for it waits on. A delivery shows nobody's papers, so claiming asks no actor.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from common import new_id
from datastore import mapping
from datastore.errors import StaleState
from datastore.events import is_of
from datastore.keychain import Keychain
from datastore.locks import hold
from datastore.records import Backlog, ClaimedDelivery, DeliveryState, SubscriptionState
from datastore.rows import DeliveryRow, EventRow, ReceiverRow, SubscriptionRow, SubscriptionSecretRow

LEASE = timedelta(seconds=15)
"""So long may a courier be silent about what it has in the air; while it lives it says so."""
AT_ONCE = 4
"""So many deliveries may be in the air to one receiver that is well."""
GIVE_UP = timedelta(days=3)
"""A long weekend: whoever mends a receiver on Monday loses nothing."""
KEPT = timedelta(days=30)
"""So long can be looked up what was delivered or set aside."""
IS_SET_ASIDE = DeliveryRow.state.in_([literal_column("'set_aside'")])
_IS_IN_THE_AIR = DeliveryRow.state.in_([literal_column("'claimed'")])
"""Written out, because a partial index serves only who names its condition."""
ASKED = "asked"
"""Why a subscription is paused that a person paused."""
_TROUBLE = 3
"""After so many failures in a row a receiver rests."""
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=1)


def is_anything_to_hand_out(session: Session) -> bool:
    """Whether an event has no deliveries yet."""
    return (
        session.scalars(select(EventRow.arrival).where(EventRow.handed_out_at.is_(None)).limit(1)).first()
        is not None
    )


def is_anything_due(session: Session, now: datetime) -> bool:
    """Whether a delivery could be claimed now, perhaps."""
    return session.execute(_receivers(now).limit(1)).first() is not None


def hand_out(session: Session, now: datetime, most: int) -> int:
    """Make the deliveries of the oldest events that have none yet; how many events there were.

    One courier at a time: whoever comes second finds them handed out. An event that nobody wants goes.
    """
    hold(session, "outbox")
    query = select(EventRow).where(EventRow.handed_out_at.is_(None)).order_by(EventRow.arrival).limit(most)
    events = list(session.scalars(query))
    subscribed = _subscribed(session, events)
    made: list[dict[str, object]] = []
    for event in events:
        wanting = _wanting(event, subscribed)
        made += (_new_delivery(subscription, event, now) for subscription in wanting)
        if wanting:
            event.handed_out_at = now
        else:
            session.delete(event)
    session.flush()
    if made:
        session.execute(insert(DeliveryRow), made)
    return len(events)


def _subscribed(session: Session, events: Iterable[EventRow]) -> Mapping[str, list[SubscriptionRow]]:
    """The subscriptions of the agencies that these events concern, by agency."""
    agencies = {agency for event in events for agency in (event.agency, event.competent_agency)}
    query = select(SubscriptionRow).where(
        SubscriptionRow.agency.in_(agencies), SubscriptionRow.state != SubscriptionState.REMOVED
    )
    found: dict[str, list[SubscriptionRow]] = {}
    for row in session.scalars(query.order_by(SubscriptionRow.id)) if agencies else ():
        found.setdefault(row.agency, []).append(row)
    return found


def _wanting(event: EventRow, subscribed: Mapping[str, list[SubscriptionRow]]) -> list[SubscriptionRow]:
    agencies = {event.agency, event.competent_agency}
    return [
        row
        for agency in sorted(agencies)
        for row in subscribed.get(agency, ())
        if any(is_of(event.type, wanted) for wanted in row.types.split())
    ]


def _new_delivery(subscription: SubscriptionRow, event: EventRow, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(now),
        "subscription_id": subscription.id,
        "event": event.arrival,
        "subject": event.subject,
        "state": DeliveryState.WAITING,
        "attempts": 0,
        "not_before": now,
        "made_at": now,
    }


def claim(
    session: Session, chain: Keychain, worker: str, now: datetime, most: int, lease: timedelta
) -> list[ClaimedDelivery]:
    """At most `most` deliveries that are due, now this courier's, a few of each receiver."""
    claimed: list[ClaimedDelivery] = []
    receivers = _receivers(now).with_for_update(of=ReceiverRow, skip_locked=True)
    for receiver, subscription in session.execute(receivers):
        if len(claimed) >= most:
            break
        room = (1 if receiver.failures else AT_ONCE) - _in_the_air(session, receiver.subscription_id, now)
        room = min(room, most - len(claimed))
        if room <= 0:
            continue
        secrets = _secrets(session, chain, receiver.subscription_id)
        for row, event in session.execute(_due(receiver.subscription_id, now).limit(room)):
            row.state, row.claimed_by, row.lease_until = DeliveryState.CLAIMED, worker, now + lease
            row.attempts += 1
            row.first_tried_at = row.first_tried_at or now
            claimed.append(
                ClaimedDelivery(
                    mapping.delivery(row, event), worker, subscription.url, subscription.agency, secrets
                )
            )
    session.flush()
    return claimed


def keep(session: Session, worker: str, ids: Collection[UUID], now: datetime, lease: timedelta) -> None:
    """This courier is still at these; what another one has claimed meanwhile stays its."""
    mine = (DeliveryRow.id.in_(ids), _IS_IN_THE_AIR, DeliveryRow.claimed_by == worker)
    session.execute(update(DeliveryRow).where(*mine).values(lease_until=now + lease))


def _receivers(now: datetime) -> Select[ReceiverRow, SubscriptionRow]:
    """The receivers for which something is due, in any order, so that none is always the last."""
    due = exists().where(DeliveryRow.subscription_id == ReceiverRow.subscription_id, *_is_due(now))
    return (
        select(ReceiverRow, SubscriptionRow)
        .join(SubscriptionRow, SubscriptionRow.id == ReceiverRow.subscription_id)
        .where(SubscriptionRow.state == SubscriptionState.ACTIVE, ReceiverRow.not_before <= now, due)
        .order_by(func.random())
    )


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    waiting = and_(DeliveryRow.state == DeliveryState.WAITING, DeliveryRow.not_before <= now)
    lapsed = and_(DeliveryRow.state == DeliveryState.CLAIMED, DeliveryRow.lease_until <= now)
    return DeliveryRow.settled_at.is_(None), or_(waiting, lapsed)


def _due(subscription: UUID, now: datetime) -> Select[DeliveryRow, EventRow]:
    """What is due for a subscription, oldest first; nothing while an earlier event of its subject is open."""
    earlier = aliased(DeliveryRow)
    blocked = exists().where(
        earlier.subscription_id == DeliveryRow.subscription_id,
        earlier.subject == DeliveryRow.subject,
        earlier.event < DeliveryRow.event,
        earlier.settled_at.is_(None),
    )
    return (
        select(DeliveryRow, EventRow)
        .join(EventRow, EventRow.arrival == DeliveryRow.event)
        .where(DeliveryRow.subscription_id == subscription, *_is_due(now), ~blocked)
        .order_by(DeliveryRow.event)
        .with_for_update(of=DeliveryRow, skip_locked=True)
    )


def _in_the_air(session: Session, subscription: UUID, now: datetime) -> int:
    query = select(func.count()).where(
        DeliveryRow.subscription_id == subscription,
        _IS_IN_THE_AIR,
        DeliveryRow.lease_until > now,
    )
    return session.scalars(query).one()


def _secrets(session: Session, chain: Keychain, subscription: UUID) -> tuple[bytes, ...]:
    """The secrets that sign now, the newest first."""
    query = select(SubscriptionSecretRow).where(
        SubscriptionSecretRow.subscription_id == subscription,
        or_(SubscriptionSecretRow.ends_at.is_(None), SubscriptionSecretRow.ends_at > chain.at),
    )
    rows = session.scalars(query.order_by(SubscriptionSecretRow.made_at.desc()))
    return tuple(chain.open_secret(row.id, row.wrapped) for row in rows)


def delivered(session: Session, claimed: ClaimedDelivery, now: datetime) -> None:
    """The receiver took it, so it is well again; StaleState when another courier has it meanwhile."""
    row, receiver = _ours(session, claimed)
    _settle(row, DeliveryState.DELIVERED, now, None)
    if receiver.failures:
        receiver.failures, receiver.failing_since, receiver.not_before = 0, None, now
    session.flush()


def failed(
    session: Session,
    claimed: ClaimedDelivery,
    now: datetime,
    error: str,
    *,
    jitter: float,
    pause: timedelta | None,
) -> bool:
    """Try again later, or set it aside; whether the receiver took nothing for so long that it should be paused.

    `error` is a word; `jitter` (0 to 1) spreads what failed together; `pause` is what the receiver asked for.
    """
    row, receiver = _ours(session, claimed)
    receiver.failures += 1
    receiver.failing_since = receiver.failing_since or now
    if receiver.failures >= _TROUBLE:
        receiver.not_before = now + _pause(receiver.failures - _TROUBLE, jitter)
    lost = now - receiver.failing_since >= GIVE_UP
    tried_enough = row.first_tried_at is not None and now - row.first_tried_at >= GIVE_UP
    if tried_enough and not lost:
        _settle(row, DeliveryState.SET_ASIDE, now, error)
    else:
        row.state, row.claimed_by, row.lease_until = DeliveryState.WAITING, None, None
        row.last_error = error
        wanted = min(pause or timedelta(0), _LONGEST_PAUSE)
        row.not_before = now + max(_pause(row.attempts - 1, jitter), wanted)
    session.flush()
    return lost


def _settle(row: DeliveryRow, state: DeliveryState, now: datetime, error: str | None) -> None:
    row.state, row.settled_at, row.last_error = state, now, error
    row.claimed_by, row.lease_until = None, None


def _pause(doublings: int, jitter: float) -> timedelta:
    """Five seconds, doubled so often, an hour at most; a quarter more or less."""
    pause = min(_FIRST_PAUSE * (1 << min(doublings, 20)), _LONGEST_PAUSE)
    return pause * (0.75 + jitter / 2)


def _ours(session: Session, claimed: ClaimedDelivery) -> tuple[DeliveryRow, ReceiverRow]:
    """The delivery as it was claimed, and its receiver, both locked (the receiver first, as everywhere); StaleState."""
    was = claimed.delivery
    receiver = session.get(ReceiverRow, was.subscription_id, with_for_update=True)
    row = session.get(DeliveryRow, was.id, with_for_update=True)
    if receiver is None or row is None:
        raise StaleState(what="delivery")
    if (row.state, row.claimed_by, row.attempts) != (
        DeliveryState.CLAIMED,
        claimed.claimed_by,
        was.attempts,
    ):
        raise StaleState(what="delivery")
    return row, receiver


def prune(session: Session, now: datetime) -> None:
    """Forget what was settled long ago, what nobody will be told any more, and secrets that sign no more."""
    removed = select(SubscriptionRow.id).where(SubscriptionRow.state == SubscriptionState.REMOVED)
    old = or_(DeliveryRow.settled_at < now - KEPT, DeliveryRow.subscription_id.in_(removed))
    session.execute(delete(DeliveryRow).where(old))
    told = ~exists().where(DeliveryRow.event == EventRow.arrival)
    session.execute(delete(EventRow).where(EventRow.handed_out_at.is_not(None), told))
    session.execute(delete(SubscriptionSecretRow).where(SubscriptionSecretRow.ends_at <= now))


def backlog(session: Session) -> Backlog:
    """What is still to be told to somebody, since when, and what was set aside."""
    there = SubscriptionRow.state != SubscriptionState.REMOVED
    subscriptions = session.scalars(select(func.count()).select_from(SubscriptionRow).where(there)).one()
    open_, at = DeliveryRow.settled_at.is_(None), DeliveryRow.made_at
    waiting, since = session.execute(select(func.count(), func.min(at)).where(open_)).one()
    wanted = exists().where(there, SubscriptionRow.agency.in_((EventRow.agency, EventRow.competent_agency)))
    fresh, first = session.execute(
        select(func.count(), func.min(EventRow.at)).where(EventRow.handed_out_at.is_(None), wanted)
    ).one()
    aside = session.scalars(select(func.count()).where(IS_SET_ASIDE)).one()
    trouble = SubscriptionRow.reason.is_not(None) & (SubscriptionRow.reason != ASKED)
    paused = session.scalars(
        select(func.count()).where(SubscriptionRow.state == SubscriptionState.PAUSED, trouble)
    ).one()
    known = [instant for instant in (since, first) if instant is not None]
    return Backlog(subscriptions, waiting + fresh, min(known, default=None), first, aside, paused)
