"""The options that many commands share, each with its help in both languages."""

import os
import pwd
from pathlib import Path
from typing import Annotated

import typer

from common import PartialDate, say


def not_blank(text: str) -> str:
    """What a person has to say, said."""
    if not text.strip():
        raise typer.BadParameter(str(say("blank")))
    return text


def partial_date(text: str) -> PartialDate:
    """A date as it may be known, in one of its three forms."""
    try:
        return PartialDate.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(say("usage_no_partial_date"))) from error


Json = Annotated[
    bool,
    typer.Option(
        "--json", help="In một tài liệu JSON ra đầu ra chuẩn. / One JSON document on standard output."
    ),
]
Out = Annotated[
    Path, typer.Option("--out", help="Tệp ghi ra; không ghi đè. / File to write; never replaced.")
]
ActorName = Annotated[
    str,
    typer.Option(
        "--actor", help="Người thực hiện, ghi vào nhật ký. / Who acts; kept in the diary.", callback=not_blank
    ),
]
Agency = Annotated[
    str | None,
    typer.Option("--agency", help="Mã định danh cơ quan; mặc định theo cấu hình. / Agency code."),
]
Purpose = Annotated[
    str,
    typer.Option(
        "--purpose", help="Mục đích xem hoặc sửa giấy tờ. / Why the papers are touched.", callback=not_blank
    ),
]
DossierNo = Annotated[str | None, typer.Option("--dossier", help="Mã số hồ sơ. / Dossier number.")]
Reason = Annotated[
    str,
    typer.Option(
        "--reason",
        help="Lý do, ghi vào nhật ký. / Why; kept in the diary.",
        callback=not_blank,
    ),
]


def _operator() -> str:
    """Who sits at this machine: the name under which the operating system knows the person."""
    user = os.getuid()
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:  # a container may run under a number without a name
        return f"uid-{user}"


OPERATOR = _operator()
