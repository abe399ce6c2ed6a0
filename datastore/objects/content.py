"""What lies in a store: the sealed form of a content, made while it is digested, and read back with every check."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import uuid4

from common import Digest, KhosoError
from datastore.errors import ObjectDamaged, StorageFull
from datastore.keys import DataKey
from datastore.objects.port import Source, StoredObject
from datastore.sealing import SealBroken, Sink, seal, unseal

_BLOCK = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(slots=True)
class Counted:
    """Passes bytes on while it counts and digests them."""

    sink: Sink | None = None
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


class SealedBytes(Protocol):
    """Where sealed bytes come from: a file, an answer of a server."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(slots=True)
class _Reading:
    """Sealed bytes as Tink wants a source, digested as they pass. Tink turns every error into its own, so the true
    one is kept here; and it closes its source at the end, while ours stays open for `drain`."""

    source: SealedBytes
    counted: Counted
    failure: KhosoError | OSError | None = None
    closed: bool = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            data = self.source.read(size)
        except (KhosoError, OSError) as error:
            self.failure = error
            raise
        self.counted.write(data)
        return data

    def close(self) -> None:
        """Nothing: see above."""

    def drain(self) -> None:
        """Read what the cipher left, so that bytes after the end change the digest as well."""
        while self.read(_BLOCK):
            pass


def sealed(key: str, source: Source, sink: Sink, sealing: DataKey) -> tuple[Counted, Counted]:
    """Seal `source` into `sink`; what was counted of the plain and of the sealed bytes."""
    plain, stored = Counted(), Counted(sink)
    seal(plain.watch(_blocks(source)), stored, key=sealing.raw, associated_data=_bound(key, sealing))
    return plain, stored


def verified(source: SealedBytes, expected: StoredObject, sealing: DataKey) -> Iterator[bytes]:
    """The plain blocks; ObjectDamaged at the latest after the last one, and what reading itself raised as it was."""
    plain, stored = Counted(), Counted()
    reading = _Reading(source, stored)
    try:
        blocks = unseal(reading, key=sealing.raw, associated_data=_bound(expected.key, sealing))
        yield from plain.watch(blocks)
    except SealBroken as error:
        raise reading.failure or ObjectDamaged(key=expected.key) from error
    reading.drain()
    found = (plain.size, plain.digest, stored.digest)
    if found != (expected.size, expected.sha256_plain, expected.sha256_stored):
        raise ObjectDamaged(key=expected.key)


Opened = Callable[[StoredObject], AbstractContextManager[SealedBytes]]
"""Opens what lies in a store; ObjectMissing."""


class Readable:
    """The reading half of every store, over the one thing in which they differ."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def blocks(self, stored: StoredObject, *, sealing: DataKey) -> Iterator[bytes]:
        """See `ObjectStore.blocks`."""
        with self._opened(stored) as source:
            yield from verified(source, stored, sealing)

    def get(self, stored: StoredObject, into: Path, *, sealing: DataKey) -> Path:
        """See `ObjectStore.get`."""
        part = into.with_name(f".{uuid4().hex}.part")
        try:
            with full_disk_is_storage_full():
                with created(part) as file:
                    for block in self.blocks(stored, sealing=sealing):
                        file.write(block)
                part.rename(into)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return into

    def read(self, stored: StoredObject, *, sealing: DataKey) -> bytes:
        """See `ObjectStore.read`."""
        return b"".join(self.blocks(stored, sealing=sealing))

    def check(self, stored: StoredObject, *, sealing: DataKey) -> None:
        """See `ObjectStore.check`."""
        for _block in self.blocks(stored, sealing=sealing):
            pass


@contextmanager
def full_disk_is_storage_full() -> Iterator[None]:
    """A full disk of this machine has its own error."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull from error
        raise


@contextmanager
def created(path: Path) -> Iterator[BinaryIO]:
    """A new file that only its owner reads."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        yield file


def _bound(key: str, sealing: DataKey) -> bytes:
    """What is authenticated with the content: the object key (which names the version) and whose it is."""
    return f"khoso-object-1\n{sealing.of}\n{key}".encode()


def _blocks(source: Source) -> Iterator[bytes]:
    if isinstance(source, bytes):
        if source:
            yield source
    elif isinstance(source, Path):
        with source.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    else:
        yield from source
