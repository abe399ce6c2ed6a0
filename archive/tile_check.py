"""Whether the tiles still say what the leaves say: the part of `check_log` that reads every tile once.

Each tile is compared with what lies below it: hashes of leaves with the leaves, bundles of entries with the
hashes of leaves, higher levels with the tiles under them. So a finding names the one tile or leaf that is at
fault and not all that follow from it. Memory is one tile for each level, however long the log is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from archive.tiles import HEIGHT, WIDTH, Get, fold, tile_path
from archive.tree import HASH_BYTES, leaf_hash

_ENTRY_HEAD = HASH_BYTES.to_bytes(2)
_ENTRY_BYTES = len(_ENTRY_HEAD) + HASH_BYTES

_Expected = Sequence[bytes | None]
"""What one tile should hold; None where nothing says so (a leaf is missing or was changed)."""


@dataclass(slots=True)
class TileCheck:
    """Takes the leaves of a log of `size` in order of their numbers and tells `add` what the tiles lack."""

    get: Get
    size: int
    add: Callable[..., None]
    _next: int = 0
    """The tile of leaf hashes that the coming leaves belong to."""
    _leaves: dict[int, bytes] = field(default_factory=dict)
    _above: list[list[bytes | None]] = field(default_factory=list)
    """For each level from 1 on, the hashes of the tile that is growing, as the tiles below say."""

    def see(self, number: int, hash_of_leaf: bytes) -> None:
        """One leaf; those that the signed size leaves out are not in the tiles yet."""
        if number >= self.size:
            return
        while self._next < number // WIDTH:
            self._close_leaves()
        self._leaves[number] = hash_of_leaf

    def end(self) -> None:
        """No leaf comes any more: what is left of the tiles is read."""
        while self._next * WIDTH < self.size:
            self._close_leaves()
        for level, growing in enumerate(self._above, 1):
            if growing:
                self._compare(level, self.size >> HEIGHT * (level + 1), growing)

    def _close_leaves(self) -> None:
        index, first = self._next, self._next * WIDTH
        expected = [self._leaves.get(number) for number in range(first, min(first + WIDTH, self.size))]
        held = self._read(tile_path(0, index, len(expected)), len(expected), HASH_BYTES)
        changed = _differing(held, expected)
        for at in changed:
            self.add("log-leaf-changed", number=first + at)
        self._check_entries(index, held or expected)
        self._leaves.clear()
        self._next += 1
        if len(expected) == WIDTH:
            # Leaf or tile, one of them is wrong: then nothing says what belongs above.
            self._rise(1, [] if changed else held or expected)

    def _check_entries(self, index: int, expected: _Expected) -> None:
        path = tile_path("entries", index, len(expected))
        entries = self._read(path, len(expected), _ENTRY_BYTES)
        heads = all(entry.startswith(_ENTRY_HEAD) for entry in entries)
        hashes = [leaf_hash(entry.removeprefix(_ENTRY_HEAD)) for entry in entries]
        if not heads or _differing(hashes, expected):
            self.add("log-tile-changed", tile=path)

    def _rise(self, level: int, full: _Expected) -> None:
        """A tile became full: its root is one hash in the level above."""
        if len(self._above) < level:
            self._above.append([])
        hashes = [value for value in full if value is not None]
        growing = self._above[level - 1]
        growing.append(fold(hashes) if len(hashes) == WIDTH else None)
        if len(growing) == WIDTH:
            held = self._compare(level, (self._next >> HEIGHT * level) - 1, growing)
            self._above[level - 1] = []
            self._rise(level + 1, held if None in growing else growing)

    def _compare(self, level: int, index: int, expected: _Expected) -> list[bytes]:
        """One tile of a higher level; what it holds, nothing if it is missing."""
        path = tile_path(level, index, len(expected))
        held = self._read(path, len(expected), HASH_BYTES)
        if _differing(held, expected):
            self.add("log-tile-changed", tile=path)
        return held

    def _read(self, path: str, count: int, each: int) -> list[bytes]:
        """The items of a tile; nothing, and a finding, when it is not there in its full length."""
        content = self.get(path)
        if content is None or len(content) != count * each:
            self.add("log-tile-missing", tile=path)
            return []
        return [content[at : at + each] for at in range(0, len(content), each)]


def _differing(held: Sequence[bytes], expected: _Expected) -> list[int]:
    """The places at which a tile holds something else than it should; none for a missing one."""
    pairs = zip(held, expected, strict=False)
    return [at for at, (one, other) in enumerate(pairs) if other is not None and one != other]
