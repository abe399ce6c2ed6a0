"""What nobody sane would hand in: the command line answers with a status and a sentence, and nothing stays behind.

Every file of the folders `hostile` and `signatures`, and made ones, go through `read`, `intake` and
`validate`. A command may take a minute for each file and 1.5 GB for all its processes together.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from tests.conftest import program, real_part_missing
from tests.journey.installation import KHOSO, SAMPLES, Answer, Installation

SECONDS = 180
"""A file: enough for a machine that does much else, and far less than whoever hangs takes."""
MOST_BYTES = 1_500_000_000
OWNER = "040090001234"

OF_NO_KIND = {
    "decompression_bomb.gif": "file_kind_unknown",
    "program.pdf": "file_kind_unknown",
    "empty.pdf": "file_empty",
    "missing.pdf": "file_missing",
    f"{'d' * 300}.pdf": "file_missing",
}
"""Exit 2: the program was called with something that is no paper."""
REFUSED = {
    "fuzz_378014596.pdf": "file_damaged",
    "hugemono.pdf": "file_too_many_pixels",
    "invalid.pdf": "file_damaged",
    "livecycle.pdf": "file_dynamic_form",
    "pages-loop.pdf": "file_damaged",
    "password-is-test.pdf": "file_password",
    "truncated_jpeg.jpg": "file_damaged",
    "zero_pages.pdf": "file_no_pages",
}
"""Exit 1: a paper's file, which cannot become a document."""
TAKEN = (
    "bomb_giant.pdf",
    "evaljs.pdf",
    "exif-dpi-zerodivision.jpg",
    "jbig2.pdf",
    "no_contents.pdf",
    "rotated_skew.pdf",
)
UNSIGNED = 4
"""Exit of `validate` for a PDF without a signature, or one that nobody can read."""
OF_SIGNATURES = {
    "BadEncodedCMS.pdf": (1,),
    "hello_signed_INCSAVE_signed_EDITED.pdf": (1, 4),
    "minimal-two-fields-signed-twice.pdf": (4,),
    "pades_infinite_loop.pdf": (1, 4),
    "pdf-byterange-overlap.pdf": (1,),
    "pdf-signed-added-page.pdf": (1,),
    "pdf-signed-corrupted.pdf": (1,),
    "pdf-signed-original.pdf": (4,),
    "pkcs7_sha1.pdf": (4,),
    "replace.pdf": (1, 4),
    "weird-byterange.pdf": (1, 4),
}
"""Exits of `validate` that the sources of these files allow; nobody's root is at hand, so never 0."""


@dataclass(frozen=True)
class Bench:
    """The files, and an installation that has seen them come."""

    place: Installation
    files: dict[str, Path] = field(default_factory=dict)

    def paths(self, names: Sequence[str]) -> list[Path]:
        return [self.files[name] for name in names]

    def check(self, answer: Answer, *, files: int = 1) -> None:
        """What holds for every command, whatever it was given."""
        ended = answer.ended
        assert "Traceback" not in ended.err
        assert "Traceback" not in ended.out
        assert ended.seconds < SECONDS * files, answer.command
        assert ended.peak_bytes < MOST_BYTES, answer.command
        assert answer.left_over == ()
        assert self.place.leftovers() == []

    def rows(self) -> dict[str, int]:
        """How many rows stand where a paper would leave some."""
        return {
            table: self.count(table)
            for table in ("owners", "documents", "objects", "receipts", "jobs", "object_intents")
        }

    def count(self, table: str) -> int:
        database = self.place.data / "khoso.db"
        if not database.exists():
            return 0
        with sqlite3.connect(database) as rows:
            found: int = rows.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        rows.close()
        return found


@pytest.fixture(scope="module")
def bench(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("hostile")
    place = Installation(folder / "place")
    place.folder.mkdir()
    files = {path.name: path for kind in ("hostile", "signatures") for path in (shared_data / kind).iterdir()}
    made = {path.name: path for path in make_files(folder)}
    missing = {name: folder / name for name in ("missing.pdf", f"{'d' * 300}.pdf")}
    yield Bench(place, files | made | missing)
    shutil.rmtree(folder)


def make_files(folder: Path) -> Iterator[Path]:
    """An empty file, a PDF without pages, a program."""
    yield _written(folder / "empty.pdf", b"")
    yield _written(folder / "program.pdf", Path(sys.executable).resolve().read_bytes()[:1_000_000])
    pikepdf.new().save(folder / "zero_pages.pdf")
    yield folder / "zero_pages.pdf"


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def make_long_pdf(path: Path, pages: int) -> None:
    """Small pages, each with its own number in the file's text layer."""
    with pikepdf.new() as pdf:
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
        for number in range(1, pages + 1):
            page = pdf.add_blank_page(page_size=(120, 60))
            page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
            page.Contents = pdf.make_stream(f"BT /F 18 Tf 10 20 Td (Trang {number}) Tj ET".encode())
        pdf.save(path)


def errors(answer: Answer, key: str) -> dict[str, Any]:
    """The error of each file, by the file's name; None for a file that was taken."""
    return {Path(one["file"]).name: one.get("error") for one in answer.json[key]}


@pytest.mark.parametrize(("expected", "status"), [(OF_NO_KIND, 2), (REFUSED, 1)], ids=["no kind", "refused"])
@pytest.mark.parametrize("command", ["read", "intake"])
def test_what_cannot_become_a_document_is_refused_with_a_sentence(
    bench: Bench, command: str, expected: dict[str, str], status: int
) -> None:
    options = ["--owner", OWNER] if command == "intake" else []
    before = bench.rows()
    answer = bench.place.khoso(command, *bench.paths(list(expected)), *options, "--json", status=status)
    bench.check(answer, files=len(expected))
    found = errors(answer, "files" if command == "read" else "documents")
    assert {name: error["code"] for name, error in found.items()} == expected
    for error in found.values():
        assert f"{error['vi']} / {error['en']}" in answer.ended.err
    after = bench.rows()
    assert after == before


@pytest.mark.parametrize(
    "names",
    [TAKEN[:1], TAKEN[1:], ("pkcs7_sha1.pdf",), tuple(sorted(OF_SIGNATURES.keys() - {"pkcs7_sha1.pdf"}))],
    ids=["a bomb", "hostile", "many pages", "signatures"],
)
def test_what_can_be_read_is_read_and_taken_in(bench: Bench, names: tuple[str, ...]) -> None:
    if names != ("pkcs7_sha1.pdf",):  # its 28 pages are read once, by `intake`
        read = bench.place.khoso("read", *bench.paths(names), "--json")
        bench.check(read, files=len(names))
        assert errors(read, "files") == dict.fromkeys(names)
    kept = bench.count("documents")
    taken = bench.place.khoso("intake", *bench.paths(names), "--owner", OWNER, "--type", "CONG_VAN", "--json")
    bench.check(taken, files=len(names))
    assert errors(taken, "documents") == dict.fromkeys(names)
    assert bench.count("documents") == kept + len(names)
    signed = set(names) & set(OF_SIGNATURES)
    for paper in taken.documents:
        assert paper["status"] == "provisional"
        arrived_signed = paper["verdict"] is not None
        assert (paper["signature_verdict"] is None) is arrived_signed
        assert arrived_signed is False or Path(paper["file"]).name in signed


ONE_AFTER_THE_OTHER = """
    import contextlib, io, json, sys, time
    from api.cli import run

    for file in sys.argv[1:]:
        out, err, started = io.StringIO(), io.StringIO(), time.monotonic()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(["validate", file, "--json"])
        said = {"status": int(status), "answer": json.loads(out.getvalue()), "err": err.getvalue()}
        print(json.dumps(said | {"seconds": time.monotonic() - started}), flush=True)
"""
"""The command line itself, as often as there are files; only the interpreter starts once."""


def test_every_file_gets_a_verdict_or_a_refusal(bench: Bench, shared_data: Path) -> None:
    hostile = {path.name: (UNSIGNED,) for path in (shared_data / "hostile").glob("*.pdf")}
    others = dict.fromkeys((*OF_NO_KIND, "truncated_jpeg.jpg", "exif-dpi-zerodivision.jpg"), (2,))
    expected = hostile | others | OF_SIGNATURES | {"zero_pages.pdf": (UNSIGNED,), "evaljs.pdf": (1, 4)}
    paths = [str(path) for path in bench.paths(list(expected))]
    done = bench.place.run_program([sys.executable, "-c", textwrap.dedent(ONE_AFTER_THE_OTHER), *paths])
    bench.check(done, files=len(expected))
    assert done.status == 0, done.ended.err
    for name, line in zip(expected, done.ended.out.splitlines(), strict=True):
        said = json.loads(line)
        assert said["status"] in expected[name], (name, said)
        assert said["seconds"] < SECONDS, name
        if said["status"] == 2:
            assert said["answer"]["error"]["vi"] in said["err"]
        else:
            assert said["answer"]["verdict"] in ("TOTAL-FAILED", "INDETERMINATE"), name
            assert all(reason["vi"] and reason["en"] for reason in said["answer"]["reasons"]), name
            assert said["answer"]["reasons"], name


def test_names_of_any_kind_are_kept_clean_and_lead_nowhere(bench: Bench, tmp_path: Path) -> None:
    tile = Image.new("RGB", (400, 200), "white")
    names = (
        "d" * 251 + ".png",
        unicodedata.normalize("NFD", "Giấy khai sinh của Ánh.png"),
        "giay\u202egnp.exe.png",
        "-rf\nx;$(reboot).png",
    )
    for number, name in enumerate(names):
        tile.putpixel((number, 0), (0, 0, 0))
        tile.save(tmp_path / name)
    (tmp_path / "in").mkdir()
    paths = [tmp_path / "in" / ".." / name for name in names]
    answer = bench.place.khoso("intake", *paths, "--owner", OWNER, "--type", "CONG_VAN", "--json")
    bench.check(answer, files=len(names))
    with sqlite3.connect(bench.place.data / "khoso.db") as rows:
        kept = [name for (name,) in rows.execute("SELECT name FROM originals ORDER BY id DESC LIMIT 4")]
    rows.close()
    assert len(kept) == len(set(kept)) == len(names)
    for name in kept:
        assert name == unicodedata.normalize("NFC", name)
        assert not set(name) & set("\u202e\n/")
        assert len(name) <= 255
    assert all("\u202e" not in line for line in answer.ended.err.splitlines())
    stored = [path.name for path in (bench.place.data / "objects").rglob("*") if "khai sinh" in path.name]
    assert stored == []


def test_three_hundred_pages_are_one_document(bench: Bench, tmp_path: Path) -> None:
    make_long_pdf(tmp_path / "long.pdf", 300)
    answer = bench.place.khoso(
        "intake", tmp_path / "long.pdf", "--owner", OWNER, "--type", "CONG_VAN", "--json"
    )
    bench.check(answer)
    assert (answer.document["pages"], answer.document["status"]) == (300, "provisional")
    assert answer.document["signature_verdict"] == "TOTAL-PASSED"


ON_A_FULL_DISK = """
    import json, os, subprocess, sys, time
    khoso, paper, owner = sys.argv[1:]
    answers = {}

    def run(name, *words):
        started = time.monotonic()
        done = subprocess.run([khoso, *words], capture_output=True, text=True)
        answers[name] = {"status": done.returncode, "err": done.stderr.strip(), "out": done.stdout,
                         "seconds": time.monotonic() - started}

    def leave(free):
        disk = os.statvfs("data")
        with open("data/filler", "wb") as filler:
            filler.write(bytes(max(0, disk.f_bavail * disk.f_frsize - free)))

    leave(0)
    run("first start", "list", owner)
    os.remove("data/filler")
    run("second start", "list", owner)
    intake = ("intake", paper, "--owner", owner, "--type", "CONG_VAN", "--json")
    for free in FREE:
        leave(free)
        run(f"{free} free", *intake)
        if free == 0:
            run("look at it", "list", owner, "--json")
        os.remove("data/filler")
    run("after", *intake)
    leave(0)
    run("get", "get", json.loads(answers["after"]["out"])["documents"][0]["document_id"], "--out", "data/out.pdf")
    os.remove("data/filler")
    run("log", "log", "verify")
    left = [*os.listdir("data/work"), *os.listdir("data/objects/.incoming"), *os.listdir("tmp")]
    print(json.dumps({"answers": answers, "left": left, "data": sorted(os.listdir("data"))}))
"""
FREE = (0, 100_000, 500_000, 900_000)
"""Bytes: enough for nothing, for rows, for the original, for reading but not for signing it."""


def test_a_full_disk_is_told_and_what_was_promised_is_kept(tmp_path: Path) -> None:
    """A small file system of the test's own, with room for less and less of one intake."""
    (tmp_path / "data").mkdir()
    place = Installation(tmp_path)
    place.temporary.mkdir()
    mount = f'mount -t tmpfs -o size=12m none "{place.data}" && exec "$@"'
    command = [program("unshare"), "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    if subprocess.run([*command, "/bin/true"], capture_output=True, check=False).returncode:
        real_part_missing("a small file system of the tests' own (unprivileged mount)")
    script = textwrap.dedent(ON_A_FULL_DISK).replace("FREE", repr(FREE))
    words = [sys.executable, "-c", script, *KHOSO, str(SAMPLES / "thong_bao_ubnd.jpg"), OWNER]
    done = subprocess.run(
        [*command, *words], capture_output=True, text=True, check=False, cwd=tmp_path, env=place.environment
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    answers = told["answers"]
    for name, answer in answers.items():
        assert "Traceback" not in answer["err"] + answer["out"], (name, answer)
        assert answer["seconds"] < SECONDS, (name, answer)
    for name in ("first start", "get", *(f"{free} free" for free in FREE)):
        assert answers[name]["status"] == 3, (name, answers[name])
        assert len(answers[name]["err"].splitlines()[-1].split(" / ")) == 2, (name, answers[name])
    for name in ("second start", "after", "log"):
        assert answers[name]["status"] == 0, (name, answers[name])
    (paper,) = json.loads(answers["after"]["out"])["documents"]
    assert (paper["status"], paper["signature_verdict"]) == ("provisional", "TOTAL-PASSED")
    assert (told["left"], "out.pdf" in told["data"]) == (["sweep.lock"], False)


def test_a_data_folder_that_cannot_be_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    place = Installation(tmp_path, {"KHOSO_DATA_DIR": f"{tmp_path}/file/data"})
    answer = place.khoso("list", OWNER, "--json", status=2)
    assert answer.json["error"]["code"] == "path_unusable"
    assert answer.ended.err.strip() == f"{answer.json['error']['vi']} / {answer.json['error']['en']}"


def test_an_answer_into_a_folder_that_is_not_there_is_refused(bench: Bench, tmp_path: Path) -> None:
    letter = SAMPLES / "qn_11TB_born_digital.pdf"
    taken = bench.place.khoso("intake", letter, "--owner", OWNER, "--type", "THONG_BAO", "--json").document
    words = ("get", taken["document_id"], "--out", tmp_path / "nowhere" / "out.pdf")
    bench.check(answer := bench.place.khoso(*words, status=2))
    assert str(tmp_path / "nowhere") in answer.ended.err.splitlines()[-1]
