"""Where objects are kept is a setting: what is wrong with it is said by its name."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from api.cli import run
from api.exits import Exit
from api.object_store import SecretUnreadable, open_objects
from api.settings import Environment, Settings
from datastore import DataKey, FolderObjects
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


def test_without_a_server_there_is_nothing_to_set_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path))
    assert run(["objects", "setup"]) == Exit.BAD_INPUT
    assert "KHOSO_S3_ENDPOINT" in capsys.readouterr().err
