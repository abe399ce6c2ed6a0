"""Forgeries that need no key, and what else was once taken for harmless: none of it passes."""

# mypy: disallow-untyped-calls=False
# pyHanko's PDF object classes have untyped constructors.

import os
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import keys, x509
from cryptography import x509 as x
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, SignatureObject
from pyhanko_certvalidator.registry import SimpleCertificateStore

from ingest import FileMissing
from signing import (
    DocumentChanged,
    FileSigner,
    Indication,
    Role,
    SignedDocument,
    SignedElsewhere,
    cms,
    validate,
)
from signing.judge import judge_signatures
from signing.pades import _draw_mark
from signing.verdict import SignatureVerdict, worst
from tests.signing.conftest import Desk

PASSED, UNKNOWN, FAILED = Indication.TOTAL_PASSED, Indication.INDETERMINATE, Indication.TOTAL_FAILED


def judged(content: bytes, desk: Desk) -> list[SignatureVerdict]:
    return judge_signatures(content, desk.pki.trust, desk.clock())


def overall(content: bytes, desk: Desk) -> Indication:
    return worst(verdict.indication for verdict in judged(content, desk))


def updated(content: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """The file with one more revision, as an attacker writes it."""
    writer = IncrementalPdfFileWriter(BytesIO(content))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def with_two_stamps(*, form: bool = False) -> bytes:
    """A blank page with two stamps, one over the other; with a text field whose value stands above it."""
    document = pikepdf.new()
    document.add_blank_page(page_size=(595, 842))

    def stamp(colour: str) -> pikepdf.Object:
        look = document.make_stream(
            f"{colour} rg 0 0 300 100 re f".encode(),
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Form,
            BBox=[0, 0, 300, 100],
        )
        return document.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Stamp,
                Rect=[100, 100, 400, 200],
                F=4,
                AP=pikepdf.Dictionary(N=look),
            )
        )

    page = document.pages[0].obj
    page["/Annots"] = pikepdf.Array([stamp("1 0 0"), stamp("0 1 0")])
    if form:
        box = document.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, T="b", Rect=[10, 10, 110, 30]
            )
        )
        above = document.make_indirect(
            pikepdf.Dictionary(T="a", FT=pikepdf.Name.Tx, V="100", Kids=pikepdf.Array([box]))
        )
        box["/Parent"] = above
        document.Root["/AcroForm"] = pikepdf.Dictionary(Fields=pikepdf.Array([above]), DA="/F 12 Tf")
        page["/Annots"].append(box)
    out = BytesIO()
    document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, force_version="1.7")
    return out.getvalue()


def other_software(signer: FileSigner) -> SimpleSigner:
    """The same key in the hands of another program, which knows nothing of our fields."""
    store = SimpleCertificateStore()
    store.register_multiple([x509.Certificate.load(item.public_bytes(Encoding.DER)) for item in signer.chain])
    key = signer.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SimpleSigner(
        signing_cert=x509.Certificate.load(signer.certificate.public_bytes(Encoding.DER)),
        signing_key=keys.PrivateKeyInfo.load(key),
        cert_registry=store,
    )


def approved(
    content: bytes,
    signer: FileSigner,
    name: str = "Sig1",
    *,
    permission: fields.MDPPerm | None = None,
    password: str | None = None,
) -> bytes:
    """The file with one signature by other software; with a permission it certifies."""
    writer = IncrementalPdfFileWriter(BytesIO(content))
    if password is not None:
        writer.encrypt(password)
    metadata = PdfSignatureMetadata(
        field_name=name,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=permission is not None,
        docmdp_permissions=permission or fields.MDPPerm.FILL_FORMS,
    )
    out = BytesIO()
    PdfSigner(metadata, other_software(signer)).sign_pdf(writer, output=out)
    return out.getvalue()


# --- a signature without a key -----------------------------------------------------------------------------

NO_SIGNATURES = {
    "an empty dictionary": generic.DictionaryObject(),
    "zero": generic.NumberObject(0),
    "false": generic.BooleanObject(False),
    "an empty array": generic.ArrayObject(),
    "an empty string": generic.TextStringObject(""),
    "a name": pdf_name("/x"),
    "a dictionary of the right type": generic.DictionaryObject({pdf_name("/Type"): pdf_name("/Sig")}),
}


def agency_field(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    field = writer.root["/AcroForm"]["/Fields"][2]
    assert isinstance(field, generic.DictionaryObject)
    return field


@pytest.mark.parametrize("value", NO_SIGNATURES.values(), ids=NO_SIGNATURES)
def test_an_agencys_mark_over_a_value_that_is_no_signature_fails(
    desk: Desk, by_clerk: SignedDocument, value: generic.PdfObject
) -> None:
    def forge(writer: IncrementalPdfFileWriter) -> None:
        field = agency_field(writer)
        field[pdf_name("/V")] = value
        _draw_mark(writer, desk.mark(Role.AGENCY))
        writer.update_container(field)

    clerk, agency = sorted(
        judged(updated(by_clerk.pdf.read_bytes(), forge), desk), key=lambda one: one.field, reverse=True
    )
    assert (agency.field, agency.indication, agency.reasons[0].code) == (
        "KhosoAgency",
        FAILED,
        "FORMAT_FAILURE",
    )
    assert (clerk.field, clerk.indication) == ("KhosoClerk", UNKNOWN)
    assert "annotations" in clerk.changes


def test_an_agencys_mark_without_any_value_is_a_change(desk: Desk, by_clerk: SignedDocument) -> None:
    (clerk,) = judged(
        updated(by_clerk.pdf.read_bytes(), lambda writer: _draw_mark(writer, desk.mark(Role.AGENCY))), desk
    )
    assert (clerk.indication, "annotations" in clerk.changes) == (UNKNOWN, True)


@pytest.mark.parametrize("copied", [False, True], ids=["lent", "copied"])
def test_the_clerks_signature_in_the_agencys_field_never_passes(
    desk: Desk, by_clerk: SignedDocument, copied: bool
) -> None:
    def forge(writer: IncrementalPdfFileWriter) -> None:
        clerk, field = writer.root["/AcroForm"]["/Fields"][0], agency_field(writer)
        lent = clerk.raw_get("/V")
        field[pdf_name("/V")] = writer.add_object(lent.get_object()) if copied else lent
        _draw_mark(writer, desk.mark(Role.AGENCY))
        writer.update_container(field)

    assert overall(updated(by_clerk.pdf.read_bytes(), forge), desk) is not PASSED


def box_of_nobody(writer: IncrementalPdfFileWriter, value: generic.PdfObject) -> None:
    """A signature's box over the whole page that hangs in no form."""
    page = writer.root["/Pages"]["/Kids"][0]
    look = generic.StreamObject(stream_data=b"0 0 1 rg 0 0 500 700 re f")
    look[pdf_name("/Subtype")] = pdf_name("/Form")
    look[pdf_name("/BBox")] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 500, 700)))
    box = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Widget"),
            pdf_name("/FT"): pdf_name("/Sig"),
            pdf_name("/T"): generic.TextStringObject("x"),
            pdf_name("/F"): generic.NumberObject(4),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (50, 50, 550, 750))),
            pdf_name("/V"): value,
            pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): writer.add_object(look)}),
        }
    )
    page["/Annots"].append(writer.add_object(box))
    writer.update_container(page["/Annots"])


def test_a_signatures_box_outside_the_form_is_a_change(desk: Desk) -> None:
    signed = approved(with_two_stamps(), desk.agency)
    assert overall(signed, desk) is PASSED

    def lend(writer: IncrementalPdfFileWriter) -> None:
        box_of_nobody(writer, writer.root["/AcroForm"]["/Fields"][0].raw_get("/V"))

    for forge in (lambda writer: box_of_nobody(writer, generic.DictionaryObject()), lend):
        (verdict,) = judged(updated(signed, forge), desk)
        assert (verdict.indication, "annotations" in verdict.changes) == (UNKNOWN, True)


def test_a_signatures_box_shown_a_second_time_is_a_change(desk: Desk) -> None:
    signed = approved(with_two_stamps(), desk.agency)

    def again(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        page["/Annots"].append(page["/Annots"].raw_get(0))
        writer.update_container(page)

    (verdict,) = judged(updated(signed, again), desk)
    assert (verdict.indication, "annotations" in verdict.changes) == (UNKNOWN, True)


# --- what covers what, what stands above -------------------------------------------------------------------


def test_stamps_put_into_another_order_are_a_change(desk: Desk) -> None:
    signed = approved(with_two_stamps(), desk.agency)

    def swap(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        first, second, *rest = list.copy(page["/Annots"])
        page[pdf_name("/Annots")] = generic.ArrayObject([second, first, *rest])
        writer.update_container(page)

    (verdict,) = judged(updated(signed, swap), desk)
    assert (verdict.indication, "annotations" in verdict.changes) == (UNKNOWN, True)


@pytest.mark.parametrize("place", ["field above", "form"])
def test_what_a_field_takes_from_above_is_compared(desk: Desk, place: str) -> None:
    signed = approved(with_two_stamps(form=True), desk.agency)
    assert overall(signed, desk) is PASSED

    def change(writer: IncrementalPdfFileWriter) -> None:
        form = writer.root["/AcroForm"]
        above = form["/Fields"][0] if place == "field above" else form
        key = "/V" if place == "field above" else "/DA"
        above[pdf_name(key)] = generic.TextStringObject("900")
        writer.update_container(above)

    (verdict,) = judged(updated(signed, change), desk)
    assert (verdict.indication, "form" in verdict.changes) == (UNKNOWN, True)


# --- certifications ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("permission", "expected"),
    [(fields.MDPPerm.NO_CHANGES, UNKNOWN), (fields.MDPPerm.FILL_FORMS, PASSED)],
)
def test_a_certification_that_allows_no_change_allows_no_signature(
    desk: Desk, permission: fields.MDPPerm, expected: Indication
) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(with_two_stamps()))
    fields.append_signature_field(writer, fields.SigFieldSpec("Second"))
    out = BytesIO()
    writer.write(out)
    certified = approved(out.getvalue(), desk.clerk, "First", permission=permission)
    assert overall(certified, desk) is PASSED
    first, second = judged(second_signature(certified, desk), desk)
    assert (first.indication, second.indication) == (expected, PASSED)
    assert ("forbidden-signatures" in first.changes) is (expected is UNKNOWN)


def second_signature(content: bytes, desk: Desk) -> bytes:
    """A signature in the field `Second` by software that asks no certification for leave."""
    embedding = PdfCMSEmbedder().write_cms(
        "Second", IncrementalPdfFileWriter(BytesIO(content)), existing_fields_only=True
    )
    next(embedding)
    placeholder = SignatureObject(
        timestamp=desk.clock(), subfilter=fields.SigSeedSubFilter.PADES, bytes_reserved=20_000
    )
    embedding.send(SigObjSetup(sig_placeholder=placeholder))
    prepared, out = embedding.send(SigIOSetup(md_algorithm=cms.DIGEST))
    assert isinstance(out, BytesIO)
    agency = desk.agency
    attributes = cms.signed_attributes(prepared.document_digest, agency.certificate)
    raw = cms.sign_attributes(agency.key, attributes)
    embedding.send(cms.assemble(attributes, raw, agency.certificate, list(agency.chain)))
    return out.getvalue()


# --- time stamps -------------------------------------------------------------------------------------------


def time_stamped(content: bytes, desk: Desk, *, box: tuple[int, int, int, int] | None = None) -> bytes:
    """The file with a document time stamp, which has perhaps a box on the page."""
    writer = IncrementalPdfFileWriter(BytesIO(content))
    fields.append_signature_field(writer, fields.SigFieldSpec("Stamp", box=box))
    embedding = PdfCMSEmbedder().write_cms("Stamp", writer, existing_fields_only=True)
    next(embedding)
    embedding.send(SigObjSetup(sig_placeholder=DocumentTimestamp(bytes_reserved=16_384)))
    prepared, out = embedding.send(SigIOSetup(md_algorithm=cms.DIGEST))
    embedding.send(desk.pki.time_stamps.stamp(prepared.document_digest))
    assert isinstance(out, BytesIO)
    return out.getvalue()


def test_a_time_stamp_alone_is_nobodys_signature(
    desk: Desk, by_clerk: SignedDocument, altered: Callable[[bytes], Path]
) -> None:
    stamped = altered(time_stamped(with_two_stamps(), desk))
    verdict = validate(stamped, trust=desk.pki.trust, now=desk.clock())
    assert [one.indication for one in verdict.signatures] == [PASSED]
    assert (verdict.indication, [reason.code for reason in verdict.reasons]) == (UNKNOWN, ["no-signature"])
    both = altered(time_stamped(by_clerk.pdf.read_bytes(), desk))
    assert validate(both, trust=desk.pki.trust, now=desk.clock()).indication is PASSED


def test_a_time_stamp_that_shows_a_picture_is_told(desk: Desk) -> None:
    signed = approved(with_two_stamps(), desk.agency)
    assert overall(time_stamped(signed, desk), desk) is PASSED
    *_, stamp = judged(time_stamped(signed, desk, box=(0, 0, 500, 700)), desk)
    assert (stamp.indication, [reason.code for reason in stamp.reasons]) == (UNKNOWN, ["time-stamp-shown"])


def test_a_certification_that_allows_no_change_allows_a_time_stamp(desk: Desk) -> None:
    certified = approved(with_two_stamps(), desk.clerk, permission=fields.MDPPerm.NO_CHANGES)
    assert overall(time_stamped(certified, desk), desk) is PASSED


# --- what a certificate is for -----------------------------------------------------------------------------


def for_purposes(desk: Desk, *purposes: str) -> FileSigner:
    """The agency's certificate again, by the same authority, with an extended key usage."""
    old, issuing = desk.agency, desk.pki.signers._authority.issuing
    builder = (
        x.CertificateBuilder()
        .subject_name(old.certificate.subject)
        .issuer_name(issuing.certificate.subject)
        .public_key(old.certificate.public_key())
        .serial_number(x.random_serial_number())
        .not_valid_before(old.certificate.not_valid_before_utc)
        .not_valid_after(old.certificate.not_valid_after_utc)
        .add_extension(x.ExtendedKeyUsage([x.ObjectIdentifier(one) for one in purposes]), critical=False)
    )
    for extension in old.certificate.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return FileSigner(old.key, builder.sign(issuing.key, hashes.SHA256()), old.chain)


@pytest.mark.parametrize(
    ("purposes", "expected"),
    [
        (["1.3.6.1.5.5.7.3.36"], []),
        (["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.4"], []),
        (["1.3.6.1.5.5.7.3.1"], ["CHAIN_CONSTRAINTS_FAILURE"]),
        (["1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8"], ["CHAIN_CONSTRAINTS_FAILURE"]),
    ],
    ids=["documents", "servers and mail", "servers", "code and time stamps"],
)
def test_a_certificate_for_other_purposes_does_not_sign_documents(
    desk: Desk, purposes: list[str], expected: list[str]
) -> None:
    (verdict,) = judged(approved(with_two_stamps(), for_purposes(desk, *purposes)), desk)
    assert [reason.code for reason in verdict.reasons] == expected


def test_the_time_stampers_certificate_does_not_sign_documents(desk: Desk) -> None:
    (verdict,) = judged(approved(with_two_stamps(), desk.pki.signers._authority.time_stamps), desk)
    assert [reason.code for reason in verdict.reasons] == ["CHAIN_CONSTRAINTS_FAILURE"]


# --- files that are hard to open ---------------------------------------------------------------------------


def encrypted(password: str) -> bytes:
    out = BytesIO()
    with pikepdf.open(BytesIO(with_two_stamps())) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="o", user=password))
    return out.getvalue()


def test_a_file_encrypted_for_everybody_is_judged(desk: Desk, altered: Callable[[bytes], Path]) -> None:
    signed = approved(encrypted(""), desk.agency, password="")
    verdict = validate(altered(signed), trust=desk.pki.trust, now=desk.clock())
    assert (verdict.indication, verdict.reasons) == (PASSED, ())
    broken = bytearray(signed)
    broken[100] ^= 1
    assert validate(altered(bytes(broken)), trust=desk.pki.trust, now=desk.clock()).indication is not PASSED


def test_later_changes_are_seen_in_a_file_encrypted_for_everybody(desk: Desk) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(approved(encrypted(""), desk.agency, password="")))
    writer.encrypt("")
    box_of_nobody(writer, generic.DictionaryObject())
    out = BytesIO()
    writer.write(out)
    (verdict,) = judged(out.getvalue(), desk)
    assert (verdict.indication, verdict.changes) == (UNKNOWN, ("annotations",))


def test_a_file_that_only_some_may_read_is_not_called_false(
    desk: Desk, altered: Callable[[bytes], Path]
) -> None:
    signed = approved(encrypted("secret"), desk.agency, password="secret")
    verdict = validate(altered(signed), trust=desk.pki.trust, now=desk.clock())
    assert (verdict.indication, [reason.code for reason in verdict.reasons]) == (UNKNOWN, ["encrypted"])


def test_what_is_no_file_is_not_waited_for(desk: Desk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    for path in (tmp_path / "pipe.pdf", Path(os.devnull), tmp_path):
        with pytest.raises(FileMissing):
            validate(path, trust=desk.pki.trust, now=desk.clock())


# --- signing what others signed ----------------------------------------------------------------------------


def with_our_fields() -> bytes:
    """A stranger's file with empty fields of our names."""
    writer = IncrementalPdfFileWriter(BytesIO(with_two_stamps()))
    for name, box in {
        "KhosoClerk": (10, 800, 200, 830),
        "KhosoOfficer": None,
        "KhosoAgency": (300, 780, 560, 830),
    }.items():
        fields.append_signature_field(writer, fields.SigFieldSpec(name, box=box))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_empty_fields_of_our_names_in_a_strangers_file_are_refused(
    desk: Desk, altered: Callable[[bytes], Path]
) -> None:
    for role in (Role.CLERK, Role.AGENCY):
        with pytest.raises(SignedElsewhere):
            desk.prepared(altered(with_our_fields()), role, desk.clerk)


def test_the_second_to_sign_refuses_a_file_whose_first_signature_is_broken(
    desk: Desk, altered: Callable[[bytes], Path]
) -> None:
    content = bytearray(approved(with_our_fields(), desk.clerk, "KhosoClerk"))
    content[content.index(b"/Stamp") + 2] ^= 1
    with pytest.raises(DocumentChanged):
        desk.prepared(altered(bytes(content)), Role.AGENCY, desk.agency)


def test_the_second_to_sign_refuses_a_file_changed_after_the_first(
    desk: Desk, by_clerk: SignedDocument, altered: Callable[[bytes], Path]
) -> None:
    content = by_clerk.pdf.read_bytes()

    def paint(writer: IncrementalPdfFileWriter) -> None:
        box_of_nobody(writer, generic.DictionaryObject())

    def lend(writer: IncrementalPdfFileWriter) -> None:
        officer = writer.root["/AcroForm"]["/Fields"][1]
        officer[pdf_name("/V")] = writer.root["/AcroForm"]["/Fields"][0].raw_get("/V")
        writer.update_container(officer)

    for changed in (updated(content, paint), updated(content, lend), content + b"\nhidden"):
        with pytest.raises(DocumentChanged):
            desk.prepared(altered(changed), Role.AGENCY, desk.agency)


# --- revocation lists --------------------------------------------------------------------------------------


def test_a_list_older_than_the_certificate_proves_nothing_of_it(desk: Desk) -> None:
    content = approved(with_two_stamps(), younger(desk, by=timedelta(minutes=58)))
    (verdict,) = judged(content, desk)
    assert [reason.code for reason in verdict.reasons] == ["TRY_LATER"]
    (verdict,) = judged(approved(with_two_stamps(), younger(desk, by=timedelta(minutes=50))), desk)
    assert verdict.indication is PASSED


def younger(desk: Desk, *, by: timedelta) -> FileSigner:
    """The agency's certificate again, by the same authority, but in force from later on."""
    signer, issuing = desk.agency, desk.pki.signers._authority.issuing
    old = signer.certificate
    builder = (
        x.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(issuing.certificate.subject)
        .public_key(old.public_key())
        .serial_number(x.random_serial_number())
        .not_valid_before(old.not_valid_before_utc + by)
        .not_valid_after(old.not_valid_after_utc)
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return FileSigner(signer.key, builder.sign(issuing.key, hashes.SHA256()), signer.chain)
