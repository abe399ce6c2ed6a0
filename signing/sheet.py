"""Page 1 as a person sees it and as the PDF counts it: boxes, rotation, user units, the band above.

Translates between points on the upright page and the page's own coordinates (ISO 32000-1, 8.3.2.3, 14.11.2),
and writes appearance streams that stand upright on turned pages.
"""

# mypy: disallow-untyped-calls=False
# pyHanko ships types, but its PDF object classes have untyped constructors.

from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from signing.layout import Place
from signing.pdf_objects import entry, inherited
from signing.typeface import FittedText, draw_text, embed

Corners = tuple[float, float, float, float]
_A4 = (0.0, 0.0, 595.0, 842.0)
_TURNED = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""The matrix by which an appearance is turned so that it is upright on a page with this /Rotate."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page's visible box in its own coordinates, its /Rotate and the size of its unit in points."""

    media: Corners
    visible: Corners
    rotation: int
    unit: float

    @classmethod
    def of(cls, page: generic.DictionaryObject) -> "Sheet":
        """Reads a page; a missing media box is taken as A4, a missing crop box as the media box."""
        media = _corners(inherited(page, "/MediaBox")) or _A4
        crop = _corners(inherited(page, "/CropBox"))
        visible = (_common(crop, media) if crop else None) or media
        rotation = inherited(page, "/Rotate")
        unit = entry(page, "/UserUnit")
        turned = int(rotation) % 360 if isinstance(rotation, int | float) else 0
        return cls(
            media,
            visible,
            turned if turned in _TURNED else 0,
            float(unit) if isinstance(unit, int | float) and unit > 0 else 1.0,
        )

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the upright page in points."""
        across = (self.visible[2] - self.visible[0]) * self.unit
        up = (self.visible[3] - self.visible[1]) * self.unit
        return (up, across) if self.rotation in (90, 270) else (across, up)

    def box(self, place: Place) -> Corners:
        """A place on the upright page in the page's own coordinates, to a hundredth of a unit."""
        left, top = place.left / self.unit, place.top / self.unit
        right, bottom = left + place.width / self.unit, top + place.height / self.unit
        x0, y0, x1, y1 = self.visible
        a, b, c, d = {
            0: (x0 + left, y1 - bottom, x0 + right, y1 - top),
            90: (x0 + top, y0 + left, x0 + bottom, y0 + right),
            180: (x1 - right, y0 + top, x1 - left, y0 + bottom),
            270: (x1 - bottom, y1 - right, x1 - top, y1 - left),
        }[self.rotation]
        return (round(a, 2), round(b, 2), round(c, 2), round(d, 2))

    def grown(self, band: float) -> "Sheet":
        """The sheet with a band of this many points above its upright upper edge."""
        x0, y0, x1, y1 = self.visible
        more = band / self.unit
        visible = {
            0: (x0, y0, x1, y1 + more),
            90: (x0 - more, y0, x1, y1),
            180: (x0, y0 - more, x1, y1),
            270: (x0, y0, x1 + more, y1),
        }[self.rotation]
        return Sheet(_around(self.media, visible), visible, self.rotation, self.unit)


def add_band(writer: BasePdfFileWriter, page: generic.DictionaryObject, band: float) -> Sheet:
    """Grows page 1 upwards; what the old crop box hid stays hidden. Returns the new sheet."""
    old = Sheet.of(page)
    new = old.grown(band)
    page[pdf_name("/MediaBox")] = _array(new.media)
    page[pdf_name("/CropBox")] = _array(new.visible)
    if old.media != old.visible:
        _clip(writer, page, old.visible)
    writer.update_container(page)
    return new


def _clip(writer: BasePdfFileWriter, page: generic.DictionaryObject, visible: Corners) -> None:
    """Draws the old content only inside its old visible box: the band shows nothing that was cut off."""
    x0, y0, x1, y1 = visible
    before = f"q {x0:.4f} {y0:.4f} {x1 - x0:.4f} {y1 - y0:.4f} re W n\n".encode("ascii")
    opening = writer.add_object(generic.StreamObject(stream_data=before))
    closing = writer.add_object(generic.StreamObject(stream_data=b"\nQ\n"))
    content = page.raw_get("/Contents") if "/Contents" in page else generic.ArrayObject()
    parts = content.get_object() if isinstance(content, generic.IndirectObject) else content
    kept = list(parts) if isinstance(parts, generic.ArrayObject) else [content]
    page[pdf_name("/Contents")] = generic.ArrayObject([opening, *kept, closing])


def appearance(
    writer: BasePdfFileWriter, sheet: Sheet, fitted: FittedText, width: float, height: float
) -> generic.IndirectObject:
    """A form XObject of `width` × `height` points with the text, upright on this sheet, its font embedded."""
    across, up = width / sheet.unit, height / sheet.unit
    form = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): _array((0.0, 0.0, across, up)),
            pdf_name("/Matrix"): generic.ArrayObject(
                [generic.NumberObject(number) for number in (*_TURNED[sheet.rotation], 0, 0)]
            ),
        }
    )
    content = b""
    resources = generic.DictionaryObject()
    if fitted.lines:
        font, codes = embed(writer, "".join(fitted.lines))
        resources[pdf_name("/Font")] = generic.DictionaryObject({pdf_name("/F"): font})
        scaled = FittedText(fitted.lines, fitted.size / sheet.unit)
        content = draw_text(scaled, height=up, codes=codes, font="F")
    form[pdf_name("/Resources")] = resources
    return writer.add_object(generic.StreamObject(form, stream_data=content))


def _corners(array: object) -> Corners | None:
    if not isinstance(array, generic.ArrayObject) or len(array) != 4:
        return None
    values = [float(value) for value in array]
    x0, x1 = sorted((values[0], values[2]))
    y0, y1 = sorted((values[1], values[3]))
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _common(one: Corners, other: Corners) -> Corners | None:
    x0, y0, x1, y1 = (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _around(one: Corners, other: Corners) -> Corners:
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))


def _array(corners: Corners) -> generic.ArrayObject:
    return generic.ArrayObject([generic.FloatObject(round(value, 4)) for value in corners])
