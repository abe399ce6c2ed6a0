"""Whose the papers are: `correct-owner`."""

from typing import Annotated

import typer

from api.cli.answer import print_json
from api.cli.app import app
from api.cli.options import OPERATOR, ActorName, Agency, Json, Purpose, Reason
from api.cli.place import at_desk
from api.steps.correcting import Correction, correct
from api.steps.holdings import owner_of
from common import PartialDate
from datastore import OwnerState


@app.command("correct-owner")
def correct_owner(
    identifier: Annotated[str, typer.Argument(metavar="NUMBER", help="Mã của chủ. / The owner's number.")],
    name: Annotated[str, typer.Option("--name", help="Tên đúng. / The right name.")],
    reason: Reason,
    born: Annotated[
        PartialDate | None,
        typer.Option(
            "--born", metavar="DATE", parser=PartialDate.parse, help="Ngày sinh, 1990-05-03. / Date of birth."
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
    """Sửa điều đã biết về một chủ. / Corrects what is known of an owner.

    Ví dụ / Example: `khoso correct-owner 040090001234 --name "Nguyễn Văn An" --reason "Ghi sai lần đầu"`
    """
    with at_desk(person, agency, purpose) as (opened, who):
        with opened.datastore.begin(who, "look_for_owner") as work:
            owner = owner_of(work, identifier)
        known = correct(opened, who, owner, Correction(name, born, state), reason)
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
