"""What only a server can do to us, and what only object lock can promise."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import shake_256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from minio.credentials.credentials import Credentials
from minio.error import S3Error

from common import VIETNAM, Digest
from datastore import (
    DataKey,
    ObjectDamaged,
    ObjectLocked,
    ObjectMissing,
    ObjectStoreRefused,
    ObjectStoreUnreachable,
    S3Place,
    StorageFull,
)
from datastore.objects.minio import MinioObjects, client_of
from datastore.objects.setup import admin_of
from tests.datastore.cutting import answers_swallowed
from tests.datastore.house import House
from tests.datastore.stores import minio_objects, root_client, root_place
from tests.services import Services

KEY = DataKey(bytes(range(32)), "some document")
SOON = timedelta(minutes=2)


@pytest.fixture
def objects(services: Services, tmp_path: Path) -> MinioObjects:
    return minio_objects(services, tmp_path)


def now() -> datetime:
    return datetime.now(UTC)


# --- retention --------------------------------------------------------------------------------------------


def test_what_is_retained_nobody_deletes_and_it_is_never_shortened(
    services: Services, objects: MinioObjects
) -> None:
    stored = objects.put("documents/a/v1/original", b"content", sealing=KEY)
    until = (now() + SOON).astimezone(VIETNAM)
    assert objects.retain(stored, until) == until
    with pytest.raises(ObjectLocked):
        objects.delete(stored.key, stored.version)
    with pytest.raises(S3Error):
        root_client(services).remove_object(objects.bucket, stored.key, version_id=stored.version)
    standing = objects.retain(stored, until - timedelta(minutes=1))
    assert abs(standing - until) < timedelta(seconds=1)
    assert objects.retain(stored, until + SOON) == until + SOON
    assert objects.read(stored, sealing=KEY) == b"content"


def test_a_put_may_be_protected_from_its_first_moment(objects: MinioObjects) -> None:
    until = now() + SOON
    stored = objects.put("log/tile/0/000", b"content", sealing=KEY, until=until)
    found = objects.retained_until(stored)
    assert found is not None
    assert abs(found - until) < timedelta(seconds=1)
    assert objects.retained_until(objects.put("log/tile/0/001", b"content", sealing=KEY)) is None


def test_retaining_twice_is_retaining_once(objects: MinioObjects) -> None:
    stored = objects.put("documents/a/v1/original", b"content", sealing=KEY)
    until = (now() + SOON).replace(microsecond=0)
    assert objects.retain(stored, until) == objects.retain(stored, until) == until


def test_an_object_that_is_gone_cannot_be_retained(objects: MinioObjects) -> None:
    stored = objects.put("documents/a/v1/original", b"content", sealing=KEY)
    objects.delete(stored.key, stored.version)
    with pytest.raises(ObjectMissing):
        objects.retain(stored, now() + SOON)


# --- what the service's key may not do --------------------------------------------------------------------


def test_the_services_key_hides_no_object_behind_a_delete_marker(objects: MinioObjects) -> None:
    stored = objects.put("documents/a/v1/original", b"content", sealing=KEY)
    with pytest.raises(S3Error) as refused:
        objects.client.remove_object(objects.bucket, stored.key)
    assert refused.value.code == "AccessDenied"
    assert [each.version for each in objects.versions("")] == [stored.version]


def test_a_delete_marker_of_somebody_else_is_listed_and_hides_nothing(
    services: Services, objects: MinioObjects
) -> None:
    stored = objects.put("documents/a/v1/original", b"content", sealing=KEY)
    root_client(services).remove_object(objects.bucket, stored.key)
    found = list(objects.versions("documents"))
    (marker,) = (each for each in found if each.version != stored.version)
    assert (len(found), marker.stored_size) == (2, 0)
    assert objects.read(stored, sealing=KEY) == b"content"
    objects.delete(marker.key, marker.version)
    assert [each.version for each in objects.versions("documents")] == [stored.version]


@pytest.mark.parametrize(
    "forbidden",
    [
        lambda client, bucket: client.make_bucket("another-bucket"),
        lambda client, bucket: client.remove_bucket(bucket),
        lambda client, bucket: client.delete_object_lock_config(bucket),
        lambda client, bucket: client.delete_bucket_lifecycle(bucket),
        lambda client, bucket: client.set_bucket_policy(bucket, "{}"),
    ],
)
def test_the_services_key_changes_no_bucket(
    objects: MinioObjects, forbidden: Callable[[object, str], object]
) -> None:
    with pytest.raises(S3Error) as refused:
        forbidden(objects.client, objects.bucket)
    assert refused.value.code == "AccessDenied"


def test_the_services_key_opens_no_other_bucket(services: Services, objects: MinioObjects) -> None:
    root_client(services).make_bucket("somebody-elses-bucket")
    with pytest.raises(S3Error) as refused:
        next(objects.client.list_objects("somebody-elses-bucket"))
    assert refused.value.code == "AccessDenied"


# --- what goes wrong --------------------------------------------------------------------------------------


def test_a_big_file_leaves_nothing_beside_it(objects: MinioObjects, tmp_path: Path) -> None:
    content = shake_256(b"content").digest(9_000_000)
    source = tmp_path / "scan.pdf"
    source.write_bytes(content)
    stored = objects.put("documents/a/v1/original", source, sealing=KEY)
    assert objects.get(stored, tmp_path / "out", sealing=KEY).read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "scan.pdf"]


def test_a_bucket_without_versions_keeps_nothing(services: Services, objects: MinioObjects) -> None:
    root_client(services).make_bucket("archive-without-versions")
    objects.bucket = "archive-without-versions"
    with pytest.raises(ObjectStoreRefused) as refused:
        objects.put("documents/a/v1/original", b"content", sealing=KEY)
    assert refused.value.facts == {"reason": "archive-without-versions: no versions"}


@pytest.mark.parametrize(
    ("access_key", "secret_key", "bucket", "reason"),
    [
        ("nobody", "wrong", "archive", "InvalidAccessKeyId"),
        (None, "wrong", "archive-of-ours", "SignatureDoesNotMatch"),
        (None, None, "archive-that-is-not-there", "NoSuchBucket"),
        (None, None, "of-others", "AccessDenied"),
    ],
)
def test_a_wrong_key_or_bucket_is_refused_by_the_servers_own_reason(
    services: Services,
    tmp_path: Path,
    access_key: str | None,
    secret_key: str | None,
    bucket: str,
    reason: str,
) -> None:
    good = minio_objects(services, tmp_path).place
    place = S3Place(good.endpoint, access_key or good.access_key, secret_key or good.secret_key)
    objects = MinioObjects(place, bucket, spool=tmp_path)
    with pytest.raises(ObjectStoreRefused) as refused:
        objects.put("documents/a/v1/original", b"content", sealing=KEY)
    assert refused.value.facts == {"reason": reason}


def test_a_full_server_is_storage_full(services: Services, objects: MinioObjects) -> None:
    kept = objects.put("documents/a/v1/original", b"content", sealing=KEY)
    admin_of(root_place(services)).bucket_quota_set(objects.bucket, 1)
    with pytest.raises(StorageFull):
        objects.put("documents/b/v1/original", b"content", sealing=KEY)
    assert [each.key for each in objects.versions("")] == [kept.key]


@pytest.mark.parametrize("trouble", ["frozen", "killed"])
def test_a_server_that_does_not_answer_is_said_to_be_unreachable_in_time(
    services: Services, tmp_path: Path, trouble: str
) -> None:
    objects = minio_objects(services, tmp_path, seconds=0.5)
    kept = objects.put("documents/a/v1/original", b"content", sealing=KEY)
    calls: list[Callable[[], object]] = [
        lambda: objects.put("documents/b/v1/original", b"content", sealing=KEY),
        lambda: objects.put("documents/b/v1/original", tmp_path / "big", sealing=KEY),
        lambda: objects.read(kept, sealing=KEY),
        lambda: objects.get(kept, tmp_path / "out", sealing=KEY),
        lambda: objects.check(kept, sealing=KEY),
        lambda: objects.retain(kept, now() + SOON),
        lambda: objects.delete(kept.key, kept.version),
        lambda: list(objects.versions("documents")),
    ]
    (tmp_path / "big").write_bytes(bytes(20_000_000))
    with services.frozen("minio") if trouble == "frozen" else services.killed("minio"):
        for call in calls:
            with pytest.raises(ObjectStoreUnreachable):
                call()
    assert not (tmp_path / "out").exists()
    assert objects.read(kept, sealing=KEY) == b"content"


def test_an_answer_cut_off_in_its_middle_is_unreachable_and_not_damage(
    services: Services, tmp_path: Path
) -> None:
    """Damage would send somebody to the backups for a paper that is whole."""
    objects = minio_objects(services, tmp_path, seconds=0.5)
    kept = objects.put("documents/a/v1/original", bytes(30_000_000), sealing=KEY)
    blocks = objects.blocks(kept, sealing=KEY)
    next(blocks)
    with services.frozen("minio"), pytest.raises(ObjectStoreUnreachable):
        for _block in blocks:
            pass


def test_what_the_servers_disk_has_lost_is_damage_and_not_a_server_out_of_reach(
    services: Services, objects: MinioObjects
) -> None:
    content = bytearray(shake_256(b"content").digest(3_000_000))
    stored = objects.put("documents/a/v1/original", bytes(content), sealing=KEY)
    lying = services.folder / "minio" / "data" / objects.bucket / stored.key
    file = max((each for each in lying.rglob("*") if each.is_file()), key=lambda each: each.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ObjectDamaged):
        objects.check(stored, sealing=KEY)


def test_a_put_whose_answer_was_lost_is_not_repeated_and_the_sweep_finds_it(
    house_on_postgresql: House,
) -> None:
    """A second version that no intention remembers would lie there for ever."""
    house = house_on_postgresql
    direct = house.objects
    assert isinstance(direct, MinioObjects)
    server = urlsplit(direct.place.endpoint)
    assert server.hostname is not None
    assert server.port is not None
    with answers_swallowed(server.hostname, server.port) as address:
        place = replace(direct.place, endpoint=f"http://{address}")
        house.store.objects = MinioObjects(place, direct.bucket, spool=house.folder)
        with pytest.raises(ObjectStoreUnreachable):
            house.receive(house.owner())
    house.store.objects = direct
    assert len(list(direct.versions("documents"))) == 1
    assert house.store.statistics().documents == {}
    house.clock.wait(timedelta(hours=25))
    assert house.store.sweep_orphans() == 1
    assert list(direct.versions("documents")) == []


def test_what_is_sent_is_signed_under_tls_too(objects: MinioObjects) -> None:
    """The library alone says UNSIGNED-PAYLOAD there."""
    place = replace(objects.place, endpoint="https://minio.example.vn")
    client = client_of(place)
    headers, _date = client._build_headers(place.host, None, b"body", Credentials("access", "secret"))
    assert headers["x-amz-content-sha256"] == Digest.of(b"body").hex
