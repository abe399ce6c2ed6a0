"""Vietnamese text: one normal form for keeping, one folded form for finding."""

import re
import unicodedata

_UNSHOWN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff]")


def nfc(text: str) -> str:
    """Unicode normal form C, the only form that is kept."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """The form in which `Nguyễn Đức` and `nguyen duc` are the same: NFC, casefold, marks stripped, đ → d."""
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFD", nfc(text).casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare).replace("đ", "d")


def one_line(text: str) -> str:
    """NFC with every run of white space as one space."""
    return " ".join(nfc(text).split())


def has_unshown(text: str) -> bool:
    """Whether it holds what no screen shows: controls, line breaks, zero widths, turns of the writing direction."""
    return _UNSHOWN.search(text) is not None
