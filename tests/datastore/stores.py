"""The two kinds of object stores, each with a hand that can do to it what no program should."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from uuid import uuid4

from minio import Minio

from datastore import FolderObjects, ObjectStore, S3Place, StoredObject
from datastore.objects.minio import MinioObjects, client_of
from datastore.objects.setup import admin_of, make_bucket, policy_for
from tests.services import Services

BUCKET = "bucket"
"""The file in a house's folder that says where its objects are, when that is elsewhere."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A store, the sealed bytes of an object as they lie there, and the same object with other bytes instead."""

    objects: ObjectStore
    bytes_of: Callable[[StoredObject], bytes]
    with_bytes: Callable[[StoredObject, bytes], StoredObject]
    """What a row would name if somebody had changed the bytes (and perhaps the key) that it names."""


def folder_shop(folder: Path) -> Shop:
    objects = FolderObjects(folder)

    def path_of(stored: StoredObject) -> Path:
        return objects.root / f"{stored.key}@{stored.version}"

    def with_bytes(stored: StoredObject, content: bytes) -> StoredObject:
        path_of(stored).parent.mkdir(parents=True, exist_ok=True)
        path_of(stored).write_bytes(content)
        return stored

    return Shop(objects, lambda stored: path_of(stored).read_bytes(), with_bytes)


def minio_shop(services: Services, folder: Path) -> Shop:
    """A bucket of its own: what one test leaves locked no other one meets."""
    objects = minio_objects(services, folder)
    hand = root_client(services)

    def bytes_of(stored: StoredObject) -> bytes:
        with hand.get_object(objects.bucket, stored.key, version_id=stored.version) as answer:
            return answer.read()

    def with_bytes(stored: StoredObject, content: bytes) -> StoredObject:
        # Nobody can change a version: whoever would deceive us, the server included, can only show another one.
        put = hand.put_object(objects.bucket, stored.key, BytesIO(content), len(content))
        assert put.version_id is not None
        return StoredObject(
            stored.key, put.version_id, stored.size, stored.sha256_plain, stored.sha256_stored
        )

    return Shop(objects, bytes_of, with_bytes)


def minio_objects(services: Services, spool: Path, *, seconds: float = 20.0) -> MinioObjects:
    """A fresh bucket, reached with a key that has the service's least rights there."""
    place = replace(service_place(services, seconds=seconds), access_key=_key_of_test_buckets(services))
    name = uuid4().hex[:12]
    make_bucket(root_client(services), f"archive-{name}")
    return MinioObjects(place, f"archive-{name}", spool=spool)


@cache
def _key_of_test_buckets(services: Services) -> str:
    """An access key (with the service's secret) that may in every `archive-…` what the service may in `archive`."""
    admin, policy = admin_of(root_place(services)), policy_for("archive-*")
    admin.policy_add("khoso-tests", policy=policy)
    admin.user_add("khoso-tests", service_place(services).secret_key)
    admin.attach_policy(["khoso-tests"], user="khoso-tests")
    return "khoso-tests"


def objects_in(folder: Path) -> ObjectStore:
    """The store that a house's folder names (`write_bucket`), else the folder `objects` in it."""
    elsewhere = folder / BUCKET
    if not elsewhere.exists():
        return FolderObjects(folder / "objects")
    endpoint, access_key, secret_key, bucket = elsewhere.read_text().splitlines()
    return MinioObjects(S3Place(endpoint, access_key, secret_key), bucket, spool=folder)


def write_bucket(folder: Path, services: Services) -> None:
    """Let a house keep its objects in a fresh bucket; other processes are given the folder only."""
    objects = minio_objects(services, folder)
    place = objects.place
    facts = [place.endpoint, place.access_key, place.secret_key, objects.bucket]
    (folder / BUCKET).write_text("\n".join(facts))


def service_place(services: Services, *, seconds: float = 20.0) -> S3Place:
    return _place(services, services.start("minio"), "KHOSO_S3", seconds)


def root_place(services: Services) -> S3Place:
    settings = services.start("minio") | services.admin_settings
    return _place(services, settings, "KHOSO_S3_ROOT", 20.0)


def root_client(services: Services) -> Minio:
    return client_of(root_place(services))


def _place(services: Services, settings: Mapping[str, str], whose: str, seconds: float) -> S3Place:
    access, secret = (
        Path(settings[f"{whose}_{which}_KEY_FILE"]).read_text() for which in ("ACCESS", "SECRET")
    )
    return S3Place(
        settings["KHOSO_S3_ENDPOINT"], access, secret, connect_seconds=seconds, answer_seconds=seconds
    )
