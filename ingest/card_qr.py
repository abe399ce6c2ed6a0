"""The text in the QR code of an identity card (CCCD with chip, căn cước).

Seven fields parted by `|`: personal number, old number (may be empty), full name, birth date, sex, permanent
address, day of issue. Cards from 1/7/2024 add fields whose order is not published: they are kept as they are. Some
readers drop the old number and give six fields: accepted with a warning. The code carries no signature: what it
says is a help for typing, never a proof of identity.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from common import KhosoError, PartialDate, Sentence, nfc, one_line, say
from ingest.identifiers import BadIdentifier, OldIdNumber, PersonalId, Sex

_LONGEST = 2_000
"""Characters; the largest QR code with Vietnamese text holds fewer."""
_DATES = (
    re.compile(r"(?P<day>[0-9]{2})(?P<month>[0-9]{2})(?P<year>[0-9]{4})"),
    re.compile(r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})"),
    re.compile(r"(?P<year>[0-9]{4})"),
)


class BadCardQr(KhosoError):
    """Not the text of an identity card's QR code; `part` names the field that cannot be."""

    code = "bad_card_qr"


@dataclass(frozen=True, slots=True)
class CardQr:
    """What the card says about its holder."""

    personal_id: PersonalId
    old_number: OldIdNumber | None
    name: str
    birth_date: PartialDate
    sex: Sex
    address: str
    issued: PartialDate
    extra_fields: tuple[str, ...] = ()
    warnings: tuple[Sentence, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The fields of the code, NFC; BadCardQr when one of the first seven cannot be what it should."""
        fields, shortened = _fields(text)
        personal_id, sex = _personal_id(fields[0]), _sex(fields[4])
        birth_date = _date(fields[3], "birth_date")
        lacking = (say("card_qr_without_old_number"),) if shortened else ()
        return cls(
            personal_id=personal_id,
            old_number=_old_number(fields[1]),
            name=_text(fields[2], "name"),
            birth_date=birth_date,
            sex=sex,
            address=_text(fields[5], "address"),
            issued=_date(fields[6], "issued"),
            extra_fields=tuple(fields[7:]),
            warnings=(*lacking, *personal_id.contradictions(birth_date, sex)),
        )


def _fields(text: str) -> tuple[list[str], bool]:
    """At least seven fields, and whether the second had to be put in because it was missing."""
    bare = nfc(text).strip()
    # Invisible marks (right-to-left overrides among them) could make a name look like another.
    if len(bare) > _LONGEST or any(unicodedata.category(letter) in {"Cc", "Cf"} for letter in bare):
        raise BadCardQr(part="text")
    fields = [part.strip() for part in bare.split("|")]
    shortened = len(fields) == 6
    if shortened:
        fields.insert(1, "")
    if len(fields) < 7:
        raise BadCardQr(part="text")
    return fields, shortened


def _personal_id(text: str) -> PersonalId:
    try:
        return PersonalId.parse(text)
    except BadIdentifier as error:
        raise BadCardQr(part="personal_id") from error


def _old_number(text: str) -> OldIdNumber | None:
    try:
        return OldIdNumber.parse(text) if text else None
    except BadIdentifier as error:
        raise BadCardQr(part="old_number") from error


def _sex(text: str) -> Sex:
    sex = Sex.parse(text)
    if sex is None:
        raise BadCardQr(part="sex")
    return sex


def _text(text: str, part: str) -> str:
    if not text:
        raise BadCardQr(part=part)
    return one_line(text)


def _date(text: str, part: str) -> PartialDate:
    """`ddMMyyyy`, `dd/MM/yyyy` or a year alone."""
    for shape in _DATES:
        if match := shape.fullmatch(text):
            numbers = {name: int(value) for name, value in match.groupdict().items()}
            try:
                return PartialDate(**numbers)
            except ValueError as error:
                raise BadCardQr(part=part) from error
    raise BadCardQr(part=part)
