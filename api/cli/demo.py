"""`khoso demo`."""

from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from api.cli.answer import print_json
from api.cli.app import app
from api.cli.options import OPERATOR, ActorName, Json
from api.cli.place import at_desk
from api.demo import Line, run_demo, samples_in
from api.house import page_pool_when_needed
from api.words import in_words
from common import say

_SAMPLES = Path(__file__).resolve().parents[2] / "samples"
"""In a checkout; an installation without one names its own folder."""
_LOG_WIDTH = 190
"""Where no window is too narrow, a line stays a line."""


@app.command("demo")
def demo(
    samples: Annotated[Path, typer.Option("--samples", help="Thư mục mẫu. / Folder of samples.")] = _SAMPLES,
    serve: Annotated[
        bool,
        typer.Option(
            "--serve/--no-serve", help="Mở trang web sau đó (khi có). / Then serve the pages (once there)."
        ),
    ] = True,
    as_json: Json = False,
    person: ActorName = OPERATOR,
) -> None:
    """Chạy thử mọi giấy tờ mẫu từ đầu đến cuối: tiếp nhận, đọc, ký, có hiệu lực, in, kiểm tra.

    Takes all samples through the whole journey: intake, reading, signing, validity, print, check.

    Ví dụ / Examples: `khoso demo` · `khoso demo --no-serve --json`
    """
    started = monotonic()
    with at_desk(person, None, "demo") as (opened, who), page_pool_when_needed(opened.settings) as pool:
        lines = run_demo(opened, who, samples_in(samples), pool)
    if as_json:
        print_json({"documents": [line.as_json() for line in lines], "seconds": monotonic() - started})
        return
    _show(lines)
    print(say("demo_done", seconds=f"{monotonic() - started:.1f}"))
    print(say("demo_look", owner=lines[0].sample.owners[0].identifier))


_HEADINGS = (
    ("Tệp", "file"),
    ("Loại", "type"),
    ("Mã", "code"),
    ("Trang", "pages"),
    ("s/trang", "s/page"),
    ("Trạng thái", "status"),
    ("Chữ ký", "signatures"),
    ("QR bản in", "QR of the print"),
)


def _show(lines: tuple[Line, ...]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for vietnamese, english in _HEADINGS:
        table.add_column(f"{vietnamese}\n{english}", overflow="fold")
    for line in lines:
        answer = line.held.as_json()
        seconds = "–" if line.seconds_per_page is None else f"{line.seconds_per_page:.1f}"
        table.add_row(
            line.sample.path.name,
            answer["name"] or "?",
            answer["code"] or "–",
            str(answer["pages"]),
            seconds,
            in_words("status", answer["status"]),
            answer["signature_verdict"] or answer["verdict"] or "–",
            _qr(line),
        )
    console = Console()
    if not console.is_terminal:
        console = Console(width=_LOG_WIDTH)
    console.print(table)


def _qr(line: Line) -> str:
    check = line.print_check
    if check is None or check.claims is None:
        return "–"
    return f"{check.indication.value}, {check.standing.word}"
