"""The exact words of a born-digital page, where they agree with what is seen.

A text layer may say anything: it is taken only if most of the page agrees with the pixels, and only for words
that were seen on the page. It may put right the marks of letters, and words that were not read clearly. Where
it has other figures than the reader, or other letters than a word that was read clearly, the place is in doubt
and a clear reading stays; one or two figures that the reader took for no number at all are the exception.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from rapidfuzz.distance import Levenshtein

from common import Box, fold, nfc
from ingest.model import Word
from ingest.reading_order import line_text

_AGREEING = 0.85
"""Share of the clearly read words that the layer must have as well."""
_CLEAR = 0.9
_ROW = 64
"""Pixels of one row of the index by height."""
_ALIKE = 0.5
_SURE, _LIKELY, _CONTESTED = 0.99, 0.75, 0.5
"""Confidence of a word that both have; of one that the reader stumbled over; of one on which they disagree, which
is below what a field needs to be without doubt (`found.py`)."""
_LOOKALIKES = str.maketrans("oOlI|i", "001111")
_FEW_FIGURES = 2
"""A day or a month. Longer numbers are never taken against the reader without doubt."""


@dataclass(frozen=True, slots=True)
class LayerWord:
    """A word of the PDF's own text and where it is drawn, in pixels of the page."""

    text: str
    box: Box


def prefer_layer(words: Sequence[Word], layer: Sequence[LayerWord]) -> tuple[tuple[Word, ...], str]:
    """The words seen on the page, spelled as the layer spells them where it can be trusted; and the text."""
    places = _places(words, layer)
    clear = [place for place in places if place.word.confidence >= _CLEAR]
    agreeing = sum(_alike(place.seen, place.drawn) for place in clear)
    others = {index for index, word in enumerate(words) if word.confidence >= _CLEAR}
    others -= {index for place in places for index in place.covers}
    if not clear or agreeing < _AGREEING * (len(clear) + len(others)):
        return tuple(words), text_of(words)
    chosen = dict(enumerate(words))
    for place in places:
        _settle(place, chosen)
    settled = tuple(chosen[index] for index in sorted(chosen))
    return settled, text_of(settled)


def text_of(words: Sequence[Word]) -> str:
    """The text of words in reading order: a newline per line, an empty line per block."""
    blocks = []
    for _, block in groupby(words, key=lambda word: word.block):
        lines = groupby(block, key=lambda word: word.line)
        blocks.append("\n".join(line_text([word.text for word in line]) for _, line in lines))
    return "\n\n".join(blocks)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where both have something: the word seen there (or several, if the reader split what is drawn as one)."""

    index: int
    word: Word
    covers: tuple[int, ...]
    """All words seen here, `index` among them, from left to right."""
    seen: str
    drawn: str


def _places(words: Sequence[Word], layer: Sequence[LayerWord]) -> list[_Place]:
    """Every seen word on which words of the layer lie, with these."""
    found: dict[int, list[LayerWord]] = defaultdict(list)
    owners: dict[int, int] = {}
    rows: dict[int, list[int]] = defaultdict(list)
    for index, word in enumerate(words):
        for row in range(word.box.y0 // _ROW, word.box.y1 // _ROW + 1):
            rows[row].append(index)
    for drawn in layer:
        near = rows[(drawn.box.y0 + drawn.box.y1) // 2 // _ROW]
        shared = {index: _shared(words[index].box, drawn.box) for index in near}
        best = max(shared, key=lambda index: shared[index], default=None)
        if best is not None and shared[best] > 0:
            found[best].append(drawn)
            owners |= {index: best for index, area in shared.items() if 2 * area > _area(words[index].box)}
    parts: dict[int, list[int]] = defaultdict(list)
    for index, owner in owners.items():
        if index not in found and index != owner:
            parts[owner].append(index)
    return [_place(words, index, parts[index], drawns) for index, drawns in found.items()]


def _place(words: Sequence[Word], index: int, parts: Sequence[int], drawns: Sequence[LayerWord]) -> _Place:
    covers = sorted((index, *parts), key=lambda each: words[each].box.x0)
    seen = " ".join(words[each].text for each in covers)
    drawn = " ".join(each.text for each in sorted(drawns, key=lambda each: each.box.x0))
    return _Place(index, words[index], tuple(covers), seen, nfc(drawn))


def _area(box: Box) -> int:
    return box.width * box.height


def _shared(one: Box, other: Box) -> int:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(across, 0) * max(down, 0)


def _alike(seen: str, drawn: str) -> bool:
    return Levenshtein.normalized_similarity(fold(seen), fold(drawn)) > _ALIKE


def _settle(place: _Place, chosen: dict[int, Word]) -> None:
    """Put into `chosen` what holds at this place; words that are parts of one spelling become one."""
    confidence = _trust(place)
    if confidence is None:
        for index in place.covers:
            if _has_figures(place):
                chosen[index] = replace(chosen[index], confidence=min(chosen[index].confidence, _CONTESTED))
        return
    for index in place.covers:
        del chosen[index]
    chosen[place.index] = replace(place.word, text=place.drawn, confidence=confidence)


def _trust(place: _Place) -> float | None:
    """How sure the layer's spelling is; None where what was seen stays."""
    clear = place.word.confidence >= _CLEAR
    if _same(place.seen, place.drawn):
        return max(place.word.confidence, _SURE)
    if _has_figures(place):
        return _LIKELY if _stumbled(place) else None if clear else _CONTESTED
    if clear:
        return None
    return _LIKELY if _alike(place.seen, place.drawn) else _CONTESTED


def _has_figures(place: _Place) -> bool:
    return any(map(str.isdigit, place.seen + place.drawn))


def _same(seen: str, drawn: str) -> bool:
    """Whether both say the same up to marks, specks at the ends, and letters that look like figures."""
    alike = _LOOKALIKES if any(map(str.isdigit, seen + drawn)) else {}
    one, other = (re.sub(r"^\W+|\W+$|\s", "", fold(text.translate(alike))) for text in (seen, drawn))
    return one == other


def _stumbled(place: _Place) -> bool:
    """Whether one or two figures are drawn where the reader, itself unsure, saw no number: `2Š` for `08`."""
    return (
        place.word.confidence < _CLEAR
        and place.drawn.isdigit()
        and len(place.drawn) == len(place.seen) <= _FEW_FIGURES
        and not place.seen.translate(_LOOKALIKES).isdigit()
    )
