"""Webhooks: which systems of an agency are told of events, where, and what became of what they were sent."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from api.http.faults import BadCursor
from api.http.identity import Staff
from api.http.once import Keep, OnlyOnce, answer
from api.http.paging import Cursor, Limit
from api.http.parts import API, TheHouse
from api.http.shapes import Asked, Instant, problems
from api.steps.webhooks import Change, change_subscription, rotate_secret, subscribe
from datastore import Actor, Answer, Delivery, DeliveryState, Subscription, SubscriptionState

router = APIRouter(tags=["webhooks"])
_PURPOSE = "webhooks"
_MOST_NUMBER = 18
_ID = "019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11"
_URL = "https://hub.example.vn/khoso"
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
_TYPES = ["vn.khoso.document.*", "vn.khoso.dossier.succeeded"]
Url = Annotated[
    str, Field(min_length=1, max_length=1000, description="https, and not into internal networks.")
]
Types = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]],
    Field(min_length=1, max_length=50, description="Types of events, or families of them with `.*`."),
]


class Subscribing(Asked):
    """Which address is to be told of which events."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"url": _URL, "types": [*_TYPES]}]}
    )
    url: Url
    types: Types


class Wanted(StrEnum):
    """What a subscription can be made to be."""

    ACTIVE = "active"
    PAUSED = "paused"


class Changing(Asked):
    """What is to be otherwise. `paused` keeps what happens until it is `active` again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"state": "paused"}]})
    url: Url | None = None
    types: Types | None = None
    state: Wanted | None = None


class WebhookView(BaseModel):
    """A subscription. `reason` says why it is paused: `asked`, `gone` (410), `no_success` (for three days)."""

    id: UUID
    url: str = Field(examples=[_URL])
    types: list[str] = Field(examples=[_TYPES])
    state: SubscriptionState
    reason: str | None
    made_at: Instant
    made_by: str
    failing_since: Instant | None

    @classmethod
    def of(cls, one: Subscription) -> "WebhookView":
        return cls(
            id=one.id,
            url=one.url,
            types=list(one.types),
            state=one.state,
            reason=one.reason,
            made_at=one.made_at,
            made_by=one.made_by,
            failing_since=one.failing_since,
        )


class WebhookMade(WebhookView):
    """A subscription and its signing secret, which is shown this once: null when the request is only repeated."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _ID,
                    "url": _URL,
                    "types": [*_TYPES],
                    "state": "active",
                    "reason": None,
                    "made_at": "2026-11-25T01:05:09.000000Z",
                    "made_by": "admin",
                    "failing_since": None,
                    "secret": _SECRET,
                }
            ]
        }
    )
    secret: str | None

    @classmethod
    def with_secret(cls, one: Subscription, secret: str | None) -> "WebhookMade":
        return cls(**WebhookView.of(one).model_dump(), secret=secret)


class Webhooks(BaseModel):
    """Every subscription of the agency, oldest first."""

    webhooks: list[WebhookView]


class Rotation(Asked):
    """How long the old secret signs beside the new one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"keep_old_hours": 24}]})
    keep_old_hours: StrictInt = Field(24, ge=0, le=168)


class NewSecret(BaseModel):
    """The new signing secret, which is shown this once: null when the request is only repeated."""

    secret: str | None = Field(examples=[_SECRET])


class DeliveryView(BaseModel):
    """One event for one subscription, and how far it is. `error` is why the last attempt failed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _ID,
                    "event_id": "019ab1f0-0000-7d52-9c6e-2f4b1f6f0a11",
                    "type": "vn.khoso.document.valid",
                    "subject": "documents/019ab1f0-1111-7d52-9c6e-2f4b1f6f0a11",
                    "state": "waiting",
                    "attempts": 3,
                    "error": "status_503",
                    "made_at": "2026-11-25T01:05:09.000000Z",
                    "not_before": "2026-11-25T01:05:49.000000Z",
                    "settled_at": None,
                }
            ]
        }
    )
    id: UUID
    event_id: UUID
    type: str
    subject: str
    state: DeliveryState
    attempts: int
    error: str | None
    made_at: Instant
    not_before: Instant
    settled_at: Instant | None

    @classmethod
    def of(cls, one: Delivery) -> "DeliveryView":
        return cls(
            id=one.id,
            event_id=one.event.id,
            type=one.event.type,
            subject=one.event.subject,
            state=one.state,
            attempts=one.attempts,
            error=one.last_error,
            made_at=one.made_at,
            not_before=one.not_before,
            settled_at=one.settled_at,
        )


class Deliveries(BaseModel):
    """A page, newest event first; `next` is the cursor of the following one."""

    deliveries: list[DeliveryView]
    next: str | None


class Retried(BaseModel):
    """How many deliveries that were set aside are sent again."""

    count: int = Field(examples=[3])


def _actor(who: Staff) -> Actor:
    """Nobody's paper is opened, so nobody is asked why."""
    return who.actor(_PURPOSE)


@router.post(
    "/webhooks",
    operation_id="subscribe",
    status_code=201,
    response_class=Response,
    responses={201: {"model": WebhookMade, "description": "Subscribed."}, **problems(409)},
)
def post_webhook(house: TheHouse, who: Staff, once: OnlyOnce, said: Subscribing) -> Response:
    """Have a system told of events from now on. Its signing secret is shown this once and kept by nobody in clear."""

    def make(keep: Keep) -> Answer:
        made, secret = subscribe(
            house, _actor(who), said.url, said.types, also=lambda work, made: keep(work, _made(made, None))
        )
        return _made(made, secret)

    return once.do(said.model_dump(mode="json"), make)


def _made(one: Subscription, secret: str | None) -> Answer:
    return answer(201, WebhookMade.with_secret(one, secret), Location=f"{API}/webhooks/{one.id}")


@router.get("/webhooks", operation_id="list_webhooks", responses=problems())
def list_webhooks(house: TheHouse, who: Staff) -> Webhooks:
    """Every subscription of the agency."""
    with house.datastore.begin(_actor(who), "look_at_webhooks") as work:
        return Webhooks(webhooks=[WebhookView.of(one) for one in work.subscriptions.all()])


@router.get("/webhooks/{id}", operation_id="get_webhook", responses=problems(404))
def get_webhook(house: TheHouse, who: Staff, id: UUID) -> WebhookView:
    """A subscription as it stands."""
    with house.datastore.begin(_actor(who), "look_at_webhooks") as work:
        return WebhookView.of(work.subscriptions.get(id))


@router.patch("/webhooks/{id}", operation_id="change_webhook", responses=problems(404))
def change_webhook(house: TheHouse, who: Staff, id: UUID, said: Changing) -> WebhookView:
    """Another address, other types, paused or active again: then what waited is sent first."""
    types = None if said.types is None else tuple(said.types)
    active = None if said.state is None else said.state is Wanted.ACTIVE
    return WebhookView.of(change_subscription(house, _actor(who), id, Change(said.url, types, active)))


@router.delete(
    "/webhooks/{id}",
    operation_id="remove_webhook",
    status_code=204,
    response_class=Response,
    responses=problems(404),
)
def remove_webhook(house: TheHouse, who: Staff, id: UUID) -> Response:
    """Send nothing any more: what waits and the secrets are deleted."""
    with house.datastore.begin(_actor(who), "remove_subscription") as work:
        work.subscriptions.remove(id)
    return Response(status_code=204)


@router.post(
    "/webhooks/{id}/secret",
    operation_id="rotate_webhook_secret",
    status_code=201,
    response_class=Response,
    responses={201: {"model": NewSecret, "description": "Changed."}, **problems(404)},
)
def rotate_webhook_secret(house: TheHouse, who: Staff, once: OnlyOnce, id: UUID, said: Rotation) -> Response:
    """A new secret; messages carry both signatures while the old one holds."""
    keep_old_for = timedelta(hours=said.keep_old_hours)

    def make(keep: Keep) -> Answer:
        shown_again = answer(201, NewSecret(secret=None))
        secret = rotate_secret(
            house, _actor(who), id, keep_old_for, also=lambda work: keep(work, shown_again)
        )
        return answer(201, NewSecret(secret=secret))

    return once.do(said.model_dump(mode="json"), make)


@router.post("/webhooks/{id}/test", operation_id="try_webhook", status_code=202, responses=problems(404))
def try_webhook(house: TheHouse, who: Staff, id: UUID) -> DeliveryView:
    """Send one event (`vn.khoso.webhook.test`) that says nothing happened; its delivery tells what became of it."""
    with house.datastore.begin(_actor(who), "try_webhook") as work:
        return DeliveryView.of(work.subscriptions.try_out(id))


@router.post("/webhooks/{id}/retry", operation_id="retry_webhook", status_code=202, responses=problems(404))
def retry_webhook(house: TheHouse, who: Staff, id: UUID) -> Retried:
    """Send again what was set aside after three days of failing."""
    with house.datastore.begin(_actor(who), "retry_webhook") as work:
        return Retried(count=work.subscriptions.retry(id))


@router.get("/webhooks/{id}/deliveries", operation_id="list_deliveries", responses=problems(404))
def list_deliveries(
    house: TheHouse,
    who: Staff,
    id: UUID,
    state: Annotated[DeliveryState | None, Query(description="Only those that are it.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Deliveries:
    """What it was and is to be sent, for 30 days after it was taken or set aside."""
    with house.datastore.begin(_actor(who), "look_at_webhooks") as work:
        before = None if cursor is None else _event_number(cursor)
        found = work.subscriptions.deliveries(id, state=state, before=before, most=limit + 1)
    given = found[:limit]
    following = str(given[-1].event.number) if len(found) > limit else None
    return Deliveries(deliveries=[DeliveryView.of(one) for one in given], next=following)


def _event_number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _MOST_NUMBER):
        raise BadCursor
    return int(cursor)
