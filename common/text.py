"""Vietnamese text: one normal form for keeping, one folded form for finding."""

import unicodedata


def nfc(text: str) -> str:
    """Unicode normal form C, the only form that is kept."""
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """The form in which `Nguyễn Đức` and `nguyen duc` are the same: NFC, casefold, marks stripped, đ → d."""
    decomposed = unicodedata.normalize("NFD", nfc(text).casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare).replace("đ", "d")


def one_line(text: str) -> str:
    """NFC with every run of white space as one space."""
    return " ".join(nfc(text).split())
