"""What became valid or whose dossier closed nobody deletes; an outage of the store is waited for."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from sqlite3 import connect
from uuid import UUID

import pytest
from minio.commonconfig import GOVERNANCE
from minio.error import S3Error
from minio.retention import Retention

from api.cli import run
from api.cli.place import house
from api.exits import Exit
from api.house import House
from api.progress import steps_on_stderr
from api.steps import sweeper
from api.steps.intake import Paper, Person, receive
from api.steps.protect import extend_locks
from archive import Status
from common import VIETNAM
from datastore import DocumentRecord, ObjectStoreRefused
from datastore.objects import ObjectVersion
from tests.api.http.papers import page
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


def _locked_until(opened: House, services: Services, lying: ObjectVersion) -> datetime | None:
    """As the server says it."""
    bucket, root = opened.settings.s3_bucket, root_client(services)
    found = root.get_object_retention(bucket, lying.key, version_id=lying.version)
    return None if found is None else found.retain_until_date


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
    of_stores = list(opened.datastore.objects.versions("stores"))
    entries = [each for each in of_stores if each.key.endswith(f"/{document.id}")]
    assert entries
    for each in [*lying, *entries]:
        with pytest.raises(S3Error):
            root.remove_object(bucket, each.key, version_id=each.version)


def test_a_lock_that_ends_soon_is_extended_while_the_paper_is_kept(opened: House) -> None:
    document, soon = _brought(opened), datetime.now(UTC) + timedelta(days=1)
    assert opened.datastore.protect(document.id, soon) >= 3
    assert opened.datastore.protected_until(document.id) == soon
    list(extend_locks(opened, set()))
    later = opened.datastore.protected_until(document.id)
    assert later is not None
    assert later > soon + timedelta(days=300)
    assert list(opened.datastore.locks_ending(soon + timedelta(days=30))) == []


def _locked_until_soon(opened: House, folder: Path) -> list[UUID]:
    """Three papers of one object each."""
    papers = []
    for shade in (1, 2, 3):
        (folder / "page.png").write_bytes(page(shade))
        received = receive(
            opened, opened.system("test"), Paper((folder / "page.png",), (Person(_OWNER),), compared=True)
        )
        papers.append(received.document.id)
        assert opened.datastore.protect(papers[-1], datetime.now(UTC) + timedelta(days=1)) == 1
    return papers


def _name_versions(opened: House, papers: Mapping[UUID, str]) -> None:
    """Let the rows of these papers' objects name other versions."""
    with connect(opened.settings.data_dir / "khoso.db") as rows:
        for paper, version in papers.items():
            rows.execute("UPDATE objects SET version = ? WHERE document_id = ?", (version, paper.hex))
    rows.close()


def test_whatever_keeps_an_object_from_its_lock_keeps_no_other(
    opened: House, services: Services, tmp_path: Path
) -> None:
    """One that was refused ended each round at the same place; one that is locked otherwise ended the beat."""
    refused, locked, well = _locked_until_soon(opened, tmp_path)
    (lying,) = opened.datastore.objects.versions(f"documents/{locked}")
    soon = datetime.now(UTC) + timedelta(days=1)
    restored = root_client(services).put_object(
        opened.settings.s3_bucket, lying.key, BytesIO(b"x"), 1, retention=Retention(GOVERNANCE, soon)
    )
    opened.datastore.log.put_tile("tile/7/000", b"whole", soon)
    _name_versions(opened, {refused: "no-version-of-this-server", locked: str(restored.version_id)})
    sweeper.Locks().extend_awhile(opened, opened.wake)
    assert set(opened.datastore.locks_ending(soon + timedelta(days=30))) == {refused, locked}
    assert opened.datastore.protected_until(well) == datetime(opened.today.year + 2, 1, 1, tzinfo=VIETNAM)
    assert list(opened.datastore.tile_locks_ending(soon + timedelta(days=30))) == []


def test_a_key_that_may_lock_nothing_ends_the_round(
    opened: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = _locked_until_soon(opened, tmp_path)
    _name_versions(opened, dict.fromkeys(papers, "no-version-of-this-server"))
    monkeypatch.setattr("api.steps.protect._REFUSED_IN_A_ROW", 2)
    steps = extend_locks(opened, set())
    next(steps)
    with pytest.raises(ObjectStoreRefused):
        next(steps)


def test_those_behind_the_refused_have_their_turn_before_they_are_tried_again(
    opened: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty at the front of the line ended each round there."""
    *refused, well = _locked_until_soon(opened, tmp_path)
    _name_versions(opened, dict.fromkeys(refused, "no-version-of-this-server"))
    monkeypatch.setattr("api.steps.protect._REFUSED_IN_A_ROW", 2)
    monkeypatch.setattr(sweeper, "_LOCKS_AFTER_OUTAGE", 0.0)
    monkeypatch.setattr(sweeper, "_LOCKS_EVERY", 0.0)
    locks = sweeper.Locks()
    with pytest.raises(ObjectStoreRefused):
        locks.extend_awhile(opened, opened.wake)
    locks.extend_awhile(opened, opened.wake)
    assert opened.datastore.protected_until(well) == datetime(opened.today.year + 2, 1, 1, tzinfo=VIETNAM)
    with pytest.raises(ObjectStoreRefused):
        locks.extend_awhile(opened, opened.wake)


def test_the_beat_extends_locks_a_moment_at_a_time_until_none_is_left(
    opened: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A thousand an hour was all it did, and meanwhile nothing else."""
    soon = datetime.now(UTC) + timedelta(days=1)
    _locked_until_soon(opened, tmp_path)
    monkeypatch.setattr(sweeper, "_LOCKS_MOMENT", 0.0)
    locks, waiting = sweeper.Locks(), []
    for _ in range(4):
        locks.extend_awhile(opened, opened.wake)
        waiting.append(len(list(opened.datastore.locks_ending(soon + timedelta(days=30)))))
    assert waiting == [2, 1, 0, 0]


def test_what_a_store_says_of_a_locked_paper_is_locked_as_well(opened: House, services: Services) -> None:
    document = _brought(opened)
    assert run(["dossier", "close", _DOSSIER, "--succeeded"]) == Exit.DONE
    before = {each.version for each in opened.datastore.objects.versions("stores")}
    assert run(["revoke", str(document.id), "--reason", "Cấp sai"]) == Exit.DONE
    assert run(["worker", "--once"]) == Exit.DONE
    lying = opened.datastore.objects.versions("stores")
    said = [each for each in lying if each.key.endswith(f"/{document.id}") and each.version not in before]
    assert said
    for each in said:
        assert _locked_until(opened, services, each) == opened.datastore.protected_until(document.id)


def test_the_tiles_of_the_log_are_locked_at_once_and_extended_before_they_are_free(
    opened: House, services: Services
) -> None:
    before = {each.version for each in opened.datastore.objects.versions("log")}
    _brought(opened)
    next_year = datetime(opened.today.year + 2, 1, 1, tzinfo=VIETNAM)
    tiles = [each for each in opened.datastore.objects.versions("log") if each.version not in before]
    assert {_locked_until(opened, services, each) for each in tiles} == {next_year}
    soon = datetime.now(UTC) + timedelta(days=1)
    opened.datastore.log.put_tile("tile/7/000", b"whole", soon)
    opened.datastore.log.put_tile("tile/7/001.p/1", b"grows", soon)
    opened.datastore.log.put_tile("tile/7/001", b"grown", soon)
    list(extend_locks(opened, set()))
    until = {
        each.key: _locked_until(opened, services, each)
        for each in opened.datastore.objects.versions("log/tile/7")
    }
    assert until["log/tile/7/000"] == until["log/tile/7/001"] == next_year
    assert until["log/tile/7/001.p/1"] != next_year  # the whole one says the same


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
