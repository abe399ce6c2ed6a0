"""Proof of time: the RFC 3161 stamps on a CMS signature, judged before they are believed.

A stamp proves a time only when it is of this signature, verifies, and its authority is trusted and was in
force. A stamp that is there and broken speaks against the signature; one that nobody trusts proves nothing.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from asn1crypto import cms, x509
from asn1crypto.core import Void
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.general import CMSExtractionError, CMSStructuralError, extract_certificate_info
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from signing.chains import Moment, Purpose, check_certificate
from signing.trust import TrustBundle
from signing.verdict import Finding, Indication

PARSER_ERRORS = (
    PdfError,
    CMSExtractionError,
    CMSStructuralError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
    struct.error,
    zlib.error,
)
"""What the parsers raise on bytes that are not what they claim to be: many kinds, all of them one answer."""

WEAK_DIGESTS = frozenset({"md2", "md4", "md5", "sha1", "ripemd160"})
_TOKEN = "signature_time_stamp_token"
_CLOCKS_DIFFER = timedelta(minutes=5)
"""How far in the future a stamp may lie before it is no honest one."""


def proven_by_stamps(
    info: cms.SignerInfo, trust: TrustBundle, now: datetime
) -> tuple[list[Finding], datetime | None]:
    """What speaks against the signature's stamps, and the earliest time that a trusted one proves."""
    proven: datetime | None = None
    for token in _tokens(info):
        try:
            good, at, trusted = _judge_token(token, info, trust)
        except (*PARSER_ERRORS, SignatureValidationError, UnsupportedAlgorithm):
            return [Finding.of(Indication.INDETERMINATE, "TIME_STAMP_FAILURE")], None
        if not good or at > now + _CLOCKS_DIFFER:
            return [Finding.of(Indication.INDETERMINATE, "TIME_STAMP_FAILURE")], None
        if trusted and (proven is None or at < proven):
            proven = at
    return [], proven


def _judge_token(
    token: cms.SignedData, info: cms.SignerInfo, trust: TrustBundle
) -> tuple[bool, datetime, bool]:
    """Whether a token is good and of this signature, its time, and whether its authority is trusted."""
    certificates = extract_certificate_info(token)
    stamper = token["signer_infos"][0]
    imprint = token["encap_content_info"]["content"].parsed["message_imprint"]
    algorithm = imprint["hash_algorithm"]["algorithm"].native
    same = hashlib.new(algorithm, info["signature"].native).digest() == imprint["hashed_message"].native
    intact, valid = token_verified(token, stamper, certificates.signer_cert)
    at = token_time(token)
    findings = check_certificate(
        certificates.signer_cert,
        list(certificates.other_certs),
        trust,
        Moment(at, True),
        Purpose.TIME_STAMPING,
    )
    strong = not {algorithm, stamper["digest_algorithm"]["algorithm"].native} & WEAK_DIGESTS
    return same and intact and valid, at, strong and not findings


def token_verified(
    token: cms.SignedData, stamper: cms.SignerInfo, certificate: x509.Certificate
) -> tuple[bool, bool]:
    statement = bytes(token["encap_content_info"]["content"])
    digest = hashlib.new(stamper["digest_algorithm"]["algorithm"].native, statement).digest()
    return validate_sig_integrity(stamper, certificate, "tst_info", digest)


def _tokens(info: cms.SignerInfo) -> Iterator[cms.SignedData]:
    unsigned = info["unsigned_attrs"]
    if isinstance(unsigned, Void):
        return
    for attribute in unsigned:
        if attribute["type"].native == _TOKEN:
            for value in attribute["values"]:
                yield value["content"]


def token_time(token: cms.SignedData) -> datetime:
    at = token["encap_content_info"]["content"].parsed["gen_time"].native
    assert isinstance(at, datetime)
    return at.astimezone(UTC)
