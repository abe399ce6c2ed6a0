"""`check_log`: whether the log still says what was signed, and the rows still stand as the log says.

Leaves are read once, in order of their numbers, in bounded memory besides one short note for each row. Found
are gaps and doubles in the numbering, leaves that no longer make their commitment, tiles that are missing or
say something else (`tile_check.py`), a root that differs from the signed checkpoint, and rows that were
changed, deleted or written past the program. Whoever holds the checkpoint key and the database together can
rewrite both; that is what witnesses of checkpoints are for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from archive.checkpoint import Checkpoint, CheckpointNotGenuine, open_checkpoint
from archive.leaves import Leaf, RowState, row_state
from archive.tile_check import TileCheck
from archive.tiles import Get
from archive.tree import Frontier, leaf_hash
from common import Sentence, say
from signing import PublicKey

_ROW_TAG_BYTES = 16
_MOST_FINDINGS = 1000
"""More findings than a person reads; beyond them only the count grows."""


@dataclass(frozen=True, slots=True)
class NumberedLeaf:
    """A leaf as it lies in the store: its place in the tree (from 0) and the commitment written beside it."""

    number: int
    leaf: Leaf
    commitment: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands now, with its witnessed columns."""

    table: str
    key: str
    columns: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class LogReport:
    """What `check_log` found: nothing is good news. `root` is that of all leaves read."""

    leaves: int
    rows: int
    root: bytes
    checkpoint: Checkpoint | None
    findings: tuple[Sentence, ...]
    found: int

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return self.found == 0


@dataclass(slots=True)
class _Findings:
    """Collects sentences; keeps the first thousand and counts the rest."""

    kept: list[Sentence] = field(default_factory=list)
    count: int = 0

    def add(self, code: str, **facts: object) -> None:
        self.count += 1
        if len(self.kept) < _MOST_FINDINGS:
            self.kept.append(say(code, **facts))


@dataclass(frozen=True, slots=True)
class _Witness:
    """The newest leaf that spoke of a row."""

    number: int
    salt: bytes
    state: RowState


def check_log(
    leaves: Iterable[NumberedLeaf],
    *,
    checkpoint: str | None,
    origin: str,
    keys: Iterable[PublicKey],
    rows: Iterable[Row] | None = None,
    get_tile: Get | None = None,
) -> LogReport:
    """Recompute the log and compare it with its signed checkpoint and with the rows of today.

    `checkpoint` is the newest signed note, None when none was made yet (a finding as soon as there are
    leaves); `rows` are all rows of the witnessed tables, None to leave them out; `get_tile` gives the
    content of a tile by its name, None what it does not have: then every tile up to the signed size is read,
    and a rewritten leaf is named and not only the root.
    """
    findings = _Findings()
    signed = _signed(checkpoint, origin, keys, findings)
    witnesses: dict[bytes, _Witness] = {}
    frontier, root_then = Frontier(), None
    if signed is not None and signed.size == 0:
        root_then = frontier.root
    tiles = None if signed is None or get_tile is None else TileCheck(get_tile, signed.size, findings.add)
    # 1. Every leaf: its number, its commitment, its place in the tiles; the tree grows with it.
    for numbered in _in_order(leaves, findings):
        _check_leaf(numbered, tiles, findings)
        frontier.add(leaf_hash(numbered.commitment))
        if signed is not None and frontier.size == signed.size:
            root_then = frontier.root
        for state in numbered.leaf.states:
            witness = _Witness(numbered.number, numbered.leaf.salt, state)
            witnesses[_tag(state.table, state.key)] = witness
    if tiles is not None:
        tiles.end()
    # 2. The tree against what was signed.
    _check_root(signed, checkpoint is None, frontier, root_then, findings)
    # 3. The rows of today against the newest leaf that spoke of each.
    checked = 0 if rows is None else _check_rows(rows, witnesses, findings)
    return LogReport(frontier.size, checked, frontier.root, signed, tuple(findings.kept), findings.count)


def _signed(
    note: str | None, origin: str, keys: Iterable[PublicKey], findings: _Findings
) -> Checkpoint | None:
    if note is None:
        return None
    try:
        return open_checkpoint(note, origin=origin, keys=keys)
    except CheckpointNotGenuine:
        findings.add("log-checkpoint-wrong", origin=origin)
        return None


def _in_order(leaves: Iterable[NumberedLeaf], findings: _Findings) -> Iterator[NumberedLeaf]:
    """The leaves, each compared with the number that should come next."""
    expected = 0
    for numbered in leaves:
        if numbered.number > expected:
            findings.add("log-gap", first=expected, last=numbered.number - 1)
        elif numbered.number < expected:
            findings.add("log-number-twice", number=numbered.number)
        expected = max(expected, numbered.number + 1)
        yield numbered


def _check_leaf(numbered: NumberedLeaf, tiles: TileCheck | None, findings: _Findings) -> None:
    if numbered.leaf.commitment != numbered.commitment:
        findings.add("log-leaf-changed", number=numbered.number)
    elif tiles is not None:
        tiles.see(numbered.number, leaf_hash(numbered.commitment))


def _check_root(
    signed: Checkpoint | None,
    unsigned: bool,
    frontier: Frontier,
    root_then: bytes | None,
    findings: _Findings,
) -> None:
    if unsigned and frontier.size:
        findings.add("log-never-signed", size=frontier.size)
    if signed is None:
        return
    if root_then is None:
        findings.add("log-leaves-missing", size=frontier.size, signed=signed.size)
    elif root_then != signed.root:
        findings.add("log-root-differs", size=signed.size)


def _check_rows(rows: Iterable[Row], witnesses: dict[bytes, _Witness], findings: _Findings) -> int:
    """Compare every row; what is left of the witnesses are rows that are gone."""
    checked = 0
    for row in rows:
        checked += 1
        witness = witnesses.pop(_tag(row.table, row.key), None)
        if witness is None:
            findings.add("log-row-unwitnessed", table=row.table, key=row.key)
        elif row_state(row.table, row.key, row.columns, witness.salt) != witness.state:
            findings.add("log-row-changed", table=row.table, key=row.key, number=witness.number)
    for witness in witnesses.values():
        if witness.state.sha256 is not None:
            state = witness.state
            findings.add("log-row-deleted", table=state.table, key=state.key, number=witness.number)
    return checked


def _tag(table: str, key: str) -> bytes:
    return blake2b(f"{table}\0{key}".encode(), digest_size=_ROW_TAG_BYTES).digest()
