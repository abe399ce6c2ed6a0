"""Dossiers: opened under the number of the one-stop system, their events, what is held for them, what they cite."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from api.house import House
from api.http.identity import Acting, StaffActing
from api.http.once import Keep, OnlyOnce, answer
from api.http.parts import API, TheHouse
from api.http.shapes import Asked, Code, Instant, Said, Sha256, Words, problems
from api.http.views import DocumentSummary
from api.steps import dossiers, holdings, reuse
from api.steps.holdings import Standing
from api.steps.reuse import Component, Known
from archive import ReuseAction, ReuseFacts, Status
from common import Digest
from datastore import (
    Actor,
    Answer,
    AttachedHow,
    Citation,
    Dossier,
    DossierDocument,
    DossierState,
    Ending,
    Work,
)
from ingest import AgencyCode, DossierNumber

router = APIRouter(tags=["dossiers"])
_NUMBER = "H41.08-261122-0001"
_ID = "019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
Number = Annotated[str, Path(max_length=64, description="Number of the dossier.", examples=[_NUMBER])]


class Opening(Asked):
    """A dossier that the one-stop system received. `agency` decides; by default the one that received it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"number": _NUMBER, "procedure": "1.001193"}]}
    )
    number: str = Field(max_length=64)
    procedure: str = Field(max_length=64)
    agency: str | None = Field(None, max_length=35)


class EventKind(StrEnum):
    """What can happen to a dossier after it was received."""

    SUPPLEMENT = "supplement"
    TRANSFERRED = "transferred"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


_ENDINGS = {
    EventKind.SUCCEEDED: DossierState.SUCCEEDED,
    EventKind.REFUSED: DossierState.REFUSED,
    EventKind.WITHDRAWN: DossierState.WITHDRAWN,
}


class Event(Asked):
    """What happened. `succeeded`, `refused`, `withdrawn` close the dossier; the same ending twice is no error."""

    kind: EventKind = Field(examples=[EventKind.SUPPLEMENT])
    note: Words | None = None


class EventView(BaseModel):
    """An event as it was written down."""

    kind: str
    at: Instant
    by: str
    note: str | None


class Attached(BaseModel):
    """A paper in the dossier: digitised for it, or held before and cited.

    `status` is null where the paper may not be seen; `waits` says to staff why it does not go on, also after success.
    """

    document_id: UUID
    component: str
    how: AttachedHow
    attached_at: Instant
    status: Status | None
    waits: list[Said]


class DossierView(BaseModel):
    """A dossier as it stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": _NUMBER,
                    "procedure": "1.001193",
                    "agency": "H41.08",
                    "intake_agency": "H41.08",
                    "state": "open",
                    "opened_at": "2026-11-22T01:05:09.000000Z",
                    "closed_at": None,
                    "events": [
                        {
                            "kind": "received",
                            "at": "2026-11-22T01:05:09.000000Z",
                            "by": "mai.tran",
                            "note": None,
                        }
                    ],
                    "documents": [],
                }
            ]
        }
    )
    number: str
    procedure: str
    agency: str
    intake_agency: str
    state: DossierState
    opened_at: Instant
    closed_at: Instant | None
    events: list[EventView]
    documents: list[Attached]

    @classmethod
    def of(cls, dossier: Dossier, papers: Mapping[UUID, Standing]) -> "DossierView":
        return cls(
            number=dossier.number,
            procedure=dossier.procedure,
            agency=dossier.agency,
            intake_agency=dossier.intake_agency,
            state=dossier.state,
            opened_at=dossier.opened_at,
            closed_at=dossier.closed_at,
            events=[
                EventView(kind=event.kind, at=event.at, by=event.by, note=event.note)
                for event in dossier.events
            ],
            documents=[_attached(one, papers.get(one.document_id)) for one in dossier.documents],
        )


def _attached(one: DossierDocument, paper: Standing | None) -> Attached:
    return Attached(
        document_id=one.document_id,
        component=one.component,
        how=one.how,
        attached_at=one.attached_at,
        status=None if paper is None else paper.status,
        waits=[] if paper is None else [Said.of(reason) for reason in paper.waits],
    )


def _as_it_stands(house: House, actor: Actor, number: str) -> DossierView:
    with house.datastore.begin(actor, "look_at_dossier") as work:
        return DossierView.of(work.dossiers.get(number), holdings.standing_in(house, actor, work, number))


@router.post(
    "/dossiers",
    operation_id="open_dossier",
    status_code=201,
    response_class=Response,
    responses={201: {"model": DossierView, "description": "Opened."}, **problems(404, 409)},
)
def open_dossier(house: TheHouse, actor: StaffActing, once: OnlyOnce, said: Opening) -> Response:
    """A dossier under the number that the one-stop system gave it; opening it again is the same dossier."""
    number = str(DossierNumber.parse(said.number))
    agency = None if said.agency is None else str(AgencyCode.parse(said.agency))

    def make(_keep: Keep) -> Answer:
        dossier = dossiers.open_dossier(house, actor, number, said.procedure, agency=agency)
        body = _as_it_stands(house, actor, dossier.number)
        return answer(201, body, Location=f"{API}/dossiers/{dossier.number}")

    return once.do(said.model_dump(mode="json"), make)


@router.get("/dossiers/{number}", operation_id="get_dossier", responses=problems(404))
def get_dossier(house: TheHouse, actor: Acting, number: Number) -> DossierView:
    """A dossier with its events and papers, and what these wait for."""
    return _as_it_stands(house, actor, str(DossierNumber.parse(number)))


@router.post(
    "/dossiers/{number}/events",
    operation_id="add_dossier_event",
    status_code=201,
    response_class=Response,
    responses={
        201: {"model": DossierView, "description": "Written down."},
        200: {
            "model": DossierView,
            "description": "It had ended so before: nothing changes, and its note is not kept.",
        },
        **problems(404, 409),
    },
)
def add_dossier_event(
    house: TheHouse, actor: StaffActing, once: OnlyOnce, number: Number, said: Event
) -> Response:
    """Tell what happened to a dossier. Success is the ground on which its papers become valid.

    Those that wait for somebody become valid once that is answered, and say so in `waits`.
    """
    parsed = str(DossierNumber.parse(number))

    def make(keep: Keep) -> Answer:
        made: list[Answer] = []

        def also(work: Work, dossier: Dossier, status: int = 201) -> None:
            papers = holdings.standing_in(house, actor, work, parsed)
            made.append(answer(status, DossierView.of(dossier, papers)))
            keep(work, made[-1])

        def ended(work: Work, ending: Ending) -> None:
            also(work, ending.dossier, 201 if ending.now else 200)

        state = _ENDINGS.get(said.kind)
        if state is None:
            dossiers.record_event(house, actor, parsed, said.kind.value, said.note, also)
        else:
            dossiers.close_dossier(house, actor, parsed, state, said.note, ended)
        return made[-1]

    return once.do(said.model_dump(mode="json"), make)


# --- what is held -----------------------------------------------------------------------------------------


class Facts(Asked):
    """What the counter sees of a component before anything is scanned."""

    secret: StrictBool = False
    to_be_shown_only: StrictBool = False
    shared_by_database: StrictBool = False
    electronic: StrictBool = False
    paper_copy: StrictBool = False
    verification_result: StrictBool = False
    required_by_sector: StrictBool = False
    procedure_result: StrictBool = False
    required_by_agency: StrictBool = False
    on_demand: StrictBool = False


class ComponentAsked(Asked):
    """A component of the procedure and the type of paper that it wants."""

    component: Code = Field(max_length=64, examples=["000.00.00.G09-KQ002269"])
    type: Code = Field(examples=["KQ.G15.000031"])
    facts: Facts = Facts()


class HoldingsAsked(Asked):
    """Whose papers, and which are wanted. The numbers stand here and in no address."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "owners": ["040090001234"],
                    "components": [{"component": "000.00.00.G09-KQ002269", "type": "KQ.G15.000031"}],
                }
            ]
        },
    )
    owners: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(min_length=1, max_length=20)
    components: list[ComponentAsked] = Field(min_length=1, max_length=100)


class ComponentAnswer(BaseModel):
    """What is known of a component, and what the rules say to do with it."""

    component: str
    type: str
    state: Known = Field(examples=[Known.HELD])
    action: ReuseAction
    rule: str
    law: str
    reason: Said
    reusable: list[DocumentSummary] = Field(
        description="Valid papers: hand the paper back, cite one of these."
    )
    comparable: list[DocumentSummary] = Field(description="Held and not valid: only for comparison.")
    as_of: Instant


class Holdings(BaseModel):
    """One answer for each component, in their order."""

    components: list[ComponentAnswer]


@router.post("/dossiers/{number}/holdings-check", operation_id="check_holdings", responses=problems(404))
def check_holdings(house: TheHouse, actor: StaffActing, number: Number, asked: HoldingsAsked) -> Holdings:
    """Before anything is scanned: what is held of each component, and what to do. *Unknown* is never *not held*."""
    parsed = str(DossierNumber.parse(number))
    with house.datastore.begin(actor, "look_at_dossier") as work:
        work.dossiers.get(parsed)
    components = [
        Component(one.component, one.type, ReuseFacts(**dict(one.facts))) for one in asked.components
    ]
    answers = reuse.check_holdings(house, actor, asked.owners, components)
    return Holdings(components=[_component_answer(house, one) for one in answers])


def _component_answer(house: House, one: reuse.Answered) -> ComponentAnswer:
    return ComponentAnswer(
        component=one.component.code,
        type=one.component.doc_type,
        state=one.known,
        action=one.decision.action,
        rule=one.decision.rule,
        law=one.decision.law,
        reason=Said.of(one.decision.reason),
        reusable=[DocumentSummary.of(paper, holdings.name_of(house, paper)) for paper in one.reusable],
        comparable=[DocumentSummary.of(paper, holdings.name_of(house, paper)) for paper in one.comparable],
        as_of=one.as_of,
    )


# --- by reference -----------------------------------------------------------------------------------------


class Reference(Asked):
    """A paper that is held, as it was seen: `version` and `sha256` are those of its view."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"document_id": _ID, "component": "000.00.00.G09-KQ002269", "version": 1, "sha256": _SHA256}
            ]
        },
    )
    document_id: UUID
    component: Code = Field(max_length=64)
    version: StrictInt = Field(ge=1, le=1_000_000)
    sha256: Sha256


class CitationView(BaseModel):
    """Which bytes the dossier cites; `content` gives just these, whatever becomes of the paper."""

    document_id: UUID = Field(examples=[_ID])
    component: str
    version: int
    sha256: str
    attached_at: Instant
    attached_by: str
    content: str

    @classmethod
    def of(cls, cited: Citation) -> "CitationView":
        return cls(
            document_id=cited.document_id,
            component=cited.component,
            version=cited.version,
            sha256=cited.sha256.hex,
            attached_at=cited.at,
            attached_by=cited.by,
            content=f"{API}/documents/{cited.document_id}/content?sha256={cited.sha256.hex}",
        )


class Citations(BaseModel):
    """Everything that the dossier cites, oldest first."""

    attachments: list[CitationView]


@router.post(
    "/dossiers/{number}/attachments",
    operation_id="attach_by_reference",
    status_code=201,
    response_class=Response,
    responses={201: {"model": CitationView, "description": "Cited."}, **problems(404, 409)},
)
def attach_by_reference(
    house: TheHouse, actor: StaffActing, once: OnlyOnce, number: Number, said: Reference
) -> Response:
    """Cite a valid paper instead of scanning it again; 409 when it is not any more as it was seen."""
    parsed = str(DossierNumber.parse(number))

    def make(_keep: Keep) -> Answer:
        cited = reuse.cite(
            house,
            actor,
            parsed,
            said.document_id,
            said.component,
            said.version,
            Digest.from_hex(said.sha256),
        )
        return answer(201, CitationView.of(cited))

    return once.do(said.model_dump(mode="json"), make)


@router.get("/dossiers/{number}/attachments", operation_id="get_attachments", responses=problems(404))
def get_attachments(house: TheHouse, actor: Acting, number: Number) -> Citations:
    """Which bytes of which papers the dossier cites."""
    with house.datastore.begin(actor, "look_at_dossier") as work:
        cited = work.dossiers.citations(str(DossierNumber.parse(number)))
    return Citations(attachments=[CitationView.of(one) for one in cited])
