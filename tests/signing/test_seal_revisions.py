"""A seal speaks for the revision it names and for every later file that begins with it."""

from hashlib import sha256
from pathlib import Path

import pytest

from common import Digest
from signing import begins_with_revision

FIRST = b"%PDF-1.7\nfirst\n%%EOF"


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r", b"\r\n"])
def test_a_later_revision_begins_with_the_sealed_one(tmp_path: Path, ending: bytes) -> None:
    later = tmp_path / "later.pdf"
    later.write_bytes(FIRST + ending + b"\nsecond\n%%EOF\n")
    sealed = Digest(sha256(FIRST + ending).digest())
    assert begins_with_revision(later, sealed)
    assert begins_with_revision(later, Digest.of_file(later))


def test_another_file_or_a_cut_in_the_middle_is_not_the_sealed_one(tmp_path: Path) -> None:
    later = tmp_path / "later.pdf"
    later.write_bytes(FIRST + b"\nsecond\n%%EOF\n")
    assert not begins_with_revision(later, Digest.of(FIRST[:12]))
    assert not begins_with_revision(later, Digest.of(b"other"))


def test_a_file_without_any_end_mark_is_compared_whole(tmp_path: Path) -> None:
    plain, empty = tmp_path / "plain", tmp_path / "empty"
    plain.write_bytes(b"a picture")
    empty.write_bytes(b"")
    assert begins_with_revision(plain, Digest.of(b"a picture"))
    assert begins_with_revision(empty, Digest.of(b""))
    assert not begins_with_revision(empty, Digest.of(b"a picture"))


def test_a_file_full_of_end_marks_is_answered_from_its_first_thousand(tmp_path: Path) -> None:
    flood, mark = tmp_path / "flood.pdf", b"%%EOF\n"
    flood.write_bytes(mark * 200_000)
    assert begins_with_revision(flood, Digest.of(mark * 999))
    assert begins_with_revision(flood, Digest.of_file(flood))
    assert not begins_with_revision(flood, Digest.of(mark * 5000))
