"""Where this installation keeps its objects: a folder, or an S3 server."""

from datetime import datetime
from pathlib import Path

from api.settings import Settings
from common import KhosoError, Sentence
from datastore import FolderObjects, ObjectStore, S3Place, minio_objects, prove_lock


class SecretUnreadable(KhosoError):
    """A setting names no file, or one that cannot be read or is empty, for a secret that is needed; fact `name`."""

    code = "secret_unreadable"


def open_objects(settings: Settings) -> ObjectStore:
    """The object store that the settings name; nothing is asked of a server yet. SecretUnreadable."""
    if settings.s3_endpoint is None:
        return FolderObjects(settings.data_dir / "objects")
    return minio_objects(service_place(settings), settings.s3_bucket, spool=_spool(settings))


def try_the_lock(settings: Settings, now: datetime) -> tuple[Sentence, ...]:
    """What gave way when the lock of the server was tried, with the root key too where it is given (`has_root`).

    SecretUnreadable, ObjectStoreUnreachable.
    """
    root = root_place(settings) if has_root(settings) else None
    return prove_lock(service_place(settings), settings.s3_bucket, root, spool=_spool(settings), now=now)


def has_root(settings: Settings) -> bool:
    """Whether this process was given the server's root key: for setting up and for `khoso doctor` only."""
    return settings.s3_root_access_key_file is not None


def _spool(settings: Settings) -> Path:
    """Where what is sealed, on its way and too big for memory waits: in files without a name."""
    spool = settings.data_dir / "spool"
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    return spool


def service_place(settings: Settings) -> S3Place:
    """The server, with the service's own key; SecretUnreadable."""
    return _place(
        settings,
        _secret(settings.s3_access_key_file, "KHOSO_S3_ACCESS_KEY_FILE"),
        _secret(settings.s3_secret_key_file, "KHOSO_S3_SECRET_KEY_FILE"),
    )


def root_place(settings: Settings) -> S3Place:
    """The server, with its root key; SecretUnreadable."""
    return _place(
        settings,
        _secret(settings.s3_root_access_key_file, "KHOSO_S3_ROOT_ACCESS_KEY_FILE"),
        _secret(settings.s3_root_secret_key_file, "KHOSO_S3_ROOT_SECRET_KEY_FILE"),
    )


def _place(settings: Settings, access_key: str, secret_key: str) -> S3Place:
    assert settings.s3_endpoint is not None, "asked for only where there is a server"
    return S3Place(
        settings.s3_endpoint,
        access_key,
        secret_key,
        region=settings.s3_region,
        ca_file=settings.s3_ca_file,
    )


def _secret(path: Path | None, name: str) -> str:
    try:
        secret = "" if path is None else path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnreadable(name=name) from error
    if not secret:
        raise SecretUnreadable(name=name)
    return secret
