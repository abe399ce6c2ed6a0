"""Requests of the client: sent again under the same key when no answer came, problems raised as such."""

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

_TRIES = 5
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
_AGAIN = frozenset({429, 503})
_IN_PROGRESS = "request_in_progress"


class ProblemAnswered(Exception):
    """The API answered with a problem (RFC 9457)."""

    def __init__(self, status: int, said: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(said.get("code", "unknown"))
        self.vi, self.en = str(said.get("vi", "")), str(said.get("en", ""))
        super().__init__(f"{status} {self.code}: {self.vi} / {self.en}")


class NoAnswer(Exception):
    """The API was asked several times and did not answer; whether it did what was asked is not known."""


class Transport:
    """An httpx client with what every request carries."""

    def __init__(self, base_url: str, headers: Mapping[str, str], *, seconds: float) -> None:
        self.http = httpx.Client(base_url=base_url, headers=dict(headers), timeout=seconds)

    def close(self) -> None:
        self.http.close()

    def get(self, place: str, **parameters: Any) -> httpx.Response:
        """Ask; asking again changes nothing."""
        return self._patiently(lambda: self.http.get(place, params=_given(parameters)))

    def post(self, place: str, json: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Have something done, once: every attempt carries the same key."""
        named = {"Idempotency-Key": str(uuid4()), **(headers or {})}
        return self._patiently(lambda: self.http.post(place, json=json, headers=named))

    def put(self, place: str, json: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Say what is so from now on; under `If-Match`, what an attempt put whose answer was lost is another state."""
        return self._patiently(lambda: self.http.put(place, json=json, headers=headers))

    def delete(self, place: str) -> httpx.Response:
        """Take something away; what went by an attempt whose answer was lost is answered as not there."""
        return self._patiently(lambda: self.http.delete(place))

    def send(
        self,
        place: str,
        content: Callable[[], Any],
        headers: Mapping[str, str] | None = None,
        *,
        keyed: bool = True,
    ) -> httpx.Response:
        """Send a file, made anew for each attempt."""
        named = {**({"Idempotency-Key": str(uuid4())} if keyed else {}), **(headers or {})}
        return self._patiently(lambda: self.http.post(place, content=content(), headers=named))

    def _patiently(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        pause, last = _FIRST_PAUSE_SECONDS, "-"
        for _attempt in range(_TRIES):
            try:
                answer = ask()
            except httpx.TransportError as error:
                last = f"{type(error).__name__}: {error}"
            else:
                if answer.is_success:
                    return answer
                problem = problem_of(answer)
                if answer.status_code not in _AGAIN and problem.code != _IN_PROGRESS:
                    raise problem
                last = str(problem)
                pause = max(pause, float(answer.headers.get("Retry-After", 0)))
            time.sleep(min(pause, _LONGEST_PAUSE_SECONDS))
            pause *= 2
        raise NoAnswer(last)


def problem_of(answer: httpx.Response) -> ProblemAnswered:
    """The problem that an answer is."""
    if answer.headers.get("Content-Type") == "application/problem+json":
        return ProblemAnswered(answer.status_code, answer.json())
    return ProblemAnswered(answer.status_code, {})


def in_header(text: str) -> str:
    """A text as a header carries it."""
    return quote(text, safe=" !#$&'()*+,-./:;<=>?@[]^_`{|}~")


def _given(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}
