"""What the machine is not sure of and a person should look at; never an answer by itself.

What concerns whose paper it is stops the paper: nothing is signed, and nothing becomes valid, before a person has
answered by checking it, or has said otherwise what stands on it or whose it is; then it is asked no more. An owner is
a person, an organisation or an agency; what was said of it when the paper was brought, and was not what is known, comes
as `stated`.
"""

import hmac
from collections.abc import Collection, Iterable, Iterator, Sequence
from hashlib import sha256
from uuid import UUID

from api.house import House
from archive import Status
from common import PartialDate, Sentence, fold, say
from datastore import DocumentRecord, Owner, OwnerKind, Stated
from ingest import (
    OwnerProposal,
    Owners,
    PersonalId,
    field_names,
    fields_from_json,
    parse_identifier,
    propose_owners,
)


def questions(
    house: House, document: DocumentRecord, owners: Sequence[Owner], stated: Sequence[Stated]
) -> tuple[Sentence, ...]:
    """A type that is open or reads otherwise, an owner who is open, an owner whom the text names and nobody has;
    nothing of a paper that is over."""
    if document.status in _OVER:
        return ()
    name = document.version.originals[0].name
    asked: list[Sentence] = []
    if document.doc_type is None:
        asked.append(say("type_unknown", name=name))
    elif (read_as := _recognised(document)) not in (None, document.doc_type):
        named = house.catalogue.find(document.doc_type).name
        asked.append(say("type_differs", name=name, read_as=house.catalogue.find(read_as).name, named=named))
    if document.checked_by is not None:  # a check says whose the paper is
        return tuple(asked)
    return (*asked, *whose(house, document, owners, stated))


_OVER = (Status.REJECTED, Status.SUPERSEDED, Status.REVOKED, Status.EXPIRED, Status.DESTROYED)
"""No answer makes anything of it any more."""


def whose(
    house: House, document: DocumentRecord, owners: Sequence[Owner], stated: Sequence[Stated]
) -> tuple[Sentence, ...]:
    """What makes it doubtful whose paper it is: nobody is named, a number is unusual, another was said or read."""
    name = document.version.originals[0].name
    if not owners:
        return (say("owner_open", name=name, id=document.id),)
    others = [found for found in _named_in_text(house, document) if _is_another(found, owners, stated)]
    strangers = (say("owner_differs", name=name, found=found.called or found.name or "?") for found in others)
    asked = {str(found.identifier) for found in others}
    files = (say("file_of_another", name=file) for file in _files_of_others(house, document, owners, asked))
    return (*about_owners(house, owners, stated), *strangers, *files)


FILES_NAME = "marks_by_file"
"""Under which the reading of a paper of several files says which personal numbers stand in each, as `marks`."""


def marks(house: House, document: UUID, numbers: Iterable[str]) -> list[str]:
    """What says of personal numbers on a paper that they are the same, and to nobody without the master key which.

    They are mostly those of others than its owners, and stand in a row that is not sealed; of another paper the same
    number has another mark.
    """
    secret = house.datastore.secret("numbers on papers")
    return [hmac.new(secret, f"{document} {number}".encode(), sha256).hexdigest() for number in numbers]


def _files_of_others(
    house: House, document: DocumentRecord, owners: Sequence[Owner], asked: Collection[str]
) -> Iterator[str]:
    """The files, of several of a person's paper, with somebody else's number and not the person's: its paper, perhaps.

    Of a file and not of a page, because forms name others beside their owner; and not by the number of whoever the
    form has in another place, as it has the mother who came to register a birth.
    """
    named = (document.version.quality or {}).get(FILES_NAME)
    if not isinstance(named, list) or not named or not _of_one_person(house, document, owners):
        return
    numbers = {known.identifier for owner in owners for known in owner.identifiers}
    own = set(marks(house, document.id, numbers))
    known = own.union(marks(house, document.id, {*asked, *_numbers_of_others(house, document)}))
    for original, found in zip(document.version.originals, named, strict=True):
        if own.isdisjoint(found) and not known.issuperset(found):
            yield original.name


def _of_one_person(house: House, document: DocumentRecord, owners: Sequence[Owner]) -> bool:
    """Whether papers of its type have one owner and list nobody else, and it is of such whose number would stand on
    it."""
    doc_type = None if document.doc_type is None else house.catalogue.find(document.doc_type)
    if doc_type is None or doc_type.owners is not Owners.ONE or doc_type.lists_others:
        return False
    return all("personal_id" in {known.kind for known in owner.identifiers} for owner in owners)


def _numbers_of_others(house: House, document: DocumentRecord) -> set[str]:
    """What stands in the fields of its types that name no owner."""
    specs = (spec for code in _types(document) for spec in house.catalogue.find(code).owned_by)
    naming = {name for spec in specs for name in spec.identifier}
    fields = fields_from_json(document.version.fields or {})
    return {field.value for name, field in fields.items() if name not in naming}


def _is_another(found: OwnerProposal, owners: Sequence[Owner], stated: Sequence[Stated]) -> bool:
    """Whether the text names none of the owners: by its number, or where none was read by its name.

    A name says nothing where that of an owner is not known, or of one that is no person: an agency is written in
    several ways, and as whoever signs for it; nor does that of a facility say who runs it. Beside a number it says
    little: see `_called_otherwise`.
    """
    if found.identifier is not None:
        number = str(found.identifier)
        holders = [owner for owner in owners if number in {one.identifier for one in owner.identifiers}]
        return all(_called_otherwise(found, holder, stated) for holder in holders)
    return all(
        owner.kind in _PERSONS and owner.stated_otherwise(found.called, None) is not None for owner in owners
    )


def _called_otherwise(found: OwnerProposal, holder: Owner, stated: Sequence[Stated]) -> bool:
    """Whether the name beside a number has no word of what its holder is known, or was said, to be called.

    Names are misread more often than numbers: one word in common is enough, and a name of one word says nothing.
    """
    if holder.kind not in _PERSONS or found.called is None:
        return False
    said = [holder.name, *(one.name for one in stated if one.owner_id == holder.id)]
    read, called = _words(found.called), [_words(name) for name in said if name is not None]
    return bool(called) and all(min(len(read), len(words)) > 1 and read.isdisjoint(words) for words in called)


def _words(name: str | None) -> frozenset[str]:
    return frozenset(fold(name or "").split())


_PERSONS = (OwnerKind.PERSON, OwnerKind.FOREIGNER)


def about_owners(
    house: House, owners: Sequence[Owner], stated: Sequence[Stated] = ()
) -> tuple[Sentence, ...]:
    """What is doubtful about owners without a look at their paper: their numbers, and what was said otherwise."""
    numbers = (doubt for owner in owners for doubt in about_owner(house, owner))
    return (*numbers, *(doubt for owner in owners for doubt in _stated_of(owner, stated)))


def _stated_of(owner: Owner, stated: Sequence[Stated]) -> Iterator[Sentence]:
    """What was said of this owner and is not what is known of it today."""
    for one in stated:
        if one.owner_id != owner.id or (still := owner.stated_otherwise(one.name, one.birth_date)) is None:
            continue
        if still.name is not None:
            yield say("owner_stated_name", stated=still.name, known=str(owner.name))
        if still.birth_date is not None:
            yield say("owner_stated_birth", stated=str(still.birth_date), known=str(owner.birth_date))


def about_owner(house: House, owner: Owner) -> tuple[Sentence, ...]:
    """What is unusual about the personal number that an owner has now."""
    numbers = [
        one.identifier for one in owner.identifiers if one.valid_to is None and one.kind == "personal_id"
    ]
    return tuple(doubt for number in numbers for doubt in about_number(house, number, owner.birth_date))


def about_number(house: House, identifier: str, born: PartialDate | None) -> tuple[Sentence, ...]:
    """What is unusual about a personal number: an unknown province, a birth to come or in another year; BadIdentifier.

    It is asked about and never refused: the law wants twelve digits and no more (Law on Identity, Art. 12), and who
    was registered abroad has the code of a country.
    """
    number = parse_identifier(identifier)
    if not isinstance(number, PersonalId):
        return ()
    otherwise = number.contradictions(born, None)
    return (*number.warnings(house.today), *(say("owner_born_otherwise") for _one in otherwise))


def _named_in_text(house: House, document: DocumentRecord) -> Iterator[OwnerProposal]:
    """Whom the text names, each once: by the type that was named, and by the one that the page reads as."""
    fields, seen = fields_from_json(document.version.fields or {}), set()
    for code in _types(document):
        for proposal in propose_owners(house.catalogue.find(code), fields):
            if (who := str(proposal.identifier or proposal.name)) not in seen:
                seen.add(who)
                yield proposal


def names_on(house: House, document: DocumentRecord) -> tuple[str, ...]:
    """By which names its record says what stands on a paper: those of its types, named and read, and what was read."""
    named = [
        name for code in _types(document) for name in field_names(house.catalogue.find(code))
    ] or field_names(None)
    return tuple(dict.fromkeys([*named, *(document.version.fields or {})]))


def _types(document: DocumentRecord) -> list[str]:
    """The type that was named, and the one that the page reads as."""
    codes = dict.fromkeys((document.doc_type, _recognised(document)))
    return [code for code in codes if code is not None]


def _recognised(document: DocumentRecord) -> str | None:
    """The type that the page reads as."""
    read_as = (document.version.quality or {}).get("recognised")
    return None if read_as is None else str(read_as)


_WAITING = (Status.READ, Status.PENDING_IDENTIFIER)


def waits(
    house: House, document: DocumentRecord, owners: Sequence[Owner], stated: Sequence[Stated]
) -> tuple[Sentence, ...]:
    """Why a paper that was read does not go on by itself, and what it waits for; nothing, where it does not wait.

    Said without anybody's name: it stands in the answers about whole dossiers.
    """
    if document.status not in _WAITING:
        return ()
    reasons: list[Sentence] = []
    if not owners:
        reasons.append(say("waits_for_owner"))
    elif whose(house, document, owners, stated):
        reasons.append(say("waits_for_answer"))
    if document.doc_type is None:
        reasons.append(say("waits_for_type"))
    # One with nothing open was held by a doubt that time has ended since, or a rule: nobody has told it to go on.
    if document.provenance.compared_by is None or not reasons:
        reasons.append(say("waits_for_check"))
    if reasons and document.ground is not None:
        reasons.append(say("waits_with_ground"))
    return tuple(reasons)
