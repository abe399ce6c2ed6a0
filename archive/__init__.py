"""archive: paper copies, the log, and what the rules decide about validity, reuse and retention. The door."""

from archive.canonical import canonical
from archive.checkpoint import Checkpoint, CheckpointNotGenuine, open_checkpoint
from archive.leaves import Leaf, RowState, new_salt, row_deleted, row_state
from archive.life import Ground, Status, Weight, may_become
from archive.log import LogReport, NumberedLeaf, Row, check_log
from archive.tiles import TileMissing, Tiles, tile_path
from archive.tree import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    nodes_of,
    root,
)

__all__ = [
    "EMPTY_ROOT",
    "Checkpoint",
    "CheckpointNotGenuine",
    "Frontier",
    "Ground",
    "Leaf",
    "LogReport",
    "NumberedLeaf",
    "Row",
    "RowState",
    "Status",
    "TileMissing",
    "Tiles",
    "Weight",
    "canonical",
    "check_consistency",
    "check_inclusion",
    "check_log",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "may_become",
    "new_salt",
    "node_hash",
    "nodes_of",
    "open_checkpoint",
    "root",
    "row_deleted",
    "row_state",
    "tile_path",
]
