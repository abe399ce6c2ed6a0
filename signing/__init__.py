"""signing: marks, signatures, time stamps, verdicts and seals. The door of the room."""

from signing.claims import SealClaims
from signing.digits import DigitsDamaged, from_digits, to_digits
from signing.seal import (
    LARGEST_SEAL,
    LONGEST_HOST,
    HostTooLong,
    NoProfile,
    NoSeal,
    SealProfile,
    SealTooLarge,
    SealVerdict,
    check_seal,
    check_seal_text,
    make_seal,
    mask_identifier,
    mask_name,
    read_link,
    seal_link,
    seal_profile,
)
from signing.short_code import BadShortCode, check_short_code, new_short_code
from signing.status import Standing, StatusList, StatusListNotGenuine, StatusListOverdue
from signing.trust import BundleNotGenuine, LogKey, PublicKey, SealKey, TrustBundle
from signing.verdict import Indication, SignatureVerdict, Verdict

__all__ = [
    "LARGEST_SEAL",
    "LONGEST_HOST",
    "BadShortCode",
    "BundleNotGenuine",
    "DigitsDamaged",
    "HostTooLong",
    "Indication",
    "LogKey",
    "NoProfile",
    "NoSeal",
    "PublicKey",
    "SealClaims",
    "SealKey",
    "SealProfile",
    "SealTooLarge",
    "SealVerdict",
    "SignatureVerdict",
    "Standing",
    "StatusList",
    "StatusListNotGenuine",
    "StatusListOverdue",
    "TrustBundle",
    "Verdict",
    "check_seal",
    "check_seal_text",
    "check_short_code",
    "from_digits",
    "make_seal",
    "mask_identifier",
    "mask_name",
    "new_short_code",
    "read_link",
    "seal_link",
    "seal_profile",
    "to_digits",
]
