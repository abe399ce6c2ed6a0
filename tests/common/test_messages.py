"""Sentences are found wherever a process stands."""

import sys
from pathlib import Path

import pytest

from common import catalogue, say
from common.messages import ROOMS


def test_sentences_are_found_when_the_import_system_may_list_no_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A confined child once lost all rooms when a file appeared in the folder beside them."""
    catalogue.cache_clear()
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])
    try:
        assert "font" in say("font_missing", family="X", package="y").en
        assert {path.parent.name for path in Path(__file__).parents[2].glob("*/messages.toml")} == set(ROOMS)
    finally:
        catalogue.cache_clear()
