"""Seals: what they say, what fits, and every way in which one may be wrong."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cwt import COSE, COSEKey
from cwt.enums import COSEAlgs
from hypothesis import given, settings
from hypothesis import strategies as st

from common import Digest
from signing import (
    LARGEST_SEAL,
    LONGEST_HOST,
    DigitsDamaged,
    HostTooLong,
    Indication,
    NoProfile,
    NoSeal,
    SealClaims,
    SealKey,
    SealProfile,
    SealTooLarge,
    TrustBundle,
    check_seal,
    check_seal_text,
    from_digits,
    make_seal,
    mask_identifier,
    mask_name,
    names_only,
    read_link,
    seal_link,
    seal_profile,
    to_digits,
)
from signing.cose import ES256, NotStrict, decode, encode, open_sign1, seal_bytes
from signing.seal import _ORDER, FEWEST_DIGITS, _sign

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
KEY = SealKey(generate_private_key(SECP256R1()), "H41.12", NOW - timedelta(30), NOW + timedelta(60))
TRUST = TrustBundle(as_of=NOW, seal_keys=(KEY.public,))
CLAIMS = SealClaims(
    issuer="H41.12",
    document_id=UUID("0193a0b0-0000-7000-8000-000000000001"),
    revision_sha256=Digest.of(b"revision"),
    print_number=7,
    status_index=123_456,
    issued_at=NOW,
    log_leaf=1_234_567,
    pages=3,
    dossier_number="000.00.01.H41-241031-0001",
    procedure_code="1.001193",
    identifier_masked="040090001234",
    paper_name="Giấy khai sinh",
    system_name="Hệ thống thông tin giải quyết thủ tục hành chính tỉnh Nghệ An",
    valid_until=date(2056, 3, 5),
    scope="Toàn quốc",
    fields={"Họ, chữ đệm, tên": "Nguyễn Văn An", "Ngày sinh": "05/03/1990"},
)


def verdict(seal: bytes, now: datetime = NOW, trust: TrustBundle = TRUST) -> tuple[Indication, str]:
    """The indication and the code of the reason."""
    found = check_seal(seal, trust=trust, now=now)
    return found.indication, found.reasons[0].code


def signed_map(claims: dict[object, object]) -> bytes:
    """A seal over any map, signed with the good key."""
    return seal_bytes(encode(claims), ES256, KEY.key_id, lambda data: _sign(KEY, data))


def map_of(seal: bytes) -> dict[object, object]:
    """The claims of a seal as they are written."""
    claims = decode(open_sign1(seal).payload)
    assert isinstance(claims, dict)
    return claims


def test_a_seal_says_what_was_sealed_with_the_identifier_masked() -> None:
    found = check_seal(make_seal(CLAIMS, KEY), trust=TRUST, now=NOW)
    said = replace(CLAIMS, identifier_masked="040******234", profile=date(2023, 5, 25))
    assert (found.indication, found.claims, found.agency) == (Indication.TOTAL_PASSED, said, "H41.12")


def test_what_is_not_sealed_comes_back_as_not_said() -> None:
    bare = SealClaims("H41.12", CLAIMS.document_id, CLAIMS.revision_sha256, 1, 0, NOW)
    found = check_seal(make_seal(bare, KEY), trust=TRUST, now=NOW)
    assert found.claims == replace(bare, profile=date(2023, 5, 25))
    assert found.as_json()["document"] is not None


def test_a_verdict_without_good_claims_shows_none() -> None:
    found = check_seal(b"\x00", trust=TRUST, now=NOW)
    assert found.as_json()["document"] is None
    assert found.reasons[0].vi
    assert found.reasons[0].en


def test_the_second_implementation_accepts_our_seal() -> None:
    pem = KEY.private.public_key()
    public = COSEKey.new(
        {
            1: 2,
            -1: 1,
            3: -7,
            2: KEY.key_id,
            -2: pem.public_numbers().x.to_bytes(32),
            -3: pem.public_numbers().y.to_bytes(32),
        }
    )
    payload = COSE.new().decode(make_seal(CLAIMS, KEY), public)
    assert cbor2.loads(payload)[4] == CLAIMS.revision_sha256.value


def test_we_accept_the_seal_of_the_second_implementation() -> None:
    numbers = KEY.private.private_numbers()
    public = numbers.public_numbers
    private = COSEKey.new(
        {
            1: 2,
            -1: 1,
            3: -7,
            2: KEY.key_id,
            -2: public.x.to_bytes(32),
            -3: public.y.to_bytes(32),
            -4: numbers.private_value.to_bytes(32),
        }
    )
    payload = open_sign1(make_seal(CLAIMS, KEY)).payload
    theirs = COSE.new().encode(payload, private, protected={1: COSEAlgs.ES256, 4: KEY.key_id})
    assert verdict(min(theirs, other_form(theirs), key=half)) == (Indication.TOTAL_PASSED, "seal-genuine")


def half(seal: bytes) -> int:
    """The second half of a seal's signature."""
    return int.from_bytes(seal[-32:])


def other_form(seal: bytes) -> bytes:
    """The seal with the one other signature that anybody can make of its own (n - s for s)."""
    return seal[:-32] + (_ORDER - half(seal)).to_bytes(32)


def test_a_seal_has_one_form_only() -> None:
    for number in range(8):
        seal = make_seal(replace(CLAIMS, print_number=number), KEY)
        assert half(seal) <= _ORDER // 2
        assert verdict(seal) == (Indication.TOTAL_PASSED, "seal-genuine")
        assert verdict(other_form(seal)) == (Indication.TOTAL_FAILED, "seal-signature-wrong")


def test_an_unknown_key_cannot_be_judged() -> None:
    other = TrustBundle(as_of=NOW)
    assert verdict(make_seal(CLAIMS, KEY), trust=other) == (Indication.INDETERMINATE, "seal-key-unknown")


def test_a_changed_byte_of_the_claims_or_the_signature_fails() -> None:
    seal = make_seal(CLAIMS, KEY)
    for place in (seal.index(b"H41.12"), len(seal) - 1):
        changed = bytearray(seal)
        changed[place] ^= 1
        assert verdict(bytes(changed)) == (Indication.TOTAL_FAILED, "seal-signature-wrong")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_single_changed_digit_ever_passes(data: st.DataObject) -> None:
    digits = to_digits(make_seal(CLAIMS, KEY))
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != digits[place]]))
    changed = digits[:place] + other + digits[place + 1 :]
    found = check_seal_text(changed, trust=TRUST, now=NOW)
    assert found.indication is not Indication.TOTAL_PASSED
    assert found.claims is None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_get_a_verdict_and_none_passes(content: bytes) -> None:
    assert check_seal(content, trust=TRUST, now=NOW).indication is not Indication.TOTAL_PASSED


def test_an_expired_key_speaks_for_what_it_sealed_in_its_life() -> None:
    seal = make_seal(replace(CLAIMS, issued_at=KEY.not_after), KEY)
    assert verdict(seal, now=NOW + timedelta(3650)) == (Indication.TOTAL_PASSED, "seal-genuine")


@pytest.mark.parametrize("moved", [timedelta(-31), timedelta(61)])
def test_a_key_outside_its_life_proves_nothing(moved: timedelta) -> None:
    seal = make_seal(replace(CLAIMS, issued_at=NOW + moved), KEY)
    expected = (Indication.INDETERMINATE, "seal-key-not-in-force")
    assert verdict(seal, now=NOW + timedelta(100)) == expected


def test_a_seal_from_the_future_is_not_believed_but_clocks_may_differ_by_minutes() -> None:
    ahead = make_seal(replace(CLAIMS, issued_at=NOW + timedelta(minutes=6)), KEY)
    near = make_seal(replace(CLAIMS, issued_at=NOW + timedelta(minutes=4)), KEY)
    assert verdict(ahead) == (Indication.INDETERMINATE, "seal-from-the-future")
    assert verdict(near) == (Indication.TOTAL_PASSED, "seal-genuine")


def test_a_key_cannot_speak_for_another_agency() -> None:
    seal = make_seal(replace(CLAIMS, issuer="H41.13"), KEY)
    assert verdict(seal) == (Indication.TOTAL_FAILED, "seal-issuer-wrong")


def test_claims_of_a_later_version_cannot_be_judged() -> None:
    later = map_of(make_seal(CLAIMS, KEY)) | {1: 2}
    assert verdict(signed_map(later)) == (Indication.INDETERMINATE, "seal-version-unknown")


@pytest.mark.parametrize(
    "change",
    [
        {99: "x"},
        {3: b"short"},
        {4: b"short"},
        {5: -1},
        {5: True},
        {13: "two\nlines"},
        {13: "a" + "\u0301"},
        {20: {}},
        {20: {"a": 1}},
        {8: 1 << 60},
        {15: 1 << 40},
    ],
)
def test_signed_claims_that_we_would_not_write_are_refused(change: dict[object, object]) -> None:
    claims = map_of(make_seal(CLAIMS, KEY)) | change
    assert verdict(signed_map(claims)) == (Indication.TOTAL_FAILED, "seal-malformed")


def test_signed_claims_without_a_document_or_a_version_are_refused() -> None:
    claims = map_of(make_seal(CLAIMS, KEY))
    for missing in (1, 3):
        cut = {key: value for key, value in claims.items() if key != missing}
        assert verdict(signed_map(cut)) == (Indication.TOTAL_FAILED, "seal-malformed")


def test_another_algorithm_cannot_be_judged() -> None:
    seal = seal_bytes(b"x", -8, KEY.key_id, lambda _data: bytes(64))
    assert verdict(seal) == (Indication.INDETERMINATE, "seal-algorithm-unknown")


def _envelope(*, header: object, unprotected: object = None, parts: int = 4, tag: int = 18) -> bytes:
    seal = open_sign1(make_seal(CLAIMS, KEY))
    protected = header if isinstance(header, bytes) else cbor2.dumps(header, canonical=True)
    value = [protected, unprotected or {}, seal.payload, seal.signature, b""][:parts]
    return cbor2.dumps(cbor2.CBORTag(tag, value), canonical=True)


GOOD_HEADER = {1: -7, 4: KEY.key_id}


@pytest.mark.parametrize(
    "seal",
    [
        make_seal(CLAIMS, KEY) + b"\x00",
        make_seal(CLAIMS, KEY)[1:],
        b"",
        _envelope(header=GOOD_HEADER, tag=98),
        _envelope(header=GOOD_HEADER, parts=3),
        _envelope(header=GOOD_HEADER, parts=5),
        _envelope(header=GOOD_HEADER, unprotected={4: b"x"}),
        _envelope(header={1: -7}),
        _envelope(header={1: -7, 4: b"short"}),
        _envelope(header={1: "ES256", 4: KEY.key_id}),
        _envelope(header={1: -7, 4: KEY.key_id, 2: [4]}),
        _envelope(header={1: -7, 4: KEY.key_id, 16: 5}),
        _envelope(header=b"\xa2\x04\x48" + KEY.key_id + b"\x01\x26"),
        _envelope(header=b"\xa3\x01\x26\x04\x48" + KEY.key_id + b"\x01\x26"),
        _envelope(header=b"\xbf\x01\x26\x04\x48" + KEY.key_id + b"\xff"),
        seal_bytes(b"x", ES256, KEY.key_id, lambda _data: bytes(63)),
        cbor2.dumps(cbor2.CBORTag(18, [1, {}, b"", bytes(64)])),
    ],
    ids=count(),  # the key is another one each time, the tests' names are not
)
def test_an_envelope_in_another_form_fails(seal: bytes) -> None:
    assert verdict(seal) == (Indication.TOTAL_FAILED, "seal-malformed")


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x00",
        b"\x18\x01",
        b"\xa2\x01\x02\x01\x03",
        b"\xa2\x02\x00\x01\x00",
        b"\x9f\x01\xff",
        b"\x5f\x41\x00\xff",
        b"\xf9\x3c\x00",
        b"\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x81\x81\x81\x81\x81\x81\x00",
        b"\xd8\x1c\x81\xd8\x1d\x00",
        b"\xc0\x60",
        b"\xf7",
        b"\xff",
    ],
)
def test_cbor_that_is_not_deterministic_or_not_plain_is_refused(content: bytes) -> None:
    with pytest.raises(NotStrict):
        decode(content)


def test_digits_are_those_of_the_groups() -> None:
    assert to_digits(b"\x00") == "000"
    assert to_digits(b"\xff" * 6) == "281474976710655"
    assert to_digits(b"\xff" * 7) == "72057594037927935"
    assert to_digits(b"\x00" * 7 + b"\x01\x00") == "0" * 17 + "00256"
    lengths = [len(to_digits(bytes(size))) for size in range(1, 8)]
    assert lengths == [3, 5, 8, 10, 13, 15, 17]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64))
def test_digits_give_back_the_bytes_and_nothing_else_gives_the_same_digits(content: bytes) -> None:
    digits = to_digits(content)
    if digits:
        assert from_digits(digits) == content
        assert to_digits(from_digits(digits)) == digits


NOBODYS_DIGITS = ["", "0", "12", "256", "65536", "72057594037927936", "0" * 18, "٠٠٠", "0 0", "-01"]


@pytest.mark.parametrize("digits", NOBODYS_DIGITS)
def test_digits_that_nobody_writes_are_refused(digits: str) -> None:
    with pytest.raises(DigitsDamaged):
        from_digits(digits)


def test_a_link_is_read_whatever_host_it_names() -> None:
    seal = make_seal(CLAIMS, KEY)
    link = seal_link("xacthuc.nghean.gov.vn", seal)
    assert names_only(link, "xacthuc.nghean.gov.vn")
    assert names_only(f" {link.upper()}\n", "xacthuc.nghean.gov.vn")
    assert names_only(link.partition("#")[2], "xacthuc.nghean.gov.vn"), "digits name nobody"
    assert link.startswith("https://xacthuc.nghean.gov.vn/v#")
    for text in (link, link.replace("xacthuc.nghean.gov.vn", "evil.example"), f" {to_digits(seal)}\n"):
        assert read_link(text) == seal


@pytest.mark.parametrize(
    "text", ["", "hello", "https://a.vn/v#", "https://a.vn/w#000", "javascript:000", "https://a.vn/v#0x1"]
)
def test_other_text_is_no_seal(text: str) -> None:
    with pytest.raises(NoSeal):
        check_seal_text(text, trust=TRUST, now=NOW)


@pytest.mark.parametrize("number", ["0912345678", "040090001234", "9" * (FEWEST_DIGITS - 1)])
def test_a_number_too_short_for_a_seal_is_no_seal(number: str) -> None:
    with pytest.raises(NoSeal):
        check_seal_text(number, trust=TRUST, now=NOW)


def test_the_smallest_seal_is_read_from_its_digits() -> None:
    bare = SealClaims("A", CLAIMS.document_id, CLAIMS.revision_sha256, 1, 0, NOW)
    digits = to_digits(make_seal(bare, KEY))
    assert len(digits) >= FEWEST_DIGITS
    assert check_seal_text(digits, trust=TRUST, now=NOW).claims is not None


def test_a_page_shows_its_seal_as_a_link_or_not_at_all() -> None:
    seal = make_seal(CLAIMS, KEY)
    assert read_link(seal_link("a.vn", seal), bare_digits=False) == seal
    for number in (to_digits(seal), "9" * 300):
        with pytest.raises(NoSeal):
            check_seal_text(number, trust=TRUST, now=NOW, bare_digits=False)


def test_damaged_digits_are_a_verdict_with_its_reason() -> None:
    found = check_seal_text("https://a.vn/v#999", trust=TRUST, now=NOW)
    assert (found.indication, found.reasons[0].code) == (Indication.TOTAL_FAILED, "seal-digits-damaged")


def test_a_seal_that_is_too_big_loses_its_fields_first_and_never_its_identifier() -> None:
    long = replace(CLAIMS, fields={f"Mục {i}": "nội dung " * 4 for i in range(12)}, paper_name="Tên " * 60)
    seal = make_seal(long, KEY)
    said = check_seal(seal, trust=TRUST, now=NOW).claims
    assert said is not None
    assert len(seal) <= LARGEST_SEAL
    assert (said.fields, said.scope, said.paper_name) == ({}, None, None)
    assert (said.identifier_masked, said.dossier_number) == ("040******234", CLAIMS.dossier_number)


def test_only_as_many_fields_are_dropped_as_need_be() -> None:
    many = replace(CLAIMS, fields={f"Mục {i:02d}": "nội dung " * 2 for i in range(12)})
    said = check_seal(make_seal(many, KEY), trust=TRUST, now=NOW).claims
    assert said is not None
    assert said.scope == "Toàn quốc"
    assert list(said.fields) == [f"Mục {i:02d}" for i in range(len(said.fields))]


def test_a_seal_that_cannot_fit_is_refused() -> None:
    with pytest.raises(SealTooLarge):
        make_seal(replace(CLAIMS, dossier_number="9" * 500), KEY)


def test_a_host_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(HostTooLong):
        seal_link("h" * (LONGEST_HOST + 1), b"\x00")


def test_a_number_below_zero_is_never_sealed() -> None:
    with pytest.raises(ValueError, match="count from zero"):
        make_seal(replace(CLAIMS, print_number=-1), KEY)


def test_the_profile_of_the_day_decides_and_an_agencys_own_comes_first() -> None:
    own = SealProfile(date(2026, 1, 1), "Quyết định của tỉnh", ("paper_name",), mask_identifier=False)
    assert seal_profile(date(2025, 12, 31), (own,)).since == date(2023, 5, 25)
    assert seal_profile(date(2026, 1, 1), (own,)) is own
    with pytest.raises(NoProfile):
        seal_profile(date(2023, 5, 24))


def test_a_profile_chooses_claims_and_masks_names() -> None:
    profile = SealProfile(date(2026, 1, 1), "x", ("identifier",), mask_identifier=False, mask_names=True)
    seal = make_seal(CLAIMS, KEY, profile=profile, names=["Họ, chữ đệm, tên"])
    said = check_seal(seal, trust=TRUST, now=NOW).claims
    assert said is not None
    assert (said.identifier_masked, said.paper_name) == ("040090001234", None)
    assert said.fields == {"Họ, chữ đệm, tên": "N. V. A.", "Ngày sinh": "05/03/1990"}


def test_only_personal_numbers_are_masked() -> None:
    masked = [mask_identifier(text) for text in ("040090001234", "183456789", "01-USA-X1234567")]
    assert masked == ["040******234", "183***789", "01-*********567"]
    for public in ("0100109106", "0100109106-001", "H41.12", "000.00.01.H41"):
        assert mask_identifier(public) == public
    assert mask_name("Nguyễn Văn An") == "N. V. A."
