"""Where objects are kept is a setting: what is wrong with it is said by its name."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.cli import run
from api.exits import Exit
from api.house import open_datastore, open_house
from api.object_store import SecretUnreadable, open_objects
from api.progress import steps_on_stderr
from api.settings import Environment, Settings
from api.steps import health
from api.steps.readiness import Standing
from common import say, utc_now
from datastore import DataKey, FolderObjects, ObjectStoreUnreachable
from tests.services import Services

KEY = DataKey(bytes(range(32)), "some document")


def test_without_a_server_objects_lie_in_the_data_folder(tmp_path: Path) -> None:
    objects = open_objects(Settings(data_dir=tmp_path))
    assert isinstance(objects, FolderObjects)
    assert objects.root == tmp_path / "objects"


@pytest.mark.parametrize(
    "endpoint",
    ["minio.example.vn", "ftp://minio.example.vn", "https://minio.example.vn/archive", "https://", ""],
)
def test_an_endpoint_that_is_no_server_is_refused(endpoint: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(s3_endpoint=endpoint)
    assert refused.value.errors()[0]["loc"] == ("s3_endpoint",)


def test_production_speaks_to_another_machine_under_tls_only() -> None:
    with pytest.raises(ValidationError):
        Settings(env=Environment.PRODUCTION, s3_endpoint="http://minio.example.vn:9000")
    for endpoint in ("https://minio.example.vn:9000", "http://127.0.0.1:9000", "http://[::1]:9000"):
        assert Settings(env=Environment.PRODUCTION, s3_endpoint=endpoint).s3_endpoint == endpoint
    assert Settings(s3_endpoint="http://minio:9000/").s3_endpoint == "http://minio:9000"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_secret_that_cannot_be_read_is_named_by_its_setting(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SecretUnreadable) as refused:
        open_objects(
            Settings(data_dir=tmp_path, s3_endpoint="https://minio.example.vn", s3_access_key_file=file)
        )
    assert refused.value.facts == {"name": "KHOSO_S3_ACCESS_KEY_FILE"}


def test_setting_up_a_server_twice_changes_nothing_and_the_service_can_work(
    services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (services.start("minio") | services.admin_settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path))
    assert run(["objects", "setup"]) == run(["objects", "setup"]) == Exit.DONE
    assert "archive" in capsys.readouterr().out
    objects = open_objects(Settings())
    stored = objects.put("documents/a/v1/original", b"content", sealing=KEY)
    assert objects.read(stored, sealing=KEY) == b"content"
    assert objects.write_once


@pytest.fixture
def settings_of_a_server(services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (services.start("minio") | services.admin_settings).items():
        if name.startswith("KHOSO_S3"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path))


def lock_finding(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    run(["doctor", "--json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    (finding,) = (finding for finding in findings if finding["check"] == "lock")
    assert isinstance(finding, dict)
    return finding


@pytest.mark.usefixtures("settings_of_a_server")
def test_doctor_proves_the_lock_and_the_installation_remembers_when(
    capsys: pytest.CaptureFixture[str],
) -> None:
    datastore = open_datastore(Settings())
    assert datastore.last_lock_proof() is None
    finding = lock_finding(capsys)
    proof = datastore.last_lock_proof()
    datastore.close()
    assert finding["well"]
    assert "held against the service's key and the root key" in str(finding["seen"])
    assert proof is not None
    assert proof.with_root


@pytest.mark.usefixtures("settings_of_a_server")
def test_doctor_names_the_bucket_that_is_not_there_and_remembers_no_proof(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, services: Services
) -> None:
    # As the server's administrator, who alone is told that a bucket of any name does not exist.
    for which in ("ACCESS", "SECRET"):
        key = services.admin_settings[f"KHOSO_S3_ROOT_{which}_KEY_FILE"]
        monkeypatch.setenv(f"KHOSO_S3_{which}_KEY_FILE", key)
    monkeypatch.setenv("KHOSO_S3_BUCKET", "nobody-made-it")
    finding = lock_finding(capsys)
    datastore = open_datastore(Settings())
    assert finding["well"] is False
    assert "khoso objects setup" in str(finding["seen"])
    assert datastore.last_lock_proof() is None
    datastore.close()


def test_a_folder_says_that_it_is_not_write_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path))
    finding = lock_finding(capsys)
    assert (finding["well"], finding["seen"]) == (True, str(say("lock_none")))


@pytest.mark.usefixtures("settings_of_a_server")
def test_readiness_asks_the_store_and_tells_the_age_of_the_last_proof(services: Services) -> None:
    with steps_on_stderr() as steps, open_house(Settings(), steps) as house:
        assert health.objects(house).reason == say("lock_never_proven")
        house.datastore.keep_lock_proof(with_root=True)
        assert health.objects(house).standing is Standing.WELL
        late = replace(house, clock=lambda: utc_now() + timedelta(days=9))
        assert health.objects(late).reason == say("lock_proof_old", days=9)
        with services.killed("minio"), pytest.raises(ObjectStoreUnreachable):
            health.objects(house)


def test_without_a_server_there_is_nothing_to_set_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path))
    assert run(["objects", "setup"]) == Exit.BAD_INPUT
    assert "KHOSO_S3_ENDPOINT" in capsys.readouterr().err
