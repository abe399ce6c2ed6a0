"""What the dated rules decide: reuse, validity, retention; and which status may follow which."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import pytest

from archive import (
    Ground,
    NoRuleOnThatDay,
    RetentionFacts,
    RetentionKind,
    RetentionOutOfBounds,
    RetentionTerm,
    ReuseAction,
    ReuseFacts,
    ReuseRule,
    SourceForm,
    Status,
    ValidityFacts,
    Weight,
    decide_lock,
    decide_retention,
    decide_reuse,
    decide_validity,
    may_become,
    packaged_rules,
)
from signing import Indication

RULES = packaged_rules()
TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)


def reuse(on: date, *facts: str) -> ReuseAction:
    """The action when these facts are true."""
    return decide_reuse(RULES, on, ReuseFacts(**dict.fromkeys(facts, True))).action


def test_every_rule_names_its_law_and_its_first_day() -> None:
    rules = (*RULES.reuse, *RULES.validity, *RULES.retention_bounds, *RULES.locks)
    assert all(rule.law and rule.since for rule in rules)
    assert len({rule.id for rule in rules}) == len(rules)


def test_verification_results_were_digitised_until_circular_3_of_2025() -> None:
    change = date(2025, 9, 15)
    found = [reuse(on, "verification_result") for on in (change - DAY, change, change + DAY)]
    assert found == [ReuseAction.SCAN, ReuseAction.PAPER_ONLY, ReuseAction.PAPER_ONLY]


def test_a_sector_law_still_asks_for_verification_results() -> None:
    assert reuse(TODAY, "verification_result", "required_by_sector") is ReuseAction.SCAN


def test_papers_that_are_only_shown_are_copied_until_circular_3_of_2025() -> None:
    change = date(2025, 9, 15)
    found = [reuse(on, "to_be_shown_only", "procedure_result") for on in (change - DAY, change, change + DAY)]
    assert found == [ReuseAction.SCAN, ReuseAction.SHOW_ONLY, ReuseAction.SHOW_ONLY]


@pytest.mark.parametrize(
    ("fact", "action"),
    [
        ("secret", ReuseAction.FORBIDDEN_SECRET),
        ("held_valid", ReuseAction.REUSE),
        ("shared_by_database", ReuseAction.REUSE),
        ("electronic", ReuseAction.REUSE),
        ("paper_copy", ReuseAction.PAPER_ONLY),
        ("procedure_result", ReuseAction.SCAN),
        ("required_by_agency", ReuseAction.SCAN),
        ("on_demand", ReuseAction.SCAN),
    ],
)
def test_each_fact_alone_decides(fact: str, action: ReuseAction) -> None:
    assert reuse(TODAY, fact) is action


def test_nothing_known_is_taken_on_paper() -> None:
    assert reuse(TODAY) is ReuseAction.PAPER_ONLY


def test_a_secret_is_refused_whatever_else_is_true() -> None:
    others = ("held_valid", "electronic", "procedure_result", "on_demand")
    assert reuse(TODAY, "secret", *others) is ReuseAction.FORBIDDEN_SECRET


def test_an_answer_says_its_law_in_both_languages() -> None:
    answer = decide_reuse(RULES, TODAY, ReuseFacts(held_valid=True))
    assert answer.law in answer.reason.vi
    assert answer.law in answer.reason.en


def test_before_the_first_rule_nothing_is_decided() -> None:
    with pytest.raises(NoRuleOnThatDay):
        decide_reuse(RULES, date(2019, 1, 1), ReuseFacts())


def test_an_agencys_own_rule_comes_first_on_its_days_only() -> None:
    own = ReuseRule(
        "own", "QĐ 1", TODAY, TODAY + DAY, ReuseAction.SCAN, {"paper_copy": True, "on_demand": False}
    )
    rules = RULES.with_own(reuse=[own])
    facts = ReuseFacts(paper_copy=True)
    found = [decide_reuse(rules, TODAY + days * DAY, facts).action for days in (-1, 0, 1, 2)]
    paper, scan = ReuseAction.PAPER_ONLY, ReuseAction.SCAN
    assert found == [paper, scan, scan, paper]


# --- validity ----------------------------------------------------------------------------------------------

PASSED, UNSURE, FAILED = Indication.TOTAL_PASSED, Indication.INDETERMINATE, Indication.TOTAL_FAILED
ORIGINAL = ValidityFacts(Ground.DOSSIER_SUCCEEDED, SourceForm.ORIGINAL, "Trần Thị Bình")


def test_a_succeeded_dossier_makes_a_compared_original_valid() -> None:
    answer = decide_validity(RULES, TODAY, ORIGINAL)
    assert (answer.may_become_valid, answer.weight) == (True, Weight.DIGITISED)
    assert "468" in answer.reasons[0].vi


def test_without_a_ground_or_a_person_nothing_becomes_valid() -> None:
    nobody = ValidityFacts(None, SourceForm.ORIGINAL, "  ")
    answer = decide_validity(RULES, TODAY, nobody)
    assert not answer.may_become_valid
    assert [reason.code for reason in answer.reasons] == ["validity-no-ground", "validity-nobody-checked"]


@pytest.mark.parametrize(
    ("ground", "source", "indication", "weight"),
    [
        (Ground.DOSSIER_SUCCEEDED, SourceForm.E_COPY, None, Weight.UPLOADED),
        (Ground.DOSSIER_SUCCEEDED, SourceForm.UNKNOWN, None, Weight.UNCONFIRMED),
        (Ground.DOSSIER_SUCCEEDED, SourceForm.E_ORIGINAL, PASSED, Weight.ISSUED_ELECTRONICALLY),
        (Ground.DOSSIER_SUCCEEDED, SourceForm.CERTIFIED_COPY, PASSED, Weight.CERTIFIED_COPY),
        (Ground.BACK_FILE, SourceForm.ORIGINAL, None, Weight.DIGITISED),
        (Ground.ISSUED_ELECTRONICALLY, SourceForm.E_ORIGINAL, PASSED, Weight.ISSUED_ELECTRONICALLY),
        (Ground.CERTIFIED_COPY, SourceForm.CERTIFIED_COPY, PASSED, Weight.CERTIFIED_COPY),
    ],
)
def test_ground_and_form_give_the_weight(
    ground: Ground, source: SourceForm, indication: Indication | None, weight: Weight
) -> None:
    answer = decide_validity(RULES, TODAY, ValidityFacts(ground, source, "B", indication))
    assert (answer.may_become_valid, answer.weight) == (True, weight)


@pytest.mark.parametrize("ground", list(Ground))
@pytest.mark.parametrize("source", list(SourceForm))
@pytest.mark.parametrize("indication", [UNSURE, FAILED])
@pytest.mark.parametrize("accepted_by", ["", "Lê Văn Cường"])
def test_only_passed_signatures_weigh_issued_electronically(
    ground: Ground, source: SourceForm, indication: Indication, accepted_by: str
) -> None:
    facts = ValidityFacts(ground, source, "B", indication, accepted_by)
    answer = decide_validity(RULES, TODAY, facts)
    assert answer.weight in (Weight.UNCONFIRMED, Weight.UPLOADED)
    if indication is FAILED or not accepted_by:
        assert (answer.may_become_valid, answer.weight) == (False, Weight.UNCONFIRMED)


def test_unconfirmed_signatures_wait_for_a_persons_decision() -> None:
    waiting = ValidityFacts(Ground.DOSSIER_SUCCEEDED, SourceForm.E_ORIGINAL, "B", UNSURE)
    accepted = ValidityFacts(Ground.DOSSIER_SUCCEEDED, SourceForm.E_ORIGINAL, "B", UNSURE, "C")
    answer = decide_validity(RULES, TODAY, waiting)
    assert [reason.code for reason in answer.reasons] == ["validity-signatures-unconfirmed"]
    assert decide_validity(RULES, TODAY, accepted).may_become_valid


def test_an_unsigned_file_is_not_issued_electronically() -> None:
    facts = ValidityFacts(Ground.ISSUED_ELECTRONICALLY, SourceForm.E_ORIGINAL, "B")
    answer = decide_validity(RULES, TODAY, facts)
    assert [reason.code for reason in answer.reasons] == ["validity-no-rule"]


def test_back_files_became_valid_with_circular_1_of_2023() -> None:
    change, facts = date(2023, 5, 25), ValidityFacts(Ground.BACK_FILE, SourceForm.ORIGINAL, "B")
    found = [
        decide_validity(RULES, on, facts).may_become_valid for on in (change - DAY, change, change + DAY)
    ]
    assert found == [False, True, True]


# --- retention ---------------------------------------------------------------------------------------------


def term(
    kind: str, years: int | None, since: date = date(2025, 7, 1), until: date | None = None
) -> RetentionTerm:
    """A line of an agency's retention list."""
    return RetentionTerm(f"list-{kind}-{years}", "Danh mục của tỉnh", since, until, kind, years)


LISTED = RULES.with_own(retention=[term("HO_NGHEO", 10), term("1.001193", 70), term("KHAI_SINH", None)])


def test_the_longest_term_counts_from_the_year_the_work_ended() -> None:
    facts = RetentionFacts(("HO_NGHEO", "1.001193"), 2026)
    answer = decide_retention(LISTED, TODAY, facts)
    assert (answer.kind, answer.years, answer.until) == (RetentionKind.TERM, 70, date(2096, 12, 31))


def test_destruction_is_possible_only_after_the_last_day() -> None:
    facts, last = RetentionFacts(("HO_NGHEO",), 2026), date(2036, 12, 31)
    found = [decide_retention(LISTED, on, facts).may_be_destroyed for on in (last - DAY, last, last + DAY)]
    assert found == [False, False, True]


def test_a_legal_hold_stops_destruction() -> None:
    answer = decide_retention(LISTED, date(2050, 1, 1), RetentionFacts(("HO_NGHEO",), 2026, held=True))
    assert not answer.may_be_destroyed
    assert answer.reasons[0].code == "retention-on-hold"


def test_one_permanent_paper_keeps_the_dossier_for_ever() -> None:
    answer = decide_retention(LISTED, date(2200, 1, 1), RetentionFacts(("HO_NGHEO", "KHAI_SINH"), 2026))
    assert (answer.kind, answer.until, answer.may_be_destroyed) == (RetentionKind.PERMANENT, None, False)


@pytest.mark.parametrize("kinds", [("HO_NGHEO", "GPLX"), ("GPLX",), ()])
def test_an_unknown_term_keeps_everything_and_says_so(kinds: tuple[str, ...]) -> None:
    answer = decide_retention(LISTED, date(2200, 1, 1), RetentionFacts(kinds, 1990))
    assert (answer.kind, answer.may_be_destroyed) == (RetentionKind.UNKNOWN, False)
    assert answer.reasons[0].code == "retention-unknown"


def test_a_term_does_not_run_while_the_work_goes_on() -> None:
    answer = decide_retention(LISTED, date(2200, 1, 1), RetentionFacts(("HO_NGHEO",), None))
    assert (answer.years, answer.until, answer.may_be_destroyed) == (10, None, False)


def test_the_list_in_force_on_the_day_decides() -> None:
    change = date(2028, 1, 1)
    rules = RULES.with_own(retention=[term("X", 5, until=change - DAY), term("X", 20, since=change)])
    facts = RetentionFacts(("X",), 2026)
    found = [decide_retention(rules, on, facts).years for on in (change - DAY, change, change + DAY)]
    assert found == [5, 20, 20]


@pytest.mark.parametrize("years", [1, 71])
def test_a_term_outside_the_law_on_archives_is_refused(years: int) -> None:
    with pytest.raises(RetentionOutOfBounds):
        RULES.with_own(retention=[term("X", years)])


def test_the_bounds_begin_with_the_law_of_2024() -> None:
    before = term("X", 1, since=date(2020, 1, 1), until=date(2025, 6, 30))
    across = term("X", 1, since=date(2020, 1, 1), until=date(2025, 7, 1))
    assert RULES.with_own(retention=[before]).retention == (before,)
    with pytest.raises(RetentionOutOfBounds):
        RULES.with_own(retention=[across])


# --- life --------------------------------------------------------------------------------------------------


def test_the_straight_road_is_open_step_by_step() -> None:
    road = ["received", "read", "checked", "provisional", "valid", "revoked", "archived", "destroyed"]
    assert all(may_become(Status(now), Status(then)) for now, then in pairwise(road))


@pytest.mark.parametrize(
    "rule",
    [
        lambda now, then: now is then,
        lambda now, _then: now is Status.DESTROYED,
        lambda now, then: then is Status.VALID and now is not Status.PROVISIONAL,
        lambda now, then: (
            then is Status.DESTROYED and now not in (Status.ARCHIVED, Status.QUARANTINED, Status.REJECTED)
        ),
        lambda now, then: now is Status.REVOKED and then is not Status.ARCHIVED,
        lambda now, then: (
            now is Status.VALID and then in (Status.DESTROYED, Status.ARCHIVED, Status.REJECTED)
        ),
    ],
)
def test_forbidden_roads_are_closed(rule: Callable[[Status, Status], bool]) -> None:
    roads = [(now, then) for now in Status for then in Status if rule(now, then)]
    assert roads
    assert not any(may_become(now, then) for now, then in roads)


def test_a_lock_ends_with_the_next_year_and_before_its_rule_there_is_none() -> None:
    assert decide_lock(RULES, TODAY) == date(2027, 12, 31)
    assert decide_lock(RULES, date(2026, 1, 1)) == date(2027, 12, 31)
    assert decide_lock(RULES, min(rule.since for rule in RULES.locks) - DAY) is None
