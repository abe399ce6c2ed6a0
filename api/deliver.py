"""Handing a finished file to the place a person named: whole or not at all, and never over another file."""

import os
import shutil
from pathlib import Path
from uuid import uuid4

from common import KhosoError


class FileExists(KhosoError):
    """A file is never written over."""

    code = "file_exists"


class FolderMissing(KhosoError):
    """The folder of the file to be written is not there."""

    code = "folder_missing"


def require_free(out: Path) -> None:
    """Asked before anything is done that could not be taken back: FileExists, FolderMissing."""
    if out.exists():
        raise FileExists(name=out.name)
    if not out.parent.is_dir():
        raise FolderMissing(folder=out.parent)


def deliver(source: Path, out: Path) -> Path:
    """Copies `source` to `out`; FileExists also when somebody was faster. A full disk leaves nothing (OSError)."""
    require_free(out)
    part = out.with_name(f".{uuid4().hex}.part")
    try:
        shutil.copyfile(source, part)
        os.link(part, out)  # unlike a rename, it fails when the name is taken
    except FileExistsError as error:
        raise FileExists(name=out.name) from error
    finally:
        part.unlink(missing_ok=True)
    return out
