"""objects: how encrypted objects are named, kept and protected, in a folder or on an S3 server."""

from datetime import datetime
from pathlib import Path

from common import Sentence
from datastore.objects.content import full_disk_is_storage_full
from datastore.objects.folder import FolderObjects
from datastore.objects.names import (
    attestation_key,
    manifest_key,
    original_key,
    pdf_key,
    prepared_key,
    print_key,
    reading_key,
)
from datastore.objects.place import S3Place
from datastore.objects.port import ObjectStore, ObjectVersion, Source, StoredObject

__all__ = [
    "FolderObjects",
    "ObjectStore",
    "ObjectVersion",
    "S3Place",
    "Source",
    "StoredObject",
    "attestation_key",
    "full_disk_is_storage_full",
    "manifest_key",
    "minio_objects",
    "original_key",
    "pdf_key",
    "prepared_key",
    "print_key",
    "prove_lock",
    "reading_key",
    "set_up_server",
]


# What speaks S3 takes a fifth of a second to load, and the embedded default never needs it: hence the late imports.


def minio_objects(place: S3Place, bucket: str, *, spool: Path) -> ObjectStore:
    """The object store in a bucket of an S3 server; nothing is asked of the server yet.

    `spool`: a folder for the sealed form of big files on their way; nothing stays there.
    """
    from datastore.objects.minio import MinioObjects

    return MinioObjects(place, bucket, spool=spool)


def set_up_server(root: S3Place, bucket: str, *, access_key: str, secret_key: str) -> None:
    """The bucket, the service's user and its least rights on a MinIO server, with its root key.

    BucketUnfit, ObjectStoreUnreachable, ObjectStoreRefused.
    """
    from datastore.objects import setup

    setup.set_up_server(root, bucket, access_key=access_key, secret_key=secret_key)


def prove_lock(
    service: S3Place, bucket: str, root: S3Place | None, *, spool: Path, now: datetime
) -> tuple[Sentence, ...]:
    """Try to break the lock of the live server; what gave way, each with its remedy (`lock_proof`).

    ObjectStoreUnreachable.
    """
    from datastore.objects import lock_proof

    return lock_proof.prove_lock(service, bucket, root, spool=spool, now=now)
