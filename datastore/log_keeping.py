"""The archivist's side of the log: leaves numbered, tiles and checkpoints kept, each in a transaction of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from archive import NumberedLeaf
from datastore import dialect, log, retentions
from datastore.keychain import LOG, Keychain
from datastore.keys import DataKey
from datastore.log import LogFacts
from datastore.objects import ObjectStore, StoredObject
from datastore.records import CheckpointRecord
from datastore.transactions import Transactions


class Put(Protocol):
    """Keeps an object, with its intention: `Datastore.put`."""

    def __call__(
        self, key: str, source: bytes, *, sealing: DataKey, until: datetime | None
    ) -> StoredObject: ...


class Log:
    """The archivist's side of the log; each call is a transaction of its own."""

    def __init__(
        self,
        apart: Transactions,
        keychain: Callable[[Session], Keychain],
        objects: ObjectStore,
        put: Put,
    ) -> None:
        self._apart = apart
        self._keychain = keychain
        self._objects = objects
        self._put = put

    def number_leaves(self, most: int = 1000) -> list[NumberedLeaf]:
        """Give the oldest unnumbered leaves their numbers; call again until it gives none.

        After a crash between numbering and hashing, `leaves(size of the tree)` gives them again.
        """
        with self._apart.writing() as session:
            return log.number_leaves(session, most)

    @contextmanager
    def leaves(self, first: int = 0) -> Iterator[Iterator[NumberedLeaf]]:
        """The numbered leaves from `first` on, as of one moment."""
        with self._apart.reading() as session:
            dialect.unhurried(session.connection())  # whoever reads thinks between the rows
            yield log.leaves(session.connection(), first)

    @contextmanager
    def facts(self) -> Iterator[LogFacts]:
        """Leaves and rows of one moment, for `archive.check_log`; unnumbered leaves have their numbers to
        come."""
        with self._apart.reading() as session:
            dialect.unhurried(session.connection())
            yield log.facts(session.connection())

    def number_of(self, table: str, key: UUID) -> int | None:
        """The number of the newest leaf that speaks of a row (`documents`, a document's id); None while
        none."""
        with self._apart.reading() as session:
            return log.number_of(session, table, key)

    def keep_checkpoint(self, checkpoint: CheckpointRecord) -> None:
        """Keep a signed checkpoint."""
        with self._apart.writing() as session:
            log.keep_checkpoint(session, checkpoint)

    def latest_checkpoint(self) -> CheckpointRecord | None:
        """The newest signed checkpoint; None before the first."""
        with self._apart.reading() as session:
            return log.latest_checkpoint(session)

    def put_tile(self, name: str, content: bytes, until: datetime | None = None) -> None:
        """Keep a tile under `log/<name>`, protected `until` then where the store can. The same again (after a
        crash) keeps the one that is there."""
        if self.get_tile(name) == content:
            return
        with self._apart.writing() as session:
            key = self._keychain(session).object_key(LOG)
        kept = self._put(f"log/{name}", content, sealing=key, until=until)
        with self._apart.writing() as session:
            log.keep_tile(session, kept)
            if until is not None and self._objects.write_once:
                retentions.keep_tile(session, kept.key, until)

    def get_tile(self, name: str) -> bytes | None:
        """A tile; None when there is none. ObjectDamaged, ObjectMissing."""
        with self._apart.reading() as session:
            kept = log.tile(session, f"log/{name}")
            if kept is None:
                return None
            key = self._keychain(session).object_key(LOG)
        return self._objects.read(kept, sealing=key)
