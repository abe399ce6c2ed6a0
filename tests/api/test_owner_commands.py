"""What is known of an owner, corrected at the command line."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.cli import owners, run
from api.cli.place import house
from api.exits import Exit
from api.progress import steps_on_stderr
from common import new_id
from datastore import DiaryLine, PrintTold
from tests.api.http.papers import page

NUMBER = "040185001239"
AT = datetime(2026, 11, 22, 1, 5, 9, tzinfo=UTC)


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
    assert run(["owner", NUMBER, "--json"]) == Exit.DONE
    shown = json.loads(capsys.readouterr().out)
    assert (UUID(shown.pop("owner_id")).version, shown) == (7, known), "what was corrected can be read back"
    assert run([*correct, "--born", "1985-13-01"]) == Exit.BAD_INPUT
    told = capsys.readouterr().err
    assert "--born" in told
    assert "phải là ngày có thật, viết 1990-05-03" in told, "it was said in English only, without the form"
    assert run(["correct-owner", "001190119999", *correct[2:]]) == Exit.BAD_INPUT


def test_the_diary_of_an_owner_says_which_paper_each_line_speaks_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody had looked and said why, and nobody could tell at what."""
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    scan = tmp_path / "scan.png"
    scan.write_bytes(page())
    intake = ["intake", str(scan), "--owner", NUMBER, "--type", "KET_HON", "--json"]
    assert run(intake) == Exit.DONE
    (paper,) = json.loads(capsys.readouterr().out)["documents"]
    assert run(["diary", NUMBER, "--purpose", "Trả lời công dân", "--json"]) == Exit.DONE
    lines = json.loads(capsys.readouterr().out)["lines"]
    named = {
        (one["act"], one["document_id"], one["code"], one["name"]) for one in lines if one["document_id"]
    }
    assert ("receive", paper["document_id"], f"{NUMBER}.KQ.G15.000032", "Giấy chứng nhận kết hôn") in named
    assert run(["diary", NUMBER]) == Exit.DONE
    told = capsys.readouterr().out
    line = f"Tiếp nhận giấy tờ / Take a paper in  {NUMBER}.KQ.G15.000032  Giấy chứng nhận kết hôn  operator"
    assert told.count(line) == 1, "what one act wrote is told as one line"
    assert [one["act"] for one in lines].count("receive") == 2
    assert "Trả lời công dân" in told, "who read the diary stands in it as well"
    assert run(["diary", "001190119999"]) == Exit.BAD_INPUT


def test_one_act_with_one_paper_is_one_line_in_words_and_what_failed_is_not_told_as_done() -> None:
    paper, owner = new_id(AT), new_id(AT)

    def line(act: str, document: UUID | None = paper, **told: Any) -> DiaryLine:
        said = {"outcome": "done", "note": None, **told}
        return DiaryLine(
            new_id(AT), AT, "hoa", "handler", "H41.08", act, "hồ sơ", None, owner, document, **said
        )

    printed = PrintTold(1, "Ngân hàng", "Vay vốn")
    written = [
        line("refile"),
        line("print", prints=(printed,)),
        line("revoke_print", prints=(replace(printed, reason="Bị mất", taken_back=True),)),
        line("refile", note="refiled: Lưu nhầm"),
        line("list_store", None),
        line("list_store"),
        line("list_store", new_id(AT)),
        line("look_at_diary", None),
        line("revoke", None, outcome="not_found", note="document"),
    ]
    acts = [owners._in_words(act, None) for act in owners._acts(written)]
    named = [act.removeprefix("2026-11-22T08:05:09+07:00  hoa  H41.08  ") for act in acts]
    assert [len(act) for act in owners._acts(written)] == [2, 1, 1, 1, 1, 1, 1]
    assert named[0].endswith(
        f"/ Move a paper to its owner, add an owner, or take one out  {paper}  hồ sơ  refiled: Lưu nhầm"
    )
    assert "cấp cho Ngân hàng: Vay vốn" in named[1]
    assert "given to Ngân hàng, was taken back: Bị mất" in named[2]
    assert named[5] == "Xem nhật ký / Look at the diary  hồ sơ"
    assert "not done (not_found)" in named[6]


def test_two_acts_within_a_second_are_two_lines() -> None:
    """Whoever fetched a paper twice in a second was told of once."""
    paper, owner = new_id(AT), new_id(AT)
    fetched = [
        DiaryLine(
            new_id(at), at, "hoa", "handler", "H41.08", "get", "hồ sơ", None, owner, paper, "done", note
        )
        for at in (AT, AT + timedelta(milliseconds=1))
        for note in (None, "signed")
    ]
    assert [len(act) for act in owners._acts(fetched)] == [2, 2]


@pytest.mark.parametrize("page_of_lines", [2, 3, 500])
def test_a_long_diary_is_read_in_pages_and_is_one_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], page_of_lines: int
) -> None:
    """All of it was asked for at once: 70,000 lines are more than PostgreSQL takes names of."""
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setattr(owners, "_PAGE", page_of_lines)
    with steps_on_stderr() as steps, house(steps) as opened:
        with opened.datastore.begin(opened.system("tests"), "name") as work:
            known = work.owners.ensure(NUMBER, name="Lê Thị Bưởi")
        for number in range(7):
            with opened.datastore.begin(opened.system("tests"), f"look_{number}") as work:
                work.diary.of_owner(known.id, limit=1)
    assert run(["diary", NUMBER, "--json"]) == Exit.DONE
    told = capsys.readouterr().out
    acts = [one["act"] for one in json.loads(told)["lines"]]
    assert [act for act in acts if act != "look_at_diary"][-7:] == [f"look_{number}" for number in range(7)]
    assert told == json.dumps(json.loads(told), ensure_ascii=False, indent=2) + "\n"
    assert run(["diary", NUMBER]) == Exit.DONE
    printed = capsys.readouterr().out.splitlines()
    assert [sum(f"look_{number}" in line for line in printed) for number in range(7)] == [1] * 7
    assert any("Xem nhật ký / Look at the diary" in line for line in printed)
