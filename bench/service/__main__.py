"""`python -m bench.service`: what the service answers in a second, beside the bare framework in the same run.

PostgreSQL, MinIO and Redis are private instances (script/services); the bare framework and the service are one
uvicorn process each, asked by wrk over 16 connections on the same machine, in turns, several rounds; medians. What is
handed in is taken by a web process for each core, as in service, and once more by one alone. Its file was put when it
was uploaded, where it stays: that (without HTTP and the sandbox that opens it) is done by as many processes and timed
too, and the two together are `with_its_put_per_second`. The result goes as JSON into `results/` and to standard output.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from api.house import open_house
from api.memory import settle_memory
from api.settings import Settings
from api.steps.published import publish_all
from bench.service.load import Request, rate, rates
from bench.service.seed import CLERK, FREQUENT_FAMILY, FREQUENT_WORDS, NAME, Seeded, fill_up, seed
from bench.service.uploads import uploaded
from datastore import JobRole
from tests.api.http.servers import Quiet
from tests.services import own_services

RESULTS = Path(__file__).resolve().parent / "results"
_PATIENCE_SECONDS = 30.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.service", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--most", type=int, default=100_000, help="documents in the large store")
    parser.add_argument("--intakes", type=int, default=500)
    parser.add_argument("--webs", type=int, default=os.cpu_count(), help="web processes that take papers in")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    with ExitStack() as opened:
        desk = Path(opened.enter_context(TemporaryDirectory(prefix="khoso-bench-")))
        services = opened.enter_context(own_services())
        environment = {**services.start("postgresql", "redis", "minio"), **_settings(desk)}
        os.environ.update(environment)
        found = _measured(opened, desk, chosen)
    text = json.dumps(found, ensure_ascii=False, indent=2)
    chosen.results.mkdir(parents=True, exist_ok=True)
    (chosen.results / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json").write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


def _settings(desk: Path) -> dict[str, str]:
    return {"KHOSO_DATA_DIR": str(desk / "data"), "KHOSO_TRUSTED_PROXIES": "127.0.0.1"}


def _measured(opened: ExitStack, desk: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    settings = Settings()
    house = opened.enter_context(open_house(settings, Quiet(), roles=(JobRole.ARCHIVIST,)))
    seeded = seed(house.datastore, settings.database)
    publish_all(house)
    bare = opened.enter_context(_bare(settings))
    url = opened.enter_context(_khoso(desk))
    headers = _signed_in(url)
    small = _requests(bare, url, headers, seeded)
    found: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "seconds": chosen.seconds,
        "rounds": chosen.rounds,
    }
    fill_up(settings.database, seeded, up_to=1_000)
    found["at_1000"] = _in_turns(small, chosen, desk)
    fill_up(settings.database, seeded, up_to=chosen.most)
    found[f"at_{chosen.most}"] = _in_turns(small, chosen, desk)
    with ProcessPoolExecutor(chosen.webs, get_context("spawn"), settle_memory) as uploading:
        found["intake_by_one"] = _intake(uploading, [url], chosen, desk)
        others = [opened.enter_context(_khoso(desk)) for _ in range(chosen.webs - 1)]
        found["intake"] = _intake(uploading, [url, *others], chosen, desk)
    return found | {"ratios": _ratios(found, chosen.most)}


def _requests(bare: str, url: str, headers: dict[str, str], seeded: Seeded) -> dict[str, Request]:
    api = f"{url}/api/v1"
    rare, family, often = (
        json.dumps({"words": words, "limit": 50}) for words in (NAME, FREQUENT_FAMILY, FREQUENT_WORDS)
    )
    return {
        "bare_thread": Request("GET", f"{bare}/sync/{seeded.document}", {}),
        "bare_pool": Request("GET", f"{bare}/pool/{seeded.document}", {}),
        "bare_async": Request("GET", f"{bare}/async/{seeded.document}", {}),
        "verify": Request(
            "POST", f"{api}/verify", {"Content-Type": "application/json"}, (json.dumps({"text": seeded.short_code}),)
        ),
        "list_10": Request("GET", f"{api}/stores/{seeded.owner}/documents?limit=10", headers),
        "list_50": Request("GET", f"{api}/stores/{seeded.owner}/documents?limit=50", headers),
        "search": Request("POST", f"{api}/search", headers, (rare,)),
        "search_family": Request("POST", f"{api}/search", headers, (family,)),
        "search_frequent": Request("POST", f"{api}/search", headers, (often,)),
    }  # fmt: skip


def _in_turns(requests: dict[str, Request], chosen: argparse.Namespace, desk: Path) -> dict[str, float]:
    rates: dict[str, list[float]] = {name: [] for name in requests}
    for number in range(chosen.rounds + 1):
        for name, request in requests.items():
            seen = rate(request, seconds=chosen.seconds if number else 1, desk=desk)
            if number:  # the first round only warms up
                rates[name].append(seen)
            print(f"{name}: {seen:.1f}/s", file=sys.stderr, flush=True)
    return {name: round(statistics.median(seen), 1) for name, seen in rates.items()}


def _intake(
    uploading: Executor, urls: Sequence[str], chosen: argparse.Namespace, desk: Path
) -> dict[str, float]:
    """`POST /documents` of files that were uploaded (and opened) before: rows, leaf, receipt, job; and the puts."""
    seen, puts = [], []
    for number in range(chosen.rounds + 1):
        made = list(uploading.map(uploaded, [chosen.intakes] * len(urls)))
        puts.append(sum(len(bodies) / seconds for bodies, seconds in made))
        requests = [
            Request("POST", f"{url}/api/v1/documents", _signed_in(url), bodies)
            for url, (bodies, _) in zip(urls, made, strict=True)
        ]
        seen.append(rates(requests, seconds=chosen.seconds, desk=desk))
        if seen[-1] * chosen.seconds > chosen.intakes:
            raise RuntimeError("more answers than papers: ask for more --intakes")
        print(
            f"intake by {len(urls)}, round {number}: {seen[-1]:.1f}/s, puts before it {puts[-1]:.1f}/s",
            file=sys.stderr,
            flush=True,
        )
    intakes, before = (
        statistics.median(seen[1:]),
        statistics.median(puts[1:]),
    )  # the first round only warms up
    return {
        "webs": len(urls),
        "per_second": round(intakes, 1),
        "puts_per_second": round(before, 1),
        "with_its_put_per_second": round(1 / (1 / intakes + 1 / before), 1),
    }


def _signed_in(url: str) -> dict[str, str]:
    token = httpx.post(f"{url}/dev/sign-in", json={"person": CLERK.person, "role": "clerk"}).json()["token"]
    return {
        "Authorization": f"Bearer {token}",
        "Khoso-Purpose": "bench",
        "Content-Type": "application/json",
    }


def _ratios(found: dict[str, Any], most: int) -> dict[str, float]:
    small, large = found["at_1000"], found[f"at_{most}"]
    asked = ("verify", "list_10", "list_50")
    ways = {"bare": "bare_pool", "bare_in_threads": "bare_thread", "bare_unchecked": "bare_async"}
    return {
        f"{name}_to_{called}": round(small[name] / small[way], 2)
        for called, way in ways.items()
        for name in asked
    } | {
        "time_of_list_50_large_to_small": round(small["list_50"] / large["list_50"], 2),
        "time_of_search_large_to_small": round(small["search"] / large["search"], 2),
        "time_of_search_family_large_to_small": round(small["search_family"] / large["search_family"], 2),
        "time_of_search_frequent_large_to_small": round(
            small["search_frequent"] / large["search_frequent"], 2
        ),
    }


@contextmanager
def _process(
    command: list[str], environment: dict[str, str], ready: Callable[[str], str | None], log: Path
) -> Iterator[str]:
    with (
        log.open("w") as lines,
        subprocess.Popen(command, env=os.environ | environment, stderr=lines, stdout=lines) as server,
    ):
        try:
            until = time.monotonic() + _PATIENCE_SECONDS
            while (url := ready(log.read_text())) is None:
                if server.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(log.read_text()[-2000:])
                time.sleep(0.1)
            yield url
        finally:
            server.terminate()


def _bare(settings: Settings) -> Any:
    """The bare framework, as uvicorn runs it by default settings of ours: uvloop, httptools, no access log."""
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.service.bare:app", "--port", str(port), "--no-access-log",
               "--loop", "uvloop", "--http", "httptools"]  # fmt: skip
    log = settings.data_dir.parent / "bare.log"
    ready = f"http://127.0.0.1:{port}"
    environment = {"BENCH_DATABASE_URL": settings.database}
    return _process(command, environment, lambda said: ready if "startup complete" in said else None, log)


def _khoso(desk: Path) -> Any:
    port = _free_port()
    command = [str(Path(sys.executable).with_name("khoso")), "serve", "--no-worker", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"

    def ready(_said: str) -> str | None:
        try:
            return url if httpx.get(f"{url}/livez", timeout=1).status_code == 200 else None
        except httpx.TransportError:
            return None

    return _process(command, {}, ready, desk / f"khoso-{port}.log")


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
