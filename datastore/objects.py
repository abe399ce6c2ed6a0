"""Objects in a folder: the embedded `ObjectStore`. Not write-once: whoever may write the folder may delete.

Promised: a put never replaces anything (each gets a fresh version id, and the row names key and version);
what `put` returned is on the disk, read back and compared; a put that fails leaves nothing; content is
encrypted before it reaches the disk, bound to its key and its document; a changed byte is ObjectDamaged.
Not promised: protection against an administrator (that is what object lock in the next store is for).
Keys hold ids only, never a personal number (design.md, section 5).
"""

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from common import Digest
from datastore.errors import BadObjectKey, ObjectDamaged, ObjectMissing, StorageFull
from datastore.keys import DataKey
from datastore.sealing import SealBroken, seal, unseal

_BLOCK = 1 << 20
_PART = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_VERSION = re.compile(r"[0-9a-f]{32}")
_UNFINISHED = ".incoming"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def original_key(document: UUID, version: int, n: int = 1) -> str:
    """Where the n-th file that came in is kept (the first one is plainly `original`)."""
    return f"documents/{document}/v{version}/original" + (f"-{n}" if n > 1 else "")


def pdf_key(document: UUID, version: int, revision: int) -> str:
    """Where revision k is kept; revision 0 is the digitised PDF before any signature."""
    return f"documents/{document}/v{version}/document-r{revision}.pdf"


def prepared_key(document: UUID, version: int, role: str) -> str:
    """Where the PDF waits for a signature that may come hours later."""
    return f"documents/{document}/v{version}/prepared-{role}.pdf"


def reading_key(document: UUID, version: int, k: int) -> str:
    """Where the k-th reading is kept, from 1."""
    return f"documents/{document}/v{version}/reading-{k}.json"


def attestation_key(document: UUID, version: int) -> str:
    """Where the agency's record about a PDF that arrived signed is kept."""
    return f"documents/{document}/v{version}/attestation.cms"


def manifest_key(store: UUID, document: UUID) -> str:
    """Where a store's signed manifest entry of a document is kept."""
    return f"stores/{store}/{document}"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that was written and read back. `intent` is set until a row names the object."""

    key: str
    version: str
    size: int
    sha256_plain: Digest
    sha256_stored: Digest
    intent: UUID | None = None


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """What lies in the store, whether a row names it or not."""

    key: str
    version: str
    stored_size: int


@dataclass(slots=True)
class _Counting:
    """Passes bytes on while it counts and digests them."""

    sink: BinaryIO | None = None
    size: int = 0
    hasher: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> int:
        if self.sink is not None:
            self.sink.write(data)
        self.size += len(data)
        self.hasher.update(data)
        return len(data)

    def watch(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self.write(block)
            yield block

    @property
    def digest(self) -> Digest:
        return Digest(self.hasher.digest())


@contextmanager
def _full_disk_is_storage_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull from error
        raise


class FolderObjects:
    """Objects as files `<root>/<key>@<version>`, encrypted, mode 0600."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._unfinished = root / _UNFINISHED
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._unfinished.mkdir(exist_ok=True, mode=0o700)  # `mode` is for the last folder of a path only

    def put(self, key: str, source: Path | bytes, *, sealing: DataKey) -> StoredObject:
        """Keep `source` under `key` as a new version; it is on the disk and compared when this returns.

        StorageFull (nothing is left), BadObjectKey, ObjectDamaged when the disk gives back other bytes.
        """
        version = uuid4().hex
        target = self._path(key, version)
        unfinished = self._unfinished / version
        try:
            with _full_disk_is_storage_full():
                stored = self._write(key, version, source, unfinished, sealing)
                self._compare(unfinished, stored, sealing)
                _make_folders(target.parent, self.root)
                unfinished.rename(target)
                _sync_folder(target.parent)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        return stored

    def _write(
        self, key: str, version: str, source: Path | bytes, target: Path, sealing: DataKey
    ) -> StoredObject:
        plain = _Counting()
        with _created(target) as file:
            stored = _Counting(file)
            seal(plain.watch(_blocks(source)), stored, key=sealing.raw, associated_data=_bound(key, sealing))
            file.flush()
            os.fsync(file.fileno())
        return StoredObject(key, version, plain.size, plain.digest, stored.digest)

    def _compare(self, path: Path, expected: StoredObject, sealing: DataKey) -> None:
        """Read back what was just written: a disk that lies is found before anybody is told "kept"."""
        for _block in self._verified(path, expected, sealing):
            pass

    def _verified(self, path: Path, expected: StoredObject, sealing: DataKey) -> Iterator[bytes]:
        """The plain blocks of a file; ObjectDamaged at the latest after the last one."""
        plain, stored = _Counting(), _Counting()
        try:
            with _Reading(path, stored) as source:
                blocks = unseal(source, key=sealing.raw, associated_data=_bound(expected.key, sealing))
                yield from plain.watch(blocks)
                source.drain()
        except FileNotFoundError as error:
            raise ObjectMissing(key=expected.key) from error
        except SealBroken as error:
            raise ObjectDamaged(key=expected.key) from error
        found = (plain.size, plain.digest, stored.digest)
        if found != (expected.size, expected.sha256_plain, expected.sha256_stored):
            raise ObjectDamaged(key=expected.key)

    def get(self, stored: StoredObject, into: Path, *, sealing: DataKey) -> Path:
        """Write the plain content to `into`, whole or not at all; ObjectDamaged, ObjectMissing,
        StorageFull."""
        part = into.with_name(f".{uuid4().hex}.part")
        try:
            with _full_disk_is_storage_full():
                with _created(part) as file:
                    for block in self._verified(self._path_of(stored), stored, sealing):
                        file.write(block)
                part.rename(into)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return into

    def read(self, stored: StoredObject, *, sealing: DataKey) -> bytes:
        """The plain content in memory, for small objects; errors as `get`."""
        return b"".join(self._verified(self._path_of(stored), stored, sealing))

    def check(self, stored: StoredObject, *, sealing: DataKey) -> None:
        """Read the object through; ObjectDamaged or ObjectMissing when it is not as kept."""
        self._compare(self._path_of(stored), stored, sealing)

    def delete(self, key: str, version: str) -> None:
        """Remove one version; one that is not there any more is no error (a sweep may run twice)."""
        path = self._path(key, version)
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            _sync_folder(path.parent)

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version whose key is `prefix` or lies below it."""
        start = self._folder(prefix)
        beside = start.parent.glob(f"{start.name}@*") if start != self.root else iter(())
        for path in sorted([*beside, *start.rglob("*@*")]):
            key, _, version = path.relative_to(self.root).as_posix().rpartition("@")
            yield ObjectVersion(key, version, path.stat().st_size)

    def remove_unfinished(self, *, older_than: float) -> int:
        """Delete what killed puts left behind before the instant `older_than` (seconds since 1970)."""
        removed = 0
        for path in self._unfinished.iterdir():
            try:
                if path.stat().st_mtime < older_than:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue  # a put that is under way has just given it its place
        return removed

    def _path_of(self, stored: StoredObject) -> Path:
        return self._path(stored.key, stored.version)

    def _path(self, key: str, version: str) -> Path:
        if not _VERSION.fullmatch(version):
            raise BadObjectKey(key=key)
        folder = self._folder(key)
        if folder == self.root:
            raise BadObjectKey(key=key)
        return folder.with_name(f"{folder.name}@{version}")

    def _folder(self, prefix: str) -> Path:
        """The place of a key below the root; BadObjectKey for anything that is not plain small names."""
        parts = prefix.split("/") if prefix else []
        if not all(_PART.fullmatch(part) for part in parts):
            raise BadObjectKey(key=prefix)
        return self.root.joinpath(*parts)


class _Reading:
    """A sealed file as Tink wants a source, digesting what passes."""

    def __init__(self, path: Path, counted: _Counting) -> None:
        self._file = path.open("rb")
        self._counted = counted

    def __enter__(self) -> "_Reading":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._file.close()

    @property
    def closed(self) -> bool:
        return self._file.closed

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._counted.write(data)
        return data

    def close(self) -> None:
        """Tink closes its source at the end; the file stays open for `drain`."""

    def drain(self) -> None:
        """Read what the cipher left, so that bytes after the end change the digest as well."""
        while self.read(_BLOCK):
            pass


def _bound(key: str, sealing: DataKey) -> bytes:
    """What is authenticated with the content: the object key (which names the version) and whose it is."""
    return f"khoso-object-1\n{sealing.of}\n{key}".encode()


def _blocks(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        if source:
            yield source
        return
    with source.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


@contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        yield file


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
