"""The walls that a process puts around itself before it touches bytes from outside. Linux only.

Promised, once `stand` has returned and as far as the kernel offers it (`Standing` says which part it did):
no network, no other program, no new process, no signal to or look into another process (seccomp); no file
read but the named ones, the system's libraries and Python, no file written but in one named folder
(Landlock); bounded memory, processor time, file size and open files (rlimits); death with the parent.

Not promised: that a bug of the kernel cannot be used. The list of system calls names what is allowed, not
what is forbidden: a call that is invented tomorrow fails with EPERM.
"""

import ctypes
import errno
import fcntl
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import KhosoError

# prctl(2)
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME, _PR_GET_NAME = 15, 16
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_VMA = 0x53564D41  # glibc names its arenas with it

# landlock(7); the numbers of its three calls are the same on every architecture
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_CREATE_VERSION = 1
_RULE_PATH_BENEATH = 1
_WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 14
_FILES_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_BOTH_TCP = 0b11  # bind and connect, from ABI 4
_BOTH_SCOPES = 0b11  # abstract sockets and signals, from ABI 6

# Reading, memory, time, threads of its own: what Python and the parsers need after their imports.
_ALLOWED = """
read readv pread64 preadv preadv2 write writev pwrite64 pwritev lseek _llseek close close_range
stat fstat lstat stat64 fstat64 lstat64 newfstatat fstatat64 statx access faccessat faccessat2
readlink readlinkat getdents getdents64 getcwd statfs fstatfs
dup dup2 dup3 pipe pipe2 poll ppoll select pselect6 fadvise64 flock
mmap mmap2 munmap mremap mprotect madvise msync mincore brk membarrier rseq
futex futex_time64 futex_waitv set_robust_list get_robust_list set_tid_address exit exit_group
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait sigaltstack restart_syscall
getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid
uname sysinfo umask getrusage getrlimit ugetrlimit times time gettimeofday clock_gettime clock_gettime64
clock_getres clock_nanosleep nanosleep getrandom getcpu arch_prctl
sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
"""
_ALLOWED_WITH_A_FOLDER = """
open openat creat mkdir mkdirat unlink unlinkat rmdir rename renameat renameat2 ftruncate ftruncate64 truncate
fsync fdatasync fallocate fchmod chmod utimensat copy_file_range sendfile
"""
_CLONE_THREAD = 0x00010000
_HARMLESS_IOCTLS = (0x5401, 0x5451, 0x5450)  # TCGETS ("is it a terminal?"), FIOCLEX, FIONCLEX
_HARMLESS_FCNTLS = (
    *(fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL),
    *(fcntl.F_GETLK, fcntl.F_SETLK, fcntl.F_SETLKW, fcntl.F_OFD_GETLK, fcntl.F_OFD_SETLK, fcntl.F_OFD_SETLKW),
    *(fcntl.F_GETPIPE_SZ, fcntl.F_GET_SEALS),
)
"""All but those by which the kernel sends a signal of one's choice to another process (F_SETOWN, F_SETSIG)."""
_WRITING = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC

_ALL_LIBRARIES = 400_000_000
"""Bytes of address space of a process that has loaded every library which a confined function uses."""

# One file, not a folder, may carry only these Landlock rights.
_RIGHTS_OF_A_FILE = _WRITE_FILE | _READ_FILE | _TRUNCATE


class NoWalls(KhosoError):
    """Neither seccomp nor bubblewrap can be used here: production must not open bytes from outside."""

    code = "no_walls"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a confined process may use."""

    seconds: float
    """Of processor time; time on the clock is the parent's business."""
    memory_bytes: int
    output_bytes: int
    """Of any file it writes."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Which walls stand around this process."""

    seccomp: bool
    landlock: int
    """The ABI version that was used, 0 without Landlock."""


def die_with_parent(parent: int | None) -> None:
    """Be killed when the thread that started this process ends; end at once if `parent` has ended already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def bound(bounds: Bounds) -> None:
    """Set the limits of memory, processor time, file size, open files; no core files."""
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, bounds.memory_bytes),
        (resource.RLIMIT_CPU, int(bounds.seconds) + 1),
        (resource.RLIMIT_FSIZE, bounds.output_bytes),
        (resource.RLIMIT_NOFILE, 64),
    ):
        _, hard = resource.getrlimit(kind)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (allowed, allowed))


def address_space() -> int:
    """Bytes of address space that this process has now (about, where bubblewrap shows no /proc)."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except FileNotFoundError:
        return _ALL_LIBRARIES
    return int(pages) * resource.getpagesize()


def stand(*, readable: Sequence[Path], writable: Path | None) -> Standing:
    """Put up Landlock, then seccomp; for good, for this thread and all later ones.

    Call it after the imports: loading code needs more of the kernel than running it. Landlock binds only the
    calling thread and its children, so no other thread may run yet.
    """
    seccomp = _seccomp()  # finding its library runs a program, so before the walls
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    landlock = _restrict_files([*system_paths(), *readable], writable)
    return Standing(seccomp is not None and _restrict_calls(seccomp, writable is not None), landlock)


def seccomp_usable() -> bool:
    """Whether the library for seccomp filters can be loaded and the kernel takes filters."""
    libc = ctypes.CDLL(None, use_errno=True)
    # Without a filter the kernel answers EFAULT if it knows filters, EINVAL if not (seccomp(2)).
    known = (
        libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, None, 0, 0) == -1
        and ctypes.get_errno() == errno.EFAULT
    )
    return known and _seccomp() is not None


def system_paths() -> list[Path]:
    """What a Python process must read to run at all: the system's libraries, Python, the rooms' own code."""
    house = Path(__file__).resolve().parent.parent
    rooms = [house / room for room in ("common", "ingest", "signing", "archive", "datastore", "api")]
    system = [Path(name) for name in ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime")]
    system += [Path(name) for name in ("/dev/null", "/dev/urandom", "/proc/cpuinfo", "/proc/meminfo")]
    system += [Path("/sys/devices/system/cpu")]
    python = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.exec_prefix)]
    # Packages may be installed outside of Python's own folder, for one user for example.
    python += [Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    # A root of the whole system, as some builds of Python name it, would be no wall.
    return [path for path in (*system, *python, *rooms) if path.exists() and path != Path("/")]


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _restrict_files(readable: Iterable[Path], writable: Path | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    abi = int(libc.syscall(_LANDLOCK_CREATE, None, 0, _CREATE_VERSION))
    if abi < 1:
        return 0
    handled = _FILES_BY_ABI[min(abi, max(_FILES_BY_ABI))]
    attributes = struct.pack("=QQQ", handled, _BOTH_TCP, _BOTH_SCOPES)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = int(libc.syscall(_LANDLOCK_CREATE, attributes, size, 0))
    if ruleset < 0:
        return 0
    for path in readable:
        _allow(libc, ruleset, path, (_READ_FILE | _READ_DIR) & handled)
    if writable is not None:
        _allow(libc, ruleset, writable, handled)
    _allow(libc, ruleset, Path("/dev/null"), _READ_FILE | _WRITE_FILE)
    refused = libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)
    return 0 if refused else abi


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # what is not there needs no permission
    try:
        if not path.is_dir():
            rights &= _RIGHTS_OF_A_FILE
        rule = struct.pack("=Qi", rights, beneath)
        if libc.syscall(_LANDLOCK_ADD, ruleset, _RULE_PATH_BENEATH, rule, 0) != 0:
            raise OSError(ctypes.get_errno(), "landlock_add_rule")
    finally:
        os.close(beneath)


def _seccomp() -> Any:
    """The module pyseccomp, or None where it or its library is missing."""
    try:
        import pyseccomp
    except (ImportError, RuntimeError):  # RuntimeError: the package is there, the library is not
        return None
    return pyseccomp


def _restrict_calls(seccomp: Any, may_write: bool) -> bool:
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    rules.set_attr(seccomp.Attr.CTL_TSYNC, 1)  # threads that an import has started are bound as well
    for name in (_ALLOWED + (_ALLOWED_WITH_A_FOLDER if may_write else "")).split():
        _permit(seccomp, rules, name)
    if not may_write:
        for name, place in (("open", 1), ("openat", 2)):
            reading = seccomp.Arg(place, seccomp.MASKED_EQ, _WRITING, os.O_RDONLY)
            _permit(seccomp, rules, name, reading)
    _permit_itself(seccomp, rules)
    try:
        rules.load()
    except OSError:
        return False
    return True


def _permit_itself(seccomp: Any, rules: Any) -> None:
    """Allow what a process does to itself: start a thread, abort, look at its own limits, name its memory."""
    thread = seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD)
    _permit(seccomp, rules, "clone", thread)
    for call in ("clone3", "openat2"):
        # The C library falls back to clone and openat, whose flags a filter can see.
        if seccomp.resolve_syscall(seccomp.Arch.NATIVE, call) >= 0:
            rules.add_rule(seccomp.ERRNO(errno.ENOSYS), call)
    for call in ("kill", "tgkill"):  # abort(3) signals itself
        _permit(seccomp, rules, call, seccomp.Arg(0, seccomp.EQ, os.getpid()))
    _permit(seccomp, rules, "prlimit64", seccomp.Arg(0, seccomp.EQ, 0), seccomp.Arg(2, seccomp.EQ, 0))
    for option in (_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA):
        _permit(seccomp, rules, "prctl", seccomp.Arg(0, seccomp.EQ, option))
    for call in ("fcntl", "fcntl64"):
        for command in _HARMLESS_FCNTLS:
            _permit(seccomp, rules, call, seccomp.Arg(1, seccomp.EQ, command))
        quiet = seccomp.Arg(2, seccomp.MASKED_EQ, os.O_ASYNC, 0)
        _permit(seccomp, rules, call, seccomp.Arg(1, seccomp.EQ, fcntl.F_SETFL), quiet)
    for request in _HARMLESS_IOCTLS:
        _permit(seccomp, rules, "ioctl", seccomp.Arg(1, seccomp.EQ, request))


def _permit(seccomp: Any, rules: Any, call: str, *arguments: object) -> None:
    # Negative: a call of another architecture, or newer than the library.
    if seccomp.resolve_syscall(seccomp.Arch.NATIVE, call) >= 0:
        rules.add_rule(seccomp.ALLOW, call, *arguments)
