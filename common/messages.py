"""Every sentence that a person reads, in Vietnamese and English, by a stable code.

Each room keeps its own `messages.toml` beside its code:

    [pdf_encrypted]
    vi = "Tệp {name} có mật khẩu; hãy gỡ mật khẩu rồi nộp lại."
    en = "File {name} has a password; remove the password and submit it again."

Texts are templates of `str.format`; a missing fact is an error of the programmer and raises KeyError. What a fact of
`_WORDS` names (`document`, `valid`) is said as people call it: `[word-document]`, `[status-valid]`; and so is each of
several (`clerk, handler`): `[role-clerk]`, `[role-handler]`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_WORDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("what", "old", "new", "missing", "why", "status", "state"), ("word", "status")),
    "roles": ("role",),
}
"""Facts that name a thing, a state or roles, and among which words these are sought."""
ROOMS = ("common", "ingest", "signing", "archive", "datastore", "api")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in both languages, under the code by which programs know it."""

    code: str
    vi: str
    en: str

    def as_json(self) -> dict[str, str]:
        """`{"code", "vi", "en"}`."""
        return {"code": self.code, "vi": self.vi, "en": self.en}

    def __str__(self) -> str:
        return f"{self.vi} / {self.en}"


@cache
def catalogue() -> dict[str, Sentence]:
    """All templates of all rooms; ValueError when two rooms share a code or a language is missing."""
    found: dict[str, Sentence] = {}
    for room in ROOMS:
        file = _folder(room) / "messages.toml"
        if not file.is_file():
            continue
        for code, texts in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if code in found:
                raise ValueError(f"message {code} stands in two rooms")
            if set(texts) != {"vi", "en"}:
                raise ValueError(f"message {code} needs exactly vi and en")
            found[code] = Sentence(code, texts["vi"], texts["en"])
    return found


def _folder(room: str) -> Path:
    """Where a room's files are, without importing it: a sentence must not start a database or a web server.

    Rooms stand side by side. The import system is not asked: it lists their common folder when that has changed,
    which a confined child may not, and then knows no room any more.
    """
    return Path(__file__).resolve().parents[1] / room


def say(code: str, **facts: object) -> Sentence:
    """The sentence `code` with its facts; KeyError when the code is unknown or a fact is missing."""
    template = catalogue()[code]
    named = {name: _named(name, str(facts[name])) for name in _WORDS.keys() & facts.keys()}
    vi = template.vi.format(**facts | {name: words.vi for name, words in named.items()})
    en = template.en.format(**facts | {name: words.en for name, words in named.items()})
    if template.vi.startswith("{what}"):
        vi, en = vi[:1].upper() + vi[1:], en[:1].upper() + en[1:]
    return Sentence(code, vi, en)


def _named(fact: str, value: str) -> Sentence:
    """What a fact names, one or several of them, as it stands in the midst of a sentence."""
    words = [_word(fact, code) for code in value.split(", ")]
    return Sentence(value, ", ".join(word.vi for word in words), ", ".join(word.en for word in words))


def _word(fact: str, code: str) -> Sentence:
    """One thing, state or role as people call it; what has no such name stays as it is."""
    for kind in _WORDS[fact]:
        if (word := catalogue().get(f"{kind}-{code.replace('_', '-')}")) is not None:
            return Sentence(word.code, _inside(word.vi), _inside(word.en))
    return Sentence(code, code, code)


def _inside(word: str) -> str:
    """A word as it stands in the midst of a sentence."""
    return word[:1].lower() + word[1:]
