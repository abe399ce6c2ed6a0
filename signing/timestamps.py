"""RFC 3161 time stamps: what a time stamper is, and the development authority that runs in this process."""

import secrets
from hashlib import sha256
from typing import Protocol

from asn1crypto import cms, tsp
from cryptography import x509

from common import Clock
from signing.cms import DIGEST, PrivateKey, assemble, sign_attributes, signed_attributes
from signing.errors import TimeStampUnusable

_POLICY = "1.3.6.1.4.1.99999.1"
"""The policy of the development authority; the enterprise number is one that IANA never gave out."""


class TimeStamper(Protocol):
    """Proves that a digest existed: returns the DER of an RFC 3161 token over a SHA-256 digest.

    TimeStampUnusable when the authority does not answer, or refuses.
    """

    def stamp(self, digest: bytes) -> bytes: ...


class DevelopmentTimeStamper:
    """Signs the clock it is given. A stand-in: it proves nothing to anybody outside."""

    def __init__(
        self,
        key: PrivateKey,
        certificate: x509.Certificate,
        chain: tuple[x509.Certificate, ...],
        clock: Clock,
    ) -> None:
        self._key = key
        self._certificate = certificate
        self._chain = chain
        self._clock = clock

    def stamp(self, digest: bytes) -> bytes:
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": _POLICY,
                "message_imprint": {"hash_algorithm": {"algorithm": DIGEST}, "hashed_message": digest},
                "serial_number": secrets.randbits(63),
                "gen_time": self._clock(),
                "accuracy": {"seconds": 1},
            }
        ).dump()
        attributes = signed_attributes(
            sha256(info).digest(), self._certificate, content_type="tst_info", signing_time=self._clock()
        )
        return assemble(
            attributes,
            sign_attributes(self._key, attributes),
            self._certificate,
            self._chain,
            content_type="tst_info",
            content=info,
        )


def stamped(time_stamps: TimeStamper, signature: bytes) -> bytes:
    """A token over a raw signature, compared with it before use; TimeStampUnusable when it does not fit."""
    digest = sha256(signature).digest()
    token = time_stamps.stamp(digest)
    try:
        imprint = token_info(token)["message_imprint"]
        fits = bytes(imprint["hashed_message"].native) == digest
    except (ValueError, TypeError, KeyError) as error:
        raise TimeStampUnusable from error
    if not fits:
        raise TimeStampUnusable
    return token


def try_out(time_stamps: TimeStamper) -> None:
    """Has the authority stamp something, to see whether it does; TimeStampUnusable."""
    stamped(time_stamps, secrets.token_bytes(32))


def token_info(token: bytes) -> tsp.TSTInfo:
    """The signed statement of a token: imprint, time, serial; ValueError when it is none."""
    content = cms.ContentInfo.load(token)["content"]
    info = content["encap_content_info"]["content"].parsed
    if not isinstance(info, tsp.TSTInfo):
        raise ValueError("not a time stamp token")
    return info
