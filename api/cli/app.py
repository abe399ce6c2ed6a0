"""The `khoso` program: one Typer application, and `main`, which turns every ending into an exit status."""

import sys

import click
import typer

from api.cli.answer import tell
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
    except click.exceptions.NoArgsIsHelpError as error:
        tell(error.format_message())
        return Exit.BAD_INPUT
    except click.ClickException as error:
        tell(f"{error.format_message()} — xem / see: khoso --help")
        return Exit.BAD_INPUT
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 130  # as a shell says of a command ended by SIGINT
    except KhosoError as error:
        tell(error)
        return exit_status(error)
    return outcome if isinstance(outcome, int) else Exit.DONE
