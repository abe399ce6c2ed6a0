"""signing: marks, signatures, time stamps, verdicts and seals. The door of the room.

What is behind the door is loaded when it is asked for: a confined child that judges one PDF, or looks for white
on one page, starts three times quicker without the rest of the room.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signing.attestation import (
        Attestation as Attestation,
    )
    from signing.attestation import (
        AttestationToBeSigned as AttestationToBeSigned,
    )
    from signing.attestation import (
        attest as attest,
    )
    from signing.attestation import (
        check_attestation as check_attestation,
    )
    from signing.attestation import (
        complete_attestation as complete_attestation,
    )
    from signing.attestation import (
        prepare_attestation as prepare_attestation,
    )
    from signing.attestation import (
        statement_about as statement_about,
    )
    from signing.authority import (
        AuthorityFacts as AuthorityFacts,
    )
    from signing.authority import (
        FactsNotGenuine as FactsNotGenuine,
    )
    from signing.claims import (
        SealClaims as SealClaims,
    )
    from signing.digits import (
        DigitsDamaged as DigitsDamaged,
    )
    from signing.digits import (
        from_digits as from_digits,
    )
    from signing.digits import (
        to_digits as to_digits,
    )
    from signing.errors import (
        AlreadySigned as AlreadySigned,
    )
    from signing.errors import (
        AttestationUnreadable as AttestationUnreadable,
    )
    from signing.errors import (
        CertificateNotInForce as CertificateNotInForce,
    )
    from signing.errors import (
        DevelopmentKeysInProduction as DevelopmentKeysInProduction,
    )
    from signing.errors import (
        DocumentChanged as DocumentChanged,
    )
    from signing.errors import (
        KeyUnreadable as KeyUnreadable,
    )
    from signing.errors import (
        LetterMissing as LetterMissing,
    )
    from signing.errors import (
        NotSignable as NotSignable,
    )
    from signing.errors import (
        PkiDamaged as PkiDamaged,
    )
    from signing.errors import (
        ResultExists as ResultExists,
    )
    from signing.errors import (
        SignedElsewhere as SignedElsewhere,
    )
    from signing.errors import (
        TimeStampUnusable as TimeStampUnusable,
    )
    from signing.errors import (
        WrongSignature as WrongSignature,
    )
    from signing.marks import (
        CopyForm as CopyForm,
    )
    from signing.marks import (
        Mark as Mark,
    )
    from signing.marks import (
        Role as Role,
    )
    from signing.marks import (
        agency_mark as agency_mark,
    )
    from signing.marks import (
        clerk_mark as clerk_mark,
    )
    from signing.marks import (
        officer_mark as officer_mark,
    )
    from signing.pades import (
        FIELDS as FIELDS,
    )
    from signing.pades import (
        SignedDocument as SignedDocument,
    )
    from signing.pades import (
        ToBeSigned as ToBeSigned,
    )
    from signing.pades import (
        complete as complete,
    )
    from signing.pades import (
        prepare as prepare,
    )
    from signing.pki import (
        DevelopmentPki as DevelopmentPki,
    )
    from signing.pki import (
        DevelopmentSigners as DevelopmentSigners,
    )
    from signing.pki import (
        open_log_key as open_log_key,
    )
    from signing.pki import (
        other_keys as other_keys,
    )
    from signing.pki import (
        warn_of_development_keys as warn_of_development_keys,
    )
    from signing.revisions import (
        begins_with_revision as begins_with_revision,
    )
    from signing.seal import (
        LARGEST_SEAL as LARGEST_SEAL,
    )
    from signing.seal import (
        LONGEST_HOST as LONGEST_HOST,
    )
    from signing.seal import (
        HostTooLong as HostTooLong,
    )
    from signing.seal import (
        NoProfile as NoProfile,
    )
    from signing.seal import (
        NoSeal as NoSeal,
    )
    from signing.seal import (
        SealProfile as SealProfile,
    )
    from signing.seal import (
        SealTooLarge as SealTooLarge,
    )
    from signing.seal import (
        SealVerdict as SealVerdict,
    )
    from signing.seal import (
        check_seal as check_seal,
    )
    from signing.seal import (
        check_seal_text as check_seal_text,
    )
    from signing.seal import (
        make_seal as make_seal,
    )
    from signing.seal import (
        mask_identifier as mask_identifier,
    )
    from signing.seal import (
        mask_name as mask_name,
    )
    from signing.seal import (
        names_only as names_only,
    )
    from signing.seal import (
        read_link as read_link,
    )
    from signing.seal import (
        seal_link as seal_link,
    )
    from signing.seal import (
        seal_profile as seal_profile,
    )
    from signing.short_code import (
        CROCKFORD as CROCKFORD,
    )
    from signing.short_code import (
        BadShortCode as BadShortCode,
    )
    from signing.short_code import (
        check_short_code as check_short_code,
    )
    from signing.short_code import (
        is_meant_as_short_code as is_meant_as_short_code,
    )
    from signing.short_code import (
        new_short_code as new_short_code,
    )
    from signing.signers import (
        CertificateHolder as CertificateHolder,
    )
    from signing.signers import (
        FileSigner as FileSigner,
    )
    from signing.signers import (
        Signer as Signer,
    )
    from signing.statements import (
        StatementNotGenuine as StatementNotGenuine,
    )
    from signing.statements import (
        open_statement as open_statement,
    )
    from signing.statements import (
        sign_statement as sign_statement,
    )
    from signing.status import (
        Standing as Standing,
    )
    from signing.status import (
        StatusList as StatusList,
    )
    from signing.status import (
        StatusListNotGenuine as StatusListNotGenuine,
    )
    from signing.status import (
        StatusListOverdue as StatusListOverdue,
    )
    from signing.timestamps import (
        TimeStamper as TimeStamper,
    )
    from signing.timestamps import (
        try_out as try_out,
    )
    from signing.trust import (
        BundleNotGenuine as BundleNotGenuine,
    )
    from signing.trust import (
        LogKey as LogKey,
    )
    from signing.trust import (
        PublicKey as PublicKey,
    )
    from signing.trust import (
        SealKey as SealKey,
    )
    from signing.trust import (
        TrustBundle as TrustBundle,
    )
    from signing.validation import (
        validate as validate,
    )
    from signing.verdict import (
        Indication as Indication,
    )
    from signing.verdict import (
        SignatureVerdict as SignatureVerdict,
    )
    from signing.verdict import (
        Verdict as Verdict,
    )

_NAMES = {
    "signing.attestation": (
        "Attestation",
        "AttestationToBeSigned",
        "attest",
        "check_attestation",
        "complete_attestation",
        "prepare_attestation",
        "statement_about",
    ),
    "signing.authority": ("AuthorityFacts", "FactsNotGenuine"),
    "signing.claims": ("SealClaims",),
    "signing.digits": (
        "DigitsDamaged",
        "from_digits",
        "to_digits",
    ),
    "signing.errors": (
        "AlreadySigned",
        "AttestationUnreadable",
        "CertificateNotInForce",
        "DevelopmentKeysInProduction",
        "DocumentChanged",
        "KeyUnreadable",
        "LetterMissing",
        "NotSignable",
        "PkiDamaged",
        "ResultExists",
        "SignedElsewhere",
        "TimeStampUnusable",
        "WrongSignature",
    ),
    "signing.marks": (
        "CopyForm",
        "Mark",
        "Role",
        "agency_mark",
        "clerk_mark",
        "officer_mark",
    ),
    "signing.pades": (
        "FIELDS",
        "SignedDocument",
        "ToBeSigned",
        "complete",
        "prepare",
    ),
    "signing.pki": (
        "DevelopmentPki",
        "DevelopmentSigners",
        "open_log_key",
        "other_keys",
        "warn_of_development_keys",
    ),
    "signing.revisions": ("begins_with_revision",),
    "signing.seal": (
        "HostTooLong",
        "LARGEST_SEAL",
        "LONGEST_HOST",
        "NoProfile",
        "NoSeal",
        "SealProfile",
        "SealTooLarge",
        "SealVerdict",
        "check_seal",
        "check_seal_text",
        "make_seal",
        "mask_identifier",
        "mask_name",
        "names_only",
        "read_link",
        "seal_link",
        "seal_profile",
    ),
    "signing.short_code": (
        "BadShortCode",
        "CROCKFORD",
        "check_short_code",
        "is_meant_as_short_code",
        "new_short_code",
    ),
    "signing.signers": (
        "CertificateHolder",
        "FileSigner",
        "Signer",
    ),
    "signing.statements": (
        "StatementNotGenuine",
        "open_statement",
        "sign_statement",
    ),
    "signing.status": (
        "Standing",
        "StatusList",
        "StatusListNotGenuine",
        "StatusListOverdue",
    ),
    "signing.timestamps": ("TimeStamper", "try_out"),
    "signing.trust": (
        "BundleNotGenuine",
        "LogKey",
        "PublicKey",
        "SealKey",
        "TrustBundle",
    ),
    "signing.validation": ("validate",),
    "signing.verdict": (
        "Indication",
        "SignatureVerdict",
        "Verdict",
    ),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}

__all__ = list(_HOME)


def __getattr__(name: str) -> object:
    """Loads the module of a name of the door (PEP 562) and keeps the name."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
