"""What a measurement found: as JSON beside its program and on standard output, with what it says meanwhile."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path


def publish(found: Mapping[str, object], results: Path, name: str) -> int:
    """Writes it down under the time and `name`; the exit status of a program that found all well, or not."""
    text = json.dumps(found, ensure_ascii=False, indent=2)
    results.mkdir(parents=True, exist_ok=True)
    (results / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}.json").write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0 if found["well"] else 1


def tell(sentence: str) -> None:
    """Says how far it is, on standard error."""
    print(sentence, file=sys.stderr, flush=True)
