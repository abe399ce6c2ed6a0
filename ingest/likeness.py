"""How alike two printed phrases are when one of them was read by a machine."""

import re

from rapidfuzz import fuzz

from common import fold

_LOOKALIKES = str.maketrans({"0": "o", "1": "i", "|": "i", "5": "s", "8": "b"})


def letters_only(text: str) -> str:
    """Folded text, letters alone, with the digits that stand for misread letters as those letters."""
    return re.sub(r"[^a-z]", "", fold(text).translate(_LOOKALIKES))


def likeness(one: str, other: str) -> float:
    """0 (nothing shared) to 1 (equal) between two texts that `letters_only` made."""
    return fuzz.ratio(one, other) / 100
