"""The words for how a paper stands: status, weight, ground; and which status may follow which.

design.md section 4 in code. Decides nothing by itself: whether a paper *may* become valid is a rule's
decision (`archive.rules`).
"""

from enum import StrEnum


class Status(StrEnum):
    """The life of a document in the store."""

    RECEIVED = "received"
    """Its bytes are kept; nobody has read it."""
    READ = "read"
    """Text, type and fields were proposed by the reader."""
    CHECKED = "checked"
    """A person compared what was read with the page."""
    PROVISIONAL = "provisional"
    """Signed by the clerk, waiting for a ground; not yet worth the paper."""
    VALID = "valid"
    """Worth the paper: it has a ground and a person who checked it."""
    SUPERSEDED = "superseded"
    """A newer version took its place."""
    REVOKED = "revoked"
    """Taken back; kept for looking up (Decree 45/2020)."""
    EXPIRED = "expired"
    """Its own time of validity has ended."""
    ARCHIVED = "archived"
    """Handed to the archive; only read from now on."""
    DESTROYED = "destroyed"
    """Its keys, text and search rows are gone; the record of it remains."""
    PENDING_IDENTIFIER = "pending_identifier"
    """The owner's number is not known yet."""
    QUARANTINED = "quarantined"
    """Held apart: malware or another danger was found."""
    REJECTED = "rejected"
    """Not taken into the store."""


class Weight(StrEnum):
    """What a document is worth as evidence, heaviest first; shown everywhere."""

    ISSUED_ELECTRONICALLY = "issued_electronically"
    """Born digital and signed by its issuer, and the signatures passed."""
    DIGITISED = "digitised"
    """Digitised from the original and compared with it."""
    CERTIFIED_COPY = "certified_copy"
    """From a certified electronic copy."""
    UPLOADED = "uploaded"
    """Uploaded by its owner."""
    UNCONFIRMED = "unconfirmed"
    """Nobody decided yet."""


class Ground(StrEnum):
    """Why a document may become valid."""

    DOSSIER_SUCCEEDED = "dossier_succeeded"
    """Its dossier closed with success (Decision 468/QD-TTg, III.1.b)."""
    BACK_FILE = "back_file"
    """The competent agency decided on its back-file (Circular 01/2023, Art. 5)."""
    ISSUED_ELECTRONICALLY = "issued_electronically"
    """It arrived signed by its issuer."""
    CERTIFIED_COPY = "certified_copy"
    """It is a certified electronic copy."""


class SourceForm(StrEnum):
    """In which form the paper was brought (Circular 01/2023/TT-VPCP, Art. 4)."""

    ORIGINAL = "original"
    """The paper itself."""
    CERTIFIED_COPY = "certified_copy"
    """A copy that somebody certified, on paper or as a signed file."""
    E_COPY = "e_copy"
    """A file made from the paper elsewhere."""
    E_ORIGINAL = "e_original"
    """Born electronic, signed by its issuer."""
    UNKNOWN = "unknown"
    """Nobody said."""


_S = Status
_BEFORE_CHECK = frozenset({_S.PENDING_IDENTIFIER, _S.QUARANTINED, _S.REJECTED})
_NEXT: dict[Status, frozenset[Status]] = {
    _S.RECEIVED: frozenset({_S.READ}) | _BEFORE_CHECK,
    _S.READ: frozenset({_S.CHECKED}) | _BEFORE_CHECK,
    _S.PENDING_IDENTIFIER: frozenset({_S.READ, _S.CHECKED, _S.QUARANTINED, _S.REJECTED}),
    _S.CHECKED: frozenset({_S.PROVISIONAL}) | _BEFORE_CHECK,
    # A refused dossier leaves a paper provisional; a misread or withdrawn one can still be taken back.
    _S.PROVISIONAL: frozenset({_S.VALID, _S.SUPERSEDED, _S.REVOKED, _S.ARCHIVED, _S.QUARANTINED}),
    _S.VALID: frozenset({_S.SUPERSEDED, _S.REVOKED, _S.EXPIRED}),
    # What was replaced or ran out can still turn out to be false, and is then revoked.
    _S.SUPERSEDED: frozenset({_S.REVOKED, _S.ARCHIVED}),
    _S.EXPIRED: frozenset({_S.REVOKED, _S.ARCHIVED}),
    _S.REVOKED: frozenset({_S.ARCHIVED}),
    _S.ARCHIVED: frozenset({_S.DESTROYED}),
    # A false alarm goes back to the start; what is dangerous or refused is not kept for ever.
    _S.QUARANTINED: frozenset({_S.RECEIVED, _S.REJECTED, _S.DESTROYED}),
    _S.REJECTED: frozenset({_S.DESTROYED}),
    _S.DESTROYED: frozenset(),
}


def may_become(now: Status, then: Status) -> bool:
    """Whether `then` may directly follow `now`; a status never follows itself."""
    return then in _NEXT[now]
