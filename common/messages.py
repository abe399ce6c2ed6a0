"""Every sentence that a person reads, in Vietnamese and English, by a stable code.

Each room keeps its own `messages.toml` beside its code:

    [pdf_encrypted]
    vi = "Tệp {name} có mật khẩu; hãy gỡ mật khẩu rồi nộp lại."
    en = "File {name} has a password; remove the password and submit it again."

Texts are templates of `str.format`; a missing fact is an error of the programmer and raises KeyError.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

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
    return Sentence(code, template.vi.format(**facts), template.en.format(**facts))
