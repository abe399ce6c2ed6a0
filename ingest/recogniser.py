"""Tesseract, the one place that knows it, behind one protocol with two implementations.

`tesserocr` keeps the engine loaded in the process and takes pixels as they are; `pytesseract` starts the
installed program for every page. Both read Vietnamese with page layout analysis (psm 3) and one thread: pages
run side by side instead.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from common import KhosoError, nfc

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

LANGUAGE = "vie"
RECOGNISERS = ("tesserocr", "pytesseract")
_LAYOUT = 3
"""Tesseract's psm 3: fully automatic, without orientation. Measured against 4, 6 and 11: they read worse."""
_FOLDERS = (
    Path("/usr/share/tesseract-ocr/5/tessdata"),  # Debian 12, Ubuntu 24.04
    Path("/usr/share/tessdata"),
    Path("/usr/local/share/tessdata"),
)
_WORD_LEVEL = "5"
_SURE_OF_ORIENTATION = 2.0
"""Tesseract's own scale, on which 15 is called reasonably confident; below 2 it guesses."""


class ModelMissing(KhosoError):
    """The Vietnamese model of Tesseract is not installed."""

    code = "model_missing"


@dataclass(frozen=True, slots=True)
class RawWord:
    """A word as the engine gives it: box on the reader's image, place in its layout, confidence 0..1."""

    text: str
    left: int
    top: int
    width: int
    height: int
    confidence: float
    block: int
    paragraph: int
    line: int


class Recogniser(Protocol):
    """An engine that reads one grey page at a time."""

    @property
    def name(self) -> str:
        """Binding, engine and model with their versions, as every reading names them."""

    def read(self, page: "Pixels", dpi: int) -> list[RawWord]:
        """The words of an upright page in the engine's reading order."""

    def orientation(self, page: "Pixels", dpi: int) -> int | None:
        """The clockwise turn in degrees that makes the page upright; None when the engine is not sure."""


def find_tessdata(folder: Path | None = None) -> Path:
    """The folder with `vie.traineddata`: the one handed in, else where the distributions put it."""
    for place in _FOLDERS if folder is None else (folder,):
        if (place / f"{LANGUAGE}.traineddata").is_file():
            return place
    raise ModelMissing(language=LANGUAGE, package=f"tesseract-ocr-{LANGUAGE}")


def open_recogniser(kind: str, tessdata: Path) -> Recogniser:
    """The recogniser called `tesserocr` or `pytesseract`; ValueError for another name."""
    if kind == "tesserocr":
        return TesserocrRecogniser(tessdata)
    if kind == "pytesseract":
        return PytesseractRecogniser(tessdata)
    raise ValueError(f"no recogniser is called {kind}")


class TesserocrRecogniser:
    """The engine as a library of this process, loaded once."""

    def __init__(self, tessdata: Path) -> None:
        import tesserocr

        self._library = tesserocr
        self._tessdata = tessdata
        self._engine = tesserocr.PyTessBaseAPI(path=f"{tessdata}/", lang=LANGUAGE, psm=_LAYOUT)
        _speak_to_standard_error(self._engine)
        engine = tesserocr.tesseract_version().split()[1]
        self.name = f"tesserocr {version('tesserocr')}, tesseract {engine}, {_model(tessdata)}"

    def read(self, page: "Pixels", dpi: int) -> list[RawWord]:
        _show(self._engine, page, dpi)
        self._engine.Recognize()
        words = list(_words(self._engine.GetTSVText(0)))
        self._engine.Clear()
        return words

    def orientation(self, page: "Pixels", dpi: int) -> int | None:
        if not (self._tessdata / "osd.traineddata").is_file():
            return None
        osd = self._library.PSM.OSD_ONLY
        with self._library.PyTessBaseAPI(path=f"{self._tessdata}/", lang="osd", psm=osd) as engine:
            _speak_to_standard_error(engine)
            _show(engine, page, dpi)
            found = engine.DetectOrientationScript()
        if not found or found["orient_conf"] < _SURE_OF_ORIENTATION:
            return None
        return (360 - int(found["orient_deg"])) % 360


class PytesseractRecogniser:
    """The installed program `tesseract`, started once per page."""

    def __init__(self, tessdata: Path) -> None:
        import pytesseract

        self._library = pytesseract
        self._tessdata = tessdata
        engine = pytesseract.get_tesseract_version()
        self.name = f"pytesseract {version('pytesseract')}, tesseract {engine}, {_model(tessdata)}"

    def read(self, page: "Pixels", dpi: int) -> list[RawWord]:
        options = f'--psm {_LAYOUT} --dpi {dpi} --tessdata-dir "{self._tessdata}"'
        return list(_words(self._library.image_to_data(page, lang=LANGUAGE, config=options)))

    def orientation(self, page: "Pixels", dpi: int) -> int | None:
        options = f'--psm 0 --dpi {dpi} --tessdata-dir "{self._tessdata}"'
        try:
            found = self._library.image_to_osd(page, config=options, output_type="dict")
        except self._library.TesseractError:
            return None  # too few letters, or no model for orientation
        if found["orientation_conf"] < _SURE_OF_ORIENTATION:
            return None
        return int(found["rotate"])


def _speak_to_standard_error(engine: Any) -> None:
    """Its messages went to a file that it opens for writing, which walls forbid, and it dies of that."""
    engine.SetVariable("debug_file", "")


def _show(engine: Any, page: "Pixels", dpi: int) -> None:
    height, width = page.shape
    engine.SetImageBytes(page.tobytes(), width, height, 1, width)
    engine.SetSourceResolution(dpi)


def _model(tessdata: Path) -> str:
    digest = hashlib.sha256((tessdata / f"{LANGUAGE}.traineddata").read_bytes()).hexdigest()
    return f"{LANGUAGE} {digest[:12]}"


def _words(table: str) -> Iterator[RawWord]:
    """The words of Tesseract's TSV output, in NFC."""
    for row in table.splitlines():
        cells = row.split("\t", 11)
        if len(cells) < 12 or cells[0] != _WORD_LEVEL or not cells[11].strip():
            continue
        block, paragraph, line, _, left, top, width, height = (int(cell) for cell in cells[2:10])
        confidence = min(max(float(cells[10]) / 100, 0.0), 1.0)
        text = nfc(cells[11].strip())
        yield RawWord(text, left, top, width, height, confidence, block, paragraph, line)
