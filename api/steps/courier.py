"""The courier: takes events from the outbox to the systems that subscribed to them.

Any number of couriers may run. One says every few seconds what it has in the air; when it is killed, that is claimed
again by another one after its lease and may be sent twice, with the same `webhook-id`. Receivers are talked to side by
side in one loop, so one that is slow costs nothing but its own time; rows are asked in a thread beside it, names
looked up in others.
"""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

import httpx

from api.cloud_events import envelope, signed_headers
from api.connectors.receivers import Undelivered, make_sender, post
from api.house import House
from api.logs import log, tell_fault
from api.outages import OUTAGES
from api.reach import Reach
from datastore import COURIER_LEASE, ClaimedDelivery, NotFound, StaleState

_MOST_AT_ONCE = 64
_PAUSE = 0.5
"""Seconds between two looks into an empty outbox."""
_PAUSE_IN_TROUBLE = 5.0
_PRUNE_EVERY = 3600.0
_KEEP_EVERY = 4.0
"""Seconds, well inside the lease."""
_NOTE_WITHIN = 60.0
"""Seconds: a database that was started again is back by then."""
_RESOLVERS = 64
"""Threads for names: a look-up that hangs must not keep those of others waiting."""
_GONE, _NO_SUCCESS = "gone", "no_success"
_T = TypeVar("_T")


def reach_of(house: House) -> Reach:
    """Where this installation may send events."""
    settings = house.settings
    return Reach.parse(settings.webhook_hosts, this_machine=not settings.production)


@contextmanager
def courier_beside(house: House) -> Iterator[None]:
    """A courier in a thread for as long as the block runs; what is in the air at its end is waited for."""
    ended = threading.Event()
    thread = threading.Thread(
        target=serve_courier, args=(house,), kwargs={"stopped": ended.is_set}, name="courier"
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def serve_courier(house: House, *, stopped: Callable[[], bool], lease: timedelta = COURIER_LEASE) -> None:
    """Takes out what there is until told to stop; a database that is away is waited for."""
    with ThreadPoolExecutor(1, "courier-rows") as rows:
        asyncio.run(_serve(house, rows, stopped, lease))


async def _serve(
    house: House, rows: ThreadPoolExecutor, stopped: Callable[[], bool], lease: timedelta
) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_RESOLVERS, "resolver"))
    async with make_sender(house.settings.webhook_ca) as sender:
        round_ = _Round(house, rows, sender, lease)
        while not stopped():
            await round_.go()
        await round_.landed()


class _Round:
    """The deliveries in the air, and one look after the other for more."""

    def __init__(
        self, house: House, rows: ThreadPoolExecutor, sender: httpx.AsyncClient, lease: timedelta
    ) -> None:
        self._house = house
        self._outbox = house.datastore.outbox
        self._rows = rows
        self._sender = sender
        self._reach = reach_of(house)
        self._lease = lease
        self._in_the_air: dict[asyncio.Task[None], UUID] = {}
        self._ending = False
        self._keep_at = self._prune_at = time.monotonic()

    async def go(self) -> None:
        """Hands out what is new, starts what is due, and waits until there may be more."""
        try:
            await self._keep_what_is_in_the_air()
            busy = await self._ask(self._outbox.hand_out) > 0
            await self._start_what_is_due()
            if time.monotonic() >= self._prune_at:
                self._prune_at = time.monotonic() + _PRUNE_EVERY
                await self._ask(self._outbox.prune)
        except OUTAGES as error:
            log.warning("courier_hindered", code=error.code)
            await asyncio.sleep(_PAUSE_IN_TROUBLE)
            return
        except Exception:
            # The border of the courier: whatever is wrong with one look, there is another one after a pause.
            tell_fault("courier_fault")
            await asyncio.sleep(_PAUSE_IN_TROUBLE)
            return
        if busy:
            return
        if self._in_the_air:
            await self._wait(asyncio.FIRST_COMPLETED, _PAUSE)
        else:
            await asyncio.sleep(_PAUSE)

    async def landed(self) -> None:
        """Waits for what is in the air, which takes seconds."""
        self._ending = True
        while self._in_the_air:
            await self._wait(asyncio.ALL_COMPLETED, _KEEP_EVERY)
            try:
                await self._keep_what_is_in_the_air()
            except OUTAGES as error:
                log.warning("courier_hindered", code=error.code)
            except Exception:
                tell_fault("courier_fault")  # the same border: what is in the air still lands

    async def _wait(self, until: str, seconds: float) -> None:
        done, _still = await asyncio.wait(self._in_the_air, timeout=seconds, return_when=until)
        for landed in done:
            del self._in_the_air[landed]

    async def _keep_what_is_in_the_air(self) -> None:
        """No other courier takes it over, as long as this one lives."""
        if self._in_the_air and time.monotonic() >= self._keep_at:
            ids = list(self._in_the_air.values())
            await self._ask(partial(self._outbox.keep, self._house.room.worker, ids, self._lease))
            self._keep_at = time.monotonic() + _KEEP_EVERY

    async def _start_what_is_due(self) -> None:
        room = _MOST_AT_ONCE - len(self._in_the_air)
        if room <= 0:
            return
        claim = partial(self._outbox.claim, self._house.room.worker, room, self._lease)
        for claimed in await self._ask(claim):
            self._in_the_air[asyncio.create_task(self._deliver(claimed))] = claimed.delivery.id

    async def _ask(self, question: Callable[[], _T]) -> _T:
        """The rows' answer, while deliveries go on."""
        return await asyncio.get_running_loop().run_in_executor(self._rows, question)

    async def _deliver(self, claimed: ClaimedDelivery) -> None:
        try:
            await self._send(claimed)
        except StaleState:
            pass  # it took too long, and another courier has it by now
        except OUTAGES as error:
            log.warning("courier_hindered", code=error.code)  # the claim lapses, and it is sent again
        except Exception:
            # The same border: a fault of ours with one event must not end everybody else's.
            tell_fault("courier_fault", subscription=claimed.delivery.subscription_id)

    async def _send(self, claimed: ClaimedDelivery) -> None:
        """One attempt, and what became of it."""
        event, facts = claimed.delivery.event, _facts(claimed)
        body = envelope(event, self._house.settings.print_host)
        headers = signed_headers(event, body, self._house.clock(), claimed.secrets)
        try:
            await post(self._sender, self._reach, claimed.url, headers, body)
        except Undelivered as trouble:
            if trouble.gone:  # first: what is noted twice, because the answer was lost, ends as StaleState
                await self._noted(partial(self._pause, claimed, _GONE))
            failed = partial(
                self._outbox.failed,
                claimed,
                trouble.reason,
                jitter=random.random(),
                pause=trouble.pause,
            )
            lost = await self._noted(failed)
            log.warning("event_not_taken", reason=trouble.reason, **facts)
            if lost and not trouble.gone:
                await self._noted(partial(self._pause, claimed, _NO_SUCCESS))
        else:
            await self._noted(partial(self._outbox.delivered, claimed))
            log.info("event_delivered", **facts)

    async def _noted(self, outcome: Callable[[], _T]) -> _T:
        """The rows know what became of an attempt. While they are out of reach it is tried again: it counts as long as
        no other courier has taken the delivery over, and a claim that lapses keeps its receiver waiting."""
        until = time.monotonic() + _NOTE_WITHIN
        while True:
            try:
                return await self._ask(outcome)
            except OUTAGES as error:
                if self._ending or time.monotonic() > until:
                    raise
                log.warning("courier_hindered", code=error.code)
            await asyncio.sleep(_PAUSE)

    def _pause(self, claimed: ClaimedDelivery, reason: str) -> None:
        """The subscription rests until a person resumes it; what happens meanwhile waits for it."""
        actor = self._house.system("webhooks", agency=claimed.agency)
        with suppress(NotFound), self._house.datastore.begin(actor, "pause_subscription") as work:
            work.subscriptions.pause(claimed.delivery.subscription_id, reason)
        log.error("subscription_paused", subscription=claimed.delivery.subscription_id, reason=reason)


def _facts(claimed: ClaimedDelivery) -> dict[str, object]:
    """What the log says of an attempt."""
    delivery = claimed.delivery
    return {
        "subscription": delivery.subscription_id,
        "event_id": delivery.event.id,
        "attempts": delivery.attempts,
    }
