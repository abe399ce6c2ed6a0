"""The tree against the test data of Certificate Transparency and against a naive reading of the RFC."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    nodes_of,
    root,
)

# The leaves that Certificate Transparency implementations test with (RFC 6962 hashes), and their roots.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [leaf_hash(entry) for entry in LEAVES]


def naive_root(entries: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word by word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return sha256(b"\x01" + naive_root(entries[:split]) + naive_root(entries[split:])).digest()


def naive_path(index: int, entries: list[bytes]) -> list[bytes]:
    """RFC 9162, 2.1.3.1, word by word."""
    if len(entries) == 1:
        return []
    split = 1
    while split * 2 < len(entries):
        split *= 2
    if index < split:
        return [*naive_path(index, entries[:split]), naive_root(entries[split:])]
    return [*naive_path(index - split, entries[split:]), naive_root(entries[:split])]


def naive_subproof(old: int, entries: list[bytes], whole: bool) -> list[bytes]:
    """RFC 9162, 2.1.4.1, word by word."""
    if old == len(entries):
        return [] if whole else [naive_root(entries)]
    split = 1
    while split * 2 < len(entries):
        split *= 2
    if old <= split:
        return [*naive_subproof(old, entries[:split], whole), naive_root(entries[split:])]
    return [*naive_subproof(old - split, entries[split:], False), naive_root(entries[:split])]


def test_the_known_roots_come_out() -> None:
    assert [root(HASHES[: size + 1]).hex() for size in range(8)] == ROOTS


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert root([]) == EMPTY_ROOT == Frontier().root
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_known_inclusion_proof_comes_out() -> None:
    # Leaf 5 of 8: its neighbour 4, the pair 6-7, the left half; computed with sha256 by hand.
    pair = sha256(b"\x01" + HASHES[6] + HASHES[7]).digest()
    proof = inclusion_proof(5, 8, nodes_of(HASHES))
    assert proof == [HASHES[4], pair, bytes.fromhex(ROOTS[3])]


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 130), st.data())
def test_proofs_are_the_naive_ones_and_hold(size: int, data: st.DataObject) -> None:
    entries = [number.to_bytes(2) for number in range(size)]
    hashes = [leaf_hash(entry) for entry in entries]
    whole = naive_root(entries)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, nodes_of(hashes))
    assert root(hashes) == whole
    assert proof == naive_path(index, entries)
    assert check_inclusion(hashes[index], index, size, proof, whole)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 130), st.data())
def test_consistency_proofs_are_the_naive_ones_and_hold(new: int, data: st.DataObject) -> None:
    entries = [number.to_bytes(2) for number in range(new)]
    old = data.draw(st.integers(1, new))
    proof = consistency_proof(old, new, nodes_of([leaf_hash(entry) for entry in entries]))
    assert proof == naive_subproof(old, entries, True)
    assert check_consistency(old, new, naive_root(entries[:old]), naive_root(entries), proof)


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 70), st.data())
def test_a_proof_with_anything_changed_is_refused(size: int, data: st.DataObject) -> None:
    hashes = [leaf_hash(number.to_bytes(2)) for number in range(size)]
    whole, index = root(hashes), data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, nodes_of(hashes))
    other = data.draw(st.integers(0, size - 1).filter(lambda place: place != index))
    assert not check_inclusion(hashes[other], index, size, proof, whole)
    assert not check_inclusion(hashes[index], other, size, proof, whole)
    assert not check_inclusion(hashes[index], index, size, proof[:-1], whole)
    assert not check_inclusion(hashes[index], index, size, [*proof, whole], whole)
    assert not check_inclusion(hashes[index], index, size, proof, bytes(32))
    assert not check_inclusion(hashes[index], size, size, proof, whole)


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 70), st.data())
def test_a_rewritten_past_is_not_consistent(new: int, data: st.DataObject) -> None:
    hashes = [leaf_hash(number.to_bytes(2)) for number in range(new)]
    old = data.draw(st.integers(1, new - 1))
    changed = [leaf_hash(b"x"), *hashes[1:]]
    proof = consistency_proof(old, new, nodes_of(hashes))
    before, after = root(hashes[:old]), root(hashes)
    assert not check_consistency(old, new, root(changed[:old]), after, proof)
    assert not check_consistency(old, new, before, root(changed), proof)
    assert not check_consistency(old, new, before, after, [*proof, before])
    assert not check_consistency(old, new, before, after, proof[:-1])
    assert not check_consistency(new, old, before, after, proof)


def test_a_tree_is_consistent_with_itself_only_without_a_proof() -> None:
    whole = root(HASHES)
    assert check_consistency(8, 8, whole, whole, [])
    assert not check_consistency(8, 8, whole, whole, [whole])
    assert not check_consistency(8, 8, EMPTY_ROOT, whole, [])
    assert not check_consistency(3, 8, root(HASHES[:3]), whole, [])


@pytest.mark.parametrize(("index", "size"), [(-1, 8), (8, 8), (0, 0)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(IndexError):
        inclusion_proof(index, size, nodes_of(HASHES))


@pytest.mark.parametrize(("old", "new"), [(0, 8), (5, 4)])
def test_there_is_no_proof_from_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(IndexError):
        consistency_proof(old, new, nodes_of(HASHES))
