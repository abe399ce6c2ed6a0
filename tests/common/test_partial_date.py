import pytest

from common import PartialDate


@pytest.mark.parametrize("text", ["1990", "1990-05", "1990-05-03"])
def test_a_date_is_written_as_it_was_read(text: str) -> None:
    assert str(PartialDate.parse(text)) == text


@pytest.mark.parametrize("text", ["١٩٩٠", "1990-٠٥", "1990-5", "1990-02-30", "1990\n"])
def test_what_is_no_iso_date_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|month|day"):
        PartialDate.parse(text)
