"""The folder in which one process keeps plain bytes of papers while it works.

Two promises: the folder is gone when the process is, however it ended (the next one to start sweeps what a
killed one left); and the lock beside it tells whether a process that claimed a job still lives. Of a process
that works in another place (another host, a container with a folder of its own) no lock here can tell: its
name says where it belongs, and it is taken for alive, until the lease of its job runs out.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from datastore import full_disk_is_storage_full


@dataclass(frozen=True, slots=True)
class Workroom:
    """`folder` is private to the process; `worker`, its name for others, is its place and its own name there."""

    parent: Path
    place: str
    name: str

    @property
    def worker(self) -> str:
        return f"{self.place}/{self.name}"

    @property
    def folder(self) -> Path:
        return self.parent / self.name

    @contextmanager
    def desk(self) -> Iterator[Path]:
        """An empty folder for one piece of work, gone after it; StorageFull when the disk of the work is full."""
        with full_disk_is_storage_full(), TemporaryDirectory(dir=self.folder) as folder:
            yield Path(folder)

    def alone(self) -> bool:
        """Whether no other process works on this installation now."""
        others = (lock for lock in self.parent.glob("w-*.lock") if lock.stem != self.name)
        return all(_lock_is_free(lock) for lock in others)

    def is_alive(self, worker: str) -> bool:
        """Whether the process that works under that name still runs; True for one of another place."""
        place, _slash, name = worker.rpartition("/")
        if place != self.place or name == self.name:
            return True
        return not _lock_is_free(self.parent / f"{name}.lock")


@contextmanager
def workroom(parent: Path, identity: UUID) -> Iterator[Workroom]:
    """A fresh folder under `parent`, locked while the block runs and removed afterwards."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone_in(
        parent, identity
    ) as place:  # or a sweeper could take the new lock file for an abandoned one
        room = Workroom(parent, place, f"w-{identity}")
        lock_path = parent / f"{room.name}.lock"
        _sweep(parent)
        lock = lock_path.open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        room.folder.mkdir(mode=0o700)
    with lock:
        try:
            yield room
        finally:
            shutil.rmtree(room.folder, ignore_errors=True)
            lock_path.unlink(missing_ok=True)


@contextmanager
def _alone_in(parent: Path, identity: UUID) -> Iterator[str]:
    """Holds the lock of all workrooms here; in its file stands the name of the place, given by the first of them."""
    with (parent / "sweep.lock").open("a+") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        guard.seek(0)
        place = guard.read()
        if not place:
            place = f"p-{identity}"
            guard.write(place)
            guard.flush()
        yield place


def _sweep(parent: Path) -> None:
    """Removes what processes that are gone have left."""
    for lock in parent.glob("w-*.lock"):
        if _lock_is_free(lock):
            shutil.rmtree(parent / lock.stem, ignore_errors=True)
            lock.unlink(missing_ok=True)


def _lock_is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
