"""Bytes as decimal digits, so that a QR code carries them in its dense numeric mode.

7 bytes become 17 digits; a last group of 1 to 6 bytes becomes 3, 5, 8, 10, 13 or 15 digits; each group is a
big-endian number, padded on the left with zeros. Every byte string has exactly one digit string and the
decoder refuses everything else, so digits can be compared instead of bytes.
"""

from common import KhosoError

GROUP_BYTES = 7
GROUP_DIGITS = 17
_DIGITS = {1: 3, 2: 5, 3: 8, 4: 10, 5: 13, 6: 15, GROUP_BYTES: GROUP_DIGITS}
_BYTES = {digits: size for size, digits in _DIGITS.items()}


class DigitsDamaged(KhosoError):
    """The digits are not ones that `to_digits` writes: one was changed, lost or added on the way."""

    code = "seal-digits-damaged"


def to_digits(content: bytes) -> str:
    """`content` as decimal digits, about 2.43 for each byte."""
    groups = (content[start : start + GROUP_BYTES] for start in range(0, len(content), GROUP_BYTES))
    return "".join(f"{int.from_bytes(group):0{_DIGITS[len(group)]}d}" for group in groups)


def from_digits(digits: str) -> bytes:
    """The bytes whose digits these are; DigitsDamaged when the length, a value or a sign is wrong."""
    if not (digits.isascii() and digits.isdigit()):
        raise DigitsDamaged
    groups = (digits[start : start + GROUP_DIGITS] for start in range(0, len(digits), GROUP_DIGITS))
    return b"".join(_bytes_of(group) for group in groups)


def digits_needed(size: int) -> int:
    """How many digits `size` bytes become."""
    whole, rest = divmod(size, GROUP_BYTES)
    return whole * GROUP_DIGITS + (_DIGITS[rest] if rest else 0)


def _bytes_of(group: str) -> bytes:
    size = _BYTES.get(len(group))
    value = int(group)
    if size is None or value >= 1 << 8 * size:
        raise DigitsDamaged
    return value.to_bytes(size)
