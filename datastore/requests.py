"""Requests that carry a key: claimed before they are done, each in a transaction of its own."""

from common import Digest
from datastore import answers
from datastore.answers import Holder
from datastore.records import Answer, Claim
from datastore.transactions import Transactions

_NOBODY_KNOWN = Holder()


class Requests:
    """Requests with a key; each call is a transaction of its own (`work.answers.keep` is in the journey's)."""

    def __init__(self, apart: Transactions) -> None:
        self._apart = apart

    def claim(self, asker: str, key: str, request: Digest, holder: Holder = _NOBODY_KNOWN) -> Claim | Answer:
        """The right to do it, or what was answered; RequestInProgress, KeyUsedOtherwise."""
        name = Digest.of(f"{asker}\0{key}".encode()).value
        with self._apart.writing() as session:
            return answers.claim(session, self._apart.clock(), name, request, holder)

    def keep(self, claim: Claim, answer: Answer) -> None:
        """The answer of a request that kept none in a journey; StaleState."""
        with self._apart.writing() as session:
            answers.keep(session, claim, answer)

    def release(self, claim: Claim) -> None:
        """Nothing was done under this claim."""
        with self._apart.writing() as session:
            answers.release(session, claim)
