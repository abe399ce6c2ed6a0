"""Dated entries of the catalogue, imported from a TOML file by a decision:

    [[type]]
    local = "GPXD"
    national = "KQ.G17.000123"
    since = 2026-12-01

All entries are taken or none. What was imported for the same type and day stays, with its decision, when it says the
same; when it says something else, whoever imports has to say that it is to be replaced.
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from api.house import House, catalogue_overrides
from common import KhosoError, Sentence, say
from datastore import Actor, Override, OverrideKind, Work
from ingest import CatalogueOverride, load_catalogue


class BadImport(KhosoError):
    """The file is no TOML, or an entry lacks something."""

    code = "bad_import"


class ImportedOtherwise(KhosoError):
    """A type has another code for the same day; facts `local`, `since`, `national` and `decision` of that."""

    code = "imported_otherwise"


class Change(StrEnum):
    """What an entry of the file changed."""

    NEW = "new"
    """The type had no code of its agency's on that day."""
    FOLLOWS = "follows"
    """It takes the place of an earlier one from its day on; that one stays for the days before."""
    REPLACED = "replaced"
    """It takes the place of what was imported for the same day."""
    NONE = "unchanged"
    """It says what was imported before, which stays."""


@dataclass(frozen=True, slots=True)
class Imported:
    """An entry of the file, and what it changed of what was imported `before`."""

    entry: CatalogueOverride
    change: Change
    before: Override | None

    @property
    def sentence(self) -> Sentence:
        before = self.before
        return say(
            f"catalogue_{self.change.value}",
            local=self.entry.local,
            national=self.entry.national,
            since=self.entry.since.isoformat(),
            before="" if before is None else str(before.value["national"]),
            decision="" if before is None else before.decision,
        )


def import_catalogue(
    house: House, actor: Actor, file: Path, decision: str, *, replace: bool = False
) -> tuple[Imported, ...]:
    """Keeps the entries of a file for the actor's agency, and says what each changed.

    BadImport, BadCatalogueOverride; ImportedOtherwise unless it is to be replaced.
    """
    entries = _entries(file)
    with house.datastore.begin(actor, "import_catalogue") as work:
        # Of two at once the second sees what the first has imported.
        work.overrides.alone(OverrideKind.CATALOGUE)
        imported = tuple(_import(work, entry, decision, replace=replace) for entry in entries)
        _require_sense(work, house.today, entries)
    return imported


def _import(work: Work, entry: CatalogueOverride, decision: str, *, replace: bool) -> Imported:
    in_force = work.overrides.on(OverrideKind.CATALOGUE, entry.since)
    before = next((one for one in in_force if one.key == entry.local), None)
    change = _change(entry, before)
    if change is Change.NONE:
        return Imported(entry, change, before)
    if change is Change.REPLACED and before is not None and not replace:
        raise ImportedOtherwise(
            local=entry.local,
            since=entry.since.isoformat(),
            national=before.value["national"],
            decision=before.decision,
        )
    value = {"local": entry.local, "national": entry.national}
    work.overrides.put(OverrideKind.CATALOGUE, entry.local, value, valid_from=entry.since, decision=decision)
    return Imported(entry, change, before)


def _change(entry: CatalogueOverride, before: Override | None) -> Change:
    if before is None:
        return Change.NEW
    if before.valid_from != entry.since:
        return Change.FOLLOWS
    return Change.NONE if before.value["national"] == entry.national else Change.REPLACED


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
