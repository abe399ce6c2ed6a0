"""What anyone may have: the trust bundle and the status list, as files that carry their own signatures.

The embedded default publishes into a folder; a checker without a network reads the same files. The trust
bundle is opened under the key that this installation pinned, the status list under the bundle.
"""

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from api.house import House
from archive import Status
from common import KhosoError
from signing import BundleNotGenuine, PublicKey, Standing, StatusList, StatusListNotGenuine, TrustBundle

TRUST, STATUSES, _PIN = "trust-bundle.json", "status-list.cose", "pinned-key.json"
NEXT_UPDATE = timedelta(days=1)
"""A status list is renewed with every change, and daily."""

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


class NothingPublished(KhosoError):
    """There is no trust bundle here, so that nothing can be checked without the installation."""

    code = "nothing_published"


@dataclass(frozen=True, slots=True)
class Published:
    """What a check without a network has at hand."""

    trust: TrustBundle
    statuses: StatusList | None


def publish_all(house: House) -> None:
    """Writes trust bundle and status list as of now, each whole or not at all, one publisher at a time."""
    folder = house.published
    key = house.pki.log_key
    folder.mkdir(parents=True, exist_ok=True)
    with house.datastore.alone("publisher"):  # an older list never replaces a newer one
        now = house.clock()
        with house.datastore.begin(house.system("publish"), "publish_statuses") as work:
            standings = {
                status.index: Standing.REVOKED if status.print_revoked else standing_of(status.status)
                for status in work.prints.statuses()
            }
        listed = StatusList.of(key.agency, standings, as_of=now, next_update=now + NEXT_UPDATE)
        write_whole(folder / _PIN, json.dumps(key.public.as_json()).encode())
        write_whole(folder / TRUST, house.pki.trust.to_bytes(key))
        write_whole(folder / STATUSES, listed.to_bytes(key))


def publish_when_old(house: House) -> None:
    """Renews the list before its time is over, also when nothing changes; a missing or foreign one as well."""
    try:
        found = published(house.published).statuses
    except (NothingPublished, BundleNotGenuine, StatusListNotGenuine):
        found = None
    if found is None or house.clock() > found.as_of + NEXT_UPDATE / 2:
        publish_all(house)


def published(folder: Path) -> Published:
    """Opens what was published; NothingPublished when there is nothing, BundleNotGenuine when it was changed."""
    try:
        pinned = PublicKey.from_json(json.loads((folder / _PIN).read_bytes()))
        trust = TrustBundle.from_bytes((folder / TRUST).read_bytes(), pinned=[pinned])
    except FileNotFoundError as error:
        raise NothingPublished(folder=folder) from error
    statuses = folder / STATUSES
    if not statuses.exists():
        return Published(trust, None)
    return Published(trust, StatusList.from_bytes(statuses.read_bytes(), trust=trust))


class PublishedFiles:
    """What is published in a folder, opened again only when it was written anew. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: tuple[tuple[int, ...], Published] | None = None

    def now(self) -> Published:
        """As `published`."""
        files = [self._folder / name for name in (_PIN, TRUST, STATUSES)]
        # Written whole and renamed into place: another time, another content.
        state = tuple(found.st_mtime_ns for file in files if (found := _stat(file)) is not None)
        known = self._opened
        if known is None or known[0] != state:
            known = (state, published(self._folder))
            self._opened = known
        return known[1]


def _stat(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except FileNotFoundError:
        return None


def write_whole(path: Path, content: bytes) -> None:
    """The file has the old content or the new one, never a part."""
    unfinished = path.with_name(f".{path.name}.new")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
