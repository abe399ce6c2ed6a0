"""Objects on an S3 server with versioning and object lock (MinIO, or another): the `ObjectStore` in service.

The one place that speaks S3. Beside the promises of every store:

- The version id that the server gives is the object's version. A bucket that gives none is refused.
- One put is one request: whole or not there, no parts to clear up. Its signature covers the SHA-256 of the bytes, so
  the server refuses other bytes; the SHA-256 that it answers with (or, from a server that does not, the size that it
  then reports) is compared before anybody is told "kept". That replaces reading back: see docs/decisions/0011.
- A put is never repeated by itself once bytes may have gone: the repeat could leave a second version that no row
  names and no intention remembers. The caller's intention stands, and the sweep finds what a lost answer left.
- Nothing hangs: connecting, sending and each answer have their time, and every failure is an error of this room.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import md5, sha256
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol
from urllib.parse import quote, urlsplit

from certifi import where as public_authorities
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.credentials.credentials import Credentials
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from minio.helpers import DictType
from minio.retention import Retention
from minio.signer import sign_v4_s3
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from datastore.errors import (
    BadObjectKey,
    ObjectDamaged,
    ObjectLocked,
    ObjectMissing,
    ObjectStoreRefused,
    ObjectStoreUnreachable,
    StorageFull,
)
from datastore.keys import DataKey
from datastore.objects.content import Counted, Readable, full_disk_is_storage_full, sealed
from datastore.objects.names import parts_of, require_key
from datastore.objects.place import S3Place
from datastore.objects.port import ObjectVersion, Source, StoredObject

_VERSION = re.compile(r"[A-Za-z0-9._~+=-]{1,64}")
_UNVERSIONED = "null"
"""What S3 calls the version of an object in a bucket without versions."""
_IN_MEMORY = 4 << 20
"""Bytes; a page of a scan stays in memory, a whole file goes through a temporary one (sealed)."""

_NOTHING = sha256(b"").hexdigest()
_TIMEOUT = "TimeoutError"
"""How the names of urllib3's errors end when an answer did not come in time."""

_FULL = {"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "InsufficientStorage"}
_MISSING = {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"}  # the last: a delete marker has no content
_CHANGED_ON_THE_WAY = {"XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "BadDigest"}
_INSUFFICIENT_STORAGE = 507
_SERVER_ERROR = 500


def connections(place: S3Place) -> PoolManager:
    """Connections that give up in time, and repeat a request only where a repeat cannot leave anything."""
    return PoolManager(
        maxsize=16,
        timeout=Timeout(connect=place.connect_seconds, read=place.answer_seconds),
        retries=Retry(
            total=2,
            redirect=0,
            backoff_factor=0.2,
            status_forcelist=(502, 503, 504),
            allowed_methods=("GET", "HEAD"),  # others again only when the connection never came about
            raise_on_status=False,
        ),
        cert_reqs="CERT_REQUIRED",
        ca_certs=str(place.ca_file or public_authorities()),
    )


class _Signing(Minio):
    """The library's client; what it sends is signed under TLS too, where it would trust TLS with that."""

    def _build_headers(
        self,
        host: str,
        headers: DictType | None = None,
        body: bytes | None = None,
        creds: Credentials | None = None,
    ) -> tuple[DictType, datetime]:
        built, date = super()._build_headers(host, headers, body, creds)
        if creds:
            built["x-amz-content-sha256"] = sha256(body or b"").hexdigest()
        return built, date


def client_of(place: S3Place, over: PoolManager | None = None) -> Minio:
    """The library's client, over connections that give up in time."""
    return _Signing(
        place.host,
        place.access_key,
        place.secret_key,
        secure=place.secure,
        region=place.region,
        http_client=over or connections(place),
    )


class MinioObjects(Readable):
    """Objects in one bucket that was made with object lock."""

    write_once = True

    def __init__(self, place: S3Place, bucket: str, *, spool: Path) -> None:
        """`spool`: a folder for the sealed form of big files on their way; nothing stays there."""
        super().__init__(self._opened_answer)
        self.place = place
        self.bucket = bucket
        self._spool = spool
        self._connections = connections(place)
        self.client = client_of(place, self._connections)
        self._credentials = Credentials(place.access_key, place.secret_key)

    def ask(self) -> None:
        """See `ObjectStore.ask`."""
        with translated(self.bucket):
            there = self.client.bucket_exists(self.bucket)
        if not there:
            raise ObjectStoreRefused(reason="NoSuchBucket")

    def server_time(self) -> datetime:
        """See `ObjectStore.server_time`. Every answer of HTTP has it, a refusal too."""
        with translated(self.bucket):
            answer = self._connections.request("HEAD", f"{self.place.endpoint}/{self.bucket}")
        try:
            return parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError as error:
            raise ObjectStoreUnreachable(reason="no Date") from error

    def put(
        self, key: str, source: Source, *, sealing: DataKey, until: datetime | None = None
    ) -> StoredObject:
        """See `ObjectStore.put`."""
        require_key(key)
        with full_disk_is_storage_full(), SpooledTemporaryFile(_IN_MEMORY, dir=str(self._spool)) as spooled:
            plain, stored = sealed(key, source, spooled, sealing)
            version = self._send(key, spooled, stored, until)
        return StoredObject(key, version, plain.size, plain.digest, stored.digest)

    def _send(self, key: str, body: IO[bytes], stored: Counted, until: datetime | None) -> str:
        """One signed request; the version that it made."""
        headers = {
            "Content-Length": str(stored.size),
            "Content-Type": "application/octet-stream",
            "x-amz-checksum-sha256": b64encode(stored.digest.value).decode(),
        }
        if until is not None:
            headers |= {
                "x-amz-object-lock-mode": COMPLIANCE,
                "x-amz-object-lock-retain-until-date": _instant(until),
            }
            # S3 asks for it with a lock, whatever else proves the bytes.
            headers |= {"Content-MD5": _md5(body)}
        body.seek(0)
        content = body.read() if stored.size <= _IN_MEMORY else body
        with translated(key):
            answer = self._signed("PUT", key, stored.digest.hex, headers, body=content).headers
        version = answer.get("x-amz-version-id", _UNVERSIONED)
        if version == _UNVERSIONED or not _VERSION.fullmatch(version):
            raise ObjectStoreRefused(reason=f"{self.bucket}: no versions")
        self._compare(key, version, stored, answer)
        return version

    def _signed(
        self,
        method: str,
        key: str,
        digest: str,
        headers: Mapping[str, str],
        *,
        query: str | None = None,
        body: bytes | IO[bytes] | None = None,
    ) -> BaseHTTPResponse:
        """The answer, of a GET with its body still to be read. Our own request: the library leaves the payload unsigned
        over TLS, holds a whole file in memory, and thinks about a request for as long as the server does."""
        place = f"{self.place.endpoint}/{self.bucket}/{key}"
        url = urlsplit(place if query is None else f"{place}?{query}")
        now = datetime.now(UTC)  # of the wire, not of the archive: the server compares it with its own clock
        signed = sign_v4_s3(
            method=method,
            url=url,
            region=self.place.region,
            headers={
                **headers,
                "Host": url.netloc,
                "x-amz-content-sha256": digest,
                "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
            },
            credentials=self._credentials,
            content_sha256=digest,
            date=now,
        )
        sent = {name: str(value) for name, value in signed.items()}
        answer = self._connections.urlopen(
            method, url.geturl(), body=body, headers=sent, preload_content=method != "GET"
        )
        if answer.status != 200:
            raise _refusal(answer)
        return answer

    def _compare(self, key: str, version: str, stored: Counted, answer: Mapping[str, str]) -> None:
        """What arrived is what was sent; ObjectDamaged."""
        checksum = answer.get("x-amz-checksum-sha256")
        if checksum is not None:
            same = checksum == b64encode(stored.digest.value).decode()
        else:
            with translated(key):
                same = self.client.stat_object(self.bucket, key, version_id=version).size == stored.size
        if not same:
            raise ObjectDamaged(key=key)

    @contextmanager
    def _opened_answer(self, stored: StoredObject) -> Iterator["_Answer"]:
        _require_version(stored.key, stored.version)
        with translated(stored.key):
            response = self._signed(
                "GET", require_key(stored.key), _NOTHING, {}, query=f"versionId={quote(stored.version)}"
            )
        try:
            yield _Answer(response, stored.key)
        finally:
            response.close()
            response.release_conn()

    def check(self, stored: StoredObject, *, sealing: DataKey) -> None:
        """See `ObjectStore.check`. A server whose disk has lost bytes breaks off in their middle, each time: when it
        is well otherwise, that is damage (and being slow is not)."""
        try:
            super().check(stored, sealing=sealing)
        except ObjectStoreUnreachable:
            with translated(stored.key):
                self.client.stat_object(self.bucket, stored.key, version_id=stored.version)
            try:
                super().check(stored, sealing=sealing)
            except ObjectStoreUnreachable as error:
                if str(error.facts["reason"]).endswith(_TIMEOUT):
                    raise
                raise ObjectDamaged(key=stored.key) from error

    def retain(self, stored: StoredObject, until: datetime) -> datetime:
        """See `ObjectStore.retain`."""
        _require_version(stored.key, stored.version)
        try:
            with translated(stored.key):
                self.client.set_object_retention(
                    self.bucket, stored.key, Retention(COMPLIANCE, until), version_id=stored.version
                )
        except (ObjectLocked, ObjectStoreRefused):
            # The server shortens nothing. Whether that was the reason, what is set tells.
            standing = self.retained_until(stored)
            if standing is None or standing < until:
                raise
            return standing
        return until

    def retained_until(self, stored: StoredObject) -> datetime | None:
        """Until when the server protects this version; None when it does not."""
        with translated(stored.key):
            found = self.client.get_object_retention(self.bucket, stored.key, version_id=stored.version)
        return None if found is None or found.mode != COMPLIANCE else found.retain_until_date

    def delete(self, key: str, version: str) -> None:
        """See `ObjectStore.delete`."""
        _require_version(key, version)
        try:
            with translated(key):
                self.client.remove_object(self.bucket, require_key(key), version_id=version)
        except ObjectMissing:
            return

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """See `ObjectStore.versions`."""
        parts_of(prefix)
        with translated(prefix):
            for each in self.client.list_objects(
                self.bucket, prefix or None, recursive=True, include_version=True
            ):
                key, version = each.object_name, each.version_id
                assert key is not None, "the server lists objects by name"
                if key == prefix or not prefix or key.startswith(f"{prefix}/"):
                    yield ObjectVersion(key, version or _UNVERSIONED, each.size or 0)

    def remove_unfinished(self, *, older_than: float) -> int:
        """Nothing: a put is one request, and a server keeps none that was cut off."""
        return 0


class _Read(Protocol):
    def read(self, amt: int | None = None) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Answer:
    """The bytes of an answer, whose failures are this room's."""

    response: _Read
    key: str

    def read(self, size: int = -1) -> bytes:
        with translated(self.key):
            return self.response.read(None if size < 0 else size)


@contextmanager
def translated(key: str) -> Iterator[None]:
    """What the server or the way to it said, as an error of this room."""
    try:
        yield
    except S3Error as error:
        raise _meaning(error, key) from error
    except InvalidResponseError as error:
        raise ObjectStoreUnreachable(reason="not S3") from error
    except ServerError as error:
        raise ObjectStoreUnreachable(reason=f"HTTP {error.status_code}") from error
    except MinioException as error:
        raise ObjectStoreUnreachable(reason=type(error).__name__) from error
    except HTTPError as error:
        raise ObjectStoreUnreachable(reason=_reason(error)) from error


def _meaning(error: S3Error, key: str) -> Exception:
    code, status = error.code or "", error.response.status
    if code in _FULL or status == _INSUFFICIENT_STORAGE:
        return StorageFull()
    if code in _MISSING:
        return ObjectMissing(key=key)
    if code in _CHANGED_ON_THE_WAY:
        return ObjectDamaged(key=key)
    if status >= _SERVER_ERROR:
        return ObjectStoreUnreachable(reason=code)
    if code == "ObjectLocked" or "WORM" in (error.message or ""):
        return ObjectLocked(key=key)
    return ObjectStoreRefused(reason=code)


def _refusal(answer: BaseHTTPResponse) -> Exception:
    """What an answer to a request of our own says."""
    if answer.data and "xml" in answer.headers.get("content-type", ""):
        return S3Error.fromxml(answer)
    return ServerError(f"HTTP {answer.status}", answer.status)


def _reason(error: HTTPError) -> str:
    """The innermost failure, by name: addresses and hosts are the operator's, not the caller's."""
    inner: BaseException = getattr(error, "reason", None) or error
    return type(inner).__name__


def _require_version(key: str, version: str) -> None:
    if not _VERSION.fullmatch(version):
        raise BadObjectKey(key=key)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _md5(body: IO[bytes]) -> str:
    body.seek(0)
    digest = md5(usedforsecurity=False)
    while block := body.read(1 << 20):
        digest.update(block)
    return b64encode(digest.digest()).decode()
