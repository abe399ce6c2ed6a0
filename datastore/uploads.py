"""Files that wait to become documents: kept for a day, for whoever brought them and for nobody else.

Every process of the installation sees them, so that it does not matter which one is asked next. Their objects
lie under `staging/`, sealed like everything else.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from common import Digest, nfc
from datastore.errors import NotFound
from datastore.intents import redeem
from datastore.objects import StoredObject
from datastore.records import NewUpload, Upload
from datastore.rows import UploadRow
from datastore.scope import Scope

KEPT_FOR = timedelta(hours=24)
_AT_ONCE = 200


class Uploads:
    """The repository of uploads."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def keep(self, new: NewUpload) -> Upload:
        """Keep a file for a day; StaleState when its object was swept meanwhile."""
        self._scope.ask_to_bring_in()
        redeem(self._session, new.object)
        actor = self._scope.actor
        row = UploadRow(
            id=new.id,
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
            at=self._scope.at,
            until=self._scope.at + KEPT_FOR,
        )
        self._session.add(row)
        self._session.flush()
        return _upload(row)

    def get(self, id: UUID) -> Upload:
        """An upload of this actor that is still kept; NotFound."""
        self._scope.ask_to_bring_in()
        actor = self._scope.actor
        query = select(UploadRow).where(
            UploadRow.id == id,
            UploadRow.person == actor.person,
            UploadRow.role == actor.role,
            UploadRow.agency == actor.agency,
            UploadRow.until > self._scope.at,
        )
        row = self._session.scalar(query)
        if row is None:
            raise NotFound(what="upload", id=id)
        return _upload(row)


def over(session: Session, now: datetime) -> list[Upload]:
    """Some of the uploads whose time is over."""
    query = select(UploadRow).where(UploadRow.until <= now).order_by(UploadRow.until).limit(_AT_ONCE)
    return [_upload(row) for row in session.scalars(query)]


def forget(session: Session, id: UUID) -> None:
    """Delete an upload's row, after its object."""
    row = session.get(UploadRow, id)
    if row is not None:
        session.delete(row)
        session.flush()


def _upload(row: UploadRow) -> Upload:
    plain, stored = Digest(row.sha256_plain), Digest(row.sha256_stored)
    return Upload(
        id=row.id,
        object=StoredObject(row.object_key, row.object_version, row.size, plain, stored),
        name=row.name,
        media_type=row.media_type,
        pages=row.pages,
        signed=row.signed,
        at=row.at,
        until=row.until,
    )
