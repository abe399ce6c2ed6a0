"""The ways of showing who one is: the session of a person who signed in, the access token of a system."""

from dataclasses import dataclass

from api.house import House
from api.http.browser import audience
from api.http.identity import Credentials, Principal
from datastore import ActorRole


@dataclass(frozen=True, slots=True)
class Sessions:
    """A person with a session of ours, asked for anew with each request: what is revoked counts at the next one."""

    house: House

    def __call__(self, shown: Credentials) -> Principal | None:
        if shown.session is None:
            return None
        found = self.house.datastore.sessions.find(shown.session)
        if found is None:
            return None
        return Principal(
            person=found.person,
            role=found.role,
            agency=found.agency,
            owner=found.owner_id,
            csrf=found.csrf,
            principal=found.principal,
            counter=found.counter,
            session=found,
        )


@dataclass(frozen=True, slots=True)
class Systems:
    """Another information system with a token of ours, for this service and as far as its scopes go."""

    house: House

    def __call__(self, shown: Credentials) -> Principal | None:
        if shown.bearer is None:
            return None
        here = audience(self.house.settings)
        found = self.house.datastore.clients.find_token(shown.bearer, here)
        if found is None:
            return None
        return Principal(
            person=found.client_id, role=ActorRole.SYSTEM, agency=found.agency, scopes=found.scopes
        )
