"""The signed list that says which documents stand: 4 bits per index, whole or not at all.

Whoever checks a print fetches the whole list (so nobody learns which print is being checked), keeps it and
shows its age. The list is a COSE_Sign1 (EdDSA with the archivist's Ed25519 key). Promises that a list read
by `from_bytes` is one that a log key of the trust bundle signed; does not promise that it is fresh: ask
`stale`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from common import KhosoError
from signing.claims import instant
from signing.statements import StatementNotGenuine, open_statement, sign_statement
from signing.trust import LogKey, TrustBundle

_KIND = "khoso-status-list"
_VERSION, _AGENCY, _AS_OF, _NEXT_UPDATE, _STATUSES = 1, 2, 3, 4, 5
_FORMAT = 1
_LARGEST = 64 << 20
"""No list beyond 64 MiB (134 million documents) is opened."""


class Standing(IntEnum):
    """How a document stands, as its prints are told; the number is what the list carries."""

    UNKNOWN = 0
    """Nothing is known: no answer, and never the same as false."""
    GOOD = 1
    """In force."""
    PROVISIONAL = 2
    """Digitised, and not yet worth the paper."""
    SUPERSEDED = 3
    """A newer version took its place."""
    REVOKED = 4
    """Taken back by the agency."""
    EXPIRED = 5
    """Its own time of validity has ended."""

    @property
    def word(self) -> str:
        """The word in JSON: `good`, `revoked`, …"""
        return self.name.lower()


class StatusListNotGenuine(KhosoError):
    """The list is damaged, of another kind, or signed by nobody whom the trust bundle names."""

    code = "status_list_not_genuine"


class StatusListOverdue(KhosoError):
    """A list cannot be written for a time that ends before it begins."""

    code = "status_list_overdue"


@dataclass(frozen=True, slots=True)
class StatusList:
    """The standing of every index of one agency, known at `as_of`; a newer list follows by `next_update`.

    `packed` holds two indexes per byte, the lower index in the low half. Times are kept to the second.
    """

    agency: str
    as_of: datetime
    next_update: datetime
    packed: bytes

    def __post_init__(self) -> None:
        if self.next_update <= self.as_of:
            raise StatusListOverdue

    @classmethod
    def of(
        cls, agency: str, standings: Mapping[int, Standing], *, as_of: datetime, next_update: datetime
    ) -> "StatusList":
        """The list of these indexes (from 0); an index without an entry is UNKNOWN."""
        empty = cls(agency, _second(as_of), _second(next_update), b"")
        return empty.changed(standings, as_of=as_of, next_update=next_update)

    def changed(
        self, standings: Mapping[int, Standing], *, as_of: datetime, next_update: datetime
    ) -> "StatusList":
        """The list that follows this one, in which only these indexes stand otherwise."""
        more = max(standings, default=-1) // 2 + 1 - len(self.packed)
        packed = bytearray(self.packed) + bytes(max(more, 0))
        for index, standing in standings.items():
            other_half = packed[index // 2] & 0xF0 >> 4 * (index % 2)
            packed[index // 2] = other_half | standing << 4 * (index % 2)
        return StatusList(self.agency, _second(as_of), _second(next_update), bytes(packed))

    def standing(self, index: int) -> Standing:
        """How the document with this index stands; UNKNOWN beyond the list and for numbers not yet in use."""
        if not 0 <= index < 2 * len(self.packed):
            return Standing.UNKNOWN
        value = self.packed[index // 2] >> 4 * (index % 2) & 0xF
        return Standing(value) if value in set(Standing) else Standing.UNKNOWN

    def stale(self, now: datetime) -> bool:
        """Whether a newer list should exist by now."""
        return now > self.next_update

    def to_bytes(self, key: LogKey) -> bytes:
        """The list as a file, signed by `key`."""
        payload = {
            _VERSION: _FORMAT,
            _AGENCY: self.agency,
            _AS_OF: int(self.as_of.timestamp()),
            _NEXT_UPDATE: int(self.next_update.timestamp()),
            _STATUSES: self.packed,
        }
        return sign_statement(_KIND, payload, key)

    @classmethod
    def from_bytes(cls, content: bytes, *, trust: TrustBundle) -> "StatusList":
        """Opens what `to_bytes` wrote under a log key of `trust` in its time; else StatusListNotGenuine."""
        if len(content) > _LARGEST:
            raise StatusListNotGenuine
        try:
            payload, key = open_statement(content, _KIND, trust=trust)
            found = _read(payload)
        except (StatementNotGenuine, StatusListOverdue, ValueError, OverflowError) as error:
            raise StatusListNotGenuine from error
        if key.agency != found.agency or not key.in_force(found.as_of):
            raise StatusListNotGenuine
        return found


def _read(payload: object) -> StatusList:
    kinds = {_VERSION: int, _AGENCY: str, _AS_OF: int, _NEXT_UPDATE: int, _STATUSES: bytes}
    if type(payload) is not dict or {name: type(value) for name, value in payload.items()} != kinds:
        raise StatusListNotGenuine
    if payload[_VERSION] != _FORMAT:
        raise StatusListNotGenuine
    as_of, next_update = instant(payload[_AS_OF]), instant(payload[_NEXT_UPDATE])
    return StatusList(payload[_AGENCY], as_of, next_update, payload[_STATUSES])


def _second(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)
