"""Keys: one master key in a file, which wraps the keys of stores and archive, which wrap data keys.

A wrap is AES-256-GCM (NIST SP 800-38D) with a random nonce and a context as associated data, so that a wrap
moved to another row does not open. Format: one byte 1, nonce of 12, ciphertext and tag. Data keys exist in
memory only while somebody works with the document; wraps live in SQL, never beside the objects.
"""

import errno
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from datastore.errors import StorageFull, WrongKey
from datastore.sealing import KEY_BYTES

_FORM = b"\x01"
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class DataKey:
    """The AES-256 key of one document, store or log; `of` names whose, and is part of what is
    authenticated."""

    raw: bytes = field(repr=False)
    of: str

    @classmethod
    def new(cls, of: str) -> "DataKey":
        """A fresh random key."""
        return cls(secrets.token_bytes(KEY_BYTES), of)


class WrapBroken(Exception):
    """This key does not open this wrap in this context. Stays inside the room."""


def wrap(wrapping: bytes, raw: bytes, context: str) -> bytes:
    """`raw` under the key `wrapping`, bound to `context`."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _FORM + nonce + AESGCM(wrapping).encrypt(nonce, raw, context.encode())


def unwrap(wrapping: bytes, wrapped: bytes, context: str) -> bytes:
    """The key inside `wrapped`; WrapBroken when key, context or bytes are not those of `wrap`."""
    head = len(_FORM)
    if not wrapped.startswith(_FORM):
        raise WrapBroken
    nonce, sealed = wrapped[head : head + _NONCE_BYTES], wrapped[head + _NONCE_BYTES :]
    try:
        return AESGCM(wrapping).decrypt(nonce, sealed, context.encode())
    except (InvalidTag, ValueError) as error:
        raise WrapBroken from error


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master key, from a file that only its owner may read (mode 0600)."""

    path: Path
    master: bytes = field(repr=False)

    @classmethod
    def make_or_open(cls, path: Path) -> "Keyring":
        """Open the master key, or make it when there is none: two first starts at once agree on one key.

        WrongKey when the file is not 32 bytes; StorageFull.
        """
        if not path.exists():
            _make(path)
        raw = path.read_bytes()
        if len(raw) != KEY_BYTES:
            raise WrongKey(path=path.name)
        return cls(path, raw)

    def derive(self, purpose: str) -> bytes:
        """A secret of its own for a purpose (HKDF, RFC 5869): all processes that hold the master key share it."""
        kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"khoso {purpose}".encode())
        return kdf.derive(self.master)

    def wrap(self, raw: bytes, context: str) -> bytes:
        """`raw` under the master key."""
        return wrap(self.master, raw, context)

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """What `wrap` wrapped; WrongKey when this is another master key."""
        try:
            return unwrap(self.master, wrapped, context)
        except WrapBroken as error:
            raise WrongKey(path=self.path.name) from error


def _make(path: Path) -> None:
    """Write a new key beside `path`, then link it into place: whoever links second uses the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_private(fresh, secrets.token_bytes(KEY_BYTES))
        if not _linked(fresh, path):
            return
        _sync_folder(path.parent)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull from error
        raise
    finally:
        fresh.unlink(missing_ok=True)


def _linked(fresh: Path, path: Path) -> bool:
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        return False
    return True


def _write_private(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
