"""What several requests ask at the same time: how often the thread is woken for it, and who gets which answer."""

import asyncio
from collections.abc import Callable, Sequence
from threading import Event

import pytest

from api.http.threads import Threads
from api.http.together import Together
from api.traces import Trace, current_trace, within
from common import KhosoError


class _Odd(KhosoError):
    code = "odd"


def _halves(
    turns: list[list[int]], held: Event | None = None
) -> Callable[[Sequence[int]], list[int | Exception]]:
    def answer(numbers: Sequence[int]) -> list[int | Exception]:
        turns.append(list(numbers))
        if held is not None:
            held.wait(10)
        return [_Odd(number=number) if number % 2 else number // 2 for number in numbers]

    return answer


def test_what_comes_while_a_turn_is_under_way_goes_with_the_next() -> None:
    turns: list[list[int]] = []
    held = Event()

    async def ask() -> list[int]:
        together = Together(Threads("test", 1), _halves(turns, held))
        first = asyncio.create_task(together.ask(2))
        while not turns:
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(together.ask(number)) for number in (4, 6, 8)]
        await asyncio.sleep(0)
        held.set()
        answers = await asyncio.gather(first, *others)
        await together.close()
        return answers

    assert asyncio.run(ask()) == [1, 2, 3, 4]
    assert turns == [[2], [4, 6, 8]]


def test_no_turn_has_more_questions_than_was_said() -> None:
    turns: list[list[int]] = []

    async def ask() -> list[int]:
        together = Together(Threads("test", 1), _halves(turns), most=3)
        answers = await asyncio.gather(*(together.ask(2 * number) for number in range(8)))
        await together.close()
        return answers

    assert asyncio.run(ask()) == list(range(8))
    assert [len(turn) for turn in turns] == [3, 3, 2]


def test_the_error_of_one_is_its_own() -> None:
    async def ask() -> list[int | BaseException]:
        together = Together(Threads("test", 1), _halves([]))
        answers = await asyncio.gather(*map(together.ask, (2, 3, 4)), return_exceptions=True)
        await together.close()
        return answers

    two, three, four = asyncio.run(ask())
    assert (two, four) == (1, 2)
    assert isinstance(three, _Odd)


def test_when_nobody_is_answered_everybody_is_told_and_the_next_turn_goes_on() -> None:
    broken = [True]

    def answer(numbers: Sequence[int]) -> list[int | Exception]:
        if broken.pop():
            broken.append(False)
            raise _Odd
        broken.append(False)
        return list(numbers)

    async def ask() -> tuple[list[int | BaseException], int]:
        together = Together(Threads("test", 1), answer)
        failed = await asyncio.gather(*map(together.ask, (1, 2)), return_exceptions=True)
        well = await together.ask(3)
        await together.close()
        return failed, well

    failed, well = asyncio.run(ask())
    one, two = failed
    assert isinstance(one, _Odd)
    assert isinstance(two, _Odd)
    assert one is not two, "where it is raised is written into it"
    assert one.__cause__ is two.__cause__
    assert well == 3


@pytest.mark.parametrize("how", ["ended", "short", "long"])
def test_whatever_becomes_of_a_turn_nobody_waits_for_ever(how: str) -> None:
    def answer(numbers: Sequence[int]) -> list[int | Exception]:
        if how == "ended":
            raise SystemExit(3)
        return [0] * (len(numbers) + (1 if how == "long" else -1))

    async def ask() -> list[int | BaseException]:
        together = Together(Threads("test", 1), answer)
        asked = asyncio.gather(*map(together.ask, (1, 2)), return_exceptions=True)
        answers = await asyncio.wait_for(asked, 10)
        await together.close()
        return answers

    assert [type(one) for one in asyncio.run(ask())] == [RuntimeError, RuntimeError]


def test_whoever_has_gone_is_not_asked_for() -> None:
    turns: list[list[int]] = []
    held = Event()

    async def ask() -> int:
        together = Together(Threads("test", 1), _halves(turns, held))
        first = asyncio.create_task(together.ask(2))
        while not turns:
            await asyncio.sleep(0.001)
        gone, stays = asyncio.create_task(together.ask(4)), asyncio.create_task(together.ask(6))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        held.set()
        await first
        answer = await stays
        await together.close()
        return answer

    assert asyncio.run(ask()) == 3
    assert turns == [[2], [6]]


def test_what_is_asked_together_belongs_to_nobodys_trace() -> None:
    def traces(numbers: Sequence[int]) -> list[str | Exception | None]:
        return [current_trace() for _ in numbers]

    async def ask() -> str | None:
        together = Together(Threads("test", 1), traces)
        with within(Trace.begin()):
            answer = await together.ask(1)
        await together.close()
        return answer

    assert asyncio.run(ask()) is None


def test_at_its_end_whoever_waits_is_answered() -> None:
    turns: list[list[int]] = []
    held = Event()

    async def ask() -> list[int]:
        together = Together(Threads("test", 1), _halves(turns, held))
        asked = [asyncio.create_task(together.ask(2))]
        while not turns:
            await asyncio.sleep(0.001)
        asked += [asyncio.create_task(together.ask(number)) for number in (4, 6)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(together.close())
        await asyncio.sleep(0)
        held.set()
        answers = await asyncio.gather(*asked)
        await closing
        return answers

    assert asyncio.run(ask()) == [1, 2, 3]
    assert turns == [[2], [4, 6]]


def test_after_its_end_nobody_is_answered() -> None:
    async def ask() -> None:
        together = Together(Threads("test", 1), _halves([]))
        await together.ask(2)
        await together.close()
        await together.ask(4)

    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(ask())
