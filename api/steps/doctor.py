"""What is wrong with this installation, and how to mend it. Every check tries the real part."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from api.house import House, page_pool
from api.steps.archivist import extend_log, verify_log
from api.steps.queue import recover
from common import KhosoError, font_file
from ingest import confinement_report
from signing import Role

_LEAST_FREE = 2_000_000_000
"""Bytes; a morning's scans of one counter."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it is well, what was seen, and what to do when it is not."""

    check: str
    well: bool
    seen: str
    fix: str = ""

    def as_json(self) -> dict[str, object]:
        return {"check": self.check, "well": self.well, "seen": self.seen, "fix": self.fix}


def examine(house: House) -> Iterator[Finding]:
    """Every check in turn; a part that fails is a finding, never an exception."""
    checks: tuple[tuple[str, Callable[[House], Finding]], ...] = (
        ("fonts", _fonts),
        ("reader", _reader),
        ("walls", _walls),
        ("keys", _keys),
        ("database", _database),
        ("objects", _objects),
        ("jobs", _jobs),
        ("signing", _signing),
        ("log", _log),
        ("disk", _disk),
    )
    for name, check in checks:
        try:
            yield check(house)
        except KhosoError as error:
            yield Finding(name, False, error.code, str(error))


def _fonts(house: House) -> Finding:
    return Finding("fonts", True, str(font_file().name))


def _reader(house: House) -> Finding:
    with page_pool(house.settings) as pool:
        return Finding("reader", True, pool.name)


def _walls(house: House) -> Finding:
    report = confinement_report()
    fix = "cài libseccomp2 hoặc bubblewrap / install libseccomp2 or bubblewrap"
    held = [name for name in ("network", "programs", "processes", "signals", "reading", "writing", "memory")
            if getattr(report, name)]  # fmt: skip
    return Finding("walls", report.sufficient, f"{report.walls.value}: {', '.join(held)}", fix)


def _keys(house: House) -> Finding:
    house.datastore.check_key()
    master = house.settings.data_dir / "keys" / "master.key"
    mode = master.stat().st_mode & 0o777
    return Finding("keys", mode & 0o077 == 0, f"master.key {mode:o}", f"chmod 600 {master}")


def _database(house: House) -> Finding:
    facts = house.datastore.statistics()
    documents = ", ".join(f"{status} {count}" for status, count in sorted(facts.documents.items()))
    return Finding("database", True, f"{facts.schema}; {facts.owners} owners; {documents or '–'}")


def _objects(house: House) -> Finding:
    """Reads every object through, after what killed puts left was swept."""
    recover(house)
    damaged = list(house.datastore.check_objects())
    seen = "not write-once (folder)" if not damaged else "; ".join(str(error) for error in damaged[:5])
    fix = "khôi phục từ bản sao lưu / restore from a backup (docs/operations.md)"
    return Finding("objects", not damaged, seen, fix)


def _jobs(house: House) -> Finding:
    jobs = house.datastore.statistics().jobs
    aside = jobs.get("set_aside", 0)
    seen = ", ".join(f"{state} {count}" for state, count in sorted(jobs.items())) or "–"
    return Finding("jobs", aside == 0, seen, "khoso worker --retry")


def _signing(house: House) -> Finding:
    certificate = house.pki.signer(Role.AGENCY, house.settings.agency_name).certificate
    ends = certificate.not_valid_after_utc
    well = ends > house.clock() + timedelta(days=30)
    return Finding("signing", well, f"DEVELOPMENT keys until {ends:%Y-%m-%d}", "docs/operations.md, keys")


def _log(house: House) -> Finding:
    extend_log(house)
    report = verify_log(house)
    return Finding(
        "log", report.clean, f"{report.leaves} leaves, {report.found} findings", "khoso log verify"
    )


def _disk(house: House) -> Finding:
    free = shutil.disk_usage(house.settings.data_dir).free
    return Finding(
        "disk", free >= _LEAST_FREE, f"{free / 1e9:.1f} GB free", "giải phóng đĩa / free some disk space"
    )
