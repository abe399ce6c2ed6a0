"""`python -m bench.faults --faults 200 --seed 1`: faults on the service, and their result as JSON beside this file.

Exit 0 when nothing acknowledged was lost, doubled, signed twice, went back or was left lying about, every print
verifies, every event was told, and all worked again by itself after each fault; 1 otherwise; 3 when this machine has no
small file systems for it.
"""

import argparse
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.faults.disks import NoOwnMounts, in_own_mounts
from bench.faults.kinds import KINDS
from bench.faults.soak import Soak
from bench.results import publish, tell

RESULTS = Path(__file__).resolve().parent / "results"
NO_OWN_MOUNTS = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hold", type=float, default=5.0, help="the longest that a fault lasts, in seconds")
    parser.add_argument(
        "--longest", type=float, default=180.0, help="the longest recovery, in seconds; then it ends"
    )
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="only faults of this kind")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    try:
        in_own_mounts("bench.faults", sys.argv[1:])
    except NoOwnMounts as error:
        print(error, file=sys.stderr)
        return NO_OWN_MOUNTS
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended in any case
    with TemporaryDirectory(prefix="khoso-faults-") as folder:
        Path(folder).chmod(0o711)
        soak = Soak(
            Path(folder),
            faults=chosen.faults,
            seed=chosen.seed,
            hold=chosen.hold,
            longest=chosen.longest,
            kinds=chosen.kind or list(KINDS),
            tell=tell,
        )
        result = soak.run().as_json()
    return publish(result, chosen.results, f"f{chosen.faults}-s{chosen.seed}")


if __name__ == "__main__":
    sys.exit(main())
