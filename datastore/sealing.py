"""The one place that knows how an object is encrypted: Tink's streaming AEAD `AES256_GCM_HKDF_1MB`.

Wire format (https://developers.google.com/tink/streaming-aead): one header of 40 bytes (its length, a salt
of 32, a nonce prefix of 7), then segments of 1 MiB, each AES-256-GCM under a key derived with HKDF-SHA256
from the data key, the salt and the associated data; the nonce counts segments and marks the last one, so
that a changed, swapped, missing or added byte anywhere is found. Promised: nothing that was not
authenticated is handed out as whole. Not promised: hiding an object's length.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import tink
from tink import proto_keyset_format, secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

KEY_BYTES = 32
SEGMENT_BYTES = 1 << 20
_READ_BYTES = 128 << 10
"""Asked for at once of a stream: room for a whole segment would be made for each page of 20 KB, which takes eight times
as long as to decrypt it."""
_KEY_TYPE = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"


class SealBroken(Exception):
    """The ciphertext is not what was written under this key and associated data. Stays inside the room."""


class Source(Protocol):
    """What sealed bytes are read from; the stream calls `close` at its end."""

    @property
    def closed(self) -> bool: ...

    def readable(self) -> bool: ...

    def read(self, size: int = -1, /) -> bytes: ...

    def close(self) -> None: ...


class Sink(Protocol):
    """What encrypted or decrypted bytes are written to."""

    def write(self, data: bytes, /) -> int: ...


@dataclass(slots=True)
class _Writing:
    """A destination as Tink wants one. Tink turns every error into its own, so the true one is kept here."""

    sink: Sink
    failure: OSError | None = None
    closed: bool = False

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        try:
            written = self.sink.write(data)
        except OSError as error:
            self.failure = error
            raise
        return written

    def close(self) -> None:
        self.closed = True


@lru_cache(maxsize=1)
def _register() -> None:
    streaming_aead.register()


def _primitive(raw: bytes) -> streaming_aead.StreamingAead:
    """Tink's primitive for one raw key of 32 bytes, without Tink's own key prefix."""
    _register()
    parameters = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=SEGMENT_BYTES, derived_key_size=KEY_BYTES, hkdf_hash_type=common_pb2.SHA256
    )
    key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(key_value=raw, params=parameters)
    data = tink_pb2.KeyData(
        type_url=_KEY_TYPE, value=key.SerializeToString(), key_material_type=tink_pb2.KeyData.SYMMETRIC
    )
    entry = tink_pb2.Keyset.Key(
        key_data=data, status=tink_pb2.ENABLED, key_id=1, output_prefix_type=tink_pb2.RAW
    )
    keyset = tink_pb2.Keyset(primary_key_id=1, key=[entry])
    handle = proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return handle.primitive(streaming_aead.StreamingAead)


def seal(blocks: Iterator[bytes], sink: Sink, *, key: bytes, associated_data: bytes) -> None:
    """Encrypt `blocks` into `sink`; OSError as the sink raised it (a full disk stays ENOSPC)."""
    target = _Writing(sink)
    try:
        with _primitive(key).new_encrypting_stream(target, associated_data) as stream:
            for block in blocks:
                stream.write(block)
    except tink.TinkError as error:
        raise target.failure or OSError(errno.EIO, "sealing failed") from error


def unseal(source: Source, *, key: bytes, associated_data: bytes) -> Iterator[bytes]:
    """The plain blocks of a sealed stream; SealBroken as soon as one segment is not genuine.

    Blocks come before the end was seen: the caller must drop what it has when SealBroken is raised.
    """
    try:
        with _primitive(key).new_decrypting_stream(source, associated_data) as stream:
            while block := stream.read(_READ_BYTES):
                yield block
    except tink.TinkError as error:
        raise SealBroken from error
