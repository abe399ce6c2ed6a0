"""What a person decides about a paper that was read: its type, what stands on it, that it is what it seems."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from api.house import House
from api.steps.holdings import is_or_was_of
from api.steps.intake import go_on
from api.steps.questions import names_on
from archive import SourceForm, Status
from common import KhosoError
from datastore import Act, Actor, ChangedMeanwhile, DocumentRecord, Owner, Provenance, Work
from ingest import Field, fields_from_json


class OwnerNotNamed(KhosoError):
    """A paper of nobody is not signed: who owns it is said first, by refiling it."""

    code = "owner_not_named"


class TypeNotNamed(KhosoError):
    """A paper of no known type is not signed: it would never have a code."""

    code = "type_not_named"


class UnknownFields(KhosoError):
    """Of these names nothing can stand on a paper of its type; facts `names` and `known`, which are those that can."""

    code = "unknown_fields"

    def __init__(self, names: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(names=", ".join(names), known=", ".join(known))
        self.names, self.known = tuple(names), tuple(known)


@dataclass(frozen=True, slots=True)
class Record:
    """What stands on a paper, as it was read or as a person confirmed it."""

    document: DocumentRecord
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Compared:
    """How the paper came, as whoever compared it with the scan says; None: as it was said before."""

    source_form: SourceForm | None = None
    original_returned: bool | None = None


def check(
    house: House,
    actor: Actor,
    document: UUID,
    compared: Compared,
    *,
    stamp: int | None = None,
    owners: Collection[str] = (),
) -> DocumentRecord:
    """A person compared the scan and what was read with the paper; its signature is asked for.

    That answers what was asked about it, also whose paper it is; OwnerNotNamed, TypeNotNamed while that is open.
    ChangedMeanwhile unless it stands as its `stamp` was seen, and is just theirs whose numbers (of now or formerly) are
    said in `owners`, where any are.
    """
    with house.datastore.begin(actor, "check") as work:
        work.ask(Act.CHECK)
        work.documents.require_unchanged(document, stamp)
        found = work.documents.get(document)
        _require_named(found)
        if owners and not _are(work, work.owners.of_document(document), owners):
            raise ChangedMeanwhile(what="document")
        before = found.provenance
        returned = compared.original_returned
        checked = work.documents.check(
            document,
            by=actor.person,
            provenance=Provenance(
                source_form=compared.source_form or before.source_form,
                compared_by=actor.person,
                original_returned=before.original_returned if returned is None else returned,
            ),
        )
        go_on(house, work, checked)
    return checked


def _are(work: Work, owners: Sequence[Owner], numbers: Collection[str]) -> bool:
    """Whether these numbers name each of the owners, and nobody else: each number one of them."""
    named = [[owner.id for owner in owners if is_or_was_of(work, owner, number)] for number in numbers]
    return all(len(one) == 1 for one in named) and {one[0] for one in named} == {owner.id for owner in owners}


def require_may(house: House, actor: Actor, act: Act, document: UUID) -> None:
    """NotAllowed, NotFound for who may not do this with a paper, or does not see it."""
    with house.datastore.begin(actor, "look_at") as work:
        work.ask(act)
        work.documents.get(document)


def _require_named(document: DocumentRecord) -> None:
    if document.status is Status.PENDING_IDENTIFIER:
        raise OwnerNotNamed
    if document.status is Status.READ and document.doc_type is None:
        raise TypeNotNamed


def classify(
    house: House, actor: Actor, document: UUID, doc_type: str, *, stamp: int | None = None
) -> DocumentRecord:
    """Names the type of a paper that is not signed yet; one that was compared goes on."""
    shown = house.catalogue.find(doc_type).code
    with house.datastore.begin(actor, "classify") as work:
        work.documents.require_unchanged(document, stamp)
        classified = work.documents.classify(document, shown)
        go_on(house, work, classified)
        return work.documents.get(document)


def record_of(house: House, actor: Actor, document: UUID) -> Record:
    """The data record of a paper; nothing stands in it before the paper was read."""
    with house.datastore.begin(actor, "look_at_record") as work:
        found = work.documents.get(document)
    return Record(found, fields_from_json(found.version.fields or {}))


def confirm_record(
    house: House, actor: Actor, document: UUID, values: Mapping[str, str], *, stamp: int | None = None
) -> DocumentRecord:
    """The data record as a person confirmed it: what stands on the paper under each name, without doubt.

    The machine's reading stays as it was; where it stood on the page is kept with a value that is the same. A paper
    that waited because a number was misread goes on. UnknownFields.
    """
    with house.datastore.begin(actor, "confirm_record") as work:
        work.documents.require_unchanged(document, stamp)
        work.ask(Act.CHECK)
        found = work.documents.get(document)
        known = names_on(house, found)
        if unknown := [name for name in values if name not in known]:
            raise UnknownFields(unknown, known)
        read = found.version.fields or {}
        confirmed = {name: _confirmed(read.get(name), value) for name, value in values.items()}
        recorded = work.documents.set_fields(document, confirmed)
        if recorded.status is Status.READ:
            go_on(house, work, recorded)
        return work.documents.get(document)


def _confirmed(read: object, value: str) -> dict[str, object]:
    place: Mapping[str, object] = read if isinstance(read, Mapping) else {}
    return {
        "value": value,
        "confidence": 1.0,
        "doubtful": False,
        "page": place.get("page"),
        "box": place.get("box"),
    }
