"""The real servers of the tests: private instances made by `script/services`, one set for a test session.

A test asks the fixture `services` for the parts that it needs (`services.start("redis")`); what nobody asks for is
not started. The set lies in a temporary folder of its own and ends with the session; that of a session which was
killed is ended by the next one.
"""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
_PREFIX = "khoso-services-"
_SETTING = re.compile(r"(KHOSO_\w+)='([^']*)'")


class NotDone(AssertionError):
    """`script/services` could not do what it was asked; with what it said."""


@dataclass(frozen=True, slots=True)
class Services:
    """One set of servers. PostgreSQL, Redis and MinIO are the parts `postgresql`, `redis`, `minio`."""

    folder: Path

    def start(self, *parts: str) -> dict[str, str]:
        """Starts these parts where they do not run yet; the `KHOSO_…` settings of all that run. NotDone."""
        if not all(self._runs(part) for part in parts):
            self._script("start", *parts)
        return self.settings

    @property
    def settings(self) -> dict[str, str]:
        """What the service itself is given."""
        return _settings(self.folder / "settings.env")

    @property
    def admin_settings(self) -> dict[str, str]:
        """What only an administrator has: the database's superuser, the object store's root key."""
        return _settings(self.folder / "admin.env")

    def process(self, part: str) -> int:
        """The process of a running part, to be stopped, frozen or killed."""
        return int((self.folder / f"{part}.pid").read_text().split()[0])

    @contextmanager
    def frozen(self, part: str) -> Iterator[None]:
        """A part that takes connections and never answers."""
        os.kill(self.process(part), signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process(part), signal.SIGCONT)

    @contextmanager
    def killed(self, part: str) -> Iterator[None]:
        """A part that died without a word; it runs again at the end, on the same port."""
        os.kill(self.process(part), signal.SIGKILL)
        while self._runs(part):
            time.sleep(0.01)
        try:
            yield
        finally:
            self.start(part)

    def end(self) -> None:
        """Ends every part and deletes the data."""
        self._script("stop", "--wipe")

    def _runs(self, part: str) -> bool:
        """Whether the process that was started is there (asking the script costs a second)."""
        remembered = self.folder / f"{part}.pid"
        if not remembered.exists():
            return False
        pid, birth = remembered.read_text().split()
        stat = Path(f"/proc/{pid}/stat")
        facts = stat.read_text().rpartition(") ")[2].split() if stat.exists() else ["X"]
        return facts[0] not in "XZ" and facts[19] == birth

    def _script(self, *arguments: str) -> None:
        done = subprocess.run(
            [CHECKOUT / "script" / "services", *arguments],
            env=os.environ | {"KHOSO_SERVICES_DIR": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise NotDone(done.stderr)


@contextmanager
def own_services() -> Iterator[Services]:
    """A set of servers that ends with the block."""
    _end_abandoned()
    services = Services(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")))
    try:
        yield services
    finally:
        services.end()


def _end_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        session = folder.name.removeprefix(_PREFIX).split("-")[0]
        if folder.owner() == Path.home().owner() and not Path(f"/proc/{session}").exists():
            Services(folder).end()


def _settings(file: Path) -> dict[str, str]:
    found = (_SETTING.fullmatch(line) for line in file.read_text().splitlines())
    return {setting[1]: setting[2] for setting in found if setting}
