"""How a command answers: the result on standard output, everything else on standard error."""

import json
import sys
from typing import Any

from common import KhosoError, Sentence


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def tell(sentence: Sentence | KhosoError | str) -> None:
    """One line on standard error."""
    print(str(sentence).replace("\n", " "), file=sys.stderr, flush=True)


def error_json(error: KhosoError) -> dict[str, str]:
    """`{"code", "vi", "en"}`."""
    return error.sentence.as_json()
