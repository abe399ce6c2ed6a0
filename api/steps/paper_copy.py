"""What stands on a print: the strip of its first page, the claims that its seal speaks for."""

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from api.house import House
from archive import PrintStrip, Status
from common import VIETNAM, KhosoError, say
from datastore import DocumentRecord, Print, StoredObject, Work
from ingest import DocumentCode, DocumentType, Kind, fields_from_json
from signing import SealClaims, make_seal, mask_identifier, seal_link, seal_profile


class NotPrintable(KhosoError):
    """Only provisional and valid papers are printed."""

    code = "not_printable"


@dataclass(frozen=True, slots=True)
class Printed:
    """A finished paper copy and its entry in the register."""

    entry: Print
    link: str | None

    @property
    def sealed(self) -> bool:
        return self.link is not None

    def as_json(self) -> dict[str, Any]:
        """The JSON of `khoso print`."""
        return {
            "print_id": str(self.entry.id),
            "document_id": str(self.entry.document_id),
            "print_number": self.entry.number,
            "pages": len(self.entry.fingerprints),
            "fingerprints": list(self.entry.fingerprints),
            "sealed": self.sealed,
            "link": self.link,
            "short_code": self.entry.short_code if self.sealed else None,
            "status_index": self.entry.status_index,
            "revision_sha256": self.entry.revision_sha256.hex,
        }


def shown_object(document: DocumentRecord) -> StoredObject:
    """The PDF that stands for the paper: its newest revision, or the file itself when it arrived signed."""
    if document.latest_revision is not None:
        return document.latest_revision.object
    return document.version.pdf or document.version.originals[0].object


def link_of(house: House, entry: Print) -> str | None:
    """The link of a sealed print; None of one without a seal."""
    return None if entry.seal is None else seal_link(house.settings.print_host, entry.seal)


def strip_of(house: House, work: Work, document: DocumentRecord, entry: Print) -> PrintStrip:
    """The strip of a print: with link and short code where it is sealed."""
    sealed = entry.seal is not None
    return PrintStrip(
        paper_name=_paper_name(house, document),
        code_shown=_code_shown(document),
        weight=document.weight,
        status=Status.VALID if sealed else Status.PROVISIONAL,
        issuing_office=house.agency_name(work, document.intake_agency),
        system_name=house.settings.system_name,
        issued_for=entry.to_whom,
        reason=entry.reason,
        print_number=entry.number,
        at=entry.at,
        host=house.settings.print_host,
        link=link_of(house, entry),
        short_code=entry.short_code if sealed else None,
    )


def seal_of(house: House, work: Work, document: DocumentRecord, entry: Print) -> bytes:
    """The claims of design.md section 6, masked as the profile in force says, and names for sensitive papers."""
    doc_type = _type_of(house, document)
    owner = work.owners.get(document.owner_ids[0]) if document.owner_ids else None
    claims = SealClaims(
        issuer=document.intake_agency,
        document_id=document.id,
        revision_sha256=entry.revision_sha256,
        print_number=entry.number,
        status_index=entry.status_index,
        issued_at=entry.at,
        log_leaf=house.datastore.log.number_of("documents", document.id),
        pages=document.version.page_count,
        dossier_number=document.dossier,
        procedure_code=work.dossiers.get(document.dossier).procedure if document.dossier else None,
        identifier_masked=None if owner is None else owner.identifier,
        paper_name=_paper_name(house, document),
        system_name=house.settings.system_name,
        fields=_sealed_fields(document, doc_type),
    )
    profile = seal_profile(entry.at.astimezone(VIETNAM).date())
    if doc_type is not None and doc_type.sensitive:
        profile = replace(profile, mask_names=True)
    return make_seal(
        claims, house.keys.signers.seal_key(document.intake_agency), profile=profile, names=_names(doc_type)
    )


_SEALED_KINDS = frozenset({Kind.NUMBER, Kind.DATE, Kind.NAME})
_MOST_FIELDS = 6
"""What a verifier compares at a glance; `make_seal` drops the last ones first when the code gets too big."""


def _sealed_fields(document: DocumentRecord, doc_type: DocumentType | None) -> dict[str, str]:
    """Numbers, dates and names that were read without doubt; never a personal number."""
    found = fields_from_json(document.version.fields or {})
    wanted = [spec.name for spec in doc_type.fields if spec.kind in _SEALED_KINDS] if doc_type else []
    sure = {name: field.value for name in wanted if (field := found.get(name)) and not field.doubtful}
    return dict(islice(sure.items(), _MOST_FIELDS))


def _names(doc_type: DocumentType | None) -> tuple[str, ...]:
    return tuple(spec.name for spec in doc_type.fields if spec.kind is Kind.NAME) if doc_type else ()


def _type_of(house: House, document: DocumentRecord) -> DocumentType | None:
    return None if document.doc_type is None else house.catalogue.find(document.doc_type)


def _paper_name(house: House, document: DocumentRecord) -> str:
    doc_type = _type_of(house, document)
    return say("paper_unnamed").vi if doc_type is None else doc_type.name


def _code_shown(document: DocumentRecord) -> str:
    """The document's code with a personal number masked."""
    if document.code is None:
        return "–"
    code = DocumentCode.parse(document.code)
    return f"{mask_identifier(str(code.identifier))}.{code.doc_type}"
