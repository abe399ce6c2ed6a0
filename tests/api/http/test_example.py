"""The example of `docs/api.md`, line by line as it stands there, against a server that runs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.api.http.servers import Service
from tests.conftest import CHECKOUT, program

_LONGEST_SECONDS = 300


@contextmanager
def worker_beside(environment: Mapping[str, str]) -> Iterator[None]:
    """What `khoso serve` has beside it."""
    with subprocess.Popen([sys.executable, "-m", "api.cli", "worker"], env=environment) as worker:
        try:
            yield
        finally:
            worker.terminate()


def test_the_example_of_the_documentation_leads_to_a_print_that_verifies(
    served: Service, tmp_path: Path
) -> None:
    program("curl")
    text = (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"## An example\n.*?```sh\n(.*?)```", text, re.DOTALL)
    assert "http://127.0.0.1:8080" in lines
    (tmp_path / "samples").symlink_to(CHECKOUT / "samples")
    environment = os.environ | {
        "KHOSO_DATA_DIR": str(served.house.settings.data_dir),
        "KHOSO_WORKERS": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with worker_beside(environment):
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", lines.replace("http://127.0.0.1:8080", served.url)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "event: job" in done.stdout
    verdict = json.loads(done.stdout[done.stdout.rindex('{"verdict"') :])
    assert (verdict["verdict"], verdict["status"]) == ("TOTAL-PASSED", "good")
    assert verdict["document"]["print_number"] == 1
