"""Who one is to this installation."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from api.http.identity import Who
from api.http.shapes import problems

router = APIRouter(tags=["identity"])


class Me(BaseModel):
    """The principal behind the request."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"person": "mai.tran", "role": "clerk", "agency": "H41.08", "owner_id": None}]
        }
    )
    person: str
    role: str
    agency: str
    owner_id: UUID | None


@router.get("/me", operation_id="get_me", responses=problems())
def get_me(who: Who) -> Me:
    """Person, role and agency of whoever asks."""
    return Me(person=who.person, role=who.role, agency=who.agency, owner_id=who.owner)
