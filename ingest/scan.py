"""Opening a file that came in: what it is, whether it is fit to become a document. Nothing is kept.

The parser runs in the sandbox (`opening.py`); this side reads only the file's first bytes and its digest.
"""

from pathlib import Path
from typing import Any

from common import Digest
from ingest.malware import Scanner, require_clean
from ingest.model import Limits, MediaType, Scan
from ingest.names import display_name
from ingest.refusals import EmptyFile, FileMissing, FolderGiven, TooLarge, UnknownKind
from ingest.sandbox import Confinement, confined

_BEGINNING = 1024
"""A PDF header may stand anywhere in the first 1024 bytes (ISO 32000-1, Annex H, note 13)."""

_MAGIC = (
    (b"\xff\xd8\xff", MediaType.JPEG),
    (b"\x89PNG\r\n\x1a\n", MediaType.PNG),
    (b"II*\x00", MediaType.TIFF),
    (b"MM\x00*", MediaType.TIFF),
    (b"II+\x00", MediaType.TIFF),  # BigTIFF
    (b"MM\x00+", MediaType.TIFF),
)


def open_scan(
    path: Path, *, name: str | None = None, limits: Limits | None = None, scanner: Scanner | None = None
) -> Scan:
    """Open `path` in the sandbox, within `limits.open_seconds`, and tell what it is.

    A `scanner` looks first, whatever the kind: malware is reported as such, not as a file of no known kind. The
    digest is then that of the bytes it saw, so that keeping others is noticed.

    `name` is what its sender called it (default: the path's last part); it is cleaned before use. Raises a
    `Refusal` for everything that cannot become a document. A PDF with JavaScript or attachments is opened
    without running anything, and nothing of them reaches the derived file.
    """
    limits = limits or Limits()
    shown = display_name(path.name if name is None else name)
    size = _size(path, shown, limits)
    inspected = None if scanner is None else require_clean(path, shown, scanner)
    kind = kind_of(path, shown)
    confinement = Confinement(seconds=limits.open_seconds, memory_bytes=limits.memory_bytes)
    request = {
        "path": str(path.resolve()),
        "kind": kind.value,
        "pages": limits.pages,
        "pixels": limits.pixels_per_page,
    }
    pages, signed = confined(
        "ingest.opening:look", request, readable=[path], limits=confinement, name=shown, parse=_what_was_seen
    )
    return Scan(path, shown, kind, size, inspected or Digest.of_file(path), pages, signed)


def _what_was_seen(answer: dict[str, Any]) -> tuple[int, bool]:
    pages, signed = int(answer["pages"]), bool(answer["signed"])
    if pages < 1:
        raise ValueError("a file that is taken in has pages")
    return pages, signed


def kind_of(path: Path, shown: str) -> MediaType:
    """The kind of a file by its first bytes; UnknownKind for everything that is not taken in."""
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    for magic, kind in _MAGIC:
        if beginning.startswith(magic):
            return kind
    if b"%PDF-" in beginning:
        return MediaType.PDF
    raise UnknownKind(name=shown)


def _size(path: Path, shown: str, limits: Limits) -> int:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise FolderGiven(name=shown) if path.is_dir() else FileMissing(name=shown)
        path.open("rb").close()
    except OSError as error:
        raise FileMissing(name=shown) from error
    if size == 0:
        raise EmptyFile(name=shown)
    if size > limits.bytes:
        raise TooLarge(name=shown, size=size, limit=limits.bytes)
    return size
