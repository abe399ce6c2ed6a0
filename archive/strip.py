"""What we write on a print around the pages: the strip above page 1, the lines above and below every page.

The words follow Decree 45/2020, Art. 18.2 (system, code, converting office, looking up at any time) and the
QR article of Circular 01/2023 (QR code top left); Vietnamese first, English second. Draws with reportlab in
Liberation fonts; knows nothing of the pages' content.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from archive.frame import FOOTER, HEADER, MODULE, SIDE, STRIP, TOP, Placement
from archive.life import Status, Weight
from archive.qr import QUIET_MODULES, Code, qr_code
from common import KhosoError, font_file, mm, nfc, say, shown

_SANS, _BOLD, _SERIF = "LiberationSans-Regular", "LiberationSans-Bold", "LiberationSerif-Bold"
_GREY, _RULE, _RED = 0.35, 0.6, (0.62, 0.10, 0.10)
_ELLIPSIS = "…"
_SMALLEST = 0.75
"""A value is set down to this part of its size before it is cut."""


class SealAndStatusDisagree(KhosoError):
    """Only a print of a valid document carries a seal, and it always does."""

    code = "print_seal_and_status_disagree"


@dataclass(frozen=True, slots=True)
class PrintStrip:
    """What a print says of itself.

    `code_shown` is the document's code as it may be shown (masked); `link` and `short_code` are given exactly
    when `status` is valid; `issuer_codes` says that the pages carry QR codes of their own issuer.
    """

    paper_name: str
    code_shown: str
    weight: Weight
    status: Status
    issuing_office: str
    system_name: str
    issued_for: str
    reason: str
    print_number: int
    at: datetime
    host: str
    link: str | None = None
    short_code: str | None = None
    issuer_codes: bool = False

    def __post_init__(self) -> None:
        sealed = self.status is Status.VALID
        if sealed != (self.link is not None) or sealed != (self.short_code is not None):
            raise SealAndStatusDisagree(status=self.status.value)

    def as_json(self) -> dict[str, object]:
        """Plain values, for the confined child that makes the print."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"weight": self.weight.value, "status": self.status.value, "at": self.at.isoformat()}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "PrintStrip":
        """What `as_json` wrote."""
        typed = {
            "weight": Weight(facts["weight"]),
            "status": Status(facts["status"]),
            "at": datetime.fromisoformat(facts["at"]),
        }
        return cls(**(dict(facts) | typed))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of the print: where its page stands, its number, and the page's fingerprint."""

    placement: Placement
    number: int
    fingerprint: str


def draw_sheets(strip: PrintStrip, sheets: list[Sheet], into: BinaryIO) -> None:
    """A PDF with one sheet for each page, showing only what is ours. The same input gives the same bytes."""
    for name in (_SANS, _BOLD, _SERIF):
        family, _, style = name.partition("-")
        pdfmetrics.registerFont(TTFont(name, str(font_file(family, style))))
    # Without an initial font of ours the file names Helvetica, which is not embedded. (The stubs err.)
    canvas = Canvas(into, invariant=1, initialFontName=_SANS)  # type: ignore[arg-type]
    for sheet in sheets:
        pen = _Pen(canvas, sheet.placement)
        canvas.setPageSize((sheet.placement.sheet_width, sheet.placement.sheet_height))
        if sheet.number == 1:
            _draw_strip(pen, strip)
        else:
            _draw_header(pen, strip)
        _draw_footer(pen, strip, sheet, len(sheets))
        _draw_frame(pen)
        canvas.showPage()
    canvas.save()


class _Pen:
    """A canvas with the few strokes that a print needs; sizes in points."""

    def __init__(self, canvas: Canvas, placement: Placement) -> None:
        self.canvas = canvas
        self.placement = placement
        self.left, self.right = SIDE, placement.sheet_width - SIDE
        self.top = placement.sheet_height

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        font: str = _SANS,
        size: float = 7.5,
        grey: float = 0,
        width: float | None = None,
    ) -> float:
        """Write one line, smaller or at last cut with an ellipsis to stay inside `width`; returns its end."""
        words, size = _fitted(nfc(words), font, size, width)
        self.canvas.setFont(font, size)
        self.canvas.setFillGray(grey)
        self.canvas.drawString(x, y, words)
        return x + pdfmetrics.stringWidth(words, font, size)

    def rule(self, y: float, *, red: bool = False) -> None:
        """A thin line from margin to margin."""
        self.canvas.setLineWidth(0.8 if red else 0.3)
        if red:
            self.canvas.setStrokeColorRGB(*_RED)
        else:
            self.canvas.setStrokeGray(_RULE)
        self.canvas.line(self.left, y, self.right, y)


def _fitted(words: str, font: str, size: float, width: float | None) -> tuple[str, float]:
    natural = pdfmetrics.stringWidth(words, font, size)
    if width is None or natural <= width:
        return words, size
    if width >= natural * _SMALLEST:
        return words, size * width / natural
    size *= _SMALLEST
    while words and pdfmetrics.stringWidth(words + _ELLIPSIS, font, size) > width:
        words = words[:-1]
    return words.rstrip() + _ELLIPSIS, size


def _draw_strip(pen: _Pen, strip: PrintStrip) -> None:
    """QR code or notice on the left, what the print is beside it, a rule below."""
    top = pen.top - TOP
    edge = _draw_code(pen, qr_code(strip.link), top) if strip.link else _draw_notice(pen, strip, top)
    x = pen.left + edge + QUIET_MODULES * MODULE + mm(2)
    y = _draw_title(pen, strip, x, top)
    y = _draw_standing(pen, strip, x, y)
    middle = (x + pen.right) / 2 + mm(1)
    for left, right in _facts(strip):
        y -= mm(6)
        _draw_fact(pen, x, y, *left, until=middle - mm(2))
        _draw_fact(pen, middle, y, *right, until=pen.right)
    _draw_check(pen, strip, x, y - mm(4.3))
    pen.rule(pen.top - TOP - STRIP + mm(0.6), red=True)


def _draw_code(pen: _Pen, code: Code, top: float) -> float:
    """The QR code with its upper left corner in the frame's; returns its edge."""
    path = pen.canvas.beginPath()
    for row, column, length in code.runs():
        path.rect(pen.left + column * MODULE, top - (row + 1) * MODULE, length * MODULE, MODULE)
    pen.canvas.setFillGray(0)
    pen.canvas.drawPath(path, stroke=0, fill=1)
    return code.modules * MODULE


def _draw_notice(pen: _Pen, strip: PrintStrip, top: float) -> float:
    """In the QR code's place: that there is none, and why."""
    edge = STRIP - mm(4)
    pen.canvas.setLineWidth(1.2)
    pen.canvas.setStrokeColorRGB(*_RED)
    pen.canvas.rect(pen.left, top - edge, edge, edge, stroke=1, fill=0)
    status, notice = say(f"status-{strip.status.value.replace('_', '-')}"), say("print-no-code")
    lines = (
        *((part, _SERIF, 12.0, 0.0) for part in status.vi.upper().split(", ")),
        (status.en, _SANS, 8.0, _GREY),
        (notice.vi, _BOLD, 7.0, 0.0),
        (notice.en, _SANS, 6.2, _GREY),
    )
    y = top - edge / 2 + mm(8)
    for words, font, size, grey in lines:
        words, size = _fitted(words, font, size, edge - mm(4))
        x = pen.left + (edge - pdfmetrics.stringWidth(words, font, size)) / 2
        pen.text(x, y, words, font=font, size=size, grey=grey)
        y -= mm(5)
    return edge


def _draw_title(pen: _Pen, strip: PrintStrip, x: float, top: float) -> float:
    title, name = say("print-title"), strip.paper_name
    y = top - mm(3.4)
    end = pen.text(x, y, title.vi, font=_SERIF, size=10.5, width=pen.right - x)
    pen.text(end + mm(2), y, title.en, size=6.5, grey=_GREY, width=pen.right - end - mm(2))
    y -= mm(5.2)
    code_width = pdfmetrics.stringWidth(strip.code_shown, _BOLD, 8)
    pen.text(x, y, name, font=_BOLD, size=11, width=pen.right - x - code_width - mm(3))
    pen.text(pen.right - code_width, y, strip.code_shown, font=_BOLD, size=8)
    return y


def _draw_standing(pen: _Pen, strip: PrintStrip, x: float, y: float) -> float:
    """Weight and status, each in both languages on a line of its own."""
    status = say(f"status-{strip.status.value.replace('_', '-')}")
    weight = say(f"weight-{strip.weight.value.replace('_', '-')}")
    for label, value in ((say("print-label-weight"), weight), (say("print-label-status"), status)):
        y -= mm(3.8)
        end = pen.text(x, y, f"{label.vi}: ", size=7.5)
        end = pen.text(end, y, value.vi, font=_BOLD, size=7.5, width=pen.right - end)
        english = f"   {label.en}: {value.en}"
        pen.text(end, y, english, size=6, grey=_GREY, width=pen.right - end)
    return y


Fact = tuple[str, str]


def _facts(strip: PrintStrip) -> tuple[tuple[Fact, Fact], ...]:
    """The rest of what the print says, in rows of two: code of the label, value."""
    return (
        (("print-label-office", strip.issuing_office), ("print-label-system", strip.system_name)),
        (("print-label-issued-for", strip.issued_for), ("print-label-reason", strip.reason)),
        (("print-label-at", f"{shown(strip.at)} +07:00"), ("print-label-number", str(strip.print_number))),
    )


def _draw_fact(pen: _Pen, x: float, y: float, label: str, value: str, *, until: float) -> None:
    words = say(label)
    end = pen.text(x, y + mm(2.65), words.vi, size=5.8, grey=_GREY)
    pen.text(end, y + mm(2.65), f" · {words.en}", size=5.8, grey=_GREY)
    pen.text(x, y, value, size=7.5, width=until - x)


def _draw_check(pen: _Pen, strip: PrintStrip, x: float, y: float) -> None:
    """How to check the print, or that it cannot be checked."""
    if strip.link is None:
        sentence = say("print-not-checkable")
    else:
        sentence = say("print-check", host=strip.host, short_code=strip.short_code)
    pen.text(x, y, sentence.vi, font=_BOLD, size=7.2, width=pen.right - x)
    english = sentence.en
    if strip.issuer_codes:
        own = say("print-issuer-codes")
        english = f"{english} {own.vi} · {own.en}"
    pen.text(x, y - mm(2.8), english, size=6.2, grey=_GREY, width=pen.right - x)


def _draw_header(pen: _Pen, strip: PrintStrip) -> None:
    """Above a page from 2 on: which print this sheet belongs to."""
    y = pen.top - HEADER + mm(2)
    office = pen.text(pen.left, y, strip.issuing_office, font=_BOLD, size=6.5, width=mm(60))
    ending = strip.short_code or say(f"status-{strip.status.value.replace('_', '-')}").vi
    width = pdfmetrics.stringWidth(nfc(ending), _BOLD, 6.5)
    pen.text(pen.right - width, y, ending, font=_BOLD, size=6.5)
    name = f"  ·  {strip.paper_name}"
    pen.text(office, y, name, size=6.5, grey=_GREY, width=pen.right - width - office - mm(4))


def _draw_footer(pen: _Pen, strip: PrintStrip, sheet: Sheet, sheets: int) -> None:
    """Below every page: n/N, print number, fingerprint."""
    pen.rule(FOOTER - mm(1.6))
    parts = (
        (say("print-page"), f"{sheet.number}/{sheets}"),
        (say("print-label-number"), str(strip.print_number)),
        (say("print-fingerprint"), sheet.fingerprint),
    )
    widths = [_labelled_width(label.vi, label.en, value) for label, value in parts]
    free = (pen.right - pen.left - sum(widths)) / (len(parts) - 1)
    x, y = pen.left, mm(5)
    for (label, value), width in zip(parts, widths, strict=True):
        end = pen.text(x, y, f"{label.vi} ", size=6.8)
        end = pen.text(end, y, f"· {label.en} ", size=6.2, grey=_GREY)
        pen.text(end, y, value, font=_BOLD, size=7.2)
        x += width + free


def _labelled_width(vietnamese: str, english: str, value: str) -> float:
    return float(
        pdfmetrics.stringWidth(f"{vietnamese} ", _SANS, 6.8)
        + pdfmetrics.stringWidth(f"· {english} ", _SANS, 6.2)
        + pdfmetrics.stringWidth(value, _BOLD, 7.2)
    )


def _draw_frame(pen: _Pen) -> None:
    """A hairline around the page, so that what lies outside is seen to be ours."""
    area = pen.placement.page
    pen.canvas.setLineWidth(0.25)
    pen.canvas.setStrokeGray(_RULE)
    pen.canvas.rect(area.x, area.y, area.width, area.height, stroke=1, fill=0)
