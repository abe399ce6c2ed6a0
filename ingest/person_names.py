"""Vietnamese names of persons: which word can be a family name, and how it is spelt.

There are few family names; one that was read with a wrong accent (`Ngố`, `ĐỈNH`) is put right. Other words of a
name are kept as they were read.
"""

import re
from collections.abc import Sequence
from functools import cache

from common import fold, nfc
from ingest.official import word_list


def bare_word(text: str) -> str:
    """The word without what a seal or a dotted line left around it."""
    return re.sub(r"^[\W_]+|[\W_]+$", "", nfc(text))


@cache
def _spellings() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in word_list("family_names"):
        found[fold(name)] = (*found.get(fold(name), ()), name)
    return found


def is_family_name(word: str) -> bool:
    """Whether the word is a family name but for its accents."""
    return bool(word) and word[0].isupper() and fold(word) in _spellings()


def respelt_name(words: Sequence[str]) -> str:
    """The name with its family name spelt as family names are, where only one spelling is possible."""
    first, *others = words
    known = _spellings().get(fold(first), ())
    if len(known) == 1 and first.casefold() != known[0].casefold():
        first = known[0].upper() if first.isupper() else known[0]
    return " ".join([first, *others])
