"""Which systems are told of events: `webhooks add | list | test | pause | resume | rotate | remove | retry`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from api.cli.answer import print_json
from api.cli.app import app
from api.cli.options import OPERATOR, ActorName, Agency, Json
from api.cli.place import at_desk
from common import say, shown
from datastore import PAUSED_BY_PERSON, Delivery, Subscription, Work

webhooks_app = typer.Typer(
    no_args_is_help=True, help="Báo sự kiện cho hệ thống khác. / Telling other systems of events."
)
app.add_typer(webhooks_app, name="webhooks")
_PURPOSE = "webhooks"
_OLD_HOURS = 24

SubscriptionId = Annotated[UUID, typer.Argument(metavar="SUBSCRIPTION-ID")]


@contextmanager
def _at_work(person: str, agency: str | None, act: str) -> Iterator[Work]:
    with at_desk(person, agency, _PURPOSE) as (opened, who), opened.datastore.begin(who, act) as work:
        yield work


@webhooks_app.command("add")
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="https://…")],
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--type", help="vn.khoso.document.valid, vn.khoso.dossier.* …; mặc định: tất cả. / All."
        ),
    ] = None,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    as_json: Json = False,
) -> None:
    """Đăng ký một hệ thống nhận sự kiện; khóa ký chỉ hiện một lần. / Subscribes a system; its secret is shown once.

    Ví dụ / Example: `khoso webhooks add https://hub.example.vn/khoso --type "vn.khoso.document.*"`
    """
    from api.steps.webhooks import EVERYTHING, subscribe  # late: it speaks HTTP

    with at_desk(person, agency, _PURPOSE) as (opened, who):
        made, secret = subscribe(opened, who, url, types or EVERYTHING)
    if as_json:
        print_json({**_subscription(made), "secret": secret})
    else:
        _print(made)
        print(say("webhook_secret"), secret, sep="\n")


@webhooks_app.command("list")
def list_webhooks(
    subscription: Annotated[
        UUID | None, typer.Argument(metavar="[SUBSCRIPTION-ID]", help="Lần gửi gần nhất. / Its deliveries.")
    ] = None,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    as_json: Json = False,
) -> None:
    """Hệ thống đã đăng ký, hoặc các lần gửi của một hệ thống. / Who subscribed, or what one of them was sent.

    Ví dụ / Examples: `khoso webhooks list` · `khoso webhooks list 01a200e0-5076-7574-a8fe-df7af85edd29`
    """
    with _at_work(person, agency, "list_webhooks") as work:
        several = work.subscriptions.all() if subscription is None else ()
        sent = () if subscription is None else work.subscriptions.deliveries(subscription)
    if as_json:
        found = {"deliveries": [_delivery(one) for one in sent]}
        print_json(found if subscription else {"subscriptions": [_subscription(one) for one in several]})
        return
    for one in several:
        _print(one)
    for delivery in sent:
        fields = delivery.made_at, delivery.state, delivery.event.type, delivery.event.subject
        print(shown(fields[0]), *fields[1:], delivery.attempts, delivery.last_error or "", sep="  ")
    if subscription is None and not several:
        print(say("webhook_none"))


@webhooks_app.command("test")
def try_out(subscription: SubscriptionId, person: ActorName = OPERATOR, agency: Agency = None) -> None:
    """Gửi thử một sự kiện. / Sends one event that says nothing happened.

    Ví dụ / Example: `khoso webhooks test 01a200e0-5076-7574-a8fe-df7af85edd29`
    """
    with _at_work(person, agency, "try_webhook") as work:
        work.subscriptions.try_out(subscription)
    print(say("webhook_sent", id=subscription))


@webhooks_app.command("pause")
def pause(subscription: SubscriptionId, person: ActorName = OPERATOR, agency: Agency = None) -> None:
    """Tạm ngừng gửi; sự kiện được giữ lại. / Sends nothing for now; what happens meanwhile waits.

    Ví dụ / Example: `khoso webhooks pause 01a200e0-5076-7574-a8fe-df7af85edd29`
    """
    with _at_work(person, agency, "pause_subscription") as work:
        _print(work.subscriptions.pause(subscription, PAUSED_BY_PERSON))


@webhooks_app.command("resume")
def resume(subscription: SubscriptionId, person: ActorName = OPERATOR, agency: Agency = None) -> None:
    """Gửi tiếp, bắt đầu từ sự kiện đang chờ. / Sends again, what waited first.

    Ví dụ / Example: `khoso webhooks resume 01a200e0-5076-7574-a8fe-df7af85edd29`
    """
    with _at_work(person, agency, "resume_subscription") as work:
        _print(work.subscriptions.resume(subscription))


@webhooks_app.command("rotate")
def rotate(
    subscription: SubscriptionId,
    old_hours: Annotated[
        int,
        typer.Option("--old-hours", min=0, max=168, help="Khóa cũ còn dùng. / The old one signs so long."),
    ] = _OLD_HOURS,
    person: ActorName = OPERATOR,
    agency: Agency = None,
) -> None:
    """Khóa ký mới; khóa cũ còn dùng một thời gian. / A new secret; the old one signs beside it for a while.

    Ví dụ / Example: `khoso webhooks rotate 01a200e0-5076-7574-a8fe-df7af85edd29`
    """
    from api.steps.webhooks import rotate_secret  # late: it speaks HTTP

    with at_desk(person, agency, _PURPOSE) as (opened, who):
        secret = rotate_secret(opened, who, subscription, timedelta(hours=old_hours))
    print(say("webhook_secret"), secret, sep="\n")


@webhooks_app.command("remove")
def remove(subscription: SubscriptionId, person: ActorName = OPERATOR, agency: Agency = None) -> None:
    """Gỡ đăng ký; sự kiện đang chờ bị xóa. / Removes it; what waits is deleted.

    Ví dụ / Example: `khoso webhooks remove 01a200e0-5076-7574-a8fe-df7af85edd29`
    """
    with _at_work(person, agency, "remove_subscription") as work:
        work.subscriptions.remove(subscription)
    print(say("webhook_removed"))


@webhooks_app.command("retry")
def retry(subscription: SubscriptionId, person: ActorName = OPERATOR, agency: Agency = None) -> None:
    """Gửi lại những sự kiện bị gác lại. / Sends again what was set aside.

    Ví dụ / Example: `khoso webhooks retry 01a200e0-5076-7574-a8fe-df7af85edd29`
    """
    with _at_work(person, agency, "retry_webhook") as work:
        count = work.subscriptions.retry(subscription)
    print(say("webhook_again", count=count))


def _print(one: Subscription) -> None:
    failing = "" if one.failing_since is None else shown(one.failing_since)
    print(one.id, one.state, one.reason or "", one.url, " ".join(one.types), failing, sep="  ")


def _subscription(one: Subscription) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "agency": one.agency,
        "url": one.url,
        "types": list(one.types),
        "state": one.state.value,
        "reason": one.reason,
        "made_by": one.made_by,
        "failing_since": None if one.failing_since is None else one.failing_since.isoformat(),
    }


def _delivery(one: Delivery) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "event_id": str(one.event.id),
        "type": one.event.type,
        "subject": one.event.subject,
        "state": one.state.value,
        "attempts": one.attempts,
        "error": one.last_error,
    }
