"""The check of the log reads what lies in the store, and a loss there is a finding and no crash."""

from dataclasses import replace
from pathlib import Path

import pytest

from api.cli.place import house
from api.progress import steps_on_stderr
from api.steps.archivist import extend_log, verify_log
from api.steps.intake import Paper, Person, receive

_SAMPLE = Path(__file__).parents[2] / "samples" / "trich_luc_khai_tu.png"


@pytest.mark.parametrize("level", ["0", "entries"])
def test_a_tile_that_is_lost_from_the_store_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    with steps_on_stderr() as steps, house(steps) as opened:
        receive(opened, opened.system("test"), Paper((_SAMPLE,), (Person("040144985806"),), compared=True))
        extend_log(opened)
        assert verify_log(opened).clean
        lost = [path for path in tmp_path.rglob("*@*") if f"/log/tile/{level}/" in path.as_posix()]
        assert lost
        for path in lost:
            path.unlink()
        report = verify_log(opened)
    assert [finding.code for finding in report.findings] == ["log-tile-missing"]


def test_a_log_whose_host_has_another_name_by_now_is_whole_once_the_former_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a change of KHOSO_VERIFY_HOST the last checkpoint was called forged until the next one was signed."""
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    with steps_on_stderr() as steps, house(steps) as opened:
        receive(opened, opened.system("test"), Paper((_SAMPLE,), (Person("040144985806"),), compared=True))
        extend_log(opened)
        former = opened.settings.print_host
        for hosts, clean in ((f"kiemtra.tinh.gov.vn, {former}", True), ("kiemtra.tinh.gov.vn", False)):
            settings = opened.settings.model_copy(update={"verify_host": hosts})
            assert verify_log(replace(opened, settings=settings)).clean is clean
