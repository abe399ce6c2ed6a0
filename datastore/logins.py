"""Sign-ins under way at a provider: kept on the server until the browser comes back, once, within minutes."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select

from common import new_id
from datastore.people import Login, NewLogin
from datastore.rows import LoginRow
from datastore.tokens import token_digest
from datastore.transactions import Transactions

KEPT_FOR = timedelta(minutes=10)
"""Long enough to find one's phone and type a code."""


@dataclass(frozen=True, slots=True)
class Logins:
    """Each call is a transaction of its own."""

    transactions: Transactions

    def begin(self, new: NewLogin) -> None:
        """Keep it; what was never redeemed goes with the next one that begins."""
        now = self.transactions.clock()
        with self.transactions.writing() as session:
            session.execute(delete(LoginRow).where(LoginRow.until <= now))
            session.add(
                LoginRow(
                    id=new_id(now),
                    state_sha256=token_digest(new.state),
                    kind=new.kind,
                    nonce=new.nonce,
                    verifier=new.verifier,
                    return_path=new.return_path,
                    step_up=new.step_up,
                    session_id=new.session,
                    begun_at=now,
                    until=now + KEPT_FOR,
                )
            )

    def redeem(self, state: str) -> Login | None:
        """The sign-in that began with this state; None when there is none, it is too late, or it was redeemed."""
        now = self.transactions.clock()
        with self.transactions.writing() as session:
            query = select(LoginRow).where(LoginRow.state_sha256 == token_digest(state)).with_for_update()
            row = session.scalar(query)
            if row is None:
                return None
            session.delete(row)
            session.flush()
            if row.until <= now:
                return None
            return Login(
                state=state,
                nonce=row.nonce,
                verifier=row.verifier,
                return_path=row.return_path,
                kind=row.kind,
                step_up=row.step_up,
                session=row.session_id,
                begun_at=row.begun_at,
            )
