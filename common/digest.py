"""SHA-256 of bytes and files, as a type of its own so that a digest is never taken for content."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = 1 << 20
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Digest:
    """A SHA-256 value (FIPS 180-4): 32 bytes."""

    value: bytes

    def __post_init__(self) -> None:
        if len(self.value) != _BYTES:
            raise ValueError(f"a SHA-256 digest has 32 bytes, not {len(self.value)}")

    @property
    def hex(self) -> str:
        """Lower-case hexadecimal, 64 characters."""
        return self.value.hex()

    @classmethod
    def from_hex(cls, text: str) -> "Digest":
        """The digest written as 64 lower-case hexadecimal characters; ValueError for anything else."""
        if not re.fullmatch(r"[0-9a-f]{64}", text):
            raise ValueError("not a SHA-256 digest in hexadecimal")
        return cls(bytes.fromhex(text))

    @classmethod
    def of(cls, content: bytes) -> "Digest":
        """The digest of `content`."""
        return cls(hashlib.sha256(content).digest())

    @classmethod
    def of_file(cls, path: Path) -> "Digest":
        """The digest of a file's bytes, read in blocks."""
        hasher = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                hasher.update(block)
        return cls(hasher.digest())

    def __str__(self) -> str:
        return self.hex
