"""The paper copy: any PDF we hold becomes numbered, framed sheets of A4 with a strip and a QR code.

Pages are placed as they are (vectors, text, images), with what widgets and other annotations show drawn in:
in Vietnamese e-documents the number, the date and the red seal exist only there. Forms, scripts, attachments,
links and layers stay behind. A file whose pages cannot stand in a PDF/A as they are (fonts not embedded,
hidden layers) is drawn at 300 dpi instead, the same look for every viewer. Promises a PDF/A-2b that pikepdf's
checker passed, the same bytes for the same input; does not sign it: the seal speaks for it.

The work is done in a confined child (`printing.py`), because the documents came from outside.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from archive.strip import PrintStrip
from common import Digest, KhosoError
from ingest import Confinement, confined

_LIMITS = Confinement(seconds=600, memory_bytes=1_100_000_000, output_bytes=1_000_000_000)


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
    # A folder of its own, in the same file system: whatever the child leaves behind goes with it.
    with TemporaryDirectory(dir=into.resolve().parent, prefix=".print-") as folder:
        unfinished = Path(folder) / "print.pdf"
        request = {
            "pdf": str(source),
            "revision": revision.hex,
            "strip": strip.as_json(),
            "into": str(unfinished),
        }
        done = confined(
            "archive.printing:print_pages", request, readable=[source], writable=Path(folder), limits=_LIMITS
        )
        unfinished.replace(into)
    return PaperCopy(into, len(done["fingerprints"]), tuple(done["fingerprints"]))
