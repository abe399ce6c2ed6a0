"""What was uploaded becomes a paper: the object as it lies, and a copy for whoever comes at the same moment."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.cli.place import house
from api.house import House
from api.progress import Unheard
from api.steps.intake import Paper, Person, take_in
from api.steps.uploads import keep_upload
from datastore import Actor, NotFound, Upload
from tests.api.http.papers import AN, BINH, page


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    with house(Unheard()) as place:
        yield place


@pytest.fixture
def clerk(opened: House) -> Actor:
    return opened.system("intake")


@pytest.fixture
def upload(opened: House, clerk: Actor, tmp_path: Path) -> Upload:
    scan = tmp_path / "scan.png"
    scan.write_bytes(page(71))
    return keep_upload(opened, clerk, scan, "scan.png")


def test_two_papers_made_of_one_upload_at_the_same_moment_are_both_kept(
    opened: House, clerk: Actor, upload: Upload
) -> None:
    """Both saw it free; the second was refused as if somebody had changed it."""
    papers = [Paper(owners=(Person(owner),), doc_type="KET_HON") for owner in (AN, BINH)]
    first, second = (take_in(opened, clerk, paper, [upload]).document for paper in papers)
    assert first.id == upload.id != second.id
    with opened.datastore.begin(clerk, "open") as work:
        key = work.documents.data_key(second.id)
    (copy,) = second.version.originals
    assert opened.datastore.objects.read(copy.object, sealing=key) == page(71)


def test_an_upload_whose_day_ended_while_it_was_handed_in_is_not_found(
    opened: House, clerk: Actor, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = opened.clock()
    monkeypatch.setattr(opened.datastore, "clock", lambda: now + timedelta(hours=25))
    assert opened.datastore.forget_uploads() == 1
    assert opened.datastore.sweep_orphans() == 1
    with pytest.raises(NotFound) as refused:
        take_in(opened, clerk, Paper(owners=(Person(AN),)), [upload])
    assert refused.value.facts == {"what": "upload", "id": upload.id}
