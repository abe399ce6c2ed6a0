"""Threads for one purpose: how many there are, whose context they see, and what becomes of work that was begun."""

import asyncio
import threading
from concurrent.futures import Future

import pytest
from anyio import move_on_after

from api.http.threads import Threads
from api.traces import Trace, current_trace, within


class _Broken(Exception):
    pass


def _fail() -> None:
    raise _Broken


def test_there_are_never_more_at_once_than_was_said() -> None:
    threads, together, most = Threads("test", 2), threading.Barrier(2), []

    def work() -> None:
        most.append(threading.current_thread().name)
        together.wait(10)  # two are there at the same time, else this breaks

    async def all_of_them() -> None:
        await asyncio.gather(*(threads.do(work) for _ in range(8)))

    asyncio.run(all_of_them())
    threads.close()
    assert len(most) == 8
    assert len(set(most)) == 2


def test_an_error_reaches_whoever_asked() -> None:
    threads = Threads("test", 1)
    with pytest.raises(_Broken):
        asyncio.run(threads.do(_fail))
    threads.close()


def test_the_trace_goes_with_the_work() -> None:
    threads = Threads("test", 1)
    with within(Trace.begin()) as trace:
        assert asyncio.run(threads.do(current_trace)) == trace.id
    threads.close()


def test_what_was_begun_is_waited_for_when_its_request_is_given_up() -> None:
    threads, may_end, done = Threads("test", 1), threading.Event(), Future[bool]()

    def work() -> None:
        done.set_result(may_end.wait(10))

    async def given_up() -> None:
        with move_on_after(0.05):
            asyncio.get_running_loop().call_later(0.2, may_end.set)
            await threads.do(work)
        assert done.done()

    asyncio.run(given_up())
    threads.close()
