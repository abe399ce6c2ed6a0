"""The Merkle tree of RFC 9162, section 2.1, as pure functions over hashes.

A tree is given as its leaf hashes in order (a list), or as a `node(level, index)` function that knows the
hashes of whole subtrees of 2^level leaves (tiles). Proofs are lists of 32-byte hashes. Promises that the
checks accept exactly what the RFC accepts; knows nothing of what the leaves mean.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves (RFC 9162, 2.1.1)."""

Node = Callable[[int, int], bytes]
"""The hash of the whole subtree over leaves `index·2^level` up to, not including, `(index+1)·2^level`."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A growing tree of which only the right edge is kept: O(log n) memory for any number of leaves."""

    __slots__ = ("_edge", "size")

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []

    def add(self, hash_of_leaf: bytes) -> None:
        """Append one leaf hash."""
        self._edge.append(hash_of_leaf)
        self.size += 1
        # Each trailing zero bit of the size is a pair of equal subtrees that became one.
        for _ in range((self.size & -self.size).bit_length() - 1):
            right = self._edge.pop()
            self._edge.append(node_hash(self._edge.pop(), right))

    @property
    def root(self) -> bytes:
        """The root of the tree so far."""
        if not self._edge:
            return EMPTY_ROOT
        found = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            found = node_hash(left, found)
        return found


def root(leaves: Iterable[bytes]) -> bytes:
    """The root hash over leaf hashes (RFC 9162, 2.1.1)."""
    frontier = Frontier()
    for hash_of_leaf in leaves:
        frontier.add(hash_of_leaf)
    return frontier.root


def nodes_of(leaves: Sequence[bytes]) -> Node:
    """A `Node` over leaf hashes in memory, level by level."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return lambda level, index: levels[level][index]


def subtree_root(node: Node, first: int, last: int) -> bytes:
    """The hash of the range of leaves from `first` up to, not including, `last`, where `first` is aligned."""
    size = last - first
    if size == 0:
        return EMPTY_ROOT
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, first >> level)
    middle = first + _split(size)
    return node_hash(subtree_root(node, first, middle), subtree_root(node, middle, last))


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """The path that shows leaf `index` in the tree of `size` leaves (RFC 9162, 2.1.3.1); IndexError else."""
    if not 0 <= index < size:
        raise IndexError("no such leaf in a tree of this size")
    return list(reversed(list(_path(index, 0, size, node))))


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """Shows that the tree of `old` leaves begins that of `new` (RFC 9162, 2.1.4.1); IndexError outside."""
    if not 0 < old <= new:
        raise IndexError("a consistency proof needs 0 < old <= new")
    return list(reversed(list(_subproof(old, 0, new, node, whole=True))))


def check_inclusion(hash_of_leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows the leaf at `index` under `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, hash_of_leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree under `new_root` begins with that under `old_root` (2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not at & 1 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _path(index: int, first: int, last: int, node: Node) -> Iterator[bytes]:
    """The inclusion path from the root downwards."""
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            yield subtree_root(node, middle, last)
            last = middle
        else:
            yield subtree_root(node, first, middle)
            first = middle


def _subproof(old: int, first: int, last: int, node: Node, *, whole: bool) -> Iterator[bytes]:
    """The consistency path from the root downwards; `whole` while the old tree's own root needs no saying."""
    while old < last:
        middle = first + _split(last - first)
        if old <= middle:
            yield subtree_root(node, middle, last)
            last = middle
        else:
            yield subtree_root(node, first, middle)
            first, whole = middle, False
    if not whole:
        yield subtree_root(node, first, last)
