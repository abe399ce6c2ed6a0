"""How objects are named: ids only, never a personal number (design.md, section 5)."""

import re
from uuid import UUID

from datastore.errors import BadObjectKey

_PART = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


def original_key(document: UUID, version: int, n: int = 1) -> str:
    """Where the n-th file that came in is kept (the first one is plainly `original`)."""
    return f"documents/{document}/v{version}/original" + (f"-{n}" if n > 1 else "")


def pdf_key(document: UUID, version: int, revision: int) -> str:
    """Where revision k is kept; revision 0 is the digitised PDF before any signature."""
    return f"documents/{document}/v{version}/document-r{revision}.pdf"


def prepared_key(document: UUID, version: int, role: str) -> str:
    """Where the PDF waits for a signature that may come hours later."""
    return f"documents/{document}/v{version}/prepared-{role}.pdf"


def reading_key(document: UUID, version: int, k: int) -> str:
    """Where the k-th reading is kept, from 1."""
    return f"documents/{document}/v{version}/reading-{k}.json"


def attestation_key(document: UUID, version: int) -> str:
    """Where the agency's record about a PDF that arrived signed is kept."""
    return f"documents/{document}/v{version}/attestation.cms"


def print_key(document: UUID, version: int, number: int) -> str:
    """Where the sheets of a print are kept."""
    return f"documents/{document}/v{version}/print-{number}.pdf"


def manifest_key(store: UUID, document: UUID) -> str:
    """Where a store's signed manifest entry of a document is kept."""
    return f"stores/{store}/{document}"


def parts_of(prefix: str) -> list[str]:
    """The names between the slashes; BadObjectKey for anything that is not plain small names."""
    parts = prefix.split("/") if prefix else []
    if not all(_PART.fullmatch(part) for part in parts):
        raise BadObjectKey(key=prefix)
    return parts


def require_key(key: str) -> str:
    """`key`, when it may name an object; BadObjectKey."""
    if not parts_of(key):
        raise BadObjectKey(key=key)
    return key
