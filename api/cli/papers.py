"""Papers in the store: `intake`, `check`, `dossier`, `list`, `find`, `get`, `revoke`, `supersede`, `put-away`,
`refile`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from api.cli.answer import error_json, print_json
from api.cli.app import app
from api.cli.options import OPERATOR, ActorName, Agency, DossierNo, Json, Out, Purpose, Reason
from api.cli.place import at_desk
from api.errors import exit_status
from api.exits import Exit, worst
from api.house import House, page_pool_when_needed
from api.steps import changes, confirming, dossiers, holdings
from api.steps.intake import Paper, Person, Received, receive
from api.steps.queue import work_off
from api.words import in_words
from archive import Ground, Status
from common import KhosoError, say
from datastore import Actor, DocumentRecord, DossierState, SearchField
from ingest import DossierNumber

PENDING = "pending"


class BadGround(KhosoError):
    """A ground that the command line cannot give."""

    code = "bad_ground"


@app.command("intake")
def intake(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="PDF, JPEG, PNG, TIFF.")],
    owner: Annotated[
        list[str],
        typer.Option(
            "--owner",
            help="Mã định danh của chủ giấy tờ (lặp lại nếu nhiều người), hoặc `pending`. / "
            "Identifier of an owner, repeatable, or `pending`.",
        ),
    ],
    doc_type: Annotated[
        str | None, typer.Option("--type", help="Mã loại giấy tờ, vd. KQ.G15.000031. / Type code.")
    ] = None,
    dossier: DossierNo = None,
    ground: Annotated[
        str | None,
        typer.Option(
            "--ground", help="Căn cứ có hiệu lực ngay: back_file | issued_electronically | certified_copy."
        ),
    ] = None,
    together: Annotated[
        bool,
        typer.Option("--together", help="Nhiều tệp là một giấy tờ. / The files are one document."),
    ] = False,
    back_file: Annotated[
        bool,
        typer.Option(
            "--back-file", help="Hồ sơ cũ; ưu tiên việc tại quầy. / From the shelves; counter first."
        ),
    ] = False,
    compared: Annotated[
        bool,
        typer.Option(
            "--compared/--not-compared",
            help="Cán bộ đã đối chiếu bản quét với bản giấy, hoặc chưa: khi đó chờ `khoso check`. / "
            "Whoever takes it in has compared scan and paper, or has not: then it waits for `khoso check`.",
        ),
    ] = True,
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
) -> None:
    """Tiếp nhận giấy tờ vào kho: giữ bản gốc, đọc, đặt mã, ký; trạng thái `provisional` (hoặc `valid` khi có căn cứ).

    Takes papers into the store: keeps the original, reads, codes, signs; up to `provisional`, or `valid` with a ground.

    Ví dụ / Examples: `khoso intake ks.jpg --owner 040090001234 --type KQ.G15.000031 --dossier H41.08-261122-0001`
    """
    named = _papers(files, owner, doc_type, dossier, ground, together=together)
    papers = [replace(paper, back_file=back_file, compared=compared) for paper in named]
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        received: list[tuple[Paper, Received | KhosoError]] = []
        for paper in papers:
            try:
                one = receive(opened, who, paper)
                # The name as it was cleaned: one with a line break in it could pretend another receipt.
                name = one.document.version.originals[0].name
                said = "received_again" if one.again else "received"
                opened.steps.say(str(say(said, name=name, receipt=one.receipt)))
                received.append((paper, one))
            except KhosoError as error:
                opened.steps.say(str(error))
                received.append((paper, error))
        kept = [one.document.id for _paper, one in received if isinstance(one, Received)]
        stopped_by = _work_off(opened, kept)
        answers = [_answer(opened, who, paper, one) for paper, one in received]
    if as_json:
        print_json({"documents": [answer for answer, _status in answers]})
    else:
        _show_documents([answer for answer, _status in answers if "error" not in answer], none=None)
    stops = [] if stopped_by is None else [exit_status(stopped_by)]
    raise typer.Exit(worst([*stops, *(status for _answer, status in answers)]))


def _work_off(opened: House, kept: Sequence[UUID]) -> KhosoError | None:
    """What stopped the work, said already: the papers are kept, and who handed them in still gets the receipts."""
    try:
        with page_pool_when_needed(opened.settings) as pool:
            work_off(opened, pool, until_done=kept)
    except KhosoError as error:
        opened.steps.say(str(error))
        return error
    return None


def _papers(
    files: Sequence[Path],
    owners: Sequence[str],
    doc_type: str | None,
    dossier: str | None,
    ground: str | None,
    *,
    together: bool,
) -> list[Paper]:
    """One paper per file, or one of all; the values of the options made sure of first."""
    persons = () if list(owners) == [PENDING] else tuple(Person(one) for one in owners)
    number = str(DossierNumber.parse(dossier)) if dossier else None
    groups = [tuple(files)] if together else [(file,) for file in files]
    given = _ground(ground)
    return [Paper(group, persons, doc_type, number, given) for group in groups]


def _ground(text: str | None) -> Ground | None:
    """The success of a dossier is not said here, but by closing the dossier."""
    if text is None:
        return None
    allowed = [ground.value for ground in Ground if ground is not Ground.DOSSIER_SUCCEEDED]
    if text not in allowed:
        raise BadGround(text=text, allowed=", ".join(allowed))
    return Ground(text)


def _answer(
    opened: House, who: Actor, paper: Paper, one: Received | KhosoError
) -> tuple[dict[str, Any], Exit]:
    if isinstance(one, KhosoError):
        return {"file": str(paper.files[0]), "error": error_json(one)}, exit_status(one)
    held = holdings.held(opened, who, one.document.id)
    for sentence in (*held.questions, *held.waits):
        opened.steps.say(str(sentence))
    answer = {"file": str(paper.files[0]), **held.as_json(), "receipt": one.receipt, "again": one.again}
    return answer, _exit_of(held.document)


def _exit_of(document: DocumentRecord) -> Exit:
    """What became of a paper that was taken in."""
    if document.status in (Status.REJECTED, Status.QUARANTINED):
        return Exit.NEGATIVE
    if document.status in (Status.RECEIVED, Status.CHECKED):
        return Exit.OUT_OF_REACH  # kept, but a part that is needed failed: a later attempt goes on from here
    return Exit.CANNOT_TELL if document.status is Status.READ else Exit.DONE


@app.command("check")
def check(
    document_id: Annotated[UUID, typer.Argument(metavar="DOCUMENT-ID")],
    owners: Annotated[
        list[str] | None,
        typer.Option(
            "--owner",
            help="Chủ như đã xem (lặp lại nếu nhiều người): từ chối nếu nay là của người khác. / "
            "The owner as it was seen, repeatable: refused where it is another's by now.",
        ),
    ] = None,
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
    dossier: DossierNo = None,
) -> None:
    """Xác nhận đã đối chiếu bản quét và phần đọc được với bản giấy, và chủ đã ghi là đúng; hệ thống tự xử lý tiếp.

    Says that scan and reading were compared with the paper, and that the named owner is the right one; it goes on.

    Ví dụ / Example: `khoso check 01a200e0-5076-7574-a8fe-df7af85edd29 --owner 040090001234 --actor mai.tran`
    """
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        confirming.check(opened, who, document_id, confirming.Compared(), owners=owners or ())
        _finish(opened, document_id)
        _show_one(opened, who, document_id, as_json=as_json)


# --- dossiers ---------------------------------------------------------------------------------------------

dossier_app = typer.Typer(no_args_is_help=True, help="Hồ sơ: mở, đóng. / Dossiers: open, close.")
app.add_typer(dossier_app, name="dossier")


@dossier_app.command("open")
def open_dossier(
    number: Annotated[str, typer.Argument(metavar="NO", help="Mã số hồ sơ. / Dossier number.")],
    procedure: Annotated[
        str, typer.Option("--procedure", help="Mã thủ tục, vd. 1.001193. / Procedure code.")
    ],
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
) -> None:
    """Mở hồ sơ theo mã số của hệ thống một cửa. / Opens a dossier under the number of the one-stop system.

    Ví dụ / Example: `khoso dossier open H41.08-261122-0001 --procedure 1.001193`
    """
    number = str(DossierNumber.parse(number))
    with at_desk(person, agency, purpose, number) as (opened, who):
        dossier = dossiers.open_dossier(opened, who, number, procedure)
    _say_dossier(dossier.number, dossier.state, [], as_json=as_json)


@dossier_app.command("close")
def close_dossier(
    number: Annotated[str, typer.Argument(metavar="NO", help="Mã số hồ sơ. / Dossier number.")],
    succeeded: Annotated[bool, typer.Option("--succeeded", help="Đã có kết quả. / Succeeded.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="Từ chối. / Refused.")] = False,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Rút hồ sơ. / Withdrawn.")] = False,
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
) -> None:
    """Đóng hồ sơ; khi đã có kết quả, giấy tờ trong hồ sơ được cơ quan ký và có giá trị như bản giấy.

    Closes a dossier; on success its papers are signed by the agency and become valid, those that wait for somebody
    once that is answered (`khoso check`).

    Ví dụ / Example: `khoso dossier close H41.08-261122-0001 --succeeded`
    """
    endings = {
        DossierState.SUCCEEDED: succeeded,
        DossierState.REFUSED: refused,
        DossierState.WITHDRAWN: withdrawn,
    }
    chosen = [state for state, wanted in endings.items() if wanted]
    if len(chosen) != 1:
        raise typer.BadParameter(str(say("usage_just_one_of", options="--succeeded, --refused, --withdrawn")))
    number = str(DossierNumber.parse(number))
    with at_desk(person, agency, purpose, number) as (opened, who):
        dossiers.close_dossier(opened, who, number, chosen[0])
        papers = holdings.papers_of(opened, who, number)
        with page_pool_when_needed(opened.settings) as pool:
            work_off(opened, pool, until_done=[paper.id for paper in papers])
        found = [holdings.held(opened, who, paper.id) for paper in papers]
        for held in found:
            for reason in held.waits:
                opened.steps.say(f"{held.document.id}: {reason}")
    answers = [held.as_json() for held in found]
    _say_dossier(number, chosen[0], answers, as_json=as_json)


def _say_dossier(number: str, state: DossierState, papers: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json({"dossier": number, "state": state.value, "documents": papers})
        return
    print(f"{number}: {in_words('word', state.value)}")
    if papers:
        _show_documents(papers)


# --- what a store holds -----------------------------------------------------------------------------------


@app.command("list")
def list_store(
    owner: Annotated[str, typer.Argument(metavar="OWNER", help="Mã định danh. / Identifier.")],
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
    dossier: DossierNo = None,
) -> None:
    """Giấy tờ trong kho của một tổ chức, cá nhân. / What the store of a person or organisation holds.

    Ví dụ / Example: `khoso list 040090001234 --json`
    """
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        answers = [held.as_json() for held in holdings.store_of(opened, who, owner)]
    if as_json:
        print_json({"owner": owner, "documents": answers})
    else:
        _show_documents(answers)


@app.command("find")
def find(
    words: Annotated[
        list[str], typer.Argument(metavar="WORD…", help="Có dấu hoặc không dấu. / Accents optional.")
    ],
    field: Annotated[
        SearchField | None,
        typer.Option(
            "--in",
            help="Tìm trong: chủ, mã, loại (tên hoặc mã của loại), nội dung. / "
            "Where to look; a type by its name or any of its codes.",
        ),
    ] = None,
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
    dossier: DossierNo = None,
) -> None:
    """Tìm giấy tờ theo chủ, mã, loại, nội dung. / Finds papers by owner, code, type, text.

    Ví dụ / Examples: `khoso find tran khanh hang` · `khoso find khai tử --in type`
    """
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        answers = [held.as_json() for held in holdings.find(opened, who, " ".join(words), field)]
    if as_json:
        print_json({"documents": answers})
    else:
        _show_documents(answers, none="nothing_found")


@app.command("get")
def get(
    document_id: Annotated[UUID, typer.Argument(metavar="DOCUMENT-ID")],
    out: Out,
    original: Annotated[
        bool, typer.Option("--original", help="Tệp gốc đúng từng byte. / What came in, byte for byte.")
    ] = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
    dossier: DossierNo = None,
) -> None:
    """Lấy một giấy tờ: bản PDF đã ký, hoặc tệp gốc. / One document: the signed PDF, or the original.

    Ví dụ / Example: `khoso get 01a200e0-5076-7574-a8fe-df7af85edd29 --out giay-khai-sinh.pdf`
    """
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        for path in holdings.fetch(opened, who, document_id, original=original, out=out):
            print(path)


# --- changing what stands ---------------------------------------------------------------------------------


@app.command("revoke")
def revoke(
    document_id: Annotated[UUID, typer.Argument(metavar="DOCUMENT-ID")],
    reason: Reason,
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
    dossier: DossierNo = None,
) -> None:
    """Thu hồi giấy tờ; báo cho nơi đã dẫn nguồn. / Revokes; whoever cites it is told.

    Ví dụ / Example: `khoso revoke 01a200e0-5076-7574-a8fe-df7af85edd29 --reason "Cấp sai"`
    """
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        changes.revoke(opened, who, document_id, reason)
        _finish(opened, document_id)
        _show_one(opened, who, document_id, as_json=as_json)


@app.command("supersede")
def supersede(
    document_id: Annotated[UUID, typer.Argument(metavar="DOCUMENT-ID")],
    by: Annotated[UUID, typer.Option("--by", help="Giấy tờ thay thế. / The document that takes its place.")],
    reason: Reason,
    insist: Annotated[
        bool,
        typer.Option(
            "--insist",
            help="Dù giấy thay thế của chủ khác hoặc khác loại. / Also one of other owners, or of another type.",
        ),
    ] = False,
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
    dossier: DossierNo = None,
) -> None:
    """Thay thế giấy tờ bằng một giấy tờ khác. / Another document takes its place.

    Ví dụ / Example: `khoso supersede OLD-ID --by NEW-ID --reason "Cấp lại"`
    """
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        changes.supersede(opened, who, document_id, by, reason, insists=insist)
        _finish(opened, document_id)
        _show_one(opened, who, document_id, as_json=as_json)


@app.command("put-away")
def put_away(
    document_id: Annotated[UUID, typer.Argument(metavar="DOCUMENT-ID")],
    of: Annotated[
        UUID,
        typer.Option("--duplicate-of", help="Bản còn lại, thay cho cả hai. / The one that stands for both."),
    ],
    reason: Reason,
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
    dossier: DossierNo = None,
) -> None:
    """Cất đi bản quét trùng, khi chưa có hiệu lực. / Puts away a paper that was scanned twice.

    Ví dụ / Example: `khoso put-away ID --duplicate-of OTHER-ID --reason "Quét hai lần"`
    """
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        changes.put_away(opened, who, document_id, of, reason)
        _finish(opened, document_id)
        _show_one(opened, who, document_id, as_json=as_json)


@app.command("refile")
def refile(
    document_id: Annotated[UUID, typer.Argument(metavar="DOCUMENT-ID")],
    reason: Reason,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Chủ đúng của giấy tờ. / The right owner.")
    ] = None,
    added: Annotated[
        str | None,
        typer.Option(
            "--add", help="Thêm một chủ, các chủ khác giữ nguyên. / One more owner; the others stay."
        ),
    ] = None,
    away_from: Annotated[
        str | None,
        typer.Option("--from", help="Chủ ghi nhầm trong nhiều chủ. / Of several owners the wrong one."),
    ] = None,
    insist: Annotated[
        bool,
        typer.Option(
            "--insist",
            help="Vẫn thêm chủ dù giấy tờ loại này thường không có thêm chủ. / "
            "Add also where papers of the type have no more owners.",
        ),
    ] = False,
    as_json: Json = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
    purpose: Purpose = "operator",
    dossier: DossierNo = None,
) -> None:
    """Chuyển giấy tờ về đúng chủ, thêm chủ, bỏ chủ ghi nhầm. / Moves a paper to its owner, adds one, takes one out.

    Chủ đúng đã có giấy tờ này thì bản lưu nhầm được cất đi. / Who has it already keeps that one; this is put away.

    Ví dụ / Example: `khoso refile DOCUMENT-ID --owner 040090001234 --reason "Lưu nhầm"`

    `khoso refile DOCUMENT-ID --add 040198263731 --reason "Giấy của cả hai vợ chồng"`
    """
    move = changes.Move(to=owner, added=added, away_from=away_from, insists=insist)
    with at_desk(person, agency, purpose, dossier) as (opened, who):
        changes.refile(opened, who, document_id, move, reason)
        _finish(opened, document_id)
        _show_one(opened, who, document_id, as_json=as_json)


def _finish(opened: House, document_id: UUID) -> None:
    with page_pool_when_needed(opened.settings) as pool:
        work_off(opened, pool, until_done=[document_id])


def _show_one(opened: House, who: Actor, document_id: UUID, *, as_json: bool) -> None:
    answer = holdings.held(opened, who, document_id).as_json()
    if as_json:
        print_json({"documents": [answer]})
    else:
        _show_documents([answer])


def _show_documents(answers: list[dict[str, Any]], none: str | None = "nothing_held") -> None:
    """Two lines a paper, for a person and for grep; where there is none, the sentence `none` says so."""
    if not answers and none is not None:
        print(say(none))
    for answer in answers:
        print(f"{' + '.join(answer['codes']) or '–'}  {answer['name'] or '?'}")
        facts = (
            in_words("status", answer["status"]),
            in_words("weight", answer["weight"]),
            f"{answer['pages'] or '?'} trang",
            answer["signature_verdict"],
            answer["document_id"],
        )
        print("    " + " · ".join(fact for fact in facts if fact))
