"""The ways of showing who one is: the session of a person who signed in, the access token of a system."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from api.house import House
from api.http.browser import audience
from api.http.identity import Credentials, Principal
from datastore import ActorRole, Session, SystemPrincipal


@dataclass(frozen=True, slots=True)
class Sessions:
    """A person with a session of ours, asked for anew with each request: what is revoked counts at the next one."""

    house: House

    def __call__(self, shown: Collection[Credentials]) -> Mapping[Credentials, Principal]:
        sessions = {one.session: one for one in shown if one.session is not None}
        if not sessions:
            return {}
        found = self.house.datastore.sessions.find_all(sessions)
        return {sessions[token]: _person(session) for token, session in found.items()}


@dataclass(frozen=True, slots=True)
class Systems:
    """Another information system with a token of ours, for this service and as far as its scopes go."""

    house: House

    def __call__(self, shown: Collection[Credentials]) -> Mapping[Credentials, Principal]:
        tokens = {one.bearer: one for one in shown if one.bearer is not None}
        if not tokens:
            return {}
        found = self.house.datastore.clients.find_tokens(tokens, audience(self.house.settings))
        return {tokens[token]: _system(client) for token, client in found.items()}


def _person(session: Session) -> Principal:
    return Principal(
        person=session.person,
        role=session.role,
        agency=session.agency,
        owner=session.owner_id,
        csrf=session.csrf,
        principal=session.principal,
        counter=session.counter,
        session=session,
    )


def _system(client: SystemPrincipal) -> Principal:
    return Principal(
        person=client.client_id, role=ActorRole.SYSTEM, agency=client.agency, scopes=client.scopes
    )
