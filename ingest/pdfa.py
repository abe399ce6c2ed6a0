"""Runs inside the sandbox: turns a draft of a searchable PDF into PDF/A-2b and has it checked.

In a process of its own because pikepdf's checker takes every warning for a violation while it runs, also one
that another thread of a service causes; and because its memory is then given back.
"""

from pathlib import Path

import pikepdf
from pikepdf import pdfa

from ingest.refusals import NoRoomForDocument

_FLAVOUR = "2b"
_TIMES = ("xmp:MetadataDate", "xmp:ModifyDate", "xmp:CreateDate")


def make(request: dict[str, str]) -> None:
    """Write the PDF/A-2b `path` from `draft` with the title `title`; raises pikepdf's PdfaError if it fails."""
    try:
        _make(request)
    except OSError as error:
        if full := NoRoomForDocument.if_full(error):
            raise full from error
        raise


def _make(request: dict[str, str]) -> None:
    with pikepdf.open(request["draft"]) as pdf:
        with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata["dc:title"] = request["title"]
            metadata["dc:language"] = {"vi"}
        pdfa.prepare(pdf, _FLAVOUR)
        # Without the time of making the same pages give the same bytes.
        with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
            for entry in _TIMES:
                if entry in metadata:
                    del metadata[entry]
        pdfa.save(pdf, Path(request["path"]), _FLAVOUR, repair=False, deterministic_id=True)
