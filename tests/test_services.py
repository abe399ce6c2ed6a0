"""`script/services`: private servers that start once, die well, and keep what they were given."""

import ctypes
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import redis

from tests.conftest import CHECKOUT, program
from tests.services import Services, own_services

_CHILD_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, prctl(2)


def connection(services: Services) -> psycopg.Connection[tuple[object, ...]]:
    url = services.start("postgresql")["KHOSO_DATABASE_URL"]
    return psycopg.connect(url.replace("postgresql+psycopg", "postgresql"))


def broker(services: Services) -> redis.Redis:
    return redis.Redis.from_url(services.start("redis")["KHOSO_BROKER_URL"])


def test_a_second_start_finds_the_first(services: Services) -> None:
    services.start("postgresql", "redis")
    before = (services.process("postgresql"), services.process("redis"), services.settings)
    services.start("postgresql", "redis")
    assert (services.process("postgresql"), services.process("redis"), services.settings) == before


def test_nothing_listens_beyond_loopback_and_nobody_else_reads_a_password(services: Services) -> None:
    services.start("postgresql", "redis", "minio")
    listening = subprocess.run([program("ss"), "-Hltnp"], capture_output=True, text=True, check=True)
    ours = [services.process(part) for part in ("postgresql", "redis", "minio")]
    of_ours = [line for line in listening.stdout.splitlines() if any(f"pid={pid}," in line for pid in ours)]
    assert {line.split()[3].rpartition(":")[0] for line in of_ours} == {"127.0.0.1", "[::1]"}
    assert len({line.split()[3].rpartition(":")[2] for line in of_ours}) == 3
    secret = [services.folder / "settings.env", services.folder / "admin.env"]
    secret += [services.folder / "redis" / "redis.conf", services.folder / "minio" / "config.env"]
    secret += (services.folder / "secrets").iterdir()
    assert {stat.S_IMODE(file.stat().st_mode) for file in secret} == {0o600}


def test_the_service_owns_its_database_and_no_other(services: Services) -> None:
    with connection(services) as rows:
        rights = rows.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        owner = rows.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    rows.close()
    assert (rights, owner) == ((False, False, False), ("khoso",))


def test_what_was_committed_is_there_after_a_kill(services: Services) -> None:
    with connection(services) as rows:
        rows.execute("CREATE TABLE kept (n integer)")
        rows.execute("INSERT INTO kept VALUES (7)")
    rows.close()
    with services.killed("postgresql"):
        pass
    with connection(services) as rows:
        assert rows.execute("SELECT n FROM kept").fetchall() == [(7,)]
        rows.execute("DROP TABLE kept")
    rows.close()


def test_redis_asks_for_its_password_and_writes_what_it_takes(services: Services) -> None:
    with broker(services) as known:
        port = known.connection_pool.connection_kwargs["port"]
        assert known.config_get("appendonly") == {"appendonly": "yes"}
    with socket.create_connection(("127.0.0.1", port), timeout=5) as stranger:
        stranger.sendall(b"PING\r\n")
        assert stranger.recv(100).startswith(b"-NOAUTH")


def test_an_environment_that_is_still_being_filled_is_told_in_words(tmp_path: Path) -> None:
    """Started while `script/run` still installed, it ended with a traceback: no module named typer."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    for name in ("api", "common", "datastore", "script"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    ours = "/^require_filled_venv()/,/^}/p"
    asked = f". script/setup.sh; eval \"$(sed -n '{ours}' script/services)\"; require_filled_venv"
    told = subprocess.run(
        ["bash", "-eu", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert told.returncode == 3
    assert "script/run còn đang cài" in told.stderr
    assert "script/run is still installing" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_folder_of_somebody_elses_is_left_alone(services: Services) -> None:
    theirs = services.folder / "theirs"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("forty years")
    for command in (["start", "redis"], ["stop", "--wipe"]):
        subprocess.run(
            [CHECKOUT / "script" / "services", *command],
            env=os.environ | {"KHOSO_SERVICES_DIR": str(theirs)},
            capture_output=True,
            check=False,
        )
    assert [path.name for path in theirs.iterdir()] == ["thesis.txt"]


def test_a_killed_database_runs_again_though_its_parent_never_collects_it() -> None:
    """Whoever watches for what processes leave behind adopts them, and may not collect them for long."""
    adopt = ctypes.CDLL(None).prctl
    with own_services() as services:
        assert adopt(_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        try:
            services.start("postgresql")
            with services.killed("postgresql"):
                pass
        finally:
            adopt(_CHILD_SUBREAPER, 0, 0, 0, 0)
        assert services.process("postgresql") > 0
