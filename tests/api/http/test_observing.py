"""What is seen from outside of a request names its route, its status and its trace, never what it was about."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse
from prometheus_client.exposition import generate_latest

from api.http.observing import Observed
from api.logs import line_handler
from api.metrics import REGISTRY
from api.traces import current_trace
from datastore import Actor, ActorRole

_TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_NUMBER = "040090001234"


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    stream, events = io.StringIO(), logging.getLogger("khoso")
    handler = line_handler("web", stream=stream, strict=True)
    events.addHandler(handler)
    yield stream
    events.removeHandler(handler)


@pytest.fixture
def app() -> FastAPI:
    """Routes in a router in a router, as ours are."""
    stores, api, whole = APIRouter(prefix="/stores"), APIRouter(prefix="/api/v1"), FastAPI()

    @stores.get("/{id}/documents")
    def documents(id: str, request: Request) -> dict[str, str | None]:
        request.state.principal = Actor("mai", ActorRole.CLERK, "H41.01", "look")
        return {"trace": current_trace()}

    @stores.get("/{id}/broken")
    def broken(id: str) -> None:
        raise RuntimeError(id)

    @stores.get("/{id}/stream")
    def stream(id: str) -> StreamingResponse:
        return StreamingResponse(iter([b"ab", b"cde"]))

    @whole.get("/livez")
    def livez() -> None:
        """Asked every few seconds."""

    api.include_router(stores)
    whole.include_router(api)
    whole.add_middleware(Observed)
    return whole


async def _ask(app: FastAPI, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://khoso") as client:
        return await client.request(method, path, headers=headers)


def ask(
    app: FastAPI, path: str, *, method: str = "GET", headers: dict[str, str] | None = None
) -> httpx.Response:
    import anyio

    return anyio.run(_ask, app, method, path, headers)


def _line(log_lines: io.StringIO) -> dict[str, Any]:
    (line,) = [json.loads(text) for text in log_lines.getvalue().splitlines()]
    found: dict[str, Any] = line
    return found


def test_a_request_is_one_line_with_the_template_of_its_whole_route(
    app: FastAPI, log_lines: io.StringIO
) -> None:
    answer = ask(app, f"/api/v1/stores/{_NUMBER}/documents?name=An")
    line = _line(log_lines)
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 200)
    assert line["route"] == "/api/v1/stores/{id}/documents"
    assert line["bytes"] == len(answer.content)
    assert (line["role"], line["agency"]) == ("clerk", "H41.01")
    assert _NUMBER not in log_lines.getvalue()
    assert "An" not in log_lines.getvalue()


def test_the_role_of_a_line_is_its_word_and_no_name_of_ours_for_it(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "khoso"):
        ask(app, "/api/v1/stores/1/documents")
    assert "'clerk'" in caplog.text
    assert "ActorRole" not in caplog.text


def test_the_trace_that_a_caller_names_is_in_the_work_the_answer_and_the_line(
    app: FastAPI, log_lines: io.StringIO
) -> None:
    answer = ask(app, "/api/v1/stores/1/documents", headers={"traceparent": _TRACEPARENT})
    trace = _TRACEPARENT.split("-")[1]
    assert answer.json() == {"trace": trace}
    assert answer.headers["traceparent"].startswith(f"00-{trace}-")
    assert answer.headers["traceparent"] != _TRACEPARENT
    assert _line(log_lines)["trace"] == trace


@pytest.mark.parametrize("path", [f"/{_NUMBER}", f"/api/v1/persons/{_NUMBER}?x=1"])
def test_what_no_route_takes_is_written_without_its_path(
    path: str, app: FastAPI, log_lines: io.StringIO
) -> None:
    assert ask(app, path).status_code == 404
    assert (_line(log_lines)["route"], _line(log_lines)["status"]) == ("-", 404)
    assert _NUMBER not in log_lines.getvalue()


def test_a_fault_of_ours_is_a_500_in_the_line(app: FastAPI, log_lines: io.StringIO) -> None:
    ask(app, f"/api/v1/stores/{_NUMBER}/broken")
    assert _line(log_lines)["status"] == 500
    assert _NUMBER not in log_lines.getvalue()


def test_a_streamed_answer_is_counted_to_its_end(app: FastAPI, log_lines: io.StringIO) -> None:
    ask(app, "/api/v1/stores/1/stream")
    assert _line(log_lines)["bytes"] == 5


def test_a_method_that_somebody_makes_up_is_other(app: FastAPI, log_lines: io.StringIO) -> None:
    ask(app, "/api/v1/stores/1/documents", method="NGUYEN-VAN-AN")
    assert _line(log_lines)["method"] == "other"


def test_probes_that_go_well_are_not_worth_a_line(app: FastAPI, log_lines: io.StringIO) -> None:
    assert ask(app, "/livez").status_code == 200
    assert log_lines.getvalue() == ""


def test_requests_are_counted_by_template_method_and_class_of_status(app: FastAPI) -> None:
    labels = {"route": "/api/v1/stores/{id}/documents", "method": "GET", "status": "2xx"}
    before = REGISTRY.get_sample_value("khoso_http_requests_total", labels) or 0
    ask(app, f"/api/v1/stores/{_NUMBER}/documents")
    ask(app, f"/api/v1/stores/{_NUMBER}/documents?again")
    assert REGISTRY.get_sample_value("khoso_http_requests_total", labels) == before + 2
    assert _NUMBER not in generate_latest(REGISTRY).decode()
