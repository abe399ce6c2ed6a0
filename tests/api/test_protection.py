"""What became valid or whose dossier closed nobody deletes; an outage of the store is waited for."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from minio.error import S3Error

from api.cli import run
from api.cli.place import house
from api.exits import Exit
from api.house import House
from api.progress import steps_on_stderr
from api.steps.protect import extend_locks
from archive import Status
from common import VIETNAM
from datastore import DocumentRecord
from tests.datastore.stores import root_client
from tests.services import Services

_PAPER = str(Path(__file__).parents[2] / "samples" / "trich_luc_khai_tu.png")
_OWNER = "040144985806"
_DOSSIER = "H41.08-261122-0001"


@pytest.fixture
def _on_minio(services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in services.start("minio").items():
        if name.startswith("KHOSO_S3"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))


@pytest.fixture
def opened(_on_minio: None) -> Iterator[House]:
    with steps_on_stderr() as steps, house(steps) as one:
        yield one


def _brought(opened: House) -> DocumentRecord:
    assert run(["dossier", "open", _DOSSIER, "--procedure", "1.001193"]) == Exit.DONE
    assert run(["intake", _PAPER, "--owner", _OWNER, "--dossier", _DOSSIER]) == Exit.DONE
    with opened.datastore.begin(opened.system("test"), "look") as work:
        (document,) = work.dossiers.papers(_DOSSIER)
    assert opened.datastore.protected_until(document.id) is None
    return document


@pytest.mark.parametrize("ending", ["--succeeded", "--refused"])
def test_when_its_dossier_closes_nobody_deletes_any_object_of_a_paper(
    opened: House, services: Services, ending: str
) -> None:
    document = _brought(opened)
    assert run(["dossier", "close", _DOSSIER, ending]) == Exit.DONE
    assert run(["worker", "--once"]) == Exit.DONE
    next_year = datetime(opened.today.year + 2, 1, 1, tzinfo=VIETNAM)
    assert opened.datastore.protected_until(document.id) == next_year
    root, bucket = root_client(services), opened.settings.s3_bucket
    lying = list(opened.datastore.objects.versions(f"documents/{document.id}"))
    assert len(lying) >= 4
    for each in lying:
        with pytest.raises(S3Error):
            root.remove_object(bucket, each.key, version_id=each.version)


def test_a_lock_that_ends_soon_is_extended_while_the_paper_is_kept(opened: House) -> None:
    document, soon = _brought(opened), datetime.now(UTC) + timedelta(days=1)
    assert opened.datastore.protect(document.id, soon) >= 3
    assert opened.datastore.protected_until(document.id) == soon
    extend_locks(opened)
    later = opened.datastore.protected_until(document.id)
    assert later is not None
    assert later > soon + timedelta(days=300)
    assert opened.datastore.locks_ending(soon + timedelta(days=30)) == []


def test_while_the_store_is_away_a_person_is_told_and_the_work_goes_on_afterwards(
    opened: House, services: Services, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document = _brought(opened)
    with services.killed("minio"):
        capsys.readouterr()
        assert run(["list", _OWNER, "--json"]) == Exit.DONE
        assert [one["status"] for one in json.loads(capsys.readouterr().out)["documents"]] == ["provisional"]
        assert run(["get", str(document.id), "--out", str(tmp_path / "paper.pdf")]) == Exit.OUT_OF_REACH
        assert not (tmp_path / "paper.pdf").exists()
        assert run(["dossier", "close", _DOSSIER, "--succeeded"]) == Exit.OUT_OF_REACH
    deadline = time.monotonic() + 60
    while opened.datastore.queue.unfinished([document.id]) and time.monotonic() < deadline:
        assert run(["worker", "--once"]) == Exit.DONE
        time.sleep(0.5)
    with opened.datastore.begin(opened.system("test"), "look") as work:
        valid = work.documents.get(document.id)
    assert (valid.status, len(valid.revisions)) == (Status.VALID, 2)
    assert opened.datastore.protected_until(document.id) is not None
    assert opened.datastore.queue.set_aside() == []
