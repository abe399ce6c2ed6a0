"""Whether somebody stands for somebody at this moment: asked in every transaction of a representative or guardian."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from common import VIETNAM
from datastore.errors import NotFound
from datastore.records import ActorRole
from datastore.rows import DelegationRow


def require_in_force(
    session: Session, delegate: UUID, principal: UUID, kind: ActorRole, at: datetime
) -> datetime | None:
    """Until when `delegate` may stand for `principal` (None: without end); NotFound when it may not."""
    day = at.astimezone(VIETNAM).date()
    query = select(DelegationRow).where(
        DelegationRow.kind == kind,
        DelegationRow.delegate_id == delegate,
        DelegationRow.principal_id == principal,
        DelegationRow.confirmed_at.is_not(None),
        DelegationRow.ended_at.is_(None),
        DelegationRow.valid_from <= day,
        or_(DelegationRow.valid_to.is_(None), DelegationRow.valid_to >= day),
    )
    ends = [row.valid_to for row in session.scalars(query)]
    if not ends:
        raise NotFound(what="owner", id=principal)
    if None in ends:
        return None
    last = max(end for end in ends if end is not None)
    return datetime.combine(last + timedelta(days=1), time(), VIETNAM).astimezone(UTC)
