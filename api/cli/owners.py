"""Whose the papers are, and who did what with them: `owner`, `correct-owner`, `diary`."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

import typer

from api.cli.answer import print_json, print_json_list
from api.cli.app import app
from api.cli.options import OPERATOR, ActorName, Agency, DossierNo, Json, Purpose, Reason, partial_date
from api.cli.place import at_desk
from api.house import House
from api.steps.correcting import Correction, correct, known_of
from api.steps.holdings import name_of, owner_of
from common import VIETNAM, PartialDate
from datastore import Actor, DiaryLine, Owner, OwnerState, Place

_PAGE = 500
"""Lines of the diary that are read at a time."""

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
    else:
        typer.echo("  ".join(value for value in told.values() if value))


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

    Ví dụ / Example: `khoso diary 040090001234 --purpose "Trả lời công dân"`
    """
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        told = (_line_as_json(line, name_of(opened, line)) for line in _diary_of(opened, who, identifier))
        if as_json:
            print_json_list("lines", told)
            return
        for one in told:
            paper = (one["code"] or one["document_id"], one["name"])
            words = (*list(one.values())[:4], *paper, one["purpose"], one["note"])
            typer.echo("  ".join(word for word in words if word))


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


def _line_as_json(line: DiaryLine, name: str | None) -> dict[str, str | None]:
    return {
        "at": line.at.astimezone(VIETNAM).isoformat(timespec="seconds"),
        "person": line.person,
        "agency": line.agency,
        "act": line.act,
        "role": line.role,
        "purpose": line.purpose,
        "dossier": line.dossier,
        "document_id": None if line.document_id is None else str(line.document_id),
        "code": line.code,
        "type": line.doc_type,
        "name": name,
        "outcome": line.outcome,
        "note": line.note,
    }
