"""How far work is: one job, the jobs of a paper, and events while a job goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated
from uuid import UUID

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.http.faults import TooManyStreams
from api.http.identity import Acting, Who, require_still_in
from api.http.parts import TheHouse
from api.http.shapes import problems
from api.http.views import JobView
from common import KhosoError

router = APIRouter(tags=["jobs"])
_LOOK = "look_at_job"
_LOOK_EVERY_SECONDS = 0.5
_HEARTBEAT_SECONDS = 15.0
"""Proxies take a line for dead that is silent for a minute."""
_LONGEST_SECONDS = 3600.0
MOST_STREAMS = 200
"""Open event streams of one process; who comes later asks by GET."""
_LOOKING_AT_ONCE = 2
"""Threads that look for all streams together."""


_EVENT = (
    "id: 1-claimed-3-12\nevent: job\n"
    'data: {"job_id":"019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11","kind":"read",'
    '"document_id":"019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11","state":"claimed","attempts":1,'
    '"done":3,"total":12,"last_error":null}\n\n'
)


class Jobs(BaseModel):
    """The jobs of a paper, in the order in which they were first asked for."""

    jobs: list[JobView]


@router.get("/jobs/{job_id}", operation_id="get_job", responses=problems(404))
def get_job(house: TheHouse, who: Who, job_id: UUID) -> JobView:
    """How far a job is."""
    return JobView.of(house.datastore.queue.look(who.actor(_LOOK), job_id))


@router.get("/documents/{document_id}/jobs", operation_id="get_document_jobs", responses=problems(404))
def get_document_jobs(house: TheHouse, actor: Acting, document_id: UUID) -> Jobs:
    """What was and is done for a paper."""
    with house.datastore.begin(actor, "look_at_jobs") as work:
        return Jobs(jobs=[JobView.of(job) for job in work.jobs.of_document(document_id)])


Look = Callable[[], JobView]


class Streams:
    """How many event streams are open in this process, and the few threads that look for them."""

    def __init__(self) -> None:
        self.open = 0
        self.ending = False
        self._looking = anyio.CapacityLimiter(_LOOKING_AT_ONCE)

    def end(self) -> None:
        """The server ends: streams are closed at their next look, and whoever watches asks again elsewhere."""
        self.ending = True

    async def look(self, look: Look) -> JobView:
        """What a look gives, made in one of the few threads."""
        return await run_sync(look, limiter=self._looking)


@router.get(
    "/jobs/{job_id}/events",
    operation_id="get_job_events",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events `job` with a JobView each, the last one when the job has ended.",
            "content": {"text/event-stream": {"example": _EVENT}},
        },
        204: {"description": "The job has ended, and by `Last-Event-ID` all of it was told: ask no more."},
        **problems(404, 429),
    },
)
async def get_job_events(
    request: Request,
    house: TheHouse,
    who: Who,
    job_id: UUID,
    last: Annotated[str | None, Header(alias="Last-Event-ID", max_length=100)] = None,
) -> Response:
    """Progress as it happens, until the job has ended. With `Last-Event-ID` what was seen is not told again."""
    streams: Streams = request.app.state.streams
    if streams.open >= MOST_STREAMS:
        raise TooManyStreams
    actor = who.actor(_LOOK)

    def look() -> JobView:
        require_still_in(request)  # whoever is signed out meanwhile is told no more
        return JobView.of(house.datastore.queue.look(actor, job_id))

    first = await streams.look(look)  # NotFound is answered as such, not as a stream
    if first.ended and _event_id(first) == last:
        return Response(status_code=204)  # a stream that ends at once would have a browser come back for ever
    return StreamingResponse(_events(streams, look, first, last), media_type="text/event-stream")


async def _events(streams: Streams, look: Look, first: JobView, last: str | None) -> AsyncIterator[str]:
    clock = asyncio.get_running_loop().time
    begun = heard = clock()
    seen, told = first, last
    streams.open += 1
    try:
        while True:
            if (id := _event_id(seen)) != told:
                yield f"id: {id}\nevent: job\ndata: {seen.model_dump_json()}\n\n"
                told, heard = id, clock()
            if seen.ended or streams.ending or clock() - begun > _LONGEST_SECONDS:
                return
            if clock() - heard > _HEARTBEAT_SECONDS:
                yield ": \n\n"
                heard = clock()
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            seen = await streams.look(look)
    except KhosoError:
        return  # out of sight, or the database is: whoever asks again is told which
    finally:
        streams.open -= 1


def _event_id(job: JobView) -> str:
    """The same for the same state, whichever process tells it."""
    pages = () if job.total is None else (job.done or 0, job.total)
    return "-".join(map(str, (job.attempts, job.state.value, *pages)))
