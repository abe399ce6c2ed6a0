"""Identifiers of owners: persons, enterprises, agencies, foreigners. Each is parsed into one canonical form.

Promised: `parse` gives a canonical value or raises a `BadIdentifier` whose sentence says what is expected; the
sentence never repeats what was typed, because it may be somebody's number. What is written differently and means
the same (spaces, the missing hyphen of a branch, an alpha-2 country) becomes one form, so that equal owners have
equal identifiers.

Not promised: that the number was ever issued. A personal number has no check digit and the Law on Identity asks
for 12 digits only (Art. 12), so its structure gives warnings and review flags, never a refusal.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, ClassVar, Self

from stdnum.exceptions import ValidationError
from stdnum.vn import mst

from common import KhosoError, PartialDate, Sentence, fold, nfc, say

_LONGEST = 64
"""No identifier is longer; whatever is longer is refused before any other work."""


class BadIdentifier(KhosoError):
    """The text is no identifier of any kind; subclasses say which kind was expected."""

    code = "bad_identifier"


class BadPersonalId(BadIdentifier):
    code = "bad_personal_id"


class OldNumberOnly(BadIdentifier):
    """Nine digits: a number of the old identity card, which names its holder only through a look-up."""

    code = "old_number_only"


class BadOldNumber(BadIdentifier):
    code = "bad_old_number"


class BadEnterpriseCode(BadIdentifier):
    code = "bad_enterprise_code"


class BadEnterpriseCheckDigit(BadEnterpriseCode):
    code = "bad_enterprise_check_digit"


class BadAgencyCode(BadIdentifier):
    code = "bad_agency_code"


class BadForeignId(BadIdentifier):
    code = "bad_foreign_id"


class UnknownCountry(BadForeignId):
    code = "unknown_country"


class Sex(StrEnum):
    """As papers print it (`Nam`, `Nữ`) and as a personal number carries it."""

    MALE = "male"
    FEMALE = "female"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """`Nam`, `Nữ`, `Nu`, `Male`, `M`, … ; None for anything else."""
        return cls(_SEXES[key]) if (key := fold(text).strip(" .,;:")) in _SEXES else None


_SEXES = {"nam": "male", "male": "male", "m": "male", "nu": "female", "female": "female", "f": "female"}


def _plain(text: str, error: type[BadIdentifier]) -> str:
    """`text` stripped of white space around it; only printable ASCII passes, so that digits are digits."""
    bare = nfc(text).strip()
    if not bare or len(bare) > _LONGEST or not bare.isascii() or not bare.isprintable():
        raise error
    return bare


@dataclass(frozen=True, slots=True)
class PersonalId:
    """Personal identification number: 12 digits = place of birth registration, century and sex, year, 6 random.

    Circular 07/2016/TT-BCA, Annex 1; Law on Identity 26/2023/QH15, Art. 12.
    """

    # Personal numbers stay out of logs, and a `repr` ends up in logs.
    digits: str = field(repr=False)

    _SHAPE: ClassVar[re.Pattern[str]] = re.compile(r"[0-9]{12}")

    def __post_init__(self) -> None:
        if not self._SHAPE.fullmatch(self.digits):
            raise BadPersonalId

    @classmethod
    def parse(cls, text: str) -> Self:
        """Twelve digits, perhaps grouped by spaces or dots; BadPersonalId for anything else."""
        return cls(re.sub(r"[ .]", "", _plain(text, BadPersonalId)))

    @property
    def birth_year(self) -> int:
        """The year of birth that the fourth to sixth digit carry."""
        return 1900 + int(self.digits[3]) // 2 * 100 + int(self.digits[4:6])

    @property
    def sex(self) -> Sex:
        """The sex that the fourth digit carries: even is male."""
        return Sex.FEMALE if int(self.digits[3]) % 2 else Sex.MALE

    @property
    def province_code(self) -> str:
        """The first three digits: the province, or the country, of birth registration."""
        return self.digits[:3]

    @property
    def province(self) -> str | None:
        """The province's name as it was before the merger of 2025; None when the code is not in the table."""
        return provinces().get(self.province_code)

    def warnings(self, today: date) -> tuple[Sentence, ...]:
        """What is unusual about the number itself; never a reason to refuse it."""
        found = []
        if self.province is None:
            found.append(say("personal_id_province_unknown", province=self.province_code))
        if self.birth_year > today.year:
            found.append(say("personal_id_not_yet_born"))
        return tuple(found)

    def contradictions(self, birth_date: PartialDate | None, sex: Sex | None) -> tuple[Sentence, ...]:
        """Where the number disagrees with a birth date and sex printed beside it: a person must look."""
        found = []
        if birth_date is not None and birth_date.year != self.birth_year:
            found.append(say("personal_id_other_birth_year"))
        if sex is not None and sex is not self.sex:
            found.append(say("personal_id_other_sex"))
        return tuple(found)

    def __str__(self) -> str:
        return self.digits


_IN_TEXT = re.compile(
    r"(?<![0-9])(?:[0-9]{12}|[0-9]{3}(?:([ .])[0-9]{3})(?:\1[0-9]{3}){2}|[0-9]{4}(?:([ .])[0-9]{4})\2[0-9]{4})(?![0-9])"
)


def personal_ids_in(text: str, today: date) -> tuple[PersonalId, ...]:
    """The personal numbers that stand in a text, each once: twelve digits, perhaps grouped evenly, of a known province
    and of somebody who is born. Other numbers have twelve digits too; of an unusual one it is not said here."""
    found = dict.fromkeys(PersonalId.parse(match[0]) for match in _IN_TEXT.finditer(text))
    return tuple(number for number in found if not number.warnings(today))


@dataclass(frozen=True, slots=True)
class OldIdNumber:
    """Number of the old identity card (CMND): nine digits. Helps to find an owner, never names one by itself."""

    digits: str = field(repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{9}", self.digits):
            raise BadOldNumber

    @classmethod
    def parse(cls, text: str) -> Self:
        """Nine digits, perhaps grouped by spaces or dots; BadOldNumber for anything else."""
        return cls(re.sub(r"[ .]", "", _plain(text, BadOldNumber)))

    def __str__(self) -> str:
        return self.digits


@dataclass(frozen=True, slots=True)
class EnterpriseCode:
    """Enterprise code = tax code: 10 digits with a check digit, `-` and 3 digits more for a branch."""

    number: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{10}(-[0-9]{3})?", self.number) or self.number.startswith("00"):
            raise BadEnterpriseCode
        try:
            mst.validate(self.number)
        except ValidationError as error:
            raise BadEnterpriseCheckDigit from error

    @classmethod
    def parse(cls, text: str) -> Self:
        """`0100109106`, `0100109106-001`, `0100109106001`; BadEnterpriseCode for anything else."""
        digits = re.sub(r"[ .]", "", _plain(text, BadEnterpriseCode))
        return cls(f"{digits[:10]}-{digits[10:]}" if re.fullmatch(r"[0-9]{13}", digits) else digits)

    @property
    def parent(self) -> "EnterpriseCode | None":
        """The enterprise of a branch; None when this is no branch."""
        return EnterpriseCode(self.number[:10]) if "-" in self.number else None

    def warnings(self, today: date) -> tuple[Sentence, ...]:
        """Nothing: a code with a right check digit is taken as it stands."""
        return ()

    def __str__(self) -> str:
        return self.number


@dataclass(frozen=True, slots=True)
class AgencyCode:
    """Identification code of an agency, new form (`H41.01`, Decision 20/2020/QD-TTg Art. 4) or old
    (`000.00.01.H41`, Circular 10/2016/TT-BTTTT). Neither is derived from the other."""

    code: str

    _NEW: ClassVar[re.Pattern[str]] = re.compile(r"[A-Y][0-9]{2}(\.[0-9A-Z]+)*")
    _OLD: ClassVar[re.Pattern[str]] = re.compile(r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Y][0-9]{2}")

    def __post_init__(self) -> None:
        new = self._NEW.fullmatch(self.code) and len(self.code) <= 35
        if not (new or self._OLD.fullmatch(self.code)):
            raise BadAgencyCode

    @classmethod
    def parse(cls, text: str) -> Self:
        """Either form, in small letters too; BadAgencyCode for anything else."""
        return cls(_plain(text, BadAgencyCode).upper())

    @property
    def is_old_form(self) -> bool:
        """The 13-character form that begins with digits."""
        return self.code[0].isdigit()

    @property
    def ministry_or_province(self) -> str:
        """The group `MX1X2` of the first level: the ministry or province above."""
        return self.code[-3:] if self.is_old_form else self.code[:3]

    def warnings(self, today: date) -> tuple[Sentence, ...]:
        """The old form was replaced; a person may want to look for the new code."""
        return (say("agency_code_old_form"),) if self.is_old_form else ()

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class ForeignId:
    """A foreigner by the number of a passport or similar paper: `NN-<country>-<number>`.

    The law knows no such identifier; the form is this system's own. The country is ISO 3166-1 **alpha-3**, as the
    machine-readable zone of a passport prints it (ICAO 9303-3), with ICAO's codes for the stateless and refugees;
    alpha-2 is read and becomes alpha-3.
    """

    country: str
    number: str = field(repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z0-9]{3,20}", self.number):
            raise BadForeignId
        if self.country not in countries().values():
            raise UnknownCountry

    @classmethod
    def parse(cls, text: str) -> Self:
        """`NN-USA-123456789`, `nn-us-123456789`; BadForeignId for anything else."""
        match = re.fullmatch(r"NN-([A-Z]{2,3})-([A-Z0-9]+)", _plain(text, BadForeignId).upper())
        if match is None:
            raise BadForeignId
        return cls(countries().get(match[1], match[1]), match[2])

    def warnings(self, today: date) -> tuple[Sentence, ...]:
        """A passport number changes with the passport: whoever has a personal number is better named by it."""
        return (say("foreign_id_changes"),)

    def __str__(self) -> str:
        return f"NN-{self.country}-{self.number}"


Identifier = PersonalId | EnterpriseCode | AgencyCode | ForeignId


def parse_identifier(text: str) -> Identifier:
    """The identifier that `text` is, in canonical form; BadIdentifier with a sentence for the kind it resembles.

    The kinds cannot be confused: 12 digits, 10 or 13 digits, `NN-…`, and the two forms of agency codes.
    """
    bare = _plain(text, BadIdentifier)
    digits = re.sub(r"[ .]", "", bare)
    if bare.upper().startswith("NN-"):
        return ForeignId.parse(bare)
    if re.fullmatch(r"[0-9]{9}", digits):
        raise OldNumberOnly
    if re.fullmatch(r"[0-9]{10}(-?[0-9]{3})?", digits):
        return EnterpriseCode.parse(bare)
    if digits.isdigit():
        return PersonalId.parse(bare)
    if any(letter.isalpha() for letter in bare):
        return AgencyCode.parse(bare)
    raise BadIdentifier


@cache
def _tables() -> Mapping[str, Any]:
    return tomllib.loads((resources.files("ingest") / "places.toml").read_text(encoding="utf-8"))


def provinces() -> Mapping[str, str]:
    """Province names by the first three digits of a personal number (Circular 07/2016/TT-BCA, Annex 1)."""
    table: Mapping[str, str] = _tables()["provinces"]
    return table


def countries() -> Mapping[str, str]:
    """Alpha-3 codes by alpha-2 (ISO 3166-1), and ICAO's own codes by themselves."""
    table: Mapping[str, str] = _tables()["countries"]
    return table
