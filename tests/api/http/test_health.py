"""`/livez` and `/readyz` as a balancer asks them."""

import pytest
from fastapi import FastAPI

from api.http.health import health_routes
from api.steps.readiness import Check, Readiness, Seen, Standing
from common import say
from tests.api.http.test_observing import ask


def _app(standing: Standing) -> FastAPI:
    reason = None if standing is Standing.WELL else say("disk_full", free="0.1")
    app = FastAPI()
    app.include_router(health_routes(Readiness({"disk": Check(lambda: Seen(standing, reason))}, patience=30)))
    return app


@pytest.mark.parametrize(
    ("standing", "status"), [(Standing.WELL, 200), (Standing.DEGRADED, 200), (Standing.FAILED, 503)]
)
def test_only_a_failed_part_takes_a_process_out_of_service(standing: Standing, status: int) -> None:
    answer = ask(_app(standing), "/readyz")
    assert (answer.status_code, answer.json()["standing"]) == (status, standing)


def test_the_reason_stands_in_the_answer_in_both_languages() -> None:
    told = ask(_app(Standing.FAILED), "/readyz").json()
    assert told["checks"]["disk"]["reason"].keys() == {"code", "vi", "en"}


def test_a_process_whose_parts_failed_is_alive() -> None:
    assert ask(_app(Standing.FAILED), "/livez").json() == {"alive": True}
