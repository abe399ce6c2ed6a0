"""What is asked of several requests at the same time is asked together: one thread is woken and the database is asked
once for all of them.

A process that answers a thousand requests a second spends more on handing each to a thread, and on sending each
question by itself, than the questions cost. Nobody waits for others to come: what is asked while nothing is under
way goes at once, and what comes while the thread is at work goes with its next turn.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextvars import Context
from copy import copy
from typing import Generic, TypeVar

from api.http.threads import Threads
from common import KhosoError

K = TypeVar("K")
T = TypeVar("T")

_MOST = 32
"""Questions of one turn: so many answers come at once, and the last of them has waited for the first."""


class Together(Generic[K, T]):
    """Questions of one kind, answered many at a time by `answer`, in as many turns at once as `threads` are."""

    def __init__(
        self, threads: Threads, answer: Callable[[Sequence[K]], Sequence[T | Exception]], most: int = _MOST
    ) -> None:
        """`answer` is called in a thread and gives an answer or an error for each question, in their order."""
        self._threads = threads
        self._answer = answer
        self._most = most
        self._waiting: deque[tuple[K, asyncio.Future[T]]] = deque()
        self._turns: set[asyncio.Task[None]] = set()
        self._closed = False

    async def close(self) -> None:
        """Takes nothing more, answers what waits, and ends the threads."""
        self._closed = True
        await asyncio.gather(*self._turns, return_exceptions=True)  # whoever asked is told of what goes wrong
        await self._threads.close()

    async def ask(self, question: K) -> T:
        """Its answer, or its error; one that nobody got because `answer` failed as a whole, all get."""
        if self._closed:
            raise RuntimeError("closed: nothing is asked any more")
        loop = asyncio.get_running_loop()
        given: asyncio.Future[T] = loop.create_future()
        self._waiting.append((question, given))
        if len(self._turns) < self._threads.most:
            # It belongs to no one of the requests: what it writes down bears the trace of none.
            turn = loop.create_task(self._take_turns(), context=Context())
            self._turns.add(turn)
            turn.add_done_callback(self._turns.discard)
        return await given

    async def _take_turns(self) -> None:
        while self._waiting:
            asked = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most))]
            asked = [one for one in asked if not one[1].done()]  # whoever asked may be gone
            if asked:
                await self._take_turn(asked)

    async def _take_turn(self, asked: Sequence[tuple[K, "asyncio.Future[T]"]]) -> None:
        questions = [question for question, _given in asked]
        answers: Sequence[T | BaseException]
        try:
            answers = await self._threads.do(lambda: self._answer(questions))
            if len(answers) != len(asked):
                raise RuntimeError(f"{len(answers)} answers to {len(asked)} questions")
        except asyncio.CancelledError:  # the process ends
            for _question, given in asked:
                given.cancel()
            raise
        except BaseException as error:  # whatever it is, it is whoever waits who has to know
            answers = [error] * len(asked)
        shared = Counter(id(answer) for answer in answers if isinstance(answer, BaseException))
        for (_question, given), answer in zip(asked, answers, strict=True):
            if given.done():
                continue
            if not isinstance(answer, BaseException):
                given.set_result(answer)
            else:
                given.set_exception(answer if shared[id(answer)] == 1 else _own(answer))


def _own(error: BaseException) -> BaseException:
    """An error of one's own, of that which several get: where it is raised is written into it."""
    own = copy(error) if isinstance(error, KhosoError) else RuntimeError(type(error).__name__)
    own.__cause__ = error
    return own
