"""Codes of documents between systems: read back as written, never room for a personal number."""

import pytest

from ingest import BadExchangeCode, ExchangeCode


@pytest.mark.parametrize("text", ["G06.01_CV_000021_V1", "H41.08_QĐ_1_V12", "000.00.01.H41_CV_7_V1"])
def test_a_code_is_read_back_as_written(text: str) -> None:
    assert str(ExchangeCode.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "G06.01_CV_000021",
        "G06.01_CV_040090001234_V1",
        "H41.040090001234_CV_1_V1",
        "g06.01_cv_1_v1",
        "G06.01_CV_1_V1\n",
        "040090001234.KQ.G15.000031",
        "G06.01_CV_٣_V1",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadExchangeCode):
        ExchangeCode.parse(text)
