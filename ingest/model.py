"""The values of the room: what a scan is, what was seen and read on its pages, and what was made of it.

All boxes are in pixels of the upright page, before deskewing: the page as a person sees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from common import Box, Digest, Sentence


class MediaType(StrEnum):
    """The kinds of file that are taken in, known by their content."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    TIFF = "image/tiff"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one incoming file may cost. Settings of an installation; these are the defaults."""

    bytes: int = 200_000_000
    pages: int = 1_000
    pixels_per_page: int = 80_000_000
    """A3 at 600 dpi has 70 million."""
    open_seconds: float = 10.0
    page_seconds: float = 30.0
    """Drawing one page; reading it may take twice as long."""
    memory_bytes: int = 900_000_000
    """Of the child that opens and draws, besides its libraries; the whole journey then stays below 1.5 GB."""
    output_bytes: int = 2_000_000_000
    """Size of the searchable PDF."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A file that was opened and found fit: its name, kind, size, digest and number of pages."""

    path: Path
    name: str
    media_type: MediaType
    size: int
    sha256: Digest
    pages: int
    signed: bool
    """The PDF carries a filled signature field, whatever that signature is worth."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a page can be read, 0 (not) to 1 (well), and why not better."""

    score: float
    reasons: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page, upright."""

    number: int
    """From 1, through all scans of the document."""
    width: int
    height: int
    dpi: int
    rotation: int
    """The clockwise turn, 0, 90, 180 or 270 degrees, that made the page upright."""
    skew: float
    """Degrees that the lines lean clockwise. The page stays leaning; only the reader's copy is turned."""
    blank: bool
    quality: Quality


@dataclass(frozen=True, slots=True)
class Word:
    """One word in NFC. `line` counts through the page in reading order, `block` through its paragraphs."""

    text: str
    box: Box
    confidence: float
    line: int
    block: int


@dataclass(frozen=True, slots=True)
class PageReading:
    """What was read on a page: words in reading order; text with a line per line, an empty one per block."""

    page: Page
    words: tuple[Word, ...]
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class TypeGuess:
    """The document type that the text suggests; `code` as shown to the outside (national where known)."""

    code: str | None
    name: str | None
    score: float
    runner_up: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One value found in the text, where it stands, and whether a person should look."""

    value: str
    confidence: float
    doubtful: bool
    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that was read of a document, and by which engine, version and model."""

    pages: tuple[PageReading, ...]
    doc_type: TypeGuess
    fields: Mapping[str, Field] = field(default_factory=dict)
    recogniser: str = ""

    @property
    def text(self) -> str:
        """The text of all pages, pages parted by a form feed."""
        return "\f".join(page.text for page in self.pages)

    def as_json(self) -> dict[str, Any]:
        """The reading as JSON values, complete: `from_json` gives an equal reading back."""
        return {
            "pages": [page_as_json(page) for page in self.pages],
            "text": self.text,
            "doc_type": {
                "code": self.doc_type.code,
                "name": self.doc_type.name,
                "score": self.doc_type.score,
                "runner_up": self.doc_type.runner_up,
            },
            "fields": {name: _field_as_json(found) for name, found in self.fields.items()},
            "recogniser": self.recogniser,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Reading":
        """The reading that `as_json` wrote; KeyError or TypeError for anything else."""
        guess = value["doc_type"]
        return cls(
            pages=tuple(page_from_json(page) for page in value["pages"]),
            doc_type=TypeGuess(guess["code"], guess["name"], guess["score"], guess["runner_up"]),
            fields=fields_from_json(value["fields"]),
            recogniser=value["recogniser"],
        )


@dataclass(frozen=True, slots=True)
class Document:
    """One document: the scans it came from, its searchable PDF/A-2b, and its reading."""

    scans: tuple[Scan, ...]
    pdf: Path | None
    """None when the scan is a signed PDF: that file is the document and nothing is made of it."""
    sha256: Digest | None
    reading: Reading


@dataclass(frozen=True, slots=True)
class Barcode:
    """A machine-readable code on a page: its text, its kind (`QRCode`, …) and where it stands."""

    text: str
    format: str
    page: int
    box: Box


def page_as_json(reading: PageReading) -> dict[str, Any]:
    """One page of `Reading.as_json`, words as `[text, x0, y0, x1, y1, confidence, line, block]`."""
    page = reading.page
    return {
        "number": page.number,
        "width": page.width,
        "height": page.height,
        "dpi": page.dpi,
        "rotation": page.rotation,
        "skew": page.skew,
        "blank": page.blank,
        "quality": {
            "score": page.quality.score,
            "reasons": [reason.as_json() for reason in page.quality.reasons],
        },
        "text": reading.text,
        "confidence": reading.confidence,
        "words": [
            [word.text, *word.box.as_list(), word.confidence, word.line, word.block] for word in reading.words
        ],
    }


def page_from_json(value: Mapping[str, Any]) -> PageReading:
    """The page's reading that `Reading.as_json` wrote under `pages`."""
    reasons = tuple(Sentence(**reason) for reason in value["quality"]["reasons"])
    page = Page(
        number=value["number"],
        width=value["width"],
        height=value["height"],
        dpi=value["dpi"],
        rotation=value["rotation"],
        skew=value["skew"],
        blank=value["blank"],
        quality=Quality(value["quality"]["score"], reasons),
    )
    words = tuple(
        Word(text, Box(x0, y0, x1, y1), confidence, line, block)
        for text, x0, y0, x1, y1, confidence, line, block in value["words"]
    )
    return PageReading(page, words, value["text"], value["confidence"])


def _field_as_json(found: Field) -> dict[str, Any]:
    return {
        "value": found.value,
        "confidence": found.confidence,
        "doubtful": found.doubtful,
        "page": found.page,
        "box": None if found.box is None else found.box.as_list(),
    }


def fields_from_json(value: Mapping[str, Any]) -> dict[str, Field]:
    """The fields that `Reading.as_json` wrote under `fields`."""
    return {name: _field_from_json(found) for name, found in value.items()}


def _field_from_json(value: Mapping[str, Any]) -> Field:
    box = None if value["box"] is None else Box(*value["box"])
    return Field(value["value"], value["confidence"], value["doubtful"], value["page"], box)
