"""What the containers of PostgreSQL, Redis and clamd start, started here: the same scripts, the same settings."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import psycopg
import pytest
import redis
import yaml
from psycopg.conninfo import make_conninfo

from api.connectors.clamd import Clamd
from common import utc_now
from datastore import Datastore, FolderObjects, Keyring
from tests.api.clamds import SIGNATURE, TEST_FILE, own_signatures
from tests.conftest import CHECKOUT, program, real_part_missing
from tests.deploy.proxies import free_port, listens

_DEPLOY = CHECKOUT / "deploy"
_PATIENCE = 60.0


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that an unprivileged server may enter, with the secrets of the installation."""
    folder = Path(tempfile.mkdtemp(prefix="khoso-deploy-"))
    subprocess.run([_DEPLOY / "make-secrets", "kho.example.vn", folder / "secrets"], check=True)
    shutil.copytree(_DEPLOY / "postgresql", folder / "postgresql")
    shutil.copytree(_DEPLOY / "redis", folder / "redis")
    for name in ("run", "data"):
        (folder / name).mkdir()
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "postgres:postgres", folder], check=True)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def _started(
    command: list[str | Path], environment: Mapping[str, str], ready: Callable[[], bool], log: Path
) -> Iterator[None]:
    with log.open("a") as lines:
        child = subprocess.Popen(
            command, env={"PATH": os.environ["PATH"], **environment}, stderr=lines, stdout=lines
        )
    try:
        until = time.monotonic() + _PATIENCE
        while not ready():
            assert child.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        child.terminate()
        child.wait(_PATIENCE)


# --- PostgreSQL -------------------------------------------------------------------------------------------------


@contextmanager
def _postgresql(place: Path) -> Iterator[int]:
    """The port of a server that the container's own script started."""
    if not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        real_part_missing("PostgreSQL")
    port = free_port()
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
    only_here = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=16MB"]
    command: list[str | Path] = [
        *(as_postgres if os.geteuid() == 0 else []),
        place / "postgresql" / "start",
        *only_here,
    ]
    environment = {
        "KHOSO_SECRETS": str(place / "secrets"),
        "KHOSO_SETTINGS": str(place / "postgresql"),
        "KHOSO_RUN": str(place / "run"),
        "PGDATA": str(place / "data" / "pg"),
    }
    with _started(command, environment, lambda: _answers(place, port), place / "log"):
        yield port


def _connection(place: Path, port: int, **other: str) -> "psycopg.Connection[tuple[object, ...]]":
    """As a process of the service connects, by the name in the certificate."""
    how = {
        "user": "khoso",
        "dbname": "khoso",
        "password": (place / "secrets" / "postgresql_password").read_text().strip(),
        "sslmode": "verify-full",
        "sslrootcert": str(place / "secrets" / "internal_ca"),
    }
    there = {"host": "postgresql", "hostaddr": "127.0.0.1", "port": str(port)}
    return psycopg.connect(make_conninfo(**{**there, **how, **other}))


def _answers(place: Path, port: int) -> bool:
    try:
        _connection(place, port).close()
    except psycopg.OperationalError:
        return False
    return True


def test_the_database_is_made_once_and_the_service_keeps_rows_in_it_over_tls(place: Path) -> None:
    with _postgresql(place) as port:
        url = (place / "secrets" / "database_url").read_text().strip()
        there = url.replace("/run/secrets/", f"{place}/secrets/") + "&hostaddr=127.0.0.1"
        there = there.replace("@postgresql:5432/", f"@postgresql:{port}/")
        store = Datastore.open(
            there,
            objects=FolderObjects(place / "objects"),
            keys=Keyring.make_or_open(place / "master.key"),
            clock=utc_now,
        )
        revision = store.migrate()
        store.close()
    with _postgresql(place) as port, _connection(place, port) as again:
        assert again.execute("SELECT version_num FROM alembic_version").fetchone() == (revision,)
        assert again.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone() == (True,)
        assert again.execute("SHOW data_checksums").fetchone() == ("on",)


@pytest.mark.parametrize(
    "other",
    [
        {"sslmode": "disable", "sslrootcert": ""},
        {"user": "admin", "dbname": "postgres"},
        {"dbname": "postgres"},
        {"password": "guessed"},
    ],
)
def test_nobody_else_and_nothing_in_clear_gets_in(other: dict[str, str], place: Path) -> None:
    with _postgresql(place) as port, pytest.raises(psycopg.OperationalError):
        _connection(place, port, **other)


def test_the_log_of_the_database_holds_no_statement(place: Path) -> None:
    with _postgresql(place) as port, _connection(place, port) as connection:
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT 'Nguyen Van An' FROM nowhere WHERE number = '040090001234'")
        connection.rollback()
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT length(%s) / 0", ["040090001234"])
        connection.rollback()
        connection.execute("CREATE TEMPORARY TABLE people (number text PRIMARY KEY)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO people VALUES ('040090001234'), ('040090001234')")
    assert "An" not in (place / "log").read_text()
    assert "040090001234" not in (place / "log").read_text()


def test_whoever_asks_whether_the_database_is_well_leaves_nothing_in_its_log(place: Path) -> None:
    """It is asked every ten seconds, and was refused each time, for it called itself by the name of a stranger."""
    compose = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
    ask: list[str] = compose["services"]["postgresql"]["healthcheck"]["test"]
    assert ask[:2] == ["CMD", "pg_isready"]
    with _postgresql(place) as port:
        before = (place / "log").read_text()
        here = [program("pg_isready"), *ask[2:], "-h", str(place / "run"), "-p", str(port)]
        subprocess.run(here, check=True)
        said = (place / "log").read_text().removeprefix(before)
    assert "FATAL" not in said


# --- Redis ------------------------------------------------------------------------------------------------------


def test_the_broker_asks_for_its_password_and_keeps_nothing(place: Path) -> None:
    program("redis-server")
    port, password = free_port(), (place / "secrets" / "redis_password").read_text().strip()
    here = redis.Redis(port=port, password=password)

    def ready() -> bool:
        try:
            return bool(here.ping())
        except redis.ConnectionError:
            return False

    environment = {
        "KHOSO_SECRETS": str(place / "secrets"),
        "KHOSO_SETTINGS": str(place / "redis"),
        "KHOSO_RUN": str(place / "run"),
    }
    command: list[str | Path] = [
        place / "redis" / "start",
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--dir",
        str(place / "run"),
    ]
    with _started(command, environment, ready, place / "redis.log"), redis.Redis(port=port) as stranger:
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
        assert here.config_get("save") == {"save": ""}
        assert here.config_get("appendonly") == {"appendonly": "no"}
        here.close()


# --- clamd ------------------------------------------------------------------------------------------------------


def test_clamd_scans_with_the_settings_of_its_container(tmp_path: Path) -> None:
    own_signatures(tmp_path / "signatures")
    port = free_port()
    settings = (_DEPLOY / "clamav" / "clamd.conf").read_text()
    moved = {
        "/var/lib/clamav": str(tmp_path / "signatures"),
        "TCPAddr 0.0.0.0": "TCPAddr 127.0.0.1",
        "TCPSocket 3310": f"TCPSocket {port}",
        "TemporaryDirectory /tmp": f"TemporaryDirectory {tmp_path}",
    }
    for named, there in moved.items():
        assert named in settings, named
        settings = settings.replace(named, there)
    (tmp_path / "clamd.conf").write_text(settings)
    (tmp_path / "malware").write_bytes(b"x" * 10_000_000 + TEST_FILE)
    command: list[str | Path] = [program("clamd"), "--config-file", tmp_path / "clamd.conf"]
    with _started(command, {}, lambda: listens(port), tmp_path / "log"):
        scanner = Clamd(f"127.0.0.1:{port}", most_bytes=200_000_000)
        assert scanner(tmp_path / "malware").signature == SIGNATURE
        assert scanner(tmp_path / "clamd.conf").signature is None


# --- is-well ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "well"), [(200, True), (204, True), (503, False), (404, False), (302, False)]
)
def test_a_server_is_well_when_it_answers_with_success(status: int, well: bool) -> None:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 500)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        asked = subprocess.run([_DEPLOY / "is-well", str(server.server_port), "/readyz"], check=False)
        server.shutdown()
    assert (asked.returncode == 0) is well


def test_where_nobody_listens_nothing_is_well() -> None:
    asked = subprocess.run(
        [_DEPLOY / "is-well", str(free_port()), "/readyz"], capture_output=True, check=False
    )
    assert asked.returncode != 0
