"""Verdicts on signatures, in the words of ETSI EN 319 102-1: values, no judging.

A verdict speaks of signatures only; whether the document is in force is a status, and lives elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from common import Sentence, say

TIME_STAMP_LEVEL = "document-time-stamp"
"""The level of what proves a time and nobody's will."""
LOCKED = "locked"
"""The judge's answer, in place of verdicts, for a file that only some may read."""


class Indication(StrEnum):
    """ETSI EN 319 102-1, 5.1.2: the status of a signature or of all signatures of a file."""

    TOTAL_PASSED = "TOTAL-PASSED"
    """Every check was made and passed."""
    INDETERMINATE = "INDETERMINATE"
    """What is known suffices neither for yes nor for no; the reasons say what is missing."""
    TOTAL_FAILED = "TOTAL-FAILED"
    """The signature is broken, or its format is, or its certificate was revoked before it signed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that speaks against a signature, and how much it says."""

    indication: Indication
    reason: Sentence

    @classmethod
    def of(cls, indication: Indication, code: str, **facts: object) -> "Finding":
        """The finding with the sentence `code` of the catalogue."""
        return cls(indication, say(code, **facts))


def worst(indications: Iterable[Indication]) -> Indication:
    """The rule for many: any TOTAL-FAILED fails; else any INDETERMINATE; passed only when all passed."""
    found = set(indications)
    for indication in (Indication.TOTAL_FAILED, Indication.INDETERMINATE):
        if indication in found:
            return indication
    return Indication.TOTAL_PASSED


@dataclass(frozen=True, slots=True)
class SignatureVerdict:
    """What is known of one signature; times are aware UTC instants.

    `claimed_time` is what the signer's software wrote, `proven_time` what a trusted time stamp proves.
    `changes` names what later revisions did to the file (`pages`, `form`, `annotations`, …).
    """

    field: str
    indication: Indication
    reasons: tuple[Sentence, ...]
    signer_name: str | None = None
    claimed_time: datetime | None = None
    proven_time: datetime | None = None
    digest_algorithm: str | None = None
    covers_whole_file: bool = False
    changes: tuple[str, ...] = ()
    level: str | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "field": self.field,
            "verdict": self.indication.value,
            "reasons": [reason.as_json() for reason in self.reasons],
            "signer_name": self.signer_name,
            "claimed_time": _instant(self.claimed_time),
            "proven_time": _instant(self.proven_time),
            "digest_algorithm": self.digest_algorithm,
            "covers_whole_file": self.covers_whole_file,
            "changes": list(self.changes),
            "level": self.level,
        }

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> "SignatureVerdict":
        """What `as_json` wrote; KeyError, TypeError or ValueError for anything else."""
        return cls(
            field=str(facts["field"]),
            indication=Indication(facts["verdict"]),
            reasons=tuple(Sentence(**reason) for reason in facts["reasons"]),
            signer_name=facts["signer_name"],
            claimed_time=_read_instant(facts["claimed_time"]),
            proven_time=_read_instant(facts["proven_time"]),
            digest_algorithm=facts["digest_algorithm"],
            covers_whole_file=bool(facts["covers_whole_file"]),
            changes=tuple(map(str, facts["changes"])),
            level=facts["level"],
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a whole file, checked at `checked_at` with the trust known at `trust_as_of`."""

    indication: Indication
    reasons: tuple[Sentence, ...]
    signatures: tuple[SignatureVerdict, ...]
    checked_at: datetime
    trust_as_of: datetime | None

    def as_json(self) -> dict[str, object]:
        """The JSON of `khoso validate --json`."""
        return {
            "verdict": self.indication.value,
            "reasons": [reason.as_json() for reason in self.reasons],
            "signatures": [signature.as_json() for signature in self.signatures],
            "checked_at": _instant(self.checked_at),
            "trust_as_of": _instant(self.trust_as_of),
        }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _read_instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
