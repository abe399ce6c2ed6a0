"""An installation as its user has it: the real program, a data folder of its own, nothing else in the environment."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.soak.children import Ended, Watched
from tests.conftest import CHECKOUT

KHOSO = [str(Path(sys.executable).with_name("khoso"))]
SAMPLES = CHECKOUT / "samples"


@dataclass(frozen=True)
class Answer:
    """What a command said; `command` so that a failed test shows it."""

    command: tuple[str, ...]
    ended: Ended
    left_over: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        return self.ended.status

    @property
    def json(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.ended.out)

    @property
    def documents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json["documents"]
        return found

    @property
    def document(self) -> dict[str, Any]:
        (one,) = self.documents
        return one

    @property
    def reasons(self) -> list[str]:
        """The reason codes of a verdict."""
        return [reason["code"] for reason in self.json["reasons"]]


@dataclass(frozen=True)
class Installation:
    """`folder` holds the data and a folder for temporary files."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": str(CHECKOUT),
            "KHOSO_DATA_DIR": str(self.data),
            **self.settings,
        }

    def run(self, *words: str | Path) -> Answer:
        """Runs `khoso words…` and waits for its end."""
        return self.run_program([*KHOSO, *(str(word) for word in words)])

    def run_program(self, command: Sequence[str], seconds: float = 600) -> Answer:
        """Runs a program as `khoso` would be run."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory() as desk:
            watched = Watched.start(
                command, environment=self.environment, folder=self.folder, desk=Path(desk)
            )
            ended = watched.wait(seconds)
            return Answer(tuple(command), ended, tuple(watched.left_over()))

    def khoso(self, *words: str | Path, status: int = 0) -> Answer:
        """Runs a command that must end with `status`."""
        answer = self.run(*words)
        assert answer.status == status, f"{answer.command} ended with {answer.status}: {answer.ended.err}"
        return answer

    def leftovers(self) -> list[str]:
        """Files of work in progress and temporary files that are still there."""
        work = [path for path in (self.data / "work").rglob("*") if path.name != "sweep.lock"]
        unfinished = list((self.data / "objects" / ".incoming").glob("*"))
        return sorted(str(path) for path in [*work, *unfinished, *self.temporary.rglob("*")])
