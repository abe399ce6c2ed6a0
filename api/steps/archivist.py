"""The archivist's step: numbers the log's leaves, hashes them into the tree, signs a checkpoint; and the check."""

from collections.abc import Callable
from functools import partial
from itertools import islice

from api.house import House
from api.public import CHECKPOINT
from api.steps.protect import lock_until
from api.steps.published import publish
from archive import Checkpoint, LogReport, Tiles, check_log
from datastore import CheckpointRecord, ObjectDamaged, ObjectMissing

_AT_ONCE = 1_000


def origin(house: House) -> str:
    """The name of this log in its checkpoints (C2SP tlog-checkpoint)."""
    return _origin(house, house.settings.print_host)


def _origin(house: House, host: str) -> str:
    return f"{host}/log/{house.settings.agency}"


def _origin_of(house: House, note: str) -> str:
    """The name under which this log signed a note: that of today, or one that it had under a former host."""
    names = [_origin(house, host) for host in house.settings.verify_hosts]
    return next((name for name in names if note.startswith(f"{name}\n")), names[0])


def extend_log(house: House) -> Checkpoint | None:
    """Numbers what waits, grows the tree, signs its new root; None when nothing waited. Safe to repeat.

    KeysNotHere in a process that is not the archivist's.
    """
    log, key = house.datastore.log, house.keys.log
    with house.datastore.alone("archivist"):
        while log.number_leaves(_AT_ONCE):
            pass
        latest = log.latest_checkpoint()
        tiles = Tiles(log.get_tile, 0 if latest is None else latest.size)
        grown = _grow(house, tiles)
        if grown.size == tiles.size:
            return None
        checkpoint = Checkpoint(origin(house), grown.size, grown.root)
        note = checkpoint.sign(key)
        now = house.clock()
        log.keep_checkpoint(CheckpointRecord(grown.size, grown.root, note, now))
        publish(house, CHECKPOINT, note.encode(), now)
        return checkpoint


def _grow(house: House, tiles: Tiles) -> Tiles:
    """Tiles are locked as papers are: they prove what was written about all of them."""
    log = house.datastore.log
    put = partial(log.put_tile, until=lock_until(house))
    while True:
        with log.leaves(tiles.size) as leaves:
            commitments = [numbered.commitment for numbered in islice(leaves, _AT_ONCE)]
        if not commitments:
            return tiles
        tiles = tiles.append(commitments, put)


def verify_log(house: House) -> LogReport:
    """Recomputes the whole log and compares it with checkpoint, tiles and the rows of today."""
    log = house.datastore.log
    latest = log.latest_checkpoint()
    with log.facts() as facts:
        return check_log(
            facts.leaves,
            checkpoint=None if latest is None else latest.text,
            origin=origin(house) if latest is None else _origin_of(house, latest.text),
            keys=house.trust.log_keys,
            rows=facts.rows,
            get_tile=_tiles_left(house),
        )


def _tiles_left(house: House) -> Callable[[str], bytes | None]:
    """The tiles as far as they can be read; one that is lost or damaged in the store is a missing one."""

    def get_tile(name: str) -> bytes | None:
        try:
            return house.datastore.log.get_tile(name)
        except (ObjectMissing, ObjectDamaged):
            return None

    return get_tile
