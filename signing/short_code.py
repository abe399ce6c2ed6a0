"""The short code beside a QR code: 12 random Crockford characters and a check character, to be typed by hand.

The alphabet has no I, L, O, U; reading forgives what people do (o for 0, i and l for 1, small letters,
hyphens, spaces). The check character is Crockford's (the number modulo 37), which finds every single wrong
character and every swap of neighbours. It has five signs beyond the alphabet (`*~$=U`); codes that would
need one are never made. A code is 60 random bits: it names a print and opens nothing but its status.
"""

import re
import secrets

from common import KhosoError

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHARACTERS = 12
_MODULUS = 37
_FORGIVEN = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "–": None})
_AS_PRINTED = re.compile(r"[0-9A-Za-z]{3,5}([- ])[0-9A-Za-z]{3,5}\1[0-9A-Za-z]{3,5}\1[0-9A-Za-z]{1,2}")
"""Three groups of four and the check character, give or take one each."""


class BadShortCode(KhosoError):
    """The text is not a short code: mistyped, cut or something else."""

    code = "short_code_wrong"


def new_short_code() -> str:
    """A fresh code as it is printed, `XXXX-XXXX-XXXX-X`."""
    while True:
        body = "".join(secrets.choice(CROCKFORD) for _ in range(CHARACTERS))
        remainder = _number(body) % _MODULUS
        if remainder < len(CROCKFORD):
            return _grouped(body + CROCKFORD[remainder])


def check_short_code(text: str) -> str:
    """The code that `text` means, as it is printed; BadShortCode when it has a slip of the pen."""
    bare = text.strip().upper().translate(_FORGIVEN)
    if len(bare) != CHARACTERS + 1 or not set(bare) <= set(CROCKFORD):
        raise BadShortCode
    if _number(bare[:-1]) % _MODULUS != CROCKFORD.index(bare[-1]):
        raise BadShortCode
    return _grouped(bare)


def is_meant_as_short_code(text: str) -> bool:
    """Whether somebody typed a short code, perhaps with a slip: as long in one piece, or grouped as it is printed."""
    said = text.strip()
    if not said.isascii():
        return False
    in_one_piece = len(said) == CHARACTERS + 1 and said.isalnum() and not said.isalpha()
    return in_one_piece or _AS_PRINTED.fullmatch(said) is not None


def _number(body: str) -> int:
    value = 0
    for character in body:
        value = value * len(CROCKFORD) + CROCKFORD.index(character)
    return value


def _grouped(bare: str) -> str:
    return "-".join((bare[:4], bare[4:8], bare[8:12], bare[12:]))
