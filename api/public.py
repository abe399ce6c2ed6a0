"""What anyone may have, as files in the folder `public` and as rows: trust bundle, status list, checkpoint.

They carry their own signatures, so it does not matter where they come from. The trust bundle is opened under the key
that this place pinned when it first saw one, the status list under the bundle. The archivist writes them; processes of
other machines fetch them from the rows into a folder of their own.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from threading import get_native_id

from common import KhosoError
from datastore import Datastore
from signing import PublicKey, StatusList, TrustBundle

TRUST, STATUSES, CHECKPOINT, PIN = (
    "trust-bundle.json",
    "status-list.cose",
    "checkpoint",
    "pinned-key.json",
)


class NothingPublished(KhosoError):
    """There is no trust bundle here, so that nothing can be checked without the installation."""

    code = "nothing_published"


class TrustNotPublished(KhosoError):
    """The archivist has not published whom to trust yet: the same again in a moment."""

    code = "trust_not_published"


@dataclass(frozen=True, slots=True)
class Published:
    """What a check without a network has at hand."""

    trust: TrustBundle
    statuses: StatusList | None


def published(folder: Path) -> Published:
    """Opens what was published; NothingPublished when there is nothing, BundleNotGenuine when it was changed."""
    trust = _trust(folder)
    statuses = folder / STATUSES
    if not statuses.exists():
        return Published(trust, None)
    return Published(trust, StatusList.from_bytes(statuses.read_bytes(), trust=trust))


def _trust(folder: Path) -> TrustBundle:
    try:
        pinned = PublicKey.from_json(json.loads((folder / PIN).read_bytes()))
        return TrustBundle.from_bytes((folder / TRUST).read_bytes(), pinned=[pinned])
    except FileNotFoundError as error:
        raise NothingPublished(folder=folder) from error


def fetched_trust(datastore: Datastore, folder: Path) -> TrustBundle:
    """The trust bundle as the archivist published it last; TrustNotPublished, BundleNotGenuine."""
    if not (folder / PIN).exists():
        fetched(datastore, folder, PIN)
    fetched(datastore, folder, TRUST)
    try:
        return _trust(folder)
    except NothingPublished as error:
        raise TrustNotPublished from error


def fetched(datastore: Datastore, folder: Path, name: str) -> Path:
    """The file of a published thing, as new as the rows have it; it is not there when nothing was published.

    Its time of change is that of what it says, to the microsecond: so one look at the rows tells whether it is old.
    """
    path = folder / name
    as_of = datastore.published.as_of(name)
    if as_of is None or (
        path.exists() and path.stat().st_mtime_ns // 1000 == _microseconds(as_of.timestamp())
    ):
        return path
    thing = datastore.published.get(name)
    if thing is not None:
        folder.mkdir(parents=True, exist_ok=True)
        moment = _microseconds(thing.as_of.timestamp()) * 1000
        write_whole(path, thing.content, changed=moment)
    return path


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)


def write_whole(path: Path, content: bytes, *, changed: int | None = None) -> None:
    """The file has the old content or the new one, never a part; `changed` is its time in nanoseconds."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{get_native_id()}.new")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if changed is not None:
        os.utime(unfinished, ns=(changed, changed))
    unfinished.replace(path)
