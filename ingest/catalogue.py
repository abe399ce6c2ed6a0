"""The catalogue of document types: data with dates, not code.

The packaged `catalogue.toml` names every type with its titles, fields and issuers. What an agency learns later (the
national code of a type, from a day on) is handed in as overrides. The code shown to the outside is the national one
where it is known and in force on the day asked for, else the local one; whatever was stored or printed under an older
code stays findable, because every code that a type ever had is an alias.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from common import KhosoError

_NATIONAL = re.compile(r"KQ\.[A-Y][0-9]{2}\.[0-9]{6}")


class UnknownDocumentType(KhosoError):
    """No type of the catalogue has this code, now or in the past."""

    code = "unknown_document_type"


class BadCatalogueOverride(KhosoError):
    """An override names no local type, no national code, or a code that another type has."""

    code = "bad_catalogue_override"


class Owners(StrEnum):
    """How many owners a paper of the type has."""

    ONE = "one"
    TWO = "two"
    MANY = "many"


_MOST_OWNERS = {Owners.ONE: 1, Owners.TWO: 2}


class Kind(StrEnum):
    """What a field holds, and so how it is normalised and checked."""

    TEXT = "text"
    NAME = "name"
    DATE = "date"
    YEAR = "year"
    PERSONAL_ID = "personal_id"
    ID_PAPER = "id_paper"
    """An identity paper written out (`Căn cước số 0400…`): the number in it is what counts."""
    ENTERPRISE_CODE = "enterprise_code"
    NUMBER = "number"
    """A number or symbol of a paper: digits, letters, strokes, no spaces around the strokes."""
    MONEY = "money"
    PLACE = "place"
    SEX = "sex"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One printed field: its name, the labels before it as forms print them, and what it holds."""

    name: str
    labels: tuple[str, ...]
    kind: Kind = Kind.TEXT
    section: str | None = None
    """The field whose label opens the part of the form in which this one stands (`mother_name`)."""


@dataclass(frozen=True, slots=True)
class OwnerSpec:
    """Which fields name one owner of the paper. The first identifier field that holds one is taken."""

    identifier: tuple[str, ...]
    name: str | None = None
    birth_date: str | None = None
    person: str | None = None
    """Who runs it, where `name` is a facility's: the number may be that person's."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A code of the type, in use from `since` (None: always) until before `until` (None: still)."""

    code: str
    since: date | None = None
    until: date | None = None

    def in_force(self, on: date) -> bool:
        """Whether the code is in use on the day."""
        return (self.since is None or self.since <= on) and (self.until is None or on < self.until)


@dataclass(frozen=True, slots=True)
class CatalogueOverride:
    """A national code that a local type has from a day on, as the national list or a decision gives it."""

    local: str
    national: str
    since: date


@dataclass(frozen=True, slots=True)
class DocumentType:
    """One type of paper."""

    code: str
    """The code shown to the outside: the national one where known, else the local one."""
    local: str
    national: str | None
    aliases: tuple[Alias, ...]
    name: str
    name_en: str
    titles: tuple[str, ...]
    """Titles as forms of several years print them, in capitals."""
    decisions: tuple[str, ...]
    """Words in the subject of a `QUYẾT ĐỊNH` that make it a paper of this type."""
    owners: Owners
    owned_by: tuple[OwnerSpec, ...]
    fields: tuple[FieldSpec, ...]
    sensitive: bool
    """The paper tells health, poverty, family or criminal record: names on seals are masked."""
    lists_others: bool
    """Its further pages carry the numbers of others, of a household's members say, perhaps without the owner's."""
    is_result_of_procedure: bool
    """The result of an earlier procedure: must be digitised (Decision 468/QD-TTg, III.1.a)."""
    official: bool
    """A paper with the head of Decree 30/2020: number, date, kind, subject, issuer, signer."""
    still_issued: bool
    issuers: tuple[str, ...]

    @property
    def most_owners(self) -> int | None:
        """How many owners a paper of it has at most, as a rule; None where there may be any number."""
        return _MOST_OWNERS.get(self.owners)

    def label_of(self, field: str) -> str | None:
        """How its forms call a field, with the part of the form in which it stands; None for one that none prints."""
        labels = {spec.name: spec.labels[0] for spec in self.fields}
        sections = {spec.name: spec.section for spec in self.fields}
        label, section = labels.get(field), sections.get(field)
        return label if section in (None, field) or section not in labels else f"{label} ({labels[section]})"


class Catalogue:
    """All types as they are on one day."""

    def __init__(self, types: Iterable[DocumentType], kinds: Iterable[str]) -> None:
        self._types = tuple(types)
        self.official_kinds = tuple(kinds)
        """Titles of administrative documents (Decree 30/2020, Art. 7), catalogued or not."""
        self._by_code: Mapping[str, DocumentType] = {
            alias.code: doc_type for doc_type in self._types for alias in doc_type.aliases
        }

    def find(self, code: str) -> DocumentType:
        """The type that has or ever had this code, national or local; UnknownDocumentType otherwise."""
        found = self._by_code.get(code.strip())
        if found is None:
            # Somebody's number typed in the wrong place must not reach a log.
            raise UnknownDocumentType(doc_type=re.sub(r"[0-9]{7,}", "…", code.strip()[:40]))
        return found

    def all(self) -> tuple[DocumentType, ...]:
        """Every type, in the order of the catalogue."""
        return self._types

    def __iter__(self) -> Iterator[DocumentType]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)


def load_catalogue(on: date | None = None, overrides: Iterable[CatalogueOverride] = ()) -> Catalogue:
    """The packaged catalogue with the overrides, as it is on the day `on` (None: with all that is known).

    BadCatalogueOverride when an override fits no type or its code belongs to another one.
    """
    packaged = _packaged()
    types = {doc_type.local: doc_type for doc_type in packaged.all()}
    for override in sorted(overrides, key=lambda each: each.since):
        types[override.local] = _with_national_code(types, override)
    day = on or date.max
    return Catalogue((_as_on(doc_type, day) for doc_type in types.values()), packaged.official_kinds)


def _with_national_code(types: Mapping[str, DocumentType], override: CatalogueOverride) -> DocumentType:
    taken = {alias.code: each.local for each in types.values() for alias in each.aliases}
    owner = taken.get(override.national, override.local)
    if override.local not in types or not _NATIONAL.fullmatch(override.national) or owner != override.local:
        raise BadCatalogueOverride(local=override.local[:40], national=override.national[:40])
    doc_type = types[override.local]
    # The code before is no longer the one shown from that day on; it stays an alias.
    earlier = (
        replace(alias, until=override.since)
        if alias.until is None and _NATIONAL.fullmatch(alias.code) and alias.code != override.national
        else alias
        for alias in doc_type.aliases
        if alias.code != override.national
    )
    return replace(doc_type, aliases=(*earlier, Alias(override.national, override.since)))


def _as_on(doc_type: DocumentType, day: date) -> DocumentType:
    """The type with the code that is shown on the day: the newest national one in force, else the local one."""
    national = [
        alias for alias in doc_type.aliases if _NATIONAL.fullmatch(alias.code) and alias.in_force(day)
    ]
    newest = max(national, key=lambda alias: alias.since or date.min).code if national else None
    return replace(doc_type, code=newest or doc_type.local, national=newest)


@cache
def _packaged() -> Catalogue:
    data = tomllib.loads((resources.files("ingest") / "catalogue.toml").read_text(encoding="utf-8"))
    types = (_document_type(entry, data["fields"]) for entry in data["type"])
    return Catalogue(types, data["official_kinds"])


def _document_type(entry: Mapping[str, Any], shared: Mapping[str, Any]) -> DocumentType:
    national = entry.get("national")
    codes = [entry["local"], *([national] if national else []), *entry.get("aliases", [])]
    return DocumentType(
        code=national or entry["local"],
        local=entry["local"],
        national=national,
        aliases=tuple(Alias(code) for code in codes),
        name=entry["vi"],
        name_en=entry["en"],
        titles=tuple(entry.get("titles", ())),
        decisions=tuple(entry.get("decisions", ())),
        owners=Owners(entry.get("owners", "one")),
        owned_by=tuple(_owner_spec(each) for each in entry.get("owned_by", ())),
        fields=tuple(_field_spec(each, shared) for each in entry.get("fields", ())),
        sensitive=entry.get("sensitive", False),
        lists_others=entry.get("others", False),
        is_result_of_procedure=entry.get("result", True),
        official=entry.get("official", False),
        still_issued=entry.get("still_issued", True),
        issuers=tuple(entry.get("issuers", ())),
    )


def _owner_spec(entry: Mapping[str, Any]) -> OwnerSpec:
    return OwnerSpec(
        tuple(entry["identifier"]), entry.get("name"), entry.get("birth_date"), entry.get("person")
    )


def _field_spec(entry: str | Mapping[str, Any], shared: Mapping[str, Any]) -> FieldSpec:
    """A field written out, or the name of one that many forms share."""
    full = (
        {"name": entry, **shared[entry]}
        if isinstance(entry, str)
        else {**shared.get(entry["name"], {}), **entry}
    )
    return FieldSpec(full["name"], tuple(full["labels"]), Kind(full.get("kind", "text")), full.get("section"))
