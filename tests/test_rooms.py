"""The shape of the house, held by reading every source file instead of by good intentions.

Data goes right, imports point left: a room imports only rooms to its left, and those only through their
door. The environment has one reader, `api/settings.py`; everything else is handed what it needs.

Not covered: imports made at run time by `importlib` with a computed name.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
ROOMS = ("common", "ingest", "signing", "archive", "datastore", "api")
ENVIRONMENT_READER = Path("api/settings.py")
ENVIRONMENT_NAMES = frozenset({"environ", "environb", "getenv", "getenvb"})


def text_of(file: Path) -> str:
    """The source of a file that `sources` named."""
    return (CHECKOUT / file).read_text(encoding="utf-8")


def sources() -> list[Path]:
    """Every Python file of the rooms, relative to the checkout."""
    found = (file for room in ROOMS for file in (CHECKOUT / room).rglob("*.py"))
    return sorted(file.relative_to(CHECKOUT) for file in found)


def imported_modules(tree: ast.AST, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Line and absolute name of every module imported anywhere in `tree`, which lies in `package`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from . import x` counts from the package itself, `from .. import x` from the one above it.
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield node.lineno, ".".join((*above, *filter(None, [node.module])))


def submodules_taken_through_the_door(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """`from ingest import reader` reaches past the door as well when `reader` is a module of the room."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.level:
            continue
        room = node.module or ""
        for alias in node.names if room in ROOMS else []:
            inside = CHECKOUT / room / alias.name
            if inside.with_suffix(".py").is_file() or (inside / "__init__.py").is_file():
                yield node.lineno, f"{room}.{alias.name}"


def broken_import_rules(file: Path, source: str) -> list[str]:
    """One sentence for each import in `file` that points right or reaches past a door."""
    tree, room = ast.parse(source, str(file)), file.parts[0]
    imports = [*imported_modules(tree, file.parts[:-1]), *submodules_taken_through_the_door(tree)]
    sentences = []
    for line, module in imports:
        target = module.partition(".")[0]
        if target not in ROOMS or target == room:
            continue
        if ROOMS.index(target) > ROOMS.index(room):
            sentences.append(f"{file}:{line} imports {module}: {target} lies to the right of {room}")
        elif module != target:
            sentences.append(f"{file}:{line} imports {module}: use the door, `from {target} import …`")
    return sentences


def reads_of_the_environment(file: Path, source: str) -> list[str]:
    """One sentence for each place in `file` that reaches for `os.environ` or `os.getenv`, under any alias."""
    lines = []
    for node in ast.walk(ast.parse(source, str(file))):
        if isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT_NAMES:
            lines.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            lines.extend(node.lineno for alias in node.names if alias.name in ENVIRONMENT_NAMES)
    return [f"{file}:{line} reads the environment; only {ENVIRONMENT_READER} may" for line in lines]


def test_every_room_is_there_and_has_a_door() -> None:
    assert [room for room in ROOMS if not (CHECKOUT / room / "__init__.py").is_file()] == []


def test_rooms_import_only_rooms_to_their_left_and_only_through_the_door() -> None:
    broken = [line for file in sources() for line in broken_import_rules(file, text_of(file))]
    assert not broken, "\n".join(broken)


def test_only_the_settings_read_the_environment() -> None:
    others = [file for file in sources() if file != ENVIRONMENT_READER]
    broken = [line for file in others for line in reads_of_the_environment(file, text_of(file))]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    "source",
    [
        "from archive import Leaf",
        "import api",
        "from ingest.reader import read",
        "import ingest.reader",
        "import common.errors as wrong",
        "from ..ingest.reader import read",
        "def later():\n    from datastore import Store",
    ],
)
def test_an_import_against_the_rule_is_found(source: str) -> None:
    assert len(broken_import_rules(Path("signing/marks.py"), source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from ingest import Document",
        "from common import Digest",
        "import common",
        "from signing.keys import load",
        "from .keys import load",
        "from . import keys",
        "import signing_tools",
        "import pyhanko.sign",
    ],
)
def test_an_import_within_the_rule_passes(source: str) -> None:
    assert broken_import_rules(Path("signing/marks.py"), source) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "import os\nos.getenv('A')",
        "import os as system\nsystem.environ.copy()",
        "from os import environ",
        "from os import getenv as ask",
    ],
)
def test_a_hidden_read_of_the_environment_is_found(source: str) -> None:
    assert len(reads_of_the_environment(Path("ingest/sandbox.py"), source)) == 1
