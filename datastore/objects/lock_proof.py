"""Tries to break the lock of the live server, in every way that the S3 interface offers, and says what gave way.

A probe object is put under a short COMPLIANCE retention; then its version is deleted, deleted with the bypass header,
overwritten, given a shorter and a weaker retention, and its bucket unversioned: with the service's own key, and with
the root key where it is given. All must be refused, and the probe must read as before. What an attempt did change is
put right at once. Beside that the service's key must not be able to do more than it needs.

Not promised: anything about whoever has the server's disks, or its clock.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from secrets import token_bytes, token_hex
from uuid import uuid4

from minio import Minio
from minio.commonconfig import COMPLIANCE, ENABLED, GOVERNANCE
from minio.deleteobjects import DeleteObject
from minio.error import MinioAdminException, S3Error
from minio.retention import Retention
from minio.versioningconfig import SUSPENDED, VersioningConfig

from common import Sentence, say
from datastore.errors import ObjectDamaged, ObjectLocked, ObjectMissing, ObjectStoreRefused
from datastore.keys import DataKey
from datastore.objects.minio import MinioObjects, client_of, translated
from datastore.objects.place import S3Place
from datastore.objects.port import StoredObject
from datastore.objects.setup import admin_of, has_lock

PROBES = "probes"
"""Where probe objects lie; those whose time has run out are swept by the next proof."""

_FOR = timedelta(minutes=5)
_CONTENT_BYTES = 64
_SERVER_ERROR = 500
# Whose key was tried, by the setting that holds it: it needs no translation.
_SERVICE = "KHOSO_S3_ACCESS_KEY_FILE"
_ROOT = "KHOSO_S3_ROOT_ACCESS_KEY_FILE"


def prove_lock(
    service: S3Place, bucket: str, root: S3Place | None, *, spool: Path, now: datetime
) -> tuple[Sentence, ...]:
    """What is wrong with the lock, each with its remedy; nothing when everything was refused.

    ObjectStoreUnreachable.
    """
    try:
        return tuple(_prove(service, bucket, root, spool, now))
    except ObjectStoreRefused as error:
        return (say("lock_key_refused", bucket=bucket, reason=error.facts["reason"]),)


def _prove(service: S3Place, bucket: str, root: S3Place | None, spool: Path, now: datetime) -> list[Sentence]:
    objects = MinioObjects(service, bucket, spool=spool)
    with translated(PROBES):
        unfit = _unfit(objects)
    if unfit is not None:
        return [unfit]
    _sweep(objects)
    key = DataKey.new("a probe of the lock")
    content = token_bytes(_CONTENT_BYTES)
    probe = objects.put(f"{PROBES}/{uuid4()}", content, sealing=key, until=now + _FOR)
    with translated(probe.key):
        found = list(attack(objects.client, bucket, probe, now, whose=_SERVICE))
        if root is not None:
            found += attack(client_of(root), bucket, probe, now, whose=_ROOT)
        found += _too_mighty(service, objects.client, bucket)
        found += _too_weak(objects)
    if not _stands(objects, probe, key, content, now):
        found.append(say("lock_did_not_hold", bucket=bucket))
    return found


def _stands(objects: MinioObjects, probe: StoredObject, key: DataKey, content: bytes, now: datetime) -> bool:
    """After all that, the probe reads as before and is protected still."""
    try:
        standing = objects.retained_until(probe)
        return standing is not None and standing > now and objects.read(probe, sealing=key) == content
    except (ObjectMissing, ObjectDamaged):
        return False


def _unfit(objects: MinioObjects) -> Sentence | None:
    """A bucket that cannot hold a lock: nothing is tried on it, for there it would succeed."""
    if not objects.client.bucket_exists(objects.bucket):
        return say("lock_bucket_missing", bucket=objects.bucket)
    return None if has_lock(objects.client, objects.bucket) else say("lock_off", bucket=objects.bucket)


def _sweep(objects: MinioObjects) -> None:
    """Earlier probes whose time has run out; the others are still locked."""
    for earlier in objects.versions(PROBES):
        with suppress(ObjectLocked, ObjectStoreRefused):
            objects.delete(earlier.key, earlier.version)


# --- breaking the lock --------------------------------------------------------------------------------------


def attack(
    client: Minio, bucket: str, probe: StoredObject, now: datetime, *, whose: str
) -> Iterator[Sentence]:
    """Every way in turn, as the holder of one key; what gave way."""
    ways: dict[str, Callable[[], object]] = {
        "shorten": lambda: _retain(client, bucket, probe, Retention(COMPLIANCE, now + _FOR / 5)),
        "weaken": lambda: _retain(client, bucket, probe, Retention(GOVERNANCE, now + 2 * _FOR)),
        "unversion": lambda: _unversion(client, bucket),
        "bypass": lambda: _delete_bypassing(client, bucket, probe),
        "delete": lambda: client.remove_object(bucket, probe.key, version_id=probe.version),
    }
    for how, attempt in ways.items():
        if not _is_refused(attempt):
            yield say(f"lock_gives_way_to_{how}", key=whose)
    if not _survives_overwriting(client, bucket, probe):
        yield say("lock_gives_way_to_overwrite", key=whose)


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ObjectLocked:
        return True
    except S3Error as error:
        if error.response.status >= _SERVER_ERROR:
            raise
        return True
    return False


def _retain(client: Minio, bucket: str, probe: StoredObject, retention: Retention) -> None:
    client.set_object_retention(bucket, probe.key, retention, version_id=probe.version)


def _unversion(client: Minio, bucket: str) -> None:
    client.set_bucket_versioning(bucket, VersioningConfig(SUSPENDED))
    client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))  # it gave way: put it right at once


def _delete_bypassing(client: Minio, bucket: str, probe: StoredObject) -> None:
    which = [DeleteObject(probe.key, probe.version)]
    if list(client.remove_objects(bucket, which, bypass_governance_mode=True)):
        raise ObjectLocked(key=probe.key)


def _survives_overwriting(client: Minio, bucket: str, probe: StoredObject) -> bool:
    """A second put under the same key makes another version, and the first is there still."""
    try:
        second = client.put_object(bucket, probe.key, BytesIO(b"overwritten"), len(b"overwritten"))
        client.remove_object(bucket, probe.key, version_id=second.version_id)
        return client.stat_object(bucket, probe.key, version_id=probe.version).etag != second.etag
    except S3Error as error:
        if error.code in ("NoSuchKey", "NoSuchVersion"):
            return False
        if error.code == "AccessDenied":
            return True
        raise


# --- the service's rights -----------------------------------------------------------------------------------


def _too_mighty(service: S3Place, client: Minio, bucket: str) -> Iterator[Sentence]:
    """What the service's key may do and must not."""
    rights: dict[str, Callable[[], object]] = {
        "s3:CreateBucket": lambda: _make_and_remove(client),
        "s3:DeleteObject": lambda: _hide_and_show(client, bucket),
        "s3:ListAllMyBuckets": lambda: _see_others(client, bucket),
    }
    for right, attempt in rights.items():
        if not _is_refused(attempt):
            yield say("lock_right_too_many", right=right)
    with suppress(
        MinioAdminException
    ):  # the refusal that there should be; a server without this door refuses too
        admin_of(service).user_list()
        yield say("lock_right_too_many", right="admin:*")


def _make_and_remove(client: Minio) -> None:
    bucket = f"khoso-probe-{token_hex(8)}"
    client.make_bucket(bucket)
    client.remove_bucket(bucket)


def _hide_and_show(client: Minio, bucket: str) -> None:
    """A delete marker: harmless to rows, which name versions, and confusing to every other tool."""
    key = f"{PROBES}/{uuid4()}"
    client.remove_object(bucket, key)
    for marker in client.list_objects(bucket, key, include_version=True):
        client.remove_object(bucket, key, version_id=marker.version_id)


def _see_others(client: Minio, bucket: str) -> None:
    """Refused also when only our own one is shown."""
    shown = {bucket.name for bucket in client.list_buckets()}
    if shown <= {bucket}:
        raise ObjectLocked(key=PROBES)


def _too_weak(objects: MinioObjects) -> Iterator[Sentence]:
    """What the service's key must be able to do, besides what the probe has shown."""
    try:
        kept = objects.put(f"{PROBES}/{uuid4()}", b"probe", sealing=DataKey.new("a probe of the sweep"))
        objects.delete(kept.key, kept.version)
    except ObjectStoreRefused as error:
        yield say("lock_sweep_refused", bucket=objects.bucket, reason=error.facts["reason"])
