"""The object store with a stop-watch: how long each kind of request takes, and by what it fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from api.metrics import OBJECT_ERRORS, OBJECT_SECONDS
from common import KhosoError
from datastore import DataKey, ObjectStore, ObjectVersion, Source, StoredObject


class Metered:
    """An `ObjectStore` that does what the one inside does, and counts it."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @property
    def write_once(self) -> bool:
        """See `ObjectStore.write_once`."""
        return self._store.write_once

    def ask(self) -> None:
        """See `ObjectStore.ask`."""
        with _timed("ask"):
            self._store.ask()

    def server_time(self) -> datetime | None:
        """See `ObjectStore.server_time`."""
        with _timed("ask"):
            return self._store.server_time()

    def put(
        self, key: str, source: Source, *, sealing: DataKey, until: datetime | None = None
    ) -> StoredObject:
        """See `ObjectStore.put`."""
        with _timed("put"):
            return self._store.put(key, source, sealing=sealing, until=until)

    def blocks(self, stored: StoredObject, *, sealing: DataKey) -> Iterator[bytes]:
        """See `ObjectStore.blocks`; the time of whoever takes them is not counted."""
        spent, blocks = 0.0, self._store.blocks(stored, sealing=sealing)
        try:
            while True:
                started = time.perf_counter()
                try:
                    block = next(blocks, None)
                finally:
                    spent += time.perf_counter() - started
                if block is None:
                    return
                yield block
        except KhosoError as error:
            OBJECT_ERRORS.labels("get", error.code).inc()
            raise
        finally:
            OBJECT_SECONDS.labels("get").observe(spent)

    def get(self, stored: StoredObject, into: Path, *, sealing: DataKey) -> Path:
        """See `ObjectStore.get`."""
        with _timed("get"):
            return self._store.get(stored, into, sealing=sealing)

    def read(self, stored: StoredObject, *, sealing: DataKey) -> bytes:
        """See `ObjectStore.read`."""
        with _timed("get"):
            return self._store.read(stored, sealing=sealing)

    def check(self, stored: StoredObject, *, sealing: DataKey) -> None:
        """See `ObjectStore.check`."""
        with _timed("check"):
            self._store.check(stored, sealing=sealing)

    def retain(self, stored: StoredObject, until: datetime) -> datetime | None:
        """See `ObjectStore.retain`."""
        with _timed("retain"):
            return self._store.retain(stored, until)

    def delete(self, key: str, version: str) -> None:
        """See `ObjectStore.delete`."""
        with _timed("delete"):
            self._store.delete(key, version)

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """See `ObjectStore.versions`; not timed, for whoever asks works in between."""
        return self._store.versions(prefix)

    def remove_unfinished(self, *, older_than: float) -> int:
        """See `ObjectStore.remove_unfinished`."""
        return self._store.remove_unfinished(older_than=older_than)


@contextmanager
def _timed(operation: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    except KhosoError as error:
        OBJECT_ERRORS.labels(operation, error.code).inc()
        raise
    finally:
        OBJECT_SECONDS.labels(operation).observe(time.perf_counter() - started)
