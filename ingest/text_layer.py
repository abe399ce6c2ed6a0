"""The exact words of a born-digital page, where they agree with what is seen.

A text layer may say anything: it is taken only if most of the page agrees with the pixels, only for words
that were seen on the page, and not against a word that was read clearly. So a number that is drawn in a font
the reader stumbles over comes out right, and a hidden text never replaces a visible one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from rapidfuzz.distance import Levenshtein

from common import Box, fold
from ingest.model import Word
from ingest.reading_order import line_text

_AGREEING = 0.85
"""Share of the clearly read words that the layer must have as well."""
_CLEAR = 0.9
_ROW = 64
"""Pixels of one row of the index by height."""
_ALIKE = 0.5
_SURE, _OVERRULED = 0.99, 0.75
"""Confidence of a word that both have, and of one that the layer has against the reader."""


@dataclass(frozen=True, slots=True)
class LayerWord:
    """A word of the PDF's own text and where it is drawn, in pixels of the page."""

    text: str
    box: Box


def prefer_layer(words: Sequence[Word], layer: Sequence[LayerWord]) -> tuple[tuple[Word, ...], str]:
    """The words seen on the page, spelled as the layer spells them where it can be trusted; and the text."""
    spelled, covered = _spellings(words, layer)
    clear = [index for index, word in enumerate(words) if word.confidence >= _CLEAR]
    agreeing = sum(_alike(words[index].text, spelled.get(index, "")) for index in clear)
    if not clear or agreeing < _AGREEING * len(clear):
        return tuple(words), text_of(words)
    chosen = tuple(
        _chosen(word, spelled.get(index))
        for index, word in enumerate(words)
        # The reader saw two words where one is drawn: the other of them has the whole spelling.
        if index in spelled or index not in covered
    )
    return chosen, text_of(chosen)


def text_of(words: Sequence[Word]) -> str:
    """The text of words in reading order: a newline per line, an empty line per block."""
    blocks = []
    for _, block in groupby(words, key=lambda word: word.block):
        lines = groupby(block, key=lambda word: word.line)
        blocks.append("\n".join(line_text([word.text for word in line]) for _, line in lines))
    return "\n\n".join(blocks)


def _spellings(words: Sequence[Word], layer: Sequence[LayerWord]) -> tuple[dict[int, str], set[int]]:
    """For each seen word the layer's words on it, from left to right; and which words are covered by any."""
    found: dict[int, list[LayerWord]] = defaultdict(list)
    covered: set[int] = set()
    rows: dict[int, list[int]] = defaultdict(list)
    for index, word in enumerate(words):
        for row in range(word.box.y0 // _ROW, word.box.y1 // _ROW + 1):
            rows[row].append(index)
    for drawn in layer:
        near = rows[(drawn.box.y0 + drawn.box.y1) // 2 // _ROW]
        shared = {index: _shared(words[index].box, drawn.box) for index in near}
        covered |= {index for index, area in shared.items() if 2 * area > _area(words[index].box)}
        best = max(shared, key=lambda index: shared[index], default=None)
        if best is not None and shared[best] > 0:
            found[best].append(drawn)
    return {
        index: " ".join(drawn.text for drawn in sorted(drawns, key=lambda drawn: drawn.box.x0))
        for index, drawns in found.items()
    }, covered


def _area(box: Box) -> int:
    return box.width * box.height


def _shared(one: Box, other: Box) -> int:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(across, 0) * max(down, 0)


def _alike(seen: str, drawn: str) -> bool:
    return Levenshtein.normalized_similarity(fold(seen), fold(drawn)) > _ALIKE


def _chosen(word: Word, drawn: str | None) -> Word:
    if drawn is None:
        return word
    if drawn == word.text:
        return replace(word, confidence=max(word.confidence, _SURE))
    if word.confidence >= _CLEAR and not _alike(word.text, drawn):
        return word
    return replace(word, text=drawn, confidence=_OVERRULED if not _alike(word.text, drawn) else _SURE)
