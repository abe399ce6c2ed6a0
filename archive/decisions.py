"""What the rules decide on a day about given facts: reuse, validity, retention. Pure functions, no clock.

Every answer names the rule and the law behind it and says its reason in both languages. When no rule speaks,
the answer is the careful one: nothing becomes valid, nothing is destroyed.
"""

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum

from archive.life import Ground, SourceForm, Weight
from archive.rules import RetentionTerm, ReuseAction, Rules, ValidityRule
from common import KhosoError, Sentence, say
from signing import Indication


class NoRuleOnThatDay(KhosoError):
    """No rule on reuse was in force on the day asked for."""

    code = "no_rule_on_that_day"


@dataclass(frozen=True, slots=True)
class ReuseFacts:
    """What is known of one component of a dossier before anything is scanned."""

    secret: bool = False
    """It is a state secret."""
    to_be_shown_only: bool = False
    """The procedure only wants to see it."""
    held_valid: bool = False
    """A valid document of this kind is held for this owner, here or in a connected store."""
    shared_by_database: bool = False
    """A national or sector database, the portal or the provincial system shares its data with legal value."""
    electronic: bool = False
    """It arrived as an electronic document."""
    paper_copy: bool = False
    """It is a plain photocopy, or a certified copy on paper."""
    verification_result: bool = False
    """It is the verification result or opinion of another agency."""
    required_by_sector: bool = False
    """A sector law asks for it digitised."""
    procedure_result: bool = False
    """It is the result of a procedure, earlier or this one."""
    required_by_agency: bool = False
    """A decision of the minister or the chairman of the People's Committee asks for it digitised."""
    on_demand: bool = False
    """The citizen asks for it digitised and pays."""


@dataclass(frozen=True, slots=True)
class ReuseAnswer:
    """What to do, and why."""

    action: ReuseAction
    rule: str
    law: str
    reason: Sentence


def decide_reuse(rules: Rules, on: date, facts: ReuseFacts) -> ReuseAnswer:
    """What to do with a component on a day; NoRuleOnThatDay before the first rule came into force."""
    known = {field.name: bool(getattr(facts, field.name)) for field in fields(facts)}
    for rule in rules.reuse:
        if rule.in_force(on) and all(known[name] == value for name, value in rule.when.items()):
            reason = say(f"reuse-{rule.answer.value.replace('_', '-')}", law=rule.law)
            return ReuseAnswer(rule.answer, rule.id, rule.law, reason)
    raise NoRuleOnThatDay(on=on.isoformat())


@dataclass(frozen=True, slots=True)
class ValidityFacts:
    """What is recorded of a document when it is asked whether it may become valid.

    `indication` is the verdict on the file that came in (None: unsigned); `accepted_by` the person who
    decided to accept it although its signatures could not be confirmed.
    """

    ground: Ground | None
    source: SourceForm
    checked_by: str
    indication: Indication | None = None
    accepted_by: str = ""

    @property
    def signed(self) -> bool:
        """Whether the file arrived with signatures."""
        return self.indication is not None


@dataclass(frozen=True, slots=True)
class ValidityAnswer:
    """Whether the document may become valid, what it weighs, and every reason."""

    may_become_valid: bool
    weight: Weight
    rule: str | None
    reasons: tuple[Sentence, ...]


def decide_validity(rules: Rules, on: date, facts: ValidityFacts) -> ValidityAnswer:
    """Whether a document may become valid on a day, and with what weight.

    It needs 1. a recorded ground, 2. a person who checked it, 3. a rule in force for ground and form, and
    4. when it arrived signed, signatures that pass, or are not broken and were accepted by a person. A file
    with unconfirmed signatures never weighs *issued electronically*; accepted, it weighs as an upload.
    """
    against: list[Sentence] = []
    # 1. and 2.
    if facts.ground is None:
        against.append(say("validity-no-ground"))
    if not facts.checked_by.strip():
        against.append(say("validity-nobody-checked"))
    # 3.
    rule = _validity_rule(rules, on, facts)
    if rule is None and facts.ground is not None:
        against.append(say("validity-no-rule", ground=facts.ground.value, source=facts.source.value))
    # 4.
    weight = Weight.UNCONFIRMED if rule is None else rule.weight
    if facts.signed and facts.indication is not Indication.TOTAL_PASSED:
        weight = _weight_of_unconfirmed(facts, against)
    if against or rule is None:
        return ValidityAnswer(False, weight, rule.id if rule else None, tuple(against))
    return ValidityAnswer(True, weight, rule.id, (say("validity-rule", law=rule.law),))


def _validity_rule(rules: Rules, on: date, facts: ValidityFacts) -> ValidityRule | None:
    fitting = (
        rule
        for rule in rules.validity
        if rule.in_force(on)
        and (rule.ground, rule.signed) == (facts.ground, facts.signed)
        and facts.source in rule.sources
    )
    return next(fitting, None)


def _weight_of_unconfirmed(facts: ValidityFacts, against: list[Sentence]) -> Weight:
    if facts.indication is Indication.TOTAL_FAILED:
        against.append(say("validity-signatures-failed"))
        return Weight.UNCONFIRMED
    if not facts.accepted_by.strip():
        against.append(say("validity-signatures-unconfirmed"))
        return Weight.UNCONFIRMED
    return Weight.UPLOADED


class RetentionKind(StrEnum):
    """What the answer on retention is."""

    TERM = "term"
    """Kept for a number of years."""
    PERMANENT = "permanent"
    """Kept for ever, in the historical archive."""
    UNKNOWN = "unknown"
    """No term is known, so it is kept."""


@dataclass(frozen=True, slots=True)
class RetentionFacts:
    """What a dossier (or one document) is: the kinds of its papers and the year its work ended.

    `kinds` are document types and the procedure code; `ended_year` None while the work goes on; `held` while
    a legal hold, complaint or lawsuit needs it.
    """

    kinds: tuple[str, ...]
    ended_year: int | None
    held: bool = False


@dataclass(frozen=True, slots=True)
class RetentionAnswer:
    """How long, until which last day (None: no end known), whether it may be destroyed on the day asked."""

    kind: RetentionKind
    years: int | None
    until: date | None
    may_be_destroyed: bool
    reasons: tuple[Sentence, ...]


def decide_retention(rules: Rules, on: date, facts: RetentionFacts) -> RetentionAnswer:
    """How long a dossier is kept, by the terms in force on a day (Law on Archives 33/2024/QH15, Art. 15).

    The longest term of its papers counts, from the year the work ended; its last day is 31 December. A paper
    without a known term keeps the whole dossier, as does a legal hold.
    """
    terms = {kind: _term(rules, on, kind) for kind in facts.kinds}
    reasons = [say("retention-on-hold")] if facts.held else []
    permanent = next((term for term in terms.values() if term is not None and term.years is None), None)
    if permanent is not None:
        reasons.append(say("retention-permanent", kind=permanent.kind, law=permanent.law))
        return RetentionAnswer(RetentionKind.PERMANENT, None, None, False, tuple(reasons))
    unknown = sorted(kind for kind, term in terms.items() if term is None)
    if unknown or not terms:
        reasons.append(say("retention-unknown", kinds=", ".join(unknown) or "–"))
        return RetentionAnswer(RetentionKind.UNKNOWN, None, None, False, tuple(reasons))
    return _term_answer(on, facts, [term for term in terms.values() if term is not None], reasons)


def _term_answer(
    on: date, facts: RetentionFacts, terms: list[RetentionTerm], reasons: list[Sentence]
) -> RetentionAnswer:
    longest = max(terms, key=lambda term: term.years or 0)
    years = longest.years or 0
    reasons.append(say("retention-term", kind=longest.kind, years=years, law=longest.law))
    if facts.ended_year is None:
        reasons.append(say("retention-not-ended"))
        return RetentionAnswer(RetentionKind.TERM, years, None, False, tuple(reasons))
    until = date(facts.ended_year + years, 12, 31)
    return RetentionAnswer(RetentionKind.TERM, years, until, on > until and not facts.held, tuple(reasons))


def _term(rules: Rules, on: date, kind: str) -> RetentionTerm | None:
    return next((term for term in rules.retention if term.kind == kind and term.in_force(on)), None)


def decide_lock(rules: Rules, on: date) -> date | None:
    """The last day of a lock that is set on a day: until 31 December, so that papers of one year end together.

    None when no rule asks for one.
    """
    rule = next((rule for rule in rules.locks if rule.in_force(on)), None)
    return None if rule is None else date(on.year + rule.years, 12, 31)
