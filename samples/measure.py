"""How well plain Tesseract reads the drawn papers, page by page: `python samples/measure.py [DIR]`.

It shows that picture and truth agree; it is no reader. The page is turned upright by its truth and only its
red channel is read, in which a red seal almost vanishes. Both texts are NFC with white space folded and
leader dots (two or more in a row) left out; of the orders in which cells side by side may be read the best
counts.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image, ImageSequence
from rapidfuzz.distance import Levenshtein

Json = Mapping[str, Any]


def main(folder: Path) -> None:
    for truth_file in sorted(folder.glob("*.truth.json")):
        _report(_picture_of(truth_file), json.loads(truth_file.read_text(encoding="utf-8")))


def _report(path: Path, truth: Json) -> None:
    for number, (image, page) in enumerate(zip(pages(path), truth["pages"], strict=True), 1):
        red = image.convert("RGB").rotate(truth["turned"], expand=True).getchannel("R")
        print(f"{path.name:48} {number} {character_error(recognise(red), page):6.2%}", flush=True)


def pages(path: Path) -> Iterator[Image.Image]:
    """Every page of an image file or PDF, the latter at 200 dpi."""
    if path.suffix == ".pdf":
        document = pypdfium2.PdfDocument(path)
        document.init_forms()  # number, date and seal of an electronic document are drawn by form widgets
        for page in document:
            yield page.render(scale=200 / 72).to_pil()
        return
    with Image.open(path) as image:
        for frame in ImageSequence.Iterator(image):
            yield frame.copy()


def recognise(image: Image.Image) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.png"
        image.save(file, dpi=(200, 200) if image.width < 2400 else (300, 300), compress_level=1)
        command = ["tesseract", str(file), "-", "-l", "vie"]
        done = subprocess.run(
            command, capture_output=True, check=True, env=os.environ | {"OMP_THREAD_LIMIT": "1"}
        )
    return done.stdout.decode("utf-8")


def character_error(read: str, page: Json) -> float:
    """Edits per character of the truth, for the best of the reading orders."""
    return min(_error(folded(read), folded(text)) for text in readings(page))


def _error(read: str, text: str) -> float:
    return Levenshtein.distance(read, text) / max(1, len(text))


def readings(page: Json) -> Iterator[str]:
    """The text of the page in every allowed order."""
    spans: Sequence[Json] = page["alternatives"]
    few = [span["orders"] if len(spans) <= 4 else span["orders"][:1] for span in spans]
    for choice in itertools.product(*few):
        text = page["text"]
        for span, order in reversed(list(zip(spans, choice, strict=True))):
            text = text[: span["start"]] + order + text[span["end"] :]
        yield text


def folded(text: str) -> str:
    plain = re.sub(r"[.…·]{2,}", " ", unicodedata.normalize("NFC", text))
    return " ".join(plain.split())


def _picture_of(truth_file: Path) -> Path:
    stem = truth_file.name.removesuffix(".truth.json")
    return next(path for path in truth_file.parent.glob(f"{stem}.*") if path != truth_file)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
