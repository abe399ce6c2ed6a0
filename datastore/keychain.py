"""Which key opens which document: the wraps in SQL, under the keys of stores and archive.

A document's data key is wrapped once per store that holds it and once for the archive. Deleting one wrap ends
one owner's access and leaves everybody else's. The archive, log and store keys are rows wrapped by the
master key. Promised: an owner opens a document only through the wrap of its own store.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from datastore.dialect import ask_one, beside
from datastore.errors import NotFound, WrongKey
from datastore.keys import DataKey, Keyring, WrapBroken, unwrap, wrap
from datastore.locks import hold
from datastore.remembered import Remembered
from datastore.rows import KeyRow, UploadRow, WrapRow
from datastore.sealing import KEY_BYTES
from datastore.witness import write_rows

ARCHIVE = "archive"
LOG = "log"
_WEBHOOKS = "webhooks"
_OF_THE_HOUSE = frozenset({ARCHIVE, LOG})
_WRAPPED = select(KeyRow.wrapped).where(KeyRow.name == bindparam("name"))


@dataclass(frozen=True, slots=True)
class Keychain:
    """The wrapped keys of one session."""

    session: Session
    keyring: Keyring
    at: datetime
    opened: dict[str, DataKey] = field(default_factory=dict, repr=False)
    """Those that this session has asked for: a key never changes."""
    remembered: Remembered = field(default_factory=Remembered, repr=False)

    def key(self, name: str) -> DataKey:
        """The key of the archive, the log or a store, made at first use; WrongKey."""
        if name in self.remembered.keys:
            return self.remembered.keys[name]
        if name in self.opened:
            return self.opened[name]
        nested = self.session.in_nested_transaction()
        wrapped = self._wrapped(name)
        if wrapped is None:
            # Of two first uses at once the second sees the first one's key.
            hold(self.session, f"key {name}")
            wrapped = self._wrapped(name)
        is_new = wrapped is None
        if wrapped is None:
            made = self.new(name)
            write_rows(self.session, made)
            wrapped = made.wrapped
        key = self.opened[name] = DataKey(self.keyring.unwrap(wrapped, _context(name)), name)
        if nested:
            del self.opened[name]  # a savepoint may take its row back: it is asked for again
        elif name in _OF_THE_HOUSE and not is_new:
            self.remembered.keys[name] = key
        return key

    def _wrapped(self, name: str) -> bytes | None:
        """In a savepoint also what was made in it and waits to be written."""
        nested = self.session.in_nested_transaction()
        connection = self.session.connection() if nested else beside(self.session)
        found: bytes | None = ask_one(connection, _WRAPPED, {"name": name})
        return found

    def new(self, name: str) -> KeyRow:
        """A key under a name that nobody else can have given one yet, to be written."""
        key = DataKey.new(name)
        self.opened[name] = key
        return KeyRow(name=name, wrapped=self.keyring.wrap(key.raw, _context(name)), made_at=self.at)

    def object_key(self, name: str) -> DataKey:
        """The key for objects that belong to no document (manifests, tiles): derived, so no key does two things."""
        derive = HKDF(SHA256(), KEY_BYTES, None, f"khoso-objects-1 {name}".encode())
        return DataKey(derive.derive(self.key(name).raw), name)

    def share(self, document: UUID, data_key: DataKey, holder: str) -> None:
        """Let `holder` (the archive or a store's id) open the document."""
        if self.session.get(WrapRow, (document, holder)) is None:
            write_rows(self.session, self.wrap_for(document, data_key, holder))

    def wrap_for(self, document: UUID, data_key: DataKey, holder: str) -> WrapRow:
        """What lets `holder` open the document, once it is written."""
        wrapped = wrap(self.key(holder).raw, data_key.raw, _bound(document, holder))
        return WrapRow(document_id=document, key_name=holder, wrapped=wrapped)

    def wrap_for_archive(self, document: UUID, data_key: DataKey) -> bytes:
        """The data key of a document to be, for the row of the upload that it will be made of."""
        return self.wrap_for(document, data_key, ARCHIVE).wrapped

    def open_for_archive(self, document: UUID, wrapped: bytes) -> DataKey:
        """What `wrap_for_archive` wrapped; NotFound (`upload`) when the wrap is not that document's."""
        return self._unwrapped("upload", document, ARCHIVE, wrapped)

    def open(self, document: UUID, holder: str) -> DataKey:
        """The document's data key through the wrap of `holder`; NotFound when that wrap is gone."""
        row = self.session.get(WrapRow, (document, holder))
        if row is None:
            raise NotFound(what="document", id=document)
        return self._unwrapped("document", document, holder, row.wrapped)

    def _unwrapped(self, what: str, document: UUID, holder: str, wrapped: bytes) -> DataKey:
        try:
            raw = unwrap(self.key(holder).raw, wrapped, _bound(document, holder))
        except WrapBroken as error:
            raise NotFound(what=what, id=document) from error
        return DataKey(raw, str(document))

    def wrap_secret(self, id: UUID, secret: bytes) -> bytes:
        """The secret of a webhook, to be kept in the row `id`."""
        return wrap(self.key(_WEBHOOKS).raw, secret, _secret(id))

    def open_secret(self, id: UUID, wrapped: bytes) -> bytes:
        """What `wrap_secret` wrapped; WrongKey when the row is not as it was written."""
        try:
            return unwrap(self.key(_WEBHOOKS).raw, wrapped, _secret(id))
        except WrapBroken as error:
            raise WrongKey(path=self.keyring.path.name) from error

    def end(self, document: UUID, holder: str) -> None:
        """Delete the wrap: `holder` cannot open the document any more, the archive not as what was uploaded either."""
        if holder == ARCHIVE:
            self.session.execute(delete(UploadRow).where(UploadRow.id == document))
        row = self.session.get(WrapRow, (document, holder))
        if row is not None:
            self.session.delete(row)


def _context(name: str) -> str:
    return f"khoso-key-1 {name}"


def _bound(document: UUID, holder: str) -> str:
    return f"khoso-wrap-1 {document} {holder}"


def _secret(id: UUID) -> str:
    return f"khoso-webhook-1 {id}"
