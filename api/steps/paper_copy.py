"""From the store to paper: a numbered print with a seal, entered in the register before it leaves the house."""

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from api.deliver import deliver, require_free
from api.house import House
from api.steps.archivist import extend_log
from api.steps.published import publish_all
from archive import PaperCopy, PrintStrip, Status, make_paper_copy
from common import VIETNAM, KhosoError, say
from datastore import Actor, DocumentRecord, Print, StoredObject, Work
from ingest import DocumentCode, DocumentType, Kind, fields_from_json
from signing import SealClaims, make_seal, mask_identifier, seal_link, seal_profile


class NotPrintable(KhosoError):
    """Only provisional and valid papers are printed."""

    code = "not_printable"


@dataclass(frozen=True, slots=True)
class Printed:
    """A finished paper copy and its entry in the register."""

    copy: PaperCopy
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
            "pages": self.copy.pages,
            "fingerprints": list(self.copy.fingerprints),
            "sealed": self.sealed,
            "link": self.link,
            "short_code": self.entry.short_code if self.sealed else None,
            "status_index": self.entry.status_index,
            "revision_sha256": self.entry.revision_sha256.hex,
        }


def print_document(
    house: House, actor: Actor, document_id: UUID, *, to: str, reason: str, out: Path
) -> Printed:
    """Prints the newest signed state; a valid paper with seal and short code, a provisional one without.

    1. The log gets its numbers, so that the seal can name a leaf. 2. The print is numbered, sealed and entered
    in one transaction. 3. The status list that knows it is published. 4. Only then the sheets are made.
    """
    require_free(out)
    extend_log(house)
    with house.room.desk() as desk:
        with house.datastore.begin(actor, "print") as work:
            document = work.documents.get(document_id)
            if document.status not in (Status.PROVISIONAL, Status.VALID):
                raise NotPrintable(status=document.status.value)
            key = work.documents.data_key(document_id)
            shown = shown_object(document)
            entry = work.prints.issue(
                document_id, revision_sha256=shown.sha256_plain, to_whom=to, reason=reason
            )
            strip = _strip(house, work, document, entry)
            if document.status is Status.VALID:
                entry, strip = _sealed(house, work, document, entry, strip)
        try:
            publish_all(house)
            pdf = house.datastore.objects.get(shown, desk / "document.pdf", sealing=key)
            copy = make_paper_copy(pdf, strip=strip, into=desk / "print.pdf")
            deliver(copy.pdf, out)
        except BaseException:
            _take_back(house, actor, entry)
            raise
    return Printed(copy, entry, strip.link)


def _take_back(house: House, actor: Actor, entry: Print) -> None:
    """A numbered print that never reached paper stands in the register as taken back."""
    with house.datastore.begin(actor, "take_back_print") as work:
        work.prints.revoke(entry.id, reason=say("print_not_made").vi)


def shown_object(document: DocumentRecord) -> StoredObject:
    """The PDF that stands for the paper: its newest revision, or the file itself when it arrived signed."""
    if document.latest_revision is not None:
        return document.latest_revision.object
    return document.version.pdf or document.version.originals[0].object


def _strip(house: House, work: Work, document: DocumentRecord, entry: Print) -> PrintStrip:
    """The strip of an unsealed print; `_sealed` adds what only a valid paper has."""
    return PrintStrip(
        paper_name=_paper_name(house, document),
        code_shown=_code_shown(document),
        weight=document.weight,
        status=Status.PROVISIONAL,
        issuing_office=house.agency_name(work, document.intake_agency),
        system_name=house.settings.system_name,
        issued_for=entry.to_whom,
        reason=entry.reason,
        print_number=entry.number,
        at=entry.at,
        host=house.settings.verify_host,
    )


def _sealed(
    house: House, work: Work, document: DocumentRecord, entry: Print, strip: PrintStrip
) -> tuple[Print, PrintStrip]:
    seal = _seal(house, work, document, entry)
    entry = work.prints.set_seal(entry.id, seal)
    link = seal_link(house.settings.verify_host, seal)
    return entry, replace(strip, status=Status.VALID, link=link, short_code=entry.short_code)


def _seal(house: House, work: Work, document: DocumentRecord, entry: Print) -> bytes:
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
        claims, house.pki.seal_key(document.intake_agency), profile=profile, names=_names(doc_type)
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
