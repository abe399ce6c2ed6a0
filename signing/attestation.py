"""Attestations: our signed record about a PDF that arrived signed, kept beside it; its bytes stay untouched.

The statement is canonical JSON; the record is CMS signed data around it (CAdES baseline B-T: signing time,
signing certificate, RFC 3161 time stamp). Two phases as everywhere: `prepare_attestation`, then
`complete_attestation`; `attest` is both at once for keys that are at hand.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from asn1crypto import cms as asn1_cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.general import extract_certificate_info, extract_signer_info
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import extract_self_reported_ts, validate_sig_integrity

from common import Digest
from signing import cms
from signing.chains import Moment, check_certificate
from signing.errors import AttestationUnreadable, WrongSignature
from signing.judge import signer_name
from signing.proof import PARSER_ERRORS, proven_by_stamps
from signing.signers import CertificateHolder, Signer, require_in_force
from signing.timestamps import TimeStamper, stamped
from signing.trust import TrustBundle
from signing.verdict import Finding, Indication, SignatureVerdict, Verdict, worst

_KIND = "khoso-attestation"
_FIELD = "attestation"


@dataclass(frozen=True, slots=True)
class AttestationToBeSigned:
    """A statement that waits for its signature, hours if need be; `attributes` is what the key signs."""

    statement: bytes
    attributes: bytes
    certificate: bytes
    chain: tuple[bytes, ...]

    def to_json(self) -> str:
        """One JSON document, to be kept until the signature comes."""
        parts = (self.statement, self.attributes, self.certificate, *self.chain)
        return json.dumps([base64.b64encode(part).decode() for part in parts])

    @classmethod
    def from_json(cls, text: str) -> "AttestationToBeSigned":
        """What `to_json` wrote; ValueError or TypeError for anything else."""
        statement, attributes, certificate, *chain = (
            base64.b64decode(part, validate=True) for part in json.loads(text)
        )
        return cls(statement, attributes, certificate, tuple(chain))


@dataclass(frozen=True, slots=True)
class Attestation:
    """A record that was read: its statement, and the verdict on the signature around it."""

    statement: Mapping[str, Any]
    verdict: Verdict


def statement_about(
    file_sha256: Digest, size: int, verdict: Verdict, *, received_at: datetime, facts: Mapping[str, str]
) -> bytes:
    """The canonical statement: these bytes arrived then, and this was the verdict on their signatures."""
    return canonical(
        {
            "kind": _KIND,
            "version": 1,
            "file": {"sha256": file_sha256.hex, "size": size},
            "received_at": received_at.astimezone(UTC).isoformat(),
            "verdict": verdict.as_json(),
            "facts": dict(facts),
        }
    )


def canonical(value: object) -> bytes:
    """JSON in the one form that is signed: UTF-8, keys sorted, no spaces, no floating-point numbers."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def prepare_attestation(
    statement: bytes, *, certificate_of: CertificateHolder, now: datetime
) -> AttestationToBeSigned:
    """Decides everything but the signature itself."""
    certificate = certificate_of.certificate
    require_in_force(certificate, now)
    attributes = cms.signed_attributes(sha256(statement).digest(), certificate, signing_time=now)
    ders = [item.public_bytes(Encoding.DER) for item in (certificate, *certificate_of.chain)]
    return AttestationToBeSigned(statement, attributes, ders[0], tuple(ders[1:]))


def complete_attestation(tbs: AttestationToBeSigned, signature: bytes, *, time_stamps: TimeStamper) -> bytes:
    """The DER of the finished record; WrongSignature or TimeStampUnusable when it would not be good."""
    certificate, *chain = (x509.load_der_x509_certificate(der) for der in (tbs.certificate, *tbs.chain))
    digest = sha256(tbs.statement).digest()
    if cms.message_digest(tbs.attributes) != digest or not cms.verifies(
        certificate, signature, tbs.attributes
    ):
        raise WrongSignature
    return cms.assemble(
        tbs.attributes,
        signature,
        certificate,
        chain,
        content=tbs.statement,
        time_stamp=stamped(time_stamps, signature),
    )


def attest(statement: bytes, signer: Signer, time_stamps: TimeStamper, now: datetime) -> bytes:
    """Prepares, signs and completes a record about a statement."""
    tbs = prepare_attestation(statement, certificate_of=signer, now=now)
    return complete_attestation(tbs, signer.sign(tbs), time_stamps=time_stamps)


def check_attestation(
    record: bytes, *, trust: TrustBundle, now: datetime, about: Digest | None = None
) -> Attestation:
    """Reads a record and judges it; with `about`, a record about another file is TOTAL-FAILED.

    AttestationUnreadable when the bytes are no record of ours.
    """
    try:
        signed_data = asn1_cms.ContentInfo.load(record)["content"]
        content = bytes(signed_data["encap_content_info"]["content"].native)
        statement = json.loads(content)
        if statement["kind"] != _KIND or canonical(statement) != content:
            raise AttestationUnreadable
        signature = _judged(signed_data, content, statement, trust, now, about)
    except PARSER_ERRORS as error:
        raise AttestationUnreadable from error
    verdict = Verdict(signature.indication, signature.reasons, (signature,), now, trust.as_of)
    return Attestation(statement, verdict)


def _judged(
    signed_data: asn1_cms.SignedData,
    content: bytes,
    statement: Mapping[str, Any],
    trust: TrustBundle,
    now: datetime,
    about: Digest | None,
) -> SignatureVerdict:
    """Hash and signature first; then time, certificate and chain, as for a PDF (`judge.py`)."""
    info = extract_signer_info(signed_data)
    certificates = extract_certificate_info(signed_data)
    claimed = extract_self_reported_ts(info)
    findings, proven = _integrity(info, certificates.signer_cert, content), None
    if about is not None and statement["file"]["sha256"] != about.hex:
        findings.append(Finding.of(Indication.TOTAL_FAILED, "HASH_FAILURE"))
    if not findings:
        findings, proven = proven_by_stamps(info, trust, now)
        moment = Moment(proven or now, proven is not None, claimed)
        findings += check_certificate(certificates.signer_cert, list(certificates.other_certs), trust, moment)
    return SignatureVerdict(
        field=_FIELD,
        indication=worst(finding.indication for finding in findings),
        reasons=tuple(dict.fromkeys(finding.reason for finding in findings)),
        signer_name=signer_name(certificates.signer_cert),
        claimed_time=claimed,
        proven_time=proven,
        digest_algorithm=info["digest_algorithm"]["algorithm"].native,
        covers_whole_file=True,
        level="B-T" if proven else "B-B",
    )


def _integrity(info: asn1_cms.SignerInfo, certificate: Any, content: bytes) -> list[Finding]:
    try:
        intact, valid = validate_sig_integrity(info, certificate, "data", sha256(content).digest())
    except SignatureValidationError:
        return [Finding.of(Indication.INDETERMINATE, "SIG_CONSTRAINTS_FAILURE")]
    if not intact:
        return [Finding.of(Indication.TOTAL_FAILED, "HASH_FAILURE")]
    return [] if valid else [Finding.of(Indication.TOTAL_FAILED, "SIG_CRYPTO_FAILURE")]
