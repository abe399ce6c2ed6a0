"""Asking the parts of an installation how they are, so that asking can never hurt them or the asker.

Each check runs in a thread of its own, at most once at a time and at most once in `KEEP` seconds (or its own, while the
part is well), however often it is asked for; whoever asks waits `PATIENCE` seconds at most, and a part that has not
answered by then gave no answer.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from common import KhosoError, Sentence, say

KEEP = 5.0
"""Seconds for which an answer is good."""
_KEEP_TROUBLE = 30.0
"""Seconds, at most, for which a part counts as not well, however long a good answer counts."""
PATIENCE = 2.0
"""Seconds; less than whoever asks us will wait."""


class Standing(StrEnum):
    """How a part is."""

    WELL = "well"
    DEGRADED = "degraded"  # a person should look; requests are answered
    FAILED = "failed"  # requests cannot be answered


_WORSE = {Standing.WELL: 0, Standing.DEGRADED: 1, Standing.FAILED: 2}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check saw: how the part is, why when it is not well, and the numbers behind it."""

    standing: Standing = Standing.WELL
    reason: Sentence | None = None
    facts: Mapping[str, float | str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        reason = {} if self.reason is None else {"reason": self.reason.as_json()}
        return {"standing": self.standing.value, **reason, **self.facts}


@dataclass(frozen=True, slots=True)
class Check:
    """`look` asks one part; when it raises, or gives no answer, the part has failed, or is degraded if not `vital`.

    A good answer counts for `keep` seconds, or for as long as the others'; any other for half a minute at most.
    """

    look: Callable[[], Seen]
    vital: bool = True
    keep: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What every check saw last."""

    checks: Mapping[str, Seen]

    @property
    def standing(self) -> Standing:
        """That of the worst part."""
        return max((seen.standing for seen in self.checks.values()), key=_WORSE.__getitem__)

    @property
    def ready(self) -> bool:
        """Whether requests can be answered."""
        return self.standing is not Standing.FAILED

    def as_json(self) -> dict[str, object]:
        checks = {name: seen.as_json() for name, seen in self.checks.items()}
        return {"ready": self.ready, "standing": self.standing.value, "checks": checks}


class Readiness:
    """The checks of one process. Safe to ask from many threads."""

    def __init__(
        self, checks: Mapping[str, Check], *, keep: float = KEEP, patience: float = PATIENCE
    ) -> None:
        self._probes = {name: _Probe(name, check, keep) for name, check in checks.items()}
        self._patience = patience

    def look(self) -> Report:
        """Asks what was not asked for a while, all at once, and waits no longer than `patience`."""
        until = time.monotonic() + self._patience
        for probe in self._probes.values():
            probe.start_if_due()
        return Report({name: probe.answer(until) for name, probe in self._probes.items()})


class _Probe:
    """One check and its last answer."""

    def __init__(self, name: str, check: Check, keep: float) -> None:
        self._name = name
        self._check = check
        self._keep = keep if check.keep is None else check.keep
        self._lock = threading.Lock()
        self._answered = threading.Event()
        self._seen = Seen()
        self._good_until = 0.0

    def start_if_due(self) -> None:
        with self._lock:
            if self._good_until > time.monotonic():
                return
            self._good_until = float("inf")  # until the thread has answered, however long that takes
            self._answered.clear()
        threading.Thread(target=self._ask, name=f"khoso-check-{self._name}", daemon=True).start()

    def answer(self, until: float) -> Seen:
        if not self._answered.wait(max(0.0, until - time.monotonic())):
            return self._not_well(say("check_no_answer", part=self._name))
        return self._seen

    def _ask(self) -> None:
        started = time.monotonic()
        seen = self._not_well(say("check_no_answer", part=self._name))
        try:
            seen = self._look()
        finally:  # or nobody would ever ask again
            took = round((time.monotonic() - started) * 1000, 1)
            with self._lock:
                self._seen = Seen(seen.standing, seen.reason, {**seen.facts, "ms": took})
                well = seen.standing is Standing.WELL
                self._good_until = time.monotonic() + (self._keep if well else min(self._keep, _KEEP_TROUBLE))
                self._answered.set()

    def _look(self) -> Seen:
        try:
            return self._check.look()
        except KhosoError as error:
            return self._not_well(error.sentence)
        except Exception as error:
            # The border of the check: whatever a part raises, the others are still answered for.
            return self._not_well(say("check_fault", part=self._name, kind=type(error).__name__))

    def _not_well(self, reason: Sentence) -> Seen:
        return Seen(Standing.FAILED if self._check.vital else Standing.DEGRADED, reason)
