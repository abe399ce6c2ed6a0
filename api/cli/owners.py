"""Whose the papers are, and who did what with them: `owner`, `correct-owner`, `diary`."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any
from uuid import UUID

import typer

from api.acts import title_of
from api.cli.answer import print_json, print_json_list
from api.cli.app import app
from api.cli.options import OPERATOR, ActorName, Agency, DossierNo, Json, Purpose, Reason, partial_date
from api.cli.place import at_desk
from api.house import House
from api.steps.correcting import Correction, correct, known_of
from api.steps.holdings import name_of, owner_of
from api.words import in_words
from common import VIETNAM, PartialDate, Sentence, say
from datastore import Actor, DiaryLine, Owner, OwnerState, Place, PrintTold

_PAGE = 500
"""Lines of the diary that are read at a time."""
_DONE = "done"
"""The outcome of what was done; any other is the code of a refusal."""

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Mã định danh của chủ. / The owner's number.")]


@app.command("correct-owner")
def correct_owner(
    identifier: Number,
    name: Annotated[str, typer.Option("--name", help="Tên đúng. / The right name.")],
    reason: Reason,
    born: Annotated[
        PartialDate | None,
        typer.Option(
            "--born", metavar="DATE", parser=partial_date, help="Ngày sinh, 1990-05-03. / Date of birth."
        ),
    ] = None,
    state: Annotated[
        OwnerState | None, typer.Option("--state", help="Còn sống, đã mất, đã giải thể. / What it is now.")
    ] = None,
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
) -> None:
    """Sửa thông tin về một chủ giấy tờ. / Corrects what is known of an owner.

    Ví dụ / Example: `khoso correct-owner 040090001234 --name "Nguyễn Văn An" --reason "Ghi sai lần đầu"`
    """
    with at_desk(person, agency, purpose) as (opened, who):
        known = correct(
            opened, who, _numbered(opened, who, identifier), Correction(name, born, state), reason
        )
    _show(known, as_json=as_json)


@app.command("owner")
def owner(
    identifier: Number,
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
    dossier: DossierNo = None,
) -> None:
    """Thông tin về một chủ giấy tờ, để sửa. / What is known of an owner, to correct it.

    Ví dụ / Example: `khoso owner 040090001234 --json`
    """
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        known = known_of(opened, who, _numbered(opened, who, identifier))
    _show(known, as_json=as_json)


def _numbered(opened: House, who: Actor, identifier: str) -> UUID:
    with opened.datastore.begin(who, "look_for_owner") as work:
        return owner_of(work, identifier)


def _show(known: Owner, *, as_json: bool) -> None:
    told = {
        "owner_id": str(known.id),
        "name": known.name,
        "birth_date": None if known.birth_date is None else str(known.birth_date),
        "state": known.state.value,
    }
    if as_json:
        print_json(told)
        return
    facts = {**told, "state": in_words("owner-state", known.state.value)}
    for name, value in facts.items():
        typer.echo(f"{say(f'owner-{name}')}: {value or say('owner-not-known')}")


@app.command("diary")
def diary(
    identifier: Number,
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
    dossier: DossierNo = None,
) -> None:
    """Ai đã xem, làm gì với giấy tờ của một chủ, vì sao. / Who did what with which paper of an owner, and why.

    Các dòng của một việc với một giấy tờ hiện thành một dòng; `--json` có đủ. / What one act wrote about one paper is
    shown as one line; `--json` has them all.

    Ví dụ / Example: `khoso diary 040090001234 --purpose "Trả lời công dân"`
    """
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        lines = _diary_of(opened, who, identifier)
        if as_json:
            print_json_list("lines", (_line_as_json(line, name_of(opened, line)) for line in lines))
            return
        for act in _acts(lines):
            typer.echo(_in_words(act, name_of(opened, act[0])))


def _diary_of(opened: House, who: Actor, identifier: str) -> Iterator[DiaryLine]:
    """The lines about an owner, a page at a time: no read is held open while they are printed.

    Each page is a line of its own, as over HTTP.
    """
    with opened.datastore.begin(who, "look_at_diary") as work:
        owner = owner_of(work, identifier)
        lines = work.diary.of_owner(owner, limit=_PAGE)
    yield from lines
    while len(lines) == _PAGE:
        after = Place(lines[-1].at, lines[-1].id)
        with opened.datastore.begin(who, "look_at_diary") as work:
            lines = work.diary.of_owner(owner, after=after, limit=_PAGE)
        yield from lines


def _acts(lines: Iterable[DiaryLine]) -> Iterator[list[DiaryLine]]:
    """What each act wrote, by who did what with which paper; what is said of no paper stands with those of it.

    What one transaction writes has one instant, which no other one has but by chance.
    """
    for _instant, together in groupby(lines, key=attrgetter("at")):
        acts: dict[tuple[str | UUID | None, ...], list[DiaryLine]] = {}
        for line in together:
            who = (line.person, line.role, line.agency, line.purpose, line.dossier)
            acts.setdefault((*who, line.act, line.outcome, line.document_id), []).append(line)
        of_papers = {what[:-1] for what in acts if what[-1] is not None}
        for what, act in acts.items():
            if what[-1] is not None or what[:-1] not in of_papers or any(line.note for line in act):
                yield act


def _in_words(act: Sequence[DiaryLine], name: str | None) -> str:
    """One act with one paper in one line: when, who, what, which paper, why, and what else is told of it."""
    line = act[0]
    paper = line.code or (None if line.document_id is None else str(line.document_id))
    undone = None if line.outcome == _DONE else str(say("diary_not_done", outcome=line.outcome))
    notes = dict.fromkeys(one.note for one in act)
    prints = dict.fromkeys(told for one in act for told in one.prints)
    given = map(_print_in_words, prints)
    words = (_second_of(line), line.person, line.agency, str(title_of(line.act)), undone, paper, name)
    return "  ".join(word for word in (*words, line.purpose, *notes, *map(str, given)) if word)


def _print_in_words(told: PrintTold) -> Sentence:
    code = "diary_print_taken_back" if told.taken_back else "diary_print"
    return say(code, number=told.number, to=told.to_whom, reason=told.reason)


def _second_of(line: DiaryLine) -> str:
    return line.at.astimezone(VIETNAM).isoformat(timespec="seconds")


def _line_as_json(line: DiaryLine, name: str | None) -> dict[str, Any]:
    return {
        "at": _second_of(line),
        "person": line.person,
        "agency": line.agency,
        "act": line.act,
        "title": title_of(line.act).as_json(),
        "role": line.role,
        "purpose": line.purpose,
        "dossier": line.dossier,
        "document_id": None if line.document_id is None else str(line.document_id),
        "code": line.code,
        "type": line.doc_type,
        "name": name,
        "outcome": line.outcome,
        "note": line.note,
        "prints": [
            {
                "number": one.number,
                "to": one.to_whom,
                "reason": one.reason,
                "taken_back": one.taken_back,
            }
            for one in line.prints
        ],
    }
