"""Names of locks are written down where their order is; what is not written down there nobody keeps to."""

import ast
from collections.abc import Iterator
from pathlib import Path

import datastore
from datastore import locks


def _held_names() -> Iterator[str]:
    """What a name begins with, of every `hold` of the room."""
    for file in sorted(Path(datastore.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hold":
                yield from (name for each in node.args[1:] if (name := _beginning(each)))


def _beginning(name: ast.expr) -> str:
    """The words before the first value in it; empty where it is put together elsewhere."""
    first = name.values[0] if isinstance(name, ast.JoinedStr) else name
    return first.value.strip() if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def test_every_name_that_is_held_is_named_where_the_order_is_written_down() -> None:
    assert locks.__doc__ is not None
    held = set(_held_names())
    assert {"agency", "originals", "receipts"} <= held
    assert {name for name in held if f"`{name}`" not in " ".join(locks.__doc__.split())} == set()
