"""What the machine is not sure of and a person should look at; never an answer by itself."""

from collections.abc import Sequence

from api.house import House
from common import Sentence, say
from datastore import DocumentRecord, Owner
from ingest import fields_from_json, propose_owners


def questions(house: House, document: DocumentRecord, owners: Sequence[Owner]) -> tuple[Sentence, ...]:
    """The type where it is open, and an owner that the text names and nobody has named."""
    name = document.version.originals[0].name
    if document.doc_type is None:
        return (say("type_unknown", name=name),)
    doc_type = house.catalogue.find(document.doc_type)
    read = propose_owners(doc_type, fields_from_json(document.version.fields or {}))
    known = {identifier.identifier for owner in owners for identifier in owner.identifiers}
    strangers = [
        proposal.name or "?"
        for proposal in read
        if proposal.identifier is not None and str(proposal.identifier) not in known
    ]
    return tuple(say("owner_differs", name=name, found=stranger) for stranger in strangers)
