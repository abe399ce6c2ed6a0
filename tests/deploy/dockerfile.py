"""The Dockerfile as a list of stages with their instructions. Reads the form in which ours is written, no other."""

import re
from dataclasses import dataclass
from functools import cache

from tests.conftest import CHECKOUT


@dataclass(frozen=True, slots=True)
class Instruction:
    """`COPY`, and what stands behind it, lines joined."""

    word: str
    rest: str


@dataclass(frozen=True, slots=True)
class Stage:
    """From where a stage begins, and what is done in it."""

    name: str
    begins: str
    instructions: tuple[Instruction, ...]

    def all(self, word: str) -> list[str]:
        return [one.rest for one in self.instructions if one.word == word]


@cache
def stages() -> dict[str, Stage]:
    """The stages by name."""
    text = re.sub(
        r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", (CHECKOUT / "Dockerfile").read_text(encoding="utf-8"))
    )
    lines = [line.split(" ", 1) for line in text.splitlines() if line.strip()]
    found: dict[str, Stage] = {}
    for word, rest in lines:
        if word == "FROM":
            begins, name = re.fullmatch(r"(\S+) AS (\S+)", rest, re.ASCII).groups()  # type: ignore[union-attr]
            found[name] = Stage(name, begins, ())
        elif found:
            last = found[next(reversed(found))]
            found[last.name] = Stage(last.name, last.begins, (*last.instructions, Instruction(word, rest)))
    return found


def with_all_before(stage: Stage) -> list[Stage]:
    """A stage and those it begins from, the first one first."""
    before = stages().get(stage.begins)
    return [*([] if before is None else with_all_before(before)), stage]
