"""The name by which people know a file: safe to show, to log and to print, never used as a path."""

import unicodedata

from common import nfc

LONGEST_NAME = 120
_NAMELESS = "không-tên"
# Control, format (all bidirectional overrides are), private use, surrogate, unassigned.
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})


def display_name(raw: str) -> str:
    """The last part of `raw` in NFC without control and bidirectional characters, 120 characters at most.

    A long name keeps its beginning and its suffix, with `…` between.
    """
    last = raw.replace("\\", "/").rstrip("/").rpartition("/")[2]
    shown = "".join(" " if letter.isspace() else letter for letter in nfc(last))
    shown = "".join(letter for letter in shown if unicodedata.category(letter) not in _HIDDEN)
    shown = " ".join(shown.split())
    if not shown.strip(". "):
        return _NAMELESS
    if len(shown) <= LONGEST_NAME:
        return shown
    stem, dot, suffix = shown.rpartition(".")
    ending = f"…{dot}{suffix}" if stem and len(suffix) <= 5 else "…"
    return shown[: LONGEST_NAME - len(ending)] + ending
