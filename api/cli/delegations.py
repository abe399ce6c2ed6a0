"""Who stands for whom, in a person's hands: `delegation add | confirm | end | list`.

What one person wrote down on a proof, another one confirms (`--actor`); before that it lets nobody see anything.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer

from api.cli.answer import print_json
from api.cli.app import app
from api.cli.options import OPERATOR, ActorName, Agency, Json, Purpose, Reason
from api.cli.place import at_desk
from api.steps.holdings import owner_of
from api.words import in_words
from common import say
from datastore import ActorRole, Delegation, Work

delegation_app = typer.Typer(
    no_args_is_help=True, help="Người đại diện và người giám hộ. / Representatives and guardians."
)
app.add_typer(delegation_app, name="delegation")
_PURPOSE = "delegations"

DelegationId = Annotated[UUID, typer.Argument(metavar="DELEGATION-ID")]


class Kind(StrEnum):
    """As what somebody stands for somebody."""

    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"


@contextmanager
def _at_work(person: str, agency: str | None, purpose: str, act: str) -> Iterator[Work]:
    with at_desk(person, agency, purpose) as (opened, who), opened.datastore.begin(who, act) as work:
        yield work


@delegation_app.command("add")
def add(
    kind: Annotated[Kind, typer.Argument(metavar="guardian|representative")],
    delegate: Annotated[str, typer.Argument(metavar="WHO", help="Mã của người đại diện. / Who stands in.")],
    principal: Annotated[
        str, typer.Argument(metavar="FOR-WHOM", help="Mã của người được đại diện. / For whom.")
    ],
    proof: Annotated[
        UUID | None, typer.Option("--proof", help="Giấy tờ chứng minh đã lưu. / A paper that is held.")
    ] = None,
    ground: Annotated[
        str | None, typer.Option("--ground", help="Căn cứ bằng lời, khi không có giấy tờ. / In words.")
    ] = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])] = None,
    last_day: Annotated[
        datetime | None,
        typer.Option(
            "--last-day", formats=["%Y-%m-%d"], help="Bắt buộc với giám hộ. / A guardian's has one."
        ),
    ] = None,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = _PURPOSE,
    as_json: Json = False,
) -> None:
    """Ghi ai đại diện cho ai; cán bộ khác phải xác nhận. / Writes down who stands for whom; another officer confirms.

    Ví dụ / Example: `khoso delegation add guardian 001190112233 040220001234 --ground "Giấy khai sinh số 12"
    --last-day 2038-05-02`
    """
    with _at_work(person, agency, purpose, "propose_delegation") as work:
        made = work.delegations.make(
            ActorRole(kind),
            owner_of(work, delegate),
            owner_of(work, principal),
            proof=proof,
            ground=ground,
            valid_from=None if since is None else since.date(),
            valid_to=None if last_day is None else last_day.date(),
        )
    _show(made, as_json)


@delegation_app.command("confirm")
def confirm(
    id: DelegationId,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = _PURPOSE,
    as_json: Json = False,
) -> None:
    """Xác nhận để có hiệu lực; không phải người đã ghi. / Puts it in force: by another person than wrote it down.

    Ví dụ / Example: `khoso delegation confirm 019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11 --actor hoa.le`
    """
    with _at_work(person, agency, purpose, "confirm_delegation") as work:
        confirmed = work.delegations.confirm(id)
    _show(confirmed, as_json)


@delegation_app.command("end")
def end(
    id: DelegationId,
    reason: Reason,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = _PURPOSE,
    as_json: Json = False,
) -> None:
    """Chấm dứt ngay; ai đang đăng nhập theo đó bị đăng xuất. / Ends it at once, and the sessions that rest on it.

    Ví dụ / Example: `khoso delegation end 019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11 --reason "đã thành niên"`
    """
    with _at_work(person, agency, purpose, "end_delegation") as work:
        ended = work.delegations.end(id, reason=reason)
    _show(ended, as_json)


@delegation_app.command("list")
def list_delegations(
    owner: Annotated[str, typer.Argument(metavar="OWNER", help="Mã định danh. / Identifier.")],
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = _PURPOSE,
    as_json: Json = False,
) -> None:
    """Người này đại diện cho ai, ai đại diện cho người này. / For whom somebody stands, and who stands for it.

    Ví dụ / Example: `khoso delegation list 040220001234`
    """
    with _at_work(person, agency, purpose, "look_at_delegations") as work:
        found = work.delegations.of_owner(owner_of(work, owner))
    if as_json:
        print_json({"delegations": [_as_json(one) for one in found]})
        return
    for one in found:
        _show(one, as_json=False)
    if not found:
        print(say("no_delegations"))


def _show(one: Delegation, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(one))
        return
    days = f"{one.valid_from} – {one.valid_to or ''}"
    kind = in_words("role", one.kind.value)
    print(f"{one.id}  {kind}  {one.delegate_id} → {one.principal_id}  {days}  {_state(one)}")


def _state(one: Delegation) -> str:
    if one.ended_at is not None:
        return f"{in_words('delegation', 'ended')}: {one.end_reason}"
    if one.confirmed_by is None:
        return in_words("delegation", "proposed")
    return f"{in_words('delegation', 'confirmed')}: {one.confirmed_by}"


def _as_json(one: Delegation) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "kind": one.kind.value,
        "delegate_id": str(one.delegate_id),
        "principal_id": str(one.principal_id),
        "proof_id": None if one.proof_id is None else str(one.proof_id),
        "ground": one.ground,
        "from": one.valid_from.isoformat(),
        "last_day": None if one.valid_to is None else one.valid_to.isoformat(),
        "agency": one.agency,
        "made_by": one.made_by,
        "confirmed_by": one.confirmed_by,
        "ended_by": one.ended_by,
        "end_reason": one.end_reason,
    }
