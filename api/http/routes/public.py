"""What anybody may look up without sign-in: how far a dossier is, by its number, and nothing about anybody in it."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from api.http.doors import LOOK_UP
from api.http.parts import TheHouse, TheVisitor
from api.http.shapes import problems
from datastore import DossierState
from ingest import BadDossierNumber, DossierNumber

router = APIRouter(prefix="/public", tags=["public"])


class Level(StrEnum):
    """How far a dossier is. A number that nobody gave and one of no known form are told alike."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    UNKNOWN = "unknown"


class DossierLevel(BaseModel):
    """The number that was asked for, and how far that dossier is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"number": "H41.08-261122-0001", "level": "in_progress"}]}
    )
    number: str
    level: Level


@router.get("/dossiers/{number}", operation_id="look_up_dossier", responses=problems(429, public=True))
def look_up_dossier(
    visitor: TheVisitor,
    house: TheHouse,
    number: Annotated[str, Path(max_length=64, description="Number on the receipt.")],
) -> DossierLevel:
    """How far a dossier is (Decision 1739: without sign-in only number and level of completion)."""
    visitor.knock(LOOK_UP)
    return DossierLevel(number=number, level=_level(house.datastore.dossier_state(_parsed(number))))


def _parsed(number: str) -> str:
    try:
        return str(DossierNumber.parse(number))
    except BadDossierNumber:
        return ""  # the number of no dossier


def _level(state: DossierState | None) -> Level:
    if state is None:
        return Level.UNKNOWN
    return Level.IN_PROGRESS if state is DossierState.OPEN else Level.COMPLETED
