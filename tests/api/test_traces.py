"""A trace is followed as W3C Trace Context says, and never taken from a header that does not keep its rules."""

import io
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import pytest

from api.cli.place import house
from api.house import page_pool_when_needed
from api.logs import line_handler
from api.progress import steps_on_stderr
from api.steps.intake import Paper, Person, receive
from api.steps.queue import work_off
from api.traces import Trace, current_trace, within

_SAMPLE = Path(__file__).parents[2] / "samples" / "trich_luc_khai_tu.png"

_THEIRS = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "header", [f"00-{_THEIRS}-00f067aa0ba902b7-01", f"cc-{_THEIRS}-00f067aa0ba902b7-01-what-comes-later"]
)
def test_the_trace_that_a_caller_names_is_followed_with_a_span_of_ours(header: str) -> None:
    trace = Trace.follow(header)
    assert (trace.id, trace.sampled) == (_THEIRS, True)
    assert trace.span != "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        f"00-{_THEIRS.upper()}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{_THEIRS}-{'0' * 16}-01",
        f"ff-{_THEIRS}-00f067aa0ba902b7-01",
        f"00-{_THEIRS}-00f067aa0ba902b7-01-more",
        f"00-{_THEIRS}-00f067aa0ba902b7",
        f"00-{_THEIRS}-00f067aa0ba902b7-01\r\nX: y",
        "00-040090001234-1-01",
    ],
)
def test_a_header_that_does_not_keep_the_rules_begins_a_trace_of_ours(header: str | None) -> None:
    trace = Trace.follow(header)
    assert trace.id != _THEIRS
    assert (len(trace.id), trace.sampled) == (32, False)


def test_a_job_goes_on_with_the_trace_of_its_row() -> None:
    assert Trace.go_on(_THEIRS).id == _THEIRS
    assert len(Trace.go_on(None).id) == 32
    assert Trace.go_on("An").id != "An"


def test_a_trace_is_sent_on_as_the_header_that_it_is_read_from() -> None:
    trace = Trace.follow(f"00-{_THEIRS}-00f067aa0ba902b7-01")
    assert str(trace) == f"00-{_THEIRS}-{trace.span}-01"


def test_a_trace_lasts_as_long_as_its_piece_of_work_and_is_that_of_its_own_thread() -> None:
    with within(Trace.begin()) as outer:
        with within(Trace.begin()) as inner:
            assert current_trace() == inner.id
        assert current_trace() == outer.id
        with ThreadPoolExecutor() as pool:
            assert pool.submit(current_trace).result() is None
            assert pool.submit(copy_context().run, current_trace).result() == outer.id
    assert current_trace() is None


def test_a_job_and_what_follows_from_it_keep_the_trace_of_the_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    stream, events = io.StringIO(), logging.getLogger("khoso")
    handler = line_handler("worker", stream=stream, strict=True)
    events.addHandler(handler)
    with steps_on_stderr() as steps, house(steps) as opened:
        with within(Trace.begin()) as request:
            paper = Paper((_SAMPLE,), (Person("040144985806"),), compared=True)
            document = receive(opened, opened.system("test"), paper).document.id
        with page_pool_when_needed(opened.settings) as pool:
            work_off(opened, pool, until_done=[document])
        with opened.datastore.begin(opened.system("test"), "look") as work:
            traces = {job.kind: job.trace for job in work.jobs.of_document(document)}
    events.removeHandler(handler)
    assert traces == dict.fromkeys(("read", "sign", "tell_outside"), request.id)
    done = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(one["event"], one["kind"]) for one in done] == [("job_done", kind) for kind in traces]
    assert {one["trace"] for one in done} == {request.id}
