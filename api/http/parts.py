"""What routes are handed: the house, and who asks in which language."""

from typing import Annotated

from fastapi import Depends, Request

from api.house import House
from api.http.languages import Language
from api.http.problems import language_asked


def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


API = "/api/v1"
"""Where everything of this version is."""

TheHouse = Annotated[House, Depends(_house)]
AskedLanguage = Annotated[Language, Depends(language_asked)]
