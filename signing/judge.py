"""Judging the signatures of one PDF; meant to run confined, because it parses bytes from anybody.

For every signature, in this order (ETSI EN 319 102-1, 5.3, in our words):

1. format: the byte range is [0 a b c], its gap is exactly the signature's contents, the CMS can be read;
2. hash: the signed bytes give the digest in the signature; signature: the raw value verifies;
3. time: a time stamp that is itself good proves when the signature existed;
4. algorithms, certificate, chain, revocation, at the proven time, else now;
5. what later revisions changed (`changes.py`).

1 and 2 are final. Everything after them adds reasons, each with how much it says.
"""

# mypy: disallow-untyped-calls=False
# pyHanko ships types, but some of its classes are partly untyped.

import binascii
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from asn1crypto import x509
from asn1crypto.core import Void
from cryptography import x509 as strict_x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator.errors import AlgorithmNotSupported

from common import one_line
from signing.chains import Moment, Purpose, check_certificate
from signing.changes import HARMLESS, Change, Snapshot, changes, has_area, snapshot
from signing.form import filled_signature_fields, form_nodes, is_signature
from signing.pdf_objects import entry, key_of
from signing.proof import PARSER_ERRORS, WEAK_DIGESTS, proven_by_stamps, token_time, token_verified
from signing.trust import TrustBundle
from signing.verdict import LOCKED, TIME_STAMP_LEVEL, Finding, Indication, SignatureVerdict, worst

_PAGES = frozenset({Change.PAGES, Change.CONTENT, Change.REPLACED_SIGNATURE})
"""Changes that no signature allows anybody (ISO 32000-1, 12.8.2.2): the file is not what was signed."""
_LONGEST_NAME = 200


class Locked(ValueError):
    """The file is encrypted, and not for everybody to read: nothing can be said of it."""


class _NoSignatureFormat(ValueError):
    """What stands in the signature's place is not a signature over this file."""


@dataclass(slots=True)
class _Case:
    """One signature while it is judged."""

    signature: EmbeddedPdfSignature
    findings: list[Finding] = field(default_factory=list)
    proven: datetime | None = None
    changed: frozenset[Change] = frozenset()


def judge(request: dict[str, Any]) -> list[dict[str, object]] | str:
    """`{"pdf", "trust", "now"}` → the verdict of every signature as JSON, in the order of signing, or LOCKED."""
    content = Path(request["pdf"]).read_bytes()
    trust = TrustBundle.from_json(request["trust"])
    now = datetime.fromisoformat(request["now"])
    try:
        verdicts = judge_signatures(content, trust, now)
    except Locked:
        return LOCKED
    return [verdict.as_json() for verdict in verdicts]


def judge_signatures(content: bytes, trust: TrustBundle, now: datetime) -> list[SignatureVerdict]:
    """The same on values; Locked, or any of the parsers' errors when the file as a whole cannot be read."""
    reader = PdfFileReader(BytesIO(content), strict=False)
    _unlock(reader)
    if "/Pages" not in reader.root:
        # Without this, a broken catalogue would read as "no signature".
        raise _NoSignatureFormat("catalogue")
    judged = []
    revisions = _Revisions(reader)
    for name, holder in _filled(reader):
        label = one_line(name)[:_LONGEST_NAME]
        try:
            signature = _signature(reader, name, holder)
            order = signature.signed_revision
            verdict = _judge_one(label, signature, content, revisions, trust, now)
        except PARSER_ERRORS as error:
            order, verdict = reader.xrefs.total_revisions, _no_format(label, error)
        judged.append((order, verdict))
    return [verdict for _, verdict in sorted(judged, key=lambda item: item[0])]


def _unlock(reader: PdfFileReader) -> None:
    """Opens what everybody may read: encryption with an empty password (ISO 32000-1, 7.6.3.1)."""
    try:
        opened = not reader.encrypted or reader.decrypt("").status is not AuthStatus.FAILED
    except PARSER_ERRORS as error:
        raise Locked from error
    if not opened:
        raise Locked


def _filled(reader: PdfFileReader) -> list[tuple[str, generic.DictionaryObject | None]]:
    """Every filled signature field with what has its value; None for one signature lent to several fields."""
    filled = filled_signature_fields(reader.root)
    # A copy is another object, and fails by what it covers.
    uses = Counter(_value_of(holder) for _, holder in filled)
    return [(name, holder if uses[_value_of(holder)] == 1 else None) for name, holder in filled]


def _value_of(holder: generic.DictionaryObject) -> object:
    value = holder.raw_get("/V")
    return key_of(value) or id(value)


def _signature(
    reader: PdfFileReader, name: str, holder: generic.DictionaryObject | None
) -> EmbeddedPdfSignature:
    if holder is None or not is_signature(entry(holder, "/V")):
        raise _NoSignatureFormat("value")
    return EmbeddedPdfSignature(reader, holder, name)


def untouched(content: bytes) -> bool:
    """Whether every signature of a file is what it was when it was made; asks nothing of trust or time.

    Format, digest, raw value, coverage and later changes, as in a verdict. What cannot be read is not untouched.
    """
    try:
        reader = PdfFileReader(BytesIO(content), strict=False)
        revisions = _Revisions(reader)
        return all(
            _is_untouched(_signature(reader, name, holder), content, revisions)
            for name, holder in _filled(reader)
        )
    except PARSER_ERRORS:
        return False


def _is_untouched(signature: EmbeddedPdfSignature, content: bytes, revisions: "_Revisions") -> bool:
    _check_format(signature, content)
    case = _Case(signature)
    return not (_integrity(signature) or _shown_stamp(signature) or _later_changes(case, content, revisions))


def _judge_one(
    name: str,
    signature: EmbeddedPdfSignature,
    content: bytes,
    revisions: "_Revisions",
    trust: TrustBundle,
    now: datetime,
) -> SignatureVerdict:
    """The five steps of the module's introduction."""
    case = _Case(signature)
    # 1. Format.
    _check_format(signature, content)
    # 2. Hash and signature: nothing else matters when these fail.
    case.findings += _integrity(signature)
    if not case.findings:
        # 3. Time.
        case.findings += _prove_time(case, trust, now)
        # 4. Algorithms, certificate, chain, revocation.
        case.findings += _weak_digest(signature)
        moment = Moment(case.proven or now, case.proven is not None, _claimed(signature))
        certificate, others = signature.signer_cert, signature.other_embedded_certs
        purpose = Purpose.TIME_STAMPING if _is_document_time_stamp(signature) else Purpose.SIGNING
        case.findings += check_certificate(certificate, others, trust, moment, purpose)
    # 5. Later changes.
    case.findings += _shown_stamp(signature)
    case.findings += _later_changes(case, content, revisions)
    return _verdict(name, case, content)


# --- 1. format ---------------------------------------------------------------------------------------------


def _check_format(signature: EmbeddedPdfSignature, content: bytes) -> None:
    """ISO 32000-1, 12.8.1: two ranges, and between them nothing but the contents as the file has them."""
    byte_range = [int(value) for value in signature.byte_range]
    if len(byte_range) != 4 or byte_range[0] != 0:
        raise _NoSignatureFormat("byte range")
    _, first, second, length = byte_range
    if not 0 < first < second <= second + length <= len(content):
        raise _NoSignatureFormat("byte range")
    gap = content[first:second]
    if gap[:1] != b"<" or gap[-1:] != b">":
        raise _NoSignatureFormat("byte range gap")
    if binascii.unhexlify(b"".join(gap[1:-1].split())) != signature.pkcs7_content:
        raise _NoSignatureFormat("contents")
    if _is_document_time_stamp(signature) is not (_subfilter(signature) == "/ETSI.RFC3161"):
        raise _NoSignatureFormat("sub filter")
    for certificate in (signature.signer_cert, *signature.other_embedded_certs):
        # A second, strict parser: what only the lenient one reads is read differently elsewhere.
        try:
            strict_x509.load_der_x509_certificate(certificate.dump())
        except ValueError as error:
            raise _NoSignatureFormat("certificate") from error


def _no_format(name: str, error: Exception) -> SignatureVerdict:
    finding = Finding.of(Indication.TOTAL_FAILED, "FORMAT_FAILURE", cause=_cause(error))
    return SignatureVerdict(field=name, indication=finding.indication, reasons=(finding.reason,))


def _cause(error: Exception) -> str:
    """A word for people; texts of exceptions may repeat what stands in the file, so only our own are told."""
    return str(error) if isinstance(error, _NoSignatureFormat) else type(error).__name__


# --- 2. hash and raw signature -----------------------------------------------------------------------------


def _integrity(signature: EmbeddedPdfSignature) -> list[Finding]:
    try:
        intact, valid = _verified(signature)
    except SignatureValidationError as error:
        return [_refused(error)]
    except (AlgorithmNotSupported, UnsupportedAlgorithm, NotImplementedError):
        algorithm = signature.signer_info["signature_algorithm"]["algorithm"].native
        return [Finding.of(Indication.INDETERMINATE, "UNSUPPORTED_ALGORITHM", algorithm=algorithm)]
    if not intact:
        return [Finding.of(Indication.TOTAL_FAILED, "HASH_FAILURE")]
    if not valid:
        return [Finding.of(Indication.TOTAL_FAILED, "SIG_CRYPTO_FAILURE")]
    return []


def _verified(signature: EmbeddedPdfSignature) -> tuple[bool, bool]:
    """Whether the digest is that of the file, and whether the raw signature is the certificate's."""
    covered = signature.compute_digest()
    info, certificate = signature.signer_info, signature.signer_cert
    encapsulated = signature.signed_data["encap_content_info"]
    kind = encapsulated["content_type"].native
    if _is_document_time_stamp(signature):
        imprint = encapsulated["content"].parsed["message_imprint"]["hashed_message"].native
        intact, valid = token_verified(signature.signed_data, info, certificate)
        return intact and bytes(imprint) == covered, valid
    if isinstance(encapsulated["content"], Void):
        return validate_sig_integrity(info, certificate, kind, covered)
    # adbe.pkcs7.sha1 (ISO 32000-1, 12.8.3.3): the content is the SHA-1 of the range.
    inner = bytes(encapsulated["content"].native)
    content_digest = hashlib.new(signature.md_algorithm, inner).digest()
    intact, valid = validate_sig_integrity(info, certificate, kind, content_digest)
    return intact and inner == signature.compute_digest("sha1"), valid


def _refused(error: SignatureValidationError) -> Finding:
    """pyHanko's refusals of a signature whose attributes do not fit it."""
    if "FORMAT_FAILURE" in str(error.ades_subindication):
        return Finding.of(Indication.TOTAL_FAILED, "FORMAT_FAILURE", cause="CMS")
    return Finding.of(Indication.INDETERMINATE, "SIG_CONSTRAINTS_FAILURE")


# --- 3. time -----------------------------------------------------------------------------------------------


def _prove_time(case: _Case, trust: TrustBundle, now: datetime) -> list[Finding]:
    """Sets the proven time from a good time stamp; a broken one speaks against the signature."""
    signature = case.signature
    if _is_document_time_stamp(signature):
        token = signature.signed_data
        at = token_time(token)
        if not check_certificate(
            signature.signer_cert,
            signature.other_embedded_certs,
            trust,
            Moment(at, True),
            Purpose.TIME_STAMPING,
        ):
            case.proven = at
        return []
    findings, case.proven = proven_by_stamps(signature.signer_info, trust, now)
    return findings


def _claimed(signature: EmbeddedPdfSignature) -> datetime | None:
    """The time the signer's software wrote down, if it can be read; without a zone it is taken as UTC."""
    try:
        at = signature.self_reported_timestamp
        if not isinstance(at, datetime):
            return None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except PARSER_ERRORS:
        return None


def _subfilter(signature: EmbeddedPdfSignature) -> object:
    return entry(signature.sig_object, "/SubFilter")


def _is_document_time_stamp(signature: EmbeddedPdfSignature) -> bool:
    kind = signature.signed_data["encap_content_info"]["content_type"].native
    return bool(kind == "tst_info")


# --- 4. algorithms -----------------------------------------------------------------------------------------


def _weak_digest(signature: EmbeddedPdfSignature) -> list[Finding]:
    used = {signature.md_algorithm, _digest_name(signature)}
    return [
        Finding.of(Indication.INDETERMINATE, "CRYPTO_CONSTRAINTS_FAILURE", algorithm=name.upper())
        for name in sorted(used & WEAK_DIGESTS)
    ]


def _digest_name(signature: EmbeddedPdfSignature) -> str:
    """The digest over the file: for adbe.pkcs7.sha1 it is SHA-1 whatever the CMS uses."""
    if entry(signature.sig_object, "/SubFilter") == "/adbe.pkcs7.sha1":
        return "sha1"
    return str(signature.external_md_algorithm).lower()


# --- 5. later changes --------------------------------------------------------------------------------------


class _Revisions:
    """Snapshots of a file's revisions, each made once."""

    def __init__(self, reader: PdfFileReader) -> None:
        self._reader = reader
        self._made: dict[int, Snapshot] = {}

    @property
    def last(self) -> int:
        return int(self._reader.xrefs.total_revisions) - 1

    def at(self, number: int) -> Snapshot:
        if number not in self._made:
            self._made[number] = snapshot(self._reader.get_historical_resolver(number))
        return self._made[number]


def _shown_stamp(signature: EmbeddedPdfSignature) -> list[Finding]:
    """A document time stamp speaks of a time and nobody's will: it has nothing to show on a page."""
    if not _is_document_time_stamp(signature):
        return []
    boxes = [
        node.itself
        for node in form_nodes(signature.reader.root)
        if node.holder is signature.sig_field and "/Rect" in node.itself
    ]
    if not any(has_area(entry(box, "/Rect")) for box in boxes):
        return []
    return [Finding.of(Indication.INDETERMINATE, "time-stamp-shown")]


def _later_changes(case: _Case, content: bytes, revisions: _Revisions) -> list[Finding]:
    signature = case.signature
    coverage = signature.evaluate_signature_coverage()
    if coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return []
    if coverage is not SignatureCoverageLevel.ENTIRE_REVISION:
        return [Finding.of(Indication.INDETERMINATE, "NONSTANDARD_COVERAGE")]
    if signature.signed_revision == revisions.last:
        trailing = content[sum(int(value) for value in list(signature.byte_range)[2:]) :]
        harmless = not trailing.strip(b"\0\t\n\f\r ")
        return [] if harmless else [Finding.of(Indication.INDETERMINATE, "NONSTANDARD_COVERAGE")]
    before, after = revisions.at(signature.signed_revision), revisions.at(revisions.last)
    allowed = signature.docmdp_level
    case.changed = changes(before, after, certified=allowed is not None, closed=allowed is MDPPerm.NO_CHANGES)
    return _weigh_changes(case.changed)


def _weigh_changes(changed: frozenset[Change]) -> list[Finding]:
    harmful = sorted(changed - HARMLESS)
    if not harmful:
        return []
    told = {"what": ", ".join(harmful)}
    if changed & _PAGES:
        return [
            Finding.of(Indication.TOTAL_FAILED, "FORMAT_FAILURE", cause="changed after signing"),
            Finding.of(Indication.TOTAL_FAILED, "changed-after-signing", **told),
        ]
    return [Finding.of(Indication.INDETERMINATE, "changed-after-signing", **told)]


# --- the answer --------------------------------------------------------------------------------------------


def _verdict(name: str, case: _Case, content: bytes) -> SignatureVerdict:
    signature = case.signature
    _, _, second, length = (int(value) for value in signature.byte_range)
    return SignatureVerdict(
        field=name,
        indication=worst(finding.indication for finding in case.findings),
        reasons=tuple(dict.fromkeys(finding.reason for finding in case.findings)),
        signer_name=signer_name(signature.signer_cert),
        claimed_time=_claimed(signature),
        proven_time=case.proven,
        digest_algorithm=_digest_name(signature),
        covers_whole_file=second + length == len(content),
        changes=tuple(sorted(case.changed)),
        level=_level(case),
    )


def _level(case: _Case) -> str:
    """The level by what is proven: a time stamp that nobody trusts does not make a B-T."""
    if _is_document_time_stamp(case.signature):
        return TIME_STAMP_LEVEL
    proven = "T" if case.proven is not None else "B"
    is_pades = entry(case.signature.sig_object, "/SubFilter") == "/ETSI.CAdES.detached"
    return f"B-{proven}" if is_pades else f"PKCS7-{proven}"


def signer_name(certificate: x509.Certificate) -> str | None:
    """Common name or organisation; never the whole subject, which may hold a personal number (UID=CCCD:…)."""
    subject = certificate.subject.native
    name = subject.get("common_name") or subject.get("organization_name")
    return None if name is None else one_line(name if isinstance(name, str) else name[0])[:_LONGEST_NAME]
