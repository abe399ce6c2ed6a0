"""What dossiers do to papers, by command, on one real paper."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from api.exits import Exit

_SAMPLES = Path(__file__).parents[2] / "samples"
_OWNER = "040144985806"


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))


def _documents(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["documents"]
    return documents


def _intake(dossier: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    file = str(_SAMPLES / "trich_luc_khai_tu.png")
    assert run(["intake", file, "--owner", _OWNER, "--dossier", dossier, "--json"]) == Exit.DONE
    (document,) = _documents(capsys)
    return document


def test_a_paper_of_a_refused_dossier_becomes_valid_when_it_is_brought_again_and_that_dossier_succeeds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second = "H41.08-261122-0001", "H41.08-261122-0002"
    run(["dossier", "open", first, "--procedure", "1.001193"])
    assert _intake(first, capsys)["status"] == "provisional"
    assert run(["dossier", "close", first, "--refused", "--json"]) == Exit.DONE
    assert [one["status"] for one in _documents(capsys)] == ["provisional"]

    run(["dossier", "open", second, "--procedure", "1.001193"])
    again = _intake(second, capsys)
    assert (again["again"], again["status"]) == (True, "provisional")
    assert run(["dossier", "close", second, "--succeeded", "--json"]) == Exit.DONE
    (valid,) = _documents(capsys)
    assert (valid["status"], valid["weight"], valid["ground"]) == ("valid", "digitised", "dossier_succeeded")

    # What was decided for it is not taken back by a later dossier, and a closed one takes no more papers.
    file = str(_SAMPLES / "trich_luc_khai_tu.png")
    assert run(["intake", file, "--owner", _OWNER, "--dossier", second]) == Exit.NEGATIVE
    assert run(["dossier", "close", second, "--refused"]) == Exit.NEGATIVE


def _waiting(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert (
        run(["intake", str(_SAMPLES / "trich_luc_khai_tu.png"), "--owner", "pending", "--json"]) == Exit.DONE
    )
    (waiting,) = _documents(capsys)
    return waiting


def test_a_paper_without_an_identifier_waits_until_its_owner_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    waiting = _waiting(capsys)
    assert (waiting["status"], waiting["code"]) == ("pending_identifier", None)
    assert run(["list", _OWNER, "--json"]) == Exit.DONE
    assert _documents(capsys) == []
    named = ["refile", waiting["document_id"], "--owner", _OWNER, "--reason", "Rõ chủ", "--json"]
    assert run(named) == Exit.DONE
    (document,) = _documents(capsys)
    assert (document["status"], document["code"]) == ("provisional", f"{_OWNER}.KHAI_TU")


def test_a_waiting_paper_that_is_brought_again_with_its_owner_is_not_kept_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    waiting = _waiting(capsys)
    file = str(_SAMPLES / "trich_luc_khai_tu.png")
    assert run(["intake", file, "--owner", _OWNER, "--ground", "back_file", "--json"]) == Exit.DONE
    (document,) = _documents(capsys)
    assert document["document_id"] == waiting["document_id"]
    assert document["status"] == "valid"
