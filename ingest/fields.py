"""What the text of a paper says: the head and foot of official papers, the labelled fields of forms, the owners.

A field is doubtful when its words were read badly, when it lacks the form of its kind, or when it disagrees with
another one (a personal number with the birth date or sex beside it). Nothing is invented: what was not read is
absent, or stands there in part and in doubt. Owners are proposed from the text, never decided.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from common import PartialDate
from ingest.catalogue import Catalogue, DocumentType, OwnerSpec
from ingest.found import Found
from ingest.heads import (
    Head,
    closing_date,
    find_head,
    find_head_date,
    find_issuer,
    find_letter_subject,
    find_number,
    find_signer,
    find_title_subject,
    signature_page,
    title_agency,
)
from ingest.identifiers import BadIdentifier, Identifier, PersonalId, Sex, parse_identifier
from ingest.labels import find_labelled
from ingest.layout import Layout, layout
from ingest.model import Field, PageReading
from ingest.recognise_type import Title, find_title

_OFFICIAL = ("number", "date", "kind", "subject", "issuer", "superior", "signer")
"""What the head and foot of any paper may say, whatever its type."""


def field_names(doc_type: DocumentType | None) -> tuple[str, ...]:
    """The names of what can stand on a paper of this type; of an unknown type what stands in its official head."""
    printed = () if doc_type is None else (field.name for field in doc_type.fields)
    return tuple(dict.fromkeys((*_OFFICIAL, *printed)))


@dataclass(frozen=True, slots=True)
class OwnerProposal:
    """Somebody whose paper this seems to be. Without an identifier the paper waits for one."""

    identifier: Identifier | None
    name: str | None
    birth_date: PartialDate | None
    doubtful: bool
    """One of the three was read badly, is missing, or disagrees with another: a person must look."""
    called: str | None
    """What its owner is called: who runs it, where `name` is a facility's, which says nothing of that person; None
    where that was not read."""


def find_fields(
    pages: Sequence[PageReading], doc_type: DocumentType | None, catalogue: Catalogue
) -> dict[str, Field]:
    """The fields of a paper of this type (None: of an unknown type, with its official head only)."""
    layouts = [page for page in map(layout, pages) if page.rows]
    if not layouts:
        return {}
    title = find_title(layouts, catalogue)
    official = dict(_official(layouts, title, doc_type))
    labelled = find_labelled(layouts, doc_type.fields) if doc_type else {}
    # On a form its own label says what is its number and date; on an official paper the head does.
    head_first = doc_type is None or doc_type.official
    found = {**labelled, **official} if head_first else {**official, **labelled}
    fields = {name: value.as_field() for name, value in found.items()}
    return _checked(fields, doc_type)


def _official(
    pages: Sequence[Layout], title: Title | None, doc_type: DocumentType | None
) -> Iterator[tuple[str, Found]]:
    """Number, date, kind, subject, issuer, superior agency and signer, as far as they are there."""
    first = title.page if title else pages[0]
    head = find_head(first, title.rows[0].top if title and not title.is_letter else None)
    issuer, superior = find_issuer(head)
    # Where the seal hides the signer, the date above is looked for on the last page.
    signed_on = signature_page(pages) or pages[-1]
    found = {
        "number": find_number(head),
        "date": find_head_date(head) or closing_date(signed_on),
        "kind": _kind(title),
        "subject": _subject(first, head, title, doc_type),
        "issuer": issuer or (title_agency(first, title.rows) if title and not title.is_letter else None),
        "superior": superior,
        "signer": find_signer(pages),
    }
    yield from ((name, value) for name, value in found.items() if value and value.value)


def _kind(title: Title | None) -> Found | None:
    if title is None:
        return None
    return Found(
        title.printed, tuple(token for row in title.rows for token in row.tokens), title.score >= 0.9
    )


def _subject(page: Layout, head: Head, title: Title | None, doc_type: DocumentType | None) -> Found | None:
    """Only official papers have a subject below their title; on a form the first field stands there."""
    if title is None or title.is_letter:
        return find_letter_subject(head)
    return find_title_subject(page, title.rows) if doc_type is None or doc_type.official else None


# ---- checks and owners --------------------------------------------------------------------------------------


def _checked(fields: dict[str, Field], doc_type: DocumentType | None) -> dict[str, Field]:
    """The fields with those in doubt that contradict each other."""
    for owner in _people(fields, doc_type):
        number = _personal_id(fields, owner)
        birth, sex = _date_of(fields, owner.birth_date), _sex_of(fields, owner)
        if number and number.contradictions(birth, sex):
            for name in {*owner.identifier, owner.birth_date or "", _sex_field(owner)} & fields.keys():
                field = fields[name]
                fields[name] = replace(field, doubtful=True, confidence=min(field.confidence, 0.5))
    return fields


def _people(fields: Mapping[str, Field], doc_type: DocumentType | None) -> Iterator[OwnerSpec]:
    """Owners, and everybody else on the form whose number and birth date stand there (`representative_…`)."""
    if doc_type is None:
        return
    yield from doc_type.owned_by
    known = {name for owner in doc_type.owned_by for name in owner.identifier}
    for name in fields:
        if name.endswith("_personal_id") and name not in known:
            who = name.removesuffix("_personal_id")
            yield OwnerSpec((name,), f"{who}_name", f"{who}_birth_date")


def _personal_id(fields: Mapping[str, Field], owner: OwnerSpec) -> PersonalId | None:
    identifier = _identifier(fields, owner)
    return identifier if isinstance(identifier, PersonalId) else None


def _identifier(fields: Mapping[str, Field], owner: OwnerSpec) -> Identifier | None:
    for name in owner.identifier:
        try:
            return parse_identifier(fields[name].value)
        except (KeyError, BadIdentifier):
            continue
    return None


def _date_of(fields: Mapping[str, Field], name: str | None) -> PartialDate | None:
    if name is None or name not in fields:
        return None
    try:
        return PartialDate.parse(fields[name].value)
    except ValueError:
        return None


def _sex_field(owner: OwnerSpec) -> str:
    """`sex` of the holder, `representative_sex` of the representative."""
    return owner.name.removesuffix("name") + "sex" if owner.name and owner.name != "full_name" else "sex"


def _sex_of(fields: Mapping[str, Field], owner: OwnerSpec) -> Sex | None:
    if owner.name in ("wife_name", "husband_name"):
        return Sex.FEMALE if owner.name == "wife_name" else Sex.MALE
    printed = fields.get(_sex_field(owner))
    return Sex.parse(printed.value) if printed else None


def propose_owners(doc_type: DocumentType | None, fields: Mapping[str, Field]) -> tuple[OwnerProposal, ...]:
    """The owners that the text names: the child of a birth certificate, both spouses, the enterprise, the holder."""
    if doc_type is None:
        return ()
    proposals = (_proposal(owner, fields) for owner in doc_type.owned_by)
    return tuple(proposal for proposal in proposals if proposal)


def _proposal(owner: OwnerSpec, fields: Mapping[str, Field]) -> OwnerProposal | None:
    identifier = _identifier(fields, owner)
    name, called = (_read(fields, field) for field in (owner.name, owner.person or owner.name))
    if identifier is None and name is None:
        return None
    said = [
        fields[each]
        for each in (*owner.identifier, owner.name or "", owner.birth_date or "")
        if each in fields
    ]
    doubtful = identifier is None or name is None or any(field.doubtful for field in said)
    return OwnerProposal(identifier, name, _date_of(fields, owner.birth_date), doubtful, called)


def _read(fields: Mapping[str, Field], name: str | None) -> str | None:
    return None if name is None or name not in fields else fields[name].value
