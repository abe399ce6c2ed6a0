"""Codes as a person at the command line reads them: in Vietnamese, beside the code that programs know."""

from common import catalogue, say
from ingest import DocumentType


def in_words(kind: str, code: str) -> str:
    """A status, a weight, a state or a role: `Có hiệu lực / valid`."""
    return f"{say(f'{kind}-{code}'.replace('_', '-')).vi} / {code}"


def known_in_words(kind: str, code: str) -> str:
    """The same for a code that a newer or older version may have written: alone, where nobody knows it here."""
    return in_words(kind, code) if f"{kind}-{code}".replace("_", "-") in catalogue() else code


def field_in_words(doc_type: DocumentType | None, name: str) -> str:
    """A field as forms of its type print it, without the English of cards, else as any paper's head has it:
    `Họ, chữ đệm, tên vợ / wife_name`."""
    if doc_type is not None and (printed := doc_type.label_of(name)) is not None:
        return f"{printed.partition('/ ')[0].rstrip()} / {name}"
    return in_words("field", name) if f"field-{name}" in catalogue() else name
