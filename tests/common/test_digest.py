import pytest

from common import Digest


def test_a_digest_is_read_back_from_what_it_is_written_as() -> None:
    digest = Digest.of(b"giay khai sinh")
    assert Digest.from_hex(digest.hex) == digest


@pytest.mark.parametrize(
    "text", ["", "ab " * 32, "AB" * 32, "ab" * 31, "ab" * 33, "ab" * 32 + "\n", "٠" * 64]
)
def test_a_digest_has_one_way_of_being_written(text: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        Digest.from_hex(text)
