"""Bearer secrets: 256 random bits, of which only the SHA-256 is kept. Being random, they need no slow hash."""

import secrets
from hashlib import sha256


def new_token() -> str:
    """A fresh one, in letters that stand in addresses and headers."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> bytes:
    """What is kept of it; whatever somebody sends has one."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
