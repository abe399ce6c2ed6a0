"""`/livez` and `/readyz`: for a balancer, a container engine, a person who wants to know why.

Alive means that this process answers; a part that is gone does not end it. Ready means that requests can be answered;
which part is why not stands in the answer, without anybody's data. Neither is for the public: the proxy in front
(`deploy/`) keeps them inside.
"""

from http import HTTPStatus

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.steps.readiness import Readiness

_ASKED_AT_ONCE = 4
"""Threads that wait for checks, apart from those that do the work."""


def health_routes(readiness: Readiness) -> APIRouter:
    """The two addresses, at the top of the server."""
    router = APIRouter(include_in_schema=False)
    places = CapacityLimiter(_ASKED_AT_ONCE)

    @router.get("/livez")
    async def livez() -> dict[str, bool]:
        return {"alive": True}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        report = await to_thread.run_sync(readiness.look, limiter=places)
        status = HTTPStatus.OK if report.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse(report.as_json(), status)

    return router
