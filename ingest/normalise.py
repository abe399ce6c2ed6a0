"""Values as they are kept, by what they hold: dates as ISO, numbers without stray spaces, names without titles.

A value that does not have the form of its kind is kept as it was read and is not sure.
"""

import re
from collections.abc import Callable

from common import fold, one_line
from ingest.catalogue import Kind
from ingest.identifiers import BadIdentifier, EnterpriseCode, Sex
from ingest.person_names import is_family_name, respelt_name
from ingest.printed_dates import only_date

_BLANKS = re.compile(r"[.…·_]{2,}|(?:\s[.…·_]){2,}|[…_]")
_AT_THE_ENDS = " \t.,;:|'\"`~*“”‘’=«»"
_ALIKE = str.maketrans("oOlI|i", "001111")


def bare(text: str) -> str:
    """One line without the dotted blanks of the form, the translation of the label, and specks at the ends."""
    without_translation = re.sub(r"^\s*[/(][A-Za-z',/ ]{2,40}[):]+", " ", text)
    return one_line(_BLANKS.sub(" ", without_translation)).strip(_AT_THE_ENDS).removesuffix(" -").strip()


def normalised(text: str, kind: Kind) -> tuple[str, bool]:
    """The value and whether it has the form of its kind."""
    clean = bare(text)
    return _BY_KIND.get(kind, _as_it_is)(clean)


def _as_it_is(text: str) -> tuple[str, bool]:
    return text, True


def _date(text: str) -> tuple[str, bool]:
    parsed = only_date(text)
    return (str(parsed[0]), parsed[1]) if parsed else (text, False)


def _year(text: str) -> tuple[str, bool]:
    parsed = only_date(text)
    if parsed is None:
        return text, False
    year = str(parsed[0].year)
    # A day that was not read says nothing against the year, as long as the year itself stands there in figures.
    alone = set(re.findall(r"(?<!\d)\d{4}(?!\d)", text)) == {year}
    return year, alone and (parsed[1] or parsed[0].complete is None)


def _name(text: str) -> tuple[str, bool]:
    untitled = re.sub(r"^(?:Hộ )?(?:Ông|Bà|ông|bà|ÔNG|BÀ)(?:\s*[/(]\s*(?:bà|Bà|BÀ)\)?)?\s*:?\s+", "", text)
    # Between two words in capitals a comma is a speck; elsewhere what follows it tells the year or the position.
    joined = (
        re.sub(r"(?<=[^\W\d_a-z]{2})[,.](?= [^\W\d_a-z]{2})", "", untitled)
        if untitled.isupper()
        else untitled
    )
    # What follows a comma or a bracket tells the year of birth or the position.
    name = re.split(r"[,;:(]|\s-\s", joined)[0].strip(_AT_THE_ENDS)
    words = name.split()
    spelt = all(re.fullmatch(r"[^\W\d_]+['’.-]?[^\W\d_]*", word) for word in words)
    if not words:
        return name, False
    # A foreigner's name begins otherwise: kept as it is, but a person should look.
    return respelt_name(words), spelt and 2 <= len(words) <= 7 and is_family_name(words[0])


def _sex(text: str) -> tuple[str, bool]:
    word = text.split()[0].strip(_AT_THE_ENDS) if text.split() else ""
    sex = Sex.parse(word)
    # A form that prints both leaves it to a mark which of them holds: `Nam □ Nữ ☒`.
    told = {each for each in map(Sex.parse, re.findall(r"\w+", text)) if each}
    return (("Nam" if sex is Sex.MALE else "Nữ"), told == {sex}) if sex else (text, False)


def _digits_of(text: str) -> str:
    """The text with spaces and dots between digits taken out, and lookalikes beside digits as digits."""
    joined = re.sub(r"(?<=\d)[ .](?=\d)", "", text)
    return re.sub(r"(?<=\d)[oOlI|i]+(?=\d)", lambda match: match[0].translate(_ALIKE), joined)


def _personal_id(text: str) -> tuple[str, bool]:
    digits = re.findall(r"(?<!\d)(?:\d{12}|\d{9})(?!\d)", _digits_of(text))
    return (digits[0], len(digits[0]) == 12 and len(set(digits)) == 1) if digits else (text, False)


def _id_paper(text: str) -> tuple[str, bool]:
    numbers = re.findall(r"(?<!\d)\d{12}(?!\d)|(?<!\d)\d{9}(?!\d)|\b[A-Z]\d{7,8}\b", _digits_of(text))
    return (numbers[0], len(set(numbers)) == 1) if numbers else (text, False)


def _enterprise_code(text: str) -> tuple[str, bool]:
    match = re.search(r"(?<!\d)\d{10}(?:\s?-\s?\d{3}|\d{3})?(?!\d)", _digits_of(text))
    if match is None:
        return text, False
    code = match[0].replace(" ", "")
    try:
        return str(EnterpriseCode.parse(code)), True
    except BadIdentifier:
        return code, False


def _number(text: str) -> tuple[str, bool]:
    close = re.sub(r"\s*([/\-])\s*", r"\1", text.replace("Ð", "Đ"))
    close = re.split(r"\s+(?=[a-zđ(])|[,;]", close)[0]
    return close, any(map(str.isdigit, close))


def _money(text: str) -> tuple[str, bool]:
    without_specks = re.sub(r"(?<=\d)[.,](?=\s|$)", "", text)
    return without_specks, any(map(str.isdigit, text)) or "dong" in fold(text)


_BY_KIND: dict[Kind, Callable[[str], tuple[str, bool]]] = {
    Kind.DATE: _date,
    Kind.YEAR: _year,
    Kind.NAME: _name,
    Kind.SEX: _sex,
    Kind.PERSONAL_ID: _personal_id,
    Kind.ID_PAPER: _id_paper,
    Kind.ENTERPRISE_CODE: _enterprise_code,
    Kind.NUMBER: _number,
    Kind.MONEY: _money,
}
