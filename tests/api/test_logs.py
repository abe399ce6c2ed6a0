"""What this program writes about itself holds nobody's name and number, whoever writes it."""

import io
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from api.logs import NotForTheLog, line_handler, log
from api.traces import Trace, within
from common import say
from ingest import MalwareFound
from tests.conftest import CHECKOUT

_NAME = "Nguyễn Văn An"
_NUMBER = "040090001234"


@dataclass(frozen=True)
class Written:
    """What was written so far."""

    stream: io.StringIO

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def line(self) -> dict[str, Any]:
        (one,) = self.lines
        return one


def _writing(stream: io.StringIO, *, strict: bool) -> Iterator[Written]:
    """Alone: the handler that watches over all tests would make an error of what is tried here."""
    handler, root, events = (
        line_handler("web", stream=stream, strict=strict),
        logging.getLogger(),
        logging.getLogger("khoso"),
    )
    level, watching = root.level, events.handlers
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    events.handlers = []
    try:
        yield Written(stream)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        events.handlers = watching


@pytest.fixture
def written() -> Iterator[Written]:
    yield from _writing(io.StringIO(), strict=False)


@pytest.fixture
def strictly_written() -> Iterator[Written]:
    yield from _writing(io.StringIO(), strict=True)


@pytest.fixture
def on_a_terminal() -> Iterator[Written]:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    yield from _writing(Terminal(), strict=True)


def test_an_event_is_one_line_of_json_with_time_level_and_process(written: Written) -> None:
    log.info("job_done", kind="read", job=UUID(int=1), seconds=1.5)
    line = written.line
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info",
        "event": "job_done",
        "process": "web",
        "kind": "read",
        "job": str(UUID(int=1)),
        "seconds": 1.5,
    }


def test_lines_of_one_piece_of_work_share_their_trace(written: Written) -> None:
    with within(Trace.begin()) as trace:
        log.info("one")
        logging.getLogger("some.library").warning("two")
    log.info("three")
    assert [line.get("trace") for line in written.lines] == [trace.id, trace.id, None]


@pytest.mark.parametrize("name", ["at", "level", "process", "trace"])
def test_what_the_line_says_by_itself_no_event_says_otherwise(name: str, written: Written) -> None:
    with within(Trace.begin()) as trace:
        log.info("received", **{name: "other"})
    assert written.line["left_out"] == ["unlisted"]
    assert (written.line["level"], written.line["process"]) == ("info", "web")
    assert written.line["trace"] == trace.id


def test_a_line_that_cannot_be_written_is_told_without_what_it_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(ENOSPC, "no space left")

    for _ in _writing(Full(), strict=False):
        log.info("received", kind="read", owner=_NUMBER)
        logging.getLogger("some.library").warning("held by %s", _NAME)
    told = capsys.readouterr().err
    assert told == "a line could not be written: OSError\n" * 2


def test_a_field_that_is_not_listed_is_left_out(written: Written) -> None:
    log.info("received", owner=_NUMBER, kind="read")
    assert written.line["left_out"] == ["unlisted"]
    assert _NUMBER not in written.text


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": _NAME},
        {"reason": "Nguyen Van An"},
        {"code": _NUMBER},
        {"agency": f"H41.08-{_NUMBER}"},
        {"route": f"/api/v1/stores/{_NUMBER}"},
        {"route": "/v?token=abc"},
        {"document": "trang 1.png"},
        {"job": _NUMBER},
        {"kind": "read\nforged"},
        {"count": _NUMBER},
        {"reason": "x" * 1000},
        {"reason": {"name": "An"}},
    ],
)
def test_a_value_that_has_not_the_shape_of_its_field_is_left_out(
    fields: dict[str, object], written: Written
) -> None:
    log.info("received", **fields)
    assert written.line["left_out"] == list(fields)
    assert not fields.keys() & written.line.keys()


@pytest.mark.parametrize("fields", [{"owner": "x"}, {"reason": _NAME}])
def test_in_tests_what_does_not_belong_into_the_log_is_an_error(
    fields: dict[str, object], strictly_written: Written
) -> None:
    with pytest.raises(NotForTheLog):
        log.info("received", **fields)
    assert strictly_written.text == ""


def test_lines_of_several_threads_do_not_run_into_each_other() -> None:
    class Slow(io.StringIO):
        def write(self, text: str) -> int:
            for part in (text[:30], text[30:]):
                super().write(part)
                time.sleep(0.001)
            return len(text)

    for written in _writing(Slow(), strict=True):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: log.info("job_done", count=number), range(20)))
        assert sorted(line["count"] for line in written.lines) == list(range(20))


def test_an_exception_that_is_not_being_handled_can_be_told_as_well(written: Written) -> None:
    log.error("job_fault", exc_info=ValueError(_NAME))
    assert (written.line["fault"], written.line["places"]) == (["builtins.ValueError"], [])
    assert "Nguy" not in written.text


def test_the_name_of_an_event_is_no_sentence(strictly_written: Written) -> None:
    with pytest.raises(NotForTheLog):
        log.info(f"received the paper of {_NAME}")


def test_of_a_library_only_the_constant_part_of_a_line_is_written(written: Written) -> None:
    library = logging.getLogger("httpx")
    library.info("HTTP Request: %s %s", "GET", f"https://x/?owner={_NUMBER}")
    library.info(f"looked for {_NAME} {_NUMBER}")
    library.warning("%s", _NAME)
    assert [line.get("template") for line in written.lines] == ["HTTP Request: %s %s", None, None]
    assert {line["logger"] for line in written.lines} == {"httpx"}
    assert _NUMBER not in written.text
    assert "Nguy" not in written.text


def test_a_sentence_of_ours_is_written_as_its_code(written: Written) -> None:
    logging.getLogger("signing").warning("%s", say("development_keys"))
    assert (written.line["event"], written.line["level"]) == ("development_keys", "warning")


def test_an_exception_is_its_types_and_places_without_message_and_parameters(written: Written) -> None:
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT * FROM nowhere WHERE name = :name"), {"name": _NAME})
    except Exception:
        log.error("job_fault", exc_info=True)
    finally:
        engine.dispose()
    assert written.line["fault"] == ["sqlalchemy.exc.OperationalError", "sqlite3.OperationalError"]
    assert any(place.startswith("sqlalchemy.engine") for place in written.line["places"])
    assert "Nguy" not in written.text
    assert "nowhere" not in written.text


def test_an_error_of_ours_is_written_with_its_code_and_without_its_facts(written: Written) -> None:
    try:
        raise MalwareFound(name=f"{_NAME}.pdf", signature="X", sha256="")
    except MalwareFound:
        log.error("intake_fault", exc_info=True)
    assert written.line["code"] == "malware_found"
    assert "Nguy" not in written.text


def test_people_at_a_terminal_read_words(on_a_terminal: Written) -> None:
    log.warning("job_set_aside", kind="read", code="wrong_key")
    assert on_a_terminal.text[9:] == "warning  job_set_aside process=web kind=read code=wrong_key\n"


def test_a_service_that_ends_by_a_fault_says_so_without_the_message_of_it(tmp_path: Path) -> None:
    program = f"""
from api.logs import write_logs
write_logs("reader")
raise ValueError("{_NUMBER}")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT, check=False
    )
    line = json.loads(ended.stderr)
    assert (line["event"], line["level"], line["fault"]) == (
        "ended_by_fault",
        "critical",
        ["builtins.ValueError"],
    )
    assert (ended.returncode, _NUMBER in ended.stderr, ended.stdout) == (1, False, "")


@pytest.mark.parametrize(
    ("dies", "event"),
    [
        ("t = threading.Thread(target=lambda: int(number)); t.start(); t.join()", "thread_ended_by_fault"),
        ("class Dies:\n    def __del__(self):\n        int(number)\nDies()", "fault_in_passing"),
        ("warnings.warn(number)", "library"),
        ("asyncio.run(forgets())", "library"),
    ],
)
def test_what_python_itself_would_print_is_a_line_as_well(dies: str, event: str) -> None:
    program = f"""
import asyncio, gc, threading, warnings
from api.logs import write_logs
number = "{_NUMBER} "  + "{_NAME}"
async def forgets():
    async def fails():
        int(number)
    task = asyncio.ensure_future(fails())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()
write_logs("web")
{dies}
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT, check=False
    )
    assert json.loads(ended.stderr)["event"] == event, ended.stderr
    assert (_NUMBER in ended.stderr, "Nguy" in ended.stderr) == (False, False)


def test_libraries_are_heard_when_they_warn_and_we_always() -> None:
    """Every process began with Alembic's lines about its own setting up, a dozen of them."""
    program = """
import logging
from api.logs import log, write_logs
write_logs("web")
logging.getLogger("alembic.runtime.migration").info("Context impl %s.", "X")
logging.getLogger("alembic.runtime.migration").warning("Ask for %s.", "X")
log.info("serving")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT, check=True
    )
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [(line["level"], line["event"]) for line in lines] == [("warning", "library"), ("info", "serving")]


def test_commands_for_people_write_no_events() -> None:
    program = "from api.logs import log\nlog.error('job_fault', code='x')"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT, check=False
    )
    assert (ended.stdout, ended.stderr) == ("", "")
