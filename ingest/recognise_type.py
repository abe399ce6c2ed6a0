"""Which type of paper this is, by its title: the line in capitals after the head, as forms of several years print it.

The text of the body does not count: a letter about birth certificates is a letter, a decision that revokes a
certificate is a decision. A title is compared whole, without accents and tolerant of reading errors; below the
threshold no code is given and a person is asked, with the nearest type as a hint. A letter has no title: it is known by
its number with a symbol, `V/v` below it, and the addressee.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from common import fold
from ingest.catalogue import Catalogue, DocumentType
from ingest.heads import (
    find_head,
    find_letter_subject,
    find_number,
    find_title_subject,
    is_numbered,
    motto_bottom,
)
from ingest.layout import Layout, Row, layout
from ingest.likeness import letters_only, likeness
from ingest.model import PageReading, TypeGuess
from ingest.official import kind_symbols, word_list
from ingest.printed_dates import find_written_date

THRESHOLD = 0.8
"""One wrong letter in eight still passes; `CHI TIẾT` is not `CHỈ THỊ` (0.77)."""
_WORTH_A_HINT = 0.6
"""Below this likeness a type is not even a hint."""
_LETTER = "CONG_VAN"
_DECISION = "QUYẾT ĐỊNH"
_TITLE_ROWS = 4
_MOST_LINES = 60
"""Lines in capitals on one page that are looked at, from the top."""
_FIRST_PAGES = 3
"""A title stands on the first page that is not blank, or behind a cover."""


@dataclass(frozen=True)
class Title:
    """A title on a page: as the forms print it, its rows, how well they agree, and the type it names (None: an
    administrative document that the catalogue does not know)."""

    printed: str
    rows: tuple[Row, ...]
    score: float
    doc_type: DocumentType | None
    page: Layout

    @property
    def is_letter(self) -> bool:
        """A letter has no title; its rows are those of `V/v`, if any."""
        return self.doc_type is not None and self.doc_type.local == _LETTER


def guess_type(pages: Sequence[PageReading], catalogue: Catalogue) -> TypeGuess:
    """The type that the title names; code and name are None when nothing agrees well enough."""
    candidates = ranked(tuple(layout(page) for page in pages), catalogue)
    if not candidates:
        return TypeGuess(None, None, 0.0)
    best = candidates[0]
    others = [each for each in candidates[1:] if each.doc_type is not best.doc_type]
    runner_up = next(
        (each.doc_type.code for each in others if each.doc_type and each.score >= _WORTH_A_HINT), None
    )
    score = round(min(best.score, 1.0), 3)
    if best.score >= THRESHOLD and best.doc_type:
        return TypeGuess(best.doc_type.code, best.doc_type.name, score, runner_up)
    hint = best.doc_type.code if best.doc_type and best.score >= _WORTH_A_HINT else runner_up
    return TypeGuess(None, None, score, hint)


def find_title(pages: Sequence[Layout], catalogue: Catalogue) -> Title | None:
    """The title that decides, when one is good enough."""
    candidates = ranked(pages, catalogue)
    return candidates[0] if candidates and candidates[0].score >= THRESHOLD else None


def ranked(pages: Sequence[Layout], catalogue: Catalogue) -> list[Title]:
    """Every type that the first pages may be, best first; each type once."""
    written = [page for page in pages if page.rows][:_FIRST_PAGES]
    for page in written:
        found = sorted(_on_page(page, catalogue), key=lambda title: -title.score)
        if found and found[0].score >= THRESHOLD:
            return found
    return sorted(_on_page(written[0], catalogue), key=lambda title: -title.score) if written else []


def _on_page(page: Layout, catalogue: Catalogue) -> list[Title]:
    best: dict[str, Title] = {}
    for title in (*_titles(page, catalogue), *_letters(page, catalogue)):
        for named in (title, *_decisions(title, catalogue)):
            key = named.doc_type.local if named.doc_type else named.printed
            if key not in best or named.score > best[key].score:
                best[key] = named
    return list(best.values())


# ---- titles -------------------------------------------------------------------------------------------------


def _titles(page: Layout, catalogue: Catalogue) -> Iterator[Title]:
    patterns = [(title, letters_only(title), each) for each in catalogue for title in each.titles]
    catalogued = {bare for _, bare, _ in patterns}
    kinds = [(kind, letters_only(kind), None) for kind in catalogue.official_kinds]
    known = [*patterns, *(kind for kind in kinds if kind[1] not in catalogued)]
    body = _body_top(page)
    for rows in _windows(page):
        weight = _placing(rows, page, body)
        readings = {letters_only(text) for text in _cleaned(rows)}
        for printed, bare, doc_type in known:
            score = weight * max(likeness(reading, bare) for reading in readings)
            if score > 0.5:
                # Of two titles that agree equally well the longer one says more.
                yield Title(printed, rows, score + len(bare) * 1e-5, doc_type, page)


def _windows(page: Layout) -> Iterator[tuple[Row, ...]]:
    """One to four lines in capitals (or in large letters), each right below the other."""
    pieces = (piece for row in page.rows for piece in row.segments() if _may_be_title(piece, page))
    lines = list(islice(pieces, _MOST_LINES))
    for first, line in enumerate(lines):
        window = [line]
        yield (line,)
        for following in lines[first + 1 :]:
            if len(window) == _TITLE_ROWS:
                break
            if _right_below(window[-1], following):
                window.append(following)
                yield tuple(window)


def _may_be_title(piece: Row, page: Layout) -> bool:
    letters = sum(map(str.isalpha, piece.text))
    return letters >= 5 and (piece.is_upper or piece.height > 1.4 * page.line_height)


def _right_below(above: Row, below: Row) -> bool:
    gap = below.top - above.bottom
    overlap = min(above.x1, below.x1) - max(above.x0, below.x0)
    return -0.3 * above.height < gap < 1.6 * max(above.height, below.height) and overlap > 0


def _cleaned(rows: Sequence[Row]) -> Iterator[str]:
    """The lines as read, and without what may be specks or the edge of a stamp."""
    tokens = [token for row in rows for token in row.tokens]
    yield " ".join(token.text for token in tokens)
    clear = [token for token in tokens if token.confidence > 0.4 and len(letters_only(token.text)) > 1]
    yield " ".join(token.text for token in clear)
    capitals = [token for token in clear if token.text.isupper()]
    yield " ".join(token.text for token in capitals)


def _placing(rows: Sequence[Row], page: Layout, body: float) -> float:
    """1 for lines in the middle above the body; less beside the middle, much less within the body."""
    if rows[0].top >= body:
        return 0.6
    middle = (min(row.x0 for row in rows) + max(row.x1 for row in rows)) / 2
    return 1.0 if abs(middle - page.width / 2) < page.width * 0.14 else 0.96


def _body_top(page: Layout) -> float:
    """Where running text begins: the first wide row in small letters, or the addressee, or the grounds."""
    head_ends = motto_bottom(page)
    for row in page.rows:
        if row.top < head_ends:
            continue
        if row.folded.startswith(("kinh gui", "can cu ", "dieu 1")) and not row.is_upper:
            return row.top
        if is_numbered(row) or find_written_date(row):
            continue
        small = sum(map(str.islower, row.text)) > 0.7 * sum(map(str.isalpha, row.text))
        if small and len(row.tokens) >= 9 and row.x1 - row.x0 > 0.6 * page.width:
            return row.top
    return page.height


# ---- letters and decisions ----------------------------------------------------------------------------------


def _letters(page: Layout, catalogue: Catalogue) -> Iterator[Title]:
    """A letter, by its number with a symbol of no kind (`299/UBND-TTHC`), `V/v` and `Kính gửi`."""
    head = find_head(page)
    number, subject = find_number(head), find_letter_subject(head)
    symbol = number.value.rpartition("/")[2] if number and "/" in number.value else ""
    addressed = any(re.match(r"\W*kinh g.i", row.folded) for row in page.rows)
    if symbol.partition("-")[0] in kind_symbols() or not any(map(is_numbered, head.left)):
        return
    score = 0.3 + 0.4 * (subject is not None) + 0.27 * addressed
    rows = tuple(row for row in head.left if subject and row.tokens[0] in subject.tokens)
    yield Title("CÔNG VĂN", rows, score, catalogue.find(_LETTER), page)


def _decisions(title: Title, catalogue: Catalogue) -> Iterator[Title]:
    """The special types that the subject of a decision makes it, unless it makes rules or plans."""
    if title.printed != _DECISION:
        return
    subject = find_title_subject(title.page, title.rows)
    text = fold(subject.value) if subject else ""
    if not text or any(fold(word) in text for word in word_list("general_decisions")):
        return
    for doc_type in catalogue:
        if any(fold(phrase) in text for phrase in doc_type.decisions):
            yield Title(_DECISION, title.rows, title.score + 1e-3, doc_type, title.page)
