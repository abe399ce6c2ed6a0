"""`khoso serve` as a process: it listens, works off the queue beside it, and ends with all that is its own."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.api.http.papers import AN, page, submit


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_serve_listens_and_its_worker_ends_with_it_however_it_ends(
    tmp_path: Path, how: signal.Signals
) -> None:
    environment = {**os.environ, "KHOSO_DATA_DIR": str(tmp_path / "var"), "KHOSO_WORKERS": "1"}
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as served:
        assert served.stderr is not None
        address = ""
        waits = False
        for line in served.stderr:
            if '"serving"' in line:
                address = f"http://{json.loads(line)['where']}"
            waits = waits or '"worker_waits"' in line
            if address and waits:
                break
        assert httpx.get(f"{address}/api/v1/me").status_code == 401
        served.send_signal(how)
        rest = served.stderr.read()  # ends when the worker has closed it as well
        served.wait()
    assert served.returncode == (0 if how is signal.SIGTERM else -how), rest


def test_what_serve_writes_is_json_and_the_lines_of_one_request_share_its_trace(tmp_path: Path) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    environment = {
        **os.environ,
        "KHOSO_DATA_DIR": str(tmp_path / "var"),
        "KHOSO_ADMIN_ADDRESS": "127.0.0.1:0",
        "KHOSO_LOG_STRICT": "true",
    }
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--no-worker"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as served:
        assert served.stderr is not None
        lines = []
        for line in served.stderr:
            lines.append(json.loads(line))
            if lines[-1]["event"] == "serving":
                break
        admin, web = (
            next(one["where"] for one in lines if one["event"] == event)
            for event in ("admin_listens", "serving")
        )
        headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-00"}
        assert httpx.get(f"http://{web}/api/v1/me?name=Nguyen", headers=headers).status_code == 401
        assert httpx.get(f"http://{web}/readyz").json()["ready"]
        assert 'route="/api/v1/me"' in httpx.get(f"http://{admin}/metrics").text
        served.send_signal(signal.SIGTERM)
        rest = [json.loads(line) for line in served.stderr]
    (request,) = [one for one in rest if one["event"] == "request"]
    assert (request["route"], request["status"], request["trace"]) == ("/api/v1/me", 401, trace)
    assert all(one["process"] == "web" for one in [*lines, *rest])


def test_serve_told_to_stop_answers_what_was_asked_and_ends_event_streams(tmp_path: Path) -> None:
    """It once ended by the signal itself, and a supervisor took that for a crash."""
    environment = {
        **os.environ,
        "KHOSO_DATA_DIR": str(tmp_path / "var"),
        "KHOSO_BODY_GRACE_SECONDS": "2",
    }
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--no-worker"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as served:
        assert served.stderr is not None
        said = (json.loads(line) for line in served.stderr)
        where = next(line["where"] for line in said if line["event"] == "serving")
        host, port = where.split(":")
        asked = {"person": "mai.tran", "role": "clerk", "agency": "H41.08"}
        token = httpx.post(f"http://{where}/dev/sign-in", json=asked).json()["token"]
        headers = {"Authorization": f"Bearer {token}", "Khoso-Purpose": "kiem-thu"}
        with (
            httpx.Client(base_url=f"http://{where}", headers=headers) as clerk,
            socket.create_connection((host, int(port))) as slow,
        ):
            job = submit(clerk, page(), AN)["job_id"]
            with clerk.stream("GET", f"/api/v1/jobs/{job}/events") as events:
                lines = events.iter_lines()
                assert next(lines).startswith("id: 0-queued")
                slow.sendall(b"POST /dev/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
                served.send_signal(signal.SIGTERM)
                list(lines)  # it has an end, as HTTP knows one
            assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
        rest = served.stderr.read()
    assert served.returncode == 0, rest
