"""Readings for the tests: what the reader really gave for drawn samples and real letters, and pages of plain text.

Each file in `readings/` holds the words with boxes and confidences as the reader named in it gave them, and what
stands on the paper: all that a person can read on a drawn sample, of a real letter what is printed, not written.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from ingest import (
    Catalogue,
    DocumentType,
    Field,
    Page,
    PageReading,
    Quality,
    Reading,
    find_fields,
    guess_type,
    load_catalogue,
)

READINGS = Path(__file__).resolve().parent / "readings"
CATALOGUE: Catalogue = load_catalogue()


@dataclass(frozen=True)
class Paper:
    """What the reader gave and what stands there."""

    pages: tuple[PageReading, ...]
    type: str
    truth: dict[str, str]


def paper(name: str) -> Paper:
    """The stored reading of one paper."""
    stored = json.loads((READINGS / f"{name}.json").read_text(encoding="utf-8"))
    return Paper(Reading.from_json(stored["reading"]).pages, stored["type"], stored["fields"])


def paper_names() -> list[str]:
    """All stored papers."""
    return sorted(file.stem for file in READINGS.glob("*.json"))


def plain(*texts: str) -> tuple[PageReading, ...]:
    """Pages without boxes: lines of text, spaces kept."""
    shell = Quality(1.0)
    return tuple(
        PageReading(Page(number, 0, 0, 200, 0, 0.0, False, shell), (), text, 1.0)
        for number, text in enumerate(texts, 1)
    )


def type_of(pages: tuple[PageReading, ...]) -> DocumentType | None:
    """The type that the text suggests."""
    code = guess_type(pages, CATALOGUE).code
    return CATALOGUE.find(code) if code else None


def fields_of(pages: tuple[PageReading, ...]) -> dict[str, Field]:
    """The fields for the type that the text suggests."""
    return find_fields(pages, type_of(pages), CATALOGUE)


def values_of(pages: tuple[PageReading, ...]) -> dict[str, str]:
    """The values alone."""
    return {name: field.value for name, field in fields_of(pages).items()}
