"""A statement that is asked a hundred times a second: made, compiled and looked through once.

What SQLAlchemy does with a statement each time (looking up what it compiled, contexts, results that wait) takes longer
than what the database does for it. So whoever asks for columns sends the text itself, to psycopg: see `ask`.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, CompoundSelect, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningDelete

Question = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | ReturningDelete[*tuple[Any, ...]]
"""What is asked: with bound parameters for whatever may differ, and made once. A deletion returns what it deleted."""
Change = Callable[[Any], object]
_BOUND = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as text, with the server's numbers for its values."""

    text: bytes
    values: Sequence[Callable[[Mapping[str, Any]], object]]
    """What is sent for each number, from what is asked."""
    row: Callable[[Sequence[object]], Any]
    """Makes a row of its columns, by name."""
    changes: Sequence[tuple[int, Change]]
    """What is done to the columns in these places as they come; to the others nothing."""

    def sent(self, asked: Mapping[str, Any]) -> list[object]:
        """The values in their order."""
        return [value(asked) for value in self.values]

    def rows(self, found: Sequence[Sequence[object]]) -> list[Any]:
        """What came, as rows."""
        return [self.row(self._changed(row)) for row in found]

    def _changed(self, row: Sequence[object]) -> Sequence[object]:
        values = list(row)
        for place, change in self.changes:
            values[place] = change(values[place])
        return values


def as_asked(question: Question, asked: Mapping[str, object], dialect: Dialect, last: Change) -> Asked:
    """The question as it is asked with lists of these lengths; `last` is done to each value at the end."""
    lengths = tuple((name, len(value)) for name, value in asked.items() if isinstance(value, list))
    return _compiled(question, lengths, dialect, last)


@lru_cache(maxsize=1_000)
def _compiled(
    question: Question, lengths: tuple[tuple[str, int], ...], dialect: Dialect, last: Change
) -> Asked:
    compiled = question.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    lists = {name: [None] * length for name, length in lengths if name in compiled.binds}
    written = {name: bound.value for name, bound in compiled.binds.items()}
    expanded = compiled.construct_expanded_state(written | lists)
    places = {
        each: (name, n)
        for name, several in expanded.parameter_expansion.items()
        for n, each in enumerate(several)
    }
    values: list[Callable[[Mapping[str, Any]], object]] = []

    def number(found: re.Match[str]) -> str:
        name, place = places.get(found[1]) or (found[1], None)
        bound = compiled.binds[name]
        change = _and(bound.type.dialect_impl(dialect).bind_processor(dialect), last)
        values.append(_value(bound, name, place, change))
        return f"${len(values)}"

    text = _BOUND.sub(number, expanded.statement).replace("%%", "%")
    columns = list(question.exported_columns)
    row = namedtuple("Row", [column.name for column in columns], rename=True)  # type: ignore[misc]
    processors = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    changes = [(place, change) for place, change in enumerate(processors) if change is not None]
    return Asked(text.encode(), values, row._make, changes)


def _value(
    bound: BindParameter[Any], name: str, place: int | None, change: Change
) -> Callable[[Mapping[str, Any]], object]:
    if not bound.required:
        several: Any = bound.value
        written = change(several if place is None else several[place])
        return lambda _asked: written
    if place is None:
        return lambda asked: change(asked[name])
    return lambda asked: change(asked[name][place])


def _and(first: Change | None, last: Change) -> Change:
    return last if first is None else lambda value: last(first(value))
