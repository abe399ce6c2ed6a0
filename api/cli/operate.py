"""Operating: `doctor`, `migrate`, `catalogue import`, `log verify`, `worker`, `beat`."""

import os
import signal
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from api.cli.answer import print_json
from api.cli.app import app
from api.cli.options import OPERATOR, ActorName, Agency, Json
from api.cli.place import at_desk, house, in_service, settings
from api.exits import Exit
from api.house import open_datastore, page_pool_when_needed
from api.logs import log
from api.progress import steps_on_stderr
from api.steps.archivist import extend_log, verify_log
from api.steps.doctor import Finding, examine
from api.steps.import_catalogue import Change, import_catalogue
from api.steps.queue import EVERY_ROLE, retry_set_aside, serve_queue, work_awhile, work_off
from api.steps.sweeper import beat
from common import say
from datastore import JobRole

catalogue_app = typer.Typer(
    no_args_is_help=True, help="Danh mục loại giấy tờ. / Catalogue of document types."
)
app.add_typer(catalogue_app, name="catalogue")
log_app = typer.Typer(no_args_is_help=True, help="Nhật ký chống sửa. / The log that shows changes.")
app.add_typer(log_app, name="log")


@app.command("doctor")
def doctor(as_json: Json = False) -> None:
    """Kiểm tra máy này và chỉ cách khắc phục. / Examines this installation and prints the fix for what it finds.

    Ví dụ / Example: `khoso doctor --json`
    """
    with steps_on_stderr() as steps, house(steps) as opened:
        findings = []
        for finding in examine(opened):
            findings.append(finding)
            if not as_json:
                _show(finding)
    if as_json:
        print_json({"findings": [finding.as_json() for finding in findings]})
    raise typer.Exit(Exit.DONE if all(finding.well for finding in findings) else Exit.OUT_OF_REACH)


def _show(finding: Finding) -> None:
    """A line with its mark, and how to mend what is not well, or is well for trying things out only."""
    if not finding.well:
        print(f"✗ {finding.name}: {finding.seen}")
        print(f"    → {finding.fix}")
    elif finding.tolerated:
        print(f"○ {finding.name}: {finding.seen}")
        print(f"    {say('doctor_tolerated')} → {finding.fix}")
    else:
        print(f"✓ {finding.name}: {finding.seen}")


@app.command("migrate")
def migrate() -> None:
    """Đưa cơ sở dữ liệu lên phiên bản của chương trình. / Brings the database up to date.

    Ví dụ / Example: `khoso migrate`
    """
    datastore = open_datastore(settings())
    try:
        print(say("migrated", revision=datastore.migrate()))
    finally:
        datastore.close()


@catalogue_app.command("import")
def catalogue_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML; docs/operations.md.")],
    decision: Annotated[
        str, typer.Option("--decision", help="Quyết định ban hành. / The decision behind it.")
    ],
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Thay mã đã nhập cho cùng ngày. / Replace codes of the same day."),
    ] = False,
    person: ActorName = OPERATOR,
    agency: Agency = None,
) -> None:
    """Nhập mã quốc gia có ngày hiệu lực cho các loại giấy tờ. / Imports dated national codes of document types.

    Ví dụ / Example: `khoso catalogue import ma-kq.toml --decision "12/QĐ-VPCP"`
    """
    with at_desk(person, agency, "catalogue") as (opened, who):
        imported = import_catalogue(opened, who, file, decision, replace=replace)
    for one in imported:
        print(one.sentence)
    count = sum(one.change is not Change.NONE for one in imported)
    print(say("imported", count=count, decision=decision))


@catalogue_app.command("list")
def catalogue_list(as_json: Json = False) -> None:
    """Các loại giấy tờ và mã dùng hôm nay (--type). / The types of papers and their codes of today (--type).

    Ví dụ / Example: `khoso catalogue list | grep -i khai`
    """
    with steps_on_stderr() as steps, house(steps) as opened:
        known = opened.catalogue.all()
    if as_json:
        print_json({"types": [{"code": one.code, "vi": one.name, "en": one.name_en} for one in known]})
        return
    for one in known:
        print(f"{one.code}  {one.name} / {one.name_en}")


@log_app.command("verify")
def log_verify(as_json: Json = False) -> None:
    """Tính lại toàn bộ nhật ký, đối chiếu với dữ liệu hôm nay. / Recomputes the log and compares it with the rows.

    Ví dụ / Example: `khoso log verify --json`
    """
    with steps_on_stderr() as steps, house(steps) as opened:
        if opened.keys.log_here is not None:
            extend_log(opened)
        report = verify_log(opened)
    if as_json:
        findings = [finding.as_json() for finding in report.findings]
        facts = {"leaves": report.leaves, "rows": report.rows, "root": report.root.hex()}
        print_json({"clean": report.clean, **facts, "found": report.found, "findings": findings})
    else:
        code = "log_clean" if report.clean else "log_findings"
        print(say(code, leaves=report.leaves, rows=report.rows, found=report.found))
        for finding in report.findings:
            print(f"  {finding}")
    raise typer.Exit(Exit.DONE if report.clean else Exit.NEGATIVE)


@app.command("worker")
def worker(
    once: Annotated[
        bool, typer.Option("--once", help="Làm hết việc đang chờ rồi dừng. / Work off what waits, then stop.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Làm lại việc bị gác lại. / Try again what was set aside.")
    ] = False,
    role: Annotated[
        JobRole | None,
        typer.Option("--role", help="reader | signer | archivist; mặc định: mọi việc. / Default: all."),
    ] = None,
    while_stdin: Annotated[bool, typer.Option("--while-stdin", hidden=True)] = False,
) -> None:
    """Làm các việc đang chờ: đọc, ký. / Works off the queue: reading, signing.

    Có KHOSO_BROKER_URL thì mỗi vai trò là một tiến trình. / With a broker, one process per role.

    Ví dụ / Examples: `khoso worker` · `khoso worker --once` · `khoso worker --role reader`
    """
    broker_url = settings().broker
    if role is not None and broker_url is not None:
        raise typer.Exit(_listen(broker_url, role))
    if once:
        with (
            steps_on_stderr() as steps,
            house(steps) as opened,
            page_pool_when_needed(opened.settings) as pool,
        ):
            if retry:
                retry_set_aside(opened)
            work_off(opened, pool)
        return
    name = "worker" if role is None else role.value
    with in_service(name) as opened, page_pool_when_needed(opened.settings) as pool:
        if retry:
            retry_set_aside(opened)
        stop = _Stop()
        if while_stdin:
            stop.with_end_of(sys.stdin.fileno())
        log.info("worker_waits")
        opened.steps.say(str(say("worker_waits")))
        from api.steps.courier import courier_beside  # late, as above

        with courier_beside(opened) if role is None else nullcontext():
            serve_queue(opened, pool, stopped=stop, roles=EVERY_ROLE if role is None else frozenset({role}))


def _listen(broker_url: str, role: JobRole) -> int:
    """Works whenever the broker says that there is work for this role; the exit status."""
    from api.connectors.broker import listen  # late: it takes a third of a second to load

    told: list[bool] = []
    with in_service(role.value, roles=[role]) as opened, page_pool_when_needed(opened.settings) as pool:

        def work() -> None:
            if work_awhile(opened, pool, role, stopped=lambda: bool(told)):
                opened.wake(frozenset({role}))

        opened.wake(frozenset({role}))  # for what waits already
        return listen(broker_url, role, work, stop=lambda: told.append(True))


@app.command("beat")
def beat_() -> None:
    """Đánh thức việc bị bỏ sót, lấy lại việc của tiến trình đã chết. / Wakes what was missed, reclaims what was lost.

    Ví dụ / Example: `khoso beat`
    """
    from api.steps.courier import courier_beside  # late: it speaks HTTP, which no other command does

    with in_service("beat") as opened, courier_beside(opened):
        beat(opened, opened.wake, stopped=_Stop())


class _Stop:
    """Set by SIGTERM or SIGINT, or when whoever started it is gone: the page in work is finished, the job handed
    back. A second signal ends the process as it is."""

    def __init__(self) -> None:
        self._asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        self._asked = True
        signal.signal(number, signal.SIG_DFL)

    def with_end_of(self, pipe: int) -> None:
        """Also when the pipe, of which `khoso serve` holds the other end, has ended."""

        def wait() -> None:
            while os.read(pipe, 1):
                pass
            self._asked = True

        threading.Thread(target=wait, daemon=True, name="parent").start()

    def __call__(self) -> bool:
        return self._asked
