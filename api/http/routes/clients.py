"""Other information systems of an agency: made, given fresh secrets and disabled by its administrator.

A secret is shown once, in the answer that made it. While one takes the other's place both count for a week.
"""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.identity import Who
from api.http.once import Keep, OnlyOnce, answer
from api.http.parts import TheHouse
from api.http.shapes import Asked, Instant, Words, problems
from datastore import Answer, Client

router = APIRouter(tags=["clients"])
_PURPOSE = "administration"


class ClientView(BaseModel):
    """Another information system, and what it is let do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11",
                    "client_id": "7f3a9c0d2b4e6f8a1c3d5e7f",
                    "name": "Hệ thống một cửa điện tử",
                    "agency": "H41.08",
                    "scopes": ["dossiers.write", "papers.read"],
                    "state": "active",
                    "made_at": "2026-11-22T01:05:09.000000Z",
                    "made_by": "quan.tri",
                }
            ]
        }
    )
    id: UUID
    client_id: str
    name: str
    agency: str
    scopes: list[str]
    state: str
    made_at: Instant
    made_by: str

    @classmethod
    def of(cls, client: Client) -> "ClientView":
        return cls(
            id=client.id,
            client_id=client.client_id,
            name=client.name,
            agency=client.agency,
            scopes=sorted(client.scopes),
            state=client.state,
            made_at=client.made_at,
            made_by=client.made_by,
        )


class Clients(BaseModel):
    """The systems of one's agency, oldest first."""

    clients: list[ClientView]


class ClientWithSecret(BaseModel):
    """A system and its fresh secret, which is shown this once: null when the request is only repeated."""

    client: ClientView
    client_secret: str | None = Field(examples=["Yk3r…"])


ScopeName = Literal[
    "dossiers.read",
    "dossiers.write",
    "events.subscribe",
    "papers.check",
    "papers.read",
    "papers.write",
    "prints.write",
]


class NewClient(Asked):
    """A system, and the scopes that it may ask tokens for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "Hệ thống một cửa điện tử", "scopes": ["papers.read", "dossiers.write"]}]
        },
    )
    name: Words
    scopes: list[ScopeName] = Field(min_length=1, max_length=20)


@router.get("/clients", operation_id="list_clients", responses=problems())
def list_clients(house: TheHouse, who: Who) -> Clients:
    """The systems of one's agency."""
    with house.datastore.begin(who.actor(_PURPOSE), "list_clients") as work:
        return Clients(clients=[ClientView.of(one) for one in work.clients.all()])


@router.post(
    "/clients",
    operation_id="make_client",
    status_code=201,
    response_class=Response,
    responses={201: {"model": ClientWithSecret, "description": "Made."}, **problems()},
)
def make_client(house: TheHouse, who: Who, once: OnlyOnce, said: NewClient) -> Response:
    """Make a system known. Its secret is shown this once."""

    def make(keep: Keep) -> Answer:
        with house.datastore.begin(who.actor(_PURPOSE), "make_client") as work:
            client, secret = work.clients.make(said.name, said.scopes)
            view = ClientView.of(client)
            keep(work, answer(201, ClientWithSecret(client=view, client_secret=None)))
        return answer(201, ClientWithSecret(client=view, client_secret=secret))

    return once.do(said.model_dump(mode="json"), make)


@router.get("/clients/{id}", operation_id="get_client", responses=problems(404))
def get_client(house: TheHouse, who: Who, id: UUID) -> ClientView:
    """One system."""
    with house.datastore.begin(who.actor(_PURPOSE), "see_client") as work:
        return ClientView.of(work.clients.get(id))


@router.post(
    "/clients/{id}/secret",
    operation_id="rotate_client_secret",
    response_class=Response,
    responses={200: {"model": ClientWithSecret, "description": "Changed."}, **problems(404, 409)},
)
def rotate_client_secret(house: TheHouse, who: Who, once: OnlyOnce, id: UUID) -> Response:
    """A fresh secret, shown this once; the one before it counts for a week more."""

    def make(keep: Keep) -> Answer:
        with house.datastore.begin(who.actor(_PURPOSE), "rotate_client_secret") as work:
            secret = work.clients.rotate(id)
            view = ClientView.of(work.clients.get(id))
            keep(work, answer(200, ClientWithSecret(client=view, client_secret=None)))
        return answer(200, ClientWithSecret(client=view, client_secret=secret))

    return once.do({}, make)


@router.post("/clients/{id}/disable", operation_id="disable_client", responses=problems(404))
def disable_client(house: TheHouse, who: Who, id: UUID) -> ClientView:
    """Let it do nothing any more; its tokens count no more from now on."""
    with house.datastore.begin(who.actor(_PURPOSE), "disable_client") as work:
        return ClientView.of(work.clients.disable(id))
