"""Small file systems of the soak's own, which can be full.

They are mounted in a mount namespace that ends with the soak, however that ends: `in_own_mounts` starts the program
anew in one. That needs root, or user namespaces that anybody may make.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_INSIDE = "KHOSO_SOAK_OWN_MOUNTS"


class NoOwnMounts(Exception):
    """This machine lets us mount nothing."""


def in_own_mounts(module: str, arguments: Sequence[str]) -> None:
    """Goes on as `python -m module arguments` in a mount namespace of its own; NoOwnMounts. Returns inside of it."""
    if os.environ.get(_INSIDE):
        return
    unshare = [shutil.which("unshare") or "unshare", "--mount"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-current-user", "--keep-caps"]
    tried = subprocess.run(
        [*unshare, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, text=True, check=False
    )
    if tried.returncode != 0:
        raise NoOwnMounts(tried.stderr.strip())
    os.environ[_INSIDE] = "yes"
    os.execv(unshare[0], [*unshare, sys.executable, "-m", module, *arguments])


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system in memory below `folder`."""

    folder: Path
    megabytes: int

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """There while the block runs."""
        self.folder.mkdir(mode=0o711)
        self._mount(f"size={self.megabytes}m,mode=711")
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Nothing more fits while the block runs: it is made as small as what lies on it."""
        for _attempt in range(100):
            facts = os.statvfs(self.folder)
            used = (facts.f_blocks - facts.f_bfree) * facts.f_frsize
            if self._resize(f"{used}"):
                break
        else:
            raise AssertionError("a disk is written to so fast that it cannot be made full")
        try:
            yield
        finally:
            assert self._resize(f"{self.megabytes}m"), "a disk can be made larger"

    def _mount(self, options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(self.folder)], check=True)

    def _resize(self, size: str) -> bool:
        """Refused when something was written meanwhile."""
        command = ["mount", "-o", f"remount,size={size}", str(self.folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
