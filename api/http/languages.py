"""In which of the two languages an answer is, by the header `Accept-Language` (RFC 9110, section 12.5.4)."""

from enum import StrEnum


class Language(StrEnum):
    VIETNAMESE = "vi"
    ENGLISH = "en"


_LONGEST = 200
"""Characters of the header that are looked at: browsers send less."""


def language_of(header: str | None) -> Language:
    """The best of ours among what is accepted; Vietnamese when none is, or nothing was asked."""
    weighed: list[tuple[float, Language]] = []
    for part in (header or "")[:_LONGEST].split(","):
        tag, _semicolon, weight = part.strip().partition(";")
        for language in Language:
            if tag.strip().lower().split("-")[0] == language.value:
                weighed.append((_weight(weight), language))
    best = max(weighed, key=lambda one: one[0], default=(0.0, Language.VIETNAMESE))
    return best[1] if best[0] > 0 else Language.VIETNAMESE


def _weight(text: str) -> float:
    name, _equals, value = text.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
