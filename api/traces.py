"""One id for everything that one request sets off: in the web process, in the job row, in the workers.

W3C Trace Context (https://www.w3.org/TR/trace-context/): a caller may name its trace in `traceparent`, we answer with
ours, and every log line carries it. The trace of the present request or job is a context variable, the one piece of
ambient state of this program, because it changes nothing but what is written down; rooms are handed `current_trace`
as a function, as they are handed the clock.
"""

import re
import secrets
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_OF_NOBODY = "ff"
"""The version that no trace may have."""
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class Trace:
    """`id` is shared by all that belongs together; `span` is this process's part of it."""

    id: str
    span: str
    sampled: bool = False

    @classmethod
    def begin(cls) -> "Trace":
        """A trace that starts here."""
        drawn = secrets.token_hex(24)
        return cls(drawn[:32], drawn[32:])

    @classmethod
    def follow(cls, traceparent: str | None) -> "Trace":
        """Our part of the trace that a caller named; one that starts here when it named none, or not well."""
        found = None if traceparent is None else _TRACEPARENT.fullmatch(traceparent)
        if found is None or found["version"] == _OF_NOBODY or (found["version"] == "00" and found["more"]):
            return cls.begin()
        if not int(found["trace"], 16) or not int(found["span"], 16):
            return cls.begin()
        return cls(found["trace"], secrets.token_hex(8), bool(int(found["flags"], 16) & _SAMPLED))

    @classmethod
    def go_on(cls, id: str | None) -> "Trace":
        """Our part of the trace that a job row names; one that starts here when it names none."""
        if id is None or not _TRACE_ID.fullmatch(id):
            return cls.begin()
        return cls(id, secrets.token_hex(8))

    def __str__(self) -> str:
        """As a `traceparent` header."""
        return f"00-{self.id}-{self.span}-{'01' if self.sampled else '00'}"


_CURRENT: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current_trace() -> str | None:
    """The id of the trace to which the present piece of work belongs; None outside of any."""
    trace = _CURRENT.get()
    return None if trace is None else trace.id


class _Within:
    __slots__ = ("_token", "_trace")

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __enter__(self) -> Trace:
        self._token = _CURRENT.set(self._trace)
        return self._trace

    def __exit__(self, *_how: object) -> None:
        _CURRENT.reset(self._token)


def within(trace: Trace) -> AbstractContextManager[Trace]:
    """Everything that is done in the block, and what it starts, belongs to this trace."""
    return _Within(trace)
