"""What the parser of arguments finds wrong, in both languages: it says it in English only.

Known by what it says, which its tests hold: a sentence that a later version of it says otherwise is passed on as it is.
"""

import re

import typer

from common import Sentence, say


def _known(*sentences: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.DOTALL), code) for pattern, code in sentences)


_WRONG = _known(
    (r"Missing (?:argument|option|parameter) '(?P<name>[^']*)'\..*", "usage_missing"),
    (r"No such option: (?P<name>\S+)(?: \(Possible options: (?P<near>.*)\))?", "usage_no_option"),
    (r"No such command '(?P<name>.*?)'\.(?: Did you mean (?P<near>.*)\?)?", "usage_no_command"),
    (r"Option '(?P<name>.*)' requires an argument\.", "usage_without_value"),
    (r"Option '(?P<name>.*)' does not take a value\.", "usage_takes_none"),
    (r"Got unexpected extra arguments?(?:\(s\))? \((?P<name>.*)\)", "usage_too_many"),
)
_WRONG_VALUE = re.compile(r"Invalid value(?: for (?P<name>.*?))?: (?P<why>.*)", re.DOTALL)
_WHY = _known(
    (r"(?:Value error, )?'.*' is not one of (?P<allowed>.*)\.", "usage_not_one_of"),
    (r"Input should be a valid UUID.*", "usage_no_id"),
    (r"Input should be a valid (?:integer|number).*", "usage_no_number"),
    (r"Input should be less than or equal to (?P<bound>\S+)", "usage_too_large"),
    (r"Input should be greater than or equal to (?P<bound>\S+)", "usage_too_small"),
    (r"(?:Value error, )?'.*' does not match the formats '%Y-%m-%d'\.", "usage_no_day"),
)
_PAPERS = ("DOCUMENT-ID", "--by", "--duplicate-of")
"""Where a command takes the id of a paper; people bring its code, which several papers may have had."""
_OUR_REASON = re.compile(r"(?P<vi>[^/]+) / (?P<en>[^/]+)", re.DOTALL)
"""What a check of ours says to the parser has both languages in one."""


def usage_error(error: typer.TyperException) -> Sentence | None:
    """What is wrong with the arguments and where the help is; None when nothing was asked for and help was shown."""
    said = _said(error)
    if not said:
        return None
    wrong = _in_both(said)
    command = getattr(getattr(error, "ctx", None), "command_path", "khoso")
    vi, en = (say("usage", said=each, command=command) for each in (wrong.vi, wrong.en))
    return Sentence("usage", vi.vi, en.en)


def _said(error: typer.TyperException) -> str:
    """The parser's own sentence."""
    format_message = getattr(error, "format_message", None)
    return str(format_message()) if callable(format_message) else str(error)


def _in_both(said: str) -> Sentence:
    for pattern, code in _WRONG:
        if found := pattern.fullmatch(said):
            facts = found.groupdict()
            near = facts.pop("near", None)
            wrong = say(code, **facts)
            return wrong if near is None else _joined(wrong, say("usage_near", near=near))
    if found := _WRONG_VALUE.fullmatch(said):
        return _wrong_value(found["name"], found["why"])
    return Sentence("usage", said, said)


def _wrong_value(name: str | None, said: str) -> Sentence:
    why = _why(said)
    if why.code == "usage_no_id" and name is not None and name.strip("'") in _PAPERS:
        why = say("usage_no_document_id")
    code, facts = ("usage_wrong", {}) if name is None else ("usage_wrong_value", {"name": name})
    vi, en = (say(code, reason=each, **facts) for each in (why.vi, why.en))
    return Sentence(code, vi.vi, en.en)


def _why(said: str) -> Sentence:
    for pattern, code in _WHY:
        if found := pattern.fullmatch(said):
            return say(code, **found.groupdict())
    ours = _OUR_REASON.fullmatch(said)
    return Sentence("usage", said, said) if ours is None else Sentence("usage", ours["vi"], ours["en"])


def _joined(first: Sentence, second: Sentence) -> Sentence:
    return Sentence(first.code, f"{first.vi} {second.vi}", f"{first.en} {second.en}")
