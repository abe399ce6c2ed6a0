"""The archivist's other step: what anyone may have is signed and published, as rows and as files (`api.public`).

Whom to trust the signer's authority says, in facts that it signs (`tell_facts`); the archivist believes an authority
whose root it knows, which is the first that it saw, or that of the key ceremony.
"""

import base64
import json
import os
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from uuid import UUID

from api.house import House
from api.public import PIN, STATUSES, TRUST, NothingPublished, Published, fetched, published, write_whole
from archive import Status
from signing import AuthorityFacts, BundleNotGenuine, Standing, StatusList, StatusListNotGenuine, TrustBundle

_FACTS = "authority-facts.json"
_WHOLE = "status-list-whole"
"""Under this name is kept when the list was made from the rows of all prints; nobody is given it."""
_KNOWN_ROOTS = "known-roots.json"
_FACTS_FRESH = timedelta(minutes=20)
"""Well inside the time for which a revocation list is fresh enough for a certificate that was made just now."""
_LOOK_EVERY = 2.0
"""Seconds between two looks at the rows of whoever answers many."""
NEXT_UPDATE = timedelta(days=1)
"""A status list is renewed with every change of a print, and from the rows of all twice within this time."""

_STANDINGS = {
    Status.VALID: Standing.GOOD,
    Status.ARCHIVED: Standing.GOOD,
    Status.PROVISIONAL: Standing.PROVISIONAL,
    Status.SUPERSEDED: Standing.SUPERSEDED,
    Status.REVOKED: Standing.REVOKED,
    Status.EXPIRED: Standing.EXPIRED,
}


def standing_of(status: Status) -> Standing:
    """What the outside is told of a status; before a paper is signed that is nothing: UNKNOWN."""
    return _STANDINGS.get(status, Standing.UNKNOWN)


def publish_all(house: House) -> None:
    """Publishes trust bundle and status list as of now, one publisher at a time; KeysNotHere."""
    with house.datastore.alone("publisher"):  # an older list never replaces a newer one
        now = house.clock()
        _publish_trust(house, now)
        _publish_standings(house, None, _standings(house), now)


def publish_about(house: House, document: UUID) -> None:
    """The same when something became of one paper: of the last list only its prints stand otherwise now.

    Each change asks for a job that comes here with its paper; all are read again when the list is old.
    """
    with house.datastore.alone("publisher"):
        now = house.clock()
        _publish_trust(house, now)
        last = _last_list(house, now)
        standings = _standings(house, None if last is None else document)
        if last is None or standings:
            _publish_standings(house, last, standings, now)


def _publish_trust(house: House, now: datetime) -> None:
    key = house.keys.log
    publish(house, PIN, json.dumps(key.public.as_json()).encode(), now)
    publish(house, TRUST, _trust(house, now).to_bytes(key), now)


def _publish_standings(
    house: House, last: StatusList | None, standings: Mapping[int, Standing], now: datetime
) -> None:
    """A list of these indexes alone, or the last one with these changed."""
    key, until = house.keys.log, now + NEXT_UPDATE
    if last is None:
        listed = StatusList.of(key.agency, standings, as_of=now, next_update=until)
    else:
        listed = last.changed(standings, as_of=now, next_update=until)
    publish(house, STATUSES, listed.to_bytes(key), now)
    if last is None:
        house.datastore.published.put(_WHOLE, b"", now)


def _standings(house: House, document: UUID | None = None) -> Mapping[int, Standing]:
    """How all prints stand in the rows, or those of one paper."""
    with house.datastore.begin(house.system("publish"), "publish_statuses") as work:
        return {
            status.index: Standing.REVOKED if status.print_revoked else standing_of(status.status)
            for status in work.prints.statuses(document)
        }


def _last_list(house: House, now: datetime) -> StatusList | None:
    """The list that is published now; None where there is none that this archivist signed."""
    last, key = house.datastore.published.get(STATUSES), house.keys.log
    if last is None:
        return None
    try:
        return StatusList.from_bytes(last.content, trust=TrustBundle(as_of=now, log_keys=(key.public,)))
    except StatusListNotGenuine:
        return None


def publish(house: House, name: str, content: bytes, as_of: datetime) -> None:
    """A row for the processes of other machines, and a file here."""
    house.datastore.published.put(name, content, as_of)
    house.published.mkdir(parents=True, exist_ok=True)
    write_whole(house.published / name, content)


def publish_when_old(house: House) -> None:
    """Renews the list from the rows of all prints before its time is over, whether something changes or nothing, and
    the bundle when the authority said something new; a missing or foreign one as well."""
    try:
        found = published(house.published)
    except (NothingPublished, BundleNotGenuine, StatusListNotGenuine):
        publish_all(house)
        return
    whole, lately = house.datastore.published.as_of(_WHOLE), house.clock() - NEXT_UPDATE / 2
    old = found.statuses is None or found.statuses.as_of < lately or whole is None or whole < lately
    told = house.datastore.published.as_of(_FACTS)
    newer = told is not None and (found.trust.as_of is None or told > found.trust.as_of)
    if old or newer:
        publish_all(house)


def published_for(house: House) -> Published:
    """What a check in this process is made with, as fresh as it can be had."""
    if house.keys.log_here is not None:
        publish_all(house)
    else:
        fetch(house)
    return published(house.published)


def fetch(house: House) -> None:
    """Brings what the archivist published here, where another process is the archivist."""
    if house.keys.log_here is not None:
        return
    for name in (PIN, TRUST, STATUSES):
        if name != PIN or not (house.published / PIN).exists():
            fetched(house.datastore, house.published, name)


class PublishedFiles:
    """What is published, opened again only when it was written anew. Safe to share between threads: one of them
    looks whether there is something newer, the others go on with what there is."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._opened: tuple[tuple[int, ...], Published] | None = None
        self._look_again = 0.0
        self._looking = Lock()

    def now(self) -> Published:
        """As `published`; what the archivist of another machine wrote is here within seconds."""
        if time.monotonic() >= self._look_again and self._looking.acquire(blocking=self._opened is None):
            try:
                if time.monotonic() >= self._look_again:  # nobody else has looked while this one waited
                    fetch(self._house)
            finally:
                self._look_again = time.monotonic() + _LOOK_EVERY
                self._looking.release()
        files = [self._house.published / name for name in (PIN, TRUST, STATUSES)]
        # Written whole and renamed into place: another time, another content.
        state = tuple(found.st_mtime_ns for file in files if (found := _stat(file)) is not None)
        known = self._opened
        if known is None or known[0] != state:
            known = (state, published(self._house.published))
            self._opened = known
        return known[1]


def _stat(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except FileNotFoundError:
        return None


def published_file(house: House, name: str) -> Path:
    """The file of a published thing, as new as this process can have it; not there while nothing is."""
    if house.keys.log_here is not None:
        return house.published / name
    return fetched(house.datastore, house.published, name)


def tell_facts(house: House) -> None:
    """Says what the authority behind the signer's keys stands for, when that is news: to the archivist, through the
    rows. Before a new seal is used its key is told. KeysNotHere."""
    signers = house.keys.signers
    facts = signers.facts()
    told = house.datastore.published.get(_FACTS)
    if told is None or house.clock() > told.as_of + _FACTS_FRESH or _seals(told.content) != _keys(facts):
        house.datastore.published.put(_FACTS, signers.signed_facts(), facts.as_of)


def _trust(house: House, now: datetime) -> TrustBundle:
    """Whom the archivist tells everybody to trust; before an authority spoke, nobody but itself."""
    log_keys = [house.keys.log.public]
    if house.keys.signers_here is not None:
        return house.keys.signers_here.facts().trust(log_keys, now)
    told = house.datastore.published.get(_FACTS)
    if told is None:
        return TrustBundle(as_of=now, log_keys=tuple(log_keys))
    roots = _known_roots(house.settings.data_dir / "pki" / _KNOWN_ROOTS, told.content)
    return AuthorityFacts.from_bytes(told.content, roots=roots).trust(log_keys, now)


def _known_roots(path: Path, said: bytes) -> list[bytes]:
    """The roots that the archivist was given; without any, those that it sees first, for good."""
    if not path.exists():
        first = TrustBundle.from_json(_payload(said)).roots
        write_whole(path, json.dumps([base64.b64encode(root).decode() for root in first]).encode())
    return [base64.b64decode(root) for root in json.loads(path.read_bytes())]


def _seals(said: bytes) -> set[bytes]:
    return {key.key_id for key in TrustBundle.from_json(_payload(said)).seal_keys}


def _payload(said: bytes) -> dict[str, object]:
    """What facts say, not checked yet."""
    payload: dict[str, object] = json.loads(base64.b64decode(json.loads(said)["payload"]))
    return payload


def _keys(facts: AuthorityFacts) -> set[bytes]:
    return {key.key_id for key in facts.seal_keys}
