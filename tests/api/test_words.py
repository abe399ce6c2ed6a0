"""Codes in Vietnamese beside them, at the command line: each state, status, weight and role has its words."""

from enum import StrEnum

import pytest

from api.words import in_words
from archive import Status, Weight
from datastore import AccountState, ActorRole, JobState, OwnerState


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("status", Status),
        ("weight", Weight),
        ("role", ActorRole),
        ("account-state", AccountState),
        ("owner-state", OwnerState),
        ("job", JobState),
    ],
)
def test_every_code_that_is_shown_has_words(kind: str, codes: type[StrEnum]) -> None:
    for code in codes:
        words, _, shown = in_words(kind, code.value).rpartition(" / ")
        assert shown == code.value
        assert words not in ("", code.value)
