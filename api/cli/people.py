"""Agencies and officers in a person's hands: `agency add | list | end`, `account add | list | roles | lock | …`.

Here begins an installation: its first admin is made by whoever sits at the machine, and makes the others.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from api.cli.answer import print_json
from api.cli.app import app
from api.cli.options import OPERATOR, ActorName, Json, Reason
from api.cli.place import at_desk
from api.words import in_words
from common import VIETNAM, KhosoError, say
from datastore import OFFICERS, Account, ActorRole, Agency, Work


class AgencyUnknown(KhosoError):
    """An officer is of an agency that is there; fact `agency`, which is not."""

    code = "agency_unknown"


agency_app = typer.Typer(no_args_is_help=True, help="Cây cơ quan theo thời gian. / The tree of agencies.")
account_app = typer.Typer(no_args_is_help=True, help="Tài khoản cán bộ. / Accounts of officers.")
app.add_typer(agency_app, name="agency")
app.add_typer(account_app, name="account")
_PURPOSE = "accounts"

_STAFF = [role.value for role in ActorRole if role in OFFICERS]
_ROLE = f"[{'|'.join(_STAFF)}]"


def _staff_role(text: str) -> ActorRole:
    """A role that an account can have; citizens and systems have none."""
    if text not in _STAFF:
        raise typer.BadParameter(str(say("usage_staff_roles", allowed=", ".join(_STAFF))))
    return ActorRole(text)


Code = Annotated[str, typer.Argument(metavar="AGENCY-CODE", help="Mã định danh cơ quan. / Agency code.")]
Username = Annotated[str, typer.Argument(metavar="USERNAME", help="Tên đăng nhập. / User name.")]
Roles = Annotated[
    list[ActorRole],
    typer.Option(
        "--role",
        help="Vai trò; có thể lặp lại. / Role; may be repeated.",
        parser=_staff_role,
        metavar=_ROLE,
    ),
]
OfAgency = Annotated[
    str | None, typer.Option("--agency", help="Cơ quan; mặc định theo cấu hình. / Agency; default: ours.")
]
Until = Annotated[
    datetime | None,
    typer.Option("--until", formats=["%Y-%m-%d"], help="Đến trước ngày này. / Before this day."),
]


@contextmanager
def _at_work(person: str, agency: str | None, act: str) -> Iterator[Work]:
    with at_desk(person, agency, _PURPOSE) as (opened, who), opened.datastore.begin(who, act) as work:
        yield work


# --- agencies ---------------------------------------------------------------------------------------------


@agency_app.command("add")
def add_agency(
    code: Code,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    parent: Annotated[str | None, typer.Option("--parent", help="Cơ quan cấp trên. / Above it.")] = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])] = None,
    person: ActorName = OPERATOR,
    as_json: Json = False,
) -> None:
    """Thêm một cơ quan vào cây. / Adds an agency to the tree.

    Ví dụ / Example: `khoso agency add H41.09 "Ủy ban nhân dân xã Mới" --parent H41 --from 2025-07-01`
    """
    with at_desk(person, None, _PURPOSE) as (opened, who), opened.datastore.begin(who, "add_agency") as work:
        made = opened.add_agency(work, code, name, parent=parent, since=_day(since))
    _show_agency(made, as_json)


@agency_app.command("end")
def end_agency(
    code: Code,
    last_day: Annotated[datetime, typer.Option("--last-day", formats=["%Y-%m-%d"])],
    successor: Annotated[
        str | None,
        typer.Option("--successor", help="Cơ quan kế thừa giấy tờ. / Who sees its papers from then on."),
    ] = None,
    person: ActorName = OPERATOR,
    as_json: Json = False,
) -> None:
    """Ghi ngày cuối cùng và cơ quan kế thừa. / Records the last day of an agency, and its successor.

    Ví dụ / Example: `khoso agency end H41.77 --last-day 2025-06-30 --successor H41.09`
    """
    with _at_work(person, None, "end_agency") as work:
        ended = work.agencies.end(code, last_day=last_day.date(), successor=successor)
    _show_agency(ended, as_json)


@agency_app.command("list")
def list_agencies(person: ActorName = OPERATOR, as_json: Json = False) -> None:
    """Các cơ quan đã biết. / The agencies that are known.

    Ví dụ / Example: `khoso agency list`
    """
    with (
        at_desk(person, None, _PURPOSE) as (opened, who),
        opened.datastore.begin(who, "list_agencies") as work,
    ):
        found = opened.agencies(work)
    if as_json:
        print_json({"agencies": [_agency_as_json(one) for one in found]})
        return
    for one in found:
        _show_agency(one, as_json=False)


# --- accounts ---------------------------------------------------------------------------------------------


@account_app.command("add")
def add_account(
    username: Username,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Họ tên. / Full name.")],
    role: Roles,
    agency: OfAgency = None,
    until: Until = None,
    person: ActorName = OPERATOR,
    as_json: Json = False,
) -> None:
    """Tạo tài khoản; mật khẩu đầu tiên chỉ hiện một lần và phải đổi khi đăng nhập. / Makes an account.

    Its first password is shown once and is changed at the first sign-in.

    Ví dụ / Example: `khoso account add quan.tri "Nguyễn Văn Quản" --role admin`
    """
    password = secrets.token_urlsafe(12)
    with at_desk(person, agency, _PURPOSE) as (opened, who):
        hashed = opened.datastore.officers.hashed(username, password)
        with opened.datastore.begin(who, "add_account") as work:
            if who.agency not in {one.code for one in opened.agencies(work)}:
                raise AgencyUnknown(agency=who.agency)
            made = work.accounts.make(username, name, *role, password=hashed, until=_midnight(until))
    if as_json:
        print_json({**_account_as_json(made), "password": password})
    else:
        _show_account(made, as_json=False)
        print(say("first_password"), password, sep="\n")


@account_app.command("list")
def list_accounts(agency: OfAgency = None, person: ActorName = OPERATOR, as_json: Json = False) -> None:
    """Các tài khoản, của một cơ quan hoặc tất cả. / The accounts, of one agency or all.

    Ví dụ / Example: `khoso account list --agency H41.08`
    """
    with _at_work(person, None, "list_accounts") as work:
        found = [one for one in work.accounts.all() if agency in (None, one.agency)]
    if as_json:
        print_json({"accounts": [_account_as_json(one) for one in found]})
        return
    for one in found:
        _show_account(one, as_json=False)
    if not found:
        print(say("no_accounts"))


@account_app.command("roles")
def change_roles(
    username: Username,
    give: Annotated[
        list[ActorRole] | None,
        typer.Option("--give", help="Giao vai trò. / Give a role.", parser=_staff_role, metavar=_ROLE),
    ] = None,
    take: Annotated[
        list[ActorRole] | None,
        typer.Option("--take", help="Thu vai trò. / Take it away.", parser=_staff_role, metavar=_ROLE),
    ] = None,
    until: Until = None,
    person: ActorName = OPERATOR,
    as_json: Json = False,
) -> None:
    """Giao hoặc thu hồi vai trò; phiên đăng nhập theo vai trò đó kết thúc ngay. / Gives and takes roles.

    Ví dụ / Example: `khoso account roles hoa.le --give handler --until 2027-01-01 --take clerk`
    """
    with _at_work(person, None, "change_roles") as work:
        changed = work.accounts.find(username)
        for role in take or []:
            changed = work.accounts.end_role(changed.id, role)
        for role in give or []:
            changed = work.accounts.grant(changed.id, role, until=_midnight(until))
    _show_account(changed, as_json)


@account_app.command("lock")
def lock_account(
    username: Username, reason: Reason, person: ActorName = OPERATOR, as_json: Json = False
) -> None:
    """Khóa tài khoản và kết thúc mọi phiên đăng nhập. / Locks an account and ends all its sessions.

    Ví dụ / Example: `khoso account lock hoa.le --reason "mất điện thoại"`
    """
    with _at_work(person, None, "lock_account") as work:
        changed = work.accounts.lock(work.accounts.find(username).id, reason)
    _show_account(changed, as_json)


@account_app.command("unlock")
def unlock_account(username: Username, person: ActorName = OPERATOR, as_json: Json = False) -> None:
    """Mở khóa, kể cả khi đang tạm khóa vì sai mật khẩu. / Unlocks, also after too many wrong passwords.

    Ví dụ / Example: `khoso account unlock mai.tran`
    """
    with _at_work(person, None, "unlock_account") as work:
        changed = work.accounts.unlock(work.accounts.find(username).id)
    _show_account(changed, as_json)


@account_app.command("password")
def new_password(username: Username, person: ActorName = OPERATOR, as_json: Json = False) -> None:
    """Cấp mật khẩu mới, chỉ hiện một lần và phải đổi khi đăng nhập. / Gives a new password, shown once.

    Ví dụ / Example: `khoso account password mai.tran`
    """
    password = secrets.token_urlsafe(12)
    with at_desk(person, None, _PURPOSE) as (opened, who):
        hashed = opened.datastore.officers.hashed(username, password)
        with opened.datastore.begin(who, "give_password") as work:
            changed = work.accounts.set_password(work.accounts.find(username).id, hashed)
    if as_json:
        print_json({**_account_as_json(changed), "password": password})
    else:
        print(say("first_password"), password, sep="\n")


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _midnight(day: datetime | None) -> datetime | None:
    """The beginning of a day in Viet Nam."""
    return None if day is None else day.replace(tzinfo=VIETNAM).astimezone(UTC)


def _show_agency(one: Agency, as_json: bool) -> None:
    if as_json:
        print_json(_agency_as_json(one))
    else:
        said = [one.code, one.name]
        if one.parent:
            said.append(f"thuộc / under: {one.parent}")
        if one.valid_from or one.valid_to:
            said.append(f"{one.valid_from or '…'} – {one.valid_to or '…'}")
        if one.successor:
            said.append(f"kế thừa / successor: {one.successor}")
        print("  ".join(said))


def _show_account(one: Account, as_json: bool) -> None:
    if as_json:
        print_json(_account_as_json(one))
    else:
        roles = ", ".join(in_words("role", role["role"]) for role in _account_as_json(one)["roles"])
        state = in_words("account-state", one.state.value)
        print(f"{one.username}  {one.name}  {one.agency}  {state}  {roles}")


def _agency_as_json(one: Agency) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name,
        "parent": one.parent,
        "from": None if one.valid_from is None else one.valid_from.isoformat(),
        "last_day": None if one.valid_to is None else one.valid_to.isoformat(),
        "successor": one.successor,
    }


def _account_as_json(one: Account) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "username": one.username,
        "name": one.name,
        "agency": one.agency,
        "state": one.state.value,
        "roles": [
            {"role": each.role.value, "until": None if each.until is None else each.until.isoformat()}
            for each in one.roles
            if each.ended_at is None
        ],
        "counters": list(one.counters),
    }
