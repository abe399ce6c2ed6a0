"""What keeps objects: the promises that a folder and an S3 server hold alike.

Promised by both: a put never replaces anything (each makes a version, and the row names key and version); what
`put` returned is kept, and proven to be what was handed in; a put that fails leaves nothing that counts as kept;
content is encrypted before it leaves the process, bound to its key and its document; a changed byte is
ObjectDamaged. Only a store that is `write_once` protects a version from an administrator, and only after `retain`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from common import Digest
from datastore.keys import DataKey


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that was written and proven. `intent` is set until a row names the object."""

    key: str
    version: str
    size: int
    sha256_plain: Digest
    sha256_stored: Digest
    intent: UUID | None = None


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """What lies in the store, whether a row names it or not; a delete marker is a version without bytes."""

    key: str
    version: str
    stored_size: int


Source = Path | bytes | Iterable[bytes]
"""A content to be kept: a file, all of it, or its blocks."""


class ObjectStore(Protocol):
    """Keeps objects. Safe to share between threads."""

    @property
    def write_once(self) -> bool:
        """Whether `retain` protects a version from everybody, the administrator included."""
        ...

    def ask(self) -> None:
        """A quick look whether it can be used now; ObjectStoreUnreachable, ObjectStoreRefused."""
        ...

    def server_time(self) -> datetime | None:
        """What the server's clock says, cut to the second; None where there is no server. Errors as `ask`."""
        ...

    def put(
        self, key: str, source: Source, *, sealing: DataKey, until: datetime | None = None
    ) -> StoredObject:
        """Keep `source` under `key` as a new version, protected `until` then where the store can.

        StorageFull, BadObjectKey, ObjectDamaged when other bytes arrived, ObjectStoreUnreachable,
        ObjectStoreRefused; what `source` itself raises, and then nothing is kept.
        """
        ...

    def blocks(self, stored: StoredObject, *, sealing: DataKey) -> Iterator[bytes]:
        """The plain content block by block, for whoever keeps nothing of it when an error comes: errors as `get`, at
        the latest behind the last block."""
        ...

    def get(self, stored: StoredObject, into: Path, *, sealing: DataKey) -> Path:
        """Write the plain content to `into`, whole or not at all.

        ObjectDamaged, ObjectMissing, StorageFull, ObjectStoreUnreachable.
        """
        ...

    def read(self, stored: StoredObject, *, sealing: DataKey) -> bytes:
        """The plain content in memory, for small objects; errors as `get`."""
        ...

    def check(self, stored: StoredObject, *, sealing: DataKey) -> None:
        """Read the object through; ObjectDamaged or ObjectMissing when it is not as kept."""
        ...

    def retain(self, stored: StoredObject, until: datetime) -> datetime | None:
        """Let nobody delete this version before `until`; the instant until which it is protected now.

        Only ever extended: where it is protected for longer already, that stays. None where the store cannot.
        """
        ...

    def delete(self, key: str, version: str) -> None:
        """Remove one version; one that is not there any more is no error (a sweep may run twice).
        ObjectLocked."""
        ...

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version whose key is `prefix` or lies below it."""
        ...

    def remove_unfinished(self, *, older_than: float) -> int:
        """Delete what killed puts left behind before the instant `older_than` (seconds since 1970)."""
        ...
