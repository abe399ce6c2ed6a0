"""A value found in the text, with the words it was read from: how sure it is follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from common import Box
from ingest.layout import Token
from ingest.model import Field

SURE_MEAN = 0.75
SURE_WORST = 0.55
"""Below these confidences of its words, mean and worst, a person should look. Tesseract gives printed words 0.9 and
more even on photocopies; what a pen wrote and what a seal covers falls below 0.6 (measured on the real letters)."""


@dataclass(frozen=True, slots=True)
class Found:
    """`value` as it is kept; `sure` is False when something else than the words' confidence speaks against it."""

    value: str
    tokens: tuple[Token, ...]
    sure: bool = True

    def as_field(self) -> Field:
        """The value with its place and its doubt."""
        telling = [token for token in self.tokens if any(map(str.isalnum, token.text))] or self.tokens
        mean = sum(token.confidence for token in telling) / len(telling) if telling else 0.0
        worst = min((token.confidence for token in telling), default=0.0)
        doubtful = not self.sure or mean < SURE_MEAN or worst < SURE_WORST
        confidence = round(mean if self.sure else min(mean, 0.5), 3)
        page = self.tokens[0].page if self.tokens else None
        return Field(self.value, confidence, doubtful, page, _box(self.tokens, page))


def _box(tokens: Sequence[Token], page: int | None) -> Box | None:
    boxes = [token.box for token in tokens if token.page == page]
    return reduce(Box.union, boxes) if boxes else None
