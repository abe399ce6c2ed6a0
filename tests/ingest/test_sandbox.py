import os
import signal
import subprocess
from pathlib import Path

import pytest

from common import KhosoError
from ingest import (
    ChildFailed,
    Confinement,
    DamagedFile,
    PasswordProtected,
    TookTooLong,
    TooManyPages,
    TooMuchMemory,
    TooMuchOutput,
    confined,
    confinement_report,
    require_walls,
)
from ingest.sandbox import confined_stream


def run(prisoner: str, request: object = None, /, **options: object) -> object:
    return confined(f"tests.ingest.prisoners:{prisoner}", request, **options)  # type: ignore[arg-type]


def test_a_value_goes_in_and_comes_out_as_json() -> None:
    value = {"tiếng": "Việt", "numbers": [1, 2.5, None, True]}
    assert run("echo", value) == value


def test_every_wall_holds_on_this_machine() -> None:
    report = confinement_report()
    assert report.sufficient
    assert report.network
    assert report.programs
    assert report.processes
    assert report.signals
    assert report.memory
    require_walls()


def test_the_child_sees_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHOSO_SECRET", "not for children")
    assert "KHOSO_SECRET" not in run("environment")  # type: ignore[operator]


def test_an_error_that_a_person_may_see_comes_back_as_itself_with_the_name_of_the_file() -> None:
    with pytest.raises(PasswordProtected) as raised:
        run("refuse", name="đơn.pdf")
    assert "đơn.pdf" in raised.value.sentence.vi


def test_the_facts_of_an_error_come_back_with_it() -> None:
    with pytest.raises(TooManyPages) as raised:
        run("refuse_with_facts", name="sổ.pdf")
    assert raised.value.facts == {"name": "sổ.pdf", "pages": 7, "limit": 3}


def test_any_other_error_is_a_damaged_file_with_the_childs_own_words_as_cause() -> None:
    with pytest.raises(DamagedFile) as raised:
        run("fail")
    assert isinstance(raised.value.__cause__, ChildFailed)
    assert "the parser is lost" in str(raised.value.__cause__)


@pytest.mark.parametrize("prisoner", ["sleep", "spin"])
def test_a_child_that_does_not_end_is_ended(prisoner: str) -> None:
    with pytest.raises(TookTooLong):
        run(prisoner, limits=Confinement(seconds=1))


def test_a_child_that_hoards_memory_is_refused_with_that_reason() -> None:
    with pytest.raises(TooMuchMemory):
        run("hoard", limits=Confinement(memory_bytes=400_000_000))


def test_a_parser_that_crashes_is_a_damaged_file() -> None:
    with pytest.raises(DamagedFile) as raised:
        run("crash")
    assert str(raised.value.__cause__) == "the child ended with -11"


def test_what_libraries_print_does_not_fall_into_the_answer() -> None:
    assert run("chatter") == "x" * 100


def test_an_answer_that_is_too_long_is_refused() -> None:
    with pytest.raises(TooMuchOutput):
        run("chatter", limits=Confinement(output_bytes=50))


@pytest.mark.parametrize("prisoner", ["connect", "start_a_program"])
def test_neither_network_nor_programs_are_within_reach(prisoner: str) -> None:
    with pytest.raises(DamagedFile) as raised:
        run(prisoner)
    assert "PermissionError" in str(raised.value.__cause__)


def test_only_the_named_files_can_be_read(tmp_path: Path) -> None:
    if not confinement_report().reading:
        pytest.skip("this kernel has no Landlock")
    named, other = tmp_path / "named", tmp_path / "other"
    named.write_text("one", encoding="utf-8")
    other.write_text("two", encoding="utf-8")
    assert run("read", str(named), readable=[named]) == "one"
    with pytest.raises(DamagedFile):
        run("read", str(other), readable=[named])


def test_only_the_named_folder_can_be_written(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    run("write", str(inside / "a"), writable=inside)
    assert (inside / "a").read_text(encoding="utf-8") == "written"
    with pytest.raises(DamagedFile):
        run("write", str(inside / "b"))
    if confinement_report().reading:
        with pytest.raises(DamagedFile):
            run("write", str(outside), writable=inside)
        assert not outside.exists()


def test_a_stream_comes_item_by_item_in_order() -> None:
    items = list(confined_stream("tests.ingest.prisoners:count", 5))
    assert items == [(number, b"%d" % number) for number in range(5)]


def test_a_stream_that_is_no_longer_wanted_ends_its_child() -> None:
    stream = confined_stream("tests.ingest.prisoners:own_process", None)
    process, _ = next(stream)
    os.kill(process, 0)
    stream.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_an_unknown_target_is_an_error_and_not_a_hang() -> None:
    with pytest.raises(KhosoError):
        run("nobody")


@pytest.mark.parametrize(
    "header",
    [
        "17",
        '{"refusal": 17}',
        '{"refusal": {"code": ["file_damaged"], "facts": {}}}',
        '{"refusal": {"code": "file_damaged", "facts": {"self": 1}}}',
        '{"refusal": {"code": "file_too_large", "facts": {"size": [1], "limit": {}}}}',
        '{"refusal": {"code": "file_damaged", "facts": {"name": "' + "x" * 2000 + '"}}}',
    ],
)
def test_a_forged_answer_is_a_damaged_file(header: str) -> None:
    with pytest.raises(DamagedFile):
        run("forge", header)


def test_an_answer_nested_without_end_is_a_damaged_file() -> None:
    with pytest.raises(DamagedFile):
        run("forge_depth", 200_000)


def test_an_answer_that_would_fill_the_memory_of_whoever_reads_it_is_refused() -> None:
    with pytest.raises(TooMuchOutput):
        run("forge_width", 4_000_000)


@pytest.mark.parametrize("answer", [{}, {"pages": "many"}, 17, None, {"pages": [1]}])
def test_an_answer_that_its_caller_cannot_use_is_a_damaged_file(answer: object) -> None:
    with pytest.raises(DamagedFile) as raised:
        run("echo", answer, name="sổ.pdf", parse=lambda told: int(told["pages"]))
    assert raised.value.facts["name"] == "sổ.pdf"


def test_what_a_caller_makes_of_the_answer_comes_back() -> None:
    assert run("echo", {"pages": "7"}, parse=lambda told: int(told["pages"])) == 7


def test_many_small_files_are_too_much_output_as_one_large_file_is(tmp_path: Path) -> None:
    with pytest.raises(TooMuchOutput):
        run("fill", str(tmp_path), writable=tmp_path, limits=Confinement(output_bytes=1_000_000))


def test_the_kernel_cannot_be_made_to_signal_another_process() -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        done = run("have_the_kernel_signal", [other.pid, int(signal.SIGKILL)])
        assert done == ["without waiting", "written"]
        assert other.poll() is None
        other.kill()
