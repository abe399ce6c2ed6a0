"""Values in the form of their kind, and the doubt where the text leaves open which value holds."""

import pytest

from ingest.catalogue import Kind
from ingest.normalise import normalised


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.SEX, "Nữ", "Nữ"),
        (Kind.YEAR, "Năm 1990", "1990"),
        (Kind.YEAR, "01/02/1990", "1990"),
        (Kind.DATE, "5.3.1990", "1990-03-05"),
        (Kind.DATE, "05/03/1990 (ngày 05 tháng 03 năm 1990)", "1990-03-05"),
        (Kind.PERSONAL_ID, "040 090 001 234", "040090001234"),
    ],
)
def test_a_value_that_stands_there_alone_is_sure(kind: Kind, text: str, value: str) -> None:
    assert normalised(text, kind) == (value, True)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.SEX, "Nam □ Nữ ☒"),
        (Kind.SEX, "Nam x Nữ"),
        (Kind.YEAR, "01/02/199O"),
        (Kind.YEAR, "số 1985 đường Lê Lợi, 1990"),
        (Kind.DATE, "01/02/199O"),
        (Kind.DATE, "05/03/1990 đến 05/03/2030"),
        (Kind.DATE, "05/03/1990 đến 06/03/1990"),
        (Kind.DATE, "ngày 05 tháng 3 năm 1990 đến ngày 06 tháng 3 năm 1990"),
        (Kind.PERSONAL_ID, "040090001234, 040090001235"),
        (Kind.ID_PAPER, "Hộ chiếu B1234567 số cũ 123456789"),
    ],
)
def test_a_text_that_holds_two_values_or_a_letter_among_the_figures_is_not_sure(
    kind: Kind, text: str
) -> None:
    assert not normalised(text, kind)[1]
