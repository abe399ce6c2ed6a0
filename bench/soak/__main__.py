"""`python -m bench.soak --kills 50 --intakes 20 --seed 1`: the soak, and its result as JSON beside this file.

Exit 0 when nothing acknowledged was lost, doubled, signed twice or left lying about; 1 otherwise.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.results import publish, tell
from bench.soak.journey import soak

RESULTS = Path(__file__).resolve().parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--intakes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    with TemporaryDirectory(prefix="khoso-soak-") as folder:
        result = soak(
            Path(folder), kills=chosen.kills, intakes=chosen.intakes, seed=chosen.seed, tell=tell
        ).as_json()
    return publish(result, chosen.results, f"k{chosen.kills}-i{chosen.intakes}-s{chosen.seed}")


if __name__ == "__main__":
    sys.exit(main())
