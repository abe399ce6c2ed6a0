"""Signatures and prints: `sign`, `validate`, `print`, `verify`."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from api.cli.answer import print_json
from api.cli.app import app
from api.cli.options import OPERATOR, ActorName, Agency, DossierNo, Json, Out, Purpose, Reason, not_blank
from api.cli.place import at_desk, checker, house
from api.cli.seal_shown import lines_of
from api.exits import Exit
from api.progress import steps_on_stderr
from api.steps.checking import Check
from api.steps.queue import print_out
from api.steps.signing_files import sign_file, validate_file
from common import Sentence, say, shown
from signing import Indication, Role, Standing

_EXITS = {
    Indication.TOTAL_PASSED: Exit.DONE,
    Indication.TOTAL_FAILED: Exit.NEGATIVE,
    Indication.INDETERMINATE: Exit.CANNOT_TELL,
}
_NOT_IN_FORCE = (Standing.REVOKED, Standing.SUPERSEDED, Standing.EXPIRED)


@app.command("sign")
def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="PDF/A.")],
    role: Annotated[Role, typer.Option("--as", help="clerk | officer | agency")],
    out: Out,
    name: Annotated[
        str | None,
        typer.Option("--name", help="Họ tên trên chứng thư số thử nghiệm. / Name on the certificate."),
    ] = None,
) -> None:
    """Ký một tệp PDF bằng khóa thử nghiệm của máy này. / Signs a PDF with this machine's development keys.

    Ví dụ / Example: `khoso sign to-trinh.pdf --as officer --name "Lê Văn Hồ Sơ" --out da-ky.pdf`
    """
    with steps_on_stderr() as steps, house(steps) as opened:
        signed = sign_file(opened, file, role, name=name, out=out)
    print(f"{out}: {signed.role.value}, {signed.level}, {shown(signed.signed_at)}")


@app.command("validate")
def validate(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    as_json: Json = False,
) -> None:
    """Kết luận về chữ ký số của một tệp PDF bất kỳ (ETSI EN 319 102-1). / A verdict on any PDF.

    Mã thoát / exit: 0 TOTAL-PASSED; 1 TOTAL-FAILED; 4 INDETERMINATE (không có chữ ký / no signature).

    Ví dụ / Example: `khoso validate cong-van.pdf --json`
    """
    with steps_on_stderr() as steps, house(steps) as opened:
        verdict = validate_file(opened, file)
    if as_json:
        print_json(verdict.as_json())
    else:
        print(f"{verdict.indication.value}: {_genuine(verdict.indication)}")
        _say_reasons(verdict.reasons)
        for one in verdict.signatures:
            at = one.proven_time or one.claimed_time
            when = "?" if at is None else shown(at)
            print(f"  {one.field}: {one.indication.value} · {one.signer_name or '?'} · {when}")
            _say_reasons(one.reasons, indent="    ")
    raise typer.Exit(_EXITS[verdict.indication])


@app.command("print")
def print_(
    document_id: Annotated[UUID, typer.Argument(metavar="DOCUMENT-ID")],
    to: Annotated[str, typer.Option("--to", help="In cho ai. / For whom.", callback=not_blank)],
    reason: Reason,
    out: Out,
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
    dossier: DossierNo = None,
) -> None:
    """In bản giấy có mã QR; chỉ giấy tờ `valid` có con dấu số. / A paper copy; sealed only when `valid`.

    Ví dụ / Example: `khoso print DOCUMENT-ID --to "Trường THPT" --reason "Nhập học" --out ban-in.pdf`
    """
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        printed = print_out(opened, who, document_id, to=to, reason=reason, out=out)
    if as_json:
        print_json(printed.as_json())
    else:
        print(
            say(
                "printed" if printed.sealed else "printed_unsealed",
                number=printed.entry.number,
                name=out.name,
            )
        )


@app.command("verify")
def verify(
    thing: Annotated[str, typer.Argument(metavar="FILE|IMAGE|LINK|DIGITS|SHORT-CODE")],
    offline: Annotated[
        bool,
        typer.Option(
            "--offline", help="Chỉ dùng danh sách đã công bố. / Only what was published, no database."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Kiểm tra bản in, ảnh chụp, liên kết, dãy số, mã ngắn hoặc PDF đã ký: thật không, còn hiệu lực không.

    Checks a print, a photo, a link, digits, a short code or a signed PDF: genuine? in force?

    Ví dụ / Examples: `khoso verify anh-chup.jpg --offline` · `khoso verify 7K3F-…`
    """
    with checker(offline=offline) as at_hand:
        check = at_hand.check(thing)
    if as_json:
        print_json(check.as_json())
    else:
        _say_check(check)
    raise typer.Exit(exit_of(check))


def exit_of(check: Check) -> Exit:
    """Genuine and not known to be out of force is 0; what is known to be revoked, superseded or expired is 1."""
    if check.standing in _NOT_IN_FORCE:
        return Exit.NEGATIVE
    return _EXITS[check.indication]


def _say_check(check: Check) -> None:
    """Two plain lines, then what they rest on."""
    print(_genuine(check.indication))
    if check.status_as_of is None:
        print(say("standing_not_asked"))
    else:
        print(say(f"standing_{check.standing.word}", as_of=shown(check.status_as_of)))
    _say_reasons(check.reasons)
    if check.claims is not None:
        for line in lines_of(check.claims):
            print(f"  {line}")


def _genuine(indication: Indication) -> Sentence:
    return say(f"check_{indication.value.lower().replace('-', '_')}")


def _say_reasons(reasons: tuple[Sentence, ...], indent: str = "  ") -> None:
    for reason in reasons:
        print(f"{indent}{reason}")
