"""Attestations: our separate record about a PDF that arrived signed."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from common.digest import Digest
from signing import (
    AttestationToBeSigned,
    AttestationUnreadable,
    CertificateNotInForce,
    Indication,
    Role,
    TrustBundle,
    WrongSignature,
    attest,
    check_attestation,
    complete_attestation,
    prepare_attestation,
    statement_about,
    validate,
)
from tests.conftest import program
from tests.signing.conftest import NOON, Desk

FILE = Digest.of(b"a file")


def statement(desk: Desk, scan: Path) -> bytes:
    verdict = validate(scan, trust=TrustBundle(), now=desk.clock())
    facts = {"agency": "UBND phường Trường Vinh"}
    return statement_about(FILE, 6, verdict, received_at=NOON, facts=facts)


def test_a_record_says_what_arrived_when_and_how_its_signatures_were(desk: Desk, scan: Path) -> None:
    record = attest(statement(desk, scan), desk.clerk, desk.pki.time_stamps, NOON)
    checked = check_attestation(record, trust=desk.pki.trust, now=NOON, about=FILE)
    assert checked.verdict.indication is Indication.TOTAL_PASSED
    assert checked.statement["file"] == {"sha256": FILE.hex, "size": 6}
    assert checked.statement["verdict"]["reasons"][0]["code"] == "no-signature"
    (signature,) = checked.verdict.signatures
    assert (signature.proven_time, signature.claimed_time, signature.level) == (NOON, NOON, "B-T")


def test_the_statement_is_canonical(desk: Desk, scan: Path) -> None:
    said = statement(desk, scan)
    assert (
        said
        == json.dumps(json.loads(said), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    )


def test_openssl_confirms_a_record(desk: Desk, scan: Path, tmp_path: Path) -> None:
    record, content = tmp_path / "record.der", tmp_path / "statement.json"
    record.write_bytes(attest(statement(desk, scan), desk.clerk, desk.pki.time_stamps, NOON))
    command = ["cms", "-verify", "-inform", "DER", "-noverify", "-in", str(record), "-out", str(content)]
    subprocess.run([program("openssl"), *command], check=True, capture_output=True)
    assert json.loads(content.read_bytes())["kind"] == "khoso-attestation"


def test_a_record_is_signed_in_two_phases_that_may_lie_hours_apart(own_desk: Desk, scan: Path) -> None:
    tbs = prepare_attestation(statement(own_desk, scan), certificate_of=own_desk.clerk, now=NOON)
    kept = AttestationToBeSigned.from_json(tbs.to_json())
    assert kept == tbs
    later = own_desk.clock.forward(hours=5)
    record = complete_attestation(kept, own_desk.clerk.sign(tbs), time_stamps=own_desk.pki.time_stamps)
    (signature,) = check_attestation(record, trust=own_desk.pki.trust, now=later).verdict.signatures
    assert (signature.claimed_time, signature.proven_time) == (NOON, later)


def test_a_signature_of_another_key_or_statement_makes_no_record(desk: Desk, scan: Path) -> None:
    tbs = prepare_attestation(statement(desk, scan), certificate_of=desk.clerk, now=NOON)
    for wrong, raw in (
        (tbs, desk.agency.sign(tbs)),
        (replace(tbs, statement=b"{}"), desk.clerk.sign(tbs)),
    ):
        with pytest.raises(WrongSignature):
            complete_attestation(wrong, raw, time_stamps=desk.pki.time_stamps)


def test_an_expired_certificate_attests_nothing(own_desk: Desk, scan: Path) -> None:
    old = own_desk.clerk
    now = own_desk.clock.forward(days=6 * 365)
    with pytest.raises(CertificateNotInForce):
        prepare_attestation(statement(own_desk, scan), certificate_of=old, now=now)


def test_a_record_about_another_file_fails(desk: Desk, scan: Path) -> None:
    record = attest(statement(desk, scan), desk.clerk, desk.pki.time_stamps, NOON)
    checked = check_attestation(record, trust=desk.pki.trust, now=NOON, about=Digest.of(b"another"))
    assert checked.verdict.indication is Indication.TOTAL_FAILED
    assert [reason.code for reason in checked.verdict.reasons] == ["HASH_FAILURE"]


def test_a_changed_statement_fails(desk: Desk, scan: Path) -> None:
    record = attest(statement(desk, scan), desk.clerk, desk.pki.time_stamps, NOON)
    forged = record.replace(FILE.hex.encode(), Digest.of(b"another").hex.encode())
    checked = check_attestation(forged, trust=desk.pki.trust, now=NOON)
    assert checked.verdict.indication is Indication.TOTAL_FAILED
    assert [reason.code for reason in checked.verdict.reasons] == ["HASH_FAILURE"]


def test_a_record_of_unknown_trust_is_not_called_false(desk: Desk, scan: Path) -> None:
    record = attest(statement(desk, scan), desk.clerk, desk.pki.time_stamps, NOON)
    checked = check_attestation(record, trust=TrustBundle(), now=NOON)
    assert checked.verdict.indication is Indication.INDETERMINATE


def test_a_revoked_attester_is_told(own_desk: Desk, scan: Path) -> None:
    signer = own_desk.pki.signer(Role.OFFICER, "Trần Văn Đức")
    own_desk.pki.revoke(signer.certificate)
    now = own_desk.clock.forward(hours=2)
    record = attest(statement(own_desk, scan), signer, own_desk.pki.time_stamps, now)
    checked = check_attestation(record, trust=own_desk.pki.trust, now=now)
    assert [reason.code for reason in checked.verdict.reasons] == ["REVOKED"]


@pytest.mark.parametrize("record", [b"", b"0\x00", b"%PDF-1.7", b"0\x80" * 20])
def test_what_is_no_record_is_refused(desk: Desk, record: bytes) -> None:
    with pytest.raises(AttestationUnreadable):
        check_attestation(record, trust=desk.pki.trust, now=NOON)


def test_a_signed_text_that_is_no_statement_is_refused(desk: Desk) -> None:
    for text in (b"hello", b'{"kind":"other"}', b'{"kind": "khoso-attestation"}'):
        record = attest(text, desk.clerk, desk.pki.time_stamps, NOON)
        with pytest.raises(AttestationUnreadable):
            check_attestation(record, trust=desk.pki.trust, now=NOON)
