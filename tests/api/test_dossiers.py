"""What the ending of a dossier means for the papers in it, as the steps do it for commands and API."""

from dataclasses import replace
from pathlib import Path

import pytest

from api.cli.place import house
from api.progress import Unheard
from api.steps.dossiers import close_dossier, open_dossier
from api.steps.intake import Paper, receive
from archive import Ground
from datastore import DossierState
from tests.api.http.papers import page

_NUMBER = "H41.08-261122-0001"


def test_an_ending_that_is_told_again_is_not_done_again_with_the_papers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gave grounds and asked for protection once more, each time that it was told."""
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    scan = tmp_path / "page.png"
    scan.write_bytes(page(1))
    with house(Unheard()) as opened:
        clerk = replace(opened.system("test"), dossier=_NUMBER)
        open_dossier(opened, clerk, _NUMBER, "1.001193")
        paper = receive(opened, clerk, Paper((scan,))).document
        for _told in range(2):
            close_dossier(opened, clerk, _NUMBER, DossierState.SUCCEEDED)
        with opened.datastore.begin(opened.system("test"), "look") as work:
            assert work.documents.get(paper.id).ground is Ground.DOSSIER_SUCCEEDED
            acts = [line.act for line in work.diary.of_document(paper.id)]
    assert acts.count("close_dossier") == 1
