"""`python -m bench.probe --examples 100 --seed 1`: every role asks everything; the result as JSON beside this file.

Exit 0 when every answer was one that the API describes; 1 otherwise.
"""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.probe.probing import PHASES, Probed, probe, totals
from bench.probe.world import world
from bench.results import publish, tell
from tests.services import own_services

RESULTS = Path(__file__).resolve().parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.probe", description=__doc__)
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--as", dest="askers", action="append", help="only this one; may be repeated")
    parser.add_argument("--phase", dest="phases", action="append", choices=PHASES)
    parser.add_argument("--operation", dest="operations", action="append")
    parser.add_argument("--real-parts", action="store_true", help="on PostgreSQL and MinIO")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    done = []
    with ExitStack() as open_things:
        services = open_things.enter_context(own_services()) if chosen.real_parts else None
        folder = open_things.enter_context(TemporaryDirectory(prefix="khoso-probe-"))
        there = open_things.enter_context(world(Path(folder), services))
        for asker in there.askers:
            if chosen.askers and asker.name not in chosen.askers:
                continue
            probed = probe(
                there,
                asker,
                phases=chosen.phases or PHASES,
                examples=chosen.examples,
                seed=chosen.seed,
                operations=chosen.operations,
            )
            found = f"{len(probed.findings)} findings, {len(probed.broken)} broken"
            tell(f"{asker.name}: {probed.requests.total()} requests, {found}")
            done.append(probed)
    result = {
        "well": all(one.well for one in done),
        "parts": "real" if chosen.real_parts else "embedded",
        "seed": chosen.seed,
        "examples": chosen.examples,
        **totals(done),
        "by": [_as_json(one) for one in done],
    }
    return publish(result, chosen.results, f"e{chosen.examples}-s{chosen.seed}")


def _as_json(probed: Probed) -> dict[str, Any]:
    return {
        "asker": probed.asker,
        "operations": probed.operations,
        "requests": dict(probed.requests),
        "statuses": dict(sorted(probed.statuses.items())),
        "findings": [asdict(finding) for finding in probed.findings.values()],
        "broken": probed.broken,
    }


if __name__ == "__main__":
    sys.exit(main())
