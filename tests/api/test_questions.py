"""What a person is asked about whose paper it is, where a paper has several files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from api.cli.place import house
from api.house import House
from api.progress import Unheard
from api.steps.intake import Paper, _named_by_file, receive
from api.steps.questions import FILES_NAME, marks, whose
from common import Digest, new_id, utc_now
from datastore import DocumentRecord
from ingest import MediaType, Reading, Scan, TypeGuess
from tests.api.http.papers import page
from tests.ingest.papers import plain

AN, BINH, MOTHER = "040090001234", "040090001235", "040165004321"
ENTERPRISE = "0100109106"


@dataclass(frozen=True)
class Desk:
    """A paper of two files, to be read as a test wants it."""

    opened: House
    paper: DocumentRecord

    def asked(
        self,
        numbers: Sequence[Sequence[str]],
        *,
        doc_type: str = "KHAI_SINH",
        owners: Sequence[str] = (AN,),
        fields: Mapping[str, str] | None = None,
    ) -> list[tuple[str, str]]:
        """What is asked where the reader found these numbers in the files, and these fields: the file with the code."""
        found = {
            name: {"value": value, "confidence": 1.0, "doubtful": False, "page": 1, "box": None}
            for name, value in (fields or {}).items()
        }
        marked = [marks(self.opened, self.paper.id, one) for one in numbers]
        read = replace(self.paper.version, fields=found, quality={FILES_NAME: marked})
        paper = replace(self.paper, version=read, doc_type=doc_type)
        with self.opened.datastore.begin(self.opened.system("test"), "name") as work:
            known = [work.owners.ensure(one) for one in owners]
        return [(one.code, one.vi.split()[1]) for one in whose(self.opened, paper, known, ())]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    files = (folder / "0.png", folder / "1.png")
    for shade, file in enumerate(files):
        file.write_bytes(page(shade))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KHOSO_DATA_DIR", str(folder / "var"))
        with house(Unheard()) as opened:
            yield Desk(opened, receive(opened, opened.system("test"), Paper(files)).document)


def test_a_file_of_somebody_else_among_those_of_a_paper_is_asked_about(desk: Desk) -> None:
    """The first page had the owner's number, and so nobody was asked about the second file, of another child."""
    assert desk.asked([[AN], [BINH]]) == [("file_of_another", "1.png")]
    assert desk.asked([[MOTHER], [AN, MOTHER]]) == [("file_of_another", "0.png")]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([[AN], [AN, BINH]], {}),
        ([[AN], []], {}),
        ([[], [AN, MOTHER]], {}),
        ([[AN], [MOTHER]], {"fields": {"requester_id_paper": MOTHER}}),
        ([[AN], [BINH]], {"doc_type": "KET_HON"}),
        ([[AN], [BINH]], {"doc_type": "CT07_CU_TRU"}),
        ([[AN], [BINH]], {"owners": (AN, BINH)}),
        ([[AN], [BINH]], {"doc_type": "GCN_DKDN", "owners": (ENTERPRISE,)}),
        ([], {}),
    ],
    ids=["beside", "none", "both", "mother", "couple", "household", "owners", "enterprise", "one file"],
)
def test_nobody_is_asked_where_a_form_names_others_beside_its_owner(
    desk: Desk, numbers: Sequence[Sequence[str]], said: Mapping[str, Any]
) -> None:
    assert desk.asked(numbers, **said) == []


def test_a_file_whose_reading_is_asked_about_already_is_asked_about_once(desk: Desk) -> None:
    assert desk.asked([[BINH], []], fields={"personal_id": BINH}) == [("owner_differs", "0.png")]


def test_the_numbers_of_a_file_are_those_on_all_its_pages(desk: Desk) -> None:
    pages = plain(f"Số định danh cá nhân: {AN}", "trang hai", f"{BINH}, {MOTHER}, {BINH}")
    reading = Reading(pages, TypeGuess(None, None, 0.0))
    first, second = (Scan(Path("x"), "x", MediaType.PDF, 1, Digest.of(b"x"), n, signed=False) for n in (2, 1))
    paper = desk.paper.id
    named = _named_by_file(desk.opened, paper, [first, second], reading)
    assert named == [marks(desk.opened, paper, one) for one in ([AN], [BINH, MOTHER])]
    assert _named_by_file(desk.opened, paper, [replace(first, pages=3)], reading) == []


def test_what_is_kept_of_the_numbers_on_a_paper_tells_nobody_the_number_nor_another_paper(desk: Desk) -> None:
    """Numbers of third persons stood in a row that is not sealed."""
    (mark,), (elsewhere,) = (marks(desk.opened, id, [BINH]) for id in (desk.paper.id, new_id(utc_now())))
    assert BINH not in mark
    assert mark != elsewhere
    assert mark not in {
        sha256(f"{desk.paper.id} {BINH}".encode()).hexdigest(),
        sha256(BINH.encode()).hexdigest(),
    }
    assert marks(desk.opened, desk.paper.id, [BINH, AN])[0] == mark
