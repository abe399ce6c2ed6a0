"""Plain bytes of papers are gone when their process is, however it ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from api.workroom import workroom
from datastore import StorageFull

_HOLDS_A_ROOM = """
import sys, time
from pathlib import Path
from uuid import UUID
from api.workroom import workroom
with workroom(Path(sys.argv[1]), UUID(sys.argv[2])) as room:
    (room.folder / "plain.pdf").write_text("secret")
    print(room.worker, flush=True)
    time.sleep(60)
"""


def _other(parent: Path) -> tuple[subprocess.Popen[str], str]:
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLDS_A_ROOM, str(parent), str(uuid4())], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    return child, child.stdout.readline().strip()


def _name(worker: str) -> str:
    """The name within its place, which is that of its folder."""
    return worker.rpartition("/")[2]


def test_the_folder_is_gone_after_the_work(tmp_path: Path) -> None:
    with workroom(tmp_path, uuid4()) as room, room.desk() as desk:
        (desk / "page.pdf").write_text("x")
        assert desk.is_relative_to(room.folder)
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.lock"]


def test_a_full_disk_under_the_work_is_an_outage_and_no_fault_of_the_paper(tmp_path: Path) -> None:
    """A job was set aside after five attempts, an upload answered 500, because the disk of the work was full."""
    with workroom(tmp_path, uuid4()) as room:
        with pytest.raises(StorageFull), room.desk():
            Path("/dev/full").write_bytes(b"page")
        with pytest.raises(FileNotFoundError), room.desk() as desk:
            (desk / "page.pdf").read_bytes()


def test_a_process_that_works_is_alive_and_its_folder_is_left_alone(tmp_path: Path) -> None:
    child, worker = _other(tmp_path)
    try:
        with workroom(tmp_path, uuid4()) as room:
            assert room.is_alive(worker)
            assert room.is_alive(room.worker)
            assert (tmp_path / _name(worker) / "plain.pdf").exists()
    finally:
        child.kill()
        child.communicate()


def test_what_a_killed_process_left_is_swept_by_the_next(tmp_path: Path) -> None:
    child, worker = _other(tmp_path)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert (tmp_path / _name(worker) / "plain.pdf").exists()
    with workroom(tmp_path, uuid4()) as room:
        assert not room.is_alive(worker)
        assert not (tmp_path / _name(worker)).exists()


def test_a_process_knows_whether_it_works_alone(tmp_path: Path) -> None:
    with workroom(tmp_path, uuid4()) as room:
        assert room.alone()
        child, _worker = _other(tmp_path)
        try:
            assert not room.alone()
        finally:
            child.kill()
            child.communicate()
        assert room.alone()


def test_a_worker_of_another_place_is_taken_for_alive(tmp_path: Path) -> None:
    """No lock here can tell of it: the lease of its job does."""
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
    with workroom(tmp_path / "one", uuid4()) as there:
        name = there.worker
    with workroom(tmp_path / "one", uuid4()) as same, workroom(tmp_path / "two", uuid4()) as elsewhere:
        assert not same.is_alive(name)
        assert elsewhere.is_alive(name)
