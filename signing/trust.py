"""What we trust: certificate roots, revocation answers, and the public keys of seals, log and status lists.

A `TrustBundle` is a value that can be carried to a machine without a network: `to_bytes` signs it with the
archivist's Ed25519 key, `from_bytes` opens it only under a key that the caller pinned. Promises nothing about
how fresh it is: `as_of` says when its facts were known, and every verdict repeats that time.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from common import KhosoError

KEY_ID_BYTES = 8
_CONTEXT = b"khoso trust bundle v1\n"
"""Signed together with the bundle, so that no other thing this key signs can be taken for a bundle."""


class BundleNotGenuine(KhosoError):
    """The trust bundle is damaged or not signed by the pinned key."""

    code = "trust_bundle_not_genuine"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that seals (ECDSA P-256) or the log and status lists (Ed25519) are checked with.

    `spki` is the DER SubjectPublicKeyInfo; the key speaks for `agency` from `not_before` to `not_after`.
    """

    spki: bytes
    agency: str
    not_before: datetime
    not_after: datetime

    @property
    def key_id(self) -> bytes:
        """The first 8 bytes of the SHA-256 of the SubjectPublicKeyInfo."""
        return sha256(self.spki).digest()[:KEY_ID_BYTES]

    def load(self) -> EllipticCurvePublicKey | Ed25519PublicKey:
        """The key as an object; ValueError for a kind of key that we do not use."""
        key = serialization.load_der_public_key(self.spki)
        if not isinstance(key, EllipticCurvePublicKey | Ed25519PublicKey):
            raise ValueError("neither an elliptic curve key nor Ed25519")
        return key

    def in_force(self, at: datetime) -> bool:
        """Whether the key may speak for its agency at the instant `at`."""
        return self.not_before <= at <= self.not_after

    def as_json(self) -> dict[str, str]:
        return {
            "spki": _text(self.spki),
            "agency": self.agency,
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
        }

    @classmethod
    def from_json(cls, facts: dict[str, str]) -> "PublicKey":
        return cls(
            base64.b64decode(facts["spki"], validate=True),
            facts["agency"],
            datetime.fromisoformat(facts["not_before"]),
            datetime.fromisoformat(facts["not_after"]),
        )


@dataclass(frozen=True, slots=True)
class SealKey:
    """The ECDSA P-256 key with which one agency seals prints, and its time of force."""

    private: EllipticCurvePrivateKey
    agency: str
    not_before: datetime
    not_after: datetime

    @property
    def public(self) -> PublicKey:
        return PublicKey(_spki(self.private.public_key()), self.agency, self.not_before, self.not_after)

    @property
    def key_id(self) -> bytes:
        return self.public.key_id


@dataclass(frozen=True, slots=True)
class LogKey:
    """The archivist's Ed25519 key: log checkpoints, status lists, store manifests, trust bundles."""

    private: Ed25519PrivateKey
    agency: str
    not_before: datetime
    not_after: datetime

    @property
    def public(self) -> PublicKey:
        return PublicKey(_spki(self.private.public_key()), self.agency, self.not_before, self.not_after)

    @property
    def key_id(self) -> bytes:
        return self.public.key_id


@dataclass(frozen=True, slots=True)
class TrustBundle:
    """Everything a check needs, with the time `as_of` at which it was known.

    `roots` and `intermediates` are DER certificates, `crls` DER lists, `ocsp` DER OCSP responses; `seal_keys`
    check seals; `log_keys` check checkpoints, status lists and manifests.
    """

    as_of: datetime | None = None
    roots: tuple[bytes, ...] = ()
    intermediates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsp: tuple[bytes, ...] = ()
    seal_keys: tuple[PublicKey, ...] = ()
    log_keys: tuple[PublicKey, ...] = ()

    def seal_key(self, key_id: bytes) -> PublicKey | None:
        """The seal key with this id, or None: an unknown key, which is not the same as a false seal."""
        return _by_id(self.seal_keys, key_id)

    def log_key(self, key_id: bytes) -> PublicKey | None:
        """The log key with this id, or None."""
        return _by_id(self.log_keys, key_id)

    def as_json(self) -> dict[str, object]:
        return {
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "roots": [_text(item) for item in self.roots],
            "intermediates": [_text(item) for item in self.intermediates],
            "crls": [_text(item) for item in self.crls],
            "ocsp": [_text(item) for item in self.ocsp],
            "seal_keys": [key.as_json() for key in self.seal_keys],
            "log_keys": [key.as_json() for key in self.log_keys],
        }

    @classmethod
    def from_json(cls, facts: dict[str, object]) -> "TrustBundle":
        """The bundle written by `as_json`; KeyError, TypeError or ValueError when it is not one."""
        as_of = facts["as_of"]
        return cls(
            as_of=None if as_of is None else datetime.fromisoformat(str(as_of)),
            roots=_binaries(facts["roots"]),
            intermediates=_binaries(facts["intermediates"]),
            crls=_binaries(facts["crls"]),
            ocsp=_binaries(facts["ocsp"]),
            seal_keys=_keys(facts["seal_keys"]),
            log_keys=_keys(facts["log_keys"]),
        )

    def to_bytes(self, key: LogKey) -> bytes:
        """The bundle as a JSON file signed by `key` (Ed25519, RFC 8032)."""
        payload = json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False).encode()
        signature = key.private.sign(_CONTEXT + payload)
        envelope = {"key_id": key.key_id.hex(), "payload": _text(payload), "signature": _text(signature)}
        return json.dumps(envelope, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, content: bytes, *, pinned: Iterable[PublicKey]) -> "TrustBundle":
        """Opens what `to_bytes` wrote when one of the `pinned` keys signed it; else BundleNotGenuine."""
        try:
            envelope = json.loads(content)
            payload = base64.b64decode(envelope["payload"], validate=True)
            signature = base64.b64decode(envelope["signature"], validate=True)
            key = _by_id(tuple(pinned), bytes.fromhex(envelope["key_id"]))
            public = None if key is None else key.load()
            if not isinstance(public, Ed25519PublicKey):
                raise BundleNotGenuine
            public.verify(signature, _CONTEXT + payload)
            return cls.from_json(json.loads(payload))
        except (ValueError, KeyError, TypeError, InvalidSignature) as error:
            raise BundleNotGenuine from error


def _by_id(keys: tuple[PublicKey, ...], key_id: bytes) -> PublicKey | None:
    return next((key for key in keys if key.key_id == key_id), None)


def _spki(key: EllipticCurvePublicKey | Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _binaries(items: object) -> tuple[bytes, ...]:
    if not isinstance(items, list):
        raise TypeError("expected a list")
    return tuple(base64.b64decode(item, validate=True) for item in items)


def _keys(items: object) -> tuple[PublicKey, ...]:
    if not isinstance(items, list):
        raise TypeError("expected a list")
    return tuple(PublicKey.from_json(item) for item in items)
