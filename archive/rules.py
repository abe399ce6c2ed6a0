"""The law as dated rows: which reuse, which weight, which retention. Types and loading; `decisions` decides.

The packaged rows are `rules.toml`, each with the law it follows and the days on which it is in force. An
agency's own rows (a minister's list, a chairman's decision, a retention list) are handed in and stand before
the packaged ones. Promises that a rule outside its days never decides; does not judge whether an agency was
entitled to its rule.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from archive.life import Ground, SourceForm, Weight
from common import KhosoError


class ReuseAction(StrEnum):
    """What to do with one component of a dossier at the counter."""

    REUSE = "reuse"
    """It is held: hand the paper back, cite what is held."""
    SCAN = "scan"
    """Digitise it."""
    SHOW_ONLY = "show_only"
    """Look at it, hand it back, copy nothing."""
    PAPER_ONLY = "paper_only"
    """Take it on paper, copy nothing."""
    FORBIDDEN_SECRET = "forbidden_secret"
    """A state secret: never on this system."""


class RetentionOutOfBounds(KhosoError):
    """An agency's retention term lies outside what the law in force allows."""

    code = "retention_out_of_bounds"


@dataclass(frozen=True, slots=True)
class Rule:
    """What every rule has: a name, its law, its first day and its last (None: still in force)."""

    id: str
    law: str
    since: date
    until: date | None

    def in_force(self, on: date) -> bool:
        """Whether the rule binds on that day; its first and last day are inside."""
        return self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class ReuseRule(Rule):
    """`answer` when every fact named in `when` has the value given there."""

    answer: ReuseAction
    when: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class ValidityRule(Rule):
    """What a paper weighs that has this ground, came in one of these forms, signed or not."""

    ground: Ground
    sources: frozenset[SourceForm]
    signed: bool
    weight: Weight


@dataclass(frozen=True, slots=True)
class RetentionBounds(Rule):
    """The shortest and longest term in years that a list may set; permanent is always allowed."""

    shortest_years: int
    longest_years: int


@dataclass(frozen=True, slots=True)
class RetentionTerm(Rule):
    """How long papers of one kind (document type or procedure code) are kept; `years` None is permanently."""

    kind: str
    years: int | None


@dataclass(frozen=True, slots=True)
class LockRule(Rule):
    """For how many years objects are made undeletable at a time."""

    years: int


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules in the order in which they are asked: an agency's before the packaged ones."""

    reuse: tuple[ReuseRule, ...] = ()
    validity: tuple[ValidityRule, ...] = ()
    retention_bounds: tuple[RetentionBounds, ...] = ()
    retention: tuple[RetentionTerm, ...] = ()
    locks: tuple[LockRule, ...] = ()

    def with_own(
        self,
        *,
        reuse: Iterable[ReuseRule] = (),
        validity: Iterable[ValidityRule] = (),
        retention: Iterable[RetentionTerm] = (),
    ) -> "Rules":
        """These rules after an agency's own; RetentionOutOfBounds for a term that the law does not allow."""
        terms = tuple(retention)
        for term in terms:
            _allowed(term, self.retention_bounds)
        return Rules(
            (*reuse, *self.reuse),
            (*validity, *self.validity),
            self.retention_bounds,
            (*terms, *self.retention),
            self.locks,
        )


@cache
def packaged_rules() -> Rules:
    """The rules that come with the program."""
    text = (resources.files(__package__) / "rules.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)
    return Rules(
        tuple(_reuse(row) for row in rows["reuse"]),
        tuple(_validity(row) for row in rows["validity"]),
        tuple(RetentionBounds(until=row.pop("until", None), **row) for row in rows["retention_bounds"]),
        locks=tuple(LockRule(until=row.pop("until", None), **row) for row in rows["locks"]),
    )


def _reuse(row: dict[str, Any]) -> ReuseRule:
    answer = ReuseAction(row.pop("answer"))
    return ReuseRule(until=row.pop("until", None), answer=answer, **row)


def _validity(row: dict[str, Any]) -> ValidityRule:
    ground, weight = Ground(row.pop("ground")), Weight(row.pop("weight"))
    sources = frozenset(SourceForm(name) for name in row.pop("sources"))
    return ValidityRule(until=row.pop("until", None), ground=ground, sources=sources, weight=weight, **row)


def _allowed(term: RetentionTerm, bounds: Iterable[RetentionBounds]) -> None:
    for bound in bounds:
        begins_before_end = bound.until is None or term.since <= bound.until
        overlaps = begins_before_end and (term.until is None or bound.since <= term.until)
        years = term.years
        if overlaps and years is not None and not bound.shortest_years <= years <= bound.longest_years:
            raise RetentionOutOfBounds(
                id=term.id,
                years=years,
                shortest=bound.shortest_years,
                longest=bound.longest_years,
                law=bound.law,
            )
