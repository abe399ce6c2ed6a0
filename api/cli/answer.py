"""How a command answers: the result on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from common import KhosoError, Sentence


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def print_json_list(name: str, values: Iterable[Any]) -> None:
    """One JSON document with a list of that name, written as the values come: however many, none is kept."""
    first = True
    for value in values:
        # Within a text JSON has no line break, so every one found here is between its parts.
        entry = json.dumps(value, ensure_ascii=False, indent=2).replace("\n", "\n    ")
        sys.stdout.write((f'{{\n  "{name}": [\n    ' if first else ",\n    ") + entry)
        first = False
    sys.stdout.write(f'{{\n  "{name}": []\n}}\n' if first else "\n  ]\n}\n")


def tell(sentence: Sentence | KhosoError | str) -> None:
    """One line on standard error."""
    print(str(sentence).replace("\n", " "), file=sys.stderr, flush=True)


def error_json(error: KhosoError) -> dict[str, str]:
    """`{"code", "vi", "en"}`."""
    return error.sentence.as_json()
