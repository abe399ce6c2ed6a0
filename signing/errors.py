"""What can go wrong when marks and signatures are made; each with a sentence in `messages.toml`."""

from common import KhosoError


class DevelopmentKeysInProduction(KhosoError):
    """The development PKI was asked for where real papers are signed."""

    code = "development_keys_in_production"


class PkiDamaged(KhosoError):
    """A file of the development PKI cannot be read."""

    code = "pki_damaged"


class KeyUnreadable(KhosoError):
    """A key file cannot be opened or does not belong to its certificate."""

    code = "key_unreadable"


class LetterMissing(KhosoError):
    """The mark's font has no shape for a letter; a box in its place would not be the signer's name."""

    code = "mark_letter_missing"


class NotSignable(KhosoError):
    """The PDF cannot be given a signature: damaged, encrypted, or without a first page."""

    code = "pdf_not_signable"


class SignedElsewhere(KhosoError):
    """The PDF arrived signed: its bytes are the document and nothing is added to it; attest it instead."""

    code = "pdf_signed_elsewhere"


class AlreadySigned(KhosoError):
    """This role has signed this document; a second signature of the role is never made; fact `roles`: it."""

    code = "role_already_signed"


class DocumentChanged(KhosoError):
    """The prepared file is not the one whose digest was given to the signer."""

    code = "prepared_document_changed"


class WrongSignature(KhosoError):
    """The raw signature does not verify under the certificate it was asked for."""

    code = "signature_does_not_match"


class CertificateNotInForce(KhosoError):
    """The certificate is expired or not yet valid at the time of signing."""

    code = "certificate_not_in_force"


class TimeStampUnusable(KhosoError):
    """The authority gives no time stamp, or one that speaks of something else or cannot be read."""

    code = "time_stamp_unusable"


class ResultExists(KhosoError):
    """A different file stands where the signed one belongs; nothing is overwritten."""

    code = "signed_file_exists"


class AttestationUnreadable(KhosoError):
    """The bytes are no attestation of ours."""

    code = "attestation_unreadable"
