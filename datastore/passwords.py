"""Passwords: kept as Argon2id hashes (RFC 9106), compared in the same time whether there is an account or not.

The parameters are data: a hash made with others is still right, and is made anew at the next sign-in.
"""

import threading
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from common import fold
from datastore.errors import PasswordWeak

LEAST = 12
"""Letters. Length makes a password hard to guess (NIST SP 800-63B); which letters they are is left to people."""
MOST = 256
_AT_ONCE = threading.BoundedSemaphore(4)
"""Hashings in one process: each takes 64 MiB, and whoever knocks at the door must not take all there is."""


@dataclass(frozen=True)
class Hashing:
    """How hashes are made: the second recommended option of RFC 9106, section 4, for want of 2 GiB each."""

    time_cost: int = 3
    memory_kib: int = 65_536
    parallelism: int = 4

    @cached_property
    def _hasher(self) -> PasswordHasher:
        return PasswordHasher(
            time_cost=self.time_cost,
            memory_cost=self.memory_kib,
            parallelism=self.parallelism,
            hash_len=32,
            salt_len=16,
            type=Type.ID,
        )

    @cached_property
    def _nobodys(self) -> str:
        """A hash to compare with when there is none."""
        return self.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """The hash of a password, with its parameters and a fresh salt."""
        with _AT_ONCE:
            return self._hasher.hash(_normal(password))

    def fits(self, hash: str | None, password: str) -> bool:
        """Whether this is the password; without a hash it takes as long, and it is not."""
        with _AT_ONCE:
            try:
                return self._hasher.verify(hash or self._nobodys, _normal(password)) and hash is not None
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, hash: str) -> bool:
        """Whether the hash was made with other parameters."""
        return self._hasher.check_needs_rehash(hash)


@dataclass(frozen=True, slots=True)
class HashedPassword:
    """A password that was found strong enough for an account, as it is kept.

    Made before the transaction that keeps it: hashing takes as long as a thousand statements, and others wait.
    """

    username: str
    hash: str = field(repr=False)


HASHING = Hashing()
"""How hashes are made unless an installation is opened with others."""


def require_strong(password: str, username: str) -> None:
    """PasswordWeak for one that is short, endless, one letter over and over, or the account's name."""
    plain = _normal(password)
    if not LEAST <= len(plain) <= MOST or len(set(plain)) < 5 or fold(username) in fold(plain):
        raise PasswordWeak(least=LEAST)


def _normal(password: str) -> str:
    """The same letters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFKC", password)
