"""The searchable PDF/A-2b: each page as it came, with an invisible text that can be found and copied.

Promised: the pages are pictures and text only, so nothing of the sender's file but what is seen is carried
over; pages are written one by one, so that memory stays bounded; the same pages give the same bytes; what is
left behind after `finish` has been approved by pikepdf's PDF/A-2b checker.

The text is placed word by word with a font without glyphs (render mode 3); its codes are UTF-16 and its
ToUnicode map names each code that is used, in NFC.
"""

import contextlib
import io
import math
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from statistics import median

from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph

from common import POINTS_PER_INCH, one_line
from ingest.model import PageReading, Word
from ingest.refusals import TooMuchOutput
from ingest.sandbox import Confinement, confined

_SECONDS, _SECONDS_PER_PAGE = 20.0, 0.2
"""For making and checking PDF/A; a page takes some milliseconds."""
_UNITS = 1000
_ADVANCE = 500
"""Width of every code, in thousandths of the size; the words are then scaled to their boxes."""
_CATALOG, _PAGES, _FONT, _CID_FONT, _DESCRIPTOR, _FONT_FILE, _TO_UNICODE, _GLYPH_MAP = range(1, 9)
_FIRST_FREE = 9
_BMP = 0xFFFF
_FONT_DAY = 3_700_000_000
"""Seconds since 1904, as fonts count; any fixed day."""
_DESCENT = 0.2
"""Of a word's box: what hangs below the line of writing, as most words have a mark or a tail below it."""


class SearchablePdf:
    """A PDF being written, page by page; then `finish`."""

    def __init__(self, path: Path, *, limit: int) -> None:
        """Begin at `path`; TooMuchOutput once more than `limit` bytes were written."""
        self._path = path
        self._limit = limit
        self._file = path.open("wb")
        self._places: dict[int, int] = {}
        self._kids: list[int] = []
        self._letters: set[int] = set()
        self._file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add(self, reading: PageReading, picture: bytes, *, grey: bool) -> None:
        """Add a page: its upright picture as JPEG and the words that were read on it."""
        page = reading.page
        scale = POINTS_PER_INCH / page.dpi
        width, height = page.width * scale, page.height * scale
        image, content, number = (_FIRST_FREE + 3 * len(self._kids) + step for step in range(3))
        colour = "DeviceGray" if grey else "DeviceRGB"
        self._stream(
            image,
            f"/Type /XObject /Subtype /Image /Width {page.width} /Height {page.height} "
            f"/ColorSpace /{colour} /BitsPerComponent 8 /Filter /DCTDecode",
            picture,
        )
        shown = f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /Im Do Q\n"
        text = shown + "".join(_text_operators(reading, scale, height, self._letters.update))
        self._stream(content, "/Filter /FlateDecode", zlib.compress(text.encode("ascii"), 9))
        self._object(
            number,
            f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 {width:.3f} {height:.3f}] "
            f"/Resources << /XObject << /Im {image} 0 R >> /Font << /F {_FONT} 0 R >> >> "
            f"/Contents {content} 0 R >>",
        )
        self._kids.append(number)

    def finish(self, *, title: str, memory_bytes: int) -> None:
        """Write fonts and tables, make it PDF/A-2b (`pdfa.py`), and check what was written."""
        self._write_fonts()
        kids = " ".join(f"{number} 0 R" for number in self._kids)
        self._object(_PAGES, f"<< /Type /Pages /Count {len(self._kids)} /Kids [{kids}] >>")
        self._object(_CATALOG, f"<< /Type /Catalog /Pages {_PAGES} 0 R /Lang (vi) >>")
        self._write_table()
        self._file.close()
        draft = self._path.with_name(self._path.name + ".draft")
        self._path.replace(draft)
        try:
            confined(
                "ingest.pdfa:make",
                {"draft": str(draft.resolve()), "path": str(self._path.resolve()), "title": one_line(title)},
                readable=[draft],
                writable=self._path.parent,
                limits=Confinement(_SECONDS + _SECONDS_PER_PAGE * len(self._kids), memory_bytes, self._limit),
                name=self._path.name,
            )
        finally:
            draft.unlink()

    def abandon(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError):  # closing writes what is left, and a full disk fails once more
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _object(self, number: int, body: str) -> None:
        self._begin(number)
        self._file.write(f"{body}\nendobj\n".encode("ascii"))

    def _stream(self, number: int, entries: str, content: bytes) -> None:
        self._begin(number)
        self._file.write(f"<< {entries} /Length {len(content)} >>\nstream\n".encode("ascii"))
        self._file.write(content)
        self._file.write(b"\nendstream\nendobj\n")
        if self._file.tell() > self._limit:
            raise TooMuchOutput(name=self._path.name)

    def _begin(self, number: int) -> None:
        self._places[number] = self._file.tell()
        self._file.write(f"{number} 0 obj\n".encode("ascii"))

    def _write_fonts(self) -> None:
        name = "AAAAAA+KhosoInvisible"
        self._object(
            _FONT,
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
            f"/DescendantFonts [{_CID_FONT} 0 R] /ToUnicode {_TO_UNICODE} 0 R >>",
        )
        self._object(
            _CID_FONT,
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDToGIDMap {_GLYPH_MAP} 0 R "
            f"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            f"/FontDescriptor {_DESCRIPTOR} 0 R /DW {_ADVANCE} >>",
        )
        self._object(
            _DESCRIPTOR,
            f"<< /Type /FontDescriptor /FontName /{name} /Flags 5 /FontBBox [0 0 {_ADVANCE} {_UNITS}] "
            f"/ItalicAngle 0 /Ascent {_UNITS} /Descent 0 /CapHeight {_UNITS} /StemV 80 "
            f"/FontFile2 {_FONT_FILE} 0 R >>",
        )
        font = _font_without_glyphs()
        self._stream(_FONT_FILE, f"/Filter /FlateDecode /Length1 {len(font)}", zlib.compress(font, 9))
        self._stream(_TO_UNICODE, "/Filter /FlateDecode", zlib.compress(_to_unicode(self._letters), 9))
        glyph_map = b"\x00\x01" * (_BMP + 1)
        self._stream(_GLYPH_MAP, "/Filter /FlateDecode", zlib.compress(glyph_map, 9))

    def _write_table(self) -> None:
        start = self._file.tell()
        size = max(self._places) + 1
        rows = [f"{self._places[number]:010d} 00000 n \n" for number in range(1, size)]
        table = f"xref\n0 {size}\n0000000000 65535 f \n{''.join(rows)}"
        trailer = f"trailer\n<< /Size {size} /Root {_CATALOG} 0 R >>\nstartxref\n{start}\n%%EOF\n"
        self._file.write((table + trailer).encode("ascii"))


def _text_operators(
    reading: PageReading, scale: float, height: float, use: Callable[[list[int]], None]
) -> Iterator[str]:
    """Text operators for the words, line by line, along the lean of the page."""
    lean = math.radians(reading.page.skew)
    cos, sin = math.cos(lean), math.sin(lean)
    for _, group in groupby(reading.words, key=lambda word: word.line):
        line = list(group)
        level = [_Level.of(word, cos, sin) for word in line]
        foot = median(word.bottom for word in level)
        size = max(median(word.height for word in level), 1.0)
        for word, place, after in zip(line, level, [*level[1:], None], strict=True):
            codes = [code for code in map(ord, word.text) if code <= _BMP]
            if not codes:
                continue
            # The space belongs to the word before it, so that copying keeps words apart.
            shown = [*codes, ord(" ")]
            use(shown)
            room = place.width if after is None else max(after.left - place.left, place.width)
            letters = len(shown) if after is not None and after.left > place.left else len(codes)
            stretch = 100 * room / (letters * size * _ADVANCE / _UNITS)
            # Back from level lines to the leaning page, then from pixels downwards to points upwards.
            base = foot - _DESCENT * size
            x, y = place.left * cos - base * sin, place.left * sin + base * cos
            text = "".join(f"{code:04X}" for code in shown)
            yield (
                f"BT 3 Tr /F {size * scale:.2f} Tf {stretch:.1f} Tz "
                f"{cos:.5f} {-sin:.5f} {sin:.5f} {cos:.5f} {x * scale:.2f} {height - y * scale:.2f} Tm "
                f"<{text}> Tj ET\n"
            )


class _Level:
    """A word's box after the page was turned level around its top left corner."""

    __slots__ = ("bottom", "height", "left", "width")

    def __init__(self, left: float, bottom: float, width: float, height: float) -> None:
        self.left, self.bottom, self.width, self.height = left, bottom, width, height

    @classmethod
    def of(cls, word: Word, cos: float, sin: float) -> "_Level":
        """Undo how the upright box grew around a leaning word: w' = w cos + h sin, h' = w sin + h cos."""
        box, lean = word.box, abs(sin)
        across, down = box.width, box.height
        factor = cos * cos - lean * lean
        width = max((across * cos - down * lean) / factor, 1.0)
        height = max((down * cos - across * lean) / factor, 1.0)
        x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        middle, centre = x * cos + y * sin, y * cos - x * sin
        return cls(middle - width / 2, centre + height / 2, width, height)


def _to_unicode(letters: set[int]) -> bytes:
    """A CMap that gives each used code back as the letter it is."""
    rows = [f"<{code:04X}> <{code:04X}>" for code in sorted(letters)]
    blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]
    body = "".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{body}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")


@cache
def _font_without_glyphs() -> bytes:
    """A TrueType font of two empty glyphs, `_ADVANCE` wide, the same bytes every time."""
    builder = FontBuilder(_UNITS, isTTF=True)
    names = [".notdef", "blank"]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({0x20: "blank"})
    builder.setupGlyf({name: Glyph() for name in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (_ADVANCE, 0)))
    builder.setupHorizontalHeader(ascent=_UNITS, descent=0)
    builder.setupNameTable({"familyName": "KhosoInvisible", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=_UNITS, usWinAscent=_UNITS)
    builder.setupPost()
    builder.updateHead(created=_FONT_DAY, modified=_FONT_DAY)
    builder.font.recalcTimestamp = False
    out = io.BytesIO()
    builder.save(out)
    return out.getvalue()
