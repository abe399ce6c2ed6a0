"""Rows of accounts become values, and whether one may sign in: asked from both sides of the door."""

from datetime import datetime

from sqlalchemy.orm import Session

from common import VIETNAM
from datastore.agencies import is_in_force
from datastore.people import Account, AccountRole, AccountState
from datastore.records import ActorRole
from datastore.rows import AccountRow, CredentialRow


def may_sign_in(session: Session, row: AccountRow, at: datetime) -> bool:
    """Whether the account is open, has a role that counts, and its agency is there."""
    open_now = row.state == AccountState.ACTIVE and bool(account(session, row).roles_at(at))
    return open_now and is_in_force(session, row.agency, at.astimezone(VIETNAM).date())


def account(session: Session, row: AccountRow) -> Account:
    """The account that a row is."""
    credential = session.get(CredentialRow, row.id)
    return Account(
        id=row.id,
        username=row.username,
        name=row.name,
        agency=row.agency,
        state=AccountState(row.state),
        reason=row.reason,
        roles=tuple(
            AccountRole(ActorRole(one.role), one.from_at, one.until, one.ended_at) for one in row.roles
        ),
        counters=counters_of(row),
        issuer=row.issuer,
        subject=row.subject,
        must_change=credential is not None and credential.must_change,
        made_at=row.made_at,
        made_by=row.made_by,
    )


def counters_of(row: AccountRow) -> tuple[str, ...]:
    """The counters that an account is assigned now."""
    return tuple(one.counter for one in row.counters if one.ended_at is None)
