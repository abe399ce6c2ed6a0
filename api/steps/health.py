"""How the parts of this installation are: what `/readyz` answers, and of it what `khoso doctor` shows as well.

Each check is quick and changes nothing. What a request cannot do without is vital: the rows, the objects, room for a
file. The rest degrades: a person should look, and whoever asks is still served.
"""

import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta

from api.connectors.clamd import Clamd
from api.connectors.kernel_clock import is_synchronised
from api.house import House, scanner_of
from api.steps.readiness import Check, Readiness, Seen, Standing
from common import say, shown_iso
from datastore import JobRole, JobState, ObjectStoreUnreachable, Priority, SchemaTooNew

LEAST_FREE = 2_000_000_000
"""Bytes; a morning's scans of one counter."""
MOST_WAIT = 900.0
"""Seconds that somebody's paper may lie at the counter before somebody looks whether workers run."""
OLDEST_LOCK_PROOF = 8 * 86_400.0
"""Seconds; `khoso doctor` runs daily, a week of long holidays may pass."""
MOST_SKEW = 2.0
"""Seconds between two clocks of one installation: instants in the diary must be comparable."""
_SECOND = timedelta(seconds=1)


_KEEP_AUTHORITY = 600.0
"""Seconds between two stamps that prove nothing, while the authority gives them: it may count them."""


def readiness(house: House) -> Readiness:
    """Everything that this process can tell about itself and what it stands on."""
    return Readiness(checks_of(house))


def checks_of(house: House) -> Mapping[str, Check]:
    """The checks by the names under which they are shown."""
    checks = {
        "database": Check(lambda: database(house)),
        "schema": Check(lambda: schema(house)),
        "objects": Check(lambda: objects(house)),
        "disk": Check(lambda: disk(house)),
        "queue": Check(lambda: queue(house), vital=False),
        "events": Check(lambda: events(house), vital=False),
        "time_stamps": Check(lambda: time_stamps(house), vital=False),
        "clock": Check(lambda: clock(house), vital=False),
    }
    if house.keys.signers_here is not None:
        checks["time_stamp_authority"] = Check(lambda: authority(house), vital=False, keep=_KEEP_AUTHORITY)
    scanner = scanner_of(house.settings)
    if scanner is not None:
        checks["malware"] = Check(lambda: malware(scanner), vital=False)
    broker_url = house.settings.broker
    if broker_url is not None:
        checks["broker"] = Check(lambda: broker(broker_url), vital=False)
    return checks


def database(house: House) -> Seen:
    """It answers."""
    house.datastore.database_time()
    return Seen()


def schema(house: House) -> Seen:
    """It is the one that this program knows, or a newer one: an upgrade is under way, made so that we still work."""
    try:
        return Seen(facts={"revision": house.datastore.check_schema()})
    except SchemaTooNew as error:
        return Seen(Standing.DEGRADED, error.sentence)


def objects(house: House) -> Seen:
    """The store answers, and nobody could break its lock the last time that it was tried, not long ago."""
    store = house.datastore.objects
    store.ask()
    if not store.write_once:
        return Seen(Standing.DEGRADED if house.settings.production else Standing.WELL, say("lock_none"))
    proof, now = house.datastore.last_lock_proof(), house.clock()
    if proof is None:
        return Seen(Standing.DEGRADED, say("lock_never_proven"))
    age = (now - proof.at).total_seconds()
    facts = {"lock_proof_age_seconds": age}
    if age > OLDEST_LOCK_PROOF:
        return Seen(Standing.DEGRADED, say("lock_proof_old", days=int(age // 86_400)), facts)
    return Seen(facts=facts)


def disk(house: House) -> Seen:
    """There is room where files are received and worked on."""
    free = shutil.disk_usage(house.settings.data_dir).free
    facts = {"free_bytes": free}
    if free < house.settings.max_bytes:
        return Seen(Standing.FAILED, say("disk_full", free=f"{free / 1e9:.1f}"), facts)
    if free < LEAST_FREE:
        return Seen(Standing.DEGRADED, say("disk_low", free=f"{free / 1e9:.1f}"), facts)
    return Seen(facts=facts)


def queue(house: House) -> Seen:
    """Nobody at a counter waits for a worker that does not come, and nothing lies aside. Back-files may wait."""
    standing, now = house.datastore.work_standing(), house.clock()
    waits = {role: standing.waits(role, Priority.COUNTER, now) for role in JobRole}
    aside = standing.count(JobState.SET_ASIDE)
    facts = {f"{role.value}_waits_seconds": round(wait) for role, wait in waits.items()}
    facts["set_aside"] = aside
    slowest = max(waits, key=waits.__getitem__)
    if waits[slowest] > MOST_WAIT:
        reason = say("queue_waits", role=slowest.value, minutes=round(waits[slowest] / 60))
        return Seen(Standing.DEGRADED, reason, facts)
    if aside:
        return Seen(Standing.DEGRADED, say("jobs_set_aside", count=aside), facts)
    return Seen(facts=facts)


def events(house: House) -> Seen:
    """A courier takes what happened to whoever subscribed to it. A receiver that fails is its agency's to mend."""
    backlog, now = house.datastore.outbox.backlog(), house.clock()
    untouched = 0.0 if backlog.untouched_since is None else (now - backlog.untouched_since).total_seconds()
    facts = {"waiting": backlog.waiting, "set_aside": backlog.set_aside, "paused": backlog.paused}
    if untouched > MOST_WAIT:
        return Seen(Standing.DEGRADED, say("events_wait", minutes=round(untouched / 60)), facts)
    return Seen(facts=facts)


def time_stamps(house: House) -> Seen:
    """No signature waits for the authority, as far as the jobs know: a process that does not sign cannot ask it."""
    standing = house.datastore.work_standing()
    last = standing.last_signed_at
    facts = {} if last is None else {"last_success": shown_iso(last)}
    if standing.time_stamps_failing:
        return Seen(Standing.DEGRADED, say("time_stamps_fail", count=standing.time_stamps_failing), facts)
    return Seen(facts=facts)


def authority(house: House) -> Seen:
    """The time-stamp authority answers whoever signs with it here, also while nobody wants a signature."""
    from signing import try_out  # late: most commands, which load this module, sign nothing

    try_out(house.keys.signers.time_stamps)
    return Seen()


def clock(house: House) -> Seen:
    """A time service keeps it, and it agrees with those of the other machines."""
    skew = _skew(house.clock(), house.datastore.database_time(), house.clock())
    kept = is_synchronised()
    facts: dict[str, float | str] = {
        "skew_seconds": skew,
        "kept": {True: "yes", False: "no", None: "unknown"}[kept],
    }
    skews = {"PostgreSQL": skew}
    if (of_objects := _skew_of_objects(house)) is not None:
        facts["objects_skew_seconds"] = skews["S3"] = of_objects
    part = max(skews, key=skews.__getitem__)
    if skews[part] > MOST_SKEW:
        reason = say("clock_differs", seconds=skews[part], part=part)
        return Seen(Standing.DEGRADED, reason, facts)
    if kept is False and house.settings.production:
        return Seen(Standing.DEGRADED, say("clock_unkept"), facts)
    return Seen(facts=facts)


def _skew_of_objects(house: House) -> float | None:
    """Seconds between this clock and the object server's; None without a server, or where it does not answer, which
    `objects` tells."""
    before = house.clock()
    try:
        theirs = house.datastore.objects.server_time()
    except ObjectStoreUnreachable:
        return None
    # Its second may have been nearly over when it was said.
    return None if theirs is None else _skew(before, theirs, house.clock(), within=_SECOND)


def _skew(before: datetime, theirs: datetime, after: datetime, *, within: timedelta = timedelta(0)) -> float:
    """Seconds by which another clock, which says `theirs` or up to `within` later, was surely before ours was read,
    or after it was read again."""
    apart = max(before - theirs - within, theirs - after).total_seconds()
    return round(max(apart, 0.0), 1)


def malware(scanner: Clamd) -> Seen:
    """The scanner answers, and finds what every scanner finds."""
    if not scanner.knows_the_test_file():
        return Seen(Standing.DEGRADED, say("scanner_knows_nothing"))
    return Seen()


def broker(url: str) -> Seen:
    """It answers, so that workers are woken; papers are taken in without it, and wait."""
    from api.connectors.broker import ask  # late: it takes a third of a second to load

    ask(url)
    return Seen()
