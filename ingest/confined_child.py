"""What a confined child does: put up the walls, run one function, hand back its result.

Its order is one JSON document: what to run (`target`, `request`), and its walls. It answers with frames
(`wire.py`) with the headers `{"item": …}` and its pixels as body (a target that is a generator),
`{"result": …}`, `{"refusal": {"code", "facts"}}`, `{"failure": "text"}`. Nothing is ever pickled.

A child of the nursery begins with `run_order`. Where bubblewrap is the wall this file is a program: the search
path is its argument, the order its standard input, the answer its standard output.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

# The rooms are imported where they are needed: as a program, this file first has to learn where they are.


def run_order(order: dict[str, Any], out: BinaryIO) -> NoReturn:
    """Run it, turn whatever goes wrong into a frame, and end the process."""
    from ingest.wire import send

    try:
        _run(order, out)
    except MemoryError:
        send(out, {"refusal": {"code": "file_too_much_memory", "facts": {}}})
    except Exception:
        # The border of the process: the parent turns it into a refusal and keeps the text as its cause.
        send(out, {"failure": traceback.format_exc(limit=-8)[-4000:]})
    # Without unwinding: a parser's memory after hostile bytes is not worth a tidy end.
    os._exit(0)


def _run(order: dict[str, Any], out: BinaryIO) -> None:
    """Import the target, put up the walls, run it."""
    from common import KhosoError
    from ingest.walls import Bounds, address_space, bound, stand
    from ingest.wire import send

    module, _, name = order["target"].partition(":")
    function = getattr(importlib.import_module(module), name)
    bounds = Bounds(**order["bounds"])
    # Only now: our own code, of which a child of the nursery has more than it needs, costs the sender nothing.
    bound(replace(bounds, memory_bytes=address_space() + bounds.memory_bytes))
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


def _take_standard_output() -> BinaryIO:
    """The pipe to the parent, out of reach of any library that prints."""
    out = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    return out


def main() -> None:
    """Be a confined child that was started as a program."""
    order = json.load(sys.stdin.buffer)
    out = _take_standard_output()
    sys.path[:] = json.loads(sys.argv[1])
    from ingest.walls import die_with_parent

    die_with_parent(None)  # bubblewrap; in its namespace there is no other process to compare with
    run_order(order, out)


if __name__ == "__main__":
    main()
