"""The head and the foot of an official paper, as Decree 30/2020/ND-CP, Annex I lays them out.

Left, below the issuer, stands the number; right, below country and motto, place and date; then title and
subject, or `V/v` below the number of a letter; at the end, right, who signed. Everything is read from its place:
a number in an incoming stamp or in the grounds of a decision stands elsewhere and is never taken. What a pen wrote
and the reader did not make out stays out of the value, and the value is doubtful.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from common import fold, one_line
from ingest.found import Found
from ingest.identifiers import provinces
from ingest.layout import Layout, Row, Token
from ingest.likeness import letters_only, likeness
from ingest.official import kind_symbols, word_list
from ingest.person_names import bare_word, is_family_name, respelt_name
from ingest.printed_dates import find_written_date

_MOTTO_LIKENESS = 0.72
"""Half of the country's name under a stamp is still known."""
_MOTTO_TOKENS = (8, 6)
"""Words of country and motto, dashes counted; fewer where the reader joined some."""
_MOTTO = ("conghoaxahoichunghiavietnam", "doclaptudohanhphuc")


@dataclass(frozen=True)
class Head:
    """The two columns above the title. Without country and motto on the page both are empty."""

    left: tuple[Row, ...]
    right: tuple[Row, ...]
    top: float
    bottom: float
    """Where the title, the addressee or the body begins."""


_NO_HEAD = Head((), (), 0.0, 0.0)


def find_head(page: Layout, bottom: float | None = None) -> Head:
    """The head of the page; `bottom` is the top of the title where that is known."""
    motto = _motto(page)
    if motto is None:
        return _NO_HEAD
    boundary, top = motto.x0 - motto.height * 0.3, motto.top - motto.height * 1.2
    # In the middle of the page, alone, stands the motto of a certificate: below it are no columns.
    alone = not any(row.part(right=boundary) for row in page.rows if motto.tokens[0] in row.tokens)
    centred = alone and abs(motto.middle - page.width / 2) < page.width * 0.08
    below = [row for row in page.rows if row.top >= top]
    if bottom is None:
        bottom = next((row.top for row in below if _begins_body(row)), top + page.height * 0.3)
    inside = [row for row in below if (row.top + row.bottom) / 2 < bottom]
    left = [] if centred else [part for row in inside if (part := row.part(right=boundary))]
    right = [part for row in inside if (part := row.part(left=boundary))]
    return Head(tuple(left), tuple(right), top, bottom)


def _motto(page: Layout) -> Row | None:
    """Country or motto, as far as it was read; None when the upper half has neither."""
    pieces = [piece for row in page.rows if row.top < page.height / 2 if (piece := _motto_in(row))]
    return max(pieces, key=lambda piece: piece[0], default=(0.0, None))[1]


def _motto_in(row: Row) -> tuple[float, Row] | None:
    """How alike the words of the row are that best agree with country or motto, and those words."""
    best: tuple[float, Row] | None = None
    for first in range(len(row.tokens)):
        for count in _MOTTO_TOKENS:
            piece = Row(row.tokens[first : first + count])
            alike = max(likeness(letters_only(piece.text), line) for line in _MOTTO)
            if alike > (best[0] if best else _MOTTO_LIKENESS):
                best = alike, piece
    return best


def motto_bottom(page: Layout) -> float:
    """Where country and motto end; 0 on a page without them. No title stands above."""
    held = [row.bottom for row in page.rows if row.top < page.height / 2 and _motto_in(row)]
    return max(held, default=0.0)


def is_numbered(row: Row) -> bool:
    """Whether the row begins with `Số:` as the number of a paper does."""
    return _NUMBER_LINE.match(row.text) is not None


def _begins_body(row: Row) -> bool:
    folded = row.folded.strip(" -_.:")
    return folded.startswith(("kinh gui", "can cu ", "dieu 1"))


# ---- number -------------------------------------------------------------------------------------------------

_NUMBER_LINE = re.compile(r"^\W*[SŠsš5][ốòóôồổỗộoOố06ọỏõ]{1,2}(?:\s*[:.;,]|\s+(?=\S*[\d/]))\s*(?P<rest>.*)$")
_SYMBOL = re.compile(r"[A-ZĐa-z0-9][A-ZĐa-zđ0-9&.,\-–]*")
_NOT_A_NUMBER = re.compile(r"[^0-9]")


def find_number(head: Head) -> Found | None:
    """The number below the issuer (`47/QĐ-UBND`); without its digits (`/QĐ-UBND`) where only a pen wrote them."""
    for row in head.left:
        near = row.segments(4.0)[0]
        match = _NUMBER_LINE.match(near.text)
        if match and (found := _number(near, match["rest"])):
            return found
    return None


def _number(row: Row, rest: str) -> Found | None:
    tokens = row.tokens[-len(rest.split()) :] if rest.split() else ()
    if not tokens:
        return None
    before, stroke, after = rest.partition("/")
    digits, sure = _digits(before)
    if not stroke:
        return Found(digits, tokens, sure) if digits else None
    symbol = _symbol(after)
    if not symbol:
        return None
    return Found(f"{digits}/{symbol}", tokens, sure and bool(digits))


def _digits(text: str) -> tuple[str, bool]:
    """The digits before the stroke, and whether they were read as they stand. Nothing is guessed from letters
    except the strokes that are ones and the rings that are noughts."""
    bare = re.sub(r"[\s.,:;_]", "", text)
    if re.fullmatch(r"[0-9]{1,7}[a-zA-Z]?", bare):
        return bare, True
    alike = bare.translate(str.maketrans("IlO|o", "11010"))
    return (alike, False) if re.fullmatch(r"[0-9]{1,7}", alike) else ("", False)


def _symbol(text: str) -> str:
    """What stands after the first stroke: perhaps a year and a stroke, then the symbol, spelt as symbols are."""
    bare = re.sub(r"\s*([/\-–])\s*", lambda match: match[1].replace("–", "-"), text.replace("Ð", "Đ").strip())
    first = bare.split(" ")[0].strip(".,;:")
    parts = first.split("/")
    if not all(_SYMBOL.fullmatch(part) for part in parts):
        return ""
    return "/".join([*parts[:-1], _spelt(parts[-1])])


def _spelt(symbol: str) -> str:
    """`QDÐ-UBND`, `QD-UBND` → `QĐ-UBND`: the kind's abbreviation with its own letters; any other as it was read."""
    kind, dash, rest = symbol.partition("-")
    # The stroke of an Đ is read as a letter of its own.
    one_letter = kind.replace("ĐĐ", "Đ").replace("DĐ", "Đ")
    for known in kind_symbols():
        if dash and fold(known) in (fold(kind), fold(one_letter)):
            return f"{known}-{rest}"
    return symbol


# ---- date, issuer, subject ----------------------------------------------------------------------------------


def find_head_date(head: Head) -> Found | None:
    """The date after the place, right below the motto; partial when the day could not be read."""
    for row in (*head.right, *head.left):
        if found := find_written_date(row):
            return found
    return None


def find_issuer(head: Head) -> tuple[Found | None, Found | None]:
    """The issuer and the agency above it, from the lines left of the motto down to the number."""
    lines: list[Row] = []
    for row in head.left:
        if is_numbered(row) or not row.is_upper:
            if lines:
                break
            continue
        lines.append(row)
    groups: list[list[Row]] = []
    for row in lines:
        if groups and not _names_another(row):
            groups[-1].append(row)
        else:
            groups.append([row])
    named = [_organisation(group) for group in groups]
    issuer = named[-1] if named else None
    return issuer, named[-2] if len(named) > 1 else None


def _names_another(row: Row) -> bool:
    text = fold(row.text).strip(" -_.")
    return any(text.startswith(fold(word) + " ") or text == fold(word) for word in word_list("organisations"))


def _organisation(rows: Sequence[Row]) -> Found:
    tokens = tuple(token for row in rows for token in row.tokens if any(map(str.isalnum, token.text)))
    text = " ".join(token.text for token in tokens).strip(" .,;:_-")
    return Found(respelt(text), tokens)


@cache
def _spellings() -> tuple[tuple[re.Pattern[str], str], ...]:
    known = [*word_list("spellings"), *(name.upper() for name in provinces().values())]
    longest_first = sorted(set(known), key=lambda phrase: -len(phrase))
    return tuple((re.compile(rf"\b{re.escape(fold(phrase))}\b"), phrase) for phrase in longest_first)


def respelt(text: str) -> str:
    """Accents put right in phrases of heads whose letters agree (`THÁNH PHÓ HÀ NỘI` → `THÀNH PHỐ HÀ NỘI`)."""
    folded = fold(text)
    if len(folded) != len(text):
        return text
    for shape, phrase in _spellings():
        for match in shape.finditer(folded):
            text = text[: match.start()] + phrase + text[match.end() :]
            # Longer phrases come first; what they covered is not looked at again.
            folded = folded[: match.start()] + "\0" * len(phrase) + folded[match.end() :]
    return text


_ABOUT = re.compile(r"^\W*(?:v\s*[/il1|]?\s*v|v[iíì/])\b[\s.:]*", re.IGNORECASE)


def find_letter_subject(head: Head) -> Found | None:
    """The lines from `V/v` on, left below the number of a letter; None when there is no `V/v`."""
    numbered = next((i for i, row in enumerate(head.left) if is_numbered(row)), None)
    if numbered is None:
        return None
    below = [row.segments(2.5)[0] for row in head.left[numbered + 1 :]]
    start = next((i for i, row in enumerate(below[:2]) if _ABOUT.match(row.text)), None)
    if start is None:
        return None
    rows = _while_close(below[start:])
    text = _ABOUT.sub("", one_line(" ".join(row.text for row in rows)))
    return Found(f"V/v {text}".rstrip(" .,;'\"|-_"), tuple(token for row in rows for token in row.tokens))


def _while_close(rows: Sequence[Row], gap: float = 1.1) -> list[Row]:
    """The rows up to the first gap wider than a line."""
    close = list(rows[:1])
    for above, row in pairwise(rows):
        if row.top - above.bottom > gap * above.height:
            break
        close.append(row)
    return close


def find_title_subject(page: Layout, title: Sequence[Row]) -> Found | None:
    """The centred lines below a title, up to the body, the issuer in capitals, or a wider gap."""
    last = title[-1]
    below = [row for row in page.rows if row.top > last.top + last.height / 2]
    rows: list[Row] = []
    for row in below:
        if _ends_subject(row, rows, last, page):
            break
        rows.append(row)
    tokens = tuple(token for row in rows for token in _middle(row, page))
    text = one_line(" ".join(token.text for token in tokens)).strip(" .,;:_-|")
    return Found(text, tokens) if text else None


def _middle(row: Row, page: Layout) -> Sequence[Token]:
    """The tokens of the row without what a stamp or a seal beside the lines added."""
    around = min(row.segments(1.5), key=lambda piece: abs(piece.middle - page.width / 2))
    tokens = list(around.tokens)
    while tokens and _is_speck(tokens[0]):
        tokens.pop(0)
    while tokens and _is_speck(tokens[-1]):
        tokens.pop()
    return tokens


def _is_speck(token: Token) -> bool:
    return token.confidence < 0.35 or not any(map(str.isalnum, token.text))


def _ends_subject(row: Row, rows: Sequence[Row], title: Row, page: Layout) -> bool:
    above = rows[-1] if rows else title
    far = row.top - above.bottom > (1.25 if rows else 2.5) * max(page.line_height, above.height)
    if far or len(rows) >= 8 or _begins_body(row) or (row.is_upper and not _mostly_lower(row)):
        return True
    if re.match(
        r"\W*(ngay \d|thuc hien |theo de nghi|xet |kinh gui|so[: ]|\(kem theo|tren co so)", row.folded
    ):
        return bool(rows)
    # A paragraph is indented and runs to the right edge; lines of a subject are centred.
    return bool(rows) and _is_paragraph(row, rows, page)


def _mostly_lower(row: Row) -> bool:
    letters = [letter for letter in row.text if letter.isalpha()]
    return sum(map(str.islower, letters)) > len(letters) / 2


def _is_paragraph(row: Row, rows: Sequence[Row], page: Layout) -> bool:
    centre = sum(above.middle for above in rows) / len(rows)
    to_the_edge = row.x1 > page.right_edge - 1.5 * row.height
    return to_the_edge and row.middle - centre > 0.6 * row.height


# ---- signer -------------------------------------------------------------------------------------------------

_REACH = 13
"""Lines below the position within which the name stands: the signature and the seal lie between."""


def find_signer(pages: Sequence[Layout]) -> Found | None:
    """The name below `TM./KT./TL. …` and position, on the first page that has one; what follows are annexes.

    Where seal and signature made the position unreadable, a name alone in the lower right is taken, in doubt.
    """
    for page in pages:
        for anchor in _anchors(page):
            if found := _name_below(page, anchor):
                return found
    for page in pages:
        if found := _name_alone(page):
            return found
    return None


def signature_page(pages: Sequence[Layout]) -> Layout | None:
    """The page on which the signer was found by position."""
    return next((page for page in pages if any(_name_below(page, a) for a in _anchors(page))), None)


def _anchors(page: Layout) -> Iterator[Row]:
    """Lines of authority and position, the ones furthest right first: a registrar signs right of the parties."""
    segments = [piece for row in page.rows for piece in row.segments(1.5)]
    right = [piece for piece in segments if piece.middle > page.width * 0.45 and _is_position(piece)]
    yield from sorted(right, key=lambda piece: (-round(piece.middle / page.width, 1), -piece.top))


@cache
def _positions() -> tuple[str, ...]:
    return tuple(letters_only(position) for position in word_list("positions"))


def _is_position(piece: Row) -> bool:
    if not piece.is_upper:
        return False
    text = re.sub(rf"^\W*({'|'.join(word_list('authority'))})\b\W*", "", piece.text)
    bare = letters_only(text)
    if text != piece.text and len(bare) >= 5:
        return True
    return any(likeness(bare, position) >= 0.85 for position in _positions())


def _name_below(page: Layout, anchor: Row) -> Found | None:
    """The name in the anchor's column; one whose family name the seal spoilt is taken in doubt."""
    reach = anchor.bottom + _REACH * anchor.height
    rows = [row for row in page.rows if row.top > anchor.top and anchor.bottom < row.bottom <= reach]
    pieces = [piece for row in rows for piece in row.segments(1.5)]
    column = [piece for piece in pieces if abs(piece.middle - anchor.middle) < page.width * 0.16]
    named = (found for piece in column if (found := person_name(piece)))
    spoilt = (
        Found(_bare_name(piece.tokens), piece.tokens, sure=False) for piece in column if _may_be_name(piece)
    )
    return next(named, None) or next(spoilt, None)


def _may_be_name(piece: Row) -> bool:
    return (
        len(piece.tokens) >= 3 and not piece.is_upper and _is_name(piece.tokens) and not _is_position(piece)
    )


def _bare_name(tokens: Sequence[Token]) -> str:
    return respelt_name([bare_word(token.text) for token in tokens])


def _name_alone(page: Layout) -> Found | None:
    for row in reversed(page.rows):
        if row.top < page.height * 0.4:
            break
        for piece in row.segments(1.5):
            alone = piece.middle > page.width * 0.5 and piece.x0 > page.width * 0.4
            found = person_name(piece) if alone else None
            if found and len(found.tokens) >= len(piece.tokens) - 1:
                return Found(found.value, found.tokens, sure=False)
    return None


def person_name(piece: Row) -> Found | None:
    """A Vietnamese name in the piece, from the family name on; specks and ranks before it are left out."""
    if _is_position(piece):
        return None
    tokens = [token for token in piece.tokens if any(map(str.isalnum, token.text))]
    for first, token in enumerate(tokens):
        name = tokens[first:]
        if is_family_name(bare_word(token.text)) and _is_name(name):
            return Found(_bare_name(name), tuple(name))
        if len(token.text) > 3 and not _is_rank(token):
            return None
    return None


def _is_rank(token: Token) -> bool:
    ranks = {part for rank in word_list("ranks") for part in fold(rank).split()}
    return fold(token.text).strip(".,:") in ranks


def _is_name(tokens: Sequence[Token]) -> bool:
    words = [bare_word(token.text) for token in tokens]
    shaped = all(word.isalpha() and word[0].isupper() and len(word) <= 7 for word in words)
    return shaped and 2 <= len(words) <= 6


def closing_date(page: Layout) -> Found | None:
    """`Nghệ An, ngày 12 tháng 6 năm 2024` above the signer, as certificates print it; the last one on the page."""
    for row in reversed(page.rows):
        for piece in reversed(row.segments(2.5)):
            short = len(piece.tokens) <= 12 and not _begins_body(piece)
            if short and piece.middle > page.width * 0.4 and (found := find_written_date(piece)):
                return found
    return None


def title_agency(page: Layout, title: Sequence[Row]) -> Found | None:
    """An agency in capitals between motto and title, as diplomas print it; without the words of its head."""
    motto = _motto(page)
    start = motto.bottom if motto else -math.inf
    between = [row for row in page.rows if start < row.top < title[0].top and row.is_upper]
    for row in between:
        words = re.sub(r"^(GIÁM ĐỐC|HIỆU TRƯỞNG|CHỦ TỊCH|TRƯỞNG PHÒNG|BỘ TRƯỞNG)\s+", "", row.text)
        starts = any(fold(words).startswith(fold(each) + " ") for each in word_list("organisations"))
        if starts:
            return Found(respelt(one_line(words).strip(" .,:_-")), row.tokens)
    return None
