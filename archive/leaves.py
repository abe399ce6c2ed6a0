"""What one leaf of the log says: which rows a step left in which state, salted.

A leaf's commitment is SHA-256 over its 32 random bytes and its canonical CBOR; only the commitment enters the
tree. Without the salt a leaf says nothing, not even to somebody who guesses personal numbers; destroying the
salt and the rows makes the leaf mute and leaves the tree whole.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from archive.canonical import canonical
from archive.tree import HASH_BYTES, leaf_hash

SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class RowState:
    """The state in which a step left one row; `sha256` None says that the step deleted it."""

    table: str
    key: str
    sha256: bytes | None

    def __post_init__(self) -> None:
        if self.sha256 is not None and len(self.sha256) != HASH_BYTES:
            raise ValueError("a row's state is a SHA-256")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One step's record: `id` and instant of its diary line, salt, and the rows it touched."""

    id: UUID
    at: datetime
    salt: bytes
    states: tuple[RowState, ...]

    def __post_init__(self) -> None:
        if len(self.salt) != SALT_BYTES:
            raise ValueError("a leaf's salt has 32 bytes")
        if len({(state.table, state.key) for state in self.states}) != len(self.states):
            raise ValueError("a leaf speaks of each row once")

    @property
    def commitment(self) -> bytes:
        """SHA-256(salt ‖ canonical CBOR of version, id, instant and states sorted by table and key)."""
        states = sorted(self.states, key=lambda state: (state.table, state.key))
        rows = [(state.table, state.key, state.sha256) for state in states]
        return sha256(self.salt + canonical(["khoso leaf v1", self.id, self.at, rows])).digest()

    @property
    def hash(self) -> bytes:
        """The leaf hash in the tree: SHA-256(0x00 ‖ commitment)."""
        return leaf_hash(self.commitment)


def new_salt() -> bytes:
    """32 random bytes for a new leaf."""
    return secrets.token_bytes(SALT_BYTES)


def row_state(table: str, key: str, columns: Mapping[str, object], salt: bytes) -> RowState:
    """A row's state: SHA-256(salt ‖ canonical CBOR of table, key and columns); TypeError from `canonical`."""
    content = canonical(["khoso row v1", table, key, columns])
    return RowState(table, key, sha256(salt + content).digest())


def row_deleted(table: str, key: str) -> RowState:
    """Says that a step deleted the row."""
    return RowState(table, key, None)
