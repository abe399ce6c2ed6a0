"""What this program writes about itself while it serves: events with listed fields, one line each.

    log.info("request", method="GET", route="/api/v1/documents/{id}", status=200, ms=3.1)

Promised: a line holds nothing but the fields of `_FIELDS`, each in its own narrow shape, so that a name, a personal
number, a file's name, a token or a query cannot get into it, whoever writes the line; libraries' lines, from warnings
on, are reduced to who spoke, where, and the constant part of the sentence; exceptions to their types and the places
they passed. What does not fit is left out and its field named under `left_out`; with `strict` (in tests) it is an
error.

In service the lines are JSON, in a terminal they are for people. Before `write_logs` was called (the commands, whose
answers are for people) events go nowhere.
"""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO
from uuid import UUID

from pydantic_core import to_json

from api.traces import current_trace
from common import KhosoError, Sentence

_MOST_PLACES = 30
_UNLISTED = "unlisted"
_LONGEST = 200

# A word of ours or of a protocol: no blank, so no sentence; nine digits in a row could be somebody's number.
_WORD = re.compile(r"(?!.*\d{9})[A-Za-z0-9_.:/+-]*")
_EVENT = re.compile(r"[a-z][a-z0-9_]*")
_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ID = re.compile(rf"[0-9a-f]{{32}}|[0-9a-f]{{64}}|{_UUID}")
_WORKER = re.compile(rf"(p-{_UUID}/)?w-{_UUID}|{_WORD.pattern}")
_ROUTE = re.compile(r"(?!.*\d{9})/[A-Za-z0-9._{}:/-]*|-")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_TEMPLATE = re.compile(r"(?!.*\d{9})(?=.*[A-Za-z]{3})[ -~]*%[ -~]+")
"""The constant sentence of a library with its places for values, when it is more than such places."""


class NotForTheLog(ValueError):
    """A field that is not listed, or a value without its field's shape, was about to be written."""


def _is(shape: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and len(value) <= _LONGEST and bool(shape.fullmatch(value))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and abs(value) < 1e12


def _are_words(value: object) -> bool:
    return isinstance(value, list) and all(map(_is(_WORD), value))


_FIELDS: Mapping[str, Callable[[object], bool]] = {
    "at": _is(_INSTANT),
    "level": _is(_WORD),
    "event": _is(_EVENT),
    "process": _is(_WORD),  # web, reader, signer, archivist, beat
    "trace": _is(_ID),
    # of a request
    "method": _is(_WORD),
    "route": _is(_ROUTE),  # its template
    "status": _is_number,
    "ms": _is_number,
    "bytes": _is_number,
    "role": _is(_WORD),
    "agency": _is(_WORD),
    # of a job, an error, a check
    "job": _is(_ID),
    "kind": _is(_WORD),
    "document": _is(_ID),
    "subscription": _is(_ID),
    "event_id": _is(_ID),
    "attempts": _is_number,
    "worker": _is(_WORKER),
    "code": _is(_WORD),
    "check": _is(_WORD),
    "standing": _is(_WORD),
    "reason": _is(_WORD),
    "signature": _is(_WORD),
    "sha256": _is(_ID),
    "count": _is_number,
    "pages": _is_number,
    "seconds": _is_number,
    "version": _is(_WORD),
    # of a fault
    "fault": _are_words,
    "places": _are_words,
    # of a library's line
    "logger": _is(_WORD),
    "where": _is(_WORD),
    "template": _is(_TEMPLATE),
    "left_out": _are_words,
}

_OURS = logging.getLogger("khoso")
_OURS.addHandler(logging.NullHandler())


class _Fields(dict[str, object]):
    """What an event of ours says, in the place where `logging` has a library's sentence."""


class Events:
    """Where this program writes its events: each goes as it is, with its fields, to the handlers of `logging`.

    `exc_info` is an exception, or True for the one that is being handled.
    """

    def info(self, event: str, **fields: object) -> None:
        """It went as it should."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Somebody outside, or a part beside us, does not do as it should."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Something was not done."""
        self._write(logging.ERROR, event, fields)

    def critical(self, event: str, **fields: object) -> None:
        """This process ends."""
        self._write(logging.CRITICAL, event, fields)

    def _write(self, level: int, event: str, fields: dict[str, object]) -> None:
        if not _OURS.isEnabledFor(level):
            return
        fault = _exception(fields.pop("exc_info", None))
        told = None if fault is None else (type(fault), fault, fault.__traceback__)
        # Not `_OURS.log`, which first looks for the line of the program that called it.
        _OURS.handle(logging.LogRecord(_OURS.name, level, "", 0, _Fields(event=event, **fields), None, told))


log = Events()


def write_logs(process: str, *, strict: bool = False, stream: TextIO | None = None) -> None:
    """From now on events, and what libraries say, are lines of `process` on standard error, or on `stream`."""
    root = logging.getLogger()
    root.handlers = [line_handler(process, strict=strict, stream=stream or sys.stderr)]
    root.setLevel(logging.WARNING)  # what libraries say for information is about their inside
    _OURS.setLevel(logging.INFO)  # whatever a library thinks of the level of others
    logging.captureWarnings(True)
    # Python would print these with their messages.
    sys.excepthook = lambda _kind, fault, _trace: log.critical("ended_by_fault", exc_info=fault)
    threading.excepthook = lambda ended: log.error("thread_ended_by_fault", exc_info=ended.exc_value)
    sys.unraisablehook = lambda ended: log.error("fault_in_passing", exc_info=ended.exc_value)


def tell_fault(event: str, **fields: object) -> None:
    """A fault of ours that is being handled: a line where lines are written, else the traceback for who runs us."""
    if any(isinstance(handler, _Lines) for handler in logging.getLogger().handlers):
        log.error(event, exc_info=True, **fields)
    else:
        traceback.print_exc()


def line_handler(process: str, *, stream: TextIO, strict: bool = False) -> logging.Handler:
    """Writes each record as one line: JSON for programs, words when `stream` is a terminal."""
    handler = _Lines(stream, strict=strict)
    handler.setFormatter(_Line(process, strict=strict, written=_for_people if stream.isatty() else _json))
    return handler


class _Lines(logging.StreamHandler[TextIO]):
    def __init__(self, stream: TextIO, *, strict: bool) -> None:
        super().__init__(stream)
        self._strict = strict

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the name that logging calls
        """What `logging` would print here holds what the line may not."""
        if self._strict:
            raise
        with suppress(OSError, ValueError):  # there is nowhere left to say it
            print(f"a line could not be written: {type(sys.exc_info()[1]).__name__}", file=sys.stderr)


class _Line(logging.Formatter):
    """A record as what is listed of it."""

    def __init__(self, process: str, *, strict: bool, written: Callable[[dict[str, object]], str]) -> None:
        super().__init__()
        self._process = process
        self._strict = strict
        self._written = written

    def format(self, record: logging.LogRecord) -> str:
        said = record.msg if isinstance(record.msg, _Fields) else _reduced_line(record)
        whole: dict[str, object] = {  # in the order in which people look
            "at": _instant(record.created),
            "level": record.levelname.lower(),
            "event": said["event"],
            "process": self._process,
            "trace": current_trace(),
        }
        whole |= {
            _UNLISTED if name in whole else name: value for name, value in said.items() if name != "event"
        }
        if record.exc_info and record.exc_info[1] is not None:
            whole |= _reduced_fault(record.exc_info[1])
        return self._written(_only_listed(whole, strict=self._strict))


def _instant(seconds: float) -> str:
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1e6):06d}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _reduced_line(record: logging.LogRecord) -> dict[str, object]:
    """A library's line: who spoke, where, and the constant part of what it said; never the values in it."""
    template = str(record.msg)
    said = next((value.code for value in _each(record.args) if isinstance(value, Sentence)), None)
    reduced: dict[str, object] = {"event": said or "library", "logger": record.name}
    reduced["where"] = f"{record.module}:{record.lineno}"
    if record.args and said is None and _is(_TEMPLATE)(template):
        reduced["template"] = template
    return reduced


def _each(values: object) -> Iterator[object]:
    if isinstance(values, Mapping):
        yield from values.values()
    elif isinstance(values, tuple):
        yield from values


def _reduced_fault(fault: BaseException) -> dict[str, object]:
    """An exception as the types that caused one another and the places that the innermost passed; no message, no value.

    Messages hold parameters: a broken constraint shows the row.
    """
    chain = list(_causes(fault))
    places = [
        f"{frame.f_globals.get('__name__', '-')}:{line}"
        for frame, line in traceback.walk_tb(chain[-1].__traceback__)
    ]
    reduced: dict[str, object] = {
        "fault": [f"{type(one).__module__}.{type(one).__qualname__}" for one in chain]
    }
    reduced["places"] = places[-_MOST_PLACES:]
    codes = [one.code for one in chain if isinstance(one, KhosoError)]
    return {**reduced, "code": codes[0]} if codes else reduced


def _exception(told: object) -> BaseException | None:
    if isinstance(told, BaseException):
        return told
    return sys.exc_info()[1] if told else None


def _causes(fault: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = fault
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)


def _only_listed(whole: Mapping[str, object], *, strict: bool) -> dict[str, object]:
    """What is listed and has its shape; the names of the rest; NotForTheLog for a rest when `strict`."""
    kept: dict[str, object] = {}
    left_out = []
    for name, value in whole.items():
        shape = _FIELDS.get(name)
        if shape is None:
            left_out.append(_UNLISTED)
        elif value is not None:
            said = str(value) if isinstance(value, UUID) else value
            if shape(said):
                kept[name] = said
            else:
                left_out.append(name)
    if left_out and strict:
        raise NotForTheLog(f"{whole.get('event')}: {left_out}, of {sorted(whole)}")
    if left_out:
        kept["left_out"] = left_out
    return kept


def _json(line: dict[str, object]) -> str:
    return to_json(line).decode()


def _for_people(line: dict[str, object]) -> str:
    at, level, name = (str(line.pop(key, "-")) for key in ("at", "level", "event"))
    rest = " ".join(f"{key}={value}" for key, value in line.items())
    return f"{at[11:19]} {level:<8} {name} {rest}".rstrip()
