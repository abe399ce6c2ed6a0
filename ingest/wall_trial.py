"""Runs inside the sandbox and tries to get out, one wall after the other. For `confinement_report`."""

import errno
import fcntl
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

# Forbidden (seccomp, Landlock) or not to be seen (the namespaces of bubblewrap).
_WALLS = frozenset(
    {errno.EPERM, errno.EACCES, errno.ENOENT, errno.ENETUNREACH, errno.EROFS, errno.ESRCH, errno.EAGAIN}
)


def try_walls(request: dict[str, int]) -> dict[str, bool]:
    """True for each wall that held."""
    return {
        "network": _refused(_open_a_socket),
        "programs": _refused(lambda: os.execv("/bin/true", ["true"])),
        "processes": _refused(_fork),
        "signals": _refused(lambda: os.kill(request["parent"], 0))
        and _refused(lambda: _have_the_kernel_signal(request["parent"])),
        "reading": _refused(lambda: Path("/etc/passwd").read_bytes()),
        "writing": _refused(_write_a_file),
        "memory": _refused(lambda: bytearray(request["too_much_memory"])),
    }


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except MemoryError:
        return True
    except OSError as error:
        return error.errno in _WALLS  # anything else, such as a time-out or a full disk, proves nothing
    return False


def _open_a_socket() -> None:
    with socket.socket() as connection:
        connection.settimeout(0.5)
        connection.connect(("192.0.2.1", 9))  # RFC 5737: an address that leads nowhere


def _fork() -> None:
    child = os.fork()
    if child == 0:
        signal.pause()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _have_the_kernel_signal(process: int) -> None:
    """Name another process as the one that hears when a pipe can be read (fcntl(2), F_SETOWN)."""
    reading, writing = os.pipe()
    try:
        fcntl.fcntl(reading, fcntl.F_SETOWN, process)
    finally:
        os.close(reading)
        os.close(writing)


def _write_a_file() -> None:
    path = Path("/tmp/khoso-wall-trial")
    path.write_bytes(b"")
    path.unlink()
