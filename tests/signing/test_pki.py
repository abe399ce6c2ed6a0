"""The development PKI: made once, whole or not at all, private, honest about what it is."""

import json
import logging
import multiprocessing
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from common.messages import say
from signing import (
    AuthorityFacts,
    DevelopmentKeysInProduction,
    DevelopmentPki,
    DevelopmentSigners,
    FactsNotGenuine,
    FileSigner,
    KeyUnreadable,
    PkiDamaged,
    Role,
    open_log_key,
    other_keys,
)
from tests.signing.conftest import AGENCY, CLERK, NOON, Desk, FrozenClock


def test_keys_made_on_first_start_are_the_same_later(own_desk: Desk) -> None:
    again = DevelopmentPki.make_or_open(own_desk.folder / "keys", own_desk.clock, agency=AGENCY)
    assert again.trust.roots == own_desk.pki.trust.roots
    assert again.signer(Role.CLERK, CLERK).certificate == own_desk.clerk.certificate
    assert again.seal_key(AGENCY).key_id == own_desk.pki.seal_key(AGENCY).key_id
    assert again.log_key.key_id == own_desk.pki.log_key.key_id


def test_every_file_of_the_keys_is_for_its_owner_alone(own_desk: Desk) -> None:
    own_desk.pki.seal_key(AGENCY)
    own_desk.pki.revoke(own_desk.clerk.certificate)
    files = list((own_desk.folder / "keys").iterdir())
    assert len(files) == 5
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_no_name_of_a_person_stands_in_a_file_name(own_desk: Desk) -> None:
    own_desk.pki.signer(Role.CLERK, "Tran")
    assert not [file.name for file in (own_desk.folder / "keys").iterdir() if "ran" in file.name.lower()]


def _open_in_a_process(folder: str) -> bytes:
    pki = DevelopmentPki.make_or_open(Path(folder), FrozenClock(NOON), agency=AGENCY)
    certificate = pki.signer(Role.CLERK, CLERK).certificate.public_bytes(Encoding.DER)
    return pki.trust.roots[0] + certificate


def test_processes_that_start_together_share_one_set_of_keys(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        answers = pool.map(_open_in_a_process, [str(tmp_path)] * 6)
    assert len(set(answers)) == 1


def test_what_a_kill_left_behind_is_never_half_a_pki(tmp_path: Path) -> None:
    (tmp_path / ".authority.json.0011223344556677").write_bytes(b'{"root": "{')
    pki = DevelopmentPki.make_or_open(tmp_path, FrozenClock(NOON), agency=AGENCY)
    assert len(pki.trust.roots) == 1


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"root": "x", "made": "y"}', b"\xff"])
def test_a_damaged_key_file_is_told_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "authority.json").write_bytes(content)
    with pytest.raises(PkiDamaged) as error:
        DevelopmentPki.make_or_open(tmp_path, FrozenClock(NOON), agency=AGENCY)
    assert error.value.facts == {"file": "authority.json"}
    assert (tmp_path / "authority.json").read_bytes() == content


def test_the_log_key_lies_apart_and_each_role_opens_its_own(tmp_path: Path) -> None:
    whole = DevelopmentPki.make_or_open(tmp_path, FrozenClock(NOON), agency=AGENCY)
    assert "log" not in json.loads((tmp_path / "authority.json").read_text())
    for one, key in (("signer", "authority.json"), ("archivist", "log.json")):
        (tmp_path / one).mkdir(mode=0o700)
        (tmp_path / key).rename(tmp_path / one / key)
    signers = DevelopmentSigners.make_or_open(tmp_path / "signer", FrozenClock(NOON), agency=AGENCY)
    log_key = open_log_key(tmp_path / "archivist", FrozenClock(NOON), code="other")
    assert signers.facts().roots == whole.signers.facts().roots
    assert log_key.public == whole.log_key.public
    assert other_keys(tmp_path / "signer", signers=True, log=False) == []
    assert other_keys(tmp_path / "archivist", signers=True, log=False) == ["log.json"]
    assert other_keys(tmp_path / "signer", signers=False, log=True) == ["authority.json"]


def test_a_log_key_of_the_first_version_stays_the_same(tmp_path: Path) -> None:
    before = DevelopmentPki.make_or_open(tmp_path, FrozenClock(NOON), agency=AGENCY).log_key
    old = json.loads((tmp_path / "authority.json").read_text()) | json.loads(
        (tmp_path / "log.json").read_text()
    )
    (tmp_path / "authority.json").write_text(json.dumps(old))
    (tmp_path / "log.json").unlink()
    assert (
        DevelopmentPki.make_or_open(tmp_path, FrozenClock(NOON), agency=AGENCY).log_key.public
        == before.public
    )


def test_an_authority_is_believed_only_under_a_root_that_is_known(tmp_path: Path) -> None:
    ours, others = (
        DevelopmentSigners.make_or_open(tmp_path / name, FrozenClock(NOON), agency=AGENCY)
        for name in ("ours", "others")
    )
    ours.seal_key(AGENCY)
    facts = AuthorityFacts.from_bytes(ours.signed_facts(), roots=ours.facts().roots)
    assert facts == ours.facts()
    for said, roots in ((ours.signed_facts(), others.facts().roots), (b"{}", ours.facts().roots)):
        with pytest.raises(FactsNotGenuine):
            AuthorityFacts.from_bytes(said, roots=roots)
    forged = json.loads(ours.signed_facts()) | {"payload": json.loads(others.signed_facts())["payload"]}
    both = (*ours.facts().roots, *others.facts().roots)
    with pytest.raises(FactsNotGenuine):
        AuthorityFacts.from_bytes(json.dumps(forged).encode(), roots=both)


def test_production_refuses_development_keys_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(DevelopmentKeysInProduction):
        DevelopmentPki.make_or_open(tmp_path / "keys", FrozenClock(NOON), agency=AGENCY, production=True)
    assert not (tmp_path / "keys").exists()


def test_development_keys_say_loudly_what_they_are(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "signing"):
        pki = DevelopmentPki.make_or_open(tmp_path, FrozenClock(NOON), agency=AGENCY)
    assert pki.warning == say("development_keys")
    assert "KHÔNG có giá trị pháp lý" in caplog.text


def test_development_keys_are_silent_until_one_of_them_signs_or_seals(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every command said it, also one that only listed a store: nobody read it any more where it mattered."""

    def opened() -> DevelopmentPki:
        return DevelopmentPki.make_or_open(tmp_path, FrozenClock(NOON), agency=AGENCY)

    opened()
    uses: tuple[Callable[[DevelopmentPki], object], ...] = (
        lambda pki: pki.signer(Role.CLERK, CLERK),
        lambda pki: pki.seal_key(AGENCY),
    )
    with caplog.at_level(logging.WARNING, "signing"):
        caplog.clear()
        assert opened().trust.roots
        assert caplog.text == ""
        for use in uses:
            caplog.clear()
            pki = opened()
            use(pki)
            use(pki)
            assert caplog.text.count("WARNING: development") == 1


def test_certificates_carry_name_agency_and_purpose(own_desk: Desk) -> None:
    certificate = own_desk.clerk.certificate
    subject = certificate.subject.rfc4514_string()
    assert f"CN={CLERK}" in subject
    assert f"O={AGENCY}" in subject
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert isinstance(certificate.public_key(), rsa.RSAPublicKey)


def test_a_name_longer_than_a_certificate_allows_is_cut_there(own_desk: Desk) -> None:
    name = "ỦY BAN NHÂN DÂN " * 20
    certificate = own_desk.pki.signer(Role.AGENCY, name).certificate
    (common,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert isinstance(common.value, str)
    assert name.startswith(common.value)
    assert 56 <= len(common.value.encode()) <= 64


def test_an_expired_certificate_is_followed_by_a_new_one(own_desk: Desk) -> None:
    old = own_desk.clerk
    own_desk.clock.forward(days=6 * 365)
    new = own_desk.clerk
    assert new.certificate.serial_number != old.certificate.serial_number
    assert new.certificate.not_valid_before_utc <= own_desk.clock() <= new.certificate.not_valid_after_utc


def test_a_revoked_certificate_stands_on_the_list_and_is_followed_by_a_new_one(own_desk: Desk) -> None:
    old = own_desk.clerk.certificate
    before = x509.load_der_x509_crl(own_desk.pki.trust.crls[1])
    own_desk.pki.revoke(old)
    after = x509.load_der_x509_crl(own_desk.pki.trust.crls[1])
    assert before.get_revoked_certificate_by_serial_number(old.serial_number) is None
    assert after.get_revoked_certificate_by_serial_number(old.serial_number) is not None
    assert own_desk.clerk.certificate.serial_number != old.serial_number


def test_revocation_lists_are_never_older_than_an_hour(own_desk: Desk) -> None:
    first = own_desk.pki.trust.crls
    own_desk.clock.forward(minutes=30)
    assert own_desk.pki.trust.crls == first
    own_desk.clock.forward(days=400)
    fresh = x509.load_der_x509_crl(own_desk.pki.trust.crls[0])
    assert fresh.next_update_utc is not None
    assert fresh.next_update_utc > own_desk.clock() + timedelta(days=6)


def test_no_list_in_use_is_older_than_a_certificate_it_speaks_of(own_desk: Desk) -> None:
    """Outside validators take such a list for one of another time and cannot tell (found with EU DSS)."""
    own_desk.pki.trust  # noqa: B018 - the lists are made, and kept
    for _ in range(4):
        own_desk.clock.forward(minutes=25)
        certificate = own_desk.pki.signer(Role.OFFICER, f"{own_desk.clock()}").certificate
        listed = x509.load_der_x509_crl(own_desk.pki.trust.crls[1])
        assert certificate.not_valid_before_utc <= listed.last_update_utc <= own_desk.clock()


def test_certificates_name_where_issuer_and_list_would_be(own_desk: Desk) -> None:
    token = cms.ContentInfo.load(own_desk.pki.time_stamps.stamp(bytes(32)))
    stamps = x509.load_der_x509_certificate(token["content"]["certificates"][0].dump())
    for certificate in (own_desk.clerk.certificate, own_desk.clerk.chain[0], stamps):
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        assert [item.access_method for item in access] == [AuthorityInformationAccessOID.CA_ISSUERS]
        assert [len(point.full_name or ()) for point in points] == [1]


def test_a_seal_key_is_p256_belongs_to_its_agency_and_is_followed_when_it_expires(own_desk: Desk) -> None:
    first = own_desk.pki.seal_key(AGENCY)
    other = own_desk.pki.seal_key("UBND xã Kim Liên")
    own_desk.clock.forward(days=3 * 365)
    later = own_desk.pki.seal_key(AGENCY)
    assert isinstance(first.private.curve, ec.SECP256R1)
    assert len({first.key_id, other.key_id, later.key_id}) == 3
    assert len(first.key_id) == 8
    assert {key.key_id for key in own_desk.pki.trust.seal_keys} == {first.key_id, other.key_id, later.key_id}


def test_a_damaged_seal_key_is_told(own_desk: Desk) -> None:
    own_desk.pki.seal_key(AGENCY)
    file = next((own_desk.folder / "keys").glob("seal-*.json"))
    file.write_text(file.read_text(encoding="utf-8").replace("BEGIN", "BEGUN"), encoding="utf-8")
    with pytest.raises(PkiDamaged):
        own_desk.pki.seal_key(AGENCY)


def test_a_key_file_with_a_password_opens_with_it_alone(own_desk: Desk, tmp_path: Path) -> None:
    signer = own_desk.clerk
    key, certificates = tmp_path / "clerk.key", tmp_path / "clerk.pem"
    key.write_bytes(
        signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )
    certificates.write_bytes(signer.certificate.public_bytes(Encoding.PEM))
    assert FileSigner.open(key, certificates, password=b"secret").certificate == signer.certificate
    for password in (None, b"wrong"):
        with pytest.raises(KeyUnreadable):
            FileSigner.open(key, certificates, password=password)


def test_a_key_that_is_not_the_certificates_is_refused(own_desk: Desk, tmp_path: Path) -> None:
    key, certificates = tmp_path / "a.key", tmp_path / "b.pem"
    key.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        )
    )
    certificates.write_bytes(own_desk.clerk.certificate.public_bytes(Encoding.PEM))
    with pytest.raises(KeyUnreadable):
        FileSigner.open(key, certificates, password=b"secret")
    with pytest.raises(KeyUnreadable):
        FileSigner.open(tmp_path / "missing.key", certificates)
