"""What a question and a text are made of, the same for the index of every database.

A word is what stands between white space. It may hold several tokens (`707/QĐ-TTg` holds three), runs of letters
and digits, which must then stand side by side. A word written with accents is sought as it is written, one
without as if nothing had any; case never counts. The last word may be the beginning of one.

Which of several hits is the best is decided here as well (`placing`): a paper that somebody knows by its code or
its owner is wanted before one that only mentions the words.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from common import fold, nfc

FIELDS = ("owner", "code", "type", "text")
"""What is indexed of a document, in this order."""
_MOST = 50
"""Words of a question; of a whole page pasted in, the first ones are sought."""

_TOKEN = re.compile(r"(?:[^\W_][\u0300-\u036f]*)+")
"""Letters and digits; an accent that NFC could not join to its letter belongs to the token."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a question, in the form in which it is sought."""

    word: str
    exact: bool
    begins: bool


def terms_of(query: str) -> list[Term]:
    """The words of a question. A lone sign matches nothing, so it is no word."""
    words = as_written(query.replace("\0", " ")).split()
    words = [word for word in words if any(letter.isalnum() for letter in word)][:_MOST]
    return [_term(word, begins=number == len(words)) for number, word in enumerate(words, start=1)]


def whole(codes: Iterable[str]) -> list[Term]:
    """Codes as they stand, each as one word that is not only begun; case does not count."""
    return [Term(fold(code), exact=False, begins=False) for code in codes]


def _term(word: str, *, begins: bool) -> Term:
    folded = fold(word)
    return Term(folded, exact=False, begins=begins) if folded == word else Term(word, True, begins)


def placing(terms: Sequence[Term]) -> Callable[[Sequence[str]], int]:
    """How far down a hit belongs: the number of the first of its fields that has every word, 0 for the first.

    A field that several hits share (an owner, a type) is looked at once.
    """

    sought = [(term.exact, _side_by_side(term.word, begins=term.begins)) for term in terms]

    @cache
    def has_all(field: str) -> bool:
        said = {exact: _side_by_side(as_written(field) if exact else fold(field)) for exact, _words in sought}
        return all(words in said[exact] for exact, words in sought)

    return lambda fields: next((n for n, field in enumerate(fields) if has_all(field)), len(fields))


def _side_by_side(text: str, *, begins: bool = False) -> str:
    """The tokens of a text so that one text is found in another where its tokens stand side by side there; the last
    may be the beginning of one."""
    return f" {' '.join(tokens_of(text))}{'' if begins else ' '}"


def as_written(text: str) -> str:
    """The form in which a word with accents is sought."""
    return nfc(text).casefold()


def tokens_of(text: str) -> list[str]:
    """The tokens of a text in their order."""
    return _TOKEN.findall(text)
