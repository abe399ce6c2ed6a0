"""signing: marks, signatures, time stamps, verdicts and seals. The door of the room."""

from signing.trust import BundleNotGenuine, LogKey, PublicKey, SealKey, TrustBundle
from signing.verdict import Indication, SignatureVerdict, Verdict

__all__ = [
    "BundleNotGenuine",
    "Indication",
    "LogKey",
    "PublicKey",
    "SealKey",
    "SignatureVerdict",
    "TrustBundle",
    "Verdict",
]
