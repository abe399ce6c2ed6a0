"""What a seal says, as a value and as the deterministic CBOR map with integer keys that is signed.

| Key | Claim | CBOR |
|---|---|---|
| 1 | version of this table: 1 | unsigned |
| 2 | issuer: agency code | text |
| 3 | document id | 16 bytes |
| 4 | revision SHA-256 | 32 bytes |
| 5 | print number | unsigned |
| 6 | status index | unsigned |
| 7 | log leaf | unsigned |
| 8 | issue time, seconds since 1970 UTC | unsigned |
| 9 | pages of the print | unsigned |
| 10 | dossier number | text |
| 11 | procedure code | text |
| 12 | identifier, masked unless the profile says otherwise | text |
| 13 | name of the paper | text |
| 14 | name of the information system | text |
| 15 | valid until, days since 1970-01-01 | integer |
| 16 | scope | text |
| 17 | date of the profile, days since 1970-01-01 | integer |
| 20 | sealed fields | map of text to text |

1 to 6 and 8 are always there; what is absent is not said. Every text is one NFC line. Reading refuses what
writing would not have written: unknown keys, other types, numbers below zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from common import Digest, one_line
from signing.cose import NotStrict, decode, encode

_T = TypeVar("_T")
_EPOCH = date(1970, 1, 1)
_FORMAT = 1
_UUID_BYTES = 16
_VERSION, _ISSUER, _DOCUMENT, _REVISION, _PRINT, _STATUS, _LEAF, _ISSUED, _PAGES = range(1, 10)
_DOSSIER, _PROCEDURE, _IDENTIFIER, _PAPER, _SYSTEM, _VALID_UNTIL, _SCOPE, _PROFILE = range(10, 18)
_FIELDS = 20


class AnotherFormat(ValueError):
    """The claims are of a version that this program does not know."""


@dataclass(frozen=True, slots=True)
class SealClaims:
    """What a seal says. A seal keeps instants to the second and each text as one NFC line.

    `issuer` is the agency of the seal key; `identifier_masked` what is shown of the owner's identifier;
    `pages` counts the pages of the print; `profile` is the date of the rule that chose the claims; `fields`
    are what else is printed and sealed, most important first.
    """

    issuer: str
    document_id: UUID
    revision_sha256: Digest
    print_number: int
    status_index: int
    issued_at: datetime
    log_leaf: int | None = None
    pages: int | None = None
    dossier_number: str | None = None
    procedure_code: str | None = None
    identifier_masked: str | None = None
    paper_name: str | None = None
    system_name: str | None = None
    valid_until: date | None = None
    scope: str | None = None
    profile: date | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The claims as `khoso verify --json` shows them; what the seal does not say is null."""
        return {
            "issuer": self.issuer,
            "document_id": str(self.document_id),
            "revision_sha256": self.revision_sha256.hex,
            "print_number": self.print_number,
            "pages": self.pages,
            "status_index": self.status_index,
            "log_leaf": self.log_leaf,
            "issued_at": self.issued_at.isoformat(),
            "dossier_number": self.dossier_number,
            "procedure_code": self.procedure_code,
            "identifier": self.identifier_masked,
            "paper_name": self.paper_name,
            "system_name": self.system_name,
            "valid_until": None if self.valid_until is None else self.valid_until.isoformat(),
            "scope": self.scope,
            "fields": dict(self.fields),
        }


def write_claims(claims: SealClaims) -> bytes:
    """The CBOR map of the claims; ValueError for a number below zero."""
    said: dict[int, object] = {
        _VERSION: _FORMAT,
        _ISSUER: one_line(claims.issuer),
        _DOCUMENT: claims.document_id.bytes,
        _REVISION: claims.revision_sha256.value,
        _PRINT: claims.print_number,
        _STATUS: claims.status_index,
        _LEAF: claims.log_leaf,
        _ISSUED: int(claims.issued_at.timestamp()),
        _PAGES: claims.pages,
        _DOSSIER: _one_line(claims.dossier_number),
        _PROCEDURE: _one_line(claims.procedure_code),
        _IDENTIFIER: _one_line(claims.identifier_masked),
        _PAPER: _one_line(claims.paper_name),
        _SYSTEM: _one_line(claims.system_name),
        _VALID_UNTIL: _days(claims.valid_until),
        _SCOPE: _one_line(claims.scope),
        _PROFILE: _days(claims.profile),
        _FIELDS: {one_line(name): one_line(text) for name, text in claims.fields.items()} or None,
    }
    for key in (_PRINT, _STATUS, _LEAF, _PAGES):
        _not_negative(said[key])
    return encode({key: value for key, value in said.items() if value is not None})


def read_claims(payload: bytes) -> SealClaims:
    """The claims that `write_claims` wrote; AnotherFormat for a later version, NotStrict else."""
    said = decode(payload)
    if type(said) is not dict or type(said.get(_VERSION)) is not int:
        raise NotStrict("claims are a map with a version")
    if said.pop(_VERSION) != _FORMAT:
        raise AnotherFormat
    try:
        claims = _claims_of(said)
        same = write_claims(claims) == payload
    except (KeyError, ValueError, OverflowError) as error:
        raise NotStrict("a claim is missing or not what it should be") from error
    if not same:
        raise NotStrict("unknown claims, or texts that are not one NFC line")
    return claims


def instant(seconds: int) -> datetime:
    """The instant so many seconds after 1970; OverflowError beyond the calendar, on every platform."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _claims_of(said: dict[object, object]) -> SealClaims:
    return SealClaims(
        issuer=_must(said, _ISSUER, str),
        document_id=UUID(bytes=_must(said, _DOCUMENT, bytes)),
        revision_sha256=Digest(_must(said, _REVISION, bytes)),
        print_number=_must(said, _PRINT, int),
        status_index=_must(said, _STATUS, int),
        issued_at=instant(_must(said, _ISSUED, int)),
        log_leaf=_may(said, _LEAF, int),
        pages=_may(said, _PAGES, int),
        dossier_number=_may(said, _DOSSIER, str),
        procedure_code=_may(said, _PROCEDURE, str),
        identifier_masked=_may(said, _IDENTIFIER, str),
        paper_name=_may(said, _PAPER, str),
        system_name=_may(said, _SYSTEM, str),
        valid_until=_date(_may(said, _VALID_UNTIL, int)),
        scope=_may(said, _SCOPE, str),
        profile=_date(_may(said, _PROFILE, int)),
        fields=_texts(_may(said, _FIELDS, dict)),
    )


def _must(said: dict[object, object], key: int, kind: type[_T]) -> _T:
    value = said[key]
    # `type`, not `isinstance`: true and false are integers to Python, not to CBOR.
    if type(value) is not kind:
        raise ValueError(f"claim {key} is of the wrong type")
    return value


def _may(said: dict[object, object], key: int, kind: type[_T]) -> _T | None:
    return _must(said, key, kind) if key in said else None


def _texts(pairs: dict[object, object] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in (pairs or {}).items():
        if type(name) is not str or type(text) is not str:
            raise ValueError("sealed fields are texts")
        found[name] = text
    return found


def _one_line(text: str | None) -> str | None:
    return None if text is None else one_line(text)


def _days(day: date | None) -> int | None:
    return None if day is None else (day - _EPOCH).days


def _date(days: int | None) -> date | None:
    return None if days is None else _EPOCH + timedelta(days=days)


def _not_negative(value: object) -> None:
    if isinstance(value, int) and value < 0:
        raise ValueError("numbers of prints, indexes, leaves and pages count from zero")
