"""What the machine is not sure of and a person should look at; never an answer by itself."""

from collections.abc import Sequence

from api.house import House
from common import Sentence, say
from datastore import DocumentRecord, Owner
from ingest import fields_from_json, propose_owners


def questions(house: House, document: DocumentRecord, owners: Sequence[Owner]) -> tuple[Sentence, ...]:
    """A type that is open or reads otherwise, an owner who is open, an owner whom the text names and nobody has."""
    name = document.version.originals[0].name
    asked: list[Sentence] = []
    if not owners:
        asked.append(say("owner_open", name=name, id=document.id))
    if document.doc_type is None:
        return (*asked, say("type_unknown", name=name))
    recognised = (document.version.quality or {}).get("recognised")
    if recognised is not None and recognised != document.doc_type:
        read_as = house.catalogue.find(str(recognised)).name
        named = house.catalogue.find(document.doc_type).name
        asked.append(say("type_differs", name=name, read_as=read_as, named=named))
    doc_type = house.catalogue.find(document.doc_type)
    read = propose_owners(doc_type, fields_from_json(document.version.fields or {}))
    known = {identifier.identifier for owner in owners for identifier in owner.identifiers}
    strangers = [
        proposal.name or "?"
        for proposal in read
        if owners and proposal.identifier is not None and str(proposal.identifier) not in known
    ]
    return (*asked, *(say("owner_differs", name=name, found=stranger) for stranger in strangers))
