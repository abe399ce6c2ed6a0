"""What stands in front of MinIO lets the service work, and nobody upload what nobody signed."""

import ssl
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import urllib3
from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3

from datastore import DataKey
from datastore.objects.minio import MinioObjects
from tests.datastore.stores import minio_objects
from tests.deploy.proxies import free_port, laid_out, make_certificate, nginx, running
from tests.services import Services

_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


@dataclass(frozen=True)
class Door:
    """The proxy, and MinIO behind it."""

    https: str
    minio: str
    certificate: Path
    direct: MinioObjects

    @property
    def objects(self) -> MinioObjects:
        """The same bucket by way of the proxy."""
        place = replace(self.direct.place, endpoint=self.https, ca_file=self.certificate)
        return MinioObjects(place, self.direct.bucket, spool=self.certificate.parent)

    def put(self, at: str, payload: str, *, more: str = "", body: bytes = b"") -> int:
        """The status of an upload that is signed by the service's own key, with this word about its payload."""
        url = urlsplit(f"{at}/{self.direct.bucket}/documents/{uuid4()}/v1/original{more}")
        signed = sign_v4_s3(
            method="PUT",
            url=url,
            region=self.direct.place.region,
            headers={
                "Host": url.netloc,
                "x-amz-content-sha256": payload,
                "x-amz-date": datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"),
                "x-amz-decoded-content-length": "5",
                "x-amz-trailer": "x-amz-checksum-crc32",
                "Content-Encoding": "aws-chunked",
            },
            credentials=Credentials(self.direct.place.access_key, self.direct.place.secret_key),
            content_sha256=payload,
            date=datetime.now(UTC),
        )
        headers = {name: str(value) for name, value in signed.items()}
        return self.ask("PUT", url.geturl(), headers=headers, body=body)

    def ask(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> int:
        trust = ssl.create_default_context(cafile=str(self.certificate))
        with urllib3.PoolManager(ssl_context=trust, retries=False) as pool:
            return pool.request(method, url, headers=headers, body=body).status


@pytest.fixture(scope="module")
def door(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("objects")
    direct, certificate = minio_objects(services, folder), make_certificate(folder, "objects")
    port = free_port()
    neighbours = {
        "minio:9000": direct.place.host,
        "listen 9000": f"listen 127.0.0.1:{port}",
        "127.0.0.1:8081": f"127.0.0.1:{free_port()}",
    }
    with running(laid_out("objects", folder, neighbours)):
        yield Door(f"https://localhost:{port}", direct.place.endpoint, certificate, direct)


# Five bytes in one chunk, with the checksum that the trailer announces.
_CHUNKED = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"


def test_the_configuration_is_one_without_a_warning(tmp_path: Path) -> None:
    make_certificate(tmp_path, "objects")
    neighbours = {"minio:9000": "127.0.0.1:1", "listen 9000": f"listen 127.0.0.1:{free_port()}"}
    tried = subprocess.run(
        nginx(laid_out("objects", tmp_path, neighbours), "-t"), capture_output=True, text=True, check=False
    )
    assert (tried.returncode, "warn" in tried.stderr) == (0, False), tried.stderr


def test_the_service_keeps_reads_locks_and_lists_objects_through_it(door: Door, tmp_path: Path) -> None:
    objects, key = door.objects, DataKey.new("x")
    until = datetime.now(UTC) + timedelta(minutes=1)
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * 40_000)
    for content in (b"a small one", large):
        kept = objects.put(f"documents/{uuid4()}/v1/original", content, sealing=key, until=until)
        plain = content.read_bytes() if isinstance(content, Path) else content
        assert door.direct.read(kept, sealing=key) == plain
        assert objects.read(kept, sealing=key) == plain
        assert [one.version for one in objects.versions(kept.key)] == [kept.version]


def test_an_upload_whose_payload_nobody_signed_is_refused(door: Door) -> None:
    """MinIO itself takes it: without the proxy this test would show nothing."""
    assert door.put(door.minio, _TRAILER, body=_CHUNKED) == 200
    assert door.put(door.https, _TRAILER, body=_CHUNKED) == 403


@pytest.mark.parametrize("name", ["X-Amz-Content-Sha256", "x-amz-content-sha256", "X-AMZ-%43ontent-Sha256"])
def test_it_is_refused_in_an_address_as_well(name: str, door: Door) -> None:
    assert door.put(door.https, sha256(b"").hexdigest(), more=f"?{name}={_TRAILER}") == 403


def test_it_is_refused_in_whatever_letters(door: Door) -> None:
    assert door.put(door.https, _TRAILER.lower(), body=_CHUNKED) == 403


@pytest.mark.parametrize(
    "path",
    [
        "/minio/admin/v3/info",
        "/minio/v2/metrics/cluster",
        "/minio/kms/v1/status",
        "/minio/",
        "/minio",
        "//minio/admin/v3/info",
        "/%6dinio/admin/v3/info",
        "/x/../minio/admin/v3/info",
        "/minio/health/cluster",
    ],
)
def test_the_administration_of_minio_is_not_behind_this_door(path: str, door: Door) -> None:
    assert door.ask("GET", f"{door.https}{path}") == 404


def test_whether_minio_lives_can_be_asked(door: Door) -> None:
    assert door.ask("GET", f"{door.https}/minio/health/live") == 200
