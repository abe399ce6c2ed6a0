"""Threads for one purpose: how many there are, whose context they see, and what becomes of work that was begun."""

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from threading import Event

import pytest
from anyio import create_task_group

from api.http.threads import Threads
from api.traces import Trace, current_trace, within

_GiveUp = Callable[[Coroutine[object, object, None], Event], Awaitable[None]]


class _Broken(Exception):
    pass


async def _cancel(work: Coroutine[object, object, None], begun: Event) -> None:
    """As the server does when it ends."""
    task = asyncio.create_task(work)
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _leave_scope(work: Coroutine[object, object, None], begun: Event) -> None:
    async with create_task_group() as group:
        group.start_soon(lambda: work)
        await asyncio.to_thread(begun.wait, 10)
        group.cancel_scope.cancel()


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
    asyncio.run(threads.close())
    assert len(most) == 8
    assert len(set(most)) == 2


def test_an_error_reaches_whoever_asked() -> None:
    threads = Threads("test", 1)
    with pytest.raises(_Broken):
        asyncio.run(threads.do(_fail))
    asyncio.run(threads.close())


def test_the_trace_goes_with_the_work() -> None:
    threads = Threads("test", 1)
    with within(Trace.begin()) as trace:
        assert asyncio.run(threads.do(current_trace)) == trace.id
    asyncio.run(threads.close())


def test_a_stop_iteration_is_an_error_like_others() -> None:
    threads = Threads("test", 1)
    with pytest.raises(RuntimeError) as raised:
        asyncio.run(threads.do(lambda: next(iter(()))))
    assert isinstance(raised.value.__cause__, StopIteration)
    asyncio.run(threads.close())


@pytest.mark.parametrize("give_up", [_cancel, _leave_scope], ids=["task", "scope"])
def test_what_was_begun_is_waited_for_when_its_request_is_given_up(give_up: _GiveUp) -> None:
    threads, begun, may_end, ended = Threads("test", 1), Event(), Event(), Event()

    def work() -> None:
        begun.set()
        may_end.wait(10)
        ended.set()

    async def given_up() -> None:
        asyncio.get_running_loop().call_later(0.2, may_end.set)
        await give_up(threads.do(work), begun)
        assert ended.is_set()

    asyncio.run(given_up())
    asyncio.run(threads.close())


def test_what_waits_when_its_request_is_given_up_is_not_done() -> None:
    threads, begun, may_end, done = Threads("test", 1), Event(), Event(), list[str]()

    def first_work() -> None:
        begun.set()
        may_end.wait(10)

    async def given_up() -> None:
        first = asyncio.create_task(threads.do(first_work))
        second = asyncio.create_task(threads.do(lambda: done.append("second")))
        await asyncio.to_thread(begun.wait, 10)
        second.cancel()
        may_end.set()
        await first
        with pytest.raises(asyncio.CancelledError):
            await second
        await threads.do(lambda: done.append("third"))

    asyncio.run(given_up())
    asyncio.run(threads.close())
    assert done == ["third"]


def test_closing_waits_for_what_was_taken() -> None:
    threads, begun, done = Threads("test", 1), Event(), list[str]()

    def work() -> None:
        begun.set()
        time.sleep(0.1)
        done.append("done")

    async def begin() -> None:
        asyncio.create_task(threads.do(work))  # noqa: RUF006  # nobody waits for it
        await asyncio.to_thread(begun.wait, 10)
        await threads.close()
        assert done == ["done"]

    asyncio.run(begin())


def test_the_threads_that_are_there_do_it_when_the_system_gives_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads, start, given = Threads("test", 2), threading.Thread.start, list[str]()

    def start_one(thread: threading.Thread) -> None:
        if given:
            raise RuntimeError("can't start new thread")
        given.append(thread.name)
        start(thread)

    async def do_three() -> list[int]:
        return await asyncio.gather(*(threads.do(partial(abs, n)) for n in range(3)))

    monkeypatch.setattr(threading.Thread, "start", start_one)
    assert asyncio.run(do_three()) == [0, 1, 2]
    monkeypatch.undo()
    asyncio.run(threads.close())


def test_where_no_thread_can_be_had_it_is_an_error_and_tried_again_at_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = Threads("test", 1)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", refuse)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="can't start"):
                asyncio.run(threads.do(lambda: 1))
    assert asyncio.run(threads.do(lambda: 1)) == 1
    asyncio.run(threads.close())


def test_closed_threads_take_nothing_more() -> None:
    threads = Threads("test", 1)
    assert asyncio.run(threads.do(lambda: 1)) == 1
    asyncio.run(threads.close())
    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(threads.do(lambda: 1))


def test_an_idle_thread_keeps_nothing_of_what_it_did() -> None:
    class Shown:
        pass

    threads, shown = Threads("test", 1), Shown()
    there = weakref.ref(shown)
    asyncio.run(threads.do(partial(id, shown)))
    asyncio.run(threads.do(lambda: None))
    del shown
    gc.collect()
    assert there() is None
    asyncio.run(threads.close())
