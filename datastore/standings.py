"""What anybody may ask who holds a print or a file: how it stands today, and nothing else.

No actor is asked and no diary is written: whoever verifies looks at what is in its own hand, and a line for each
look of a stranger would let strangers fill the diary. Only reads.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from archive import Status
from common import Digest
from datastore.records import PrintStatus
from datastore.rows import DocumentRow, PrintRow, RevisionRow, VersionRow
from datastore.transactions import Glance

_SPEAKING = (
    Status.PROVISIONAL,
    Status.VALID,
    Status.ARCHIVED,
    Status.SUPERSEDED,
    Status.REVOKED,
    Status.EXPIRED,
)
"""In these states a paper says something about the file that somebody holds."""


_OF_PRINTS = (
    select(PrintRow.short_code, PrintRow.status_index, PrintRow.revoked_at, DocumentRow.status)
    .join(DocumentRow, DocumentRow.id == PrintRow.document_id)
    .where(PrintRow.short_code.in_(bindparam("short_codes", expanding=True)))
)


def of_prints(glance: Glance, short_codes: Collection[str]) -> Mapping[str, PrintStatus]:
    """What stands behind short codes in their printed form; nothing for one of no print."""
    found = glance.all(_OF_PRINTS, {"short_codes": sorted(short_codes)})
    return {
        row.short_code: PrintStatus(row.status_index, Status(row.status), row.revoked_at is not None)
        for row in found
    }


def of_bytes(session: Session, sha256: Digest) -> Status | None:
    """The status of the paper with these bytes; None when there is none.

    Found are signed revisions and PDFs that arrived signed, of every agency. Where several took in the same
    file, one on which something was decided speaks before one that is still open or was rejected, and the latest
    received of those.
    """
    revisions = select(RevisionRow.version_id).where(RevisionRow.sha256 == sha256.value)
    arrived = (VersionRow.originals_digest == sha256.value) & VersionRow.verdict.is_not(None)
    query = (
        select(DocumentRow.status)
        .join(VersionRow, VersionRow.document_id == DocumentRow.id)
        .where(VersionRow.id.in_(revisions) | arrived)
        .order_by(DocumentRow.status.in_(_SPEAKING).desc(), DocumentRow.received_at.desc())
    )
    status = session.scalars(query.limit(1)).first()
    return None if status is None else Status(status)
