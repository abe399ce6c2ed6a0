"""The images are made of Debian, of the locked packages and of this checkout, and run as nobody.

Read with our own eyes: an engine that could build them is not everywhere.
"""

import re
import subprocess
from fnmatch import fnmatch

import pytest

from tests.conftest import CHECKOUT
from tests.deploy.dockerfile import Stage, stages, with_all_before

_FINAL = ("app", "proxy", "objects", "minio", "postgresql", "redis", "clamav")
_OF_IMAGES_ALONE = {"ca-certificates", "clamav-freshclam"}
"""What a machine has anyway, or what only a service of its own needs."""


def _packages(stage: Stage) -> set[str]:
    installs = re.findall(r"apt-get install -y --no-install-recommends ([^&|]+)", " ".join(stage.all("RUN")))
    return {word for install in installs for word in install.split()}


def _copied() -> list[str]:
    """What comes from the checkout."""
    copies = [copy for stage in stages().values() for copy in stage.all("COPY") if "--from=" not in copy]
    words = [[word for word in copy.split() if not word.startswith("--")] for copy in copies]
    return [source for sources in words for source in sources[:-1]]


@pytest.mark.parametrize("name", _FINAL)
def test_an_image_runs_as_nobody(name: str) -> None:
    users = [user for stage in with_all_before(stages()[name]) for user in stage.all("USER")]
    assert users[-1] == "10001:10001"


@pytest.mark.parametrize("name", _FINAL)
def test_an_image_starts_a_program_without_a_shell_between(name: str) -> None:
    starts = [one for stage in with_all_before(stages()[name]) for one in stage.all("ENTRYPOINT")]
    assert starts[-1].startswith("[")


def test_every_image_begins_with_the_one_debian() -> None:
    assert {with_all_before(stage)[0].name for stage in stages().values()} == {"base"}
    assert stages()["base"].begins == "${DEBIAN}"
    assert re.search(r"(?m)^ARG DEBIAN=debian:12-slim$", (CHECKOUT / "Dockerfile").read_text())


def test_every_debian_package_is_one_that_the_setup_knows() -> None:
    known = set(re.findall(r"[a-z0-9][a-z0-9.+-]+", (CHECKOUT / "script" / "setup.sh").read_text()))
    for stage in stages().values():
        assert _packages(stage) <= known | _OF_IMAGES_ALONE, stage.name


def test_the_app_reads_vietnamese_and_draws_it() -> None:
    assert {"python3", "tesseract-ocr", "tesseract-ocr-vie", "fonts-liberation2"} <= _packages(
        stages()["app"]
    )


@pytest.mark.parametrize("name", ["packages", "minio-build"])
def test_python_packages_come_by_the_hashes_of_a_lock(name: str) -> None:
    installs = [run for run in stages()[name].all("RUN") if "pip install" in run]
    of_a_lock = [run for run in installs if "-r requirements.txt" in run]
    assert len(of_a_lock) == 1
    assert all(word in of_a_lock[0] for word in ("--require-hashes", "--no-deps", "--only-binary :all:"))
    for run in installs:
        if run not in of_a_lock:
            assert "--no-deps --no-build-isolation ." in run


def test_nothing_is_fetched_but_packages_and_the_module_of_minio() -> None:
    text = (CHECKOUT / "Dockerfile").read_text()
    assert not re.search(r"\b(curl|wget|git clone|ADD|https?://)\b", text)
    assert stages()["minio-build"].all("RUN")[-1].endswith("-o /build/minio github.com/minio/minio")
    assert "GOFLAGS=-mod=readonly" in stages()["minio-build"].all("RUN")[-1]


def test_everything_that_is_copied_is_there_and_not_ignored() -> None:
    taken = [
        line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    for source in _copied():
        assert (CHECKOUT / source).exists(), source
        assert any(source == one or source.startswith(f"{one}/") for one in taken), source


def test_every_room_and_everything_that_a_room_brings_is_in_the_image() -> None:
    rooms = {"common", "ingest", "signing", "archive", "datastore", "api"}
    assert rooms <= set(_copied())


def test_the_programs_of_the_images_may_be_run_and_are_shell_without_a_slip() -> None:
    for source in ("deploy/is-well", "deploy/make-secrets", "deploy/postgresql/start", "deploy/redis/start"):
        assert (CHECKOUT / source).stat().st_mode & 0o111, source
        subprocess.run(["bash", "-n", CHECKOUT / source], check=True)


def test_no_layer_keeps_lists_of_debian_packages() -> None:
    for stage in stages().values():
        for run in stage.all("RUN"):
            assert "apt-get install" not in run or "rm -rf /var/lib/apt/lists/*" in run


@pytest.mark.parametrize("pattern", ["deploy/secrets*", "var*", ".git*", "*.key"])
def test_nothing_private_is_copied(pattern: str) -> None:
    assert not [source for source in _copied() if fnmatch(source, pattern)]
