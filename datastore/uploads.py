"""Files that wait to become documents: kept for a day, for whoever brought them and for nobody else.

Every process of the installation sees them, so that it does not matter which one is asked next. An upload is put
once, where it stays: sealed with the key and under the name of the document that it will become. Its intention goes on
waiting until that document names the object (`StoredObject.intent`), so what becomes nothing is swept like the object
of any put that came to nothing. Staff brings what lies on the counter; a citizen, whom nobody sees at it, so much a day
and no more, and each file is used up by the one paper that it becomes.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, delete, func, select
from sqlalchemy.orm import Session

from common import Digest, nfc
from datastore.dialect import ask
from datastore.errors import NotFound, TooManyUploads
from datastore.intents import still_open
from datastore.keys import DataKey
from datastore.locks import hold, locked
from datastore.objects import StoredObject
from datastore.records import NewUpload, Upload
from datastore.rows import IntentRow, UploadRow
from datastore.scope import Scope

KEPT_FOR = timedelta(hours=24)
MOST_OF_A_CITIZEN = 50
"""Files that one citizen may send within `KEPT_FOR`: what a household has, on the day it begins to use its store."""
MOST_BYTES_OF_A_CITIZEN = 500_000_000


class Uploads:
    """The repository of uploads."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def keep(self, new: NewUpload) -> Upload:
        """Keep a file for a day; StaleState when its object was swept meanwhile, TooManyUploads."""
        self._scope.ask_to_bring_in()
        if self._scope.own_id is not None:
            # Two at once do not both find the last place.
            hold(self._session, f"uploads {self._scope.actor.person}")
            self.require_room(new.object.size)
        intent = still_open(self._session, new.object)
        actor, key = self._scope.actor, new.draft.data_key
        row = UploadRow(
            id=new.draft.id,
            person=actor.person,
            role=actor.role,
            agency=actor.agency,
            name=nfc(new.name),
            media_type=new.media_type,
            pages=new.pages,
            signed=new.signed,
            object_key=new.object.key,
            object_version=new.object.version,
            size=new.object.size,
            sha256_plain=new.object.sha256_plain.value,
            sha256_stored=new.object.sha256_stored.value,
            wrapped_key=self._scope.keychain.wrap_for_archive(new.draft.id, key),
            intent=intent,
            at=self._scope.at,
            until=self._scope.at + KEPT_FOR,
            used_at=None,
        )
        self._scope.write(row)
        return _upload(row, key, intent)

    def require_room(self, size: int) -> None:
        """TooManyUploads when this citizen has sent so much that `size` bytes are too many; staff has room always."""
        self._scope.ask_to_bring_in()
        if self._scope.own_id is None:
            return
        now = self._scope.at
        query = select(
            func.count(), func.coalesce(func.sum(UploadRow.size), 0), func.min(UploadRow.until)
        ).where(UploadRow.person == self._scope.actor.person, UploadRow.until > now)
        files, bytes, until = self._session.execute(query).one()
        if files >= MOST_OF_A_CITIZEN or bytes + size > MOST_BYTES_OF_A_CITIZEN:
            raise TooManyUploads(
                most=MOST_OF_A_CITIZEN,
                megabytes=MOST_BYTES_OF_A_CITIZEN // 1_000_000,
                seconds=ceil(((until or now + KEPT_FOR) - now).total_seconds()),
            )

    def get(self, ids: Sequence[UUID]) -> tuple[Upload, ...]:
        """Uploads of this actor that are still kept and not used up; NotFound."""
        self._scope.ask_to_bring_in()
        asked = {**self._mine, "ids": list(ids)}
        found = {row.id: row for row in ask(self._session.connection(), _TO_TAKE_IN, asked)}
        _require_each(ids, found)
        return tuple(self._opened(found[id]) for id in ids)

    def use_up(self, ids: Sequence[UUID]) -> None:
        """These become one paper, in this transaction, and no other one; they count as sent all the same. NotFound."""
        self._scope.ask_to_bring_in()
        asked = {**self._mine, "ids": list(ids)}
        found = {row.id: row for row in self._session.scalars(_TO_USE_UP, asked)}
        _require_each(ids, found)
        for id in ids:
            found[id].used_at = self._scope.at
        self._session.flush()

    def _opened(self, row: Row[Any]) -> Upload:
        return _upload(row, self._scope.keychain.open_for_archive(row.id, row.wrapped_key), row.free)

    @property
    def _mine(self) -> dict[str, object]:
        actor = self._scope.actor
        return {"person": actor.person, "role": actor.role, "agency": actor.agency, "now": self._scope.at}


_WAITING = (
    UploadRow.person == bindparam("person"),
    UploadRow.role == bindparam("role"),
    UploadRow.agency == bindparam("agency"),
    UploadRow.until > bindparam("now"),
    UploadRow.used_at.is_(None),
)
"""What an actor has brought and can still use."""
_THESE = UploadRow.id.in_(bindparam("ids", expanding=True))
_TO_USE_UP = locked(select(UploadRow).where(*_WAITING, _THESE).order_by(UploadRow.id))
_ITS_INTENTION = and_(IntentRow.id == UploadRow.intent, IntentRow.swept.is_(False))
_TO_TAKE_IN = (
    select(UploadRow.__table__, IntentRow.id.label("free"))
    .outerjoin(IntentRow, _ITS_INTENTION)
    .where(*_WAITING, _THESE)
)
"""`free`: the intention of its object, while no document has named it."""


def _require_each(ids: Sequence[UUID], found: Collection[UUID]) -> None:
    for id in ids:
        if id not in found:
            raise NotFound(what="upload", id=id)


def forget(session: Session, now: datetime) -> int:
    """Delete the rows of uploads whose time is over; how many. The objects that became nothing are swept after them."""
    over = session.execute(delete(UploadRow).where(UploadRow.until <= now).returning(UploadRow.id))
    return len(over.all())


def _upload(row: UploadRow | Row[Any], key: DataKey, free: UUID | None) -> Upload:
    plain, stored = Digest(row.sha256_plain), Digest(row.sha256_stored)
    return Upload(
        id=row.id,
        object=StoredObject(row.object_key, row.object_version, row.size, plain, stored, free),
        key=key,
        name=row.name,
        media_type=row.media_type,
        pages=row.pages,
        signed=row.signed,
        at=row.at,
        until=row.until,
    )
