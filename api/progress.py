"""What a person sees while something takes longer than a second: a bar on a terminal, lines in a log.

Always on standard error, so that standard output stays the answer.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Steps(Protocol):
    """Told how far a piece of work is."""

    def start(self, what: str, total: int) -> None:
        """A new piece of work of `total` parts begins."""

    def reached(self, done: int, total: int) -> None:
        """`done` of `total` parts of the present piece are through."""

    def say(self, sentence: str) -> None:
        """Something worth a line happened."""


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def start(self, what: str, total: int) -> None:
        self._progress.reset(self._task, total=total, description=what)

    def reached(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)

    def say(self, sentence: str) -> None:
        self._progress.console.print(sentence, markup=False, highlight=False)


class _Lines:
    def __init__(self) -> None:
        self._what = ""

    def start(self, what: str, total: int) -> None:
        self._what = what

    def reached(self, done: int, total: int) -> None:
        self.say(f"{self._what}: {done}/{total}")

    def say(self, sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)


class Unheard:
    """In service nobody looks on: what happened is in the log, as an event with its code instead of a sentence."""

    def start(self, what: str, total: int) -> None:
        """Nobody looks."""

    def reached(self, done: int, total: int) -> None:
        """Nobody looks."""

    def say(self, sentence: str) -> None:
        """Nobody listens."""


def steps_in_service() -> Steps:
    """Sentences for who started a service from a terminal; nothing else where lines are for programs."""
    return _Lines() if sys.stderr.isatty() else Unheard()


@contextmanager
def steps_on_stderr() -> Iterator[Steps]:
    """A bar when standard error is a terminal, else one plain line per step."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress)
