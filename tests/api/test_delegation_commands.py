"""Who stands for whom, at the command line: written down by one, confirmed by another, ended by either."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.cli import run
from api.cli.place import house
from api.exits import Exit
from api.progress import steps_on_stderr

MOTHER, CHILD = "001190112233", "040220001234"


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    with (
        steps_on_stderr() as steps,
        house(steps) as opened,
        opened.datastore.begin(opened.system("tests"), "name") as work,
    ):
        for number in (MOTHER, CHILD):
            work.owners.ensure(number)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["delegation", *arguments, "--json"]) == Exit.DONE, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_guardian_is_written_down_confirmed_by_another_and_ended(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = ["guardian", MOTHER, CHILD, "--ground", "Giấy khai sinh số 12", "--last-day", "2038-05-02"]
    made = answer(capsys, "add", *said, "--actor", "mai.tran")
    assert (made["kind"], made["last_day"], made["confirmed_by"]) == ("guardian", "2038-05-02", None)
    assert run(["delegation", "add", *said]) == Exit.NEGATIVE
    assert "2038-05-02" in capsys.readouterr().err
    assert run(["delegation", "confirm", made["id"], "--actor", "mai.tran"]) == Exit.NEGATIVE
    assert answer(capsys, "confirm", made["id"], "--actor", "hoa.le")["confirmed_by"] == "hoa.le"
    for number in (MOTHER, CHILD):
        assert [one["id"] for one in answer(capsys, "list", number)["delegations"]] == [made["id"]]
    assert run(["delegation", "list", CHILD]) == Exit.DONE
    shown = capsys.readouterr().out
    assert "người giám hộ / guardian" in shown
    assert "đã xác nhận / confirmed: hoa.le" in shown
    ended = answer(capsys, "end", made["id"], "--reason", "đã thành niên")
    assert ended["end_reason"] == "đã thành niên"


def test_what_cannot_be_written_down_is_refused_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    without_end = ["delegation", "add", "guardian", MOTHER, CHILD, "--ground", "x"]
    assert run(without_end) == Exit.BAD_INPUT
    assert run(["delegation", "add", "representative", MOTHER, CHILD, "--ground", "x"]) == Exit.NEGATIVE
    assert run([*without_end[:3], "001190119999", CHILD, "--ground", "x"]) == Exit.BAD_INPUT
    assert run(["delegation", "list", "no number"]) == Exit.BAD_INPUT
    assert run(["delegation", "end", str(uuid4()), "--reason", "x"]) == Exit.BAD_INPUT
    assert MOTHER not in capsys.readouterr().err
