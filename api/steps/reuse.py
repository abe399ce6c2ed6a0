"""Before anything is scanned: what of a dossier is held already, and what the rules say to do with each component.

*Not known* is never said as *not held*: what this agency cannot see is not known, unless nobody of these numbers
has a store here at all. Papers that are held and not valid are named for comparison, never for reuse.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from api.house import House
from api.steps.paper_copy import shown_object
from archive import ReuseAnswer, ReuseFacts, Status, decide_reuse
from common import Digest, KhosoError
from datastore import Actor, Citation, DocumentRecord, Owner, StaleState
from ingest import Catalogue

_MOST_PAPERS = 20
"""Of one type of one owner; the newest say what is held."""
_COMPARABLE = (Status.READ, Status.CHECKED, Status.PROVISIONAL)


class NotReusable(KhosoError):
    """Only a valid paper is reused."""

    code = "not_reusable"


class OtherBytes(KhosoError):
    """What is cited was never that version of the paper."""

    code = "other_bytes"


class Known(StrEnum):
    """Whether a component is held."""

    HELD = "held"
    NOT_HELD = "not_held"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Component:
    """A component of a procedure: its code there, the type of paper it wants, and what the counter sees of it."""

    code: str
    doc_type: str
    facts: ReuseFacts


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of a component and what to do with it."""

    component: Component
    known: Known
    reusable: tuple[DocumentRecord, ...]
    comparable: tuple[DocumentRecord, ...]
    decision: ReuseAnswer
    as_of: datetime


def check_holdings(
    house: House, actor: Actor, identifiers: Sequence[str], components: Sequence[Component]
) -> tuple[Answered, ...]:
    """One answer for each component, in their order; BadIdentifier, UnknownDocumentType.

    Types are those of the agency that asks: under a code that it has imported papers are found as well.
    """
    with house.datastore.begin(actor, "check_holdings") as work:
        catalogue = house.catalogue_of(work)
        codes = {one.doc_type: _codes(catalogue, one.doc_type) for one in components}
        owners = [owner for one in identifiers if (owner := work.owners.find(one)) is not None]
        papers = {
            doc_type: [
                paper
                for owner in owners
                for paper in work.documents.of_owner(owner.id, doc_types=known_as, limit=_MOST_PAPERS)
            ]
            for doc_type, known_as in codes.items()
        }
        return tuple(
            _answered(house, catalogue, component, owners, papers[component.doc_type], work.at)
            for component in components
        )


def _codes(catalogue: Catalogue, doc_type: str) -> Collection[str]:
    return frozenset(alias.code for alias in catalogue.find(doc_type).aliases)


def _answered(
    house: House,
    catalogue: Catalogue,
    component: Component,
    owners: Sequence[Owner],
    papers: Sequence[DocumentRecord],
    at: datetime,
) -> Answered:
    reusable = tuple(paper for paper in papers if paper.status is Status.VALID)
    facts = component.facts
    known = Known.UNKNOWN if owners else Known.NOT_HELD
    if reusable:
        known = Known.HELD
    result = catalogue.find(component.doc_type).is_result_of_procedure
    with_held = replace(facts, held_valid=bool(reusable), procedure_result=facts.procedure_result or result)
    decision = decide_reuse(house.rules, house.today, with_held)
    comparable = tuple(paper for paper in papers if paper.status in _COMPARABLE)
    return Answered(component, known, reusable, comparable, decision, at)


def cite(
    house: House, actor: Actor, number: str, document: UUID, component: str, version: int, sha256: Digest
) -> Citation:
    """Attaches a valid paper to a dossier by reference: as the bytes that were seen, or not at all.

    StaleState where it stood so once, OtherBytes where it never did.
    """
    with house.datastore.begin(actor, "cite", dossier=number) as work:
        paper = work.documents.get(document)
        if (paper.version.n, shown_object(paper).sha256_plain) != (version, sha256):
            raise (
                StaleState(what="document") if _stood(paper, version, sha256) else OtherBytes(version=version)
            )
        if paper.status is not Status.VALID:
            raise NotReusable(status=paper.status.value)
        return work.dossiers.cite(number, document, component=component, version=version, sha256=sha256)


def _stood(paper: DocumentRecord, version: int, sha256: Digest) -> bool:
    """Whether these bytes stood for the paper before its newest signature, or may have in an earlier version."""
    states = [paper.version.pdf, *(revision.object for revision in paper.revisions)]
    before = any(state is not None and state.sha256_plain == sha256 for state in states)
    return version < paper.version.n or (version == paper.version.n and before)
