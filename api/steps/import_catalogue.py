"""Dated entries of the catalogue, imported from a TOML file by a decision:

    [[type]]
    local = "GPXD"
    national = "KQ.G17.000123"
    since = 2026-12-01

All entries are taken or none.
"""

import tomllib
from datetime import date
from pathlib import Path

from api.house import House, catalogue_overrides
from common import KhosoError
from datastore import Actor, OverrideKind, Work
from ingest import CatalogueOverride, load_catalogue


class BadImport(KhosoError):
    """The file is no TOML, or an entry lacks something."""

    code = "bad_import"


def import_catalogue(house: House, actor: Actor, file: Path, decision: str) -> int:
    """Keeps the entries of a file for the actor's agency; BadImport, BadCatalogueOverride. Returns how many."""
    entries = _entries(file)
    with house.datastore.begin(actor, "import_catalogue") as work:
        for entry in entries:
            value = {"local": entry.local, "national": entry.national}
            work.overrides.put(
                OverrideKind.CATALOGUE, entry.local, value, valid_from=entry.since, decision=decision
            )
        _require_sense(work, house.today, entries)
    return len(entries)


def _require_sense(work: Work, today: date, entries: tuple[CatalogueOverride, ...]) -> None:
    """What is imported now and what was imported before make a catalogue on every day from today on."""
    for day in sorted({today, *(max(entry.since, today) for entry in entries)}):
        load_catalogue(day, overrides=catalogue_overrides(work.overrides.on(OverrideKind.CATALOGUE, day)))


def _entries(file: Path) -> tuple[CatalogueOverride, ...]:
    try:
        rows = tomllib.loads(file.read_text(encoding="utf-8"))["type"]
        if not isinstance(rows, list):
            raise KeyError("[[type]]")
    except FileNotFoundError as error:
        raise BadImport(name=file.name, entry=0, reason="không có tệp / no such file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as error:
        raise BadImport(name=file.name, entry=0, reason=f"TOML: {error}") from error
    return tuple(_entry(file, number, row) for number, row in enumerate(rows, start=1))


def _entry(file: Path, number: int, row: object) -> CatalogueOverride:
    kinds = {"local": str, "national": str, "since": date}
    if not isinstance(row, dict) or {name: type(value) for name, value in row.items()} != kinds:
        raise BadImport(name=file.name, entry=number, reason="local, national, since")
    return CatalogueOverride(row["local"], row["national"], row["since"])
