"""CMS signed data (RFC 5652) as PAdES, CAdES and RFC 3161 want it: built here, signed elsewhere.

The one place that knows how signed attributes and a SignedData are put together. SHA-256 throughout; RSA
PKCS#1 v1.5 or ECDSA according to the certificate's key. Judges nothing about trust.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

DIGEST = "sha256"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def signed_attributes(
    digest: bytes,
    certificate: x509.Certificate,
    *,
    content_type: str = "data",
    signing_time: datetime | None = None,
) -> bytes:
    """The DER SET OF signed attributes over a content's SHA-256: what a key really signs.

    Content type, message digest and signing-certificate-v2 (RFC 5035); the signing time only where the format
    wants it there (CAdES: yes; PAdES keeps it in /M, ETSI EN 319 142-1, 6.3).
    """
    attributes = [
        _attribute("content_type", content_type),
        _attribute("message_digest", digest),
        _attribute("signing_certificate_v2", _certificate_reference(certificate)),
    ]
    if signing_time is not None:
        attributes.append(_attribute("signing_time", cms.Time({"utc_time": signing_time})))
    return bytes(cms.CMSAttributes(attributes).dump())


def assemble(
    attributes: bytes,
    signature: bytes,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    *,
    content_type: str = "data",
    content: bytes | None = None,
    time_stamp: bytes | None = None,
) -> bytes:
    """The DER ContentInfo of one signer; detached without `content`; `time_stamp` is an RFC 3161 token."""
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": _issuer_and_serial(certificate)}),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": DIGEST}),
            "signed_attrs": cms.CMSAttributes.load(attributes),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": mechanism(certificate)}),
            "signature": signature,
        }
    )
    if time_stamp is not None:
        token = cms.ContentInfo.load(time_stamp)
        signer["unsigned_attrs"] = cms.CMSAttributes([_attribute("signature_time_stamp_token", token)])
    signed_data = cms.SignedData(
        {
            # RFC 5652, 5.1: version 3 as soon as the content is not plain data.
            "version": "v1" if content_type == "data" else "v3",
            "digest_algorithms": cms.DigestAlgorithms([algos.DigestAlgorithm({"algorithm": DIGEST})]),
            "encap_content_info": _encapsulated(content_type, content),
            "certificates": [asn1_x509.Certificate.load(_der(item)) for item in (certificate, *chain)],
            "signer_infos": [signer],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump())


def sign_attributes(key: PrivateKey, attributes: bytes) -> bytes:
    """The raw signature of a key in memory over signed attributes."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(attributes, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(attributes, ec.ECDSA(hashes.SHA256()))


def verifies(certificate: x509.Certificate, signature: bytes, attributes: bytes) -> bool:
    """Whether the raw signature over the attributes is the certificate's."""
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, attributes, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, attributes, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def mechanism(certificate: x509.Certificate) -> str:
    """The signature algorithm that belongs to the certificate's key, in asn1crypto's words."""
    return "sha256_ecdsa" if isinstance(certificate.public_key(), ec.EllipticCurvePublicKey) else "sha256_rsa"


def message_digest(attributes: bytes) -> bytes:
    """The digest that a set of signed attributes speaks of; ValueError when it names none."""
    for attribute in cms.CMSAttributes.load(attributes):
        if attribute["type"].native == "message_digest":
            return bytes(attribute["values"][0].native)
    raise ValueError("no message digest among the signed attributes")


def _attribute(kind: str, value: object) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": [value]})


def _certificate_reference(certificate: x509.Certificate) -> tsp.SigningCertificateV2:
    reference = tsp.ESSCertIDv2(
        {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": DIGEST}),
            "cert_hash": sha256(_der(certificate)).digest(),
        }
    )
    return tsp.SigningCertificateV2({"certs": [reference]})


def _issuer_and_serial(certificate: x509.Certificate) -> cms.IssuerAndSerialNumber:
    parsed = asn1_x509.Certificate.load(_der(certificate))
    return cms.IssuerAndSerialNumber({"issuer": parsed.issuer, "serial_number": parsed.serial_number})


def _encapsulated(content_type: str, content: bytes | None) -> dict[str, object]:
    if content is None:
        return {"content_type": content_type}
    if content_type == "data":
        return {"content_type": content_type, "content": content}
    return {"content_type": content_type, "content": core.ParsableOctetString(content)}


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
