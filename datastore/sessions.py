"""Sessions: who is signed in, kept on the server, so that each can be ended at once.

Promised: the token is 256 random bits of which only the SHA-256 is kept; a session has one role of one person; it
ends when it was not used for a while, when its day is over, when its role or delegation is, and at once when somebody
ends it or takes away what it rests on. That somebody signed in stands in the diary. Nothing here is witnessed.
"""

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, select, update
from sqlalchemy.orm import Session as SqlSession

from common import new_id
from datastore.account_values import account, may_sign_in
from datastore.errors import CounterNotAssigned, NotAllowed, NotFound
from datastore.people import Lifetime, Proof, SeenFrom, Session
from datastore.records import Actor, ActorRole
from datastore.rights import CITIZENS
from datastore.rows import AccountRow, OwnerRow, SessionRow
from datastore.stands_for import require_in_force
from datastore.tokens import new_token, token_digest
from datastore.transactions import Transactions

OFFICERS_SESSION = Lifetime(idle=timedelta(minutes=30), absolute=timedelta(hours=10))
"""A working day; who leaves the desk for longer than a break proves again who it is."""
CITIZENS_SESSION = Lifetime(idle=timedelta(minutes=15), absolute=timedelta(hours=2))
"""Shorter, for machines that are not their own."""
_LOOK_EVERY = timedelta(minutes=1)
"""So often is it written down that a session is used: a read must not cost a write each time."""
_KEPT_FOR = timedelta(days=30)
"""After its end, for whoever asks where an account was used."""
_AT_ONCE = 100
_LONGEST_AGENT = 120


@dataclass(frozen=True, slots=True)
class _Whom:
    """For whom and as whom a session stands: what `open` and `choose_role` have checked."""

    role: ActorRole
    principal: UUID | None = None
    counter: str | None = None
    until: datetime | None = None


_OF_TOKENS = select(SessionRow.__table__).where(
    SessionRow.token_sha256.in_(bindparam("tokens", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Sessions:
    """Opening, finding and ending sessions; each call is a transaction of its own."""

    transactions: Transactions

    def open_for_account(
        self,
        account_id: UUID,
        role: ActorRole,
        proof: Proof,
        seen_from: SeenFrom = SeenFrom(),  # noqa: B008 - frozen
        *,
        counter: str | None = None,
    ) -> tuple[Session, str]:
        """A session of an officer and its token; NotAllowed for a role that it has not got now.

        Postal staff names one of its counters: CounterNotAssigned.
        """
        now = self.transactions.clock()
        with self.transactions.writing() as session:
            row = session.get(AccountRow, account_id)
            if row is None:
                raise NotFound(what="account", id=account_id)
            whom = _officer(session, row, role, counter, now)
            made, token = _make(session, now, whom, proof, seen_from, row.username, row.agency)
            made.account_id = row.id
            session.flush()
            opened = _session(made)
        self._tell(opened, "signed_in", None)
        return opened, token

    def open_for_owner(
        self,
        owner_id: UUID,
        agency: str,
        proof: Proof,
        seen_from: SeenFrom = SeenFrom(),  # noqa: B008 - frozen
        *,
        role: ActorRole = ActorRole.OWNER,
        principal: UUID | None = None,
    ) -> tuple[Session, str]:
        """A session of a citizen at an agency's installation, and its token.

        As a representative or guardian it stands for `principal`; NotFound when no delegation is in force.
        """
        now = self.transactions.clock()
        with self.transactions.writing() as session:
            if session.get(OwnerRow, owner_id) is None:
                raise NotFound(what="owner", id=owner_id)
            whom = _citizen(session, owner_id, role, principal, now)
            made, token = _make(session, now, whom, proof, seen_from, str(owner_id), agency)
            made.owner_id = owner_id
            session.flush()
            opened = _session(made)
        self._tell(opened, "signed_in", principal or owner_id)
        return opened, token

    def find(self, token: str) -> Session | None:
        """The session of a token, if it still stands; that it was used is written down, once a minute."""
        return self.find_all([token]).get(token)

    def find_all(self, tokens: Collection[str]) -> Mapping[str, Session]:
        """The same for several tokens at once: nothing for one whose session does not stand."""
        now = self.transactions.clock()
        shown = {token_digest(token): token for token in tokens}
        with self.transactions.glancing() as glance:
            rows = glance.all(_OF_TOKENS, {"tokens": list(shown)})
        found = {shown[row.token_sha256]: _session(row) for row in rows if _stands(row, now)}
        unseen = [one.id for one in found.values() if now - one.seen_at >= _LOOK_EVERY]
        if unseen:
            # Of one that somebody changes at this moment it is written down next time: others do not wait for that.
            free = select(SessionRow.id).where(SessionRow.id.in_(unseen), SessionRow.seen_at < now)
            with self.transactions.writing() as session:
                ids = free.order_by(SessionRow.id).with_for_update(skip_locked=True)
                session.execute(update(SessionRow).where(SessionRow.id.in_(ids)).values(seen_at=now))
        return found

    def choose_role(
        self, id: UUID, role: ActorRole, *, counter: str | None = None, principal: UUID | None = None
    ) -> Session:
        """Go on in another role of the same person; NotAllowed, NotFound, CounterNotAssigned."""
        now = self.transactions.clock()
        with self.transactions.writing() as session:
            row = _standing(session, id, now)
            if row.account_id is not None:
                whom = _officer(session, session.get_one(AccountRow, row.account_id), role, counter, now)
            elif row.owner_id is not None:
                whom = _citizen(session, row.owner_id, role, principal, now)
            else:
                raise NotFound(what="session", id=id)
            row.role, row.principal, row.counter = whom.role, whom.principal, whom.counter
            row.expires_at = _ends(row.made_at, whom)
            row.csrf = new_token()
            session.flush()
            chosen = _session(row)
        self._tell(chosen, "role_chosen", chosen.principal or chosen.owner_id)
        return chosen

    def step_up(self, id: UUID, proof: Proof) -> tuple[Session, str]:
        """The person has proven again who it is: the session goes on under a new token. NotFound."""
        now = self.transactions.clock()
        token = new_token()
        with self.transactions.writing() as session:
            row = _standing(session, id, now)
            row.token_sha256, row.csrf = token_digest(token), new_token()
            row.stepped_up_at, row.auth_at = now, proof.at
            row.acr = proof.acr or row.acr
            session.flush()
            return _session(row), token

    def revoke(self, id: UUID) -> None:
        """End a session; an ended one is no error."""
        with self.transactions.writing() as session:
            _revoke(session, self.transactions.clock(), SessionRow.id == id)

    def revoke_all(
        self, *, account: UUID | None = None, owner: UUID | None = None, begun_by: datetime | None = None
    ) -> int:
        """End every session of a person, or those that had begun at an instant; how many there were."""
        with self.transactions.writing() as session:
            which = [
                SessionRow.account_id == account if account is not None else SessionRow.owner_id == owner
            ]
            which += [] if begun_by is None else [SessionRow.made_at <= begun_by]
            return _revoke(session, self.transactions.clock(), *which)

    def revoke_of_provider(self, issuer: str, provider_session: str) -> int:
        """The provider ended one of its sessions (back-channel logout): end those that rest on it."""
        with self.transactions.writing() as session:
            return _revoke(
                session,
                self.transactions.clock(),
                SessionRow.issuer == issuer,
                SessionRow.provider_session == provider_session,
            )

    def of(self, *, account: UUID | None = None, owner: UUID | None = None) -> tuple[Session, ...]:
        """The sessions of a person that still stand, newest first: what it sees of itself, and may end."""
        now = self.transactions.clock()
        with self.transactions.reading() as session:
            which = SessionRow.account_id == account if account is not None else SessionRow.owner_id == owner
            rows = session.scalars(select(SessionRow).where(which).order_by(SessionRow.made_at.desc()))
            return tuple(_session(row) for row in rows if _stands(row, now))

    def _tell(self, session: Session, act: str, owner: UUID | None) -> None:
        actor = Actor(session.person, session.role, session.agency, "sign-in", principal=session.principal)
        self.transactions.diary(actor, act, owner=owner)


def revoke(
    session: SqlSession,
    at: datetime,
    *,
    account: UUID,
    role: ActorRole | None = None,
    counter: str | None = None,
) -> None:
    """In the transaction that takes something away: end the account's sessions that rest on it."""
    which = [SessionRow.account_id == account]
    which += [] if role is None else [SessionRow.role == role]
    which += [] if counter is None else [SessionRow.counter == counter]
    _revoke(session, at, *which)


def revoke_of_delegate(
    session: SqlSession, at: datetime, *, role: str, delegate: UUID, principal: UUID
) -> None:
    """In the transaction that ends a delegation: end the sessions in which one stands for the other."""
    whose = SessionRow.owner_id == delegate, SessionRow.principal == principal
    _revoke(session, at, SessionRow.role == role, *whose)


def _revoke(session: SqlSession, at: datetime, *which: object) -> int:
    query = update(SessionRow).where(*which, SessionRow.revoked_at.is_(None))  # type: ignore[arg-type]
    return session.execute(query.values(revoked_at=at)).rowcount  # type: ignore[attr-defined,no-any-return]


def _officer(
    session: SqlSession, row: AccountRow, role: ActorRole, counter: str | None, at: datetime
) -> _Whom:
    """An officer in one of its roles, until that ends."""
    standing = account(session, row)
    in_role = [one for one in standing.roles if one.role == role and one.in_force(at)]
    if not may_sign_in(session, row, at) or not in_role:
        raise NotAllowed(act="sign_in")
    if role != ActorRole.POSTAL:
        return _Whom(role, until=in_role[0].until)
    if counter is None or counter not in standing.counters:
        raise CounterNotAssigned(counter=counter or "-")
    return _Whom(role, counter=counter, until=in_role[0].until)


def _citizen(
    session: SqlSession, owner: UUID, role: ActorRole, principal: UUID | None, at: datetime
) -> _Whom:
    """A citizen for itself, or for the one for whom it stands, until that ends."""
    if role not in CITIZENS or (role == ActorRole.OWNER) != (principal is None):
        raise NotAllowed(act="sign_in")
    if principal is None:
        return _Whom(role)
    until = require_in_force(session, owner, principal, role, at)
    return _Whom(role, principal=principal, until=until)


def _make(
    session: SqlSession,
    now: datetime,
    whom: _Whom,
    proof: Proof,
    seen_from: SeenFrom,
    person: str,
    agency: str,
) -> tuple[SessionRow, str]:
    _forget_some(session, now)
    token = new_token()
    row = SessionRow(
        id=new_id(now),
        token_sha256=token_digest(token),
        person=person,
        role=whom.role,
        agency=agency,
        principal=whom.principal,
        counter=whom.counter,
        csrf=new_token(),
        made_at=now,
        seen_at=now,
        expires_at=_ends(now, whom),
        auth_at=proof.at,
        acr=proof.acr,
        issuer=proof.issuer,
        provider_session=proof.provider_session,
        stepped_up_at=min(proof.at, now) if proof.as_step_up else None,
        revoked_at=None,
        network=_network(seen_from.address),
        agent=None if seen_from.agent is None else seen_from.agent[:_LONGEST_AGENT],
    )
    session.add(row)
    return row, token


def _forget_some(session: SqlSession, now: datetime) -> None:
    """Each new session takes away some that ended long ago, so that nobody has to come by for it."""
    old = select(SessionRow.id).where(SessionRow.expires_at < now - _KEPT_FOR).limit(_AT_ONCE)
    ids = list(session.scalars(old))
    if ids:
        session.execute(delete(SessionRow).where(SessionRow.id.in_(ids)))


def _lifetime(role: str) -> Lifetime:
    return CITIZENS_SESSION if role in CITIZENS else OFFICERS_SESSION


def _ends(made_at: datetime, whom: _Whom) -> datetime:
    end = made_at + _lifetime(whom.role).absolute
    return end if whom.until is None else min(end, whom.until)


def _stands(row: SessionRow | Row[Any], now: datetime) -> bool:
    idle_until = row.seen_at + _lifetime(row.role).idle + _LOOK_EVERY
    return row.revoked_at is None and now < min(row.expires_at, idle_until)


def _standing(session: SqlSession, id: UUID, now: datetime) -> SessionRow:
    row = session.get(SessionRow, id, with_for_update=True)
    if row is None or not _stands(row, now):
        raise NotFound(what="session", id=id)
    return row


def _network(address: str | None) -> str | None:
    """The network of an address: enough to recognise where one was, not who."""
    if address is None:
        return None
    try:
        there = ipaddress.ip_address(address)
    except ValueError:
        return None
    return str(ipaddress.ip_network((there, 24 if there.version == 4 else 48), strict=False))


def _session(row: SessionRow | Row[Any]) -> Session:
    return Session(
        id=row.id,
        account_id=row.account_id,
        owner_id=row.owner_id,
        person=row.person,
        role=ActorRole(row.role),
        agency=row.agency,
        principal=row.principal,
        counter=row.counter,
        csrf=row.csrf,
        made_at=row.made_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        auth_at=row.auth_at,
        acr=row.acr,
        issuer=row.issuer,
        stepped_up_at=row.stepped_up_at,
        network=row.network,
        agent=row.agent,
    )
