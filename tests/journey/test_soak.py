"""The soak of `bench/soak`, small: a few papers, killed a few times. The large one is `python -m bench.soak`."""

from pathlib import Path

from bench.soak.journey import soak


def test_nothing_acknowledged_is_lost_doubled_or_signed_twice_by_kills(tmp_path: Path) -> None:
    said: list[str] = []
    result = soak(tmp_path, kills=6, intakes=2, seed=7, tell=said.append)
    assert result.well, (result, said)
    assert (result.acknowledged, sum(result.kills.values())) == (2, 6)
