"""Accounts of officers: made by the admin of their agency, with dated roles; one admin in each agency.

Promised: the first admin of an installation is made by the command line; an admin makes accounts of its own agency
and the admins of those directly below it, and never changes its own account; a name is given once; who locks,
closes or takes a role away ends the sessions that rest on it, in the same transaction. A password is asked for,
kept as a hash (`passwords`) and shown to nobody.
"""

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from common import one_line
from datastore import sessions
from datastore.account_values import account, counters_of
from datastore.agencies import is_in_force, parent_of
from datastore.errors import AlreadyThere, BadUsername, IllegalTransition, NotAllowed, NotFound, RolesExclude
from datastore.locks import hold, locked
from datastore.passwords import HashedPassword
from datastore.people import ALONE, OFFICERS, Account, AccountState
from datastore.records import ActorRole
from datastore.rights import Act
from datastore.rows import AccountCounterRow, AccountRoleRow, AccountRow, AgencyTermRow, CredentialRow
from datastore.scope import Scope

_USERNAME = re.compile(r"[a-z][a-z0-9._-]{2,63}")


class Accounts:
    """The repository of accounts."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def make(
        self,
        username: str,
        name: str,
        *roles: ActorRole,
        agency: str | None = None,
        password: HashedPassword | None = None,
        until: datetime | None = None,
    ) -> Account:
        """An account with these roles; its `password` is to be changed at the first sign-in.

        Without one it signs in through the agency's provider only (`link`). AlreadyThere for a name that was ever
        given, or an agency that has its admin; BadUsername, RolesExclude, NotFound.
        """
        self._scope.ask(Act.MANAGE_ACCOUNTS)
        scope = self._scope
        place = agency or scope.actor.agency
        self._require_may_give(place, roles)
        if not is_in_force(self._session, place, scope.today):
            raise NotFound(what="agency")
        row = AccountRow(
            id=scope.id(),
            username=parse_username(username),
            name=one_line(name),
            agency=place,
            state=AccountState.ACTIVE,
            reason=None,
            issuer=None,
            subject=None,
            made_at=scope.at,
            made_by=scope.actor.person,
            roles=[],
            counters=[],
        )
        hold(self._session, f"account {row.username}")
        if self._session.scalar(select(AccountRow.id).where(AccountRow.username == row.username)):
            raise AlreadyThere(what="account", name=row.username)
        with self._session.begin_nested():
            self._session.add(row)
            self._session.flush()
            for role in dict.fromkeys(roles):
                self._give(row, role, until)
            if password is not None:
                self._set_password(row, password)
        return self._done(row)

    def require_manager(self) -> None:
        """NotAllowed for whoever manages no accounts: asked before a password is hashed, which takes its time."""
        self._scope.ask(Act.MANAGE_ACCOUNTS)

    def get(self, id: UUID) -> Account:
        """An account of the actor's agency, or the admin of one below it; NotFound."""
        self._scope.ask(Act.MANAGE_ACCOUNTS)
        return self._done(self._row(AccountRow.id == id))

    def find(self, username: str) -> Account:
        """The account of this name; NotFound, BadUsername."""
        self._scope.ask(Act.MANAGE_ACCOUNTS)
        return self._done(self._row(AccountRow.username == parse_username(username)))

    def all(self) -> tuple[Account, ...]:
        """The accounts that the actor manages, by agency and name."""
        self._scope.ask(Act.MANAGE_ACCOUNTS)
        query = select(AccountRow).where(self._mine()).order_by(AccountRow.agency, AccountRow.username)
        return tuple(account(self._session, row) for row in self._session.scalars(query))

    def grant(self, id: UUID, role: ActorRole, *, until: datetime | None = None) -> Account:
        """Give a role; one that is there keeps its beginning and gets the new end. AlreadyThere, RolesExclude."""
        self._scope.ask(Act.MANAGE_ACCOUNTS)
        row = self._to_change(id)
        self._require_may_give(row.agency, (role, *self._roles(row)))
        standing = [one for one in row.roles if one.role == role and one.ended_at is None]
        for one in standing:
            one.until = until
        if not standing:
            self._give(row, role, until)
        return self._done(row)

    def end_role(self, id: UUID, role: ActorRole) -> Account:
        """Take a role away, and the sessions in it; NotFound when the account has not got it."""
        self._scope.ask(Act.MANAGE_ACCOUNTS)
        row = self._to_change(id)
        standing = [one for one in row.roles if one.role == role and one.ended_at is None]
        if not standing:
            raise NotFound(what="role")
        standing[0].ended_at = self._scope.at
        sessions.revoke(self._session, self._scope.at, account=row.id, role=role)
        return self._done(row)

    def lock(self, id: UUID, reason: str) -> Account:
        """Let nobody in, and send out who is, until `unlock`; locked already is no error."""
        return self._end(id, AccountState.LOCKED, reason)

    def close(self, id: UUID, reason: str) -> Account:
        """Let nobody in for good; all its roles end, so that an agency may get another admin."""
        return self._end(id, AccountState.CLOSED, reason)

    def _end(self, id: UUID, state: AccountState, reason: str) -> Account:
        self._scope.ask(Act.MANAGE_ACCOUNTS)
        row = self._to_change(id)
        if row.state == state:
            return self._done(row)
        row.state, row.reason = state, reason
        sessions.revoke(self._session, self._scope.at, account=row.id)
        if state == AccountState.CLOSED:
            for role in row.roles:
                role.ended_at = role.ended_at or self._scope.at
            credential = self._session.get(CredentialRow, row.id)
            if credential is not None:
                self._session.delete(credential)
        return self._done(row)

    def unlock(self, id: UUID) -> Account:
        """Let it in again, also when it rests after too many wrong passwords."""
        self._scope.ask(Act.MANAGE_ACCOUNTS)
        row = self._to_change(id)
        row.state, row.reason = AccountState.ACTIVE, None
        credential = self._session.get(CredentialRow, row.id, with_for_update=True)
        if credential is not None:
            credential.failures, credential.resting_until = 0, None
        return self._done(row)

    def set_password(self, id: UUID, password: HashedPassword) -> Account:
        """Give a new password, to be changed at the next sign-in; who is signed in is sent out.

        NotFound when it was hashed for another account.
        """
        self._scope.ask(Act.MANAGE_ACCOUNTS)
        row = self._to_change(id)
        self._set_password(row, password)
        sessions.revoke(self._session, self._scope.at, account=row.id)
        return self._done(row)

    def link(self, id: UUID, issuer: str, subject: str) -> Account:
        """Let the person sign in as this subject of the agency's provider; AlreadyThere when it is somebody else."""
        self._scope.ask(Act.MANAGE_ACCOUNTS)
        row = self._to_change(id)
        try:
            with self._session.begin_nested():
                row.issuer, row.subject = issuer, subject
                self._session.flush()
        except IntegrityError as error:
            raise AlreadyThere(what="identity", name="") from error
        return self._done(row)

    def assign_counter(self, id: UUID, counter: str) -> Account:
        """Let postal staff take papers in at a counter; assigned before is no error."""
        self._scope.ask(Act.MANAGE_ACCOUNTS)
        row, name = self._to_change(id), one_line(counter)
        if name not in counters_of(row):
            row.counters.append(
                AccountCounterRow(id=self._scope.id(), counter=name, from_at=self._scope.at, ended_at=None)
            )
        return self._done(row)

    def end_counter(self, id: UUID, counter: str) -> Account:
        """Not at this counter any more; who is signed in there is sent out. NotFound."""
        self._scope.ask(Act.MANAGE_ACCOUNTS)
        row, name = self._to_change(id), one_line(counter)
        if name not in counters_of(row):
            raise NotFound(what="counter")
        for one in row.counters:
            if one.counter == name and one.ended_at is None:
                one.ended_at = self._scope.at
        sessions.revoke(self._session, self._scope.at, account=row.id, counter=name)
        return self._done(row)

    # --- who may change whose --------------------------------------------------------------------------

    def _mine(self) -> ColumnElement[bool]:
        """The accounts of the actor's agency and the admins of those below it; the command line's are all."""
        if self._scope.role is ActorRole.SYSTEM:
            return AccountRow.id.is_not(None)
        agency = self._scope.actor.agency
        below = select(AgencyTermRow.code).where(AgencyTermRow.parent == agency)
        admins = select(AccountRoleRow.account_id).where(AccountRoleRow.role == ActorRole.ADMIN)
        return or_(AccountRow.agency == agency, AccountRow.agency.in_(below) & AccountRow.id.in_(admins))

    def _row(self, which: ColumnElement[bool]) -> AccountRow:
        row = self._session.scalar(locked(select(AccountRow).where(which, self._mine())))
        if row is None:
            raise NotFound(what="account")
        return row

    def _to_change(self, id: UUID) -> AccountRow:
        """An account that the actor manages, and not its own; IllegalTransition once it is closed."""
        row = self._row(AccountRow.id == id)
        if self._scope.role is not ActorRole.SYSTEM and row.username == self._scope.actor.person:
            raise NotAllowed(act=Act.MANAGE_ACCOUNTS.value)
        if row.state == AccountState.CLOSED:
            raise IllegalTransition(what="account", old=row.state, new="changed")
        return row

    def _require_may_give(self, agency: str, roles: tuple[ActorRole, ...]) -> None:
        """An admin gives all roles but its own in its agency, and its own in those directly below."""
        wanted = set(roles)
        if not wanted or not wanted <= OFFICERS:
            raise NotAllowed(act=Act.MANAGE_ACCOUNTS.value)
        if len(wanted) > 1 and wanted & ALONE:
            raise RolesExclude(roles=min(wanted & ALONE).value)
        if self._scope.role is ActorRole.SYSTEM:
            return
        if agency == self._scope.actor.agency:
            if ActorRole.ADMIN in wanted:
                raise NotAllowed(act=Act.MANAGE_ACCOUNTS.value)
        elif parent_of(self._session, agency) != self._scope.actor.agency:
            raise NotFound(what="agency")
        elif wanted != {ActorRole.ADMIN}:
            raise NotAllowed(act=Act.MANAGE_ACCOUNTS.value)

    def _roles(self, row: AccountRow) -> tuple[ActorRole, ...]:
        return tuple(ActorRole(one.role) for one in row.roles if one.ended_at is None)

    def _give(self, row: AccountRow, role: ActorRole, until: datetime | None) -> None:
        made = AccountRoleRow(
            id=self._scope.id(),
            agency=row.agency,
            role=role,
            from_at=self._scope.at,
            until=until,
            ended_at=None,
            given_by=self._scope.actor.person,
        )
        if role == ActorRole.ADMIN:
            self._end_former_admins(row.agency)
        try:
            with self._session.begin_nested():
                row.roles.append(made)
                self._session.flush()
        except IntegrityError as error:
            raise AlreadyThere(what="admin", name=row.agency) from error

    def _end_former_admins(self, agency: str) -> None:
        """One whose time is over makes place for the next."""
        over = select(AccountRoleRow).where(
            AccountRoleRow.agency == agency,
            AccountRoleRow.role == ActorRole.ADMIN,
            AccountRoleRow.ended_at.is_(None),
            AccountRoleRow.until <= self._scope.at,
        )
        for former in self._session.scalars(over):
            former.ended_at = former.until
        self._session.flush()

    def _set_password(self, row: AccountRow, password: HashedPassword) -> None:
        if password.username != row.username:  # whether it is strong was asked for another name
            raise NotFound(what="account")
        keep_hash(self._session, row.id, password.hash, self._scope.at, must_change=True)

    def _done(self, row: AccountRow) -> Account:
        self._session.flush()
        self._scope.note(note=row.username)
        return account(self._session, row)


def parse_username(text: str) -> str:
    """A user name as it is kept: small letters; BadUsername."""
    name = text.strip().lower()
    if not _USERNAME.fullmatch(name):
        raise BadUsername
    return name


def keep_hash(session: Session, id: UUID, hash: str, at: datetime, *, must_change: bool) -> None:
    """Keep the hash of a new password, in place of the old one."""
    row = session.get(CredentialRow, id, with_for_update=True)
    if row is None:
        row = CredentialRow(account_id=id)
        session.add(row)
    row.hash, row.must_change, row.changed_at = hash, must_change, at
    row.failures, row.resting_until = 0, None
    session.flush()
