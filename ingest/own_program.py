"""How this room starts its own Python programs: with nothing of the caller's environment, folder or home."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# One thread each: pages run side by side, Landlock binds only threads that start after it, and the nursery
# may fork only while it has no second thread.
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_OPENCL_RUNTIME": "disabled",
}


def start_program(
    program: Path,
    *arguments: str,
    wrapping: Sequence[str] = (),
    stdin: int = subprocess.PIPE,
    stdout: int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Start one of the room's programs, inside the command `wrapping` if there is one."""
    return subprocess.Popen(
        # -I: nothing of the caller's folder, environment or home decides what is imported.
        [*wrapping, sys.executable, "-I", "-X", "utf8", str(program), *arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        env=_ENVIRONMENT,
        cwd="/",
        start_new_session=True,  # a Ctrl-C is the parent's to handle
    )


def search_path() -> list[str]:
    """Where this process finds modules, in absolute terms: a program starts elsewhere."""
    return [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100  # "" is the working folder
