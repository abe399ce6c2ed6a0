"""Liberation Serif in a PDF: measured, broken into lines, embedded as the subset that a mark needs.

The metric twin of Times New Roman, as Decree 30/2020 Annex I II.I.3 asks (upright, black, size 10). Text is
taken in NFC: each of the 134 accented letters then has one glyph, and no shaping is needed. A letter without
a glyph is refused (LetterMissing): PDF/A-2 forbids .notdef (ISO 19005-2, 6.2.11.8), and a box is no name.
"""

# mypy: disallow-untyped-calls=False
# pyHanko ships types, but its PDF object classes have untyped constructors.

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from io import BytesIO

from fontTools import subset
from fontTools.ttLib import TTFont
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from common import VIETNAMESE_LETTERS, font_file, nfc
from signing.errors import LetterMissing

_RESERVE = VIETNAMESE_LETTERS + "".join(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x180)))) + "–—‘’“”…•₫№"
"""Letters of Vietnamese names and their neighbours; cutting from these few is ten times quicker."""


@dataclass(frozen=True, slots=True)
class Typeface:
    """The font cut down to `_RESERVE`, with its measures in thousandths of the font size."""

    program: bytes
    advances: Mapping[str, float]
    ascent: float
    descent: float
    box: tuple[float, float, float, float]

    def width(self, text: str, size: float) -> float:
        """How wide a line is, in the unit of `size`; LetterMissing when a letter has no shape."""
        return sum(self._advance(letter) for letter in text) * size / 1000

    def _advance(self, letter: str) -> float:
        try:
            return self.advances[letter]
        except KeyError:
            raise LetterMissing(letter=f"U+{ord(letter):04X}") from None


@cache
def typeface() -> Typeface:
    """The one font of marks, read once."""
    font = TTFont(font_file("LiberationSerif"))
    program = _cut(font, _RESERVE)
    scale = 1000 / font["head"].unitsPerEm
    glyphs, widths = font.getBestCmap(), font["hmtx"]
    advances = {chr(code): widths[name][0] * scale for code, name in glyphs.items()}
    head, lines = font["head"], font["hhea"]
    box = (head.xMin * scale, head.yMin * scale, head.xMax * scale, head.yMax * scale)
    return Typeface(program, advances, lines.ascent * scale, lines.descent * scale, box)


LEADING = 1.15
"""Distance of base lines in font sizes, as word processors set Times New Roman."""


@dataclass(frozen=True, slots=True)
class FittedText:
    """Lines that fit a width, at a size; `height` is what they need from first ascent to last descent."""

    lines: tuple[str, ...]
    size: float

    @property
    def height(self) -> float:
        return len(self.lines) * self.size * LEADING

    @property
    def width(self) -> float:
        return max((typeface().width(line, self.size) for line in self.lines), default=0.0)


def fit(lines: tuple[str, ...], *, size: float, width: float, height: float | None = None) -> FittedText:
    """Breaks lines at spaces (words at letters if need be); with a `height`, shrinks until all is inside."""
    text = tuple(nfc(line) for line in lines)
    fitted = FittedText(_wrapped(text, size, width), size)
    while height is not None and fitted.height > height:
        # 3 % a step: at most some eighty steps even for a whole page of text in a small box.
        size *= 0.97
        fitted = FittedText(_wrapped(text, size, width), size)
    return fitted


def _wrapped(lines: tuple[str, ...], size: float, width: float) -> tuple[str, ...]:
    return tuple(part for line in lines for part in _broken(line, size, width))


def _broken(line: str, size: float, width: float) -> list[str]:
    """One line as several, none wider than `width` unless a single letter is."""
    measure = typeface().width
    parts: list[str] = []
    current = ""
    for word in line.split():
        candidate = f"{current} {word}" if current else word
        if measure(candidate, size) <= width:
            current = candidate
            continue
        if current:
            parts.append(current)
        *full, current = _split_word(word, size, width)
        parts.extend(full)
    return [*parts, current] if current else parts


def _split_word(word: str, size: float, width: float) -> list[str]:
    measure = typeface().width
    pieces = [""]
    for letter in word:
        if pieces[-1] and measure(pieces[-1] + letter, size) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def draw_text(fitted: FittedText, *, height: float, codes: Mapping[str, int], font: str) -> bytes:
    """The content stream of the lines, from the top left of a box of this `height`, in black."""
    face = typeface()
    first = height - face.ascent * fitted.size / 1000
    drawn = [f"q 0 g BT /{font} {fitted.size:.3f} Tf {fitted.size * LEADING:.3f} TL 0 {first:.3f} Td"]
    for line in fitted.lines:
        drawn.append(f"<{''.join(f'{codes[letter]:04X}' for letter in line)}> Tj T*")
    return " ".join([*drawn, "ET Q"]).encode("ascii")


def embed(writer: BasePdfFileWriter, text: str) -> tuple[generic.IndirectObject, dict[str, int]]:
    """Puts the subset for `text` into the file: the Type 0 font's reference, and the code of each letter.

    A CIDFontType2 with identity encoding: codes are glyph numbers of the subset (ISO 32000-1, 9.7.4).
    """
    font = TTFont(BytesIO(typeface().program))
    program = _cut(font, text)
    codes = {chr(code): font.getGlyphID(name) for code, name in font.getBestCmap().items()}
    name = pdf_name(f"/{_tag(program)}+LiberationSerif")
    descendant = writer.add_object(_cid_font(writer, name, program, codes))
    return (
        writer.add_object(
            generic.DictionaryObject(
                {
                    pdf_name("/Type"): pdf_name("/Font"),
                    pdf_name("/Subtype"): pdf_name("/Type0"),
                    pdf_name("/BaseFont"): name,
                    pdf_name("/Encoding"): pdf_name("/Identity-H"),
                    pdf_name("/DescendantFonts"): generic.ArrayObject([descendant]),
                    pdf_name("/ToUnicode"): writer.add_object(_stream(_to_unicode(codes))),
                }
            )
        ),
        codes,
    )


def _cid_font(
    writer: BasePdfFileWriter, name: generic.NameObject, program: bytes, codes: Mapping[str, int]
) -> generic.DictionaryObject:
    face = typeface()
    widths = generic.ArrayObject()
    for letter, code in sorted(codes.items(), key=lambda item: item[1]):
        widths.append(generic.NumberObject(code))
        widths.append(generic.ArrayObject([generic.FloatObject(round(face.advances[letter], 3))]))
    return generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Font"),
            pdf_name("/Subtype"): pdf_name("/CIDFontType2"),
            pdf_name("/BaseFont"): name,
            pdf_name("/CIDSystemInfo"): generic.DictionaryObject(
                {
                    pdf_name("/Registry"): generic.TextStringObject("Adobe"),
                    pdf_name("/Ordering"): generic.TextStringObject("Identity"),
                    pdf_name("/Supplement"): generic.NumberObject(0),
                }
            ),
            pdf_name("/CIDToGIDMap"): pdf_name("/Identity"),
            pdf_name("/DW"): generic.NumberObject(0),
            pdf_name("/W"): widths,
            pdf_name("/FontDescriptor"): writer.add_object(_descriptor(writer, name, program)),
        }
    )


def _descriptor(
    writer: BasePdfFileWriter, name: generic.NameObject, program: bytes
) -> generic.DictionaryObject:
    face = typeface()
    file = _stream(program)
    file[pdf_name("/Length1")] = generic.NumberObject(len(program))
    return generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/FontDescriptor"),
            pdf_name("/FontName"): name,
            # Symbolic: the codes are glyph numbers, not the standard Latin set (ISO 32000-1, 9.8.2).
            pdf_name("/Flags"): generic.NumberObject(4),
            pdf_name("/FontBBox"): generic.ArrayObject([generic.FloatObject(round(n)) for n in face.box]),
            pdf_name("/ItalicAngle"): generic.NumberObject(0),
            pdf_name("/Ascent"): generic.FloatObject(round(face.ascent)),
            pdf_name("/Descent"): generic.FloatObject(round(face.descent)),
            pdf_name("/CapHeight"): generic.NumberObject(662),
            pdf_name("/StemV"): generic.NumberObject(80),
            pdf_name("/FontFile2"): writer.add_object(file),
        }
    )


def _to_unicode(codes: Mapping[str, int]) -> bytes:
    entries = [f"<{code:04X}> <{letter.encode('utf-16-be').hex().upper()}>" for letter, code in codes.items()]
    # A CMap section holds at most 100 entries (Adobe Technical Note 5014).
    sections = [entries[start : start + 100] for start in range(0, len(entries), 100)]
    mapped = "\n".join(
        f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar" for part in sections if part
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{mapped}\nendcmap CMapName currentdict /CMap defineresource pop end end\n"
    ).encode("ascii")


def _stream(content: bytes) -> generic.StreamObject:
    stream = generic.StreamObject(stream_data=content)
    stream.compress()
    return stream


def _cut(font: TTFont, text: str) -> bytes:
    """The font program with only the glyphs of `text`; `font` is cut as well."""
    options = subset.Options()
    options.hinting = False
    options.layout_features = []
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "FFTM", "DSIG"]
    options.name_IDs = [6]
    cutter = subset.Subsetter(options)
    cutter.populate(text=text)
    cutter.subset(font)
    out = BytesIO()
    font.save(out)
    return out.getvalue()


def _tag(program: bytes) -> str:
    """The six capital letters of a subset's name (ISO 32000-1, 9.6.4), the same for the same subset."""
    number = int.from_bytes(sha256(program).digest()[:8], "big")
    return "".join(chr(ord("A") + number // 26**place % 26) for place in range(6))
