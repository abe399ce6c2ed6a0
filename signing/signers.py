"""Who signs: a certificate and something that turns signed attributes into a raw signature.

A signer sees only the attributes, never the document; a token, a remote service and a key file look alike.
Here is the key file; the key is loaded and checked once, not for every signature.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from signing.cms import PrivateKey, sign_attributes
from signing.errors import CertificateNotInForce, KeyUnreadable


class CertificateHolder(Protocol):
    """Whose certificate a signature will be made with; the key may be far away."""

    @property
    def certificate(self) -> x509.Certificate: ...

    @property
    def chain(self) -> tuple[x509.Certificate, ...]: ...


class SigningRequest(Protocol):
    """What is handed to a signer: the DER of the signed attributes."""

    @property
    def attributes(self) -> bytes: ...


class Signer(CertificateHolder, Protocol):
    """Makes raw signatures (RSA PKCS#1 v1.5 or ECDSA, SHA-256) over `to_be_signed.attributes`."""

    def sign(self, to_be_signed: SigningRequest) -> bytes: ...


def require_in_force(certificate: x509.Certificate, now: datetime) -> None:
    """CertificateNotInForce, with the common name alone: a subject may hold a personal number (UID=CCCD:…)."""
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        raise CertificateNotInForce(name=names[0].value if names else "?")


@dataclass(frozen=True, slots=True)
class FileSigner:
    """A key in memory, read from a PKCS#8 file."""

    key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @classmethod
    def open(cls, key: Path, certificates: Path, *, password: bytes | None = None) -> "FileSigner":
        """Reads a PEM key and a PEM file with the certificate first, then its issuers; KeyUnreadable else."""
        try:
            return cls.from_pem(key.read_bytes(), certificates.read_bytes(), password=password)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyUnreadable(file=key.name) from error

    @classmethod
    def from_pem(cls, key: bytes, certificates: bytes, *, password: bytes | None = None) -> "FileSigner":
        """The same from bytes; ValueError or TypeError when key, password or certificate do not fit."""
        private = load_pem_private_key(key, password)
        if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError("neither RSA nor elliptic curve")
        certificate, *chain = x509.load_pem_x509_certificates(certificates)
        if certificate.public_key() != private.public_key():
            raise ValueError("the key does not belong to the certificate")
        return cls(private, certificate, tuple(chain))

    def sign(self, to_be_signed: SigningRequest) -> bytes:
        return sign_attributes(self.key, to_be_signed.attributes)
