"""The seal of a print: what the QR code says, signed by the agency, checked without a network.

`make_seal` writes the claims as deterministic CBOR with integer keys into a COSE_Sign1 (ES256) that fits a
QR code of at most version 18-M; `check_seal` says in ETSI's words whether it is genuine. Promises that claims
are only ever shown from an intact signature of a known key. Does not say whether the document is in force:
that is the status list's answer. `read_link` reads digits out of a link, never follows or believes its host.
"""

import math
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from importlib import resources
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from common import VIETNAM, KhosoError, Sentence, say, shown
from signing.claims import AnotherFormat, SealClaims, read_claims, write_claims
from signing.cose import ES256, NotStrict, Sign1, open_sign1, seal_bytes
from signing.digits import DigitsDamaged, digits_needed, from_digits, to_digits
from signing.trust import PublicKey, SealKey, TrustBundle
from signing.verdict import Indication

LONGEST_HOST = 48
_QR_18_M_BITS = 4504
"""Data bits of a QR code of version 18, level M (ISO/IEC 18004, table 7)."""
_SEGMENT_HEADS = (4 + 16) + (4 + 12)
"""Mode and length of the byte segment (the link) and the numeric segment in versions 10 to 26."""
_HALF = 32
_CLOCKS_DIFFER = timedelta(minutes=5)
"""How far ahead of ours an honest agency's clock may be."""
_LINK = re.compile(r"(https?://[^\s#]*/v#)?(\d+)", re.IGNORECASE | re.ASCII)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256 (FIPS 186-4, D.1.2.3); with s, its opposite n - s is as good a signature of the same."""


def _largest_seal() -> int:
    link = len(f"https://{'x' * LONGEST_HOST}/v#")
    digits = math.floor((_QR_18_M_BITS - _SEGMENT_HEADS - 8 * link) * 3 / 10)
    return max(size for size in range(1024) if digits_needed(size) <= digits)


LARGEST_SEAL: Final = _largest_seal()
"""Bytes of COSE that fit a QR code of version 18-M behind the longest host."""


def _fewest_digits() -> int:
    empty = seal_bytes(b"", ES256, bytes(8), lambda _: bytes(2 * _HALF))
    return digits_needed(len(empty))


FEWEST_DIGITS: Final = _fewest_digits()
"""No seal has fewer: a shorter number without a link is some other number."""


class NoSeal(KhosoError):
    """The text is neither a link to a print nor its digits."""

    code = "no-seal"


class HostTooLong(KhosoError):
    """The name of the verify host leaves too little room in the code."""

    code = "seal_host_too_long"


class SealTooLarge(KhosoError):
    """Even without everything that may be dropped the claims do not fit the QR code."""

    code = "seal_too_large"


class NoProfile(KhosoError):
    """No rule says what a seal contains on this day."""

    code = "seal_no_profile"


@dataclass(frozen=True, slots=True)
class SealProfile:
    """What the law in force `since` a day wants a seal to say, and what goes first when it is too big."""

    since: date
    law: str
    claims: tuple[str, ...]
    mask_identifier: bool = True
    mask_names: bool = False
    drop_first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SealVerdict:
    """Whether a seal is genuine. `claims` is None unless the signature of a known key over them is intact."""

    indication: Indication
    reasons: tuple[Sentence, ...]
    claims: SealClaims | None
    agency: str | None
    checked_at: datetime
    trust_as_of: datetime | None

    def as_json(self) -> dict[str, object]:
        """The part of `khoso verify --json` that speaks of the seal."""
        return {
            "verdict": self.indication.value,
            "reasons": [reason.as_json() for reason in self.reasons],
            "agency": self.agency,
            "document": None if self.claims is None else self.claims.as_json(),
            "checked_at": self.checked_at.isoformat(),
            "trust_as_of": None if self.trust_as_of is None else self.trust_as_of.isoformat(),
        }


def seal_profile(on: date, overrides: Iterable[SealProfile] = ()) -> SealProfile:
    """The youngest profile in force on a day, an agency's own before the packaged ones; NoProfile if none."""
    for group in (tuple(overrides), _packaged_profiles()):
        found = [profile for profile in group if profile.since <= on]
        if found:
            return max(found, key=lambda profile: profile.since)
    raise NoProfile(on=on.isoformat())


def mask_identifier(identifier: str) -> str:
    """Personal numbers (9 or 12 digits, foreigners' `NN-…`) with all but the first and last three as `*`.

    Codes of enterprises and agencies stand in public registers and stay whole.
    """
    personal = re.fullmatch(r"\d{9}|\d{12}|\d{2}-[A-Z]{2,3}-.+", identifier)
    if personal is None or len(identifier) <= 6:
        return identifier
    return identifier[:3] + "*" * (len(identifier) - 6) + identifier[-3:]


def mask_name(name: str) -> str:
    """Only the first letter of each word: `Nguyễn Văn An` → `N. V. A.`"""
    return " ".join(f"{word[0]}." for word in name.split())


def make_seal(
    claims: SealClaims, key: SealKey, *, profile: SealProfile | None = None, names: Iterable[str] = ()
) -> bytes:
    """A COSE_Sign1 over the claims, at most `LARGEST_SEAL` bytes.

    `profile` (the one in force at the time of issue unless handed in) says what is sealed, masked and dropped
    first; `names` are the sealed fields that hold persons' names. SealTooLarge when nothing more may go.
    """
    chosen = profile or seal_profile(claims.issued_at.astimezone(VIETNAM).date())
    for candidate in _smaller_and_smaller(_under(chosen, claims, frozenset(names)), chosen):
        payload = write_claims(candidate)
        content = seal_bytes(payload, ES256, key.key_id, lambda data: _sign(key, data))
        if len(content) <= LARGEST_SEAL:
            return content
    raise SealTooLarge(largest=LARGEST_SEAL)


def seal_link(host: str, cose: bytes) -> str:
    """What the QR code says: `https://<host>/v#<digits>`; the fragment never reaches the server."""
    if len(host) > LONGEST_HOST:
        raise HostTooLong(host=host, longest=LONGEST_HOST)
    return f"https://{host}/v#{to_digits(cose)}"


def read_link(text: str, *, bare_digits: bool = True) -> bytes:
    """The bytes of a seal out of a link, whatever host it names, or out of the link's digits alone.

    `bare_digits=False` accepts the link only: for a code found on a page, where long numbers stand for other
    things. NoSeal when the text is something else, DigitsDamaged when its digits were changed on the way.
    """
    match = _LINK.fullmatch(text.strip())
    if match is None:
        raise NoSeal
    link, digits = match.groups()
    if link is None and not (bare_digits and len(digits) >= FEWEST_DIGITS):
        raise NoSeal
    return from_digits(digits)


def names_only(text: str, host: str) -> bool:
    """Whether this seal is digits alone, or just the link that `seal_link` makes for the host.

    Compared as it is written: what browsers and libraries take for the host of an odd address differs.
    """
    match = _LINK.fullmatch(text.strip())
    return match is None or match[1] is None or match[1].casefold() == f"https://{host}/v#".casefold()


def check_seal_text(text: str, *, trust: TrustBundle, now: datetime, bare_digits: bool = True) -> SealVerdict:
    """`check_seal` of a link or digits; changed digits are TOTAL-FAILED, other text raises NoSeal."""
    try:
        return check_seal(read_link(text, bare_digits=bare_digits), trust=trust, now=now)
    except DigitsDamaged as damage:
        return _verdict(Indication.TOTAL_FAILED, damage.sentence, trust, now)


def check_seal(cose: bytes, *, trust: TrustBundle, now: datetime) -> SealVerdict:
    """Whether a seal is genuine, from the trust bundle alone (ETSI EN 319 102-1 indications).

    1. The form: anything but our strict COSE_Sign1 fails. 2. The key: an unknown one proves nothing either
    way. 3. The signature. 4. Only then what it says: issuer, time of issue inside the key's life.
    """
    # 1. The form.
    try:
        signed = open_sign1(cose)
    except NotStrict:
        return _verdict(Indication.TOTAL_FAILED, say("seal-malformed"), trust, now)
    if signed.algorithm != ES256:
        return _verdict(Indication.INDETERMINATE, say("seal-algorithm-unknown"), trust, now)
    # 2. The key.
    key = trust.seal_key(signed.key_id)
    if key is None:
        reason = say("seal-key-unknown", key_id=signed.key_id.hex())
        return _verdict(Indication.INDETERMINATE, reason, trust, now)
    # 3. The signature.
    if not _intact(signed, key):
        return _verdict(Indication.TOTAL_FAILED, say("seal-signature-wrong", agency=key.agency), trust, now)
    # 4. What it says.
    return _judge_claims(signed.payload, key, trust, now)


def _judge_claims(payload: bytes, key: PublicKey, trust: TrustBundle, now: datetime) -> SealVerdict:
    try:
        claims = read_claims(payload)
    except AnotherFormat:
        return _verdict(Indication.INDETERMINATE, say("seal-version-unknown"), trust, now)
    except NotStrict:
        return _verdict(Indication.TOTAL_FAILED, say("seal-malformed"), trust, now)
    indication, reason = Indication.TOTAL_PASSED, say("seal-genuine", agency=key.agency)
    if claims.issuer != key.agency:
        indication = Indication.TOTAL_FAILED
        reason = say("seal-issuer-wrong", agency=key.agency, issuer=claims.issuer)
    elif not key.in_force(claims.issued_at):
        indication = Indication.INDETERMINATE
        reason = say("seal-key-not-in-force", agency=key.agency, issued_at=shown(claims.issued_at))
    elif claims.issued_at > now + _CLOCKS_DIFFER:
        indication = Indication.INDETERMINATE
        reason = say("seal-from-the-future", issued_at=shown(claims.issued_at), now=shown(now))
    return _verdict(indication, reason, trust, now, claims=claims, agency=key.agency)


def _verdict(
    indication: Indication,
    reason: Sentence,
    trust: TrustBundle,
    now: datetime,
    *,
    claims: SealClaims | None = None,
    agency: str | None = None,
) -> SealVerdict:
    return SealVerdict(indication, (reason,), claims, agency, now, trust.as_of)


def _sign(key: SealKey, data: bytes) -> bytes:
    r, s = decode_dss_signature(key.private.sign(data, ECDSA(SHA256())))
    s = min(s, _ORDER - s)
    return r.to_bytes(_HALF) + s.to_bytes(_HALF)


def _intact(signed: Sign1, key: PublicKey) -> bool:
    public = key.load()
    if not isinstance(public, EllipticCurvePublicKey):
        return False
    r, s = (int.from_bytes(half) for half in (signed.signature[:_HALF], signed.signature[_HALF:]))
    if s > _ORDER // 2:
        # The same signature in other digits: one seal has one form.
        return False
    try:
        public.verify(encode_dss_signature(r, s), signed.signed_bytes, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _packaged_profiles() -> tuple[SealProfile, ...]:
    text = (resources.files(__package__) / "seal_profiles.toml").read_text(encoding="utf-8")
    return tuple(
        SealProfile(
            since=row["since"],
            law=row["law"],
            claims=tuple(row["claims"]),
            mask_identifier=row["mask_identifier"],
            mask_names=row["mask_names"],
            drop_first=tuple(row["drop_first"]),
        )
        for row in tomllib.loads(text)["profile"]
    )


_PROFILED = {
    "dossier_number": "dossier_number",
    "procedure_code": "procedure_code",
    "identifier": "identifier_masked",
    "paper_name": "paper_name",
    "system_name": "system_name",
    "valid_until": "valid_until",
    "scope": "scope",
}
"""The names in a profile and the claims that they mean."""


def _under(profile: SealProfile, claims: SealClaims, names: frozenset[str]) -> SealClaims:
    """The claims as the profile wants them: masked, and without what it does not name."""
    unwanted = {claim: None for name, claim in _PROFILED.items() if name not in profile.claims}
    kept = replace(claims, profile=profile.since, **unwanted)  # type: ignore[arg-type]
    if profile.mask_identifier and kept.identifier_masked is not None:
        kept = replace(kept, identifier_masked=mask_identifier(kept.identifier_masked))
    if profile.mask_names:
        masked = {name: mask_name(text) if name in names else text for name, text in kept.fields.items()}
        kept = replace(kept, fields=masked)
    return kept


def _smaller_and_smaller(claims: SealClaims, profile: SealProfile) -> Iterator[SealClaims]:
    """The claims, then without one sealed field after the other (last first), then without `drop_first`."""
    yield claims
    for kept in range(len(claims.fields) - 1, -1, -1):
        claims = replace(claims, fields=dict(list(claims.fields.items())[:kept]))
        yield claims
    for name in profile.drop_first:
        claims = replace(claims, **{_PROFILED[name]: None})  # type: ignore[arg-type]
        yield claims
