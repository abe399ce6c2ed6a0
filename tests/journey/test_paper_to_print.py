"""From paper to print by the command line, as a clerk does it: one installation, real papers, real processes.

Unchanged in both columns of the design: by itself, and in service. The whole morning is done once, in the fixture;
each test looks at what one part of it answered.
"""

import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageFilter

from api.house import open_datastore
from common import Digest
from datastore import Actor, Datastore, DiaryLine
from tests.conftest import program
from tests.journey.installation import COLUMNS, SAMPLES, Answer, Installation
from tests.services import Services

BIRTH = SAMPLES / "giay_khai_sinh.jpg"
MARRIAGE = SAMPLES / "giay_chung_nhan_ket_hon.jpg"
DECISION = SAMPLES / "real_qd_707_ttg.pdf"
LETTER = SAMPLES / "qn_11TB_born_digital.pdf"

CHILD, WIFE, HUSBAND = "040326489325", "040198263731", "038093854341"
OFFICE, PROVINCE, COMMUNE = "G22", "H48", "H41.242"
SUCCEEDS, REFUSED = "H41.08-261122-0001", "H41.08-261122-0002"

LOOKING = Actor("test", "system", "H41.08", "look")
INTAKE_ANSWER = {
    "code", "document_id", "version", "status", "weight", "sha256", "original_sha256", "pages", "verdict",
    "signature_verdict", "receipt",
}  # fmt: skip
PAGE_ANSWER = {
    "number", "width", "height", "dpi", "rotation", "skew", "blank", "quality", "text", "confidence",
}  # fmt: skip
VERDICT_ANSWER = {"verdict", "reasons", "signatures", "checked_at", "trust_as_of"}


@dataclass(frozen=True)
class Counter:
    """An installation after a morning: what the commands answered, by the name of what was done."""

    place: Installation
    birth: dict[str, Any]
    new_birth: dict[str, Any]
    decision: dict[str, Any]
    marriage: dict[str, Any]
    letter: dict[str, Any]
    birth_print: dict[str, Any]
    answers: dict[str, Answer]

    def __getitem__(self, name: str) -> Answer:
        return self.answers[name]

    @contextmanager
    def datastore(self) -> Iterator[Datastore]:
        """The rows, for what no command shows."""
        store = open_datastore(self.place.read_settings)
        try:
            yield store
        finally:
            store.close()

    def diary(self, owner: str) -> list[DiaryLine]:
        """What the owner finds in its diary."""
        with self.datastore() as store, store.begin(LOOKING, "look") as work:
            found = work.owners.find(owner)
            return [] if found is None else list(work.diary.of_owner(found.id))


@pytest.fixture(scope="module", params=COLUMNS)
def counter(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, services: Services
) -> Iterator[Counter]:
    """Two clerks at one machine, their commands side by side; at the end everything was done once."""
    with COLUMNS[request.param](tmp_path_factory.mktemp("counter"), services) as place:
        with ThreadPoolExecutor(2) as clerks:
            papers = take_in(place, clerks)
            answers = {"close": place.khoso("dossier", "close", SUCCEEDS, "--succeeded", "--json")}
            prints = list(
                clerks.map(lambda name: print_paper(place, papers[name], name), ("birth", "decision"))
            )
            answers |= look(place, clerks, papers, prints[0]["link"])
            answers |= change(place, clerks, papers, prints[0]["link"])
            answers |= in_pairs(place, clerks, {"log": ("log", "verify"), "doctor": ("doctor",)})
            answers["refuse"] = papers.pop("refuse")
        yield Counter(place, **papers, birth_print=prints[0], answers=answers)
    assert place.leftovers() == []


PAPERS = ("birth", "new_birth", "decision", "marriage", "letter")
Command = tuple[str | Path, ...]


def take_in(place: Installation, clerks: ThreadPoolExecutor) -> dict[str, Any]:
    """Five papers in two dossiers; one of the dossiers is refused."""
    rescan = place.folder / "rescan.jpg"
    Image.open(BIRTH).save(rescan, quality=80, dpi=(300, 300))
    place.khoso("dossier", "open", SUCCEEDS, "--procedure", "1.001193")

    def intake(file: Path, *options: str) -> dict[str, Any]:
        return place.khoso("intake", file, *options, "--json").document

    def left() -> dict[str, Any]:
        birth = intake(BIRTH, "--owner", CHILD, "--type", "KQ.G15.000031", "--dossier", SUCCEEDS)
        place.khoso("dossier", "open", REFUSED, "--procedure", "1.000894")
        marriage = intake(MARRIAGE, "--owner", WIFE, "--owner", HUSBAND, "--dossier", REFUSED)
        refuse = place.khoso("dossier", "close", REFUSED, "--refused", "--json")
        return {"birth": birth, "marriage": marriage, "refuse": refuse}

    def right() -> dict[str, Any]:
        letter = intake(LETTER, "--owner", PROVINCE, "--type", "THONG_BAO")
        decision = intake(DECISION, "--owner", OFFICE, "--type", "QD_UBND", "--dossier", SUCCEEDS)
        new_birth = intake(rescan, "--owner", CHILD, "--type", "KHAI_SINH")
        return {"letter": letter, "decision": decision, "new_birth": new_birth}

    one, other = clerks.submit(left), clerks.submit(right)
    return one.result() | other.result()


def print_paper(place: Installation, paper: dict[str, Any], name: str) -> dict[str, Any]:
    """The print's facts; beside it a picture of it."""
    out, words = place.folder / f"{name}-print.pdf", ("--to", "Trường THPT Nghĩa Đàn", "--reason", "nhập học")
    printed: dict[str, Any] = place.khoso("print", paper["document_id"], *words, "--out", out, "--json").json
    take_photo(out, place.folder / f"{name}-photo.jpg")
    return printed


def take_photo(pdf: Path, photo: Path) -> None:
    """As a bad camera does: 200 dpi, blurred, turned by 2°, JPEG quality 75."""
    sheet: Image.Image = pypdfium2.PdfDocument(pdf)[0].render(scale=200 / 72).to_pil().convert("RGB")
    blurred = sheet.filter(ImageFilter.GaussianBlur(0.8))
    blurred.rotate(-2, expand=True, fillcolor="white").save(photo, quality=75)


def in_pairs(
    place: Installation, clerks: ThreadPoolExecutor, commands: Mapping[str, Command]
) -> dict[str, Answer]:
    """What each command answers with `--json`, two at a time; whether that is right is for the tests to say."""
    return dict(
        zip(commands, clerks.map(lambda words: place.run(*words, "--json"), commands.values()), strict=True)
    )


def look(
    place: Installation, clerks: ThreadPoolExecutor, papers: dict[str, Any], link: str
) -> dict[str, Answer]:
    """Everything that changes nothing."""
    signed, changed, original = (
        place.folder / name for name in ("signed.pdf", "changed.pdf", "original.pdf")
    )
    place.khoso("get", papers["birth"]["document_id"], "--out", signed)
    change_one_byte(signed, changed)
    elsewhere = Installation(place.folder / "elsewhere")
    elsewhere.folder.mkdir()
    fetching = clerks.submit(
        place.run, "get", papers["letter"]["document_id"], "--original", "--out", original
    )
    unknown = clerks.submit(elsewhere.run, "verify", link, "--json")
    commands: dict[str, Command] = {
        "validate signed": ("validate", signed),
        "verify changed": ("verify", changed, "--offline"),
        "verify photo": ("verify", place.folder / "birth-photo.jpg", "--offline"),
        "verify changed link": ("verify", with_another_digit(link), "--offline"),
        "list husband": ("list", HUSBAND),
        "list wife": ("list", WIFE),
        "again": ("intake", MARRIAGE, "--owner", HUSBAND, "--owner", WIFE, "--dossier", REFUSED),
        "read letter": ("read", LETTER),
        "validate letter": ("validate", LETTER),
    }
    done = in_pairs(place, clerks, commands)
    return done | {"verify elsewhere": unknown.result(), "get original": fetching.result()}


def change(
    place: Installation, clerks: ThreadPoolExecutor, papers: dict[str, Any], link: str
) -> dict[str, Answer]:
    """Everything after which something else is true."""
    id_of = {name: papers[name]["document_id"] for name in PAPERS}
    commands: dict[str, Command] = {
        "revoke": ("revoke", id_of["decision"], "--reason", "cấp nhầm"),
        "supersede": ("supersede", id_of["birth"], "--by", id_of["new_birth"], "--reason", "quét lại"),
        "refile": ("refile", id_of["letter"], "--owner", COMMUNE, "--reason", "nhầm chủ"),
    }
    done = in_pairs(place, clerks, commands)
    after: dict[str, Command] = {
        "verify revoked": ("verify", place.folder / "decision-photo.jpg", "--offline"),
        "verify superseded": ("verify", link, "--offline"),
        "list old store": ("list", PROVINCE),
    }
    return done | in_pairs(place, clerks, after)


def change_one_byte(signed: Path, changed: Path) -> None:
    """In the middle of the scanned picture, deep inside what both have signed."""
    with pikepdf.open(signed) as opened:
        streams = (one for one in opened.objects if isinstance(one, pikepdf.Stream))
        picture = max((one.read_raw_bytes() for one in streams), key=len)
    content = bytearray(signed.read_bytes())
    content[content.index(picture) + len(picture) // 2] ^= 0x01
    changed.write_bytes(content)


def with_another_digit(link: str) -> str:
    """The link with one digit of its middle counted up."""
    at = len(link) // 2
    return link[:at] + str((int(link[at]) + 1) % 10) + link[at + 1 :]


def test_papers_are_provisional_until_their_dossier_succeeds(counter: Counter) -> None:
    assert set(counter.birth) >= INTAKE_ANSWER
    assert counter.birth["code"] == f"{CHILD}.KQ.G15.000031"
    assert counter.decision["code"] == f"{OFFICE}.QD_UBND"
    for paper in (counter.birth, counter.decision):
        assert (paper["status"], paper["revision"], paper["verdict"]) == ("provisional", 1, None)
        assert (paper["signature_verdict"], paper["pages"]) == ("TOTAL-PASSED", 1)
    assert counter.birth["original_sha256"] == Digest.of_file(BIRTH).hex
    ended = {paper["document_id"]: paper for paper in counter["close"].documents}
    assert set(ended) == {counter.birth["document_id"], counter.decision["document_id"]}
    for paper in ended.values():
        assert (paper["status"], paper["revision"]) == ("valid", 2)
        assert (paper["ground"], paper["weight"]) == ("dossier_succeeded", "digitised")
        assert paper["signature_verdict"] == "TOTAL-PASSED"


def test_a_refused_dossier_leaves_its_papers_provisional(counter: Counter) -> None:
    assert counter["refuse"].json["state"] == "refused"
    paper = counter["refuse"].document
    assert (paper["document_id"], paper["status"]) == (counter.marriage["document_id"], "provisional")
    assert (paper["revision"], paper["ground"]) == (1, None)


def test_a_marriage_certificate_stands_in_both_stores(counter: Counter) -> None:
    assert counter.marriage["codes"] == [f"{WIFE}.KQ.G15.000032", f"{HUSBAND}.KQ.G15.000032"]
    for listed in (counter["list wife"], counter["list husband"]):
        assert [paper["document_id"] for paper in listed.documents] == [counter.marriage["document_id"]]


def test_the_signed_pdf_carries_clerk_and_agency_and_poppler_agrees(counter: Counter) -> None:
    answer = counter["validate signed"]
    assert (answer.status, set(answer.json)) == (0, VERDICT_ANSWER)
    signatures = answer.json["signatures"]
    assert [(one["verdict"], one["level"]) for one in signatures] == [("TOTAL-PASSED", "B-T")] * 2
    command = [program("pdfsig"), "-nocert", str(counter.place.folder / "signed.pdf")]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert said.count("Signature Validation: Signature is Valid.") == 2, said
    assert "Total document signed" in said


def test_one_changed_byte_in_a_signed_range_is_not_genuine(counter: Counter) -> None:
    answer = counter["verify changed"]
    assert (answer.status, answer.json["verdict"]) == (1, "TOTAL-FAILED")
    assert answer.reasons == ["HASH_FAILURE"]


def test_a_photo_of_the_print_is_genuine_and_in_force(counter: Counter) -> None:
    answer = counter["verify photo"]
    assert (answer.status, set(answer.json)) == (0, VERDICT_ANSWER | {"status", "status_as_of", "document"})
    assert (answer.json["verdict"], answer.json["status"]) == ("TOTAL-PASSED", "good")
    assert answer.reasons == ["seal-genuine"]
    claims = answer.json["document"]
    assert claims["document_id"] == counter.birth["document_id"]
    assert claims["revision_sha256"] == counter.birth_print["revision_sha256"]
    assert (claims["dossier_number"], claims["identifier"]) == (SUCCEEDS, "040******325")


def test_a_print_names_paper_and_receiver_and_hides_the_personal_number(counter: Counter) -> None:
    page = pypdfium2.PdfDocument(counter.place.folder / "birth-print.pdf")[0]
    top = page.get_height() * 0.75
    strip = page.get_textpage().get_text_bounded(bottom=top)
    assert "Giấy khai sinh" in strip
    assert "Trường THPT Nghĩa Đàn" in strip
    assert CHILD not in strip
    assert "040******325" in strip


def test_one_changed_digit_of_the_link_is_not_genuine(counter: Counter) -> None:
    answer = counter["verify changed link"]
    assert (answer.status, answer.json["verdict"], answer.json["document"]) == (1, "TOTAL-FAILED", None)
    assert answer.reasons[0] in ("seal-signature-wrong", "seal-digits-damaged", "seal-malformed")


def test_a_seal_of_an_unknown_key_cannot_be_told(counter: Counter) -> None:
    answer = counter["verify elsewhere"]
    assert (answer.status, answer.json["verdict"]) == (4, "INDETERMINATE")
    assert (answer.json["status"], answer.reasons) == ("unknown", ["seal-key-unknown"])


def test_the_same_bytes_again_are_the_same_paper(counter: Counter) -> None:
    """docs/decisions/0002: safe to repeat, and no second receipt."""
    again, first = counter["again"].document, counter.marriage
    assert (again["again"], again["document_id"], again["receipt"], again["revision"]) == (
        True,
        first["document_id"],
        first["receipt"],
        1,
    )


def test_a_paper_brought_again_stands_in_its_dossier_once_though_that_is_closed(counter: Counter) -> None:
    """After a crash the same command is given again, when the type is known and the dossier may be closed."""
    assert counter["again"].status == 0
    with counter.datastore() as store, store.begin(LOOKING, "look") as work:
        (standing,) = work.dossiers.get(REFUSED).documents
    assert str(standing.document_id) == counter.marriage["document_id"]


def test_a_revoked_paper_is_genuine_but_revoked_on_every_photo(counter: Counter) -> None:
    revoked = counter["revoke"].document
    assert (revoked["status"], revoked["reason"]) == ("revoked", "cấp nhầm")
    answer = counter["verify revoked"]
    assert (answer.status, answer.json["verdict"], answer.json["status"]) == (1, "TOTAL-PASSED", "revoked")
    assert answer.reasons == ["seal-genuine"]


def test_a_superseded_paper_says_so_on_its_print_and_the_new_one_stands(counter: Counter) -> None:
    """A second scan is another paper in the same slot: never merged silently, replaced by decision."""
    assert (counter.new_birth["code"], counter.new_birth["again"]) == (counter.birth["code"], False)
    assert counter.new_birth["document_id"] != counter.birth["document_id"]
    assert counter["supersede"].document["status"] == "superseded"
    answer = counter["verify superseded"]
    assert (answer.status, answer.json["verdict"], answer.json["status"]) == (
        1,
        "TOTAL-PASSED",
        "superseded",
    )


def test_a_refiled_paper_leaves_the_wrong_store_and_both_diaries_tell(counter: Counter) -> None:
    assert counter["refile"].document["code"] == f"{COMMUNE}.THONG_BAO"
    assert (counter["list old store"].status, counter["list old store"].documents) == (0, [])
    for owner in (PROVINCE, COMMUNE):
        told = [line for line in counter.diary(owner) if line.act == "refile"]
        about = {str(line.document_id) for line in told if line.document_id is not None}
        assert about == {counter.letter["document_id"]}
        assert any("nhầm chủ" in (line.note or "") for line in told)


def test_a_letter_that_arrived_signed_is_kept_as_it_is(counter: Counter) -> None:
    letter = counter.letter
    assert (letter["verdict"], letter["signature_verdict"]) == ("INDETERMINATE", None)
    assert (letter["revision"], letter["weight"], letter["status"]) == (0, "unconfirmed", "provisional")
    assert letter["sha256"] == letter["original_sha256"] == Digest.of_file(LETTER).hex
    assert counter["get original"].status == 0
    assert (counter.place.folder / "original.pdf").read_bytes() == LETTER.read_bytes()


def test_a_letter_drawn_by_its_signature_widgets_gives_number_and_date(counter: Counter) -> None:
    (read,) = counter["read letter"].json["files"]
    assert set(read) >= {"file", "error", "pages", "text", "doc_type", "fields", "pdf"}
    fields = {name: field["value"] for name, field in read["fields"].items()}
    assert (fields["number"], fields["date"]) == ("11/TB-UBND", "2025-01-08")
    assert read["doc_type"]["code"] == "THONG_BAO"
    page, box = read["pages"][0], read["fields"]["number"]["box"]
    assert set(page) >= PAGE_ANSWER
    assert 0 <= box[0] < box[2] <= page["width"]
    assert 0 <= box[1] < box[3] <= page["height"]


def test_signatures_of_unknown_authorities_cannot_be_told_with_every_reason(counter: Counter) -> None:
    answer = counter["validate letter"]
    assert (answer.status, answer.json["verdict"]) == (4, "INDETERMINATE")
    assert "NO_CERTIFICATE_CHAIN_FOUND" in answer.reasons
    digests = {one["digest_algorithm"] for one in answer.json["signatures"]}
    assert ("CRYPTO_CONSTRAINTS_FAILURE" in answer.reasons) is ("sha1" in digests)
    assert all(reason["vi"] and reason["en"] for reason in answer.json["reasons"])


def test_after_all_this_log_and_installation_are_well(counter: Counter) -> None:
    log = counter["log"].json
    assert (counter["log"].status, log["clean"], log["findings"]) == (0, True, [])
    findings = counter["doctor"].json["findings"]
    assert (counter["doctor"].status, [one for one in findings if not one["well"]]) == (0, [])


def test_no_command_left_a_process_behind(counter: Counter) -> None:
    assert {name: answer.left_over for name, answer in counter.answers.items() if answer.left_over} == {}
