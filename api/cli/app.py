"""The `khoso` program: one Typer application, and `main`, which turns every ending into an exit status."""

import sys

import typer

from api.cli.answer import error_json, print_json, tell
from api.errors import exit_status
from api.exits import Exit
from common import KhosoError

app = typer.Typer(
    name="khoso",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Số hóa, ký, lưu và kiểm tra giấy tờ của bộ phận một cửa.\n\n"
        "Digitises, signs, keeps and checks the papers of a one-stop shop.\n\n"
        "Kết thúc / exit: 0 xong; 1 xong nhưng kết quả xấu; 2 sai đối số hoặc tệp lạ; 3 thiếu dịch vụ; "
        "4 không kết luận được."
    ),
)


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command line and gives its exit status; every expected error becomes one line that says what to do."""
    try:
        outcome: object = app(arguments, prog_name="khoso", standalone_mode=False)
    except typer.TyperException as error:
        if said := _said(error):  # nothing was asked for: the help has been shown
            tell(f"{said} — xem / see: khoso --help")
        return Exit.BAD_INPUT
    except (typer.Abort, KeyboardInterrupt):
        return 130  # as a shell says of a command ended by SIGINT
    except KhosoError as error:
        tell(error)
        if "--json" in arguments:  # one document on standard output, also when there is no result
            print_json({"error": error_json(error)})
        return exit_status(error)
    return outcome if isinstance(outcome, int) else Exit.DONE


def _said(error: typer.TyperException) -> str:
    """The parser's own sentence about an argument that is wrong."""
    format_message = getattr(error, "format_message", None)
    return str(format_message()) if callable(format_message) else str(error)
