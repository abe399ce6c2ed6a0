"""The program of a confined child: put up the walls, run one function, hand back its result.

Standard input: one JSON document: what to run (`target`, `request`), and its walls.
Output, on the descriptor that was standard output: frames (`wire.py`) with the headers `{"item": …}` and its
pixels as body (a target that is a generator), `{"result": …}`, `{"refusal": {"code", "facts"}}`,
`{"failure": "text"}`. Nothing is ever pickled.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO


def take_standard_output() -> BinaryIO:
    """The pipe to the parent, out of reach of any library that prints."""
    out = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    return out


def run(out: BinaryIO, order: dict[str, Any]) -> None:
    """Import the target, put up the walls, run it."""
    from common import KhosoError
    from ingest.walls import Bounds, bound, stand
    from ingest.wire import send

    bound(Bounds(**order["bounds"]))
    module, _, name = order["target"].partition(":")
    function = getattr(importlib.import_module(module), name)
    writable = None if order["writable"] is None else Path(order["writable"])
    stand(readable=[Path(name) for name in order["readable"]], writable=writable)
    try:
        result = function(order["request"])
        if isinstance(result, Iterator):
            for header, body in result:
                send(out, {"item": header}, body)
            result = None
        send(out, {"result": result})
    except KhosoError as error:
        send(out, {"refusal": {"code": error.code, "facts": _plain(error.facts)}})


def _plain(facts: dict[str, object]) -> dict[str, object]:
    return {name: fact if isinstance(fact, int | float) else str(fact) for name, fact in facts.items()}


def main() -> None:
    """Read the order, run it, and turn whatever goes wrong into a frame."""
    order = json.load(sys.stdin.buffer)
    out = take_standard_output()
    sys.path[:] = order["sys_path"]
    from ingest.walls import die_with_parent
    from ingest.wire import send

    die_with_parent(order["parent"])
    try:
        run(out, order)
    except MemoryError:
        send(out, {"refusal": {"code": "file_too_much_memory", "facts": {}}})
    except Exception:
        # The border of the process: the parent turns it into a refusal and keeps the text as its cause.
        send(out, {"failure": traceback.format_exc(limit=-8)[-4000:]})
    # Without unwinding: a parser's memory after hostile bytes is not worth a tidy end.
    os._exit(0)


if __name__ == "__main__":
    main()
