"""The queue in a person's hands: `jobs list`, `jobs retry`."""

from typing import Annotated, Any
from uuid import UUID

import typer

from api.cli.answer import print_json
from api.cli.app import app
from api.cli.options import Json
from api.cli.place import house
from api.progress import steps_on_stderr
from api.steps.queue import retry_set_aside
from api.words import known_in_words
from common import say, shown
from datastore import Job

jobs_app = typer.Typer(no_args_is_help=True, help="Việc bị gác lại. / Jobs that were set aside.")
app.add_typer(jobs_app, name="jobs")


@jobs_app.command("list")
def list_jobs(as_json: Json = False) -> None:
    """Việc bị gác lại và lý do; mọi cơ quan. / What was set aside, and why; of every agency.

    Ví dụ / Example: `khoso jobs list --json`
    """
    with steps_on_stderr() as steps, house(steps) as opened:
        aside = opened.datastore.queue.set_aside()
        waiting = opened.datastore.queue.waiting_since()
    if as_json:
        since = {role.value: moment.isoformat() for role, moment in waiting.items()}
        print_json({"set_aside": [_as_json(job) for job in aside], "waiting_since": since})
        return
    for job in aside:
        print(
            f"{job.id}  {known_in_words('work', job.kind)}  {job.document_id}  {job.agency}  {job.last_error}"
        )
    for role, moment in waiting.items():
        print(say("jobs_wait", role=role.value, since=shown(moment)))
    if not aside:
        print(say("nothing_set_aside"))


@jobs_app.command("retry")
def retry_jobs(
    job: Annotated[
        UUID | None, typer.Argument(metavar="[JOB-ID]", help="Bỏ trống: tất cả. / All, when left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Đưa việc bị gác lại trở lại hàng đợi. / Queues again what was set aside.

    Ví dụ / Examples: `khoso jobs retry` · `khoso jobs retry 01a200e0-5076-7574-a8fe-df7af85edd29`
    """
    with steps_on_stderr() as steps, house(steps) as opened:
        count = retry_set_aside(opened, job)
    if as_json:
        print_json({"queued": count})
    else:
        print(say("jobs_queued_again", count=count))


def _as_json(job: Job) -> dict[str, Any]:
    return {
        "id": str(job.id),
        "kind": job.kind,
        "document_id": str(job.document_id),
        "agency": job.agency,
        "role": job.role.value,
        "reason": job.last_error,
        "attempts": job.attempts,
        "deaths": job.deaths,
    }
