"""Runs inside the sandbox: looks through one file before it is taken in. See `scan.open_scan`.

Refuses what it knows; whatever else a parser raises, or dies of, the sandbox turns into DamagedFile.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
from PIL import Image

from ingest.model import MediaType
from ingest.refusals import (
    DamagedFile,
    DynamicForm,
    NoPages,
    PasswordProtected,
    TooManyPages,
    TooManyPixels,
)

# The refusals get the file's name from the parent.
_TAIL = 2048
"""Where the last %%EOF must stand; scanners pad with some zeros, a broken upload has none."""
_STRIP_OFFSETS, _STRIP_SIZES, _TILE_OFFSETS, _TILE_SIZES = 273, 279, 324, 325

# One page at the lowest resolution at which it is drawn.
_LOWEST_DPI = 150
_POINTS = 72
_SMALLEST_SIDE = 3
"""Points; no page of a PDF may be smaller (ISO 32000-1, Annex C.2)."""
_MOST_TIMES_AS_LONG = 100
"""An image of which an A4-long page would be a strip of 3 mm."""


def look(request: dict[str, Any]) -> dict[str, Any]:
    """`{"pages", "signed"}` of the file `path`, of the kind `kind`, within `pages` and `pixels`."""
    path = Path(request["path"])
    if request["kind"] == MediaType.PDF:
        return _look_at_pdf(path, request["pages"], request["pixels"])
    pages = _look_at_image(path, request["kind"], request["pages"], request["pixels"])
    return {"pages": pages, "signed": False}


def _look_at_pdf(path: Path, most_pages: int, most_pixels: int) -> dict[str, Any]:
    _require_an_end(path)
    try:
        pdf = pikepdf.open(path)
    except pikepdf.PasswordError as error:
        raise PasswordProtected from error
    except pikepdf.PdfError as error:
        raise DamagedFile from error
    with pdf:
        _refuse_dynamic_form(pdf)
        try:
            pages = len(pdf.pages)
        except pikepdf.PdfError as error:  # a loop in the page tree
            raise DamagedFile from error
        if pages == 0:
            raise NoPages
        if pages > most_pages:
            raise TooManyPages(pages=pages, limit=most_pages)
        _refuse_large_images(pdf, most_pixels)
        signed = any(_filled_signatures(pdf))
    _draws(path, pages, most_pixels)
    return {"pages": pages, "signed": signed}


def _require_an_end(path: Path) -> None:
    """DamagedFile for a PDF that was cut off: a parser would mend it and lose pages without a word."""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - (64 << 10)))
        end = file.read().rstrip(b"\0\r\n\t ")
    if b"%%EOF" not in end[-_TAIL:]:
        raise DamagedFile


def _refuse_dynamic_form(pdf: pikepdf.Pdf) -> None:
    """A dynamic XFA form shows nothing but "please wait" in other programs (ISO 32000-1, 12.7.8)."""
    form = pdf.Root.get("/AcroForm")
    has_fields = isinstance(form, pikepdf.Dictionary) and len(_array(form.get("/Fields"))) > 0
    has_xfa = isinstance(form, pikepdf.Dictionary) and "/XFA" in form
    if bool(pdf.Root.get("/NeedsRendering", False)) or (has_xfa and not has_fields):
        raise DynamicForm


def _refuse_large_images(pdf: pikepdf.Pdf, most_pixels: int) -> None:
    for found in pdf.objects:
        if isinstance(found, pikepdf.Stream) and found.get("/Subtype") == pikepdf.Name.Image:
            pixels = int(found.get("/Width", 0)) * int(found.get("/Height", 0))
            if pixels > most_pixels:
                raise TooManyPixels(pixels=pixels, limit=most_pixels)


def _filled_signatures(pdf: pikepdf.Pdf) -> Iterator[bool]:
    """True for each signature field with a value, however deep its field hangs."""
    form = pdf.Root.get("/AcroForm")
    if not isinstance(form, pikepdf.Dictionary):
        return
    waiting: list[tuple[Any, Any]] = [(field, None) for field in _array(form.get("/Fields"))]
    seen: set[tuple[int, int]] = set()
    while waiting:
        field, inherited = waiting.pop()
        if not isinstance(field, pikepdf.Dictionary) or field.objgen in seen:
            continue
        if field.objgen != (0, 0):
            seen.add(field.objgen)
        kind = field.get("/FT", inherited)
        if kind == pikepdf.Name.Sig and isinstance(field.get("/V"), pikepdf.Dictionary):
            yield True
        waiting += [(kid, kind) for kid in _array(field.get("/Kids"))]


def _array(value: object) -> list[Any]:
    return list(value) if isinstance(value, pikepdf.Array) else []


def _draws(path: Path, pages: int, most_pixels: int) -> None:
    """DamagedFile unless the program that will draw the pages sees them too; TooManyPixels for giants."""
    try:
        pdf = pypdfium2.PdfDocument(path)
        if len(pdf) != pages:
            raise DamagedFile
        for index in range(pages):
            width, height = pdf.get_page_size(index)
            pixels = int(width * height * (_LOWEST_DPI / _POINTS) ** 2)
            if pixels > most_pixels:
                raise TooManyPixels(pixels=pixels, limit=most_pixels)
            if min(width, height) < _SMALLEST_SIDE:
                raise DamagedFile
        pdf[0].close()
    except pypdfium2.PdfiumError as error:
        raise DamagedFile from error


def _look_at_image(path: Path, kind: str, most_pages: int, most_pixels: int) -> int:
    Image.MAX_IMAGE_PIXELS = None  # counted here, before anything is unpacked
    image = open_image(path, kind)
    pages = count_frames(image, kind)
    if pages > most_pages:
        raise TooManyPages(pages=pages, limit=most_pages)
    size = path.stat().st_size
    for index in range(pages):
        image.seek(index)
        pixels = image.width * image.height
        if pixels > most_pixels:
            raise TooManyPixels(pixels=pixels, limit=most_pixels)
        if max(image.size) > _MOST_TIMES_AS_LONG * min(image.size):
            raise DamagedFile
        if kind == MediaType.TIFF:
            _require_all_strips(image, size)
    image.seek(0)
    image.load()  # a picture that breaks off raises here
    return pages


def open_image(path: Path, kind: str) -> Image.Image:
    """The image as Pillow sees it, by the one decoder that its first bytes call for; DamagedFile else."""
    formats = {MediaType.JPEG: ["JPEG", "MPO"], MediaType.PNG: ["PNG"], MediaType.TIFF: ["TIFF"]}
    try:
        return Image.open(path, formats=formats[MediaType(kind)])
    except (OSError, SyntaxError, ValueError) as error:
        raise DamagedFile from error


def count_frames(image: Image.Image, kind: str) -> int:
    """Pages of a TIFF; one for the others (a phone's JPEG may carry further pictures that are no pages)."""
    return int(getattr(image, "n_frames", 1)) if kind == MediaType.TIFF else 1


def _require_all_strips(image: Image.Image, file_size: int) -> None:
    """DamagedFile when a page's data would lie behind the end of the file."""
    tags: Any = getattr(image, "tag_v2", {})
    for offsets, sizes in ((_STRIP_OFFSETS, _STRIP_SIZES), (_TILE_OFFSETS, _TILE_SIZES)):
        for offset, size in zip(_numbers(tags.get(offsets)), _numbers(tags.get(sizes)), strict=False):
            if offset + size > file_size:
                raise DamagedFile


def _numbers(value: Any) -> tuple[int, ...]:
    return () if value is None else tuple(value) if isinstance(value, tuple) else (int(value),)
