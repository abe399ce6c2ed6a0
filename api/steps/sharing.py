"""What somebody was shown by its owner: the very bytes, and nothing else of the paper."""

from pathlib import Path

from api.house import House
from api.steps.holdings import Content
from datastore import OpenedShare
from ingest import MediaType

_PDF = b"%PDF-"


def open_shared(house: House, opened: OpenedShare, out: Path) -> Content:
    """Writes the shared bytes to `out`."""
    path = house.datastore.objects.get(opened.object, out, sealing=opened.data_key)
    with path.open("rb") as file:
        kind = MediaType.PDF.value if file.read(len(_PDF)) == _PDF else "application/octet-stream"
    return Content(path, kind, opened.share.sha256)
