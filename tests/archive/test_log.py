"""Leaves, checkpoints, tiles, and the check that names what somebody changed behind the program's back."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import (
    Checkpoint,
    CheckpointNotGenuine,
    Leaf,
    LogReport,
    NumberedLeaf,
    Row,
    RowState,
    Status,
    TileMissing,
    Tiles,
    canonical,
    check_consistency,
    check_inclusion,
    check_log,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    new_salt,
    open_checkpoint,
    root,
    row_deleted,
    row_state,
    tile_path,
)
from archive.tile_check import TileCheck
from signing import LogKey

NOW = datetime(2026, 11, 22, 1, 0, 0, 123456, tzinfo=UTC)
ORIGIN = "kho.nghean.gov.vn/log"
KEY = LogKey(Ed25519PrivateKey.generate(), "H41", NOW - timedelta(1), NOW + timedelta(30))
OTHER_KEY = LogKey(Ed25519PrivateKey.generate(), "H41", NOW - timedelta(1), NOW + timedelta(30))
SALT = bytes(range(32))


# --- canonical CBOR and commitments ------------------------------------------------------------------------


def test_the_canonical_form_is_the_one_of_the_rfc() -> None:
    record = {"b": 1, "a": [True, None, -1], "aa": b"\x01"}
    assert canonical(record).hex() == "a3616183f5f6206162016261614101"


def test_the_same_record_written_differently_is_the_same() -> None:
    one = {"name": "Nguyễn", "at": datetime(2026, 11, 22, 8, 0, tzinfo=timezone(timedelta(hours=7)))}
    two = {"at": datetime(2026, 11, 22, 1, 0, tzinfo=UTC), "name": "Nguye\u0302\u0303n"}
    assert canonical(one) == canonical(two)
    assert cbor2.loads(canonical(one))["at"] == "2026-11-22T01:00:00.000000+00:00"


def test_dates_ids_enums_and_buffers_have_a_form() -> None:
    ident = UUID(int=7)
    form = cbor2.loads(canonical([date(2026, 1, 2), ident, Status.VALID, bytearray(b"x"), (1.5,)]))
    assert form == ["2026-01-02", ident.bytes, "valid", b"x", [1.5]]


NO_FORM = [
    NOW.replace(tzinfo=None),
    Decimal(1),
    {1: 2},
    {"é": 1, "e\u0301": 2},
    object(),
    "\ud800",
    {"\udfff": 1},
]


@pytest.mark.parametrize("value", NO_FORM)
def test_what_has_no_certain_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


def a_leaf(number: int, *states: RowState, salt: bytes = SALT) -> Leaf:
    """A leaf of its own id and instant."""
    return Leaf(UUID(int=number), NOW + timedelta(seconds=number), salt, states)


def test_a_commitment_is_the_salted_hash_of_the_record() -> None:
    state = row_state("documents", "7", {"status": "valid"}, SALT)
    leaf = a_leaf(1, state)
    record = ["khoso leaf v1", leaf.id, leaf.at, [["documents", "7", state.sha256]]]
    assert leaf.commitment == sha256(SALT + canonical(record)).digest()
    assert leaf.hash == sha256(b"\x00" + leaf.commitment).digest()


def test_a_commitment_hangs_on_everything_but_the_order_of_its_rows() -> None:
    one, two = row_state("a", "1", {"x": 1}, SALT), row_state("b", "1", {"x": 1}, SALT)
    leaf = a_leaf(1, one, two)
    assert leaf.commitment == a_leaf(1, two, one).commitment
    others = [
        a_leaf(2, one, two),
        a_leaf(1, one),
        a_leaf(1, one, row_deleted("b", "1")),
        a_leaf(1, one, two, salt=new_salt()),
    ]
    assert leaf.commitment not in {other.commitment for other in others}


def test_a_leaf_without_its_salt_or_with_a_row_twice_is_not_made() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        a_leaf(1, salt=b"short")
    with pytest.raises(ValueError, match="once"):
        a_leaf(1, row_deleted("a", "1"), row_deleted("a", "1"))
    with pytest.raises(ValueError, match="SHA-256"):
        RowState("a", "1", b"short")


# --- checkpoints -------------------------------------------------------------------------------------------

POINT = Checkpoint(ORIGIN, 20852163, sha256(b"tree").digest())


def test_a_checkpoint_is_the_text_of_c2sp() -> None:
    note = POINT.sign(KEY)
    lines = note.split("\n")
    assert lines[:4] == [ORIGIN, "20852163", base64.b64encode(POINT.root).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    signature = base64.b64decode(lines[4].split(" ")[2])
    raw = KEY.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert signature[:4] == sha256(ORIGIN.encode() + b"\n\x01" + raw).digest()[:4]
    KEY.private.public_key().verify(signature[4:], POINT.text.encode())


def test_a_checkpoint_opens_under_its_key_beside_witnesses() -> None:
    witnessed = POINT.sign(KEY) + "— witness.example/w " + base64.b64encode(bytes(76)).decode() + "\n"
    for note in (POINT.sign(KEY), witnessed):
        assert open_checkpoint(note, origin=ORIGIN, keys=[OTHER_KEY.public, KEY.public]) == POINT


def _forged() -> Iterator[str]:
    note = POINT.sign(KEY)
    yield from (note[:-1], note.replace("20852163", "20852164"), note.replace("\n\n", "\n"), "", "\n\n")
    yield POINT.sign(OTHER_KEY)
    yield note.replace("— ", "- ")
    yield note.replace("\n\n", "\nextension\n\n")
    yield note[:-4] + "!!!\n"
    yield f"{POINT.text}\n— {ORIGIN} AAAAA\n"
    yield Checkpoint("other.log", 1, bytes(32)).sign(KEY)
    yield note + "— " + ORIGIN + " " + base64.b64encode(_key_hash() + bytes(64)).decode() + "\n"


def _key_hash() -> bytes:
    raw = KEY.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return sha256(ORIGIN.encode() + b"\n\x01" + raw).digest()[:4]


@pytest.mark.parametrize("note", list(_forged()))
def test_a_changed_or_foreign_checkpoint_is_refused(note: str) -> None:
    with pytest.raises(CheckpointNotGenuine):
        open_checkpoint(note, origin=ORIGIN, keys=[KEY.public])


@pytest.mark.parametrize("lines", ["01\nAAAA", "1\nAAAA", "1\n", "1\n!", "1"])
def test_a_signed_text_that_is_no_checkpoint_is_refused(lines: str) -> None:
    text = f"{ORIGIN}\n{lines}\n"
    signature = base64.b64encode(_key_hash() + KEY.private.sign(text.encode())).decode()
    with pytest.raises(CheckpointNotGenuine):
        open_checkpoint(f"{text}\n— {ORIGIN} {signature}\n", origin=ORIGIN, keys=[KEY.public])


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\n"])
def test_an_origin_that_a_note_cannot_name_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        Checkpoint(origin, 1, bytes(32))


# --- tiles -------------------------------------------------------------------------------------------------


class Folder:
    """A write-once store in memory: writing another content under a name is an error."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, name: str, content: bytes) -> None:
        assert self.files.get(name, content) == content, f"{name} would be replaced"
        self.files[name] = content

    def get(self, name: str) -> bytes | None:
        return self.files.get(name)


def test_tile_paths_are_those_of_c2sp() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(1, 0, 3) == "tile/1/000.p/3"
    assert tile_path("entries", 5, 256) == "tile/entries/005"


def test_a_log_grows_in_tiles_and_proves_everything_from_them() -> None:
    folder, entries = Folder(), [sha256(number.to_bytes(4)).digest() for number in range(66_500)]
    log, start = Tiles(folder.get, 0), 0
    for end in (1, 255, 256, 257, 1000, 65_535, 65_536, 66_500):
        log, start = log.append(entries[start:end], folder.put), end
        assert (log.size, log.root) == (end, root(leaf_hash(entry) for entry in entries[:end]))
    assert "tile/2/000.p/1" in folder.files
    old = Tiles(folder.get, 1000)
    for index in (0, 256, 65_535, 65_536, 66_499):
        proof = inclusion_proof(index, log.size, log.node)
        assert check_inclusion(leaf_hash(entries[index]), index, log.size, proof, log.root)
    proof = consistency_proof(1000, log.size, log.node)
    assert check_consistency(1000, log.size, old.root, log.root, proof)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 700), max_size=5))
def test_tiles_are_the_same_however_the_leaves_came(steps: list[int]) -> None:
    folder, log, start = Folder(), Tiles(lambda _name: None, 0), 0
    entries = [number.to_bytes(32) for number in range(sum(steps))]
    log = Tiles(folder.get, 0)
    for step in steps:
        before = log
        log = before.append(entries[start : start + step], folder.put)
        # A crash before the checkpoint repeats the step.
        assert before.append(entries[start : start + step], folder.put) == log
        start += step
    assert log.root == root(leaf_hash(entry) for entry in entries)
    bundles = [folder.files[tile_path("entries", tile)] for tile in range(len(entries) // 256)]
    assert b"".join(bundles) == b"".join(b"\x00\x20" + entry for entry in entries[: len(bundles) * 256])


def test_a_missing_or_cut_tile_is_named() -> None:
    folder = Folder()
    log = Tiles(folder.get, 0).append([bytes(32)] * 3, folder.put)
    folder.files["tile/0/000.p/3"] = bytes(64)
    with pytest.raises(TileMissing, match=r"tile/0/000\.p/3"):
        log.root  # noqa: B018
    del folder.files["tile/entries/000.p/3"]
    folder.files["tile/0/000.p/3"] = bytes(96)
    with pytest.raises(TileMissing, match="entries"):
        log.append([bytes(32)], folder.put)


# --- the check ---------------------------------------------------------------------------------------------


class House:
    """A small store: rows and the leaves that witness them, as the program writes them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], dict[str, object]] = {}
        self.leaves: list[NumberedLeaf] = []

    def write(self, table: str, key: str, columns: dict[str, object] | None) -> None:
        salt, number = new_salt(), len(self.leaves)
        if columns is None:
            del self.rows[table, key]
            leaf = a_leaf(number, row_deleted(table, key), salt=salt)
        else:
            self.rows[table, key] = columns
            leaf = a_leaf(number, row_state(table, key, columns, salt), salt=salt)
        self.leaves.append(NumberedLeaf(number, leaf, leaf.commitment))

    def checkpoint(self) -> str:
        hashes = [leaf_hash(leaf.commitment) for leaf in self.leaves]
        return Checkpoint(ORIGIN, len(hashes), root(hashes)).sign(KEY)

    def tiles(self) -> Folder:
        """The tiles of the log as it is."""
        return tiles_of([leaf.commitment for leaf in self.leaves])

    def check(self, checkpoint: str | None) -> LogReport:
        rows = [Row(table, key, columns) for (table, key), columns in self.rows.items()]
        return check_log(self.leaves, checkpoint=checkpoint, origin=ORIGIN, keys=[KEY.public], rows=rows)

    def findings(self, checkpoint: str | None) -> list[str]:
        return [finding.code for finding in self.check(checkpoint).findings]


@pytest.fixture
def house() -> House:
    """Four rows written, one of them changed later, one deleted by the program."""
    house = House()
    for key in "abcd":
        house.write("documents", key, {"status": "provisional", "at": NOW})
    house.write("documents", "a", {"status": "valid", "at": NOW})
    house.write("documents", "d", None)
    return house


def test_an_honest_log_is_clean_also_when_it_grew_after_its_checkpoint(house: House) -> None:
    signed = house.checkpoint()
    house.write("documents", "b", {"status": "valid"})
    report = house.check(signed)
    assert report.clean
    assert (report.leaves, report.rows, report.findings) == (7, 3, ())
    assert report.checkpoint is not None
    assert report.checkpoint.size == 6


def test_a_changed_row_is_named_with_its_leaf(house: House) -> None:
    signed = house.checkpoint()
    house.rows["documents", "a"] = {"status": "revoked", "at": NOW}
    report = house.check(signed)
    assert [finding.code for finding in report.findings] == ["log-row-changed"]
    assert "documents" in report.findings[0].en
    assert "4" in report.findings[0].en


def test_a_deleted_an_inserted_and_a_resurrected_row_are_named(house: House) -> None:
    signed = house.checkpoint()
    del house.rows["documents", "b"]
    house.rows["documents", "x"] = {"status": "valid"}
    house.rows["documents", "d"] = {"status": "provisional", "at": NOW}
    assert sorted(house.findings(signed)) == ["log-row-changed", "log-row-deleted", "log-row-unwitnessed"]


def test_a_changed_leaf_is_named(house: House) -> None:
    signed = house.checkpoint()
    changed = replace(house.leaves[2].leaf, at=NOW)
    house.leaves[2] = replace(house.leaves[2], leaf=changed)
    assert house.findings(signed) == ["log-leaf-changed"]


def test_a_leaf_rewritten_with_its_commitment_breaks_the_root_and_the_tiles_name_it(house: House) -> None:
    signed = house.checkpoint()
    folder = house.tiles()
    changed = replace(house.leaves[2].leaf, at=NOW)
    house.leaves[2] = NumberedLeaf(2, changed, changed.commitment)
    assert house.findings(signed) == ["log-root-differs"]
    report = check_log(
        house.leaves,
        checkpoint=signed,
        origin=ORIGIN,
        keys=[KEY.public],
        get_tile=folder.get,
    )
    assert [finding.code for finding in report.findings] == ["log-leaf-changed", "log-root-differs"]


Found = list[tuple[str, object]]
ENTRIES = [bytes(32)] * 66_000
"""So many that the tree has three levels of tiles; 65 536 are a full tile of the second."""


def tiles_of(entries: list[bytes]) -> Folder:
    """The tiles of a log."""
    folder = Folder()
    Tiles(folder.get, 0).append(entries, folder.put)
    return folder


def found_in_tiles(folder: Folder, entries: list[bytes], size: int) -> Found:
    """What reading all tiles of a log of this size finds, each with the tile or leaf that it names."""
    found: Found = []
    check = TileCheck(folder.get, size, lambda code, **facts: found.append((code, *facts.values())))
    for number, entry in enumerate(entries):
        check.see(number, leaf_hash(entry))
    check.end()
    return found


LONG_TILES = [
    "tile/0/000",
    "tile/0/257.p/208",
    "tile/1/000",
    "tile/1/001.p/1",
    "tile/2/000.p/1",
    "tile/entries/003",
    "tile/entries/257.p/208",
]


def test_every_lost_or_cut_tile_is_named() -> None:
    folder = tiles_of(ENTRIES)
    cut = {name: folder.files[name][:-1] for name in LONG_TILES[::2]}
    for name in LONG_TILES:
        del folder.files[name]
    folder.files.update(cut)
    found = found_in_tiles(folder, ENTRIES, len(ENTRIES))
    assert sorted(found) == [("log-tile-missing", name) for name in sorted(LONG_TILES)]


@pytest.mark.parametrize("name", LONG_TILES[2:])
def test_a_rewritten_tile_is_named_and_none_besides(name: str) -> None:
    folder = tiles_of(ENTRIES)
    content = folder.files[name]
    folder.files[name] = bytes([content[0] ^ 1]) + content[1:]
    assert found_in_tiles(folder, ENTRIES, len(ENTRIES)) == [("log-tile-changed", name)]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 65_535, 65_536, 65_792])
def test_the_tiles_of_an_honest_log_are_clean_at_every_size(size: int) -> None:
    # Leaves that came after the checkpoint are in no tile yet.
    assert found_in_tiles(tiles_of(ENTRIES[:size]), ENTRIES[: size + 300], size) == []


def found_in(house: House, folder: Folder, checkpoint: str) -> list[str]:
    """The English sentences of a check that reads the tiles."""
    report = check_log(
        house.leaves, checkpoint=checkpoint, origin=ORIGIN, keys=[KEY.public], get_tile=folder.get
    )
    return [finding.en for finding in report.findings]


def test_a_deleted_tile_is_a_finding_of_the_log(house: House) -> None:
    signed, folder = house.checkpoint(), house.tiles()
    assert found_in(house, folder, signed) == []
    del folder.files["tile/0/000.p/6"]
    assert found_in(house, folder, signed) == ["The log's tile tile/0/000.p/6 is missing or cut."]


def test_a_hash_rewritten_in_its_tile_names_the_leaf_and_the_tile_of_entries(house: House) -> None:
    signed, folder = house.checkpoint(), house.tiles()
    content = folder.files["tile/0/000.p/6"]
    folder.files["tile/0/000.p/6"] = content[:64] + bytes(32) + content[96:]
    leaf, entries = found_in(house, folder, signed)
    assert leaf.startswith("Leaf 2 ")
    assert "tile/entries/000.p/6 was changed" in entries


def test_tiles_without_their_leaves_are_read_all_the_same(house: House) -> None:
    signed, folder = house.checkpoint(), house.tiles()
    house.leaves = []
    assert len(found_in(house, folder, signed)) == 1
    del folder.files["tile/0/000.p/6"]
    assert len(found_in(house, folder, signed)) == 2


def test_a_missing_leaf_is_a_gap_and_a_cut_end_is_missed(house: House) -> None:
    signed, leaves = house.checkpoint(), house.leaves
    house.leaves = [*leaves[:1], *leaves[3:]]
    assert "log-gap" in house.findings(signed)
    assert "log-leaves-missing" in house.findings(signed)
    house.leaves = leaves[:4]
    assert "log-leaves-missing" in house.findings(signed)


def test_a_number_given_twice_is_named(house: House) -> None:
    house.leaves.insert(3, house.leaves[2])
    assert "log-number-twice" in house.findings(house.checkpoint())


def test_a_checkpoint_of_another_key_and_none_at_all_are_findings(house: House) -> None:
    signed = Checkpoint(ORIGIN, 6, bytes(32)).sign(OTHER_KEY)
    assert house.findings(signed) == ["log-checkpoint-wrong"]
    assert house.findings(None) == ["log-never-signed"]


def test_an_empty_log_is_clean_with_and_without_a_checkpoint() -> None:
    empty = House()
    assert empty.check(None).clean
    assert empty.check(empty.checkpoint()).clean


def test_a_thousand_findings_are_told_and_the_rest_counted() -> None:
    rows = [Row("documents", str(number), {}) for number in range(1200)]
    report = check_log([], checkpoint=None, origin=ORIGIN, keys=[], rows=rows)
    assert (len(report.findings), report.found, report.clean) == (1000, 1200, False)
