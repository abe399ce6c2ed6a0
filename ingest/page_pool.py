"""Long-lived processes that read pages side by side. They see pixels only and die with their parent.

A page that kills or hangs its process costs that process, not the job: it is started again, and the page's
future raises PageFailed. Pages wait in one queue; whoever submits bounds how many (`digitise` does).
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ingest.model import PageReading, page_from_json
from ingest.own_program import search_path, start_program
from ingest.recogniser import RECOGNISERS, find_tessdata
from ingest.wire import receive, send

_WORKER = Path(__file__).with_name("page_worker.py")
_READY_SECONDS = 60.0


class PageFailed(Exception):
    """The process that read a page died of it or did not end in time."""


@dataclass(frozen=True, slots=True)
class PagePixels:
    """One page as drawn: header as `rendering.draw` gives it, and its pixels."""

    header: Mapping[str, Any]
    pixels: bytes


@dataclass(frozen=True, slots=True)
class PageResult:
    """What was read on a page, and its upright picture as JPEG (empty when none was asked for)."""

    reading: PageReading
    picture: bytes


@dataclass(frozen=True, slots=True)
class _Job:
    order: dict[str, Any]
    pixels: bytes
    seconds: float
    future: "Future[PageResult]"


class PagePool:
    """`workers` processes with the engine `recogniser` (`tesserocr` or `pytesseract`), for `with`.

    `tessdata` is the folder of the models (default: where the distribution keeps it); ModelMissing without
    one. `name` names engine, version and model, as every reading does.
    """

    def __init__(self, workers: int, recogniser: str = "tesserocr", tessdata: Path | None = None) -> None:
        if recogniser not in RECOGNISERS:
            raise ValueError(f"no recogniser is called {recogniser}")
        self.workers = max(1, workers)
        setup = {"recogniser": recogniser, "tessdata": str(find_tessdata(tessdata))}
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._keepers = [_Keeper(self._jobs, setup) for _ in range(self.workers)]

    def __enter__(self) -> Self:
        for keeper in self._keepers:
            keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forget_waiting_pages()
        for _ in self._keepers:
            self._jobs.put(None)
        if error is not None:
            for keeper in self._keepers:
                keeper.kill()
        for keeper in self._keepers:
            keeper.join()

    def _forget_waiting_pages(self) -> None:
        with contextlib.suppress(queue.Empty):
            while (job := self._jobs.get_nowait()) is not None:
                job.future.cancel()

    @property
    def name(self) -> str:
        """Binding, engine and model with their versions; waits until the first process is ready."""
        return self._keepers[0].recogniser.result(_READY_SECONDS)

    def submit(
        self, page: PagePixels, *, number: int, seconds: float, picture: bool = True, read: bool = True
    ) -> "Future[PageResult]":
        """Queue a page as number `number` of its document; PageFailed after `seconds` in its process.

        Without `read` the page is only turned into its picture.
        """
        order = {**page.header, "number": number, "picture": picture, "read": read}
        job = _Job(order, page.pixels, seconds, Future())
        self._jobs.put(job)
        return job.future


_NO_ANSWER = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What reading an answer raises that a process in its last moments, or in foreign hands, has written."""


def _result(header: Any, picture: bytes) -> PageResult:
    if "failure" in header:
        raise PageFailed(header["failure"])
    return PageResult(page_from_json(header["page"]), picture)


class _Keeper(threading.Thread):
    """Owns one process: a thread, because a process dies with the *thread* that started it."""

    def __init__(self, jobs: "queue.SimpleQueue[_Job | None]", setup: dict[str, Any]) -> None:
        super().__init__(name="khoso-page-keeper", daemon=True)
        self.recogniser: Future[str] = Future()
        self._jobs = jobs
        self._setup = setup
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        with contextlib.suppress(PageFailed):
            self._ensure_process()  # loads while the first page is still being drawn
        while (job := self._jobs.get()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                job.future.set_result(self._read(job))
            except BaseException as error:  # whoever waits must hear of it, and the next page be read
                self._bury()
                job.future.set_exception(error)
        self._bury()

    def kill(self) -> None:
        """End the process, and a program that it may have started."""
        process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def _read(self, job: _Job) -> PageResult:
        process = self._ensure_process()
        assert process.stdin is not None
        assert process.stdout is not None
        clock = threading.Timer(job.seconds, self.kill)
        clock.start()
        try:
            send(process.stdin, job.order, job.pixels)
            answer = receive(process.stdout)
            if answer is None:
                raise PageFailed("killed")
            return _result(*answer)
        except (OSError, *_NO_ANSWER) as error:
            raise PageFailed("no answer") from error
        finally:
            clock.cancel()

    def _ensure_process(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._bury()
            try:
                self._process = self._launched()
            except OSError as error:
                raise PageFailed("the reader does not start") from error
        return self._process

    def _launched(self) -> "subprocess.Popen[bytes]":
        setup = {**self._setup, "sys_path": search_path(), "parent": os.getpid()}
        process = start_program(_WORKER, json.dumps(setup))
        assert process.stdout is not None
        try:
            hello = receive(process.stdout)
            name = None if hello is None else str(hello[0]["recogniser"])
        except _NO_ANSWER:
            name = None
        if not self.recogniser.done():
            if name is None:
                self.recogniser.set_exception(PageFailed("the reader does not start"))
            else:
                self.recogniser.set_result(name)
        return process

    def _bury(self) -> None:
        if self._process is None:
            return
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()
        self._process = None
