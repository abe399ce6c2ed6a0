"""What the image installs is the whole program: it reads a paper from there, away from the checkout."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import CHECKOUT
from tests.deploy.dockerfile import stages

_ROOMS = ("common", "ingest", "signing", "archive", "datastore", "api")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of what the Dockerfile copies, by the command that it runs."""
    here, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    copies = [copy.split() for copy in stages()["packages"].all("COPY")]
    for source in {source for *sources, _into in copies for source in sources}:
        if (CHECKOUT / source).is_dir():
            shutil.copytree(CHECKOUT / source, here / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(CHECKOUT / source, here)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", out, "."], cwd=here, check=True)
    (built,) = out.iterdir()
    return built


def test_every_file_of_every_room_is_in_it(wheel: Path) -> None:
    files = {file.relative_to(CHECKOUT) for room in _ROOMS for file in (CHECKOUT / room).rglob("*.*")}
    with ZipFile(wheel) as packed:
        missing = {str(file) for file in files if "__pycache__" not in file.parts} - set(packed.namelist())
    assert missing == set()


def test_a_paper_is_read_from_where_it_is_installed(wheel: Path, tmp_path: Path) -> None:
    with ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path / "installed"),
        "KHOSO_DATA_DIR": str(tmp_path / "var"),
        "KHOSO_WORKERS": "1",
    }
    where = subprocess.run(
        [sys.executable, "-c", "import api; print(api.__file__)"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(tmp_path / "installed")
    read = subprocess.run(
        [sys.executable, "-m", "api.cli", "read", CHECKOUT / "samples" / "trich_luc_khai_tu.png", "--json"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(read.stdout)["files"][0]["doc_type"]["code"]
