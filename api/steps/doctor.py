"""What is wrong with this installation, and how to mend it. Every check tries the real part."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from api.house import House, page_pool, scanner_of
from api.object_store import has_root, try_the_lock
from api.steps import health
from api.steps.archivist import extend_log, verify_log
from api.steps.queue import recover
from api.steps.readiness import Seen, Standing
from api.words import in_words
from common import KhosoError, Sentence, font_file, say, shown
from ingest import confinement_report
from signing import Role, TimeStampUnusable, other_keys

_WALLS = ("network", "programs", "processes", "signals", "reading", "writing", "memory")
"""What a child that opens a file from outside is kept from."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it is well, what was seen, and what to do when it is not, for people in both languages."""

    check: str
    well: bool
    seen: str
    fix: str = ""
    tolerated: bool = False
    """Well enough here, but to be mended before real papers are kept, as `fix` says."""

    @property
    def name(self) -> Sentence:
        """What was checked, as people call it."""
        return say(f"doctor_{self.check.replace(' ', '_')}")

    def as_json(self) -> dict[str, object]:
        return {
            "check": self.check,
            "well": self.well,
            "tolerated": self.tolerated,
            "seen": self.seen,
            "fix": self.fix,
        }


def examine(house: House) -> Iterator[Finding]:
    """Every check in turn; a part that fails is a finding, never an exception."""
    checks: tuple[tuple[str, Callable[[House], Finding]], ...] = (
        ("fonts", _fonts),
        ("reader", _reader),
        ("walls", _walls),
        ("malware", _malware),
        ("keys", _keys),
        ("database", _database),
        ("objects", _objects),
        ("lock", _lock),
        *((("broker", _broker),) if house.settings.broker is not None else ()),
        ("jobs", _jobs),
        ("webhooks", _webhooks),
        ("signing", _signing),
        ("log", _log),
        ("disk", _disk),
        ("time stamps", _time_stamps),
        ("clock", _clock),
    )
    for name, check in checks:
        try:
            yield check(house)
        except KhosoError as error:
            yield Finding(name, False, error.code, str(error))
        except OSError as error:
            yield Finding(name, False, type(error).__name__, str(error))


def _fonts(house: House) -> Finding:
    return Finding("fonts", True, str(font_file().name))


def _reader(house: House) -> Finding:
    with page_pool(house.settings) as pool:
        return Finding("reader", True, pool.name)


def _walls(house: House) -> Finding:
    report = confinement_report()
    fix = "cài libseccomp2 hoặc bubblewrap / install libseccomp2 or bubblewrap"
    held = [say(f"doctor_wall_{wall}") for wall in _WALLS if getattr(report, wall)]
    around = Sentence("walls", ", ".join(one.vi for one in held), ", ".join(one.en for one in held))
    return Finding("walls", report.sufficient, f"{report.walls.value}: {around}", fix)


def _malware(house: House) -> Finding:
    scanner = scanner_of(house.settings)
    if scanner is None:
        fix = "cài clamav-daemon, đặt KHOSO_CLAMD_SOCKET / install clamav-daemon and set KHOSO_CLAMD_SOCKET"
        return _missing(house, "malware", say("doctor_not_scanned"), fix)
    return _finding("malware", health.malware(scanner), scanner.version())


def _keys(house: House) -> Finding:
    """The master key opens the rows, and neither key nor rows can be read by other users of the machine."""
    house.datastore.check_key()
    data, rows = house.settings.data_dir, house.settings.database_file
    private = [data / "keys" / "master.key", data] + ([] if rows is None else [rows])
    open_to_others = [path for path in private if path.stat().st_mode & 0o077]
    seen = ", ".join(f"{path.name} {path.stat().st_mode & 0o777:o}" for path in open_to_others)
    fix = "; ".join(f"chmod {'700' if path.is_dir() else '600'} {path}" for path in open_to_others)
    others = other_keys(
        data / "pki", signers=house.keys.signers_here is not None, log=house.keys.log_here is not None
    )
    if open_to_others or not others:
        return Finding("keys", not open_to_others, seen or "0600", fix)
    beside = f"0600; {say('doctor_keys_of_others', count=len(others))}"
    return Finding("keys", True, beside, "docs/operations.md, Keys", tolerated=True)


def _database(house: House) -> Finding:
    """What stands in the rows, and whether their server keeps what it acknowledges."""
    facts, risks = house.datastore.statistics(), house.datastore.risks()
    kind = house.settings.database.partition(":")[0].partition("+")[0]
    rows = str(say("doctor_rows", schema=facts.schema, owners=facts.owners))
    documents = f"{say('doctor_documents')}: {_counted('status', facts.documents)}"
    seen = "; ".join((kind, *risks, rows, documents))
    return Finding("database", not risks, seen, "postgresql.conf: fsync = on, full_page_writes = on")


def _counted(kind: str, counts: Mapping[str, int]) -> str:
    """How many there are in each state."""
    return "; ".join(f"{in_words(kind, state)} {count}" for state, count in sorted(counts.items())) or "–"


def _objects(house: House) -> Finding:
    """Reads every object through, after what killed puts left was swept."""
    recover(house)
    damaged = list(house.datastore.check_objects())
    seen = "; ".join(str(error) for error in damaged[:5]) or str(say("doctor_objects_read"))
    fix = "khôi phục từ bản sao lưu / restore from a backup (docs/operations.md)"
    return Finding("objects", not damaged, seen, fix)


def _lock(house: House) -> Finding:
    """Tries to delete, overwrite, shorten, bypass and unversion a locked object of the live server."""
    fix = "docs/operations.md, An object server"
    if not house.datastore.objects.write_once:
        return _missing(house, "lock", say("lock_none"), f"KHOSO_S3_ENDPOINT; {fix}")
    gave_way = try_the_lock(house.settings, house.clock())
    if gave_way:
        return Finding("lock", False, "; ".join(str(sentence) for sentence in gave_way), fix)
    with_root = has_root(house.settings)
    house.datastore.keep_lock_proof(with_root=with_root)
    if with_root:
        return Finding("lock", True, str(say("doctor_lock_held_root")))
    return Finding("lock", True, str(say("doctor_lock_held")), fix, tolerated=True)


def _broker(house: House) -> Finding:
    """Workers hear that there is work."""
    assert house.settings.broker is not None
    return _finding("broker", health.broker(house.settings.broker), str(say("doctor_broker_answers")))


def _jobs(house: House) -> Finding:
    """What was set aside, with its reason: a person must look at it."""
    jobs = house.datastore.statistics().jobs
    seen = _counted("job", jobs)
    aside = house.datastore.queue.set_aside()
    reasons = "; ".join(f"{job.kind} {job.document_id}: {job.last_error}" for job in aside)
    return Finding(
        "jobs", not jobs.get("set_aside"), f"{seen} {reasons}".rstrip(), "khoso worker --once --retry"
    )


def _webhooks(house: House) -> Finding:
    """What other systems were not told, and a person must look at; nothing waits where nobody has subscribed."""
    backlog = house.datastore.outbox.backlog()
    if not backlog.subscriptions:
        return Finding("webhooks", True, str(say("doctor_no_subscriptions")))
    since = "" if backlog.since is None else f" ({shown(backlog.since)})"
    told = str(
        say(
            "doctor_deliveries",
            waiting=f"{backlog.waiting}{since}",
            set_aside=backlog.set_aside,
            paused=backlog.paused,
        )
    )
    if backlog.set_aside or backlog.paused:
        return Finding("webhooks", False, told, "khoso webhooks list; khoso webhooks retry | resume ID")
    return _finding("webhooks", health.events(house), told)


def _signing(house: House) -> Finding:
    if house.keys.signers_here is None:
        return Finding("signing", True, str(say("doctor_keys_with_signer")))
    certificate = house.keys.signers.signer(Role.AGENCY, house.settings.agency_name).certificate
    ends = certificate.not_valid_after_utc
    well = ends > house.clock() + timedelta(days=30)
    seen = say("doctor_development_keys", until=f"{ends:%Y-%m-%d}")
    return Finding("signing", well, str(seen), "docs/operations.md, Keys", tolerated=well)


def _log(house: House) -> Finding:
    if house.keys.log_here is not None:
        extend_log(house)
    report = verify_log(house)
    seen = say("doctor_leaves", leaves=report.leaves, found=report.found)
    return Finding("log", report.clean, str(seen), "khoso log verify")


def _disk(house: House) -> Finding:
    seen = health.disk(house)
    free = say("doctor_free", free=f"{float(seen.facts['free_bytes']) / 1e9:.1f}")
    return _finding("disk", seen, str(free))


def _clock(house: House) -> Finding:
    seen = health.clock(house)
    rows, of_objects = seen.facts["skew_seconds"], seen.facts.get("objects_skew_seconds")
    apart = (
        say("doctor_skew_of_rows", rows=rows)
        if of_objects is None
        else say("doctor_skew", rows=rows, objects=of_objects)
    )
    kept = say(f"doctor_clock_kept_{seen.facts['kept']}")
    found = _finding("clock", seen, f"{apart}; {kept}")
    if found.well and seen.facts["kept"] == "no":
        return replace(found, fix=str(say("clock_unkept")), tolerated=True)
    return found


def _time_stamps(house: House) -> Finding:
    if house.keys.signers_here is not None:
        try:
            health.authority(house)
        except TimeStampUnusable as error:
            return Finding("time stamps", False, error.code, str(error))
    seen = health.time_stamps(house)
    last = say("doctor_last_stamp", last=seen.facts.get("last_success", "–"))
    return _finding("time stamps", seen, str(last))


def _missing(house: House, check: str, seen: Sentence, fix: str) -> Finding:
    """A part that is not set up: production cannot do without it."""
    here = not house.settings.production
    return Finding(check, here, str(seen), fix, tolerated=here)


def _finding(check: str, seen: Seen, told: str) -> Finding:
    """What `/readyz` would say as well, with the sentence about it as the fix."""
    return Finding(
        check, seen.standing is Standing.WELL, told, "" if seen.reason is None else str(seen.reason)
    )
