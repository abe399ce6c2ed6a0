"""Answers by the key that a request carries, so that sending it again does nothing again.

Whoever comes first with a key claims it, does the request, and keeps the answer, where it can in the very
transaction that does it. The same request later gets the same answer; while it is done it is RequestInProgress;
another request under the key is KeyUsedOtherwise. A claim ends with the process that holds it, where that can be
told, and else when it runs out: then the request is done anew, and the first holder, should it live after all, can
keep nothing any more (StaleState).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from common import Digest, new_id
from datastore.errors import KeyUsedOtherwise, RequestInProgress, StaleState
from datastore.records import Answer, Claim
from datastore.rights import Act
from datastore.rows import AnswerRow
from datastore.scope import Scope

KEPT_FOR = timedelta(hours=48)
LEASE = timedelta(minutes=5)
"""Longer than any request takes."""
_AT_ONCE = 100


class Answers:
    """Keeps an answer in the transaction that did what it tells of."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def keep(self, claim: Claim, answer: Answer) -> None:
        """The answer from now on; StaleState when the claim is somebody else's by now."""
        self._scope.ask(Act.KEEP_ANSWER)
        keep(self._session, claim, answer)


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that does a request, and how it tells whether another one, by its name, still runs."""

    name: str | None = None
    is_alive: Callable[[str], bool] = lambda _name: True


def claim(session: Session, now: datetime, key: bytes, request: Digest, holder: Holder) -> Claim | Answer:
    """The right to do the request, or what was answered to it; RequestInProgress, KeyUsedOtherwise."""
    _forget_some(session, now)
    mine = Claim(key, new_id(now))
    row = session.get(AnswerRow, key, with_for_update=True)
    if row is not None and row.until <= now:
        session.delete(row)
        session.flush()
        row = None
    if row is None:
        return _claim_first(session, now, mine, request, holder)
    if row.request != request.value:
        raise KeyUsedOtherwise
    if row.status is not None:
        return Answer(row.status, row.headers or {}, row.body or "")
    if row.lease_until > now and (row.holder is None or holder.is_alive(row.holder)):
        raise RequestInProgress
    row.claim, row.holder, row.lease_until = mine.id, holder.name, now + LEASE
    session.flush()
    return mine


def _claim_first(session: Session, now: datetime, mine: Claim, request: Digest, holder: Holder) -> Claim:
    try:
        with session.begin_nested():
            session.add(
                AnswerRow(
                    id=mine.request,
                    request=request.value,
                    claim=mine.id,
                    holder=holder.name,
                    lease_until=now + LEASE,
                    status=None,
                    headers=None,
                    body=None,
                    until=now + KEPT_FOR,
                )
            )
            session.flush()
    except IntegrityError as error:
        raise RequestInProgress from error  # somebody else was first by a moment
    return mine


def keep(session: Session, claim: Claim, answer: Answer) -> None:
    """Keep the answer; StaleState when the claim is somebody else's by now."""
    row = session.get(AnswerRow, claim.request, with_for_update=True)
    if row is None or row.claim != claim.id or row.status is not None:
        raise StaleState(what="request")
    row.status, row.headers, row.body = answer.status, dict(answer.headers), answer.body
    session.flush()


def release(session: Session, claim: Claim) -> None:
    """Nothing was done: the key is free again. A kept answer stays."""
    row = session.get(AnswerRow, claim.request, with_for_update=True)
    if row is not None and row.claim == claim.id and row.status is None:
        session.delete(row)
        session.flush()


def _forget_some(session: Session, now: datetime) -> None:
    """Each new request takes away some whose time is over, so that nobody has to come by for it."""
    over = select(AnswerRow).where(AnswerRow.until <= now).limit(_AT_ONCE).with_for_update(skip_locked=True)
    for row in session.scalars(over):
        session.delete(row)
    session.flush()
