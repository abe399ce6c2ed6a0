"""Officers at the door: who they are, by password or by an identity that a provider has proven.

Promised: a wrong name, a wrong password and an account that may not sign in get the same answer after the same
time. Every attempt counts before its password is looked at, so that many at once try no more than one after the
other; after `FREE` wrong ones the account rests, each time twice as long, and wakes by itself or by its admin.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from datastore.account_values import account, may_sign_in
from datastore.accounts import keep_hash, parse_username
from datastore.errors import BadUsername, PasswordWeak, WrongPassword
from datastore.locks import locked
from datastore.passwords import LEAST, HashedPassword, Hashing, require_strong
from datastore.people import Account
from datastore.records import Actor
from datastore.rows import AccountRow, CredentialRow
from datastore.sessions import revoke
from datastore.transactions import Transactions

FREE = 5
"""Wrong passwords in a row that a person may type before the account rests."""
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(hours=1)
"""Longer would let anybody shut an officer out for the day who knows the name."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """An account whose password may be tried now."""

    id: UUID
    username: str
    agency: str
    hash: str = field(repr=False)
    rests: bool
    """From now on, unless the password is right."""


@dataclass(frozen=True, slots=True)
class Officers:
    """What is asked before an officer is signed in; each call has transactions of its own."""

    transactions: Transactions
    hashing: Hashing

    def check(self, username: str, password: str) -> Account:
        """The account of this name, if this is its password and it may sign in now; WrongPassword.

        1. The attempt is counted, and committed. 2. The password is compared, with no transaction open. 3. What was
        counted is forgotten, and a hash of old parameters made anew.
        """
        tried = self._count(username)  # 1
        if not self.hashing.fits(None if tried is None else tried.hash, password) or tried is None:  # 2
            self._tell_rest(tried)
            raise WrongPassword
        anew = self.hashing.hash(password) if self.hashing.is_outdated(tried.hash) else None
        with self.transactions.writing() as session:  # 3
            row = session.get_one(CredentialRow, tried.id, with_for_update=True)
            row.failures, row.resting_until = 0, None
            if anew is not None and row.hash == tried.hash:
                row.hash = anew
            session.flush()
            return account(session, session.get_one(AccountRow, tried.id))

    def _count(self, username: str) -> _Tried | None:
        try:
            name = parse_username(username)
        except BadUsername:
            return None
        now = self.transactions.clock()
        with self.transactions.writing() as session:
            row = session.scalar(select(AccountRow).where(AccountRow.username == name))
            if row is None or not may_sign_in(session, row, now):
                return None
            found = session.scalar(locked(select(CredentialRow).where(CredentialRow.account_id == row.id)))
            if found is None or (found.resting_until is not None and now < found.resting_until):
                return None
            found.failures += 1
            rests = found.failures >= FREE
            if rests:
                found.resting_until = now + _rest(found.failures)
            session.flush()
            return _Tried(row.id, name, row.agency, found.hash, rests)

    def _tell_rest(self, tried: _Tried | None) -> None:
        if tried is not None and tried.rests:
            actor = Actor("system", "system", tried.agency, "sign-in")
            self.transactions.diary(actor, "account_rests", note=tried.username)

    def hashed(self, username: str, password: str) -> HashedPassword:
        """A password for an account of this name, to be kept by `Accounts`; BadUsername, PasswordWeak.

        Call it with no transaction open.
        """
        name = parse_username(username)
        require_strong(password, name)
        return HashedPassword(name, self.hashing.hash(password))

    def change_password(self, username: str, old: str, new: str) -> tuple[Account, bool]:
        """Give oneself a new password, which ends every session of the account; and whether the old one was one's own.

        WrongPassword, PasswordWeak.
        """
        found = self.check(username, old)
        require_strong(new, found.username)
        if self.hashing.fits(self._hash_of(found.id), new):
            raise PasswordWeak(least=LEAST)  # whoever gave the old one knows it
        hash = self.hashing.hash(new)
        with self.transactions.writing() as session:
            now = self.transactions.clock()
            keep_hash(session, found.id, hash, now, must_change=False)
            revoke(session, now, account=found.id)
            return account(session, session.get_one(AccountRow, found.id)), not found.must_change

    def _hash_of(self, id: UUID) -> str:
        with self.transactions.looking() as session:
            return session.get_one(CredentialRow, id).hash

    def of_identity(self, issuer: str, subject: str) -> Account | None:
        """The account that signs in as this subject of this provider, if it may now; None."""
        with self.transactions.reading() as session:
            query = select(AccountRow).where(AccountRow.issuer == issuer, AccountRow.subject == subject)
            row = session.scalar(query)
            if row is None or not may_sign_in(session, row, self.transactions.clock()):
                return None
            return account(session, row)


def _rest(failures: int) -> timedelta:
    doubled: timedelta = FIRST_REST * 2 ** min(failures - FREE, 20)
    return min(doubled, LONGEST_REST)
