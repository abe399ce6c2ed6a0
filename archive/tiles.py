"""The tree as files: C2SP `tlog-tiles`, written and read through two callables.

A tile holds up to 256 hashes of one level out of every eight; `tile/<L>/<N>` when full, `tile/<L>/<N>.p/<W>`
while it has only W. A partial tile of another width has another name, so nothing written is ever replaced,
which is what write-once storage wants. Entries are the commitments, never what they commit to. Promises that
a log can be appended to and proved from its tiles alone; does not sign (checkpoint) and does not lock.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from archive.tree import HASH_BYTES, leaf_hash, node_hash, subtree_root
from common import KhosoError

HEIGHT = 8
WIDTH = 1 << HEIGHT

Put = Callable[[str, bytes], None]
Get = Callable[[str], bytes | None]


class TileMissing(KhosoError):
    """A tile that the log's size calls for is missing or cut."""

    code = "log_tile_missing"


@dataclass(frozen=True, slots=True)
class Tiles:
    """A log of `size` leaves that lies in tiles behind `get`."""

    get: Get
    size: int

    def node(self, level: int, index: int) -> bytes:
        """The hash of a whole subtree, a `Node` for the proofs; TileMissing if unreadable."""
        tile_level, inside = divmod(level, HEIGHT)
        first, last = index << inside, (index + 1) << inside
        tile, start = divmod(first, WIDTH)
        return fold(self.hashes(tile_level, tile)[start : start + last - first])

    @property
    def root(self) -> bytes:
        """The root over all leaves."""
        return subtree_root(self.node, 0, self.size)

    def hashes(self, level: int, index: int) -> list[bytes]:
        """The hashes in one tile; TileMissing when it is not there in its full width."""
        width = min(WIDTH, (self.size >> HEIGHT * level) - index * WIDTH)
        content = self.get(tile_path(level, index, width))
        if content is None or len(content) != width * HASH_BYTES:
            raise TileMissing(tile=tile_path(level, index, width))
        return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]

    def append(self, commitments: Sequence[bytes], put: Put) -> "Tiles":
        """Write the tiles of the log with these entries added, lower levels first; returns the larger log.

        Safe to repeat after a crash: the same entries write the same bytes under the same names.
        """
        if not commitments:
            return self
        grown = Tiles(self.get, self.size + len(commitments))
        fresh = [leaf_hash(commitment) for commitment in commitments]
        _put_entries(self, commitments, put)
        for level in range(_levels(grown.size)):
            fresh = list(_put_level(self, level, fresh, put))
        return grown


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """`tile/0/x001/x234/067`, with `.p/<width>` for a partial tile; level `entries` for the entries."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03d}")
    partial = f".p/{width}" if width < WIDTH else ""
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def _levels(size: int) -> int:
    levels = 0
    while size >> HEIGHT * levels:
        levels += 1
    return levels


def _put_level(log: Tiles, level: int, fresh: list[bytes], put: Put) -> Iterator[bytes]:
    """Write what `fresh` hashes change in one level; yields the roots of the tiles that became full."""
    held = log.size >> HEIGHT * level
    tile, already = divmod(held, WIDTH)
    hashes = (log.hashes(level, tile) if already else []) + fresh
    for start in range(0, len(hashes), WIDTH):
        part = hashes[start : start + WIDTH]
        if start + len(part) > already:
            put(tile_path(level, tile, len(part)), b"".join(part))
        if len(part) == WIDTH:
            yield fold(part)
        tile += 1


def fold(hashes: list[bytes]) -> bytes:
    """The root over the hashes of a full tile, or of any power of two."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


def _put_entries(log: Tiles, commitments: Sequence[bytes], put: Put) -> None:
    """Write the bundles of entries: each entry after its length in two bytes."""
    tile, already = divmod(log.size, WIDTH)
    held = b""
    if already:
        found = log.get(tile_path("entries", tile, already))
        if found is None:
            raise TileMissing(tile=tile_path("entries", tile, already))
        held = found
    entries = list(commitments)
    while entries:
        room = WIDTH - already
        part, entries = entries[:room], entries[room:]
        content = held + b"".join(len(entry).to_bytes(2) + entry for entry in part)
        put(tile_path("entries", tile, already + len(part)), content)
        tile, already, held = tile + 1, 0, b""
