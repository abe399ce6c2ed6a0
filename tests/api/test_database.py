"""Where the rows are is a setting: a file of the data folder, or a PostgreSQL server; the commands are the same."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from api.cli import run
from api.cli.place import at_desk
from api.exits import Exit
from api.house import open_datastore
from api.settings import Settings
from api.steps.import_catalogue import ImportedOtherwise, import_catalogue
from datastore import Actor, OverrideKind
from tests.databases import PostgresServer
from tests.services import Services

OWNER = "040090001234"


@pytest.fixture
def url(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database of this test's own, named to the commands by a file as containers do."""
    services.start("postgresql")
    server = PostgresServer(services)
    name = server.make()
    (tmp_path / "url").write_text(server.url(name) + "\n")
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("KHOSO_DATABASE_URL_FILE", str(tmp_path / "url"))
    yield server.url(name)
    server.drop(name)


def test_the_commands_work_on_postgresql_and_make_no_file_of_rows(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["migrate"]) == Exit.DONE
    assert run(["list", OWNER]) == Exit.DONE
    store = open_datastore(Settings())
    with store.begin(Actor("mai.clerk", "clerk", "H41.08", "intake"), "look-up") as work:
        work.owners.ensure(OWNER, name="Nguyễn Văn An")
    store.close()
    capsys.readouterr()
    assert run(["log", "verify", "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["clean"] is True
    assert not list((tmp_path / "var").glob("khoso.db*"))


def test_the_doctor_looks_at_the_server(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(["doctor", "--json"])
    findings = {found["check"]: found for found in json.loads(capsys.readouterr().out)["findings"]}
    for check in ("keys", "database", "log"):
        assert findings[check]["well"], findings[check]
    assert findings["database"]["seen"].startswith("postgresql; ")


def test_a_server_that_keeps_nothing_is_a_finding(url: str, services: Services) -> None:
    server = PostgresServer(services)
    server.configure("fsync", "off")
    try:
        store = open_datastore(Settings())
        assert store.risks() == ("fsync = off",)
        store.close()
    finally:
        server.configure("fsync", None)


def test_of_two_imports_at_once_the_second_is_told_what_the_first_has_imported(
    url: str, tmp_path: Path
) -> None:
    """Both found nothing of the type, and the second wrote over the code and the decision of the first."""
    entries = tmp_path / "codes.toml"
    entries.write_text('[[type]]\nlocal = "GPXD"\nnational = "KQ.G17.000124"\nsince = 2026-01-01\n')
    value, since = {"local": "GPXD", "national": "KQ.G17.000123"}, date(2026, 1, 1)
    with at_desk("mai", None, "catalogue") as (opened, mai), ThreadPoolExecutor(1) as pool:
        with opened.datastore.begin(mai, "import_catalogue") as work:
            work.overrides.put(OverrideKind.CATALOGUE, "GPXD", value, valid_from=since, decision="01/QĐ-VPCP")
            second = pool.submit(import_catalogue, opened, mai, entries, "02/QĐ-VPCP")
            threading.Event().wait(0.3)  # the other one is at work meanwhile, or waits
        with pytest.raises(ImportedOtherwise) as caught:
            second.result()
    assert caught.value.facts["decision"] == "01/QĐ-VPCP"


@pytest.mark.parametrize(
    "wrong", ["mysql://khoso:secret@db/khoso", "postgresql://khoso:secret@db/khoso", "khoso.db", ""]
)
def test_a_database_of_another_kind_is_a_wrong_setting_and_its_password_is_not_told(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("KHOSO_DATABASE_URL", wrong)
    assert run(["list", OWNER]) == Exit.BAD_INPUT
    told = capsys.readouterr().err
    assert "KHOSO_DATABASE_URL" in told
    assert "secret" not in told
    assert not (tmp_path / "var").exists()


def test_a_file_of_a_secret_that_is_not_there_is_a_wrong_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KHOSO_DATABASE_URL_FILE", str(tmp_path / "absent"))
    assert run(["list", OWNER]) == Exit.BAD_INPUT
    assert str(tmp_path / "absent") in capsys.readouterr().err


def test_a_password_is_not_shown_with_the_settings() -> None:
    shown = repr(Settings(database_url="postgresql+psycopg://khoso:Xk7vQ2@db/khoso"))  # type: ignore[arg-type]
    assert "database_url" in shown
    assert "Xk7vQ2" not in shown
