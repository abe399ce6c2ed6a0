"""Objects in a folder: the embedded `ObjectStore`. Not write-once: whoever may write the folder may delete.

Beside the promises of every store: what `put` returned is on the disk, read back and compared, for a disk gives no
other proof of what it has taken.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from datastore.errors import BadObjectKey, ObjectMissing, ObjectStoreRefused
from datastore.keys import DataKey
from datastore.objects.content import Readable, created, full_disk_is_storage_full, sealed, verified
from datastore.objects.names import parts_of, require_key
from datastore.objects.port import ObjectVersion, Source, StoredObject

_VERSION = re.compile(r"[0-9a-f]{32}")
_UNFINISHED = ".incoming"


class FolderObjects(Readable):
    """Objects as files `<root>/<key>@<version>`, encrypted, mode 0600."""

    write_once = False

    def __init__(self, root: Path) -> None:
        super().__init__(self._opened_file)
        self.root = root
        self._unfinished = root / _UNFINISHED
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._unfinished.mkdir(exist_ok=True, mode=0o700)  # `mode` is for the last folder of a path only

    def ask(self) -> None:
        """See `ObjectStore.ask`."""
        if not self._unfinished.is_dir():
            raise ObjectStoreRefused(reason=f"no folder {self._unfinished}")

    def server_time(self) -> None:
        """The clock is this machine's."""

    def put(
        self, key: str, source: Source, *, sealing: DataKey, until: datetime | None = None
    ) -> StoredObject:
        """See `ObjectStore.put`; a folder protects nothing, whatever `until`."""
        version = uuid4().hex
        target = self._path(key, version)
        unfinished = self._unfinished / version
        try:
            with full_disk_is_storage_full():
                stored = self._write(key, version, source, unfinished, sealing)
                self._compare(unfinished, stored, sealing)
                _make_folders(target.parent, self.root)
                unfinished.rename(target)
                _sync_folder(target.parent)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        return stored

    def _write(self, key: str, version: str, source: Source, target: Path, sealing: DataKey) -> StoredObject:
        with created(target) as file:
            plain, stored = sealed(key, source, file, sealing)
            file.flush()
            os.fsync(file.fileno())
        return StoredObject(key, version, plain.size, plain.digest, stored.digest)

    def _compare(self, path: Path, expected: StoredObject, sealing: DataKey) -> None:
        """Read back what was just written: a disk that lies is found before anybody is told "kept"."""
        with path.open("rb") as file:
            for _block in verified(file, expected, sealing):
                pass

    @contextmanager
    def _opened_file(self, stored: StoredObject) -> Iterator[BinaryIO]:
        try:
            file = self._path(stored.key, stored.version).open("rb")
        except FileNotFoundError as error:
            raise ObjectMissing(key=stored.key) from error
        with file:
            yield file

    def retain(self, stored: StoredObject, until: datetime) -> None:
        """Nothing is protected, and nothing is recorded as if it were."""

    def delete(self, key: str, version: str) -> None:
        """See `ObjectStore.delete`."""
        path = self._path(key, version)
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            _sync_folder(path.parent)

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """See `ObjectStore.versions`."""
        start = self.root.joinpath(*parts_of(prefix))
        beside = start.parent.glob(f"{start.name}@*") if start != self.root else iter(())
        for path in sorted([*beside, *start.rglob("*@*")]):
            key, _, version = path.relative_to(self.root).as_posix().rpartition("@")
            yield ObjectVersion(key, version, path.stat().st_size)

    def remove_unfinished(self, *, older_than: float) -> int:
        """See `ObjectStore.remove_unfinished`."""
        removed = 0
        for path in self._unfinished.iterdir():
            try:
                if path.stat().st_mtime < older_than:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue  # a put that is under way has just given it its place
        return removed

    def _path(self, key: str, version: str) -> Path:
        if not _VERSION.fullmatch(version):
            raise BadObjectKey(key=key)
        folder = self.root.joinpath(*parts_of(require_key(key)))
        return folder.with_name(f"{folder.name}@{version}")


def _make_folders(folder: Path, root: Path) -> None:
    """Make `folder` and put each new name on the disk, from the root down."""
    missing = [path for path in (folder, *folder.parents) if path.is_relative_to(root) and not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
