"""`khoso read`: what is on the paper, without a store."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.answer import error_json, print_json, tell
from api.cli.app import app
from api.cli.options import Json
from api.cli.place import settings
from api.errors import exit_status
from api.exits import Exit, worst
from api.house import limits_of, open_room, page_pool
from api.progress import steps_on_stderr
from api.steps.reading import ReadFile, read_file
from api.words import field_in_words
from common import KhosoError
from ingest import load_catalogue


@app.command("read")
def read(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="PDF, JPEG, PNG, TIFF.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Thư mục ghi PDF/A hai lớp. / Folder for the searchable PDF/A."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Đọc giấy tờ: chất lượng, chữ, loại, các trường; làm PDF/A tìm kiếm được.

    Reads papers: quality, text, type, fields; makes searchable PDF/A. Needs no store.

    Ví dụ / Examples: `khoso read giay-khai-sinh.jpg` · `khoso read *.pdf --out pdfa --json`
    """
    here = settings()
    answers: list[dict[str, Any]] = []
    exits: list[Exit] = []
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    with open_room(here) as room, steps_on_stderr() as steps, page_pool(here) as pool:
        for file in files:
            try:
                done = read_file(file, room=room, pool=pool, limits=limits_of(here), steps=steps, out=out)
            except KhosoError as error:
                steps.say(str(error))
                answers.append({"file": str(file), "error": error_json(error)})
                exits.append(exit_status(error))
            else:
                answers.append(done.as_json())
                exits.append(Exit.DONE)
                if not as_json:
                    _show(done)
    if as_json:
        print_json({"files": answers})
    raise typer.Exit(worst(exits))


def _show(done: ReadFile) -> None:
    """The reading for a person: what it is, what was found, then the text."""
    reading = done.document.reading
    code = reading.doc_type.code
    doc_type = None if code is None else load_catalogue().find(code)
    tell("")
    print(f"{done.file.name}: {reading.doc_type.name or '?'} ({reading.doc_type.score:.0%})")
    for name, field in reading.fields.items():
        print(f"  {field_in_words(doc_type, name)}: {field.value}{'  (?)' if field.doubtful else ''}")
    for page in reading.pages:
        for reason in page.page.quality.reasons:
            print(f"  {reason}")
    print(reading.text)
