"""Machine-readable codes on photos, images and PDF pages. What they say is a claim of whoever printed them."""

from pathlib import Path
from typing import Any

from common import Box
from ingest.model import Barcode, Limits
from ingest.sandbox import Confinement, confined
from ingest.scan import open_scan

_SECONDS_PER_PAGE = 1.0
_LONGEST = 8_000
"""Characters; the largest QR code (version 40-L) holds 7,089 digits."""


def read_codes(path: Path, *, name: str | None = None, limits: Limits | None = None) -> tuple[Barcode, ...]:
    """Every QR code, DataMatrix, Aztec or PDF417 code in the file, page by page; read in the sandbox.

    Boxes are in pixels of the page as it is drawn, not turned. Raises the refusals of `open_scan`.
    """
    limits = limits or Limits()
    scan = open_scan(path, name=name, limits=limits)
    request = {
        "path": str(path.resolve()),
        "kind": scan.media_type.value,
        "pixels": limits.pixels_per_page,
    }
    confinement = Confinement(
        seconds=limits.page_seconds + scan.pages * _SECONDS_PER_PAGE, memory_bytes=limits.memory_bytes
    )
    codes: tuple[Barcode, ...] = confined(
        "ingest.barcode_reading:find",
        request,
        readable=[path],
        limits=confinement,
        name=scan.name,
        parse=_codes,
    )
    return codes


def _codes(found: list[Any]) -> tuple[Barcode, ...]:
    return tuple(
        Barcode(str(text)[:_LONGEST], str(kind), int(page), Box(*(int(side) for side in box)))
        for text, kind, page, *box in found
    )
