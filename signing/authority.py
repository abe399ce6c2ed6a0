"""What an authority says of itself, on its way from whoever holds its keys to whoever publishes trust.

The signer's process knows roots, revocation lists and seal keys; the archivist's signs the trust bundle. Between them
lies a place that others may write (rows), so the facts are signed by the issuing authority, and opened only when its
certificate was issued by a root that the opener knows. Not promised: that they are fresh; `as_of` says when they were
true.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from common import KhosoError
from signing.cms import sign_attributes, verifies
from signing.signers import FileSigner
from signing.trust import PublicKey, TrustBundle

_CONTEXT = b"khoso authority facts v1\n"
"""Signed together with the facts, so that no other thing this key signs can be taken for facts."""


class FactsNotGenuine(KhosoError):
    """What an authority said of itself is damaged, or of an authority whose root is not known here."""

    code = "authority_facts_not_genuine"


@dataclass(frozen=True, slots=True)
class AuthorityFacts:
    """Roots and intermediates (DER), revocation lists (DER) and public seal keys, as of a moment."""

    as_of: datetime
    roots: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    seal_keys: tuple[PublicKey, ...]

    def trust(self, log_keys: Iterable[PublicKey], as_of: datetime) -> TrustBundle:
        """The bundle of these facts and the log's keys."""
        return TrustBundle(
            as_of=as_of,
            roots=self.roots,
            intermediates=self.intermediates,
            crls=self.crls,
            seal_keys=self.seal_keys,
            log_keys=tuple(log_keys),
        )

    def to_bytes(self, issuing: FileSigner) -> bytes:
        """The facts as a JSON file signed by the issuing authority."""
        facts = {**self.trust((), self.as_of).as_json(), "as_of": self.as_of.isoformat()}
        payload = json.dumps(facts, sort_keys=True).encode()
        signature = sign_attributes(issuing.key, _CONTEXT + payload)
        envelope = {"payload": _text(payload), "signature": _text(signature)}
        return json.dumps(envelope, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, content: bytes, *, roots: Iterable[bytes]) -> "AuthorityFacts":
        """Opens what `to_bytes` wrote when an authority under one of `roots` (DER) signed it; FactsNotGenuine."""
        try:
            envelope = json.loads(content)
            payload = base64.b64decode(envelope["payload"], validate=True)
            signature = base64.b64decode(envelope["signature"], validate=True)
            bundle = TrustBundle.from_json(json.loads(payload))
            if not _signed(bundle, _CONTEXT + payload, signature, set(roots)) or bundle.as_of is None:
                raise FactsNotGenuine
            return cls(bundle.as_of, bundle.roots, bundle.intermediates, bundle.crls, bundle.seal_keys)
        except (ValueError, KeyError, TypeError) as error:
            raise FactsNotGenuine from error


def _signed(bundle: TrustBundle, said: bytes, signature: bytes, known: set[bytes]) -> bool:
    """Whether one of the bundle's intermediates signed, and every root in it is known and issued that one."""
    if not bundle.roots or not set(bundle.roots) <= known:
        return False
    roots = [x509.load_der_x509_certificate(root) for root in bundle.roots]
    issuing = [x509.load_der_x509_certificate(one) for one in bundle.intermediates]
    return any(
        verifies(one, signature, said) and any(_issued(root, one) for root in roots) for one in issuing
    )


def _issued(root: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
