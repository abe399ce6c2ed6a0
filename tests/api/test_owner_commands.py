"""What is known of an owner, corrected at the command line."""

import json
from pathlib import Path

import pytest

from api.cli import run
from api.cli.place import house
from api.exits import Exit
from api.progress import steps_on_stderr

NUMBER = "040185001239"


def test_an_owner_is_corrected_and_what_is_left_out_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    with (
        steps_on_stderr() as steps,
        house(steps) as opened,
        opened.datastore.begin(opened.system("tests"), "name") as work,
    ):
        work.owners.ensure(NUMBER, name="Ai Đó Khác")
    correct = ["correct-owner", NUMBER, "--name", "Lê Thị  Bưởi", "--reason", "Ghi sai lần đầu"]
    assert run([*correct, "--born", "1985-02-28", "--state", "deceased"]) == Exit.DONE
    capsys.readouterr()
    assert run([*correct, "--json"]) == Exit.DONE
    known = json.loads(capsys.readouterr().out)
    del known["owner_id"]
    assert known == {"name": "Lê Thị Bưởi", "birth_date": "1985-02-28", "state": "deceased"}
    assert run([*correct, "--born", "1985-13-01"]) == Exit.BAD_INPUT
    assert "--born" in capsys.readouterr().err
    assert run(["correct-owner", "001190119999", *correct[2:]]) == Exit.BAD_INPUT
