"""Runs inside the sandbox: turns the pages of one PDF into the sheets of a print (`copy.py`).

A module of its own, so that whoever only keeps or lists papers does not load three PDF libraries.
"""

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
from pikepdf import Name, pdfa
from PIL import Image

from archive.copy import NotPdfA, PdfUnusable
from archive.fingerprint import page_fingerprint
from archive.frame import Area, Placement, place
from archive.strip import PrintStrip, Sheet, draw_sheets
from common import POINTS_PER_INCH, Digest, nfc, shown_iso

DRAWN_DPI = 300
"""On the sheet; what office printers show."""
_JPEG_QUALITY = 90
_FLAVOUR = "2b"
_METADATA_DATE = re.compile(rb"(<xmp:MetadataDate>)[^<]*")
_WIDEST = 1e6
"""Points; a page of 350 metres is a mistake."""
_ODD_OBJECTS = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    ArithmeticError,
    IndexError,
    NotImplementedError,
)
"""What the libraries raise when an object is not of the kind that its place calls for."""


def count_pages(source: str) -> int:
    """How many pages the PDF at this path has, none included; PdfUnusable."""
    with _opened(Path(source), flat=False) as document:
        return len(document.pages)


def print_pages(request: Mapping[str, Any]) -> dict[str, list[str]]:
    """`make_paper_copy` (`copy.py`) as plain values, in and out.

    1. As they are, if a PDF/A may look like that. 2. If not, the pages at fault are drawn. 3. If what they
    share is at fault, all are drawn. A file with layers, some of which a viewer may hide, is drawn at once.
    """
    source, revision = Path(request["pdf"]), Digest.from_hex(request["revision"])
    sheets, layered = _survey(source, revision)
    strip, ours = PrintStrip.from_json(request["strip"]), io.BytesIO()
    draw_sheets(strip, sheets, ours)
    job = _Job(source, sheets, strip, ours, Path(request["into"]))
    # 1., 2., 3.
    ways = (job.every_page,) if layered else (job.no_page, job.unfit_pages, job.every_page)
    finding: str | None = None
    for pages_to_draw in ways:
        finding = job.assemble(pages_to_draw())
        if finding is None:
            return {"fingerprints": [sheet.fingerprint for sheet in sheets]}
    raise NotPdfA(finding=finding)


@dataclass(frozen=True, slots=True)
class _Job:
    """One document on its way to paper; `ours` is the PDF of what we write around its pages."""

    source: Path
    sheets: list[Sheet]
    strip: PrintStrip
    ours: io.BytesIO
    into: Path

    def assemble(self, drawn: frozenset[int]) -> str | None:
        """Write the print with these pages drawn; what the checker found first when it is no PDF/A-2b."""
        drawer = _Drawer(self.source)
        try:
            with _opened(self.source) as document, pikepdf.open(self.ours) as ours, pikepdf.new() as result:
                for sheet, page, frame in zip(self.sheets, document.pages, ours.pages, strict=True):
                    form = drawer.draw(result, sheet) if sheet.number in drawn else _as_form(result, page)
                    _add_sheet(result, sheet.placement, form, frame)
                _describe(result, self.strip)
                pdfa.save(result, self.into, _FLAVOUR, repair=False, deterministic_id=True)
        except pdfa.PdfaError as error:
            return str(error.report.findings[0])
        finally:
            drawer.close()
        return None

    def no_page(self) -> frozenset[int]:
        return frozenset()

    def every_page(self) -> frozenset[int]:
        return frozenset(sheet.number for sheet in self.sheets)

    def unfit_pages(self) -> frozenset[int]:
        """The pages that cannot stand in a PDF/A as they are."""
        with _opened(self.source) as document:
            pairs = zip(self.sheets, document.pages, strict=True)
            return frozenset(sheet.number for sheet, page in pairs if not _fits(page))


@contextmanager
def _opened(source: Path, *, flat: bool = True) -> Iterator[pikepdf.Pdf]:
    """The document, if `flat` with what its annotations show drawn into the pages.

    PdfUnusable for whatever is wrong with it, also while it is used.
    """
    try:
        with pikepdf.open(source) as document:
            if flat:
                document.flatten_annotations("all")
            yield document
    except (pikepdf.PdfError, pikepdf.PasswordError, pikepdf.DependencyError, *_ODD_OBJECTS) as error:
        raise PdfUnusable from error


def _survey(source: Path, revision: Digest) -> tuple[list[Sheet], bool]:
    """Where each page will stand, and whether the document has layers (optional content)."""
    with _opened(source) as document:
        sizes = [_size(page) for page in document.pages]
        layered = "/OCProperties" in document.Root
    if not sizes:
        raise PdfUnusable
    sheets = [
        Sheet(place(*size, first=number == 1), number, page_fingerprint(revision, number, len(sizes)))
        for number, size in enumerate(sizes, 1)
    ]
    return sheets, layered


def _visible(page: pikepdf.Page) -> pikepdf.Rectangle:
    """What a viewer shows of a page, in its own units: the crop box inside the media box."""
    media, crop = pikepdf.Rectangle(page.mediabox), pikepdf.Rectangle(page.cropbox)
    shown = pikepdf.Rectangle(
        max(media.llx, crop.llx), max(media.lly, crop.lly), min(media.urx, crop.urx), min(media.ury, crop.ury)
    )
    # A crop box that misses the page is ignored, as viewers do.
    return shown if shown.width > 0 and shown.height > 0 else media


def _size(page: pikepdf.Page) -> tuple[float, float]:
    """Width and height in points as a viewer shows the page: cropped, turned, in its user unit."""
    shown, unit = _visible(page), float(page.obj.get("/UserUnit", 1))
    width, height = float(shown.width) * unit, float(shown.height) * unit
    if not (0 < width < _WIDEST and 0 < height < _WIDEST):
        raise PdfUnusable
    # A turn that is no quarter (`/Rotate 45`) counts as none, as in viewers and in qpdf's form of the page.
    return (height, width) if page.rotation % 180 == 90 else (width, height)


def _fits(page: pikepdf.Page) -> bool:
    with pikepdf.new() as alone:
        form = _as_form(alone, page)
        alone.add_blank_page()
        alone.pages[0].add_resource(form, Name.XObject, Name.Page)
        alone.pages[0].Contents = alone.make_stream(b"/Page Do")
        pdfa.prepare(alone, _FLAVOUR)
        return pdfa.check(alone, _FLAVOUR).verdict == "pass"


def _as_form(result: pikepdf.Pdf, page: pikepdf.Page) -> pikepdf.Object:
    """The page's visible part, upright, as a form in `result`."""
    shown = _visible(page)
    page.trimbox = page.cropbox = pikepdf.Array([shown.llx, shown.lly, shown.urx, shown.ury])
    return result.copy_foreign(page.as_form_xobject())


def _add_sheet(result: pikepdf.Pdf, placement: Placement, form: pikepdf.Object, frame: pikepdf.Page) -> None:
    """One sheet: the page where the frame wants it, and ours above it."""
    result.add_blank_page(page_size=(placement.sheet_width, placement.sheet_height))
    sheet = result.pages[-1]
    sheet.add_resource(form, Name.XObject, Name.Page)
    sheet.add_resource(result.copy_foreign(frame.as_form_xobject()), Name.XObject, Name.Ours)
    page = _inside(placement.page, _extent(form))
    sheet.Contents = result.make_stream(f"q {page} /Page Do Q q /Ours Do Q".encode())


def _inside(area: Area, extent: tuple[float, float, float, float]) -> str:
    """Operators after which a form of this extent stands in the middle of `area` and cannot paint beside it.

    The clip is ours, so that it holds whatever boxes, turns and units the sender made up: whoever could paint
    over the strip could put the seal of another paper there.
    """
    x0, y0, x1, y1 = extent
    scale = min(area.width / (x1 - x0), area.height / (y1 - y0))
    x = area.x + area.width / 2 - (x0 + x1) / 2 * scale
    y = area.y + area.height / 2 - (y0 + y1) / 2 * scale
    clip = f"{_numbers(area.x, area.y, area.width, area.height)} re W n"
    return f"{clip} {_numbers(scale, 0, 0, scale, x, y)} cm"


def _numbers(*numbers: float) -> str:
    return " ".join(f"{number:.5f}" for number in numbers)


def _extent(form: pikepdf.Object) -> tuple[float, float, float, float]:
    """The corners of a form as it lands: its box through its own matrix."""
    box = [float(number) for number in form.BBox]
    a, b, c, d, e, f = (float(number) for number in form.get("/Matrix", [1, 0, 0, 1, 0, 0]))
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in box[::2] for y in box[1::2]]
    across, up = [x for x, _ in corners], [y for _, y in corners]
    return min(across), min(up), max(across), max(up)


class _Drawer:
    """Draws pages as pictures, opening the document only when the first one is asked for."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._document: pypdfium2.PdfDocument | None = None

    def draw(self, result: pikepdf.Pdf, sheet: Sheet) -> pikepdf.Object:
        """One page as a form of the size it has on its sheet, at `DRAWN_DPI`."""
        try:
            picture = self._render(sheet)
        except (pypdfium2.PdfiumError, *_ODD_OBJECTS) as error:
            raise PdfUnusable from error
        content = io.BytesIO()
        picture.save(content, "JPEG", quality=_JPEG_QUALITY, subsampling=0, optimize=True)
        image = result.make_stream(
            content.getvalue(),
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=picture.width,
            Height=picture.height,
            ColorSpace=Name.DeviceGray if picture.mode == "L" else Name.DeviceRGB,
            BitsPerComponent=8,
            Filter=Name.DCTDecode,
        )
        return result.make_stream(
            f"{picture.width} 0 0 {picture.height} 0 0 cm /Picture Do".encode(),
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=[0, 0, picture.width, picture.height],
            Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Picture=image)),
        )

    def close(self) -> None:
        """Let go of the document."""
        if self._document is not None:
            self._document.close()

    def _render(self, sheet: Sheet) -> Image.Image:
        if self._document is None:
            self._document = pypdfium2.PdfDocument(self._source)
            # Without its forms a signed letter has neither number nor seal.
            self._document.init_forms()
        page = self._document[sheet.number - 1]
        area, (width, height) = sheet.placement.page, page.get_size()
        # The smaller ratio: a viewer that turns a page as we do not must not draw a giant.
        scale = min(area.width / width, area.height / height) * DRAWN_DPI / POINTS_PER_INCH
        picture: Image.Image = page.render(scale=scale, rev_byteorder=True).to_pil()
        page.close()
        picture = picture.convert("RGB")
        red, green, blue = picture.split()
        return red if red.tobytes() == green.tobytes() == blue.tobytes() else picture


def _describe(result: pikepdf.Pdf, strip: PrintStrip) -> None:
    """Title and time in the metadata; all times are the print's, so the same input gives the same file."""
    at = shown_iso(strip.at)
    with result.open_metadata(set_pikepdf_as_editor=False) as metadata:
        metadata["dc:title"] = nfc(strip.paper_name)
        metadata["xmp:CreateDate"] = metadata["xmp:ModifyDate"] = at
    result.Root.Lang = pikepdf.String("vi")
    pdfa.prepare(result, _FLAVOUR)
    # It writes the time of day into one more date.
    xmp = result.Root.Metadata.read_bytes()
    result.Root.Metadata.write(_METADATA_DATE.sub(rb"\g<1>" + at.encode(), xmp))
