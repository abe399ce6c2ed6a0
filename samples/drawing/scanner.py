"""Scans a paper into a file of the asked format, and writes its truth beside it.

A file is the same byte for byte for the same seed on one machine: no clock, no random names.
"""

import json
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
from PIL import Image

from drawing.forms.parts import Paper
from drawing.ink import Picture, ink_on_paper
from drawing.sheet import Grid, Leaf
from drawing.troubles import Grade, troubles_of, turned

JPEG_QUALITY = 75
NO_DATE = time.gmtime(0)


class Format(StrEnum):
    JPEG = "jpg"
    PNG = "png"
    TIFF = "tif"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class Scan:
    """How a paper meets the scanner: format, resolution, quarters turned clockwise, folds, paper colour."""

    format: Format = Format.JPEG
    dpi: int = 200
    quarters: int = 0
    folds: tuple[float, ...] = ()
    paper: tuple[int, int, int] = (247, 245, 239)
    skew: tuple[float, float] = (0.3, 1.6)
    noise: float = 1.5


@dataclass(frozen=True, slots=True)
class Scanned:
    """A written file with what is true of it."""

    file: str
    paper: Paper
    quarters: int = field(default=0)


def scan(paper: Paper, how: Scan, grade: Grade, folder: Path, rng: np.random.Generator) -> Scanned:
    """Draw, trouble and save every page, and write `NAME.truth.json`."""
    dpi = how.dpi if grade is Grade.OFFICE else 150
    pages = [_page(leaf, how, grade, dpi, rng) for leaf in paper.leaves]
    path = folder / f"{paper.name}.{how.format}"
    _save(path, [Image.fromarray(page) for page in pages], how.format, dpi)
    write_truth(folder / f"{paper.name}.truth.json", truth(paper, how.quarters))
    return Scanned(path.name, paper, how.quarters)


def _page(leaf: Leaf, how: Scan, grade: Grade, dpi: int, rng: np.random.Generator) -> Picture:
    skew = float(rng.uniform(*how.skew)) * float(rng.choice((-1, 1)))
    picture = ink_on_paper(leaf, dpi, how.paper, rng)
    for trouble in troubles_of(grade, dpi, skew, how.folds, how.noise):
        picture = trouble(picture, rng)
    return turned(how.quarters)(picture, rng) if how.quarters else picture


def _save(path: Path, pages: Sequence[Image.Image], form: Format, dpi: int) -> None:
    first, rest = pages[0], list(pages[1:])
    match form:
        case Format.JPEG:
            first.save(path, quality=JPEG_QUALITY, dpi=(dpi, dpi))
        case Format.PNG:
            first.save(path, optimize=True, dpi=(dpi, dpi))
        case Format.TIFF:
            coded = [page.convert("YCbCr") for page in pages]
            coded[0].save(
                path,
                save_all=True,
                append_images=coded[1:],
                compression="jpeg",
                quality=JPEG_QUALITY,
                dpi=(dpi, dpi),
            )
        case Format.PDF:
            first.save(
                path, save_all=True, append_images=rest, resolution=dpi, quality=JPEG_QUALITY,
                creationDate=NO_DATE, modDate=NO_DATE,
            )  # fmt: skip


def truth(paper: Paper, quarters: int) -> Mapping[str, object]:
    """Type, owners, fields and per page the exact text; `alternatives` are spans with more than one order."""
    return {
        "type": paper.type,
        "code": paper.code,
        "owners": [owner.identifier for owner in paper.owners],
        "turned": quarters * 90,
        "pages": [_page_truth(leaf) for leaf in paper.leaves],
        "fields": dict(paper.fields),
    }


def _page_truth(leaf: Leaf) -> Mapping[str, object]:
    text, alternatives = "", []
    for part in leaf.story:
        natural = _nfc(part.natural() if isinstance(part, Grid) else part)
        if isinstance(part, Grid) and len(part.orders()) > 1:
            span = {"start": len(text), "end": len(text) + len(natural)}
            alternatives.append(span | {"orders": [_nfc(order) for order in part.orders()]})
        text += natural + "\n"
    return {"text": text.rstrip("\n"), "alternatives": alternatives}


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def write_truth(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
