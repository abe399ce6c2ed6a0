"""`python -m bench.objects --puts 1000 --seed 1`: a put through `ObjectStore` against a bare signed put, in one run.

Ours hashes, encrypts, sends the lock with it and compares the server's checksum; the bare one is minio-py's
`put_object` of the same bytes, signed, without any of that. Both take turns on one MinIO of their own, each with its
own connections, so that whatever else the machine does falls on both. Raw times (milliseconds) and the ratio of the
medians as JSON beside this file; exit 0 when ours reaches 0.7 of the bare speed.
"""

import argparse
import json
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from uuid import uuid4

from datastore import DataKey
from datastore.objects.minio import MinioObjects, client_of
from tests.datastore.stores import minio_objects
from tests.services import own_services

RESULTS = Path(__file__).resolve().parent / "results"
_HELD_TO = 0.7
_BYTES = 20_000
_WARM = 20
_RETAINED = timedelta(minutes=10)

Put = Callable[[bytes], object]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.objects", description=__doc__)
    parser.add_argument("--puts", type=int, default=1000)
    parser.add_argument("--bytes", type=int, default=_BYTES)
    parser.add_argument("--side-by-side", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    contents = _contents(chosen.seed, chosen.bytes)
    with own_services() as services, TemporaryDirectory(prefix="khoso-bench-") as folder:
        objects = minio_objects(services, Path(folder))
        puts = {"bare": _bare(objects), "ours": _ours(objects)}
        alone = _taking_turns(puts, contents, chosen.puts)
        together = _side_by_side(puts, contents, chosen.puts, chosen.side_by_side)
    result = {
        "bytes": chosen.bytes,
        "puts": chosen.puts,
        "seed": chosen.seed,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "ratio": median(alone["bare"]) / median(alone["ours"]),
        "one_after_the_other": {name: _facts(times) for name, times in alone.items()},
        "side_by_side": {"threads": chosen.side_by_side, "puts_a_second": together},
        "held_to": _HELD_TO,
        "raw_milliseconds": alone,
    }
    result["well"] = result["ratio"] >= _HELD_TO
    _keep(chosen.results, f"p{chosen.puts}-b{chosen.bytes}-s{chosen.seed}", result)
    print(json.dumps({name: fact for name, fact in result.items() if name != "raw_milliseconds"}, indent=2))
    return 0 if result["well"] else 1


def _bare(objects: MinioObjects) -> Put:
    client, numbers = client_of(objects.place), count()

    def put(content: bytes) -> object:
        return client.put_object(objects.bucket, f"bare/{next(numbers)}", BytesIO(content), len(content))

    return put


def _ours(objects: MinioObjects) -> Put:
    def put(content: bytes) -> object:
        document = str(uuid4())
        until = datetime.now(UTC) + _RETAINED
        key = f"documents/{document}/v1/original"
        return objects.put(key, content, sealing=DataKey.new(document), until=until)

    return put


def _taking_turns(puts: dict[str, Put], contents: Iterator[bytes], number: int) -> dict[str, list[float]]:
    """Times in milliseconds; which goes first changes with every round."""
    times: dict[str, list[float]] = {name: [] for name in puts}
    for turn in range(number + _WARM):
        order = sorted(puts, reverse=bool(turn % 2))
        for name in order:
            content = next(contents)
            start = time.perf_counter()
            puts[name](content)
            taken = time.perf_counter() - start
            if turn >= _WARM:
                times[name].append(round(taken * 1000, 3))
    return times


def _side_by_side(
    puts: dict[str, Put], contents: Iterator[bytes], number: int, threads: int
) -> dict[str, float]:
    """Puts a second of several threads at once, in short turns."""
    spent = dict.fromkeys(puts, 0.0)
    part = max(number // 10, 1)
    with ThreadPoolExecutor(threads) as pool:
        for _turn in range(10):
            for name, put in puts.items():
                batch = [next(contents) for _ in range(part)]
                start = time.perf_counter()
                list(pool.map(put, batch))
                spent[name] += time.perf_counter() - start
    return {name: round(part * 10 / seconds, 1) for name, seconds in spent.items()}


def _facts(times: list[float]) -> dict[str, float]:
    return {
        "median": median(times),
        "p95": quantiles(times, n=20)[-1],
        "mean": round(sum(times) / len(times), 3),
        "puts_a_second": round(1000 * len(times) / sum(times), 1),
    }


def _contents(seed: int, size: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    while True:
        yield chance.randbytes(size)


def _keep(folder: Path, name: str, result: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}.json"
    file.write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
