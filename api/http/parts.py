"""What routes are handed: the house, who asks in which language, and the count of knocks at a door."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.house import House
from api.http.doors import Door, Doorkeeper, counted_as
from api.http.languages import Language
from api.http.problems import language_asked


def house_of(request: Request) -> House:
    """The house, for a route that is asked so often that one dependency more is felt."""
    house: House = request.app.state.house
    return house


async def _house(request: Request) -> House:
    return house_of(request)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever sends a request, before it has shown who it is."""

    address: str
    keeper: Doorkeeper

    def knock(self, door: Door, name: str | None = None) -> None:
        """Count one on a name, or by its address; TooManyRequests."""
        self.keeper.knock(door, self.address if name is None else name)

    def forgive(self, door: Door, name: str | None = None) -> None:
        """It was no guess."""
        self.keeper.forgive(door, self.address if name is None else name)


def visitor_of(request: Request) -> Visitor:
    """Who sends it, where one dependency more is felt."""
    keeper: Doorkeeper = request.app.state.doorkeeper
    return Visitor(counted_as(request.client.host if request.client else None), keeper)


async def _visitor(request: Request) -> Visitor:
    return visitor_of(request)


API = "/api/v1"
"""Where everything of this version is."""

TheHouse = Annotated[House, Depends(_house)]
AskedLanguage = Annotated[Language, Depends(language_asked)]
TheVisitor = Annotated[Visitor, Depends(_visitor)]
