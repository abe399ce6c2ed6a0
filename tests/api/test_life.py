"""What dossiers do to papers, by command, on one real paper."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.cli import run
from api.cli.place import house
from api.exits import Exit
from api.progress import Unheard
from common import say
from tests.api.http.papers import page

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

    # A closed dossier takes no other papers, and its ending is not changed.
    other = str(_SAMPLES / "giay_khai_sinh.jpg")
    assert run(["intake", other, "--owner", "040326489325", "--dossier", second]) == Exit.NEGATIVE
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
    printed = capsys.readouterr()
    name, receipt = "trich_luc_khai_tu.png", waiting["receipt"]
    assert str(say("received_again", name=name, receipt=receipt)) in printed.err, (
        "it was said as if it were new"
    )
    (document,) = json.loads(printed.out)["documents"]
    assert document["document_id"] == waiting["document_id"]
    assert document["status"] == "valid"


def test_a_paper_of_another_agency_of_this_installation_is_signed_sealed_and_revoked_as_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its print once verified as genuine with an unknown status after it was revoked."""
    agency = ["--agency", "H41.09"]
    file = str(_SAMPLES / "trich_luc_khai_tu.png")
    assert run(["intake", file, "--owner", _OWNER, "--ground", "back_file", "--json", *agency]) == Exit.DONE
    (valid,) = _documents(capsys)
    id, out = valid["document_id"], tmp_path / "print.pdf"
    assert (
        run(["print", id, "--to", "Ai", "--reason", "Thử", "--out", str(out), "--json", *agency]) == Exit.DONE
    )
    link = json.loads(capsys.readouterr().out)["link"]
    assert run(["verify", link, "--offline", "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["status"] == "good"

    assert run(["get", id, "--out", str(tmp_path / "d.pdf")]) == Exit.BAD_INPUT  # not for this agency
    assert run(["get", id, "--out", str(tmp_path / "d.pdf"), *agency]) == Exit.DONE
    assert run(["validate", str(tmp_path / "d.pdf"), "--json"]) == Exit.DONE
    capsys.readouterr()
    assert run(["revoke", id, "--reason", "Cấp sai", *agency]) == Exit.DONE
    assert run(["verify", link, "--offline"]) == Exit.NEGATIVE
    assert run(["verify", str(tmp_path / "d.pdf")]) == Exit.NEGATIVE


def test_a_ground_that_fits_no_rule_is_said_and_does_not_stand_in_the_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = str(_SAMPLES / "trich_luc_khai_tu.png")
    wrong = ["intake", file, "--owner", _OWNER, "--ground", "issued_electronically", "--json"]
    assert run(wrong) == Exit.DONE
    captured = capsys.readouterr()
    (document,) = json.loads(captured.out)["documents"]
    assert (document["status"], document["ground"]) == ("provisional", None)
    assert "issued_electronically" in captured.err
    assert run(["intake", file, "--owner", _OWNER, "--ground", "back_file", "--json"]) == Exit.DONE
    (document,) = _documents(capsys)
    assert document["status"] == "valid"


def test_a_print_that_cannot_be_handed_over_is_not_entered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(_SAMPLES / "trich_luc_khai_tu.png")
    run(["intake", file, "--owner", _OWNER, "--ground", "back_file", "--json"])
    (valid,) = _documents(capsys)
    printing = ["print", valid["document_id"], "--to", "Ai", "--reason", "Thử", "--json", "--out"]
    assert run([*printing, str(tmp_path / "nowhere" / "p.pdf")]) == Exit.BAD_INPUT
    capsys.readouterr()
    assert run([*printing, str(tmp_path / "p.pdf")]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["print_number"] == 1


def test_a_paper_that_names_another_owner_or_reads_as_another_type_asks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = str(_SAMPLES / "trich_luc_khai_tu.png")
    other = ["intake", file, "--owner", "040144985807", "--type", "KET_HON", "--json"]
    assert run(other) == Exit.CANNOT_TELL
    captured = capsys.readouterr()
    (document,) = json.loads(captured.out)["documents"]
    assert [question["code"] for question in document["questions"]] == ["type_differs", "owner_differs"]
    assert "Trích lục khai tử" in captured.err


_WRONG = "040144985807"


def _of_somebody_else(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    """A paper on which another number stands than that of the owner who was named."""
    capsys.readouterr()
    file = str(_SAMPLES / "trich_luc_khai_tu.png")
    assert run(["intake", file, "--owner", _WRONG, "--json", *more]) == Exit.CANNOT_TELL
    (document,) = _documents(capsys)
    assert document["status"] == "read"
    assert [question["code"] for question in document["questions"]] == ["owner_differs"]
    return document


def test_a_paper_on_which_somebody_elses_number_stands_waits_for_an_answer_though_its_dossier_succeeded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It once became valid with the dossier, and nobody had said whose it was."""
    dossier = "H41.08-261122-0003"
    run(["dossier", "open", dossier, "--procedure", "1.001193"])
    id = _of_somebody_else(capsys, "--dossier", dossier)["document_id"]
    assert run(["dossier", "close", dossier, "--succeeded", "--json"]) == Exit.DONE
    captured = capsys.readouterr()
    (waiting,) = json.loads(captured.out)["documents"]
    assert (waiting["status"], waiting["ground"], waiting["revision"]) == ("read", "dossier_succeeded", 0)
    assert [reason["code"] for reason in waiting["waits"]] == ["waits_for_answer", "waits_with_ground"]
    assert str(say("waits_for_answer")) in captured.err
    # Bringing it once more is no answer.
    file = str(_SAMPLES / "trich_luc_khai_tu.png")
    assert run(["intake", file, "--owner", _WRONG, "--json"]) == Exit.CANNOT_TELL
    assert [one["status"] for one in _documents(capsys)] == ["read"]

    assert run(["check", id, "--actor", "hoa.le", "--json"]) == Exit.DONE
    (valid,) = _documents(capsys)
    assert (valid["status"], valid["weight"], valid["waits"]) == ("valid", "digitised", [])


def test_a_check_that_names_another_owner_than_the_paper_has_by_now_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    id = _of_somebody_else(capsys)["document_id"]
    for named in ([_OWNER], [_WRONG, _OWNER]):
        assert run(["check", id, *(part for one in named for part in ("--owner", one))]) == Exit.NEGATIVE
        assert "changed since it was seen" in capsys.readouterr().err
    assert run(["check", id, "--owner", "040 144 985 807", "--json"]) == Exit.DONE
    assert [one["status"] for one in _documents(capsys)] == ["provisional"]


def test_a_check_names_the_owner_by_a_former_number_as_well_unless_it_is_somebody_elses_by_now(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An owner with the number of an old identity card was said to be another one by now."""
    id, former, passed_on = _of_somebody_else(capsys)["document_id"], "040144985808", "040144985809"
    kinds = {"183456789": "old_number", former: "personal_id", passed_on: "personal_id"}
    with house(Unheard()) as opened, opened.datastore.begin(opened.system("correct"), "correct") as work:
        (owner,) = work.owners.of_document(UUID(id))
        for number, kind in kinds.items():
            work.owners.add_identifier(owner.id, number, kind=kind, valid_to=work.at)
        work.owners.ensure(passed_on)
    for wrong in ("183456780", passed_on):
        assert run(["check", id, "--owner", wrong]) == Exit.NEGATIVE
    capsys.readouterr()
    assert run(["check", id, "--owner", "183 456 789", "--owner", former, "--json"]) == Exit.DONE
    assert [one["status"] for one in _documents(capsys)] == ["provisional"]


def test_a_paper_that_waits_goes_on_once_it_is_moved_to_whom_it_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    id = _of_somebody_else(capsys, "--ground", "back_file")["document_id"]
    assert run(["refile", id, "--owner", _OWNER, "--reason", "Ghi nhầm số", "--json"]) == Exit.DONE
    (valid,) = _documents(capsys)
    assert (valid["status"], valid["code"], valid["questions"]) == ("valid", f"{_OWNER}.KHAI_TU", [])


def test_a_marriage_certificate_of_one_spouse_asks_for_the_other_and_of_both_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, wife = str(_SAMPLES / "giay_chung_nhan_ket_hon.jpg"), "040198263731"
    assert run(["intake", file, "--owner", wife, "--json"]) == Exit.CANNOT_TELL
    (one,) = _documents(capsys)
    assert (one["status"], [asked["code"] for asked in one["questions"]]) == ("read", ["owner_differs"])
    both = ["intake", file, "--owner", wife, "--owner", "038093854341", "--json"]
    assert run(both) == Exit.DONE
    (two,) = _documents(capsys)
    assert (two["status"], two["questions"], len(two["codes"])) == ("provisional", [], 2)


def test_a_paper_that_was_scanned_twice_is_put_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = []
    for n in range(2):
        (tmp_path / f"{n}.png").write_bytes(page(840 + n))
        run(["intake", str(tmp_path / f"{n}.png"), "--owner", _OWNER, "--type", "KET_HON", "--json"])
        ids += [one["document_id"] for one in _documents(capsys)]
    twice, kept = ids
    said = ["put-away", twice, "--duplicate-of", kept, "--reason", "Quét hai lần", "--json"]
    assert run(said) == Exit.DONE
    (away,) = _documents(capsys)
    assert (away["document_id"], away["status"]) == (twice, "superseded")
    assert run(["put-away", kept, "--duplicate-of", twice, "--reason", "x"]) == Exit.NEGATIVE


def test_a_marriage_certificate_of_one_spouse_goes_on_once_the_other_is_added(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It could not get its second owner: `refile` took papers of one owner only, and moved them."""
    file, wife, husband = str(_SAMPLES / "giay_chung_nhan_ket_hon.jpg"), "040198263731", "038093854341"
    assert run(["intake", file, "--owner", wife, "--json"]) == Exit.CANNOT_TELL
    (one,) = _documents(capsys)
    refile = ["refile", one["document_id"], "--reason", "Giấy của cả hai vợ chồng", "--json"]
    assert run([*refile, "--add", husband, "--from", wife]) == Exit.BAD_INPUT
    assert str(say("refile_unclear")) in capsys.readouterr().err
    assert run([*refile, "--add", husband]) == Exit.DONE
    (both,) = _documents(capsys)
    assert (both["status"], both["questions"], len(both["codes"])) == ("provisional", [], 2)
    assert run([*refile, "--from", husband]) == Exit.DONE
    assert [len(left["codes"]) for left in _documents(capsys)] == [1]


def test_a_paper_without_an_owner_or_a_type_is_not_checked(capsys: pytest.CaptureFixture[str]) -> None:
    """Checked, it was signed and stood in nobody's store."""
    waiting = _waiting(capsys)
    assert [reason["code"] for reason in waiting["waits"]] == ["waits_for_owner"]
    assert run(["check", waiting["document_id"]]) == Exit.NEGATIVE
    assert str(say("owner_not_named")) in capsys.readouterr().err


def test_a_paper_that_was_not_compared_waits_for_the_check_at_the_command_line_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = str(_SAMPLES / "trich_luc_khai_tu.png")
    intake = ["intake", file, "--owner", _OWNER, "--ground", "back_file", "--not-compared", "--json"]
    assert run(intake) == Exit.CANNOT_TELL
    (waiting,) = _documents(capsys)
    assert [reason["code"] for reason in waiting["waits"]] == ["waits_for_check", "waits_with_ground"]
    assert run(["check", waiting["document_id"], "--json"]) == Exit.DONE
    assert [one["status"] for one in _documents(capsys)] == ["valid"]
