"""Shares: an owner shows one file of one paper to somebody, for a purpose, so often and so long.

Promised: the file is named with its digest and never becomes another; the token is random and only its SHA-256 is
kept; of two who open for the last time at once one succeeds; each opening stands in the owner's diary; a share is
over when its owner ends it, and by itself when the paper is revoked, superseded, destroyed or no longer in the
owner's store.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import func, select

from archive import Status, Weight
from common import Digest, one_line
from datastore import mapping
from datastore.errors import NotFound, ShareEnded, ShareRefused
from datastore.locks import locked
from datastore.people import OpenedShare, Share, ShareOpening
from datastore.rights import Act
from datastore.rows import DocumentRow, ObjectRow, ShareOpeningRow, ShareRow, StoreEntryRow
from datastore.scope import Scope
from datastore.tokens import new_token, token_digest

LONGEST = timedelta(days=366)
MOST = 100
_SHAREABLE = (Status.PROVISIONAL, Status.VALID)
_SHOWN = (*_SHAREABLE, Status.EXPIRED, Status.ARCHIVED)
"""One that expired meanwhile is still shown, as what it is."""


class Shares:
    """The repository of shares."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def make(
        self,
        document: UUID,
        *,
        purpose: str,
        recipient: str,
        until: datetime,
        openings: int = 1,
        agency: str | None = None,
        email: str | None = None,
    ) -> tuple[Share, str]:
        """Share what stands for the paper now, and the token that opens it; NotFound, ShareRefused.

        `email` is kept as a digest only, to find the share by it.
        """
        self._scope.ask(Act.SHARE)
        self._require_bounds(purpose, recipient, until, openings)
        paper = self._scope.document_to_change(document)  # so that a refiling ends this share too
        if paper.status not in _SHAREABLE:
            raise ShareRefused(status=paper.status)
        owner = self._scope.own_id
        if owner is None:
            raise NotFound(what="document", id=document)
        shown, token = _shown(paper), new_token()
        row = ShareRow(
            id=self._scope.id(),
            owner_id=owner,
            document_id=document,
            version=paper.versions[-1].n,
            object=shown,
            sha256=shown.sha256_plain,
            token_sha256=token_digest(token),
            purpose=one_line(purpose),
            recipient=one_line(recipient),
            recipient_agency=agency,
            recipient_email_sha256=None if email is None else _email_digest(email),
            most=openings,
            until=until,
            made_at=self._scope.at,
            made_by=self._scope.actor.person,
            ended_at=None,
            end_reason=None,
            openings=[],
        )
        self._session.add(row)
        self._session.flush()
        self._scope.note(owner=owner, document=document, note=f"{row.id}: {row.recipient}")
        return _share(row), token

    def all(self) -> tuple[Share, ...]:
        """The shares of the store that the actor sees, newest first, those that are over as well."""
        self._scope.ask(Act.SHARE)
        query = select(ShareRow).where(ShareRow.owner_id == self._scope.own_id).order_by(ShareRow.id.desc())
        found = tuple(_share(row) for row in self._session.scalars(query))
        self._scope.note(owner=self._scope.own_id)
        return found

    def revoke(self, id: UUID, *, reason: str) -> Share:
        """End a share at once; one that is over is no error. NotFound."""
        self._scope.ask(Act.SHARE)
        query = select(ShareRow).where(ShareRow.id == id, ShareRow.owner_id == self._scope.own_id)
        row = self._session.scalar(locked(query))
        if row is None:
            raise NotFound(what="share", id=id)
        if row.ended_at is None:
            row.ended_at, row.end_reason = self._scope.at, reason
            self._session.flush()
        self._scope.note(owner=row.owner_id, document=row.document_id, note=f"{row.id}: {reason}")
        return _share(row)

    def open(self, token: str) -> OpenedShare:
        """Count an opening and show the file; NotFound for a token that is none, ShareEnded for one that is over."""
        self._scope.ask(Act.OPEN_SHARE)
        row = self._row(token)
        paper = self._session.get_one(DocumentRow, row.document_id)
        opened = self._session.scalars(
            select(func.count()).select_from(ShareOpeningRow).where(ShareOpeningRow.share_id == row.id)
        ).one()
        why = self._over(row, paper, opened)
        if why is not None:
            raise ShareEnded(why=why)
        opening = ShareOpeningRow(
            id=self._scope.id(),
            share_id=row.id,
            n=opened + 1,
            at=self._scope.at,
            who=one_line(self._scope.actor.person),
        )
        row.openings.append(opening)
        self._session.flush()
        self._scope.note(
            owner=row.owner_id, document=paper.id, note=f"{row.id} {opening.n}/{row.most}: {row.purpose}"
        )
        return OpenedShare(
            share=_share(row),
            opening=_opening(opening),
            status=Status(paper.status),
            weight=Weight(paper.weight),
            doc_type=paper.doc_type,
            object=mapping.stored(row.object),
            data_key=self._scope.keychain.open(paper.id, str(self._entry(row, paper).store_id)),
        )

    def note_refusal(self, token: str) -> None:
        """Write into the owner's diary that somebody tried to open a share that is over."""
        self._scope.ask(Act.OPEN_SHARE)
        row = self._row(token)
        self._scope.note(owner=row.owner_id, document=row.document_id, note=f"{row.id}")

    def _require_bounds(self, purpose: str, recipient: str, until: datetime, openings: int) -> None:
        bounds = {
            "purpose": bool(purpose.strip()),
            "recipient": bool(recipient.strip()),
            "until": self._scope.at < until <= self._scope.at + LONGEST,
            "openings": 1 <= openings <= MOST,
        }
        for what, right in bounds.items():
            if not right:
                raise ShareRefused(what=what)

    def _row(self, token: str) -> ShareRow:
        row = self._session.scalar(
            locked(select(ShareRow).where(ShareRow.token_sha256 == token_digest(token)))
        )
        if row is None:
            raise NotFound(what="share")
        return row

    def _over(self, row: ShareRow, paper: DocumentRow, opened: int) -> str | None:
        """Why it cannot be opened; None when it can."""
        if row.ended_at is not None:
            return "ended"
        if paper.status not in _SHOWN or not self._held(row, paper):
            return "changed"
        if row.until <= self._scope.at:
            return "over"
        return "used_up" if opened >= row.most else None

    @staticmethod
    def _held(row: ShareRow, paper: DocumentRow) -> bool:
        return any(entry.to_at is None and entry.store.owner_id == row.owner_id for entry in paper.entries)

    @staticmethod
    def _entry(row: ShareRow, paper: DocumentRow) -> StoreEntryRow:
        return next(
            entry for entry in paper.entries if entry.to_at is None and entry.store.owner_id == row.owner_id
        )


def _shown(paper: DocumentRow) -> ObjectRow:
    """The file that stands for the paper: its newest revision, its PDF, or the file as it arrived."""
    newest = paper.versions[-1]
    if newest.revisions:
        return newest.revisions[-1].object
    return newest.pdf or newest.originals[0].object


def _email_digest(email: str) -> bytes:
    return sha256(one_line(email).casefold().encode()).digest()


def _opening(row: ShareOpeningRow) -> ShareOpening:
    return ShareOpening(row.n, row.at, row.who)


def _share(row: ShareRow) -> Share:
    return Share(
        id=row.id,
        owner_id=row.owner_id,
        document_id=row.document_id,
        version=row.version,
        sha256=Digest(row.sha256),
        purpose=row.purpose,
        recipient=row.recipient,
        recipient_agency=row.recipient_agency,
        most=row.most,
        until=row.until,
        made_at=row.made_at,
        made_by=row.made_by,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        openings=tuple(_opening(one) for one in row.openings),
    )
