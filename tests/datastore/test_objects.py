"""Objects in a folder and on a MinIO server: encrypted in Tink's format, proven after writing, never replaced."""

import hashlib
import stat
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from common import Digest
from datastore import (
    BadObjectKey,
    DataKey,
    FolderObjects,
    ObjectDamaged,
    ObjectMissing,
    ObjectStore,
    StoredObject,
    manifest_key,
    original_key,
    pdf_key,
    prepared_key,
    reading_key,
)
from tests.datastore.stores import Shop, folder_shop, minio_shop

KEY = DataKey(bytes(range(32)), "some document")
MIB = 1 << 20


@pytest.fixture(params=["folder", "minio"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    if request.param == "folder":
        return folder_shop(tmp_path / "objects")
    return minio_shop(request.getfixturevalue("services"), tmp_path)


@pytest.fixture
def objects(shop: Shop) -> ObjectStore:
    return shop.objects


@pytest.fixture
def folder(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path / "objects")


def stored_file(objects: FolderObjects, stored: StoredObject) -> Path:
    return objects.root / f"{stored.key}@{stored.version}"


def opened_by_hand(sealed: bytes, key: bytes, associated_data: bytes) -> bytes:
    """The published format, read with pyca/cryptography alone: one day there may be no Tink."""
    header, salt, prefix = sealed[0], sealed[1:33], sealed[33:40]
    assert header == 40
    cipher = AESGCM(HKDF(SHA256(), 32, salt, associated_data).derive(key))
    bounds = [40, *range(MIB, len(sealed), MIB), len(sealed)]
    plain = b""
    for number, (start, end) in enumerate(pairwise(bounds)):
        last = b"\x01" if end == len(sealed) else b"\x00"
        plain += cipher.decrypt(prefix + number.to_bytes(4) + last, sealed[start:end], None)
    return plain


@pytest.mark.parametrize("size", [0, 1, MIB - 57, MIB - 56, MIB - 55, MIB, 2 * MIB + 12345])
def test_what_is_put_comes_back_and_another_implementation_can_read_it(
    shop: Shop, tmp_path: Path, size: int
) -> None:
    content = hashlib.shake_256(b"content").digest(size)
    source = tmp_path / "source"
    source.write_bytes(content)
    stored = shop.objects.put("documents/a/v1/original", source, sealing=KEY)
    sealed = shop.bytes_of(stored)
    assert (stored.size, stored.sha256_plain) == (size, Digest.of(content))
    assert stored.sha256_stored == Digest.of(sealed)
    assert shop.objects.read(stored, sealing=KEY) == content
    bound = b"khoso-object-1\nsome document\ndocuments/a/v1/original"
    assert opened_by_hand(sealed, KEY.raw, bound) == content


def test_what_lies_in_the_store_does_not_show_the_content(shop: Shop) -> None:
    stored = shop.objects.put("documents/a/v1/original", b"Nguyen Van An " * 1000, sealing=KEY)
    assert b"Nguyen" not in shop.bytes_of(stored)


def test_nothing_on_the_disk_lets_others_read_it(folder: FolderObjects) -> None:
    stored = folder.put("documents/a/v1/original", b"content", sealing=KEY)
    assert stat.S_IMODE(stored_file(folder, stored).stat().st_mode) == 0o600


def test_a_second_put_under_the_same_key_leaves_the_first_as_it_was(objects: ObjectStore) -> None:
    first = objects.put("documents/a/v1/original", b"first", sealing=KEY)
    second = objects.put("documents/a/v1/original", b"second", sealing=KEY)
    assert objects.read(first, sealing=KEY) == b"first"
    assert objects.read(second, sealing=KEY) == b"second"
    assert {each.version for each in objects.versions("documents/a")} == {first.version, second.version}


@pytest.mark.parametrize("place", [0, 5, 35, 41, MIB - 1, MIB, -1])
def test_one_changed_byte_anywhere_is_damage(shop: Shop, tmp_path: Path, place: int) -> None:
    stored = shop.objects.put("documents/a/v1/original", b"x" * (MIB + 5000), sealing=KEY)
    sealed = bytearray(shop.bytes_of(stored))
    sealed[place] ^= 1
    changed = shop.with_bytes(stored, bytes(sealed))
    (tmp_path / "outbox").mkdir()
    with pytest.raises(ObjectDamaged) as caught:
        shop.objects.get(changed, tmp_path / "outbox" / "out", sealing=KEY)
    assert caught.value.facts == {"key": stored.key}
    assert list((tmp_path / "outbox").iterdir()) == []


@pytest.mark.parametrize("change", ["cut", "cut a segment", "longer", "empty"])
def test_a_cut_or_grown_object_is_damage(shop: Shop, change: str) -> None:
    stored = shop.objects.put("documents/a/v1/original", b"x" * (MIB + 5000), sealing=KEY)
    sealed = shop.bytes_of(stored)
    changes = {"cut": sealed[:-1], "cut a segment": sealed[:MIB], "longer": sealed + b"\0", "empty": b""}
    changed = shop.with_bytes(stored, changes[change])
    for read in (shop.objects.read, shop.objects.check):
        with pytest.raises(ObjectDamaged):
            read(changed, sealing=KEY)


def test_an_object_moved_to_another_key_or_document_does_not_open(shop: Shop) -> None:
    objects = shop.objects
    stored = objects.put("documents/a/v1/original", b"content", sealing=KEY)
    elsewhere = shop.with_bytes(replace(stored, key="documents/b"), shop.bytes_of(stored))
    with pytest.raises(ObjectDamaged):
        objects.read(elsewhere, sealing=KEY)
    with pytest.raises(ObjectDamaged):
        objects.read(stored, sealing=DataKey(KEY.raw, "another document"))
    with pytest.raises(ObjectDamaged):
        objects.read(stored, sealing=DataKey(b"x" * 32, KEY.of))


def test_whole_content_under_another_digest_is_damage(objects: ObjectStore) -> None:
    stored = objects.put("documents/a/v1/original", b"content", sealing=KEY)
    other = objects.put("documents/a/v1/original", b"CONTENT", sealing=KEY)
    with pytest.raises(ObjectDamaged):
        objects.read(replace(stored, version=other.version), sealing=KEY)


def test_what_is_gone_is_missing_and_deleting_it_again_is_no_error(objects: ObjectStore) -> None:
    stored = objects.put("documents/a/v1/original", b"content", sealing=KEY)
    objects.delete(stored.key, stored.version)
    objects.delete(stored.key, stored.version)
    objects.delete("documents/never/v1/original", stored.version)
    with pytest.raises(ObjectMissing):
        objects.read(stored, sealing=KEY)


@pytest.mark.parametrize(
    "key",
    ["", "../a", "/etc/passwd", "a//b", "a/../b", "documents/A", "a@b", "a/.incoming", "a\n", "x" * 101],
)
def test_a_key_that_could_leave_the_store_is_refused(objects: ObjectStore, key: str) -> None:
    with pytest.raises(BadObjectKey):
        objects.put(key, b"content", sealing=KEY)
    assert list(objects.versions("")) == []


def test_a_version_that_could_leave_the_store_is_refused(objects: ObjectStore) -> None:
    with pytest.raises(BadObjectKey):
        objects.delete("documents/a", "../../x")


def test_a_put_whose_source_is_missing_leaves_nothing(objects: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        objects.put("documents/a/v1/original", tmp_path / "absent", sealing=KEY)
    assert list(objects.versions("")) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_is_kept_can_be_kept_again_elsewhere_block_by_block(objects: ObjectStore) -> None:
    content, other = hashlib.shake_256(b"content").digest(2 * MIB + 5), DataKey(bytes(32), "another document")
    first = objects.put("documents/b/v1/original", content, sealing=KEY)
    moved = objects.put("documents/a/v1/original", objects.blocks(first, sealing=KEY), sealing=other)
    assert objects.read(moved, sealing=other) == content
    assert moved.sha256_plain == first.sha256_plain
    assert moved.sha256_stored != first.sha256_stored


def test_what_turns_out_damaged_on_its_way_is_not_kept_elsewhere(objects: ObjectStore) -> None:
    """All of it is read before any of it counts, also what only its end shows."""
    first = objects.put("documents/b/v1/original", bytes(MIB), sealing=KEY)
    expected = replace(first, sha256_plain=Digest.of(b"other"))
    with pytest.raises(ObjectDamaged):
        objects.put("documents/a/v1/original", objects.blocks(expected, sealing=KEY), sealing=KEY)
    assert list(objects.versions("documents/a/v1/original")) == []


def test_clearing_up_goes_on_when_a_name_has_no_file_any_more(folder: FolderObjects) -> None:
    """Between the listing and the look at a file, another process may finish its put: commands died of it."""
    unfinished = folder.root / ".incoming"
    (unfinished / "gone").symlink_to("nowhere")  # listed, and not there for whoever looks at it
    (unfinished / "left behind").touch()
    assert folder.remove_unfinished(older_than=float("inf")) == 1
    assert not (unfinished / "left behind").exists()


def test_the_folder_of_objects_is_its_owners_alone(folder: FolderObjects) -> None:
    folder.put("documents/a/v1/original", b"content", sealing=KEY)
    folders = [folder.root, *(path for path in folder.root.rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(each.stat().st_mode) for each in folders} == {0o700}


def test_versions_are_listed_by_their_folder_and_not_by_a_common_beginning(objects: ObjectStore) -> None:
    for key in ("documents/a/v1/original", "documents/ab/v1/original", "log/tile/0/000"):
        objects.put(key, b"content", sealing=KEY)
    assert [each.key for each in objects.versions("documents/a")] == ["documents/a/v1/original"]
    assert [each.key for each in objects.versions("log/tile/0/000")] == ["log/tile/0/000"]
    assert len(list(objects.versions(""))) == 3


def test_keys_name_ids_only() -> None:
    id = UUID(int=7)
    assert original_key(id, 1) == f"documents/{id}/v1/original"
    assert original_key(id, 1, 2) == f"documents/{id}/v1/original-2"
    assert pdf_key(id, 2, 1) == f"documents/{id}/v2/document-r1.pdf"
    assert prepared_key(id, 1, "clerk") == f"documents/{id}/v1/prepared-clerk.pdf"
    assert reading_key(id, 1, 3) == f"documents/{id}/v1/reading-3.json"
    assert manifest_key(id, id) == f"stores/{id}/{id}"
