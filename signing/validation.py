"""A verdict on the signatures of any PDF: parsed in a confined child, bounded in time and memory.

`validate` never raises for what stands in the file: whatever a parser dies of is an answer (FORMAT_FAILURE),
a file that cannot be judged within the limits is INDETERMINATE. It raises only when there is no file, when
the file does not begin as a PDF, or when this machine has no walls to open it behind.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from ingest import (
    Confinement,
    DamagedFile,
    FileMissing,
    NotPdf,
    TookTooLong,
    TooMuchMemory,
    TooMuchOutput,
    confined,
)
from signing.trust import TrustBundle
from signing.verdict import LOCKED, TIME_STAMP_LEVEL, Finding, Indication, SignatureVerdict, Verdict, worst

_HEADER = b"%PDF-"
_HEADER_WITHIN = 1024
"""Readers accept the header within the first kilobyte (ISO 32000-1, annex H, 3.4.1)."""
_BLOCK = 1 << 20

DEFAULT_LIMITS = Confinement(seconds=20.0, memory_bytes=1_100_000_000, output_bytes=5_000_000)


def validate(
    pdf: Path, *, trust: TrustBundle, now: datetime, limits: Confinement = DEFAULT_LIMITS
) -> Verdict:
    """The verdict at `now` with what `trust` knows; FileMissing or NotPdf when there is no PDF."""
    _require_pdf(pdf)
    request = {"pdf": str(pdf.resolve()), "trust": trust.as_json(), "now": now.isoformat()}
    try:
        answer = confined("signing.judge:judge", request, readable=[pdf], limits=limits)
        if answer == LOCKED:
            return _without_signatures(pdf, _locked(pdf), trust, now)
        signatures = _signatures(answer)
    except (TookTooLong, TooMuchMemory, TooMuchOutput):
        return _without_signatures(pdf, [_found("LIMIT_EXCEEDED")], trust, now)
    except DamagedFile:
        return _without_signatures(pdf, _unreadable(pdf), trust, now)
    if not signatures:
        return _without_signatures(pdf, [_found("no-signature")], trust, now)
    # Time stamps prove when, not who: a file with nothing else was signed by nobody.
    unsigned = all(signature.level == TIME_STAMP_LEVEL for signature in signatures)
    missing = [_found("no-signature")] if unsigned else []
    reasons = [reason for signature in signatures for reason in signature.reasons]
    indications = [*(one.indication for one in signatures), *(one.indication for one in missing)]
    return Verdict(
        indication=worst(indications),
        reasons=tuple(dict.fromkeys([*reasons, *(finding.reason for finding in missing)])),
        signatures=signatures,
        checked_at=now,
        trust_as_of=trust.as_of,
    )


def _require_pdf(pdf: Path) -> None:
    try:
        # Asked before it is opened: opening a pipe waits for somebody to write.
        if not pdf.is_file():
            raise FileMissing(name=pdf.name)
        with pdf.open("rb") as file:
            head = file.read(_HEADER_WITHIN)
    except OSError as error:
        raise FileMissing(name=pdf.name) from error
    if _HEADER not in head:
        raise NotPdf(name=pdf.name)


def _signatures(answer: Any) -> tuple[SignatureVerdict, ...]:
    """The child's answer as values; a child that says something else has fallen to the file."""
    try:
        return tuple(SignatureVerdict.from_json(facts) for facts in answer)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFile(name="") from error


def _without_signatures(pdf: Path, findings: list[Finding], trust: TrustBundle, now: datetime) -> Verdict:
    return Verdict(
        indication=worst(finding.indication for finding in findings),
        reasons=tuple(finding.reason for finding in findings),
        signatures=(),
        checked_at=now,
        trust_as_of=trust.as_of,
    )


def _unreadable(pdf: Path) -> list[Finding]:
    """A PDF that no parser gets through: failed when it carries a signature, else there is none to fail."""
    if _mentions_signature(pdf):
        return [Finding.of(Indication.TOTAL_FAILED, "FORMAT_FAILURE", cause="PDF")]
    return [Finding.of(Indication.INDETERMINATE, "FORMAT_FAILURE", cause="PDF"), _found("no-signature")]


def _locked(pdf: Path) -> list[Finding]:
    """A PDF that only some may read: nothing is known of what it says, least of all that it is false."""
    findings = [_found("encrypted")]
    return findings if _mentions_signature(pdf) else [*findings, _found("no-signature")]


def _found(code: str) -> Finding:
    return Finding.of(Indication.INDETERMINATE, code)


def _mentions_signature(pdf: Path) -> bool:
    """Whether the bytes have a /ByteRange, which only signatures need (read in overlapping blocks)."""
    marker, tail = b"/ByteRange", b""
    with pdf.open("rb") as file:
        while block := file.read(_BLOCK):
            if marker in tail + block:
                return True
            tail = block[-len(marker) :]
    return False
