"""Dates as papers print them: `ngày 08 tháng 01 năm 2025`, `08/01/2025`, a month, a year alone.

A day that was not read leaves a partial date; a letter is taken for a digit only where the two look alike, and the
date is then not sure.
"""

import re

from common import PartialDate, fold
from ingest.found import Found
from ingest.layout import Row

_ALIKE = str.maketrans("oOlI|i", "001111")
_DIGITS = r"[0-9oOlI|i]"
# Tolerant of a letter lost or wrong in the words, and of a space lost between word and number.
_WRITTEN = re.compile(
    rf"ng.?[yv]\s*(?P<day>[^\s,;]{{0,4}}?(?:\s[^\s,;]{{1,3}})?)\s*,?\s*th.{{1,2}}ng\s*"
    rf"(?P<month>{_DIGITS}{{1,2}}|\S{{0,3}}?)\s*,?\s*n[aăâđ]m\s*(?P<year>{_DIGITS}{{4}})"
)
_DAY_AND_MONTH = re.compile(
    rf"(?<![0-9])(?P<day>{_DIGITS}{{1,2}})\s*th.{{1,2}}ng\s*(?P<month>{_DIGITS}{{1,2}})\s*,?\s*nam\s*(?P<year>{_DIGITS}{{4}})"
)
_MONTH = re.compile(
    rf"th.{{1,2}}ng\s*(?P<month>{_DIGITS}{{1,2}})\s*(?:,?\s*n[aăâđ]m|[/.\-])\s*(?P<year>{_DIGITS}{{4}})"
)
_FIGURES = re.compile(
    rf"(?<![0-9])(?P<day>{_DIGITS}{{1,2}})\s?[/.\-]\s?(?P<month>{_DIGITS}{{1,2}})\s?[/.\-]\s?(?P<year>[12]{_DIGITS}{{3}})(?![0-9])"
)
_MONTH_FIGURES = re.compile(
    rf"(?<![0-9/])(?P<month>{_DIGITS}{{1,2}})\s?/\s?(?P<year>[12]{_DIGITS}{{3}})(?![0-9])"
)
_YEAR = re.compile(r"(?<![0-9])(?P<year>(?:1[89]|20|21)[0-9]{2})(?![0-9])")


def find_written_date(row: Row) -> Found | None:
    """The first date in words and figures (`ngày … tháng … năm …`) of the row; None when there is none."""
    match = _WRITTEN.search(row.folded)
    parsed = _parse(match) if match else None
    if match is None or parsed is None:
        return None
    value, sure = parsed
    return Found(str(value), row.between(match.start(), match.end()), sure)


def parse_date(text: str) -> tuple[PartialDate, bool] | None:
    """The first date in `text` in any printed form, and whether every figure was read as such."""
    folded = fold(text)
    for shape in (_FIGURES, _WRITTEN, _DAY_AND_MONTH, _MONTH, _MONTH_FIGURES, _YEAR):
        match = shape.search(folded)
        if match and (parsed := _parse(match)):
            return parsed
    return None


def only_date(text: str) -> tuple[PartialDate, bool] | None:
    """As `parse_date`, but not sure where the text holds a second, different date or year beside the first."""
    parsed = parse_date(text)
    if parsed is None:
        return None
    folded = fold(text)
    years = {int(match["year"]) for match in _YEAR.finditer(folded)}
    full = (match for shape in (_FIGURES, _WRITTEN, _DAY_AND_MONTH) for match in shape.finditer(folded))
    days = {each[0] for each in map(_parse, full) if each}
    return parsed[0], parsed[1] and years <= {parsed[0].year} and len(days) < 2


def _parse(match: re.Match[str]) -> tuple[PartialDate, bool] | None:
    parts = match.groupdict()
    year, month, day = (_number(parts.get(name) or "") for name in ("year", "month", "day"))
    if year is None or not 1800 <= year <= 2199:
        return None
    as_read = "".join(filter(None, parts.values())).replace(" ", "").isdigit()
    complete = all(name not in parts or value is not None for name, value in (("month", month), ("day", day)))
    for shape in ((year, month, day if month else None), (year, month), (year,)):
        try:
            return PartialDate(*shape), as_read and complete and len(shape) == 3
        except ValueError:
            continue
    return None


def _number(text: str) -> int | None:
    bare = re.sub(r"[\s.,_]", "", text).translate(_ALIKE)
    return int(bare) if bare.isdigit() and bare.isascii() else None
