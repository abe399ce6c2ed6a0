"""Statements of the archivist: plain values in a file that speaks for itself, signed with the Ed25519 key.

A COSE_Sign1 (EdDSA) with the statement's kind in its header, so that one kind is never taken for another.
Promises that `open_statement` returns only what a log key of the trust bundle signed; what the values mean
and whether they are fresh is the caller's question.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from common import KhosoError
from signing.cose import EDDSA, NotStrict, decode, encode, open_sign1, seal_bytes
from signing.trust import LogKey, PublicKey, TrustBundle


class StatementNotGenuine(KhosoError):
    """The statement is damaged, of another kind, or signed by nobody whom the trust bundle names."""

    code = "statement_not_genuine"


def sign_statement(kind: str, values: object, key: LogKey) -> bytes:
    """The statement as a file; `values` are integers, text, bytes, lists, maps, true, false, null."""
    return seal_bytes(encode(values), EDDSA, key.key_id, key.private.sign, kind=kind)


def open_statement(content: bytes, kind: str, *, trust: TrustBundle) -> tuple[object, PublicKey]:
    """The values and the key that signed them; StatementNotGenuine for anything else."""
    try:
        signed = open_sign1(content)
        key = trust.log_key(signed.key_id)
        public = None if key is None else key.load()
        if not isinstance(public, Ed25519PublicKey) or (signed.algorithm, signed.kind) != (EDDSA, kind):
            raise StatementNotGenuine(kind=kind)
        public.verify(signed.signature, signed.signed_bytes)
        assert key is not None
        return decode(signed.payload), key
    except (NotStrict, InvalidSignature, ValueError) as error:
        raise StatementNotGenuine(kind=kind) from error
