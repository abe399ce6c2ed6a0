"""The `khoso` program: one Typer application, and `main`, which turns every ending into an exit status."""

import errno
import os
import sys
from pathlib import Path

import typer

from api.cli.answer import print_json, tell
from api.cli.usage import usage_error
from api.errors import exit_status
from api.exits import Exit
from api.logs import tell_fault
from common import KhosoError, Sentence, say
from datastore import StorageFull

_FULL = (errno.ENOSPC, errno.EDQUOT)
_UNUSABLE = (
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENAMETOOLONG,
)


class PathUnusable(KhosoError):
    """A folder that was named, in the settings or as the place of an answer, cannot be read or written."""

    code = "path_unusable"


app = typer.Typer(
    name="khoso",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Số hóa, ký, lưu và kiểm tra giấy tờ của bộ phận một cửa.\n\n"
        "Digitises, signs, keeps and checks the papers of a one-stop shop.\n\n"
        "Mã thoát / exit: 0 xong; 1 xong nhưng kết quả xấu; 2 sai đối số hoặc tệp lạ; 3 thiếu dịch vụ; "
        "4 không kết luận được."
    ),
)


def main() -> None:
    """Entry point of the console script. What it writes holds personal data: for its own user only."""
    os.umask(0o077)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command line and gives its exit status; every expected error becomes one line that says what to do."""
    try:
        outcome: object = app(arguments, prog_name="khoso", standalone_mode=False)
    except typer.TyperException as error:
        if wrong := usage_error(error):
            _answer_error(wrong, arguments)
        return Exit.BAD_INPUT
    except (typer.Abort, KeyboardInterrupt):
        return 130  # as a shell says of a command ended by SIGINT
    except KhosoError as error:
        return _refuse(error, arguments)
    except OSError as error:
        told = _of_the_system(error)
        if told is None:
            tell_fault("ended_by_fault")
            _answer_error(say("internal_fault", kind=type(error).__name__), arguments)
            return Exit.OUT_OF_REACH
        return _refuse(told, arguments)
    except Exception as error:
        # The outermost border: a fault of ours is *cannot check*, never the *no* of exit 1.
        tell_fault("ended_by_fault")
        _answer_error(say("internal_fault", kind=type(error).__name__), arguments)
        return Exit.OUT_OF_REACH
    return outcome if isinstance(outcome, int) else Exit.DONE


def _refuse(error: KhosoError, arguments: list[str]) -> Exit:
    """One line that says what to do; and one JSON document, also when there is no result, to who asked for it."""
    _answer_error(error.sentence, arguments)
    return exit_status(error)


def _answer_error(sentence: Sentence, arguments: list[str]) -> None:
    tell(sentence)
    if "--json" in arguments:
        print_json({"error": sentence.as_json()})


def _of_the_system(error: OSError) -> KhosoError | None:
    """What a person can mend: a full disk, a folder that is not there. None for what is a fault of ours."""
    if error.errno in _FULL:
        return StorageFull()
    if error.errno in _UNUSABLE and error.filename:
        return PathUnusable(folder=Path(str(error.filename)).parent, reason=error.strerror)
    return None
