"""`khoso demo`: the samples through the whole journey, in the store of this installation.

Safe to repeat: papers that are held already are cited in a new dossier instead of being kept twice.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from api.house import House
from api.steps.checking import Check, Checker
from api.steps.dossiers import close_dossier, open_dossier
from api.steps.holdings import Held, held
from api.steps.intake import Paper, Person, Received, receive
from api.steps.published import published_for
from api.steps.queue import print_out, work_off
from api.steps.register import register
from archive import Status
from common import VIETNAM, KhosoError, PartialDate, say
from datastore import Actor, AlreadyThere, DossierState
from ingest import DossierNumber, PagePool


class SamplesMissing(KhosoError):
    """The demo needs the project's samples."""

    code = "demo_samples_missing"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of the samples and whose it is."""

    path: Path
    owners: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """What the demo found out about one sample."""

    sample: Sample
    held: Held
    seconds_per_page: float | None
    print_check: Check | None

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.sample.path.name,
            **self.held.as_json(),
            "seconds_per_page": self.seconds_per_page,
            "print": None if self.print_check is None else self.print_check.as_json(),
        }


def samples_in(folder: Path) -> tuple[Sample, ...]:
    """The samples that `manifest.toml` names; SamplesMissing."""
    manifest = folder / "manifest.toml"
    if not manifest.is_file():
        raise SamplesMissing(folder=folder)
    files = tomllib.loads(manifest.read_text(encoding="utf-8"))["file"]
    return tuple(Sample(folder / file["name"], _owners(file["owners"])) for file in files)


def _owners(owners: Sequence[Mapping[str, str]]) -> tuple[Person, ...]:
    return tuple(
        Person(
            owner["identifier"],
            owner.get("name"),
            PartialDate.parse(owner["birth_date"]) if "birth_date" in owner else None,
        )
        for owner in owners
    )


def run_demo(
    house: House, actor: Actor, samples: Sequence[Sample], pool: Callable[[], PagePool]
) -> tuple[Line, ...]:
    """A dossier is opened, every sample taken in, the dossier closed with success, every paper printed and the
    print checked."""
    number = _open_fresh_dossier(house, actor)
    who = replace(actor, dossier=number)
    taken = [_take_in(house, who, sample, number, pool) for sample in samples]
    close_dossier(house, who, number, DossierState.SUCCEEDED)
    work_off(house, pool, until_done=[received.document.id for received, _seconds in taken])
    house.steps.start(str(say("demo_printing")), len(samples))
    lines = []
    for done, (sample, (received, seconds)) in enumerate(zip(samples, taken, strict=True), start=1):
        lines.append(_print_and_check(house, who, sample, received, seconds))
        house.steps.reached(done, len(samples))
    return tuple(lines)


def _take_in(
    house: House, actor: Actor, sample: Sample, dossier: str, pool: Callable[[], PagePool]
) -> tuple[Received, float | None]:
    received = receive(house, actor, Paper((sample.path,), sample.owners, dossier=dossier, compared=True))
    started = monotonic()
    work_off(house, pool, until_done=[received.document.id])
    pages = received.document.version.page_count or 1
    return received, None if received.again else (monotonic() - started) / pages


def _print_and_check(
    house: House, actor: Actor, sample: Sample, received: Received, seconds: float | None
) -> Line:
    """Prints are made of provisional papers too, and say that they are not in force: they carry no seal."""
    found = held(house, actor, received.document.id)
    if found.document.status not in (Status.VALID, Status.PROVISIONAL):
        return Line(sample, found, seconds, None)
    prints = house.settings.data_dir / "prints"
    prints.mkdir(parents=True, exist_ok=True)
    reason = say("demo_reason").vi
    with house.room.desk() as desk:
        out = desk / "print.pdf"
        print_out(house, actor, found.document.id, to=house.settings.agency_name, reason=reason, out=out)
        out.replace(prints / f"{sample.path.stem}.pdf")
    checker = Checker(
        published_for(house), house.clock, house.limits, house.settings.verify_hosts, register(house)
    )
    return Line(sample, found, seconds, checker.check_file(prints / f"{sample.path.stem}.pdf"))


def _open_fresh_dossier(house: House, actor: Actor) -> str:
    """A dossier under a number as a one-stop system would give; only the demo ever makes one up."""
    day = house.clock().astimezone(VIETNAM).strftime("%y%m%d")
    for n in range(1, 10_000):
        number = str(DossierNumber.parse(f"{house.settings.agency}-{day}-{n:04d}"))
        try:
            return open_dossier(house, actor, number, "1.001193").number
        except AlreadyThere:
            continue
    raise AlreadyThere(what="dossier", name=number)
