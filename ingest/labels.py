"""Fields by their labels: what stands right of `Giới tính:` on a form, up to the next label.

Forms repeat labels (`Năm sinh` of mother and father, two spouses side by side): a label belongs to the part of
the form that was opened last above it, or, where two parts stand side by side, to the one in whose column it stands.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from common import fold
from ingest.catalogue import FieldSpec, Kind
from ingest.found import Found
from ingest.layout import Layout, Row, Token
from ingest.likeness import likeness
from ingest.normalise import bare, normalised

_ALIKE = 0.84
_SHORT = 6
"""Labels of fewer letters (`Số`, `Cho`, `Từ`) must agree exactly and be followed by a colon or dots."""
_FORM_PAGES = 12
"""No form has more; what follows is annexes."""
_MOST_HITS = 300
"""Labels of one page that are looked at; the fullest form has about 60."""
_MOST_TRIES = 30
"""Labels without a value after which a field is given up."""
_WRAPPED_ROWS = 2
_WRAPPING = {Kind.TEXT, Kind.PLACE, Kind.ID_PAPER}


@dataclass(frozen=True)
class Hit:
    """A label found in a row: which fields it may announce, and the tokens from `first` to before `last`."""

    specs: tuple[FieldSpec, ...]
    letters: int
    """Letters of the label."""
    page: Layout
    row: int
    first: int
    last: int

    @property
    def tokens(self) -> tuple[Token, ...]:
        return self.page.rows[self.row].tokens

    @property
    def x0(self) -> float:
        return self.tokens[self.first].x0

    @property
    def opens(self) -> str | None:
        """The part of the form that this label opens."""
        return next((spec.name for spec in self.specs if spec.section == spec.name), None)


def find_labelled(pages: Sequence[Layout], specs: Sequence[FieldSpec]) -> dict[str, Found]:
    """The first value of every field whose label stands on the pages; blanks that were left empty are absent."""
    labels = _by_label(specs)
    hits = [hit for page in pages[:_FORM_PAGES] for hit in islice(_hits(page, labels), _MOST_HITS)]
    assigned = list(_assigned(hits))
    # A short word that announces nothing here is part of a value: `lúc 18 giờ, ngày 11 tháng 3`.
    announcing = {id(hit) for hit, _ in assigned}
    form = _Form([hit for hit in hits if hit.letters >= _SHORT or id(hit) in announcing])
    values: dict[str, Found] = {}
    tries: Counter[str] = Counter()
    for hit, spec in assigned:
        tries[spec.name] += 1
        found = None if spec.name in values or tries[spec.name] > _MOST_TRIES else _value(hit, spec, form)
        if found:
            values[spec.name] = found
    return values


class _Form:
    """The labels of all pages, indexed once, so that no question about one label goes through all others."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._by_row: dict[tuple[int, int], list[Hit]] = defaultdict(list)
        openers: dict[tuple[int, int], list[Hit]] = defaultdict(list)
        for hit in hits:
            self._by_row[id(hit.page), hit.row].append(hit)
            if hit.opens:
                openers[id(hit.page), hit.row].append(hit)
        self._opening_rows: dict[int, list[int]] = defaultdict(list)
        for page, row in openers:  # in reading order, as the hits are
            self._opening_rows[page].append(row)
        self._paired = {place for place, beside in openers.items() if len(beside) > 1}
        self._starts = sorted({hit.x0 for place in self._paired for hit in openers[place]})

    def in_row(self, page: Layout, row: int) -> Sequence[Hit]:
        """The labels of one row, from left to right."""
        return self._by_row.get((id(page), row), ())

    def column(self, hit: Hit) -> tuple[float, float]:
        """Left and right end of the column in which the label stands: the page, or its half on a form of two."""
        rows = self._opening_rows.get(id(hit.page), [])
        above = bisect_right(rows, hit.row) - 1
        # Parts side by side were opened last above the label; a single part ends them.
        if above < 0 or (id(hit.page), rows[above]) not in self._paired:
            return 0.0, hit.page.width
        at = bisect_right(self._starts, hit.x0 + 2 * hit.page.line_height)
        left = self._starts[at - 1] if at else 0.0
        right = self._starts[at] if at < len(self._starts) else hit.page.width
        return left - hit.page.line_height, right


@dataclass(frozen=True)
class _Label:
    words: tuple[str, ...]
    letters: str
    specs: tuple[FieldSpec, ...]


def _by_label(specs: Sequence[FieldSpec]) -> list[_Label]:
    """Every label once, the longest first, with all fields that it may announce."""
    owners: dict[tuple[str, ...], list[FieldSpec]] = {}
    for spec in specs:
        for label in spec.labels:
            owners.setdefault(tuple(_words(label)), []).append(spec)
    labels = [_Label(words, "".join(words), tuple(dict.fromkeys(specs))) for words, specs in owners.items()]
    return sorted(labels, key=lambda label: -len(label.letters))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", fold(text))


def _hits(page: Layout, labels: Sequence[_Label]) -> Iterator[Hit]:
    """Labels of the page in reading order, none overlapping another."""
    for number, row in enumerate(page.rows):
        letters = ["".join(_words(token.text)) for token in row.tokens]
        at = 0
        while at < len(letters):
            label, last = _label_at(row, letters, at, labels)
            if label:
                yield Hit(label.specs, len(label.letters), page, number, at, last)
            at = last


def _label_at(
    row: Row, letters: Sequence[str], at: int, labels: Sequence[_Label]
) -> tuple[_Label | None, int]:
    """The label that begins at token `at`, and where reading goes on."""
    best = _best_at(row, letters, at, labels)
    # A word of the value before it must not be swallowed: `… OANH Họ, chữ đệm, tên chồng`.
    if best is None or ((later := _best_at(row, letters, at + 1, labels)) and later[0] > best[0]):
        return None, at + 1
    return best[1], best[2]


def _best_at(
    row: Row, letters: Sequence[str], at: int, labels: Sequence[_Label]
) -> tuple[float, _Label, int] | None:
    """How well the best label from token `at` on agrees, the label, and where it ends; long ones count more."""
    best: tuple[float, _Label, int] | None = None
    for label in labels if at < len(letters) and letters[at] else ():
        for last, size in _ends(letters, at, len(label.words)):
            if abs(size - len(label.letters)) > 0.3 * len(label.letters):
                continue
            alike = _agreement("".join(letters[at:last]), label, row, at, last)
            score = alike**2 * len(label.letters)
            if alike and (best is None or score > best[0]):
                best = score, label, last
    return best


def _ends(letters: Sequence[str], at: int, words: int) -> Iterator[tuple[int, int]]:
    """Ends of a run of at most `words` tokens with letters, or one more, since readers join words and split them;
    and the letters in that run."""
    count, last, size, most = 0, at, 0, words + (words > 2)
    while last < len(letters) and count < most:
        count += bool(letters[last])
        size += len(letters[last])
        last += 1
        if letters[last - 1]:
            yield last, size


def _agreement(read: str, label: _Label, row: Row, first: int, last: int) -> float:
    """The likeness of what was read with the label, 0 when it is not enough for a label here."""
    ended = row.tokens[last - 1].text.endswith((":", "…", "..")) or _starts_blank(row, last)
    if len(label.letters) < _SHORT:
        dated = any(spec.kind is Kind.DATE for spec in label.specs) and _starts_figures(row, last)
        return float(read == label.letters and (ended or dated))
    alike = likeness(read, label.letters)
    # Without its colon a label must agree better and stand where labels stand: first, or after a gap.
    stands_free = first == 0 or row.tokens[first].x0 - row.tokens[first - 1].x1 > 0.6 * row.height
    return alike if alike >= (_ALIKE if ended else 0.93 if stands_free else 2) else 0.0


def _starts_blank(row: Row, at: int) -> bool:
    return at < len(row.tokens) and row.tokens[at].text.startswith((":", "…", "..", "."))


def _starts_figures(row: Row, at: int) -> bool:
    return at < len(row.tokens) and row.tokens[at].text[0].isdigit()


def _assigned(hits: Sequence[Hit]) -> Iterator[tuple[Hit, FieldSpec]]:
    """Each label with the field it announces here: the one of its part of the form, else the first without part."""
    beside: list[Hit] = []
    """The labels that opened the latest parts: more than one where they stand side by side."""
    for hit in hits:
        section = hit.opens or _section(beside, hit)
        inside = [spec for spec in hit.specs if spec.section == section]
        yield from ((hit, spec) for spec in inside or hit.specs if spec.section in (section, None))
        if hit.opens:
            beside = [*beside, hit] if beside and _same_row(beside[0], hit) else [hit]


def _section(beside: Sequence[Hit], hit: Hit) -> str | None:
    """The part of the form in which the label stands."""
    if not beside:
        return None
    latest = beside[-1]
    if hit.page is not latest.page or len(beside) == 1:
        return latest.opens
    # Side by side: the rightmost part that begins left of the label (or a letter right of it).
    at = bisect_right(beside, hit.x0 + 2 * hit.page.line_height, key=lambda each: each.x0)
    return (beside[at - 1] if at else latest).opens


# ---- values -------------------------------------------------------------------------------------------------


def _value(hit: Hit, spec: FieldSpec, form: _Form) -> Found | None:
    column = form.column(hit)
    tokens = [token for token in hit.tokens[hit.last : _next_label(hit, form)] if token.x0 < column[1]]
    if spec.section != spec.name or spec.kind is not Kind.TEXT:
        tokens += _continued(hit, spec, form, tokens, column)
    text = " ".join(token.text for token in tokens)
    value, sure = normalised(text, spec.kind)
    telling = tuple(token for token in tokens if any(map(str.isalnum, token.text)))
    return Found(value, telling, sure) if value and telling else None


def _next_label(hit: Hit, form: _Form) -> int:
    row = form.in_row(hit.page, hit.row)
    at = bisect_left(row, hit.last, key=lambda other: other.first)
    return row[at].first if at < len(row) else len(hit.tokens)


def _same_row(one: Hit, other: Hit) -> bool:
    return one.page is other.page and one.row == other.row


def _continued(
    hit: Hit, spec: FieldSpec, form: _Form, tokens: Sequence[Token], column: tuple[float, float]
) -> list[Token]:
    """The rows below that the value runs into: no label in them, close, and the row above full or empty."""
    text = bare(" ".join(token.text for token in tokens))
    hanging = spec.kind is Kind.DATE and fold(text).endswith((" nam", " thang", " ngay"))
    if spec.kind not in _WRAPPING and text and not hanging:
        return []
    page, above = hit.page, hit.page.rows[hit.row]
    found: list[Token] = []
    last = tokens[-1] if tokens else None
    for number in range(hit.row + 1, min(hit.row + 1 + _WRAPPED_ROWS, len(page.rows))):
        part = page.rows[number].part(column[0], column[1])
        if (
            part is None
            or _labelled(page, number, column, form)
            or not _runs_on(last, part, above, page, column)
        ):
            break
        found += part.tokens
        above, last = page.rows[number], part.tokens[-1]
        if spec.kind not in _WRAPPING:
            break
    return found


def _labelled(page: Layout, number: int, column: tuple[float, float], form: _Form) -> bool:
    begins = (hit.tokens[hit.first].middle for hit in form.in_row(page, number))
    return any(column[0] <= middle < column[1] for middle in begins)


def _runs_on(last: Token | None, part: Row, above: Row, page: Layout, column: tuple[float, float]) -> bool:
    # A value that stands below its label, as on cards, may be in capitals too.
    in_capitals = last is None or last.text.isupper()
    if part.top - above.bottom > 1.8 * page.line_height or (part.is_upper and not in_capitals):
        return False
    edge = min(column[1], page.right_edge)
    if re.match(r"\W*(?:[IVX]{1,4}|[0-9]{1,2}|[a-zđ])[.)]\s", part.text):
        return False
    # Side by side there is no room: what stands below in the same column runs on.
    if column[1] < page.width and part.top - above.bottom < 1.2 * page.line_height:
        return True
    full = last is None or last.text.endswith((",", "-")) or not bare(last.text)
    return full or (last is not None and last.x1 > edge - 0.12 * page.width)
