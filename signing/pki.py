"""The development PKI: everything that signs on a machine where no real authority is at hand.

A folder with a root, an issuing authority and a time-stamp authority (one file, so that there is never half a
PKI), a file with the log key, a file per person and agency that signs, a file per seal key, a file per
revocation. Who signs papers needs all but the log key (`DevelopmentSigners`), who keeps the log only that
(`open_log_key`); one process that does everything has a `DevelopmentPki`. Files
appear whole or not at all (written aside, then linked under their name: the first process wins, the others
use what it made) and are readable by their owner alone. All RSA keys are RSA-2048 with SHA-256.

It is a stand-in and says so: `warning` is its sentence, the log gets it when the keys are made and when one signs
or seals, production refuses it. Nobody outside has a reason to trust what it signs.
"""

import json
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from common import Clock, Sentence, one_line, say
from signing.authority import AuthorityFacts
from signing.cms import PrivateKey
from signing.errors import DevelopmentKeysInProduction, PkiDamaged
from signing.marks import Role
from signing.signers import FileSigner
from signing.timestamps import DevelopmentTimeStamper
from signing.trust import LogKey, SealKey, TrustBundle

_LOG = logging.getLogger("signing")

_WARNING = "development_keys"
_AUTHORITY = "authority.json"
_LOG_KEY = "log.json"
_YEAR = timedelta(days=365)
_AUTHORITY_LIFE = 20 * _YEAR
_SIGNER_LIFE = 5 * _YEAR
_SEAL_LIFE = 2 * _YEAR
_CRL_LIFE = timedelta(days=7)
_BACKDATED = timedelta(hours=1)
"""Certificates begin a little before they are made: clocks of two machines are never quite equal."""
_CRL_BACKDATED = timedelta(minutes=5)
_CRL_FRESH = _BACKDATED - 2 * _CRL_BACKDATED
"""A list must not be older than the certificate it speaks of: one made at any time while the list is in use
begins before it."""
_PLACE = "http://pki.khoso.example"
"""Where an authority of its kind would offer its certificate and list. Nobody answers there: the trust bundle
carries both."""
_ROOT, _ISSUING = "root", "issuing"
_NAME_BYTES = 64
"""X.520 ub-common-name as pyca/cryptography counts it; the certificate's name is cut, never a mark's."""

Record = dict[str, str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Authority:
    """The keys that everything else hangs on."""

    root: FileSigner
    issuing: FileSigner
    time_stamps: FileSigner


@dataclass(slots=True)
class DevelopmentSigners:
    """The keys of people, agencies and seals, and the authority behind them; make one with `make_or_open`."""

    folder: Path
    agency: str
    _clock: Clock
    _authority: _Authority
    _warned: bool = False
    _signers: dict[tuple[Role, str], FileSigner] = field(default_factory=dict)
    _crls: tuple[datetime, int, tuple[bytes, ...]] | None = None

    @classmethod
    def make_or_open(
        cls, folder: Path, clock: Clock, *, agency: str, production: bool = False
    ) -> "DevelopmentSigners":
        """Opens the keys in `folder`, or makes them there; DevelopmentKeysInProduction when `production`.

        `agency` is the organisation in personal certificates.
        """
        _refuse_in(production)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = not (folder / _AUTHORITY).exists()
        record = _kept(folder / _AUTHORITY, lambda: _make_authority(clock()))
        authority = _read(folder / _AUTHORITY, lambda: _open_authority(record))
        made = cls(folder, agency, clock, authority)
        if new:
            made.warn()
        return made

    @property
    def warning(self) -> Sentence:
        """What these keys are."""
        return say(_WARNING)

    def warn(self) -> None:
        """Says to the log what these keys are, once: whoever only looks at what is held need not be told."""
        if not self._warned:
            warn_of_development_keys()
        self._warned = True

    @property
    def time_stamps(self) -> DevelopmentTimeStamper:
        """The development time-stamp authority."""
        stamps = self._authority.time_stamps
        return DevelopmentTimeStamper(stamps.key, stamps.certificate, stamps.chain, self._clock)

    def signer(self, role: Role, name: str) -> FileSigner:
        """The key and certificate of a person (of an agency for `Role.AGENCY`), made when first asked for.

        An expired or revoked certificate is followed by a new one with a new key.
        """
        self.warn()
        name = one_line(name)
        cached = self._signers.get((role, name))
        if cached is None or not self._usable(cached.certificate):
            cached = next(self._signer_files(role, name))
            self._signers[role, name] = cached
        return cached

    def seal_key(self, agency: str) -> SealKey:
        """The ECDSA P-256 key that seals prints of `agency` now; a new one follows when it expires."""
        self.warn()
        name, now = one_line(agency), self._clock()
        for number in range(1_000_000):
            path = self.folder / f"seal-{_hidden(name)}-{number}.json"
            key = _seal_key(path, _kept(path, lambda: _make_seal_key(now, name)))
            if key.public.in_force(now):
                return key
        raise PkiDamaged(file=self.folder.name)

    def facts(self) -> AuthorityFacts:
        """What others need to check what these keys signed, with revocation lists at most an hour old."""
        authority = self._authority
        seals = sorted(self.folder.glob("seal-*.json"))
        return AuthorityFacts(
            as_of=self._clock(),
            roots=(_der(authority.root.certificate),),
            intermediates=(_der(authority.issuing.certificate),),
            crls=self._fresh_crls(),
            seal_keys=tuple(_seal_key(path, _load(path)).public for path in seals),
        )

    def signed_facts(self) -> bytes:
        """The same, signed by the issuing authority, for the archivist's process."""
        return self.facts().to_bytes(self._authority.issuing)

    def revoke(self, certificate: x509.Certificate, *, at: datetime | None = None) -> None:
        """Puts a certificate of this PKI on the revocation list, from `at` (now when not given) on."""
        moment = at or self._clock()
        path = self.folder / f"revoked-{certificate.serial_number:x}.json"
        _kept(path, lambda: {"serial": str(certificate.serial_number), "at": moment.isoformat()})

    def _signer_files(self, role: Role, name: str) -> Iterator[FileSigner]:
        """The usable certificates of this name, the newest made on demand."""
        for number in range(1_000_000):
            path = self.folder / f"{role.value}-{_hidden(name)}-{number}.json"
            signer = _file_signer(path, _kept(path, lambda: self._make_signer(role, name)))
            if self._usable(signer.certificate):
                yield signer

    def _make_signer(self, role: Role, name: str) -> Record:
        organisation = None if role is Role.AGENCY else self.agency
        key = _rsa()
        certificate = _certificate(
            _subject(name, organisation),
            key.public_key(),
            self._authority.issuing,
            self._clock(),
            _SIGNER_LIFE,
            [*_usage(digital_signature=True, content_commitment=True), *_offered_at(_ISSUING)],
        )
        return _record(key, certificate, self._authority.issuing.certificate)

    def _usable(self, certificate: x509.Certificate) -> bool:
        now = self._clock()
        current = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
        return current and not (self.folder / f"revoked-{certificate.serial_number:x}.json").exists()

    def _fresh_crls(self) -> tuple[bytes, ...]:
        now = self._clock()
        revoked = [_load(path) for path in sorted(self.folder.glob("revoked-*.json"))]
        if self._crls is not None:
            made, entries, crls = self._crls
            if entries == len(revoked) and made <= now < made + _CRL_FRESH:
                return crls
        authority = self._authority
        crls = (_crl(authority.root, now, []), _crl(authority.issuing, now, revoked))
        self._crls = (now, len(revoked), crls)
        return crls


@dataclass(slots=True)
class DevelopmentPki:
    """All of it in one process; make one with `make_or_open`."""

    signers: DevelopmentSigners
    log_key: LogKey
    """The archivist's Ed25519 key."""

    @classmethod
    def make_or_open(
        cls, folder: Path, clock: Clock, *, agency: str, code: str | None = None, production: bool = False
    ) -> "DevelopmentPki":
        """Opens the PKI in `folder`, or makes it there; DevelopmentKeysInProduction when `production`.

        `code` (`agency` unless given) is the agency whose log and status lists the Ed25519 key signs.
        """
        signers = DevelopmentSigners.make_or_open(folder, clock, agency=agency, production=production)
        return cls(signers, open_log_key(folder, clock, code=code or agency, production=production))

    @property
    def folder(self) -> Path:
        return self.signers.folder

    @property
    def warning(self) -> Sentence:
        return self.signers.warning

    @property
    def time_stamps(self) -> DevelopmentTimeStamper:
        """The development time-stamp authority."""
        return self.signers.time_stamps

    def signer(self, role: Role, name: str) -> FileSigner:
        """See `DevelopmentSigners.signer`."""
        return self.signers.signer(role, name)

    def seal_key(self, agency: str) -> SealKey:
        """See `DevelopmentSigners.seal_key`."""
        return self.signers.seal_key(agency)

    def revoke(self, certificate: x509.Certificate, *, at: datetime | None = None) -> None:
        """See `DevelopmentSigners.revoke`."""
        self.signers.revoke(certificate, at=at)

    @property
    def trust(self) -> TrustBundle:
        """Everything needed to check what this PKI signed."""
        facts = self.signers.facts()
        return facts.trust([self.log_key.public], facts.as_of)


def open_log_key(folder: Path, clock: Clock, *, code: str, production: bool = False) -> LogKey:
    """The archivist's key in `folder`, made there at first; DevelopmentKeysInProduction when `production`.

    An authority of the first version held it in its own file; it stays the same key.
    """
    _refuse_in(production)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / _LOG_KEY
    if not path.exists() and not (folder / _AUTHORITY).exists():  # else the authority has said it
        warn_of_development_keys()
    return _log_key(path, _kept(path, lambda: _first_log_key(folder) or _make_log_key(clock(), code)))


def other_keys(folder: Path, *, signers: bool, log: bool) -> list[str]:
    """Files of keys in `folder` that a process has no use for which needs `signers`, `log`, or neither."""
    found = [path.name for path in folder.glob("*.json")] if folder.is_dir() else []
    public = [name for name in found if name.startswith("known-")]
    return sorted(name for name in found if name not in public and not (log if name == _LOG_KEY else signers))


def _refuse_in(production: bool) -> None:
    if production:
        raise DevelopmentKeysInProduction


def warn_of_development_keys() -> None:
    """Says to the log what keys of this kind are."""
    _LOG.warning("%s", say(_WARNING))


def _make_authority(now: datetime) -> Record:
    """Root, issuing authority, time stamps: made together and written together."""
    root_key, issuing_key, stamps_key = _rsa(), _rsa(), _rsa()
    root_name = _subject("Khoso Development Root", "Khoso development, not for real papers")
    root = _certificate(root_name, root_key.public_key(), root_key, now, _AUTHORITY_LIFE, _ca(), root_name)
    issuing = _certificate(
        _subject("Khoso Development CA", "Khoso development, not for real papers"),
        issuing_key.public_key(),
        FileSigner(root_key, root),
        now,
        _AUTHORITY_LIFE,
        [*_ca(path_length=0), *_offered_at(_ROOT)],
    )
    stamps = _certificate(
        _subject("Khoso Development TSA", "Khoso development, not for real papers"),
        stamps_key.public_key(),
        FileSigner(issuing_key, issuing),
        now,
        _AUTHORITY_LIFE,
        [*_time_stamping(), *_offered_at(_ISSUING)],
    )
    return {
        "root": json.dumps(_record(root_key, root)),
        "issuing": json.dumps(_record(issuing_key, issuing, root)),
        "time_stamps": json.dumps(_record(stamps_key, stamps, issuing)),
    }


def _open_authority(record: Record) -> _Authority:
    return _Authority(
        root=_signer(json.loads(record["root"])),
        issuing=_signer(json.loads(record["issuing"])),
        time_stamps=_signer(json.loads(record["time_stamps"])),
    )


def _make_log_key(now: datetime, agency: str) -> Record:
    return {"log": _pem(Ed25519PrivateKey.generate()), "agency": agency, "made": now.isoformat()}


def _first_log_key(folder: Path) -> Record | None:
    """The key as the first version kept it; None where there is none."""
    path = folder / _AUTHORITY
    record = _load(path) if path.exists() else {}
    return {name: record[name] for name in ("log", "agency", "made")} if "log" in record else None


def _log_key(path: Path, record: Record) -> LogKey:
    def opened() -> LogKey:
        log = load_pem_private_key(record["log"].encode(), None)
        if not isinstance(log, Ed25519PrivateKey):
            raise ValueError("the log key is not Ed25519")
        made = datetime.fromisoformat(record["made"])
        return LogKey(log, record["agency"], made - _BACKDATED, made + _AUTHORITY_LIFE)

    return _read(path, opened)


def _make_seal_key(now: datetime, agency: str) -> Record:
    return {
        "agency": agency,
        "not_before": (now - _BACKDATED).isoformat(),
        "not_after": (now + _SEAL_LIFE).isoformat(),
        "key": _pem(ec.generate_private_key(ec.SECP256R1())),
    }


def _seal_key(path: Path, record: Record) -> SealKey:
    def opened() -> SealKey:
        key = load_pem_private_key(record["key"].encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the seal key is not on an elliptic curve")
        bounds = (datetime.fromisoformat(record[bound]) for bound in ("not_before", "not_after"))
        return SealKey(key, record["agency"], *bounds)

    return _read(path, opened)


def _file_signer(path: Path, record: Record) -> FileSigner:
    return _read(path, lambda: _signer(record))


def _signer(record: Record) -> FileSigner:
    return FileSigner.from_pem(record["key"].encode(), record["certificates"].encode())


def _record(key: PrivateKey, *certificates: x509.Certificate) -> Record:
    chain = "".join(item.public_bytes(Encoding.PEM).decode() for item in certificates)
    return {"key": _pem(key), "certificates": chain}


# --- certificates and revocation lists ---------------------------------------------------------------------


def _certificate(
    subject: x509.Name,
    public: rsa.RSAPublicKey,
    issuer: FileSigner | rsa.RSAPrivateKey,
    now: datetime,
    life: timedelta,
    extensions: list[tuple[x509.ExtensionType, bool]],
    issuer_name: x509.Name | None = None,
) -> x509.Certificate:
    """A certificate by `issuer`; a bare key with `issuer_name` signs itself."""
    key = issuer.key if isinstance(issuer, FileSigner) else issuer
    name = issuer.certificate.subject if isinstance(issuer, FileSigner) else issuer_name
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(name or subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, hashes.SHA256())


def _crl(issuer: FileSigner, now: datetime, revoked: list[Record]) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - _CRL_BACKDATED)
        .next_update(now + _CRL_LIFE)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.certificate.public_key()),  # type: ignore[arg-type]
            critical=False,
        )
    )
    for entry in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(int(entry["serial"]))
            .revocation_date(datetime.fromisoformat(entry["at"]))
            .build()
        )
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _subject(name: str, organisation: str | None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")]
    if organisation is not None:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, _cut(organisation)))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, _cut(name)))
    return x509.Name(attributes)


def _cut(name: str) -> str:
    return name.encode()[:_NAME_BYTES].decode(errors="ignore").rstrip()


def _ca(path_length: int | None = None) -> list[tuple[x509.ExtensionType, bool]]:
    return [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        *_usage(key_cert_sign=True, crl_sign=True),
    ]


def _time_stamping() -> list[tuple[x509.ExtensionType, bool]]:
    # RFC 3161, 2.3: the extended key usage is critical and the only one.
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    return [*_usage(digital_signature=True), (purpose, True)]


def _offered_at(issuer: str) -> list[tuple[x509.ExtensionType, bool]]:
    """Where the issuer's certificate and its list would be (RFC 5280, 4.2.1.13 and 4.2.2.1)."""
    certificate = x509.UniformResourceIdentifier(f"{_PLACE}/{issuer}.crt")
    crl = x509.UniformResourceIdentifier(f"{_PLACE}/{issuer}.crl")
    access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, certificate)
    point = x509.DistributionPoint([crl], relative_name=None, reasons=None, crl_issuer=None)
    return [
        (x509.AuthorityInformationAccess([access]), False),
        (x509.CRLDistributionPoints([point]), False),
    ]


def _usage(**chosen: bool) -> list[tuple[x509.ExtensionType, bool]]:
    uses = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return [(x509.KeyUsage(**{use: chosen.get(use, False) for use in uses}), True)]


def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(key: PrivateKey | Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


# --- files ------------------------------------------------------------------------------------------------


def _hidden(name: str) -> str:
    """A file name for a person or agency that does not tell who it is."""
    return sha256(name.encode()).hexdigest()[:32]


def _kept(path: Path, make: Callable[[], Record]) -> Record:
    """The record in `path`; made and written there first when nobody has. The first writer wins, whole."""
    if not path.exists():
        aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            _write_durably(aside, json.dumps(make()).encode())
            with suppress(FileExistsError):
                os.link(aside, path)
        finally:
            aside.unlink(missing_ok=True)
        _sync_folder(path.parent)
    return _load(path)


def _load(path: Path) -> Record:
    def parsed() -> Record:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): str(value) for key, value in record.items()}

    return _read(path, parsed)


def _read(path: Path, action: Callable[[], T]) -> T:
    try:
        return action()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PkiDamaged(file=path.name) from error


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
