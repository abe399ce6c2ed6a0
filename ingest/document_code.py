"""Code of a digitised document, `<identifier>.<doc-type>` (Decision 468/QD-TTg of 2021, III.1.b).

Both parts contain dots, so the code is read from the right: the type is the longest ending that looks like one,
what stands before it is the identifier, canonicalised. The code is a name, not a key: it can be guessed, is not
unique (one person may own several land certificates), and opens nothing.
"""

import re
from dataclasses import dataclass
from typing import Self

from common import KhosoError, nfc
from ingest.identifiers import BadIdentifier, Identifier, parse_identifier

_LONGEST = 128
_TYPE = re.compile(
    r"KQ\.[A-Y][0-9]{2}\.[0-9]{6}"  # a result type of the national list
    r"|[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Y][0-9]{2}-KQ[0-9]{6}"  # a dossier component that is a result
    r"|[A-Z][A-Z0-9_]{1,29}"  # a local code
)


class BadDocumentCode(KhosoError):
    """No document code: the type at the end is missing or of no known form."""

    code = "bad_document_code"


class BadDocumentCodeOwner(BadDocumentCode):
    """The type is there, but what stands before it is no identifier; the cause says why."""

    code = "bad_document_code_owner"


def is_doc_type(text: str) -> bool:
    """Whether `text` has the form of a document-type code, national or local."""
    return _TYPE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class DocumentCode:
    """`040090001234.KQ.G15.000031`: whose paper, and of which type."""

    identifier: Identifier
    doc_type: str

    def __post_init__(self) -> None:
        if not is_doc_type(self.doc_type):
            raise BadDocumentCode

    @classmethod
    def parse(cls, text: str) -> Self:
        """The code in canonical form; BadDocumentCode when the type or the identifier is none."""
        owner, doc_type = _split(nfc(text).strip())
        try:
            return cls(parse_identifier(owner), doc_type)
        except BadIdentifier as error:
            raise BadDocumentCodeOwner from error

    def __str__(self) -> str:
        return f"{self.identifier}.{self.doc_type}"


def _split(code: str) -> tuple[str, str]:
    """Identifier and type: the first dot after which everything is one type starts the longest type."""
    if len(code) > _LONGEST:
        raise BadDocumentCode
    for dot in re.finditer(r"\.", code):
        if is_doc_type(code[dot.end() :]):
            return code[: dot.start()], code[dot.end() :]
    raise BadDocumentCode
