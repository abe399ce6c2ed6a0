"""The commands that need no long journey: statuses, shapes, sentences."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.cli import app, run
from api.exits import Exit, worst
from api.settings import Settings


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))


def test_several_files_end_with_the_first_status_that_applies() -> None:
    assert worst([Exit.DONE, Exit.CANNOT_TELL, Exit.NEGATIVE]) is Exit.NEGATIVE
    assert worst([Exit.NEGATIVE, Exit.BAD_INPUT, Exit.OUT_OF_REACH]) is Exit.OUT_OF_REACH
    assert worst([Exit.NEGATIVE, Exit.BAD_INPUT]) is Exit.BAD_INPUT
    assert worst([]) is Exit.DONE


@pytest.mark.parametrize("arguments", [["--no-such"], ["no-such"], ["list"], ["intake", "a.pdf"]])
def test_wrong_arguments_end_with_two_and_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == Exit.BAD_INPUT
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_an_owner_of_no_known_form_is_refused_in_two_languages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "12345"]) == Exit.BAD_INPUT
    error = capsys.readouterr().err
    assert " / " in error


def test_an_empty_store_says_that_it_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "040090001234"]) == Exit.DONE
    assert "no papers" in capsys.readouterr().out


def test_only_what_makes_something_with_development_keys_warns_of_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def told(*arguments: str) -> int:
        caplog.clear()
        assert run(list(arguments)) == Exit.DONE
        return caplog.text.count("development signing keys")

    assert told("list", "040090001234") == 1, "they are made"
    assert (told("list", "040090001234"), told("find", "khai sinh"), told("log", "verify")) == (0, 0, 0)
    assert told("doctor") == 1


def test_json_of_an_empty_store_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "040090001234", "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {"owner": "040090001234", "documents": []}


def test_production_refuses_development_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KHOSO_ENV", "production")
    assert run(["list", "040090001234"]) == Exit.OUT_OF_REACH
    assert "production" in capsys.readouterr().err


def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KHOSO_WORKERS", "many")
    assert run(["list", "040090001234"]) == Exit.BAD_INPUT
    assert "KHOSO_WORKERS" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "hosts"),
    [
        ("[::1]:8000", ("[::1]:8000",)),
        (" kho.example.vn\n", ("kho.example.vn",)),
        ("kho.example.vn:8443 , [2001:db8::7]", ("kho.example.vn:8443", "[2001:db8::7]")),
    ],
)
def test_hosts_of_prints_are_taken_in_every_form_that_ran_before(said: str, hosts: tuple[str, ...]) -> None:
    """A blank at the end, or an address in brackets, kept an installation from starting after an update."""
    assert Settings(verify_host=said).verify_hosts == hosts


@pytest.mark.parametrize("said", ["https://kho.example.vn", "a.vn, , b.vn", "[::1"])
def test_what_is_no_host_of_prints_is_refused(said: str) -> None:
    with pytest.raises(ValidationError, match="verify_host"):
        Settings(verify_host=said)


def test_digits_of_a_print_from_elsewhere_cannot_be_judged(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "nothing-here", "--json"]) == Exit.BAD_INPUT
    assert run(["verify", "0400900012"]) == Exit.BAD_INPUT  # a number, too short for a seal
    assert run(["verify", "0" * 17 * 30]) == Exit.NEGATIVE
    assert "NOT GENUINE" in capsys.readouterr().out


def test_checking_offline_needs_what_was_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "00000000000000000", "--offline"]) == Exit.CANNOT_TELL
    assert "online" in capsys.readouterr().err


def test_an_imported_national_code_is_the_shown_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = tmp_path / "codes.toml"
    entries.write_text('[[type]]\nlocal = "GPXD"\nnational = "KQ.G17.000123"\nsince = 2026-01-01\n')
    assert run(["catalogue", "import", str(entries), "--decision", "01/QĐ-VPCP"]) == Exit.DONE
    assert run(["log", "verify"]) == Exit.DONE
    from api.cli.place import house
    from api.progress import steps_on_stderr

    with steps_on_stderr() as steps, house(steps) as opened:
        assert opened.catalogue.find("GPXD").code == "KQ.G17.000123"


@pytest.mark.parametrize(
    "text",
    [
        "not toml [",
        "[[kind]]\n",
        '[[type]]\nlocal = "GPXD"\n',
        '[[type]]\nlocal="X"\nnational="Y"\nsince="z"\n',
    ],
)
def test_a_wrong_catalogue_file_changes_nothing(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = tmp_path / "codes.toml"
    entries.write_text(text)
    assert run(["catalogue", "import", str(entries), "--decision", "01/QĐ-VPCP"]) == Exit.BAD_INPUT
    assert "codes.toml" in capsys.readouterr().err


def test_doctor_finds_a_new_installation_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json"]) == Exit.DONE
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {finding["check"] for finding in findings} >= {"reader", "walls", "keys", "objects", "log", "disk"}
    assert all(finding["well"] for finding in findings)
    tolerated = {finding["check"]: finding["fix"] for finding in findings if finding["tolerated"]}
    assert {"malware", "lock", "signing"} <= tolerated.keys(), "the embedded default is for trying things out"
    assert all(tolerated.values()), "each says what production needs"


def test_doctor_speaks_vietnamese_first_and_english_second(capsys: pytest.CaptureFixture[str]) -> None:
    """It was the one command that a clerk of the office could not read."""
    assert run(["doctor"]) == Exit.DONE
    lines = capsys.readouterr().out.splitlines()
    told = [line for line in lines if line.startswith(("✓ ", "○ "))]
    beside = [line for line in lines if line not in told]
    assert len(beside) == sum(line.startswith("○ ") for line in told), "what is tolerated has its fix"
    assert all("tạm chấp nhận" in line and "/ tolerated" in line for line in beside)
    heads = {line[2:].partition(": ")[0] for line in told}
    assert {"phông chữ / fonts", "đồng hồ / clock", "cơ sở dữ liệu / database"} <= heads
    assert all(" / " in head for head in heads), heads
    only_names = {
        "phông chữ / fonts",
        "nhận dạng chữ / reader",
        "khóa / keys",
        "việc / jobs",
    }
    assert {line[2:].partition(": ")[0] for line in told if line.count(" / ") < 2} == only_names


def test_doctor_says_how_to_mend_keys_that_others_may_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["migrate"])
    master = tmp_path / "var" / "keys" / "master.key"
    master.chmod(0o644)
    capsys.readouterr()
    assert run(["doctor"]) == Exit.OUT_OF_REACH
    assert f"chmod 600 {master}" in capsys.readouterr().out


def _commands() -> list[list[str]]:
    groups = {group.name or "": group.typer_instance for group in app.registered_groups}
    alone = [[str(command.name)] for command in app.registered_commands]
    inside = [
        [name, str(command.name)]
        for name, group in groups.items()
        if group is not None
        for command in group.registered_commands
    ]
    return alone + inside


@pytest.mark.parametrize("command", _commands(), ids=" ".join)
def test_help_of_every_command_has_an_example_and_both_languages(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--help"]) == Exit.DONE
    text = capsys.readouterr().out
    assert "Ví dụ / Example" in text
    assert f"khoso {' '.join(command)}" in " ".join(text.split())


def _import(tmp_path: Path, text: str, decision: str = "01/QĐ-VPCP", *more: str) -> int:
    entries = tmp_path / "codes.toml"
    entries.write_text(text)
    return run(["catalogue", "import", str(entries), "--decision", decision, *more])


def test_a_code_imported_again_says_what_changes_and_replaces_nothing_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second import of a type wrote over the code and the decision of the first, and said the same as that."""
    entry = '[[type]]\nlocal = "GPXD"\nnational = "KQ.G17.{}"\nsince = {}\n'
    assert _import(tmp_path, entry.format("000123", "2026-01-01")) == Exit.DONE
    assert "GPXD: new, the code KQ.G17.000123 from 2026-01-01 on." in capsys.readouterr().out
    assert _import(tmp_path, entry.format("000123", "2026-01-01"), "02/QĐ-VPCP") == Exit.DONE
    told = capsys.readouterr().out
    assert "GPXD: unchanged, it has the code KQ.G17.000123 from 2026-01-01 on by 01/QĐ-VPCP." in told
    assert "Imported 0 catalogue entries" in told
    contradiction = entry.format("000124", "2026-01-01")
    assert _import(tmp_path, contradiction, "02/QĐ-VPCP") == Exit.NEGATIVE
    refused = capsys.readouterr().err
    assert "--replace" in refused
    assert "KQ.G17.000123" in refused
    assert _import(tmp_path, contradiction, "02/QĐ-VPCP", "--replace") == Exit.DONE
    assert "instead of KQ.G17.000123 that was imported by 01/QĐ-VPCP" in capsys.readouterr().out
    assert _import(tmp_path, entry.format("000125", "2026-02-01"), "03/QĐ-VPCP") == Exit.DONE
    assert "in the place of KQ.G17.000124 by 02/QĐ-VPCP from that day" in capsys.readouterr().out


def test_an_import_that_contradicts_an_earlier_one_is_refused_and_breaks_nothing(tmp_path: Path) -> None:
    entry = '[[type]]\nlocal = "{}"\nnational = "KQ.G17.000123"\nsince = 2026-01-01\n'
    assert _import(tmp_path, entry.format("GPXD")) == Exit.DONE
    assert _import(tmp_path, entry.format("KHAI_TU")) == Exit.BAD_INPUT
    assert run(["list", "040090001234"]) == Exit.DONE


def test_wrong_arguments_are_json_where_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "--json"]) == Exit.BAD_INPUT
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "usage"


_ID = "01a200e0-5076-7574-a8fe-df7af85edd29"


@pytest.mark.parametrize(
    ("arguments", "vi", "en"),
    [
        ("list", "Thiếu OWNER. — xem: khoso list --help", "OWNER is missing. — see: khoso list --help"),
        (f"revoke {_ID}", "Thiếu --reason.", "--reason is missing."),
        ("delegation add", "Thiếu guardian|representative.", "guardian|representative is missing."),
        ("lisst", "Không có lệnh lisst. Gần giống: 'list'.", "There is no command lisst. Similar: 'list'."),
        ("dossier shut", "Không có lệnh shut.", "There is no command shut."),
        ("list a --jso", "Không có tùy chọn --jso. Gần giống: --json.", "There is no option --jso."),
        ("list a b", "Thừa đối số: b.", "Too many arguments: b."),
        ("list a --json=3", "Tùy chọn --json không nhận giá trị.", "The option --json takes no value."),
        (
            f"revoke {_ID} --reason",
            "Tùy chọn --reason cần một giá trị.",
            "The option --reason needs a value.",
        ),
        (
            "revoke x --reason y",
            "Giá trị của 'DOCUMENT-ID' không đúng: phải là mã tài liệu như",
            "it is the id at the end of the line",
        ),
        ("jobs retry abc", "phải là mã UUID như", "it is a UUID such as"),
        ("serve --port abc", "phải là một số.", "it is a number."),
        ("serve --port 70000", "lớn nhất là 65535.", "the largest is 65535."),
        ("serve --port -1", "nhỏ nhất là 0.", "the smallest is 0."),
        ("find a --in nowhere", "chọn một trong 'owner', 'code', 'type', 'text'.", "choose one of 'owner',"),
        ("delegation add guardian a b --last-day z", "phải là ngày viết như", "it is a day such as"),
        ("list a --actor _", "Giá trị của '--actor' không đúng: không được để trống.", "must not be blank."),
        ("dossier close x", "hãy nêu đúng một trong --succeeded, --refused", "name just one of --succeeded,"),
    ],
)
def test_wrong_arguments_are_told_in_both_languages(
    arguments: str, vi: str, en: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [" " if word == "_" else word for word in arguments.split()]
    assert run(words) == Exit.BAD_INPUT
    in_vi, _, in_en = capsys.readouterr().err.partition("--help / ")
    assert vi in f"{in_vi}--help"
    assert en in in_en
    assert not set(in_vi.split()) & {"Missing", "No", "Option", "Got", "Invalid", "Input", "not"}


def test_a_fault_of_ours_is_never_a_no(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_arguments: object) -> None:
        raise TypeError

    monkeypatch.setattr("api.steps.holdings.store_of", broken)
    assert run(["list", "040090001234", "--json"]) == Exit.OUT_OF_REACH
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "internal_fault"


def test_what_an_installation_keeps_is_for_its_own_user_only(tmp_path: Path) -> None:
    assert run(["migrate"]) == Exit.DONE
    for path in (tmp_path / "var", tmp_path / "var" / "keys" / "master.key"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_opening_a_dossier_twice_is_once_and_another_procedure_is_refused() -> None:
    number = "H41.08-261122-0001"
    assert run(["dossier", "open", number, "--procedure", "1.001193"]) == Exit.DONE
    assert run(["dossier", "open", number, "--procedure", "1.001193"]) == Exit.DONE
    assert run(["dossier", "open", number, "--procedure", "1.000894"]) == Exit.NEGATIVE
    assert run(["dossier", "close", number, "--withdrawn"]) == Exit.DONE
    assert run(["dossier", "open", number, "--procedure", "1.001193"]) == Exit.NEGATIVE


def test_a_reason_must_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    id = "01a200e0-5076-7574-a8fe-df7af85edd29"
    assert run(["revoke", id, "--reason", "  "]) == Exit.BAD_INPUT
    assert "must not be blank" in capsys.readouterr().err
    assert run(["print", id, "--to", "", "--reason", "Nhập học", "--out", "p.pdf"]) == Exit.BAD_INPUT


def test_a_procedure_code_has_the_form_of_one() -> None:
    assert run(["dossier", "open", "H41.08-261122-0001", "--procedure", "abc"]) == Exit.BAD_INPUT
    localised = ["dossier", "open", "H41.08-261122-0001", "--procedure", "1.010708.000.00.00.H56"]
    assert run(localised) == Exit.DONE


def test_a_command_that_signs_nothing_does_not_wait_for_what_signs() -> None:
    """Every command once loaded pyHanko, and with it a web client and numpy: a quarter of its start."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import api.cli, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"pyhanko", "aiohttp", "numpy", "fastapi", "celery", "cv2"} & set(loaded.stdout.split())


_SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["intake", str(_SAMPLES), "--owner", "040326489325"],
            "samples là thư mục; hãy nêu các tệp trong đó",
        ),
        (["validate", str(_SAMPLES / "giay_khai_sinh.jpg")], "không phải là PDF; chỉ tệp PDF"),
        (["verify", "khong-co.pdf"], "hãy xem lại tên tệp"),
    ],
)
def test_what_is_no_file_of_the_kind_that_is_needed_is_told_what_to_name_instead(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == Exit.BAD_INPUT
    assert said in capsys.readouterr().err


def test_a_page_without_a_seal_has_no_day_of_which_its_status_would_be(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It was said to be as known at `?`."""
    assert run(["verify", str(_SAMPLES / "giay_khai_sinh.jpg")]) == Exit.CANNOT_TELL
    assert "?" not in capsys.readouterr().out


def test_types_are_listed_with_the_codes_that_an_intake_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalogue", "list"]) == Exit.DONE
    assert "KQ.G15.000031  Giấy khai sinh / Birth certificate" in capsys.readouterr().out.splitlines()
    assert run(["catalogue", "list", "--json"]) == Exit.DONE
    codes = {one["code"] for one in json.loads(capsys.readouterr().out)["types"]}
    assert {"KQ.G15.000031", "KHAI_TU"} <= codes
