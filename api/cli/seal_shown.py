"""What a seal says, as people read it: one fact a line, labelled in Vietnamese and English.

Fields are labelled as the forms of that paper print them; the English label is the field's name.
"""

from collections.abc import Iterator, Mapping

from common import VIETNAM, Sentence, say, shown
from ingest import load_catalogue
from signing import SealClaims


def lines_of(claims: SealClaims) -> Iterator[str]:
    """The claims, and then the sealed fields; what the seal does not say has no line."""
    facts = {
        "issuer": claims.issuer,
        "paper_name": claims.paper_name,
        "identifier": claims.identifier_masked,
        "dossier_number": claims.dossier_number,
        "procedure_code": claims.procedure_code,
        "valid_until": None if claims.valid_until is None else f"{claims.valid_until:%d/%m/%Y}",
        "scope": claims.scope,
        "print_number": claims.print_number,
        "pages": claims.pages,
        "issued_at": shown(claims.issued_at),
        "system_name": claims.system_name,
        "document_id": claims.document_id,
        "revision_sha256": claims.revision_sha256.hex,
        "status_index": claims.status_index,
        "log_leaf": claims.log_leaf,
    }
    for name, value in facts.items():
        if value is not None:
            yield f"{say(f'claim-{name}')}: {value}"
    labels = _labels(claims)
    for name, text in claims.fields.items():
        english = name.replace("_", " ")
        yield f"{Sentence(name, labels.get(name, english), english)}: {text}"


def _labels(claims: SealClaims) -> Mapping[str, str]:
    """How forms of the paper's type print its fields; a seal names the type by the paper's name only."""
    made_on = claims.issued_at.astimezone(VIETNAM).date()
    named = (doc_type for doc_type in load_catalogue(made_on) if doc_type.name == claims.paper_name)
    return {spec.name: spec.labels[0] for doc_type in named for spec in doc_type.fields if spec.labels}
