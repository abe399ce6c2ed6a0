"""Runs inside the sandbox: draws the pages of a scan, one after the other, as plain pixels.

A page is drawn at the resolution its own scan has, between 150 and 300 dpi, so that one pixel stays one
pixel where possible. PDF pages are drawn with their form widgets and annotations: in Vietnamese e-documents
the number, the date and the seal stand in signature widgets only. Grey pages come as grey.

Each item is `{"number", "width", "height", "channels", "dpi", "words"}` and the pixels, row by row, 8 bits a
channel, red first; `words` are those that a page which is no scan carries as text.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ingest.model import MediaType
from ingest.opening import count_frames, open_image
from ingest.refusals import DamagedFile, TooManyPixels

Pixels = NDArray[np.uint8]
Layer = list[tuple[str, int, int, int, int]]
"""Words and their boxes, left, top, right, bottom, in pixels."""

_LOWEST_DPI, _HIGHEST_DPI = 150, 300
_DPI_OF_A_DRAWING = 200
"""For pages that are no scan: enough for print of 8 points, and what the profiles ask of copies."""
_POINTS = 72
_IMAGE_DEPTH = 4
_MOST_LETTERS = 50_000
_SHARE_OF_A_SCAN = 0.5
"""A picture that covers half of its page makes that page a scan."""

_A4_LONG_SIDE_INCHES = 11.69
_BELIEVABLE_DPI = range(60, 1201)
_BELIEVABLE_SIDES_MM = (40, 600)
"""Between an identity card and A2; a phone's "72 dpi" would make its photo a metre wide."""
_MM_PER_INCH = 25.4
_EQUAL_DPI = 0.02
"""Resolutions that differ by less are rounded differently, no more."""

_COLOUR_DISTANCE = 40
"""Between the strongest and the weakest channel; the colour noise of a JPEG of a grey page stays below."""
_COLOUR_SHARE = 0.0002


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page as pixels, its resolution, and the words it carries itself."""

    pixels: Pixels
    dpi: int
    words: Layer


def draw(request: dict[str, Any]) -> Iterator[tuple[dict[str, Any], memoryview]]:
    """The pages of the file `path` of the kind `kind`, within `pixels` per page, as frames."""
    for number, page in enumerate(drawn_pages(request), start=1):
        plain = np.ascontiguousarray(page.pixels)
        channels = 1 if plain.ndim == 2 else 3
        height, width = plain.shape[:2]
        header: dict[str, Any] = {"number": number, "width": width, "height": height}
        header |= {"channels": channels, "dpi": page.dpi, "words": page.words}
        yield header, plain.data.cast("B")


def drawn_pages(request: dict[str, Any]) -> Iterator[DrawnPage]:
    """The pages of the file that `request` names, as `draw` takes it."""
    path, kind, most = Path(request["path"]), request["kind"], int(request["pixels"])
    return _pdf_pages(path, most) if kind == MediaType.PDF else _image_pages(path, kind, most)


def _pdf_pages(path: Path, most: int) -> Iterator[DrawnPage]:
    try:
        pdf = pypdfium2.PdfDocument(path)
        pdf.init_forms()  # without it no widget is drawn
        for index in range(len(pdf)):
            page = pdf[index]
            dpi, is_scan = _resolution(page)
            width, height = page.get_size()
            pixels = int(width * height * (dpi / _POINTS) ** 2)
            if pixels > most:
                raise TooManyPixels(pixels=pixels, limit=most)
            bitmap = page.render(
                scale=dpi / _POINTS, may_draw_forms=True, draw_annots=True, rev_byteorder=True
            )
            drawn = np.array(bitmap.to_numpy()[:, :, :3])
            bitmap.close()
            page.close()
            layer = [] if is_scan else _own_words(pdf, index, drawn.shape[1], drawn.shape[0])
            yield DrawnPage(_without_idle_colour(drawn), round(dpi), layer)
    except pypdfium2.PdfiumError as error:
        raise DamagedFile from error


def _resolution(page: Any) -> tuple[float, bool]:
    """Dots per inch of the largest picture, and whether that makes the page a scan; not rounded."""
    width, height = page.get_size()
    best, share = float(_DPI_OF_A_DRAWING), _SHARE_OF_A_SCAN
    kinds = [pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]
    for picture in page.get_objects(filter=kinds, max_depth=_IMAGE_DEPTH):
        left, bottom, right, top = picture.get_bounds()
        covered = (right - left) * (top - bottom) / max(width * height, 1)
        if covered >= share:
            # As it was placed: a matrix of a form around it does not show in the picture's own numbers.
            across, down = picture.get_px_size()
            if (across > down) != (right - left > top - bottom):
                across, down = down, across
            best, share = max(across / (right - left), down / (top - bottom)) * _POINTS, covered
    return min(max(best, _LOWEST_DPI), _HIGHEST_DPI), share > _SHARE_OF_A_SCAN


def _own_words(pdf: Any, index: int, width: int, height: int) -> Layer:
    """The words that the page draws as text, widgets included, with their boxes in its pixels."""
    page = pdf[index]
    # Flattening makes widgets part of the page, whose text alone can be asked for. In memory only.
    pypdfium2.raw.FPDFPage_Flatten(page.raw, pypdfium2.raw.FLAT_NORMALDISPLAY)
    page.close()
    page = pdf[index]
    text = page.get_textpage()
    words: Layer = []
    letters: list[str] = []
    corners: list[tuple[float, float]] = []
    for place in range(min(text.count_chars(), _MOST_LETTERS)):
        letter = chr(pypdfium2.raw.FPDFText_GetUnicode(text.raw, place))
        if letter.isspace() or not letter.isprintable():
            _end_word(page, (width, height), letters, corners, words)
            letters, corners = [], []
        else:
            left, bottom, right, top = text.get_charbox(place)
            letters.append(letter)
            corners += [(left, top), (right, bottom)]
    _end_word(page, (width, height), letters, corners, words)
    text.close()
    page.close()
    return words


def _end_word(
    page: Any,
    size: tuple[int, int],
    letters: list[str],
    corners: list[tuple[float, float]],
    words: Layer,
) -> None:
    if not letters:
        return
    across, down = ctypes.c_int(), ctypes.c_int()
    placed = []
    for x, y in corners:
        pypdfium2.raw.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, across, down)
        placed.append((across.value, down.value))
    xs, ys = [x for x, _ in placed], [y for _, y in placed]
    words.append(("".join(letters), min(xs), min(ys), max(xs), max(ys)))


def _image_pages(path: Path, kind: str, most: int) -> Iterator[DrawnPage]:
    Image.MAX_IMAGE_PIXELS = None  # counted when the file was opened, and here again
    image = open_image(path, kind)
    for index in range(count_frames(image, kind)):
        image.seek(index)
        if image.width * image.height > most:
            raise TooManyPixels(pixels=image.width * image.height, limit=most)
        squared = _with_square_pixels(image, most)
        dpi = _believable_dpi(squared)
        yield DrawnPage(*_reduced(_without_idle_colour(_plain(_upright(squared))), dpi), [])


def _with_square_pixels(image: Image.Image, most: int) -> Image.Image:
    """Stretched where the two resolutions differ, as in a fax of 204 by 98 dpi; else the image itself."""
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return image
    believable = int(min(across, down)) in _BELIEVABLE_DPI and int(max(across, down)) in _BELIEVABLE_DPI
    if not believable or abs(across - down) <= _EQUAL_DPI * max(across, down):
        return image
    dpi = max(across, down)
    size = round(image.width * dpi / across), round(image.height * dpi / down)
    if size[0] * size[1] > most:
        raise TooManyPixels(pixels=size[0] * size[1], limit=most)
    stretched = image.convert("L" if image.mode == "1" else image.mode).resize(size)
    stretched.info["dpi"] = (dpi, dpi)
    return stretched


def _believable_dpi(image: Image.Image) -> float:
    """The resolution that the image names, if a sheet of paper of that size exists; else as if it were A4."""
    try:
        across, down = (float(value) for value in image.info["dpi"])
        dpi = max(across, down)
        sides = [side / dpi * _MM_PER_INCH for side in image.size]
        shortest, longest = _BELIEVABLE_SIDES_MM
        if int(dpi) in _BELIEVABLE_DPI and shortest < min(sides) and max(sides) < longest:
            return dpi
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        pass  # none, or an EXIF fraction of nothing
    return max(image.size) / _A4_LONG_SIDE_INCHES


def _upright(image: Image.Image) -> Image.Image:
    """Turned as the camera noted it; a broken note turns nothing."""
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return image


def _plain(image: Image.Image) -> Pixels:
    """Grey or RGB with 8 bits a channel, transparent parts as white paper."""
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    if image.mode.startswith(("I", "F")):
        deep = np.asarray(image).astype(np.float32)
        return np.asarray(cv2.normalize(deep, None, 0, 255, cv2.NORM_MINMAX)).astype(np.uint8)  # type: ignore[call-overload]
    if "A" in image.mode or "transparency" in image.info:
        layered = image.convert("RGBA")
        paper = Image.new("RGBA", layered.size, "white")
        paper.alpha_composite(layered)
        image = paper
    return np.asarray(image.convert("RGB"))


def _reduced(pixels: Pixels, dpi: float) -> tuple[Pixels, int]:
    """At 300 dpi at most; never enlarged, which helps no reader."""
    if dpi <= _HIGHEST_DPI:
        return pixels, max(1, round(dpi))
    factor = _HIGHEST_DPI / dpi
    smaller = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, dtype=np.uint8), _HIGHEST_DPI


def _without_idle_colour(pixels: Pixels) -> Pixels:
    """Grey where no part of the page has a colour worth keeping."""
    if pixels.ndim == 2:
        return pixels
    red, green, blue = cv2.split(pixels[::2, ::2])
    strongest, weakest = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    coloured = int(np.count_nonzero(cv2.subtract(strongest, weakest) > _COLOUR_DISTANCE))
    if coloured > _COLOUR_SHARE * red.size:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
