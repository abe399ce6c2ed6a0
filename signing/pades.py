"""PAdES B-T signatures (ETSI EN 319 142-1) on our own PDFs, in two phases that may lie hours apart.

`prepare` decides everything and writes it down: a file with an empty place for the signature, and a
`ToBeSigned` that can be kept. `complete` takes the raw signature, from wherever it was made, and

1. compares the raw signature with the certificate it was asked for,
2. compares the prepared file with what was signed, and sees that its place is still empty,
3. has the signature time-stamped and compares the token with it,
4. writes the finished file beside, reads it again and judges it, and only then gives it its name.

Only incremental updates are written. Revision 1 is a certification signature that allows further signatures
(DocMDP, P=2) and holds the fields, with their places, of all roles. A PDF that arrived signed is refused.
"""

# mypy: disallow-untyped-calls=False
# pyHanko ships types, but its PDF object classes have untyped constructors.

import base64
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest, SignatureObject
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from common import Digest
from ingest import confined
from signing import cms
from signing.errors import (
    AlreadySigned,
    DocumentChanged,
    NotSignable,
    ResultExists,
    SignedElsewhere,
    WrongSignature,
)
from signing.form import filled_signature_fields, form_nodes
from signing.ink import InkMap
from signing.judge import untouched
from signing.layout import SIZE, Layout, plan
from signing.marks import Mark, Role
from signing.sheet import Sheet, add_band, appearance
from signing.signers import CertificateHolder, require_in_force
from signing.timestamps import TimeStamper, stamped, token_info
from signing.typeface import fit

FIELDS = {Role.CLERK: "KhosoClerk", Role.OFFICER: "KhosoOfficer", Role.AGENCY: "KhosoAgency"}
"""The signature field of each role."""

_RESERVED = 10_240
"""Room for the CMS beside the signer's certificates: signature, attributes, time stamp with its chain."""

_UNREADABLE = (
    PdfError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    AssertionError,
    RecursionError,
)
"""What pyHanko raises on a PDF that is not well formed."""


@dataclass(frozen=True, slots=True)
class ToBeSigned:
    """One signature that waits to be made: what to sign, with whose certificate, for which prepared file.

    `digest` is the SHA-256 of `attributes`, which a token signs; `document_digest` that of the byte range;
    `document_sha256` that of the file before this signature; `place` the reserved bytes in the prepared file.
    """

    id: UUID
    role: Role
    attributes: bytes
    document_digest: bytes
    place: tuple[int, int]
    certificate: bytes
    chain: tuple[bytes, ...]
    prepared: Path
    document_sha256: Digest
    at: datetime

    @property
    def digest(self) -> bytes:
        return sha256(self.attributes).digest()

    @property
    def field(self) -> str:
        return FIELDS[self.role]

    def to_json(self) -> str:
        """One JSON document, to be kept until the signature comes."""
        facts = {
            "id": str(self.id),
            "role": self.role.value,
            "attributes": _text(self.attributes),
            "document_digest": self.document_digest.hex(),
            "place": list(self.place),
            "certificate": _text(self.certificate),
            "chain": [_text(item) for item in self.chain],
            "prepared": str(self.prepared),
            "document_sha256": self.document_sha256.hex,
            "at": self.at.isoformat(),
        }
        return json.dumps(facts, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "ToBeSigned":
        """What `to_json` wrote; ValueError, KeyError or TypeError for anything else."""
        facts = json.loads(text)
        start, end = facts["place"]
        return cls(
            id=UUID(facts["id"]),
            role=Role(facts["role"]),
            attributes=base64.b64decode(facts["attributes"], validate=True),
            document_digest=bytes.fromhex(facts["document_digest"]),
            place=(int(start), int(end)),
            certificate=base64.b64decode(facts["certificate"], validate=True),
            chain=tuple(base64.b64decode(item, validate=True) for item in facts["chain"]),
            prepared=Path(facts["prepared"]),
            document_sha256=Digest.from_hex(facts["document_sha256"]),
            at=datetime.fromisoformat(facts["at"]),
        )


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A finished signed file; `signed_at` is the time that the time stamp proves."""

    pdf: Path
    sha256: Digest
    role: Role
    signed_at: datetime
    level: str


class _Writer(IncrementalPdfFileWriter):
    """Writes increments that leave the document's own metadata alone.

    pyHanko rewrites XMP, information dictionary and catalogue with the machine's clock and its own name; that
    is no part of a signature, and strict validators count it as a change after the first one.
    """

    def _update_meta(self) -> None:
        pass


# --- first phase ----------------------------------------------------------------------------------------


def prepare(
    pdf: Path,
    *,
    mark: Mark,
    certificate_of: CertificateHolder,
    now: datetime,
    into: Path,
    id: UUID,
    reserve: Mark | None = None,
) -> ToBeSigned:
    """Writes `into` = `pdf` plus an empty signature of the mark's role, and says what has to be signed.

    `reserve` is the mark that is expected next (its text decides how much room is kept for it). Raises
    SignedElsewhere, AlreadySigned, DocumentChanged (a signature in the file is not intact, or the file was
    changed after it), NotSignable, CertificateNotInForce, LetterMissing.
    """
    require_in_force(certificate_of.certificate, now)
    content = pdf.read_bytes()
    output = BytesIO()
    try:
        writer = _Writer(BytesIO(content), strict=False)
        first = _look_at_fields(writer, mark.role)
        if not first and not untouched(content):
            raise DocumentChanged
        if first:
            _reserve_fields(writer, _layout(pdf, writer, mark, reserve))
        _draw_mark(writer, mark)
        reserved = _embed_placeholder(writer, certificate_of, mark.role, now, certify=first, output=output)
    except _UNREADABLE as error:
        raise NotSignable(cause=type(error).__name__) from error
    attributes = cms.signed_attributes(reserved.document_digest, certificate_of.certificate)
    _write(into, output.getbuffer())
    return ToBeSigned(
        id=id,
        role=mark.role,
        attributes=attributes,
        document_digest=reserved.document_digest,
        place=(reserved.reserved_region_start, reserved.reserved_region_end),
        certificate=_der(certificate_of.certificate),
        chain=tuple(_der(item) for item in certificate_of.chain),
        prepared=into,
        document_sha256=Digest.of(content),
        at=now,
    )


def _look_at_fields(writer: IncrementalPdfFileWriter, role: Role) -> bool:
    """Whether this will be the first signature; refuses foreign and repeated ones."""
    if writer.prev.encrypted:
        raise NotSignable(cause="encrypted")
    names = {node.name for node in form_nodes(writer.root) if node.is_for_signature}
    filled = {name for name, _ in filled_signature_fields(writer.root)}
    if filled - set(FIELDS.values()):
        raise SignedElsewhere
    if FIELDS[role] in filled:
        raise AlreadySigned(roles=role.value)
    if filled and FIELDS[role] not in names:
        # Revision 1 is always ours and holds all fields; without them, the file is not.
        raise SignedElsewhere
    if not filled and names & set(FIELDS.values()):
        # Our fields are made together with our first signature; an empty one comes with somebody's look.
        raise SignedElsewhere
    return not filled


def _layout(pdf: Path, writer: IncrementalPdfFileWriter, mark: Mark, reserve: Mark | None) -> Layout:
    texts = {item.role: item.lines for item in (reserve, mark) if item is not None}
    width, height = Sheet.of(_page(writer)).size
    # Resolved: the child starts in another folder.
    ink = InkMap.from_json(confined("signing.ink:ink_of", {"pdf": str(pdf.resolve())}, readable=[pdf]))
    return plan(width, height, ink, clerk=texts.get(Role.CLERK), agency=texts.get(Role.AGENCY))


def _reserve_fields(writer: IncrementalPdfFileWriter, layout: Layout) -> None:
    """The fields of all roles at once: after a certification signature no visible field may be added."""
    sheet = add_band(writer, _page(writer), layout.band) if layout.band else Sheet.of(_page(writer))
    places = {Role.CLERK: layout.clerk, Role.OFFICER: None, Role.AGENCY: layout.agency}
    for role, place in places.items():
        box = None if place is None else sheet.box(place)
        fields.append_signature_field(writer, fields.SigFieldSpec(FIELDS[role], box=box))  # type: ignore[arg-type]
        # The empty look has the frame of the later one: filling it in then changes nothing else.
        _draw_mark(writer, Mark(role))


def _draw_mark(writer: IncrementalPdfFileWriter, mark: Mark) -> None:
    """Puts the text into the role's field: its normal appearance (ISO 32000-1, 12.5.5)."""
    field = _field(writer, FIELDS[mark.role])
    x0, y0, x1, y1 = (float(value) for value in field["/Rect"])
    sheet = Sheet.of(_page(writer))
    across, up = (x1 - x0) * sheet.unit, (y1 - y0) * sheet.unit
    width, height = (up, across) if sheet.rotation in (90, 270) else (across, up)
    if width <= 0 or height <= 0:
        return
    # Half a point: the box was made for this text, and a rounding must not make it smaller.
    fitted = fit(mark.lines, size=SIZE, width=width + 0.5, height=height + 0.5)
    form = appearance(writer, sheet, fitted, width, height)
    field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): form})
    if sheet.rotation:
        field[pdf_name("/MK")] = generic.DictionaryObject(
            {pdf_name("/R"): generic.NumberObject(sheet.rotation)}
        )
    writer.update_container(field)


def _embed_placeholder(
    writer: IncrementalPdfFileWriter,
    holder: CertificateHolder,
    role: Role,
    now: datetime,
    *,
    certify: bool,
    output: BytesIO,
) -> PreparedByteRangeDigest:
    """Writes the whole prepared file into `output`."""
    room = _RESERVED + sum(len(_der(item)) for item in (holder.certificate, *holder.chain))
    embedding = PdfCMSEmbedder().write_cms(FIELDS[role], writer, existing_fields_only=True)
    next(embedding)
    # The embedder counts hexadecimal digits.
    placeholder = SignatureObject(
        timestamp=now, subfilter=fields.SigSeedSubFilter.PADES, bytes_reserved=2 * room
    )
    permissions = SigMDPSetup(
        md_algorithm=cms.DIGEST,
        certify=certify,
        docmdp_perms=fields.MDPPerm.FILL_FORMS if certify else None,
    )
    embedding.send(SigObjSetup(sig_placeholder=placeholder, mdp_setup=permissions))
    reserved, _ = embedding.send(SigIOSetup(md_algorithm=cms.DIGEST, output=output))
    assert isinstance(reserved, PreparedByteRangeDigest)
    return reserved


def _page(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    page = writer.find_page_for_modification(0)[0].get_object()
    assert isinstance(page, generic.DictionaryObject)
    return page


def _field(writer: IncrementalPdfFileWriter, name: str) -> generic.DictionaryObject:
    _, _, reference = next(fields.enumerate_sig_fields(writer, with_name=name))
    field = reference.get_object()
    assert isinstance(field, generic.DictionaryObject)
    return field


# --- second phase ---------------------------------------------------------------------------------------


def complete(tbs: ToBeSigned, signature: bytes, *, time_stamps: TimeStamper, into: Path) -> SignedDocument:
    """Finishes a prepared signature into the file `into`; run again, it gives the same file.

    Raises WrongSignature, DocumentChanged, AlreadySigned, TimeStampUnusable, ResultExists, and then
    writes nothing.
    """
    # 1. The raw signature is the certificate's.
    certificate = x509.load_der_x509_certificate(tbs.certificate)
    if not cms.verifies(certificate, signature, tbs.attributes):
        raise WrongSignature
    # 2. The prepared file is what was signed, and its place is empty.
    content = bytearray(tbs.prepared.read_bytes())
    _compare_prepared(tbs, content)
    if into.exists():
        return _found(tbs, signature, into)
    # 3. The time stamp is of this signature.
    token = stamped(time_stamps, signature)
    chain = [x509.load_der_x509_certificate(item) for item in tbs.chain]
    finished = cms.assemble(tbs.attributes, signature, certificate, chain, time_stamp=token)
    _fill(content, tbs.place, finished)
    # 4. What was written is what was meant.
    _reread(tbs, signature, bytes(content))
    _write(into, content)
    return _signed(tbs, into, token)


def _compare_prepared(tbs: ToBeSigned, content: bytearray) -> None:
    start, end = tbs.place
    if not 0 < start < end < len(content):
        raise DocumentChanged
    covered = sha256(content[:start])
    covered.update(content[end:])
    digests = {covered.digest(), tbs.document_digest, cms.message_digest(tbs.attributes)}
    if len(digests) != 1:
        raise DocumentChanged
    if content[start:end] != b"<" + b"0" * (end - start - 2) + b">":
        raise AlreadySigned(roles=tbs.role.value)


def _fill(content: bytearray, place: tuple[int, int], finished: bytes) -> None:
    text = finished.hex().upper().encode("ascii")
    start, end = place
    if len(text) > end - start - 2:
        raise NotSignable(cause="signature too long")
    content[start + 1 : start + 1 + len(text)] = text


def _reread(tbs: ToBeSigned, signature: bytes, content: bytes) -> EmbeddedPdfSignature:
    """The new signature as a reader finds it: the whole file covered, the digest and the raw value ours."""
    reader = PdfFileReader(BytesIO(content), strict=False)
    for name, _, reference in fields.enumerate_sig_fields(reader, filled_status=True, with_name=tbs.field):
        found = EmbeddedPdfSignature(reader, reference.get_object(), name)
        covered = found.evaluate_signature_coverage() is SignatureCoverageLevel.ENTIRE_FILE
        same = bytes(found.signer_info["signature"].native) == signature
        if covered and same and found.compute_digest() == tbs.document_digest:
            return found
    raise DocumentChanged


def _found(tbs: ToBeSigned, signature: bytes, into: Path) -> SignedDocument:
    """The answer of an earlier run, when `into` is its file."""
    try:
        found = _reread(tbs, signature, into.read_bytes())
        token = next(
            value["values"][0].dump()
            for value in found.signer_info["unsigned_attrs"]
            if value["type"].native == "signature_time_stamp_token"
        )
    except (DocumentChanged, StopIteration, *_UNREADABLE) as error:
        raise ResultExists(name=into.name) from error
    return _signed(tbs, into, token)


def _signed(tbs: ToBeSigned, into: Path, token: bytes) -> SignedDocument:
    return SignedDocument(
        pdf=into,
        sha256=Digest.of_file(into),
        role=tbs.role,
        signed_at=token_info(token)["gen_time"].native,
        level="B-T",
    )


def _write(path: Path, content: bytes | bytearray | memoryview) -> None:
    """The file appears under its name whole and on the disk, or not at all."""
    with _aside(path) as aside:
        with aside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    aside = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        yield aside
    finally:
        aside.unlink(missing_ok=True)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
