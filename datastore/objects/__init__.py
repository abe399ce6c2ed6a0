"""objects: how encrypted objects are named, kept and protected, in a folder or on an S3 server."""

from datastore.objects.folder import FolderObjects
from datastore.objects.minio import MinioObjects, S3Place
from datastore.objects.names import (
    attestation_key,
    manifest_key,
    original_key,
    pdf_key,
    prepared_key,
    reading_key,
    staging_key,
)
from datastore.objects.port import ObjectStore, ObjectVersion, StoredObject

__all__ = [
    "FolderObjects",
    "MinioObjects",
    "ObjectStore",
    "ObjectVersion",
    "S3Place",
    "StoredObject",
    "attestation_key",
    "manifest_key",
    "original_key",
    "pdf_key",
    "prepared_key",
    "reading_key",
    "staging_key",
]
