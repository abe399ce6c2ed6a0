"""`Idempotency-Key`: a request that is sent again, because its answer was lost, is not done again.

A key belongs to whoever asks and to one request: its method, its address and what it says. The answer is kept
in the transaction that does what was asked, where a journey offers that, so that no crash parts the two.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from api.house import House
from api.http.faults import BadIdempotencyKey
from api.http.identity import found_out
from api.http.parts import TheHouse
from api.steps.requests import release
from common import Digest
from datastore import Answer, Claim, Holder, Work

_KEY = re.compile(r"[\x21-\x7e]{8,128}")
_REPLAYED = "Idempotency-Replayed"
Keep = Callable[[Work, Answer], None]
"""Keeps the answer in the transaction of a journey."""

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key with the same request has the same answer and is done once, for 48 hours.",
        examples=["0193a5f0-7c1e-7d52-9c6e-2f4b1f6f0a11"],
    ),
]


def answer(status: int, body: BaseModel, **headers: str) -> Answer:
    """An answer that can be kept."""
    return Answer(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, body.model_dump_json()
    )


def respond(made: Answer, **more: str) -> Response:
    """The answer over HTTP."""
    headers = {**made.headers, **{name.replace("_", "-"): value for name, value in more.items()}}
    return Response(made.body, made.status, headers, media_type="application/json")


@dataclass(slots=True)
class Once:
    """A request and its key, if it has one."""

    house: House
    asker: str
    key: str | None
    place: str
    _kept: bool = field(default=False, init=False)

    def do(self, said: Mapping[str, Any], make: Callable[[Keep], Answer]) -> Response:
        """Does the request, or answers as before; RequestInProgress, KeyUsedOtherwise.

        `make` calls what it was handed in the transaction that makes what was asked for, if it has one.
        """
        if self.key is None:
            return respond(make(_keep_nothing))
        request = Digest.of(json.dumps([self.place, said], sort_keys=True).encode())
        here = Holder(self.house.room.worker, self.house.room.is_alive)
        claim = self.house.datastore.requests.claim(self.asker, self.key, request, here)
        if isinstance(claim, Answer):
            return respond(claim, **{_REPLAYED: "true"})
        try:
            made = make(self._keeping(claim))
            if not self._kept:
                self.house.datastore.requests.keep(claim, made)
        except BaseException:
            release(self.house.datastore.requests, claim)
            raise
        return respond(made)

    def _keeping(self, claim: Claim) -> Keep:
        def keep(work: Work, made: Answer) -> None:
            work.answers.keep(claim, made)
            self._kept = True

        return keep


def _keep_nothing(_work: Work, _made: Answer) -> None:
    """Without a key there is nothing to know the request by."""


async def _once(request: Request, house: TheHouse, key: KeyHeader = None) -> Once:
    if key is not None and not _KEY.fullmatch(key):
        raise BadIdempotencyKey
    return Once(house, found_out(request).scope, key, f"{request.method} {request.url.path}")


OnlyOnce = Annotated[Once, Depends(_once)]
"""A route with it makes something, once for each key. It is named behind whoever asks."""
