"""The paper copy: any PDF we hold becomes numbered, framed sheets of A4 with a strip and a QR code.

Pages are placed as they are (vectors, text, images), with what widgets and other annotations show drawn in:
in Vietnamese e-documents the number, the date and the red seal exist only there. Forms, scripts, attachments,
links and layers stay behind. A file whose pages cannot stand in a PDF/A as they are (fonts not embedded,
hidden layers) is drawn at 300 dpi instead, the same look for every viewer. Promises a PDF/A-2b that pikepdf's
checker passed, the same bytes for the same input; does not sign it: the seal speaks for it.

The work is done in a confined child (`printing.py`), because the documents came from outside.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from archive.fingerprint import page_fingerprint
from archive.strip import PrintStrip
from common import Digest, KhosoError
from ingest import Confinement, confined

_COUNTING = Confinement(seconds=30, output_bytes=10_000)
_PRINTING = Confinement(memory_bytes=1_100_000_000, output_bytes=1_000_000_000)
_SECONDS_AT_LEAST, _SECONDS_EACH, _SECONDS_AT_MOST = 30, 1, 300
"""A page that is drawn takes half a second; one page made to cost minutes must not hold a desk's work up."""


class PdfUnusable(KhosoError):
    """The PDF is damaged, has a password, or has no pages."""

    code = "print_pdf_unusable"


class NotPdfA(KhosoError):
    """The finished print did not pass the PDF/A-2b checker."""

    code = "print_not_pdf_a"


@dataclass(frozen=True, slots=True)
class PaperCopy:
    """A finished print: its file, its number of pages, and the fingerprint under each."""

    pdf: Path
    pages: int
    fingerprints: tuple[str, ...]


def make_paper_copy(pdf: Path, *, strip: PrintStrip, into: Path) -> PaperCopy:
    """Write the print of `pdf` to the file `into` (replaced at once or not at all).

    Raises PdfUnusable for a file that is no usable PDF, LinkTooLong for a seal that does not fit, NotPdfA,
    and ingest's refusals when the work takes too long or too much memory.
    """
    source, revision = pdf.resolve(), Digest.of_file(pdf)
    counted = confined("archive.printing:count_pages", str(source), readable=[source], limits=_COUNTING)
    pages = _page_count(counted)
    # A folder of its own, in the same file system: whatever the child leaves behind goes with it.
    with TemporaryDirectory(dir=into.resolve().parent, prefix=".print-") as folder:
        unfinished = Path(folder) / "print.pdf"
        request = {
            "pdf": str(source),
            "revision": revision.hex,
            "strip": strip.as_json(),
            "into": str(unfinished),
        }
        limits = replace(_PRINTING, seconds=_seconds(pages))
        done = confined(
            "archive.printing:print_pages", request, readable=[source], writable=Path(folder), limits=limits
        )
        fingerprints = _fingerprints(done, revision, pages)
        _hand_over(unfinished, into)
    return PaperCopy(into, pages, fingerprints)


def _seconds(pages: int) -> int:
    """What a print of so many pages may take on the clock."""
    return min(_SECONDS_AT_LEAST + _SECONDS_EACH * pages, _SECONDS_AT_MOST)


def _page_count(counted: object) -> int:
    """What a child counted. It read a stranger's bytes: an answer that cannot be ours is PdfUnusable."""
    if type(counted) is not int or counted < 1:
        raise PdfUnusable
    return counted


def _fingerprints(done: object, revision: Digest, pages: int) -> tuple[str, ...]:
    """The fingerprints that a child says it printed; PdfUnusable unless they are those of this revision."""
    said = done.get("fingerprints") if isinstance(done, dict) else None
    if not isinstance(said, list) or len(said) != pages:
        raise PdfUnusable
    expected = [page_fingerprint(revision, page, pages) for page in range(1, pages + 1)]
    if said != expected:
        raise PdfUnusable
    return tuple(expected)


def _hand_over(unfinished: Path, into: Path) -> None:
    """Move a child's file to its place; PdfUnusable for what is no file of its own, such as a link to ours."""
    if unfinished.is_symlink() or not unfinished.is_file():
        raise PdfUnusable
    unfinished.replace(into)
