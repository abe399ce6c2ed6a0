"""An installation begins at the command line: its agencies and its first admin."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from api.exits import Exit
from datastore import OFFICERS


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run([*arguments, "--json"]) == Exit.DONE, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_agencies_are_added_ended_and_listed(capsys: pytest.CaptureFixture[str]) -> None:
    answer(capsys, "agency", "add", "H41", "Tỉnh Nghệ An", "--from", "2000-01-01")
    answer(capsys, "agency", "add", "H41.77", "Huyện cũ", "--parent", "H41", "--from", "2000-01-01")
    answer(capsys, "agency", "add", "H41.08", "Phường Trường Vinh", "--parent", "H41", "--from", "2025-07-01")
    ended = answer(capsys, "agency", "end", "H41.77", "--last-day", "2025-06-30", "--successor", "H41.08")
    assert (ended["last_day"], ended["successor"]) == ("2025-06-30", "H41.08")
    listed = answer(capsys, "agency", "list")["agencies"]
    assert [one["code"] for one in listed] == ["H41", "H41.08", "H41.77"]
    assert run(["agency", "add", "H41", "Lần nữa"]) == Exit.NEGATIVE
    assert run(["agency", "add", "not a code", "x"]) == Exit.BAD_INPUT


def test_an_account_is_of_an_agency_that_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """An office mistyped at its first account got one of its own, which nobody saw; and a fresh list was empty."""
    (ours,) = answer(capsys, "agency", "list")["agencies"]
    assert (ours["code"], ours["name"]) == ("H41.08", "Ủy ban nhân dân phường Trường Vinh")
    mistyped = ["account", "add", "hoa.le", "Lê Thị Hoa", "--role", "clerk", "--agency", "H41.80"]
    assert run(mistyped) == Exit.BAD_INPUT
    said = capsys.readouterr().err
    assert "khoso agency list" in said
    assert "khoso agency add H41.80" in said
    assert answer(capsys, "account", "list")["accounts"] == []
    answer(capsys, "agency", "add", "H41.80", "Phường Mới")
    assert answer(capsys, *mistyped)["agency"] == "H41.80"
    below = answer(capsys, "agency", "add", "H41.08.01", "Một cửa", "--parent", "H41.08")
    assert below["parent"] == "H41.08"
    listed = [one["code"] for one in answer(capsys, "agency", "list")["agencies"]]
    assert listed == ["H41.08", "H41.08.01", "H41.80"]


def test_the_first_admin_gets_a_password_that_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    made = answer(capsys, "account", "add", "quan.tri", "Nguyễn Văn Quản", "--role", "admin")
    assert (made["agency"], [one["role"] for one in made["roles"]]) == ("H41.08", ["admin"])
    assert len(made["password"]) == 16
    assert run(["account", "add", "thu.hai", "Người Thứ Hai", "--role", "admin"]) == Exit.NEGATIVE
    capsys.readouterr()
    assert run(["account", "list"]) == Exit.DONE
    shown = capsys.readouterr().out
    assert "quan.tri" in shown
    assert "đang dùng / active  quản trị viên của cơ quan / admin" in shown
    assert made["password"] not in shown


@pytest.mark.parametrize("role", ["owner", "system", "mayor"])
@pytest.mark.parametrize(
    "words",
    [("add", "hoa.le", "Lê Thị Hoa", "--role"), ("roles", "hoa.le", "--give"), ("roles", "hoa.le", "--take")],
)
def test_a_role_that_no_account_has_is_answered_with_those_of_staff(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], role: str
) -> None:
    """Whoever gave the role of owners was told that the role in use may not do this."""
    assert run(["account", *words, role]) == Exit.BAD_INPUT
    said = capsys.readouterr().err
    listed = "clerk, postal, handler, signer, archivist, auditor, admin"
    assert f"tài khoản chỉ có vai trò của cán bộ, chọn một trong {listed}" in said
    assert f"accounts have only the roles of staff, choose one of {listed}" in said
    assert set(listed.split(", ")) == {role.value for role in OFFICERS}


def test_roles_are_given_and_taken_and_accounts_locked_and_unlocked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer(capsys, "account", "add", "hoa.le", "Lê Thị Hoa", "--role", "clerk", "--role", "signer")
    changed = answer(
        capsys, "account", "roles", "hoa.le", "--give", "handler", "--until", "2099-01-01", "--take", "clerk"
    )
    assert changed["roles"] == [
        {"role": "signer", "until": None},
        {"role": "handler", "until": "2098-12-31T17:00:00+00:00"},
    ]
    assert answer(capsys, "account", "lock", "hoa.le", "--reason", "lost")["state"] == "locked"
    assert answer(capsys, "account", "unlock", "hoa.le")["state"] == "active"
    assert len(answer(capsys, "account", "password", "hoa.le")["password"]) == 16
    assert run(["account", "lock", "nobody.here", "--reason", "x"]) == Exit.BAD_INPUT
    assert run(["account", "roles", "hoa.le", "--give", "admin"]) == Exit.NEGATIVE
