"""Whether a certificate can be traced to a root we trust, was in force, and was not revoked, at a moment.

Only what the trust bundle and the signature itself carry is used: nothing is fetched. Revocation lists count
when they are not older than their own next update at the moment asked about, nor than the certificate they
would speak of; without one the answer is
"cannot tell" (TRY_LATER), never "good".
"""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from asn1crypto import crl, x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InsufficientRevinfoError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.path import ValidationPath

from common import shown
from signing.trust import TrustBundle
from signing.verdict import Finding, Indication

T = TypeVar("T")
_SMALLEST_RSA = 2048
"""ETSI TS 119 312 leaves shorter RSA keys behind."""


_TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
_MAY_SIGN_DOCUMENTS = frozenset(
    {
        "2.5.29.37.0",  # anyExtendedKeyUsage (RFC 5280, 4.2.1.12)
        "1.3.6.1.5.5.7.3.2",  # clientAuth: the authorities put it beside signing
        "1.3.6.1.5.5.7.3.4",  # emailProtection
        "1.3.6.1.5.5.7.3.36",  # documentSigning (RFC 9336)
        "1.3.6.1.4.1.311.10.3.12",  # Microsoft's document signing
        "1.2.840.113583.1.1.5",  # Adobe's authentic documents trust
    }
)
"""Extended key usages under which software signs documents; one is enough."""


class Purpose(Enum):
    """What a certificate was used for; the value names the key usages of which one must be there."""

    SIGNING = frozenset({"digital_signature", "non_repudiation"})
    TIME_STAMPING = frozenset({"digital_signature", "non_repudiation", "time_stamping"})


@dataclass(frozen=True, slots=True)
class Moment:
    """When a certificate was used: `at` is the time its state is judged for (proven, or else now)."""

    at: datetime
    proven: bool
    claimed: datetime | None = None


def check_certificate(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    trust: TrustBundle,
    moment: Moment,
    purpose: Purpose = Purpose.SIGNING,
) -> list[Finding]:
    """Everything that speaks against the certificate; an empty list is a pass."""
    findings = [*_own_state(certificate, moment), *_fitness(certificate, purpose)]
    against, path = _path_findings(certificate, others, trust, moment)
    findings.extend(item for item in against if item not in findings)
    if not findings and path is not None:
        findings = _revocation_findings(certificate, others, _without_early_lists(trust, path), moment)
    return findings


def _own_state(certificate: x509.Certificate, moment: Moment) -> list[Finding]:
    """Validity of the certificate itself, told even when its issuer is unknown."""
    end, start = certificate.not_valid_after, certificate.not_valid_before
    if moment.at > end:
        return [Finding.of(Indication.INDETERMINATE, "OUT_OF_BOUNDS_NO_POE", until=shown(end))]
    if moment.at < start:
        return [Finding.of(Indication.INDETERMINATE, "NOT_YET_VALID", since=shown(start))]
    return []


def _fitness(certificate: x509.Certificate, purpose: Purpose) -> list[Finding]:
    """Key usage and extended key usage (RFC 5280, 4.2.1.3 and 4.2.1.12; RFC 3161, 2.3) and key length."""
    findings = []
    usage = certificate.key_usage_value
    uses = usage.native if usage is not None else set(purpose.value)
    if not uses & purpose.value or not _extended_to(certificate, purpose):
        findings.append(Finding.of(Indication.INDETERMINATE, "CHAIN_CONSTRAINTS_FAILURE"))
    key = certificate.public_key
    if key.algorithm == "rsa" and key.bit_size < _SMALLEST_RSA:
        findings.append(
            Finding.of(
                Indication.INDETERMINATE, "CRYPTO_CONSTRAINTS_FAILURE", algorithm=f"RSA-{key.bit_size}"
            )
        )
    return findings


def _extended_to(certificate: x509.Certificate, purpose: Purpose) -> bool:
    """Whether the extended key usage, if there is one, names the purpose; stamping must be named."""
    extended = certificate.extended_key_usage_value
    named = None if extended is None else {item.dotted for item in extended}
    if purpose is Purpose.TIME_STAMPING:
        return named is not None and _TIME_STAMPING in named
    return named is None or bool(named & _MAY_SIGN_DOCUMENTS)


def _path_findings(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    trust: TrustBundle,
    moment: Moment,
) -> tuple[list[Finding], ValidationPath | None]:
    """What speaks against the path to a root, and the path when nothing does."""
    context = ValidationContext(
        trust_roots=_certificates(trust.roots),
        other_certs=[*_certificates(trust.intermediates), *others],
        moment=moment.at,
        revocation_mode="soft-fail",
        crls=[],
        ocsps=[],
    )
    try:
        return [], _run(CertificateValidator(certificate, validation_context=context).async_validate_path())
    except (PathBuildingError, InvalidCertificateError):
        # InvalidCertificateError: self-signed, and not one of our roots.
        finding = Finding.of(Indication.INDETERMINATE, "NO_CERTIFICATE_CHAIN_FOUND")
    except ExpiredError as error:
        finding = Finding.of(Indication.INDETERMINATE, "OUT_OF_BOUNDS_NO_POE", until=shown(error.expired_dt))
    except NotYetValidError as error:
        finding = Finding.of(Indication.INDETERMINATE, "NOT_YET_VALID", since=shown(error.valid_from))
    except DisallowedAlgorithmError:
        finding = Finding.of(Indication.INDETERMINATE, "CRYPTO_CONSTRAINTS_FAILURE", algorithm="SHA-1/MD5")
    except ValidationError:
        finding = Finding.of(Indication.INDETERMINATE, "CERTIFICATE_CHAIN_GENERAL_FAILURE")
    return [finding], None


def _without_early_lists(trust: TrustBundle, path: ValidationPath) -> TrustBundle:
    """The trust without lists that are older than a certificate of the path they would speak of.

    Such a list was made before the certificate was: that it does not name it proves nothing.
    """
    since: dict[bytes, datetime] = {}
    for certificate in path.iter_certs(include_root=False):
        issuer = certificate.issuer.hashable.encode()
        since[issuer] = max(certificate.not_valid_before, since.get(issuer, certificate.not_valid_before))
    kept = tuple(der for der in trust.crls if not _made_before(der, since))
    return replace(trust, crls=kept)


def _made_before(der: bytes, since: dict[bytes, datetime]) -> bool:
    facts = crl.CertificateList.load(der)["tbs_cert_list"]
    first = since.get(facts["issuer"].hashable.encode())
    return first is not None and facts["this_update"].native < first


def _revocation_findings(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    trust: TrustBundle,
    moment: Moment,
) -> list[Finding]:
    context = ValidationContext(
        trust_roots=_certificates(trust.roots),
        other_certs=[*_certificates(trust.intermediates), *others],
        moment=moment.at,
        revocation_mode="require",
        # A later list proves more about an earlier moment, not less.
        retroactive_revinfo=True,
        crls=list(trust.crls),
        ocsps=list(trust.ocsp),
    )
    try:
        _run(CertificateValidator(certificate, validation_context=context).async_validate_path())
    except RevokedError as error:
        return [_revoked(error, moment)]
    except InsufficientRevinfoError:
        return [Finding.of(Indication.INDETERMINATE, "TRY_LATER")]
    except (ValidationError, PathBuildingError):
        return [Finding.of(Indication.INDETERMINATE, "CERTIFICATE_CHAIN_GENERAL_FAILURE")]
    return []


def _revoked(error: RevokedError, moment: Moment) -> Finding:
    """A revocation before the earliest proof; TOTAL-FAILED only when the signer's own time is after it too.

    ETSI EN 319 102-1, 5.3.4: REVOKED needs proof that the signature came after the revocation, else it is
    REVOKED_NO_POE; that the signer himself claims a later time is such a proof against him.
    """
    since = error.revocation_dt
    if not error.is_ee_cert:
        return Finding.of(Indication.INDETERMINATE, "REVOKED_CA_NO_POE", since=shown(since))
    if moment.claimed is not None and moment.claimed >= since:
        return Finding.of(Indication.TOTAL_FAILED, "REVOKED", since=shown(since))
    return Finding.of(Indication.INDETERMINATE, "REVOKED_NO_POE", since=shown(since))


def _certificates(ders: Sequence[bytes]) -> list[x509.Certificate]:
    return [x509.Certificate.load(der) for der in ders]


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine that never really waits; an event loop would want sockets, which the walls forbid."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise RuntimeError("certificate validation tried to wait for something")
