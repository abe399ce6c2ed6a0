"""The words by which official papers are known, as `official.toml` lists them."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((resources.files("ingest") / "official.toml").read_text(encoding="utf-8"))


def word_list(name: str) -> tuple[str, ...]:
    """One of the word lists (`organisations`, `positions`, `family_names`, …)."""
    return tuple(_data()["words"][name])


def kind_symbols() -> Mapping[str, str]:
    """Abbreviations of kinds in a paper's symbol (`QĐ`, `TB`) and the local type code of the kind, if any."""
    symbols: Mapping[str, str] = _data()["symbols"]
    return symbols
