"""Codes in Vietnamese beside them, at the command line: each state, status, weight and role has its words."""

from enum import StrEnum

import pytest

from api.words import field_in_words, in_words
from archive import Status, Weight
from datastore import AccountState, ActorRole, JobState, OwnerState
from ingest import field_names, load_catalogue


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


def test_every_field_of_every_type_is_called_as_its_forms_print_it() -> None:
    """`khoso read` named them in English only."""
    for doc_type in (None, *load_catalogue().all()):
        for name in field_names(doc_type):
            words, _, code = field_in_words(doc_type, name).rpartition(" / ")
            assert (code, bool(words), "/ " in words) == (name, True, False)
    marriage, card = (load_catalogue().find(code) for code in ("KET_HON", "CAN_CUOC"))
    assert field_in_words(marriage, "wife_ethnicity") == "Dân tộc (Họ, chữ đệm, tên vợ) / wife_ethnicity"
    assert field_in_words(card, "sex") == "Giới tính / sex"
    assert field_in_words(None, "signer") == "Người ký / signer"
    assert field_in_words(None, "of_another_version") == "of_another_version"
