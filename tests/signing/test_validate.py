"""Verdicts: ours pass, what was attacked fails or is told, what cannot be known is said to be unknown."""

# mypy: disallow-untyped-calls=False
# pyHanko's PDF object classes have untyped constructors.

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp

from ingest import Confinement, FileMissing, UnknownKind
from signing import (
    BundleNotGenuine,
    Indication,
    Role,
    SignedDocument,
    TrustBundle,
    Verdict,
    complete,
    officer_mark,
    validate,
)
from signing.judge import judge_signatures
from signing.proof import PARSER_ERRORS
from signing.verdict import SignatureVerdict, worst
from tests.signing.conftest import AGENCY, CLERK, NOON, Desk, a_desk

PASSED, UNKNOWN, FAILED = Indication.TOTAL_PASSED, Indication.INDETERMINATE, Indication.TOTAL_FAILED


def codes(verdict: Verdict | SignatureVerdict) -> set[str]:
    return {reason.code for reason in verdict.reasons}


def judged(content: bytes, desk: Desk, trust: TrustBundle | None = None) -> list[SignatureVerdict]:
    """The judge without walls around it: same answer, no process."""
    return judge_signatures(content, trust or desk.pki.trust, desk.clock())


# --- our own files -----------------------------------------------------------------------------------------


def test_our_own_signatures_pass_under_our_own_trust(desk: Desk, by_both: SignedDocument) -> None:
    verdict = validate(by_both.pdf, trust=desk.pki.trust, now=desk.clock())
    assert verdict.indication is PASSED
    assert verdict.reasons == ()
    clerk, agency = verdict.signatures
    assert (clerk.field, clerk.signer_name) == ("KhosoClerk", CLERK)
    assert (agency.field, agency.signer_name) == ("KhosoAgency", AGENCY)
    assert (clerk.covers_whole_file, agency.covers_whole_file) == (False, True)
    assert (clerk.changes, agency.changes) == (("signatures",), ())
    assert clerk.claimed_time == clerk.proven_time == NOON
    assert {clerk.digest_algorithm, agency.digest_algorithm} == {"sha256"}
    assert {clerk.level, agency.level} == {"B-T"}


def test_the_verdict_as_json_is_what_the_command_line_promises(desk: Desk, by_both: SignedDocument) -> None:
    trust = desk.pki.trust
    facts = validate(by_both.pdf, trust=TrustBundle(), now=desk.clock()).as_json()
    assert list(facts) == ["verdict", "reasons", "signatures", "checked_at", "trust_as_of"]
    assert facts["verdict"] == "INDETERMINATE"
    assert facts["trust_as_of"] is None
    assert facts["checked_at"] == "2026-11-22T05:00:00+00:00"
    assert [set(reason) for reason in json.loads(json.dumps(facts))["reasons"]] == [{"code", "vi", "en"}]
    assert trust.as_of == NOON


def test_nothing_is_trusted_without_a_root(desk: Desk, by_both: SignedDocument) -> None:
    verdict = validate(by_both.pdf, trust=TrustBundle(), now=desk.clock())
    assert verdict.indication is UNKNOWN
    assert codes(verdict) == {"NO_CERTIFICATE_CHAIN_FOUND"}
    assert {signature.proven_time for signature in verdict.signatures} == {None}


def test_without_revocation_lists_the_answer_waits(desk: Desk, by_both: SignedDocument) -> None:
    for verdict in judged(by_both.pdf.read_bytes(), desk, replace(desk.pki.trust, crls=())):
        assert verdict.indication is UNKNOWN
        assert codes(verdict) == {"TRY_LATER"}


def test_an_officers_signature_between_the_two_passes_too(desk: Desk, by_clerk: SignedDocument) -> None:
    officer = desk.pki.signer(Role.OFFICER, "Trần Văn Đức")
    second = desk.signed(by_clerk.pdf, Role.OFFICER, officer, officer_mark())
    third = desk.signed(second.pdf, Role.AGENCY)
    assert [verdict.indication for verdict in judged(third.pdf.read_bytes(), desk)] == [PASSED] * 3


def test_white_space_at_the_end_is_no_change(desk: Desk, by_both: SignedDocument) -> None:
    content = by_both.pdf.read_bytes() + b"\r\n\n"
    assert {verdict.indication for verdict in judged(content, desk)} == {PASSED}


# --- time and certificates ---------------------------------------------------------------------------------


def test_a_time_stamp_keeps_a_signature_good_after_its_certificate_expired(
    own_desk: Desk, scan: Path
) -> None:
    signed = own_desk.signed(scan, Role.CLERK)
    own_desk.clock.forward(days=6 * 365)
    (verdict,) = judged(signed.pdf.read_bytes(), own_desk)
    assert verdict.indication is PASSED


def test_without_a_trusted_time_stamp_an_expired_certificate_is_told(own_desk: Desk, scan: Path) -> None:
    content = own_desk.signed(scan, Role.CLERK).pdf.read_bytes()
    own_desk.clock.forward(days=6 * 365)
    (verdict,) = judged(content, own_desk, TrustBundle())
    assert verdict.indication is UNKNOWN
    assert codes(verdict) == {"OUT_OF_BOUNDS_NO_POE", "NO_CERTIFICATE_CHAIN_FOUND"}


def test_a_certificate_from_the_future_is_told(own_desk: Desk, scan: Path) -> None:
    content = own_desk.signed(scan, Role.CLERK).pdf.read_bytes()
    trust = own_desk.pki.trust
    (verdict,) = judge_signatures(content, trust, own_desk.clock() - timedelta(days=400))
    assert verdict.indication is UNKNOWN
    assert "NOT_YET_VALID" in codes(verdict)


def test_a_signature_older_than_the_revocation_stays_good(own_desk: Desk, scan: Path) -> None:
    signed = own_desk.signed(scan, Role.CLERK)
    certificate = own_desk.clerk.certificate
    own_desk.clock.forward(hours=2)
    own_desk.pki.revoke(certificate)
    own_desk.clock.forward(hours=2)
    (verdict,) = judged(signed.pdf.read_bytes(), own_desk)
    assert verdict.indication is PASSED


def test_a_signature_after_the_revocation_fails(own_desk: Desk, scan: Path) -> None:
    stolen = own_desk.clerk
    own_desk.pki.revoke(stolen.certificate)
    own_desk.clock.forward(hours=2)
    signed = own_desk.signed(scan, Role.CLERK, stolen)
    (verdict,) = judged(signed.pdf.read_bytes(), own_desk)
    assert verdict.indication is FAILED
    assert codes(verdict) == {"REVOKED"}


def test_a_signature_that_claims_to_be_older_than_its_revocation_proves_nothing(
    own_desk: Desk, scan: Path
) -> None:
    stolen = own_desk.clerk
    tbs = own_desk.prepared(scan, Role.CLERK, stolen)
    own_desk.clock.forward(hours=1)
    own_desk.pki.revoke(stolen.certificate)
    own_desk.clock.forward(hours=2)
    into = own_desk.folder / "late.pdf"
    complete(tbs, stolen.sign(tbs), time_stamps=own_desk.pki.time_stamps, into=into)
    (verdict,) = judged(into.read_bytes(), own_desk)
    assert verdict.indication is UNKNOWN
    assert codes(verdict) == {"REVOKED_NO_POE"}


def test_a_certificate_that_may_not_sign_is_told(own_desk: Desk, scan: Path) -> None:
    stamps = own_desk.pki.signers._authority.time_stamps
    signed = own_desk.signed(scan, Role.CLERK, own_desk.pki.signers._authority.issuing)
    (verdict,) = judged(signed.pdf.read_bytes(), own_desk)
    assert verdict.indication is UNKNOWN
    assert codes(verdict) == {"CHAIN_CONSTRAINTS_FAILURE"}
    assert stamps.certificate != own_desk.clerk.certificate


def test_a_time_stamp_by_somebody_without_that_right_proves_nothing(own_desk: Desk, scan: Path) -> None:
    tbs = own_desk.prepared(scan, Role.CLERK, own_desk.clerk)
    real = own_desk.pki.time_stamps
    false = type(real)(
        own_desk.agency.key, own_desk.agency.certificate, own_desk.agency.chain, own_desk.clock
    )
    into = own_desk.folder / "false.pdf"
    complete(tbs, own_desk.clerk.sign(tbs), time_stamps=false, into=into)
    (verdict,) = judged(into.read_bytes(), own_desk)
    assert (verdict.proven_time, verdict.level) == (None, "B-B")


# --- attacks on our own files ------------------------------------------------------------------------------


def passed(content: bytes, desk: Desk) -> bool:
    """Whether the judge passes the file; what the parsers raise is `validate`'s FORMAT_FAILURE."""
    try:
        verdicts = judged(content, desk)
    except PARSER_ERRORS:
        return False
    return bool(verdicts) and worst(verdict.indication for verdict in verdicts) is PASSED


def test_a_byte_changed_anywhere_in_the_signed_ranges_is_never_passed(
    desk: Desk, by_both: SignedDocument
) -> None:
    content = by_both.pdf.read_bytes()
    (*_, last) = PdfFileReader(BytesIO(content)).embedded_signatures
    _, gap, after_gap, _ = (int(value) for value in last.byte_range)
    # Every 1999th byte (a prime falls into every kind of structure) and all around the signature's place.
    places = {*range(10, len(content), 1999), gap - 1, after_gap, len(content) - 7}
    for place in sorted(places - set(range(gap, after_gap))):
        changed = bytearray(content)
        changed[place] ^= 0x01
        assert not passed(bytes(changed), desk), place


def test_a_changed_byte_of_the_scan_breaks_the_hash_of_both(
    desk: Desk, by_both: SignedDocument, altered: Callable[[bytes], Path]
) -> None:
    content = bytearray(by_both.pdf.read_bytes())
    content[5000] ^= 0x01
    verdict = validate(altered(bytes(content)), trust=desk.pki.trust, now=desk.clock())
    assert verdict.indication is FAILED
    assert [codes(signature) for signature in verdict.signatures] == [{"HASH_FAILURE"}] * 2


def test_a_damaged_structure_that_no_parser_gets_through_is_a_format_failure(
    desk: Desk, by_both: SignedDocument, altered: Callable[[bytes], Path]
) -> None:
    broken = by_both.pdf.read_bytes().replace(b"/Root", b"/Rout")
    verdict = validate(altered(broken), trust=desk.pki.trust, now=desk.clock())
    assert (verdict.indication, codes(verdict)) == (FAILED, {"FORMAT_FAILURE"})


def test_a_truncated_second_revision_is_never_passed_as_two(
    desk: Desk, by_both: SignedDocument, altered: Callable[[bytes], Path]
) -> None:
    content = by_both.pdf.read_bytes()
    for missing in (30, 300, 3_000, 25_000):
        assert not passed(content[:-missing], desk)
    verdict = validate(altered(content[:-300]), trust=desk.pki.trust, now=desk.clock())
    assert verdict.indication is not PASSED


def test_revision_one_alone_is_still_a_good_file(
    desk: Desk, by_clerk: SignedDocument, by_both: SignedDocument
) -> None:
    first = by_both.pdf.read_bytes()[: by_clerk.pdf.stat().st_size]
    (verdict,) = judged(first, desk)
    assert verdict.indication is PASSED


def updated(content: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """The file with one more revision, as an attacker writes it."""
    writer = IncrementalPdfFileWriter(BytesIO(content))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def add_page(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    page = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Page"),
            generic.pdf_name("/Parent"): writer.root.raw_get("/Pages"),
            generic.pdf_name("/MediaBox"): generic.ArrayObject(
                [generic.NumberObject(n) for n in (0, 0, 9, 9)]
            ),
        }
    )
    pages["/Kids"].append(writer.add_object(page))
    pages[generic.pdf_name("/Count")] = generic.NumberObject(2)
    writer.update_container(pages)


def swap_content(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page[generic.pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"0 0 9 9 re f"))
    writer.update_container(page)


def swap_image(writer: IncrementalPdfFileWriter) -> None:
    images = writer.root["/Pages"]["/Kids"][0]["/Resources"]["/XObject"]
    name = next(iter(images.keys()))
    image = generic.StreamObject(dict(images[name]), encoded_data=images[name].encoded_data[::-1])
    images[name] = writer.add_object(image)
    writer.update_container(images)


def add_note(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
            generic.pdf_name("/Rect"): generic.ArrayObject(
                [generic.NumberObject(n) for n in (0, 0, 500, 500)]
            ),
        }
    )
    page["/Annots"].append(writer.add_object(note))
    writer.update_container(page["/Annots"])


def swap_mark(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][0]
    field["/AP"][generic.pdf_name("/N")] = writer.add_object(generic.StreamObject(stream_data=b""))
    writer.update_container(field)


def draw_in_empty_field(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][1]
    field[generic.pdf_name("/Rect")] = generic.ArrayObject(
        [generic.NumberObject(n) for n in (0, 0, 500, 500)]
    )
    writer.update_container(field)


def add_script(writer: IncrementalPdfFileWriter) -> None:
    writer.root[generic.pdf_name("/OpenAction")] = generic.DictionaryObject(
        {generic.pdf_name("/S"): generic.pdf_name("/JavaScript")}
    )
    writer.update_root()


def drop_signature(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][2]
    del field["/V"]
    writer.update_container(field)


def add_text_field(writer: IncrementalPdfFileWriter) -> None:
    field = generic.DictionaryObject(
        {
            generic.pdf_name("/FT"): generic.pdf_name("/Tx"),
            generic.pdf_name("/T"): generic.TextStringObject("amount"),
            generic.pdf_name("/V"): generic.TextStringObject("1 000 000"),
        }
    )
    fields = writer.root["/AcroForm"]["/Fields"]
    fields.append(writer.add_object(field))
    writer.update_container(fields)


@pytest.mark.parametrize(
    ("attack", "change", "indication"),
    [
        (add_page, "pages", FAILED),
        (swap_content, "content", FAILED),
        (swap_image, "content", FAILED),
        (swap_mark, "replaced-signature", FAILED),
        (add_note, "annotations", UNKNOWN),
        (draw_in_empty_field, "annotations", UNKNOWN),
        (add_script, "actions", UNKNOWN),
        (add_text_field, "form", UNKNOWN),
    ],
)
def test_what_a_later_revision_changed_is_named(
    desk: Desk,
    by_both: SignedDocument,
    attack: Callable[[IncrementalPdfFileWriter], None],
    change: str,
    indication: Indication,
) -> None:
    verdicts = judged(updated(by_both.pdf.read_bytes(), attack), desk)
    assert {verdict.indication for verdict in verdicts} == {indication}
    for verdict in verdicts:
        assert change in verdict.changes
        assert "changed-after-signing" in codes(verdict)


def test_a_second_signature_taken_out_again_is_seen_in_the_first(desk: Desk, by_both: SignedDocument) -> None:
    (clerk,) = judged(updated(by_both.pdf.read_bytes(), drop_signature), desk)
    assert clerk.indication is UNKNOWN
    assert "annotations" in clerk.changes


def test_a_second_signature_replaced_by_another_keys_is_never_passed(
    desk: Desk, by_clerk: SignedDocument, tmp_path: Path
) -> None:
    stranger = a_desk(tmp_path)
    forged = stranger.signed(by_clerk.pdf, Role.AGENCY)
    clerk, agency = judged(forged.pdf.read_bytes(), desk)
    assert clerk.indication is PASSED
    assert (agency.indication, codes(agency)) == (UNKNOWN, {"NO_CERTIFICATE_CHAIN_FOUND"})


def test_bytes_after_the_end_that_are_not_white_are_told(desk: Desk, by_both: SignedDocument) -> None:
    content = by_both.pdf.read_bytes() + b"\n99 0 obj\n<</Type /Page>>\nendobj\n"
    *_, last = judged(content, desk)
    assert (last.indication, codes(last)) == (UNKNOWN, {"NONSTANDARD_COVERAGE"})


def test_a_raw_signature_of_something_else_fails(desk: Desk, by_clerk: SignedDocument) -> None:
    content = bytearray(by_clerk.pdf.read_bytes())
    (signature,) = PdfFileReader(BytesIO(bytes(content))).embedded_signatures
    # The raw value stands in the file as hexadecimal digits; its last byte is changed.
    raw = signature.signer_info["signature"].native.hex().upper().encode()
    end = content.index(raw) + len(raw)
    content[end - 2 : end] = b"%02X" % (int(content[end - 2 : end], 16) ^ 1)
    (verdict,) = judged(bytes(content), desk)
    assert (verdict.indication, codes(verdict)) == (FAILED, {"SIG_CRYPTO_FAILURE"})


def swap_image_named_as_a_way_back(writer: IncrementalPdfFileWriter) -> None:
    """The same picture under a name that a comparison of annotations would skip."""
    image = writer.root["/AcroForm"]["/Fields"][0]["/AP"]["/N"]["/Resources"]
    image[generic.pdf_name("/P")] = writer.add_object(generic.StreamObject(stream_data=b"0 0 9 9 re f"))
    writer.update_container(image)


def test_no_key_of_a_drawing_is_skipped_for_its_name(desk: Desk, by_both: SignedDocument) -> None:
    content = updated(by_both.pdf.read_bytes(), swap_image_named_as_a_way_back)
    assert {verdict.indication for verdict in judged(content, desk)} == {FAILED}


def indirect_box(writer: IncrementalPdfFileWriter) -> None:
    """An empty field grows over the page, its box hidden behind a reference."""
    field = writer.root["/AcroForm"]["/Fields"][1]
    box = generic.ArrayObject([generic.NumberObject(number) for number in (0, 0, 500, 500)])
    field[generic.pdf_name("/Rect")] = writer.add_object(box)
    writer.update_container(field)


def test_a_reference_hides_nothing(desk: Desk, by_both: SignedDocument) -> None:
    for verdict in judged(updated(by_both.pdf.read_bytes(), indirect_box), desk):
        assert "annotations" in verdict.changes


def add_validation_data(writer: IncrementalPdfFileWriter) -> None:
    dss = generic.DictionaryObject({generic.pdf_name("/Type"): generic.pdf_name("/DSS")})
    writer.root[generic.pdf_name("/DSS")] = writer.add_object(dss)
    writer.update_root()


def test_validation_data_that_was_added_is_harmless(desk: Desk, by_both: SignedDocument) -> None:
    verdicts = judged(updated(by_both.pdf.read_bytes(), add_validation_data), desk)
    assert {verdict.indication for verdict in verdicts} == {PASSED}
    assert {"validation-data" in verdict.changes for verdict in verdicts} == {True}


def with_document_time_stamp(content: bytes, desk: Desk, *, of: bytes | None = None) -> bytes:
    """The file with an RFC 3161 token over its bytes (or over something else) as a signature of its own."""
    embedding = PdfCMSEmbedder().write_cms("Stamp", IncrementalPdfFileWriter(BytesIO(content)))
    next(embedding)
    embedding.send(SigObjSetup(sig_placeholder=DocumentTimestamp(bytes_reserved=16_384)))
    prepared, out = embedding.send(SigIOSetup(md_algorithm="sha256"))
    embedding.send(desk.pki.time_stamps.stamp(of or prepared.document_digest))
    assert isinstance(out, BytesIO)
    return out.getvalue()


def test_a_document_time_stamp_is_judged_like_a_signature(desk: Desk, by_both: SignedDocument) -> None:
    content = with_document_time_stamp(by_both.pdf.read_bytes(), desk)
    *signatures, stamp = judged(content, desk)
    assert {verdict.indication for verdict in (*signatures, stamp)} == {PASSED}
    assert (stamp.field, stamp.level, stamp.proven_time) == ("Stamp", "document-time-stamp", NOON)


def test_a_document_time_stamp_of_something_else_fails(desk: Desk, by_both: SignedDocument) -> None:
    content = with_document_time_stamp(by_both.pdf.read_bytes(), desk, of=b"\x00" * 32)
    *_, stamp = judged(content, desk)
    assert (stamp.indication, codes(stamp)) == (FAILED, {"HASH_FAILURE"})


def test_a_time_stamp_of_another_signature_speaks_against_it(
    desk: Desk, by_clerk: SignedDocument, scan: Path
) -> None:
    content = by_clerk.pdf.read_bytes()
    (signature,) = PdfFileReader(BytesIO(content)).embedded_signatures
    token = signature.signer_info["unsigned_attrs"][0]["values"][0].dump()
    other = desk.pki.time_stamps.stamp(b"\x00" * 32)
    start = content.index(token.hex().upper().encode())
    if len(other) != len(token):
        # The serial number's length is random; what follows the token would shift.
        other = next(
            stamp
            for stamp in (desk.pki.time_stamps.stamp(b"\x00" * 32) for _ in range(5_000))
            if len(stamp) == len(token)
        )
    forged = content[:start] + other.hex().upper().encode() + content[start + 2 * len(token) :]
    (verdict,) = judged(forged, desk)
    assert (verdict.indication, codes(verdict)) == (UNKNOWN, {"TIME_STAMP_FAILURE"})


# --- files of others ---------------------------------------------------------------------------------------

SIGNATURES = {
    "pdf-signed-original.pdf": (UNKNOWN, {"NO_CERTIFICATE_CHAIN_FOUND"}),
    "minimal-two-fields-signed-twice.pdf": (UNKNOWN, {"NO_CERTIFICATE_CHAIN_FOUND"}),
    "pkcs7_sha1.pdf": (UNKNOWN, {"NO_CERTIFICATE_CHAIN_FOUND", "CRYPTO_CONSTRAINTS_FAILURE"}),
    "replace.pdf": (UNKNOWN, {"changed-after-signing"}),
    "pdf-signed-corrupted.pdf": (FAILED, {"FORMAT_FAILURE"}),
    "pdf-signed-added-page.pdf": (FAILED, {"FORMAT_FAILURE", "changed-after-signing"}),
    "pdf-byterange-overlap.pdf": (FAILED, {"FORMAT_FAILURE"}),
    "hello_signed_INCSAVE_signed_EDITED.pdf": (FAILED, {"FORMAT_FAILURE"}),
    "BadEncodedCMS.pdf": (FAILED, {"FORMAT_FAILURE"}),
    "pades_infinite_loop.pdf": (FAILED, {"FORMAT_FAILURE"}),
    "weird-byterange.pdf": (FAILED, {"FORMAT_FAILURE"}),
}


UNREADABLE = ("BadEncodedCMS.pdf", "pades_infinite_loop.pdf", "pdf-signed-corrupted.pdf")


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_file_of_the_known_test_suites_gets_its_answer(shared_data: Path, name: str) -> None:
    path = shared_data / "signatures" / name
    if name in UNREADABLE:
        verdict = validate(path, trust=TrustBundle(), now=NOON)
        indication, found = verdict.indication, codes(verdict)
    else:
        verdicts = judge_signatures(path.read_bytes(), TrustBundle(), NOON)
        indication = worst(one.indication for one in verdicts)
        found = {code for one in verdicts for code in codes(one)}
    assert indication is SIGNATURES[name][0]
    assert SIGNATURES[name][1] <= found


def test_no_file_of_the_known_test_suites_is_left_out(shared_data: Path) -> None:
    assert {path.name for path in (shared_data / "signatures").iterdir()} == set(SIGNATURES)


def test_only_the_edited_one_of_two_signatures_fails(shared_data: Path) -> None:
    path = shared_data / "signatures" / "hello_signed_INCSAVE_signed_EDITED.pdf"
    verdicts = judge_signatures(path.read_bytes(), TrustBundle(), NOON)
    assert [verdict.indication for verdict in verdicts] == [UNKNOWN, FAILED]


def test_a_shadow_attack_does_not_pass_even_when_its_signer_is_trusted(shared_data: Path) -> None:
    content = (shared_data / "signatures" / "replace.pdf").read_bytes()
    signer = next(iter(PdfFileReader(BytesIO(content)).embedded_signatures)).signer_cert
    trust = TrustBundle(as_of=NOON, roots=(signer.dump(),))
    (verdict,) = judge_signatures(content, trust, signer.not_valid_before + timedelta(days=1))
    assert verdict.indication is UNKNOWN
    assert "changed-after-signing" in codes(verdict)
    assert verdict.changes == ("form",)


def test_real_letters_are_intact_and_of_unknown_trust(shared_data: Path) -> None:
    weak = {"qn_07CT_2018_stamp", "qn_11TB_born_digital", "qn_299UB_hoatoc", "qn_47QD_2025"}
    weak |= {"source_hanoi_tb_453_flag"}
    for path in sorted((shared_data / "letters").glob("*.pdf")):
        signatures = judge_signatures(path.read_bytes(), TrustBundle(), NOON)
        for signature in signatures:
            assert signature.indication is UNKNOWN
            assert "NO_CERTIFICATE_CHAIN_FOUND" in codes(signature)
            assert set(signature.changes) <= {"signatures"}
        found = {code for signature in signatures for code in codes(signature)}
        assert ("CRYPTO_CONSTRAINTS_FAILURE" in found) is (path.stem in weak), path.name
        assert (not signatures) is path.name.startswith("real_")


def test_hostile_pdfs_get_an_answer(shared_data: Path) -> None:
    names = ("bomb_giant", "fuzz_378014596", "invalid", "livecycle", "pages-loop", "password-is-test")
    for path in (shared_data / "hostile" / f"{name}.pdf" for name in names):
        verdict = validate(path, trust=TrustBundle(), now=NOON)
        assert verdict.indication is UNKNOWN
        assert "no-signature" in codes(verdict), path.name


def test_a_pdf_without_signature_says_so(scan: Path) -> None:
    verdict = validate(scan, trust=TrustBundle(), now=NOON)
    assert (verdict.indication, codes(verdict)) == (UNKNOWN, {"no-signature"})


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"%PDF-1.7\n%%EOF", b"%PDF-" + b"\x00" * 500])
def test_anything_that_begins_as_a_pdf_gets_an_answer(
    altered: Callable[[bytes], Path], content: bytes
) -> None:
    verdict = validate(altered(content), trust=TrustBundle(), now=NOON)
    assert (verdict.indication, codes(verdict)) == (UNKNOWN, {"FORMAT_FAILURE", "no-signature"})


def test_what_does_not_begin_as_a_pdf_gets_a_refusal(
    altered: Callable[[bytes], Path], tmp_path: Path
) -> None:
    with pytest.raises(UnknownKind):
        validate(altered(b"GIF89a"), trust=TrustBundle(), now=NOON)
    with pytest.raises(FileMissing):
        validate(tmp_path / "nothing.pdf", trust=TrustBundle(), now=NOON)


def test_a_file_that_takes_too_long_is_not_called_false(by_both: SignedDocument) -> None:
    verdict = validate(by_both.pdf, trust=TrustBundle(), now=NOON, limits=Confinement(seconds=0.05))
    assert (verdict.indication, codes(verdict)) == (UNKNOWN, {"LIMIT_EXCEEDED"})


def test_a_page_tree_that_bites_its_tail_is_answered(desk: Desk, by_both: SignedDocument) -> None:
    def loop(writer: IncrementalPdfFileWriter) -> None:
        pages = writer.root["/Pages"]
        pages["/Kids"].append(writer.root.raw_get("/Pages"))
        writer.update_container(pages)

    for verdict in judged(updated(by_both.pdf.read_bytes(), loop), desk):
        assert (verdict.indication, codes(verdict)) == (FAILED, {"FORMAT_FAILURE"})


# --- trust bundles -----------------------------------------------------------------------------------------


def test_a_trust_bundle_travels_signed_and_opens_under_the_pinned_key_alone(
    own_desk: Desk, scan: Path
) -> None:
    own_desk.pki.seal_key(AGENCY)
    trust, key = own_desk.pki.trust, own_desk.pki.log_key
    carried = trust.to_bytes(key)
    assert TrustBundle.from_bytes(carried, pinned=[key.public]) == trust
    (verdict,) = judged(
        own_desk.signed(scan, Role.CLERK).pdf.read_bytes(),
        own_desk,
        TrustBundle.from_bytes(carried, pinned=[key.public]),
    )
    assert verdict.indication is PASSED


def test_a_trust_bundle_that_was_touched_or_signed_by_somebody_else_is_refused(
    own_desk: Desk, tmp_path: Path
) -> None:
    stranger = a_desk(tmp_path / "stranger").pki
    key = own_desk.pki.log_key
    carried = own_desk.pki.trust.to_bytes(key)
    envelope = json.loads(carried)
    signature = {**envelope, "signature": envelope["signature"][::-1]}
    by_stranger = stranger.trust.to_bytes(stranger.log_key)
    renamed = {**json.loads(by_stranger), "key_id": key.key_id.hex()}
    for wrong in (
        b"",
        b"{}",
        b"[]",
        by_stranger,
        *(json.dumps(facts).encode() for facts in (signature, renamed)),
    ):
        with pytest.raises(BundleNotGenuine):
            TrustBundle.from_bytes(wrong, pinned=[key.public])
