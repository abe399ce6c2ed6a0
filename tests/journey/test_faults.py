"""The soak of `bench/faults`, small: thirty faults. The large one is `python -m bench.faults --faults 200`."""

import json
import subprocess
import sys
from pathlib import Path

from bench.faults.__main__ import NO_OWN_MOUNTS
from tests.conftest import CHECKOUT, program, real_part_missing
from tests.services import Services


def test_the_service_loses_doubles_and_signs_twice_nothing_while_its_parts_fail(
    tmp_path: Path, services: Services
) -> None:
    assert services.folder.is_dir(), "what the servers need is on this machine"
    program("unshare")
    chosen = ["--faults", "30", "--seed", "7", "--hold", "1.5", "--results", str(tmp_path)]
    run = subprocess.run(
        [sys.executable, "-m", "bench.faults", *chosen],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == NO_OWN_MOUNTS:
        real_part_missing("a small file system of the tests' own")
    assert run.returncode == 0, f"{run.stdout[-6000:]}\n{run.stderr[-6000:]}"
    found = json.loads(run.stdout)
    assert (found["well"], len(found["faults"])) == (True, 30)
    assert found["facts"]["bursts_of_50"] == 2
