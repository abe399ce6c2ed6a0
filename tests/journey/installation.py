"""An installation as its user has it: the real program, a data folder of its own, nothing else in the environment.

In both columns of the design: by itself (SQLite, a folder, each command does its work), and in service
(PostgreSQL, MinIO, Redis, a process for each role beside the commands).
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.settings import Settings
from bench.soak.children import Ended, Watched, own_environment
from datastore import JobRole
from tests.conftest import CHECKOUT
from tests.databases import PostgresServer
from tests.services import Services

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
        return own_environment(self.folder, data=self.data, temporary=self.temporary) | dict(self.settings)

    @property
    def read_settings(self) -> Settings:
        """The same settings, for a test that looks behind the commands."""
        given = {name.removeprefix("KHOSO_").lower(): value for name, value in self.settings.items()}
        return Settings(data_dir=self.data, **given)  # type: ignore[arg-type]

    @contextmanager
    def process(self, *words: str) -> Iterator[None]:
        """`khoso words…` beside the commands; it must end well when it is told to."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        said = self.folder / f"{'-'.join(words)}.log"
        with said.open("w") as log:
            process = subprocess.Popen(
                [*KHOSO, *words], stdout=log, stderr=log, env=self.environment, cwd=self.folder
            )
            try:
                yield
            finally:
                process.terminate()
                process.wait(120)
        assert process.returncode == 0, said.read_text()

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


@contextmanager
def by_itself(folder: Path, _services: Services) -> Iterator[Installation]:
    """The embedded default."""
    yield Installation(folder)


@contextmanager
def in_service(folder: Path, services: Services) -> Iterator[Installation]:
    """Real servers, a database of its own, and the processes of the service."""
    shared = services.start("postgresql", "redis", "minio")
    server = PostgresServer(services)
    database = server.make()
    own = {
        "KHOSO_DATABASE_URL": server.url(database),
        "KHOSO_BROKER_URL": shared["KHOSO_BROKER_URL"].removesuffix("/0") + "/1",
        **{name: value for name, value in shared.items() if name.startswith("KHOSO_S3_")},
    }
    place = Installation(folder, own)
    place.khoso("migrate")
    with ExitStack() as processes:
        for role in JobRole:
            processes.enter_context(place.process("worker", "--role", role.value))
        processes.enter_context(place.process("beat"))
        yield place
    server.drop(database)


COLUMNS = {"by itself": by_itself, "in service": in_service}
