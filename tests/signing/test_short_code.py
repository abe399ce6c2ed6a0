"""Short codes: forgiving to read, and no slip of the pen goes unnoticed."""

import re
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import CROCKFORD, BadShortCode, check_short_code, is_meant_as_short_code, new_short_code

CODE = new_short_code()


def test_a_code_is_twelve_characters_and_a_check_character_in_groups() -> None:
    form = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]")
    assert all(form.fullmatch(new_short_code()) for _ in range(50))


def test_codes_differ() -> None:
    assert len({new_short_code() for _ in range(200)}) == 200


def test_the_check_character_is_crockfords() -> None:
    # 1 mod 37 = 1; 32 mod 37 = 32 is no character of the alphabet and is never issued.
    assert check_short_code("000000000001" + "1") == "0000-0000-0001-1"
    with pytest.raises(BadShortCode):
        check_short_code("000000000010" + "*")


def test_small_letters_spaces_and_look_alikes_are_forgiven() -> None:
    # 0000 0000 0101 is 1025, and 1025 mod 37 is 26, the T of the alphabet.
    assert check_short_code("oooo ooooOIol-t") == "0000-0000-0101-T"
    assert check_short_code(f"  {CODE.lower()} ") == CODE
    assert check_short_code(CODE.replace("-", "")) == CODE


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 12), st.sampled_from(CROCKFORD))
def test_every_single_wrong_character_is_found(place: int, other: str) -> None:
    bare = CODE.replace("-", "")
    if bare[place] != other:
        with pytest.raises(BadShortCode):
            check_short_code(bare[:place] + other + bare[place + 1 :])


@pytest.mark.parametrize(
    "typed",
    [CODE, CODE[:-1] + "U", CODE[:6] + CODE[7:], CODE[:3] + "U" + CODE[3:], CODE.replace("-", " ")],
    ids=count(),
)
def test_what_was_meant_as_a_code_is_known_with_its_slip(typed: str) -> None:
    assert is_meant_as_short_code(typed)


@pytest.mark.parametrize(
    "other",
    ["", "print-1.pdf", "giaykhaisinhx", "0" * 17, "/v#12345", "2026-11-25-T01-05", "ảnh-chụp-giấy-1"],
)
def test_what_was_not_meant_as_a_code_is_not_taken_for_one(other: str) -> None:
    assert not is_meant_as_short_code(other)


def test_every_swap_of_neighbours_is_found() -> None:
    bare = CODE.replace("-", "")
    for place in range(11):
        swapped = bare[:place] + bare[place + 1] + bare[place] + bare[place + 2 :]
        if swapped != bare:
            with pytest.raises(BadShortCode):
                check_short_code(swapped)


@pytest.mark.parametrize(
    "text", ["", CODE[:-1], CODE + "0", "UUUU-UUUU-UUUU-U", "?" * 13, "１" * 13], ids=count()
)
def test_other_text_is_no_code(text: str) -> None:
    with pytest.raises(BadShortCode):
        check_short_code(text)
