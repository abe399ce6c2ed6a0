"""Checkpoints: the size and root of the log, signed, in the text forms of C2SP.

`tlog-checkpoint` inside `signed-note`: three lines (origin, size, root), an empty line, one line for each
signature. The key's name is the origin; the signature is Ed25519 over the text with its last line feed.
Promises that `open_checkpoint` returns only what a known key signed; lines of unknown keys are passed over,
as the note format asks, and a note with no known line is refused.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from archive.tree import HASH_BYTES
from common import KhosoError
from signing import LogKey, PublicKey

_ED25519 = b"\x01"
"""The signature type of signed-note."""
_KEY_HASH_BYTES = 4
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LONGEST = 1 << 20


class CheckpointNotGenuine(KhosoError):
    """The checkpoint is damaged, of another log, or signed by no known key."""

    code = "checkpoint_not_genuine"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log named `origin` had `size` leaves under `root`."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or self.size < 0 or len(self.root) != HASH_BYTES or _unnamable(self.origin):
            raise ValueError("a checkpoint has an origin without spaces, a size and a root of 32 bytes")

    @property
    def text(self) -> str:
        """The three signed lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, key: LogKey) -> str:
        """The checkpoint as a signed note."""
        text = self.text
        signature = _key_hash(self.origin, key.private.public_key()) + key.private.sign(text.encode())
        return f"{text}\n— {self.origin} {base64.b64encode(signature).decode()}\n"


def open_checkpoint(note: str, *, origin: str, keys: Iterable[PublicKey]) -> Checkpoint:
    """The checkpoint of the log `origin` that one of `keys` signed; CheckpointNotGenuine otherwise."""
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or len(note) > _LONGEST or not signatures.endswith("\n"):
        raise CheckpointNotGenuine(origin=origin)
    text += "\n"
    known = {
        _key_hash(origin, public): public
        for key in keys
        if isinstance(public := key.load(), Ed25519PublicKey)
    }
    lines = [_signature(line, origin) for line in signatures[:-1].split("\n")]
    verified = [
        _verifies(known[key], signature, text) for key, signature in filter(None, lines) if key in known
    ]
    # A wrong signature of a known key refuses the whole note, not only its line.
    if not verified or not all(verified):
        raise CheckpointNotGenuine(origin=origin)
    return _read(text, origin)


def _read(text: str, origin: str) -> Checkpoint:
    lines = text[:-1].split("\n")
    if len(lines) < 3 or lines[0] != origin or _SIZE.fullmatch(lines[1]) is None or "" in lines:
        raise CheckpointNotGenuine(origin=origin)
    try:
        return Checkpoint(lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True))
    except ValueError as error:
        raise CheckpointNotGenuine(origin=origin) from error


def _signature(line: str, origin: str) -> tuple[bytes, bytes] | None:
    """Key hash and signature of a line in the origin's name; None for another name."""
    match = _SIGNATURE.fullmatch(line)
    if match is None:
        raise CheckpointNotGenuine(origin=origin)
    try:
        content = base64.b64decode(match.group(2), validate=True)
    except binascii.Error as error:
        raise CheckpointNotGenuine(origin=origin) from error
    if match.group(1) != origin:
        return None
    return content[:_KEY_HASH_BYTES], content[_KEY_HASH_BYTES:]


def _verifies(key: Ed25519PublicKey, signature: bytes, text: str) -> bool:
    try:
        key.verify(signature, text.encode())
    except InvalidSignature:
        return False
    return True


def _key_hash(name: str, key: Ed25519PublicKey) -> bytes:
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return sha256(name.encode() + b"\n" + _ED25519 + raw).digest()[:_KEY_HASH_BYTES]


def _unnamable(origin: str) -> bool:
    return "+" in origin or any(character.isspace() for character in origin)
