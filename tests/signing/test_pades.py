"""Signing in two phases: what is written, what is compared, what is refused."""

# mypy: disallow-untyped-calls=False
# Some of pyHanko's readers are untyped.

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pikepdf
import pikepdf.pdfa
import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from common.digest import Digest
from signing import (
    AlreadySigned,
    CertificateNotInForce,
    DocumentChanged,
    FileSigner,
    NotSignable,
    ResultExists,
    Role,
    SignedDocument,
    SignedElsewhere,
    TimeStampUnusable,
    ToBeSigned,
    WrongSignature,
    complete,
    officer_mark,
)
from tests.conftest import program
from tests.signing.conftest import NOON, Desk


def signatures_of(pdf: Path) -> list[EmbeddedPdfSignature]:
    return list(PdfFileReader(BytesIO(pdf.read_bytes())).embedded_signatures)


def attributes_of(signature: EmbeddedPdfSignature) -> set[str]:
    return {attribute["type"].native for attribute in signature.signer_info["signed_attrs"]}


# --- what is written ---------------------------------------------------------------------------------------


def test_poppler_confirms_both_signatures(by_both: SignedDocument) -> None:
    command = [program("pdfsig"), "-nocert", str(by_both.pdf)]
    answer = subprocess.run(command, capture_output=True, check=False).stdout.decode()
    assert answer.count("Signature is Valid.") == 2
    assert answer.count("ETSI.CAdES.detached") == 2
    assert "Total document signed" in answer


def test_both_signatures_are_pades_baseline_t(by_both: SignedDocument) -> None:
    for signature in signatures_of(by_both.pdf):
        assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
        # ETSI EN 319 142-1, 6.3: these three, and no signing time, which is in /M.
        assert attributes_of(signature) == {"content_type", "message_digest", "signing_certificate_v2"}
        (token,) = signature.signer_info["unsigned_attrs"]
        assert token["type"].native == "signature_time_stamp_token"
    assert by_both.level == "B-T"
    assert by_both.signed_at == NOON


def test_the_second_revision_begins_with_the_bytes_of_the_first(
    scan: Path, by_clerk: SignedDocument, by_both: SignedDocument
) -> None:
    assert by_clerk.pdf.read_bytes().startswith(scan.read_bytes())
    assert by_both.pdf.read_bytes().startswith(by_clerk.pdf.read_bytes())
    assert by_both.sha256 == Digest.of_file(by_both.pdf)


def test_the_second_revision_holds_nothing_but_the_signature_and_its_look(by_both: SignedDocument) -> None:
    reader = PdfFileReader(BytesIO(by_both.pdf.read_bytes()))
    rewritten = reader.xrefs.explicit_refs_in_revision(2) & reader.xrefs.explicit_refs_in_revision(1)
    # Of what was there, only the agency's field is written again: no metadata, no catalogue, no page.
    assert [reader.get_object(reference)["/T"] for reference in rewritten] == ["KhosoAgency"]


def test_the_look_kept_free_has_the_frame_of_the_one_that_comes(
    by_clerk: SignedDocument, by_both: SignedDocument
) -> None:
    """Outside validators take a changed frame for a change that DocMDP does not allow (found with EU DSS)."""

    def frame(signed: SignedDocument) -> tuple[list[float], list[float]]:
        with pikepdf.open(signed.pdf) as document:
            look = document.Root.AcroForm.Fields[2].AP.N
            return [float(edge) for edge in look.BBox], [float(number) for number in look.Matrix]

    assert frame(by_clerk) == frame(by_both)


def test_the_first_signature_certifies_and_leaves_room_for_the_others(by_clerk: SignedDocument) -> None:
    with pikepdf.open(by_clerk.pdf) as document:
        (reference,) = document.Root.Perms.DocMDP.Reference
        assert int(reference.TransformParams.P) == 2
        names = [str(field.T) for field in document.Root.AcroForm.Fields]
    assert names == ["KhosoClerk", "KhosoOfficer", "KhosoAgency"]


def test_a_signed_pdf_a_is_still_one(by_both: SignedDocument) -> None:
    report = pikepdf.pdfa.validate_written(by_both.pdf, "2b")
    # The checker knows no forms and no permissions; about everything it knows it is content.
    assert {finding.kind for finding in report.findings} <= {"unsupported"}
    assert {finding.where.rpartition(" ")[2] for finding in report.findings} == {"/AcroForm", "/Perms"}


def test_what_pdf_a_2_asks_of_forms_and_signatures_is_kept(by_both: SignedDocument) -> None:
    with pikepdf.open(by_both.pdf) as document:
        assert str(document.Root.get("/Version", "/1.7")) == "/1.7"  # 6.1.2
        form = document.Root.AcroForm
        assert "/NeedAppearances" not in form  # ISO 19005-2, 6.4.1
        assert "/XFA" not in form
        assert set(document.Root.Perms.keys()) == {"/DocMDP"}
        # 6.1.12: no digest beside a DocMDP reference.
        assert not {"/DigestMethod", "/DigestValue"} & set(document.Root.Perms.DocMDP.Reference[0].keys())
        for field in form.Fields:
            assert int(field.F) == 132
            box = [float(value) for value in field.Rect]
            assert box[0] == box[2] or set(field.AP.keys()) == {"/N"}  # 6.3.3


def test_an_officer_signs_unseen_between_clerk_and_agency(desk: Desk, by_clerk: SignedDocument) -> None:
    officer = desk.pki.signer(Role.OFFICER, "Trần Văn Đức")
    second = desk.signed(by_clerk.pdf, Role.OFFICER, officer, officer_mark())
    third = desk.signed(second.pdf, Role.AGENCY)
    assert [signature.field_name for signature in signatures_of(third.pdf)] == [
        "KhosoClerk",
        "KhosoOfficer",
        "KhosoAgency",
    ]


def test_an_agency_may_be_the_first_to_sign(desk: Desk, scan: Path) -> None:
    signed = desk.signed(scan, Role.AGENCY)
    assert [signature.field_name for signature in signatures_of(signed.pdf)] == ["KhosoAgency"]


def test_an_elliptic_curve_key_signs_and_the_file_stays_below_pdf_2(desk: Desk, scan: Path) -> None:
    signed = desk.signed(scan, Role.CLERK, curve_signer(desk))
    with pikepdf.open(signed.pdf) as document:
        assert str(document.Root.get("/Version", "/1.7")) == "/1.7"
    (signature,) = signatures_of(signed.pdf)
    assert signature.signer_info["signature_algorithm"]["algorithm"].native == "sha256_ecdsa"


def curve_signer(desk: Desk) -> FileSigner:
    """The clerk's certificate again, by the same authority, for a P-256 key."""
    key = ec.generate_private_key(ec.SECP256R1())
    old, issuing = desk.clerk.certificate, desk.pki.signers._authority.issuing
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(issuing.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(old.not_valid_before_utc)
        .not_valid_after(old.not_valid_after_utc)
    )
    for extension in old.extensions:
        if extension.oid != x509.SubjectKeyIdentifier.oid:
            builder = builder.add_extension(extension.value, critical=extension.critical)
    return FileSigner(key, builder.sign(issuing.key, hashes.SHA256()), (issuing.certificate,))


# --- two phases --------------------------------------------------------------------------------------------


def test_what_waits_to_be_signed_survives_as_json(desk: Desk, scan: Path) -> None:
    tbs = desk.prepared(scan, Role.CLERK, desk.clerk)
    again = ToBeSigned.from_json(tbs.to_json())
    assert again == tbs
    assert again.digest == sha256(again.attributes).digest()
    assert again.document_sha256 == Digest.of_file(scan)
    assert again.field == "KhosoClerk"


def test_a_signature_that_comes_hours_later_is_stamped_with_its_own_time(own_desk: Desk, scan: Path) -> None:
    tbs = own_desk.prepared(scan, Role.CLERK, own_desk.clerk)
    kept = tbs.to_json()
    later = own_desk.clock.forward(hours=7)
    signed = complete(
        ToBeSigned.from_json(kept),
        own_desk.clerk.sign(tbs),
        time_stamps=own_desk.pki.time_stamps,
        into=own_desk.folder / "later.pdf",
    )
    assert signed.signed_at == later
    (signature,) = signatures_of(signed.pdf)
    assert signature.self_reported_timestamp == NOON


def test_completing_twice_gives_the_same_file(desk: Desk, scan: Path, tmp_path: Path) -> None:
    tbs = desk.prepared(scan, Role.CLERK, desk.clerk)
    raw = desk.clerk.sign(tbs)
    first = complete(tbs, raw, time_stamps=desk.pki.time_stamps, into=tmp_path / "signed.pdf")
    again = complete(tbs, raw, time_stamps=desk.pki.time_stamps, into=tmp_path / "signed.pdf")
    assert first == again
    assert [path.name for path in tmp_path.iterdir()] == ["signed.pdf"]


# --- what is refused ---------------------------------------------------------------------------------------


def refused(desk: Desk, tbs: ToBeSigned, raw: bytes, folder: Path, error: type[Exception]) -> None:
    """`complete` refuses and leaves nothing behind."""
    with pytest.raises(error):
        complete(tbs, raw, time_stamps=desk.pki.time_stamps, into=folder / "signed.pdf")
    assert not (folder / "signed.pdf").exists()


def test_a_signature_by_another_key_is_refused(desk: Desk, scan: Path, tmp_path: Path) -> None:
    tbs = desk.prepared(scan, Role.CLERK, desk.clerk)
    refused(desk, tbs, desk.agency.sign(tbs), tmp_path, WrongSignature)
    refused(desk, tbs, b"", tmp_path, WrongSignature)


def test_a_signature_of_another_document_is_refused(
    desk: Desk, scan: Path, by_clerk: SignedDocument, tmp_path: Path
) -> None:
    one = desk.prepared(scan, Role.CLERK, desk.clerk)
    other = desk.prepared(by_clerk.pdf, Role.OFFICER, desk.clerk, officer_mark())
    refused(desk, one, desk.clerk.sign(other), tmp_path, WrongSignature)
    mixed = replace(other, prepared=one.prepared)
    refused(desk, mixed, desk.clerk.sign(other), tmp_path, DocumentChanged)


@pytest.mark.parametrize("place", [100, -1])
def test_a_prepared_file_that_was_changed_is_refused(
    desk: Desk, scan: Path, tmp_path: Path, place: int
) -> None:
    tbs = desk.prepared(scan, Role.CLERK, desk.clerk)
    content = bytearray(tbs.prepared.read_bytes())
    content[place] ^= 1
    tbs.prepared.write_bytes(content)
    refused(desk, tbs, desk.clerk.sign(tbs), tmp_path, DocumentChanged)


def test_attributes_that_speak_of_another_digest_are_refused(
    desk: Desk, scan: Path, by_clerk: SignedDocument, tmp_path: Path
) -> None:
    tbs = desk.prepared(scan, Role.CLERK, desk.clerk)
    other = desk.prepared(by_clerk.pdf, Role.OFFICER, desk.clerk, officer_mark())
    forged = replace(tbs, attributes=other.attributes)
    refused(desk, forged, desk.clerk.sign(forged), tmp_path, DocumentChanged)


@pytest.mark.parametrize("place", [(0, 10), (10, 5), (10, 10**9), (200, 300)])
def test_a_place_that_is_not_the_reserved_one_is_refused(
    desk: Desk, scan: Path, tmp_path: Path, place: tuple[int, int]
) -> None:
    tbs = replace(desk.prepared(scan, Role.CLERK, desk.clerk), place=place)
    refused(desk, tbs, desk.clerk.sign(tbs), tmp_path, DocumentChanged)


def test_a_place_that_is_filled_already_is_refused(desk: Desk, scan: Path, tmp_path: Path) -> None:
    tbs = desk.prepared(scan, Role.CLERK, desk.clerk)
    raw = desk.clerk.sign(tbs)
    signed = complete(tbs, raw, time_stamps=desk.pki.time_stamps, into=desk.folder / "filled.pdf")
    refused(desk, replace(tbs, prepared=signed.pdf), raw, tmp_path, AlreadySigned)


def test_a_role_never_signs_twice(desk: Desk, by_clerk: SignedDocument, by_both: SignedDocument) -> None:
    for pdf, role in ((by_clerk.pdf, Role.CLERK), (by_both.pdf, Role.CLERK), (by_both.pdf, Role.AGENCY)):
        with pytest.raises(AlreadySigned) as error:
            desk.prepared(pdf, role, desk.clerk)
        assert error.value.facts == {"roles": role.value}


def test_a_different_file_in_the_way_is_never_overwritten(desk: Desk, scan: Path, tmp_path: Path) -> None:
    tbs = desk.prepared(scan, Role.CLERK, desk.clerk)
    into = tmp_path / "signed.pdf"
    for content in (b"something else", scan.read_bytes()):
        into.write_bytes(content)
        with pytest.raises(ResultExists):
            complete(tbs, desk.clerk.sign(tbs), time_stamps=desk.pki.time_stamps, into=into)
        assert into.read_bytes() == content


def test_a_pdf_that_arrived_signed_is_refused(desk: Desk, shared_data: Path) -> None:
    for name in ("letters/qn_11TB_born_digital.pdf", "signatures/pdf-signed-original.pdf"):
        with pytest.raises(SignedElsewhere):
            desk.prepared(shared_data / name, Role.CLERK, desk.clerk)


def test_a_signature_field_of_ours_in_a_foreign_form_is_refused(
    desk: Desk, by_clerk: SignedDocument, altered: Callable[[bytes], Path]
) -> None:
    renamed = by_clerk.pdf.read_bytes().replace(b"(KhosoAgency)", b"(KhosoAnders)")
    with pytest.raises(SignedElsewhere):
        desk.prepared(altered(renamed), Role.AGENCY, desk.agency)


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"%PDF-1.4\n%%EOF\n", b"no pdf at all"])
def test_what_is_no_pdf_is_refused_by_name(
    desk: Desk, altered: Callable[[bytes], Path], content: bytes
) -> None:
    with pytest.raises(NotSignable):
        desk.prepared(altered(content), Role.CLERK, desk.clerk)


def test_an_encrypted_pdf_is_refused(desk: Desk, scan: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked.pdf"
    with pikepdf.open(scan) as document:
        document.save(locked, encryption=pikepdf.Encryption(owner="o", user=""))
    with pytest.raises(NotSignable):
        desk.prepared(locked, Role.CLERK, desk.clerk)


def test_an_expired_certificate_does_not_sign(own_desk: Desk, scan: Path) -> None:
    old = own_desk.clerk
    own_desk.clock.forward(days=6 * 365)
    with pytest.raises(CertificateNotInForce):
        own_desk.prepared(scan, Role.CLERK, old)


class OtherStamps:
    """A time-stamp service that answers something else."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def stamp(self, digest: bytes) -> bytes:
        return self.answer


def test_a_time_stamp_of_something_else_is_refused(desk: Desk, scan: Path, tmp_path: Path) -> None:
    tbs = desk.prepared(scan, Role.CLERK, desk.clerk)
    raw = desk.clerk.sign(tbs)
    foreign = desk.pki.time_stamps.stamp(b"\x00" * 32)
    no_token = cms.ContentInfo({"content_type": "data", "content": b"x"}).dump()
    for answer in (foreign, no_token, b"", b"<html>"):
        with pytest.raises(TimeStampUnusable):
            complete(tbs, raw, time_stamps=OtherStamps(answer), into=tmp_path / "signed.pdf")
    assert not (tmp_path / "signed.pdf").exists()


def test_no_part_of_a_file_is_left_beside_the_result(desk: Desk, by_both: SignedDocument) -> None:
    assert not [path for path in desk.folder.rglob("*") if re.search(r"\.part$", path.name)]
