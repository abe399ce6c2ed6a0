"""The journey of a document through this room: scans in, searchable PDF/A and reading out."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from common import Digest
from ingest.catalogue import load_catalogue
from ingest.fields import find_fields
from ingest.model import Document, Limits, PageReading, Reading, Scan
from ingest.page_pool import PageFailed, PagePixels, PagePool, PageResult
from ingest.recognise_type import guess_type
from ingest.refusals import DamagedFile, NoRoomForDocument
from ingest.sandbox import Confinement, confined_stream

if TYPE_CHECKING:
    from ingest.searchable_pdf import SearchablePdf

PDF_NAME = "document.pdf"
_READING_FACTOR = 2
"""Reading a page may take so many times as long as drawing it."""

_NUMBERS = ("width", "height", "channels", "dpi")

Progress = Callable[[int, int], None]


def digitise(
    scans: Sequence[Scan],
    *,
    into: Path,
    pool: PagePool,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Document:
    """Read `scans` as one document; write its searchable PDF/A-2b into the folder `into`.

    A signed PDF *is* its document: when it comes alone nothing is written, and its reading stands beside it.
    `progress(done, total)` counts pages. Raises the refusals of the sandbox; nothing is left in `into` then.
    """
    if not scans:
        raise ValueError("a document needs at least one scan")
    limits = limits or Limits()
    is_the_document = len(scans) == 1 and scans[0].signed
    pdf = None if is_the_document else _begin_pdf(into, limits)
    try:
        # 1. Pages are drawn in the sandbox, read in the pool, and written in order, a few at a time.
        pages = _read_pages(scans, pool, limits, pdf, progress)
        # 2. What the text says: the type first, because it names the fields to look for.
        reading = _understood(pages, pool.name)
        # 3. The PDF becomes PDF/A and is checked.
        if pdf is None:
            return Document(tuple(scans), None, None, reading)
        pdf.finish(title=_title(reading, scans[0]), memory_bytes=limits.memory_bytes)
    except BaseException as error:
        if pdf is not None:
            pdf.abandon()
        if isinstance(error, OSError) and (full := NoRoomForDocument.if_full(error)):
            raise full from error
        raise
    path = into / PDF_NAME
    return Document(tuple(scans), path, Digest.of_file(path), reading)


def _begin_pdf(into: Path, limits: Limits) -> "SearchablePdf":
    # Late: its libraries take half a second to load, which every sandbox child behind this door would spend.
    from ingest.searchable_pdf import SearchablePdf

    return SearchablePdf(into / PDF_NAME, limit=limits.output_bytes)


def _read_pages(
    scans: Sequence[Scan],
    pool: PagePool,
    limits: Limits,
    pdf: "SearchablePdf | None",
    progress: Progress | None,
) -> tuple[PageReading, ...]:
    total = sum(scan.pages for scan in scans)
    readings: list[PageReading] = []
    for result, grey in _results(scans, pool, limits, pdf is not None):
        if pdf is not None:
            pdf.add(result.reading, result.picture, grey=grey)
        readings.append(result.reading)
        if progress is not None:
            progress(len(readings), total)
    return tuple(readings)


@dataclass(slots=True)
class _Sent:
    page: PagePixels
    number: int
    future: "Future[PageResult]" = field(repr=False)


def _results(
    scans: Sequence[Scan], pool: PagePool, limits: Limits, picture: bool
) -> Iterator[tuple[PageResult, bool]]:
    """The pages in order. One more is on its way than processes read, so that none of them waits."""
    waiting: deque[_Sent] = deque()
    seconds = _READING_FACTOR * limits.page_seconds
    for number, page in enumerate(_pages(scans, limits), start=1):
        waiting.append(
            _Sent(page, number, pool.submit(page, number=number, seconds=seconds, picture=picture))
        )
        if len(waiting) > pool.workers:
            yield _result(waiting.popleft(), pool, seconds, picture)
    while waiting:
        yield _result(waiting.popleft(), pool, seconds, picture)


def _result(sent: _Sent, pool: PagePool, seconds: float, picture: bool) -> tuple[PageResult, bool]:
    """The page as read; where the reader died of it, the page as seen, marked so that a person looks."""
    grey = sent.page.header["channels"] == 1
    future = sent.future
    # Once more, because a system short of memory may have killed the process; then without reading.
    for read in (True, False):
        try:
            return future.result(), grey
        except PageFailed:
            future = pool.submit(sent.page, number=sent.number, seconds=seconds, picture=picture, read=read)
    try:
        return future.result(), grey
    except PageFailed as error:
        raise DamagedFile(name=f"({sent.number})") from error


def _pages(scans: Sequence[Scan], limits: Limits) -> Iterator[PagePixels]:
    for scan in scans:
        request = {
            "path": str(scan.path.resolve()),
            "kind": scan.media_type.value,
            "pixels": limits.pixels_per_page,
        }
        confinement = Confinement(
            seconds=limits.page_seconds,
            memory_bytes=limits.memory_bytes,
            output_bytes=4 * limits.pixels_per_page,
            processor_seconds=limits.page_seconds * scan.pages,
        )
        drawn = confined_stream(
            "ingest.rendering:draw", request, readable=[scan.path], limits=confinement, name=scan.name
        )
        count = 0
        for count, (header, pixels) in enumerate(drawn, start=1):
            _require_sound(header, pixels, scan, count)
            yield PagePixels(header, pixels)
        if count != scan.pages:
            raise DamagedFile(name=scan.name)


def _require_sound(header: object, pixels: bytes, scan: Scan, count: int) -> None:
    """The child has read hostile bytes: its numbers are believed as far as they agree with its pixels."""
    sound = (
        isinstance(header, dict)
        and all(isinstance(header.get(key), int) for key in _NUMBERS)
        and header["channels"] in (1, 3)
        and header["dpi"] > 0
        and header["width"] > 0
        and header["width"] * header["height"] * header["channels"] == len(pixels)
        and isinstance(header.get("words"), list)
    )
    if not sound or count > scan.pages:
        raise DamagedFile(name=scan.name)


def _understood(pages: Sequence[PageReading], recogniser: str) -> Reading:
    catalogue = load_catalogue()
    guess = guess_type(pages, catalogue)
    doc_type = None if guess.code is None else catalogue.find(guess.code)
    fields = find_fields(pages, doc_type, catalogue)
    return Reading(tuple(pages), guess, fields, recogniser)


def _title(reading: Reading, scan: Scan) -> str:
    """What the document is called: its kind where known, else the name of its first file without suffix."""
    return reading.doc_type.name or Path(scan.name).stem
