"""`khoso serve` as a process: it listens, works off the queue beside it, and ends with all that is its own."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx


def test_serve_listens_and_ends_with_its_worker(tmp_path: Path) -> None:
    environment = {**os.environ, "KHOSO_DATA_DIR": str(tmp_path / "var"), "KHOSO_WORKERS": "1"}
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as served:
        assert served.stderr is not None
        address = ""
        waits = False
        for line in served.stderr:
            if found := re.search(r"http://\S+:\d+", line):
                address = found[0].rstrip(";")
            waits = waits or "Waiting for work" in line
            if address and waits:
                break
        assert httpx.get(f"{address}/api/v1/me").status_code == 401
        served.send_signal(signal.SIGTERM)
        rest = served.stderr.read()  # ends when the worker has closed it as well
        served.wait()
    assert served.returncode in (0, -signal.SIGTERM), rest
