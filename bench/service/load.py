"""wrk, and the requests that it makes."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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


def rate(request: Request, *, seconds: float, desk: Path) -> float:
    """Answers a second; RuntimeError when one of them was not a success."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is missing: apt install wrk")
    script = desk / "request.lua"
    script.write_text(request.script(), encoding="utf-8")
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", str(script), request.url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if bad := _BAD.search(said):
        body = request.bodies[0] if request.bodies else None
        answer = httpx.request(request.method, request.url, headers=request.headers, content=body)
        raise RuntimeError(f"{request.method} {request.url}: {bad.group(0)}: {answer.text[:500]}")
    found = _RATE.search(said)
    assert found is not None, said
    return float(found.group(1))
