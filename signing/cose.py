"""COSE_Sign1 (RFC 9052, 4.2) in the one strict form that this house writes and reads.

Deterministic CBOR (RFC 8949, 4.2.1) with definite lengths, tag 18, the algorithm and an 8-byte key id in the
protected header, nothing in the unprotected one. What is read must be byte for byte what we would have
written: trailing bytes, doubled keys, indefinite lengths, long forms of short numbers and other tags are
refused before any key is touched. Promises nothing about who signed: that is the caller's comparison.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cbor2

ES256 = -7
"""ECDSA with SHA-256 (RFC 9053, 2.1)."""
EDDSA = -8
"""EdDSA; here always Ed25519 (RFC 9053, 2.2)."""

_SIGN1_TAG = 18
_ALGORITHM, _KEY_ID, _TYPE = 1, 4, 16
_KEY_ID_BYTES = 8
_SIGNATURE_BYTES = 64
_UINT64 = 1 << 64
_DEEPEST = 4


class NotStrict(ValueError):
    """The bytes are not deterministic CBOR, or not a COSE_Sign1 in our form."""


@dataclass(frozen=True, slots=True)
class Sign1:
    """An opened but not yet verified COSE_Sign1; `kind` is its `typ` header (RFC 9596), if any."""

    protected: bytes
    algorithm: int
    key_id: bytes
    kind: str | None
    payload: bytes
    signature: bytes

    @property
    def signed_bytes(self) -> bytes:
        """The Sig_structure (RFC 9052, 4.4) over which the signature was made."""
        return _sig_structure(self.protected, self.payload)


def encode(value: object) -> bytes:
    """Deterministic CBOR of plain values: integers, text, bytes, lists, maps, true, false, null."""
    return cbor2.dumps(value, canonical=True)


def decode(content: bytes) -> object:
    """The value of exactly these bytes; NotStrict unless `encode` would write the same bytes again."""
    try:
        value = cbor2.loads(content)
        _only_plain(value, _DEEPEST)
        again = encode(value)
    except NotStrict:
        raise
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise NotStrict("not CBOR") from error
    if again != content:
        raise NotStrict("not deterministic, or followed by other bytes")
    return value


def seal_bytes(
    payload: bytes, algorithm: int, key_id: bytes, sign: Callable[[bytes], bytes], *, kind: str | None = None
) -> bytes:
    """A COSE_Sign1 over `payload`; `sign` returns the 64 raw bytes of the signature (r‖s for ES256)."""
    header: dict[int, object] = {_ALGORITHM: algorithm, _KEY_ID: key_id}
    if kind is not None:
        header[_TYPE] = kind
    protected = encode(header)
    signature = sign(_sig_structure(protected, payload))
    return encode(cbor2.CBORTag(_SIGN1_TAG, [protected, {}, payload, signature]))


def open_sign1(content: bytes) -> Sign1:
    """The parts of a COSE_Sign1 in our form; NotStrict for every other form. Verifies nothing."""
    value = decode(content)
    if not isinstance(value, cbor2.CBORTag) or value.tag != _SIGN1_TAG or type(value.value) is not list:
        raise NotStrict("not a tagged COSE_Sign1")
    if len(value.value) != 4:
        raise NotStrict("a COSE_Sign1 has four parts")
    protected, unprotected, payload, signature = value.value
    if not all(type(part) is bytes for part in (protected, payload, signature)) or unprotected != {}:
        raise NotStrict("parts of the wrong kind")
    if len(signature) != _SIGNATURE_BYTES:
        raise NotStrict("a signature has 64 bytes")
    algorithm, key_id, kind = _header(protected)
    return Sign1(protected, algorithm, key_id, kind, payload, signature)


def _header(protected: bytes) -> tuple[int, bytes, str | None]:
    header = decode(protected)
    if type(header) is not dict or not {_ALGORITHM, _KEY_ID} <= set(header) <= {_ALGORITHM, _KEY_ID, _TYPE}:
        raise NotStrict("the protected header has an algorithm and a key id")
    algorithm, key_id, kind = header[_ALGORITHM], header[_KEY_ID], header.get(_TYPE)
    if type(algorithm) is not int or type(key_id) is not bytes or len(key_id) != _KEY_ID_BYTES:
        raise NotStrict("the algorithm is a number, the key id has 8 bytes")
    if _TYPE in header and type(kind) is not str:
        raise NotStrict("the type is text")
    return algorithm, key_id, kind


def _sig_structure(protected: bytes, payload: bytes) -> bytes:
    return encode(["Signature1", protected, b"", payload])


def _only_plain(value: object, deepest: int) -> None:
    """NotStrict for tags other than 18, floats, big numbers and deep nesting, which we never write."""
    if deepest < 0:
        raise NotStrict("nested too deep")
    if type(value) is int:
        if not -_UINT64 <= value < _UINT64:
            raise NotStrict("a number beyond 64 bits")
    elif type(value) is list:
        for item in value:
            _only_plain(item, deepest - 1)
    elif type(value) is dict:
        for pair in value.items():
            _only_plain(list(pair), deepest - 1)
    elif isinstance(value, cbor2.CBORTag) and value.tag == _SIGN1_TAG:
        _only_plain(value.value, deepest - 1)
    elif type(value) not in (str, bytes, bool, type(None)):
        raise NotStrict("a kind of value that is never written")
