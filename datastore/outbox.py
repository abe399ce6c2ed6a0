"""The courier's side of what is told to others: handed out, claimed and settled, each in a transaction of its own."""

from collections.abc import Callable, Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from datastore import deliveries
from datastore.keychain import Keychain
from datastore.records import Backlog, ClaimedDelivery
from datastore.transactions import Transactions


class Outbox:
    """The courier's side of events and deliveries; each call is a transaction of its own."""

    def __init__(self, apart: Transactions, keychain: Callable[[Session], Keychain]) -> None:
        self._apart = apart
        self._keychain = keychain

    def hand_out(self, most: int = 500) -> int:
        """Make the deliveries of the oldest events; how many events there were. Call again until there are none."""
        if not self._waits():
            return 0
        with self._apart.writing() as session:
            return deliveries.hand_out(session, self._apart.clock(), most)

    def _waits(self) -> bool:
        """Looked up beside all writers: an outbox in which there is nothing costs nobody a lock."""
        with self._apart.looking() as session:
            return deliveries.is_anything_to_hand_out(session)

    def claim(self, courier: str, most: int, lease: timedelta = deliveries.LEASE) -> list[ClaimedDelivery]:
        """Deliveries that are due, now this courier's; a receiver is given a few at once only."""
        with self._apart.reading() as session:
            if not deliveries.is_anything_due(session, self._apart.clock()):
                return []
        with self._apart.writing() as session:
            chain = self._keychain(session)
            return deliveries.claim(session, chain, courier, chain.at, most, lease)

    def keep(self, courier: str, ids: Collection[UUID], lease: timedelta = deliveries.LEASE) -> None:
        """This courier is still at these deliveries; those that another one has by now stay its."""
        with self._apart.writing() as session:
            deliveries.keep(session, courier, ids, self._apart.clock(), lease)

    def delivered(self, claimed: ClaimedDelivery) -> None:
        """The receiver took it; StaleState when another courier has it meanwhile."""
        with self._apart.writing() as session:
            deliveries.delivered(session, claimed, self._apart.clock())

    def failed(
        self, claimed: ClaimedDelivery, error: str, *, jitter: float = 0.5, pause: timedelta | None = None
    ) -> bool:
        """It will be tried again later, or is set aside; True when the receiver should be paused. StaleState."""
        with self._apart.writing() as session:
            now = self._apart.clock()
            return deliveries.failed(session, claimed, now, error, jitter=jitter, pause=pause)

    def prune(self) -> None:
        """Forget what was settled long ago."""
        with self._apart.writing() as session:
            deliveries.prune(session, self._apart.clock())

    def backlog(self) -> Backlog:
        """What is still to be told."""
        with self._apart.reading() as session:
            return deliveries.backlog(session)
