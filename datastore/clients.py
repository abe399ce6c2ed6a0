"""Other information systems: clients of an agency with secrets, scopes and short-lived access tokens.

Promised: secrets and tokens are 256 random bits of which only the SHA-256 is kept; two secrets count at once while
one takes the other's place; disabling a client ends its tokens in the same transaction; a token counts for one
audience only, and for no more than its client may do now.
"""

import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from common import new_id, one_line
from datastore.errors import IllegalTransition, NotFound, ScopeNotGranted, WrongClient
from datastore.locks import locked
from datastore.people import AccessToken, Client, ClientState, SystemPrincipal
from datastore.rights import SCOPES, Act
from datastore.rows import ClientRow, ClientSecretRow, ClientTokenRow
from datastore.scope import Scope
from datastore.tokens import new_token, token_digest
from datastore.transactions import Transactions

ROTATION = timedelta(days=7)
"""So long does the old secret count beside the new one, until every machine of the client has it."""
TOKEN_LASTS = timedelta(minutes=15)
_SECRETS = 2


class Clients:
    """The repository of clients, for the admin of their agency."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session

    def make(self, name: str, scopes: Iterable[str]) -> tuple[Client, str]:
        """A client of the actor's agency, and its secret; ScopeNotGranted for a scope that there is not."""
        self._scope.ask(Act.MANAGE_CLIENTS)
        wanted = frozenset(scopes)
        if not wanted or not wanted <= SCOPES.keys():
            raise ScopeNotGranted(scopes=" ".join(sorted(wanted - SCOPES.keys())) or "-")
        row = ClientRow(
            id=self._scope.id(),
            client_id=secrets.token_hex(12),
            name=one_line(name),
            agency=self._scope.actor.agency,
            scopes=" ".join(sorted(wanted)),
            state=ClientState.ACTIVE,
            made_at=self._scope.at,
            made_by=self._scope.actor.person,
        )
        self._session.add(row)
        self._session.flush()
        secret = self._new_secret(row)
        return self._done(row), secret

    def get(self, id: UUID) -> Client:
        """The client; NotFound."""
        self._scope.ask(Act.MANAGE_CLIENTS)
        return self._done(self._row(id))

    def all(self) -> tuple[Client, ...]:
        """Those of the actor's agency, oldest first."""
        self._scope.ask(Act.MANAGE_CLIENTS)
        query = select(ClientRow).where(ClientRow.agency == self._scope.actor.agency)
        return tuple(_client(row) for row in self._session.scalars(query.order_by(ClientRow.id)))

    def rotate(self, id: UUID, *, keep_old_for: timedelta = ROTATION) -> str:
        """A new secret; the newest of the old ones counts a while longer, older ones end."""
        self._scope.ask(Act.MANAGE_CLIENTS)
        row = self._row(id)
        if row.state != ClientState.ACTIVE:
            raise IllegalTransition(what="client", old=row.state, new="rotated")
        for n, old in enumerate(_secrets_of(self._session, row.id, self._scope.at)):
            last = self._scope.at + keep_old_for if n < _SECRETS - 1 else self._scope.at
            old.ends_at = last if old.ends_at is None else min(last, old.ends_at)
        secret = self._new_secret(row)
        self._done(row)
        return secret

    def disable(self, id: UUID) -> Client:
        """Let it do nothing any more; its tokens end."""
        self._scope.ask(Act.MANAGE_CLIENTS)
        row = self._row(id)
        row.state = ClientState.DISABLED
        ended = update(ClientTokenRow).where(
            ClientTokenRow.client_id == row.id, ClientTokenRow.revoked_at.is_(None)
        )
        self._session.execute(ended.values(revoked_at=self._scope.at))
        self._session.execute(delete(ClientSecretRow).where(ClientSecretRow.client_id == row.id))
        return self._done(row)

    def _new_secret(self, row: ClientRow) -> str:
        secret = new_token()
        made = ClientSecretRow(
            id=self._scope.id(),
            client_id=row.id,
            sha256=token_digest(secret),
            made_at=self._scope.at,
            ends_at=None,
        )
        self._session.add(made)
        return secret

    def _row(self, id: UUID) -> ClientRow:
        query = select(ClientRow).where(ClientRow.id == id, ClientRow.agency == self._scope.actor.agency)
        row = self._session.scalar(locked(query))
        if row is None:
            raise NotFound(what="client", id=id)
        return row

    def _done(self, row: ClientRow) -> Client:
        self._session.flush()
        self._scope.note(note=row.client_id)
        return _client(row)


@dataclass(frozen=True, slots=True)
class ClientTokens:
    """What clients get and show at the door; each call is a transaction of its own."""

    transactions: Transactions

    def issue_token(
        self, client_id: str, secret: str, scopes: Iterable[str] | None, audience: str
    ) -> AccessToken:
        """A token for the scopes asked for (None: all that were granted); WrongClient, ScopeNotGranted."""
        if not self.is_client(
            client_id, secret
        ):  # first without a lock that others wait for: anybody may ask
            raise WrongClient
        now = self.transactions.clock()
        with self.transactions.writing() as session:
            row = session.scalar(select(ClientRow).where(ClientRow.client_id == client_id))
            if not _is_secret(session, row, secret, now) or row is None or row.state != ClientState.ACTIVE:
                raise WrongClient
            granted = frozenset(row.scopes.split())
            wanted = granted if scopes is None else frozenset(scopes)
            if not wanted or not wanted <= granted:
                raise ScopeNotGranted(scopes=" ".join(sorted(wanted - granted)) or "-")
            session.execute(delete(ClientTokenRow).where(ClientTokenRow.until <= now))
            token = new_token()
            session.add(
                ClientTokenRow(
                    id=new_id(now),
                    sha256=token_digest(token),
                    client_id=row.id,
                    scopes=" ".join(sorted(wanted)),
                    audience=audience,
                    made_at=now,
                    until=now + TOKEN_LASTS,
                    revoked_at=None,
                )
            )
        return AccessToken(token, wanted, audience, now + TOKEN_LASTS)

    def find_token(self, token: str, audience: str) -> SystemPrincipal | None:
        """Who shows the token, if it counts here and now; None."""
        return self.find_tokens([token], audience).get(token)

    def find_tokens(self, tokens: Collection[str], audience: str) -> Mapping[str, SystemPrincipal]:
        """Who shows each of several tokens; nothing for one that does not count here and now."""
        now = self.transactions.clock()
        shown = {token_digest(token): token for token in tokens}
        with self.transactions.glancing() as glance:
            found = glance.all(_TOKENS, {"tokens": list(shown), "audience": audience, "now": now})
        return {shown[one.sha256]: _principal(one) for one in found}

    def revoke_token(self, client_id: str, token: str) -> None:
        """End a token of this client (RFC 7009); one that does not count is no error."""
        with self.transactions.writing() as session:
            client = select(ClientRow.id).where(ClientRow.client_id == client_id).scalar_subquery()
            shown = update(ClientTokenRow).where(
                ClientTokenRow.sha256 == token_digest(token), ClientTokenRow.client_id == client
            )
            session.execute(shown.values(revoked_at=self.transactions.clock()))

    def is_client(self, client_id: str, secret: str) -> bool:
        """Whether this is an active client that shows a secret of its own."""
        now = self.transactions.clock()
        with self.transactions.reading() as session:
            row = session.scalar(select(ClientRow).where(ClientRow.client_id == client_id))
            shown = _is_secret(session, row, secret, now)
            return shown and row is not None and row.state == ClientState.ACTIVE


_TOKENS = (
    select(
        ClientTokenRow.sha256,
        ClientTokenRow.scopes.label("shown"),
        ClientRow.client_id,
        ClientRow.name,
        ClientRow.agency,
        ClientRow.scopes,
    )
    .join(ClientRow, ClientRow.id == ClientTokenRow.client_id)
    .where(
        ClientTokenRow.sha256.in_(bindparam("tokens", expanding=True)),
        ClientTokenRow.audience == bindparam("audience"),
        ClientTokenRow.until > bindparam("now"),
        ClientTokenRow.revoked_at.is_(None),
        ClientRow.state == ClientState.ACTIVE,
    )
)


def _principal(row: Row[Any]) -> SystemPrincipal:
    scopes = frozenset(row.shown.split()) & frozenset(row.scopes.split())
    return SystemPrincipal(row.client_id, row.name, row.agency, scopes)


def _secrets_of(session: Session, client: UUID, at: datetime) -> list[ClientSecretRow]:
    """The secrets that count, newest first."""
    counts = or_(ClientSecretRow.ends_at.is_(None), ClientSecretRow.ends_at > at)
    query = select(ClientSecretRow).where(ClientSecretRow.client_id == client, counts)
    return list(session.scalars(query.order_by(ClientSecretRow.made_at.desc(), ClientSecretRow.id.desc())))


def _is_secret(session: Session, row: ClientRow | None, secret: str, at: datetime) -> bool:
    """Compared as digests, each in the same time; a secret is random, so a plain digest of it tells nothing."""
    known = [] if row is None else _secrets_of(session, row.id, at)
    shown = token_digest(secret)
    fitting = [one for one in known if hmac.compare_digest(one.sha256, shown)]  # all are compared, always
    return bool(fitting)


def _client(row: ClientRow) -> Client:
    return Client(
        id=row.id,
        client_id=row.client_id,
        name=row.name,
        agency=row.agency,
        scopes=frozenset(row.scopes.split()),
        state=ClientState(row.state),
        made_at=row.made_at,
        made_by=row.made_by,
    )
