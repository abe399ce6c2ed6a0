"""ingest: what came in, read: scans become pages, text, type, fields and a searchable PDF/A.

The door of the room.
"""

from ingest.model import (
    Barcode,
    Document,
    Field,
    Limits,
    MediaType,
    Page,
    PageReading,
    Quality,
    Reading,
    Scan,
    TypeGuess,
    Word,
)
from ingest.refusals import (
    DamagedFile,
    DynamicForm,
    EmptyFile,
    FileMissing,
    NoPages,
    PasswordProtected,
    Refusal,
    TookTooLong,
    TooLarge,
    TooManyPages,
    TooManyPixels,
    TooMuchMemory,
    TooMuchOutput,
    UnknownKind,
)
from ingest.sandbox import (
    ChildFailed,
    Confinement,
    ConfinementReport,
    Walls,
    confined,
    confinement_report,
    require_walls,
)
from ingest.scan import (
    open_scan,
)
from ingest.walls import NoWalls

__all__ = [
    "Barcode",
    "ChildFailed",
    "Confinement",
    "ConfinementReport",
    "DamagedFile",
    "Document",
    "DynamicForm",
    "EmptyFile",
    "Field",
    "FileMissing",
    "Limits",
    "MediaType",
    "NoPages",
    "NoWalls",
    "Page",
    "PageReading",
    "PasswordProtected",
    "Quality",
    "Reading",
    "Refusal",
    "Scan",
    "TooLarge",
    "TooManyPages",
    "TooManyPixels",
    "TooMuchMemory",
    "TooMuchOutput",
    "TookTooLong",
    "TypeGuess",
    "UnknownKind",
    "Walls",
    "Word",
    "confined",
    "confinement_report",
    "open_scan",
    "require_walls",
]
