"""wrk, and the requests that it makes."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx

CONNECTIONS = 16
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_BAD = re.compile(r"(Non-2xx or 3xx responses|Socket errors):?.*")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked again and again; `bodies` one after the other, or one for all."""

    method: str
    url: str
    headers: Mapping[str, str]
    bodies: tuple[str, ...] = ()

    def script(self) -> str:
        """The request as wrk's Lua has it. Each comes from another address, as from behind a proxy."""
        headers = ", ".join(f'["{name}"] = "{value}"' for name, value in self.headers.items())
        bodies = ", ".join(f"[==[{body}]==]" for body in self.bodies)
        return (
            f"local headers = {{{headers}}}\nlocal bodies = {{{bodies}}}\nlocal n = 0\n"
            "function request()\n  n = n + 1\n"
            '  headers["X-Forwarded-For"] = string.format("10.%d.%d.%d",'
            " math.floor(n / 65536) % 256, math.floor(n / 256) % 256, n % 256)\n"
            "  local body = nil\n"
            "  if #bodies > 0 then body = bodies[(n - 1) % #bodies + 1] end\n"
            f'  return wrk.format("{self.method}", nil, headers, body)\nend\n'
        )


def rates(requests: Sequence[Request], *, seconds: float, desk: Path) -> float:
    """Answers a second of several servers that are asked at once, each over its share of the connections."""
    share = CONNECTIONS // len(requests)
    with ThreadPoolExecutor(len(requests)) as asking:
        answers = [
            asking.submit(rate, one, seconds=seconds, desk=desk, connections=share) for one in requests
        ]
    return sum(each.result() for each in answers)


def rate(request: Request, *, seconds: float, desk: Path, connections: int = CONNECTIONS) -> float:
    """Answers a second; RuntimeError when one of them was not a success."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is missing: apt install wrk")
    script = desk / f"{uuid4().hex}.lua"
    script.write_text(request.script(), encoding="utf-8")
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(script), request.url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if bad := _BAD.search(said):
        body = request.bodies[0] if request.bodies else None
        answer = httpx.request(request.method, request.url, headers=request.headers, content=body)
        raise RuntimeError(f"{request.method} {request.url}: {bad.group(0)}: {answer.text[:500]}")
    found = _RATE.search(said)
    assert found is not None, said
    return float(found.group(1))
