"""Reading without a store: quality, text, type and fields of one file, and its searchable PDF/A."""

from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

from api.deliver import deliver
from api.progress import Steps
from api.workroom import Workroom
from ingest import Document, Limits, PagePool, digitise, open_scan


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read; `pdf` is where its PDF/A was written, None when not wanted or when it is signed."""

    file: Path
    document: Document
    pdf: Path | None

    def as_json(self) -> dict[str, Any]:
        """One entry of `files` in the JSON of `khoso read` (design.md, section 7)."""
        reading = self.document.reading
        facts = reading.as_json()
        return {
            "file": str(self.file),
            "error": None,
            "pages": [{name: page[name] for name in page if name != "words"} for page in facts["pages"]],
            "text": reading.text,
            "doc_type": {
                "code": reading.doc_type.code,
                "name": reading.doc_type.name,
                "score": reading.doc_type.score,
            },
            "fields": facts["fields"],
            "pdf": None if self.pdf is None else str(self.pdf),
            "signed": self.document.scans[0].signed,
            "recogniser": reading.recogniser,
        }


def read_file(
    file: Path, *, room: Workroom, pool: PagePool, limits: Limits, steps: Steps, out: Path | None
) -> ReadFile:
    """Reads one file; its PDF/A goes into the folder `out` under the file's own name. Raises Refusals."""
    scan = open_scan(file, limits=limits)
    steps.start(scan.name, scan.pages)
    with room.desk() as desk:
        document = digitise([scan], into=desk, pool=pool, limits=limits, progress=steps.reached)
        pdf = None
        if out is not None and document.pdf is not None:
            pdf = deliver(document.pdf, _free_name(out, file.stem))
    return ReadFile(file, document, pdf)


def _free_name(folder: Path, stem: str) -> Path:
    """`stem.pdf`, or with a number when that is taken: two scans of one name lose nothing."""
    names = chain([stem], (f"{stem}-{n}" for n in count(2)))
    return next(path for path in (folder / f"{name}.pdf" for name in names) if not path.exists())
