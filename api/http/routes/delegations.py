"""Who stands for whom: written down by staff on a proof, confirmed by another officer, ended by either side."""

from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from api.http.identity import Acting, StaffActing
from api.http.once import Keep, OnlyOnce, answer
from api.http.parts import TheHouse
from api.http.shapes import Asked, Day, Instant, Why, Words, problems
from datastore import ActorRole, Answer, Delegation

router = APIRouter(tags=["delegations"])
_ID = "019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11"


class DelegationView(BaseModel):
    """A delegation, with who confirmed and who ended it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _ID,
                    "kind": "guardian",
                    "delegate_id": _ID,
                    "principal_id": _ID,
                    "proof_id": _ID,
                    "ground": None,
                    "valid_from": "2026-11-25",
                    "valid_to": "2030-05-02",
                    "agency": "H41.08",
                    "made_at": "2026-11-22T01:05:09.000000Z",
                    "made_by": "mai.tran",
                    "confirmed_at": None,
                    "confirmed_by": None,
                    "ended_at": None,
                    "ended_by": None,
                    "end_reason": None,
                }
            ]
        }
    )
    id: UUID
    kind: str
    delegate_id: UUID
    principal_id: UUID
    proof_id: UUID | None
    ground: str | None
    valid_from: date
    valid_to: date | None
    agency: str
    made_at: Instant
    made_by: str
    confirmed_at: Instant | None
    confirmed_by: str | None
    ended_at: Instant | None
    ended_by: str | None
    end_reason: str | None

    @classmethod
    def of(cls, one: Delegation) -> "DelegationView":
        return cls(
            id=one.id,
            kind=one.kind,
            delegate_id=one.delegate_id,
            principal_id=one.principal_id,
            proof_id=one.proof_id,
            ground=one.ground,
            valid_from=one.valid_from,
            valid_to=one.valid_to,
            agency=one.agency,
            made_at=one.made_at,
            made_by=one.made_by,
            confirmed_at=one.confirmed_at,
            confirmed_by=one.confirmed_by,
            ended_at=one.ended_at,
            ended_by=one.ended_by,
            end_reason=one.end_reason,
        )


class Delegations(BaseModel):
    """Those in which an owner stands for somebody, or somebody for it; oldest first."""

    delegations: list[DelegationView]


class NewDelegation(Asked):
    """Who stands for whom, on which proof (a paper that is held) or ground, and until which last day."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "guardian",
                    "delegate_id": _ID,
                    "principal_id": _ID,
                    "proof_id": _ID,
                    "valid_to": "2030-05-02",
                }
            ]
        },
    )
    kind: Literal["representative", "guardian"]
    delegate_id: UUID
    principal_id: UUID
    proof_id: UUID | None = None
    ground: Words | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None


@router.get("/owners/{owner_id}/delegations", operation_id="list_delegations", responses=problems(404))
def list_delegations(house: TheHouse, actor: Acting, owner_id: UUID) -> Delegations:
    """For whom an owner stands, and who stands for it."""
    with house.datastore.begin(actor, "look_at_delegations") as work:
        found = work.delegations.of_owner(owner_id)
    return Delegations(delegations=[DelegationView.of(one) for one in found])


@router.post(
    "/delegations",
    operation_id="propose_delegation",
    status_code=201,
    response_class=Response,
    responses={201: {"model": DelegationView, "description": "Written down."}, **problems(404, 409)},
)
def propose_delegation(house: TheHouse, actor: StaffActing, once: OnlyOnce, said: NewDelegation) -> Response:
    """Write a delegation down with its proof. Another officer confirms it."""

    def make(keep: Keep) -> Answer:
        with house.datastore.begin(actor, "propose_delegation") as work:
            made = work.delegations.make(
                ActorRole(said.kind),
                said.delegate_id,
                said.principal_id,
                proof=said.proof_id,
                ground=said.ground,
                valid_from=said.valid_from,
                valid_to=said.valid_to,
            )
            proposed = answer(201, DelegationView.of(made))
            keep(work, proposed)
        return proposed

    return once.do(said.model_dump(mode="json"), make)


@router.get("/delegations/{id}", operation_id="get_delegation", responses=problems(404))
def get_delegation(house: TheHouse, actor: Acting, id: UUID) -> DelegationView:
    """One delegation."""
    with house.datastore.begin(actor, "look_at_delegation") as work:
        return DelegationView.of(work.delegations.get(id))


@router.post("/delegations/{id}/confirm", operation_id="confirm_delegation", responses=problems(404, 409))
def confirm_delegation(house: TheHouse, actor: StaffActing, id: UUID) -> DelegationView:
    """Put it in force: by another officer than the one who wrote it down."""
    with house.datastore.begin(actor, "confirm_delegation") as work:
        return DelegationView.of(work.delegations.confirm(id))


@router.post("/delegations/{id}/end", operation_id="end_delegation", responses=problems(404))
def end_delegation(house: TheHouse, actor: Acting, id: UUID, said: Why) -> DelegationView:
    """End it at once: either side, or the agency that keeps it."""
    with house.datastore.begin(actor, "end_delegation") as work:
        return DelegationView.of(work.delegations.end(id, reason=said.reason))
