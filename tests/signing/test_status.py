"""The status list: what it says, and that only a known key makes one."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import LogKey, Standing, StatusList, StatusListNotGenuine, StatusListOverdue, TrustBundle
from signing.cose import EDDSA, encode, seal_bytes

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
KEY = LogKey(Ed25519PrivateKey.generate(), "H41", NOW - timedelta(1), NOW + timedelta(30))
TRUST = TrustBundle(as_of=NOW, log_keys=(KEY.public,))


def a_list(standings: dict[int, Standing] | None = None) -> StatusList:
    """A list of today for the agency of the key."""
    given = standings if standings is not None else {0: Standing.GOOD, 3: Standing.REVOKED}
    return StatusList.of("H41", given, as_of=NOW, next_update=NOW + timedelta(days=1))


def test_a_list_says_for_every_index_what_was_put_in() -> None:
    found = StatusList.from_bytes(a_list().to_bytes(KEY), trust=TRUST)
    assert found == a_list()
    assert [found.standing(index).word for index in range(5)] == [
        "good",
        "unknown",
        "unknown",
        "revoked",
        "unknown",
    ]


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.integers(0, 300), st.sampled_from(Standing)))
def test_any_standings_come_back(standings: dict[int, Standing]) -> None:
    found = StatusList.from_bytes(a_list(standings).to_bytes(KEY), trust=TRUST)
    assert {index: found.standing(index) for index in standings} == standings


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(st.integers(0, 30), st.sampled_from(Standing)),
    st.dictionaries(st.integers(0, 60), st.sampled_from(Standing)),
)
def test_in_the_list_that_follows_only_what_changed_stands_otherwise(
    before: dict[int, Standing], changed: dict[int, Standing]
) -> None:
    later = NOW + timedelta(hours=1)
    followed = a_list(before).changed(changed, as_of=later, next_update=later + timedelta(days=1))
    assert {index: followed.standing(index) for index in range(61)} == {
        index: (before | changed).get(index, Standing.UNKNOWN) for index in range(61)
    }
    assert followed.as_of == later


def test_outside_the_list_and_for_numbers_not_in_use_nothing_is_known() -> None:
    strange = StatusList("H41", NOW, NOW + timedelta(1), b"\xf1")
    assert [strange.standing(index) for index in (-1, 1, 2)] == [Standing.UNKNOWN] * 3


def test_an_old_list_still_answers_and_says_that_it_is_old() -> None:
    found = a_list()
    assert not found.stale(NOW + timedelta(hours=24))
    assert found.stale(NOW + timedelta(hours=25))
    assert found.standing(3) is Standing.REVOKED


def test_every_changed_byte_is_refused() -> None:
    content = a_list().to_bytes(KEY)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(StatusListNotGenuine):
            StatusList.from_bytes(bytes(changed), trust=TRUST)


def test_a_key_that_nobody_named_is_refused() -> None:
    with pytest.raises(StatusListNotGenuine):
        StatusList.from_bytes(a_list().to_bytes(KEY), trust=TrustBundle())


def test_a_key_of_another_agency_or_out_of_its_time_is_refused() -> None:
    for agency, moved in (("H42", timedelta(0)), ("H41", timedelta(40))):
        other = StatusList.of(agency, {}, as_of=NOW + moved, next_update=NOW + timedelta(50))
        with pytest.raises(StatusListNotGenuine):
            StatusList.from_bytes(other.to_bytes(KEY), trust=TRUST)


@pytest.mark.parametrize(
    "payload",
    [
        {1: 2, 2: "H41", 3: 1, 4: 2, 5: b""},
        {1: 1, 2: "H41", 3: 1, 4: 2},
        {1: 1, 2: "H41", 3: 1, 4: 2, 5: b"", 6: 0},
        {1: 1, 2: "H41", 3: "1", 4: 2, 5: b""},
        {1: 1, 2: "H41", 3: 1 << 62, 4: 1 << 63, 5: b""},
        {1: 1, 2: "H41", 3: 5, 4: 5, 5: b""},
        [],
    ],
)
def test_a_signed_list_in_another_form_is_refused(payload: object) -> None:
    content = seal_bytes(encode(payload), EDDSA, KEY.key_id, KEY.private.sign, kind="khoso-status-list")
    with pytest.raises(StatusListNotGenuine):
        StatusList.from_bytes(content, trust=TRUST)


def test_another_thing_signed_with_the_same_key_is_no_status_list() -> None:
    payload = encode({1: 1, 2: "H41", 3: int(NOW.timestamp()), 4: int(NOW.timestamp()) + 9, 5: b""})
    for kind in (None, "khoso-manifest"):
        content = seal_bytes(payload, EDDSA, KEY.key_id, KEY.private.sign, kind=kind)
        with pytest.raises(StatusListNotGenuine):
            StatusList.from_bytes(content, trust=TRUST)


def test_a_list_that_ends_before_it_begins_is_not_made() -> None:
    with pytest.raises(StatusListOverdue):
        StatusList.of("H41", {}, as_of=NOW, next_update=NOW)


def test_a_list_beyond_64_mib_is_not_opened() -> None:
    with pytest.raises(StatusListNotGenuine):
        StatusList.from_bytes(bytes((64 << 20) + 1), trust=TRUST)
