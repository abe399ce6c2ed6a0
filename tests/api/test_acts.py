"""Every act that this version writes into the diary has a name in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

from api.acts import title_of
from common import Sentence, catalogue

_ROOT = Path(__file__).parents[2]
_WRITERS = {"begin", "look", "diary", "_at_work", "_tell"}
"""The calls that name an act, behind who does it."""


def _acts() -> Iterator[str]:
    for file in (*(_ROOT / "api").rglob("*.py"), *(_ROOT / "datastore").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _WRITERS:
                said = (part for given in node.args[1:] for part in ast.walk(given))
                values = (part.value for part in said if isinstance(part, ast.Constant))
                yield from (value for value in values if isinstance(value, str) and value)


def test_every_act_is_said_in_both_languages() -> None:
    acts = set(_acts())
    assert {"print", "receive", "signed_in", "change_roles", "get_original"} <= acts, "the search finds acts"
    assert [act for act in sorted(acts) if title_of(act).vi == act] == []
    assert {f"act-{act.replace('_', '-')}" for act in acts | {"refuse_malware"}} == {
        code for code in catalogue() if code.startswith("act-")
    }, "nor is there a name of what nobody does"


def test_an_act_of_another_version_keeps_its_code() -> None:
    assert title_of("look_at").en == "Look at a paper"
    assert title_of("brought_by_drone") == Sentence(
        "brought_by_drone", "brought_by_drone", "brought_by_drone"
    )
