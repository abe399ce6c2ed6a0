"""Makes a MinIO server ready: the bucket, the service's own key, and the least rights that work.

Done with the server's root key, which the service itself never has. Run twice it changes nothing; what is there and
not as it should be (a bucket without object lock cannot be given one) is an error that says so. On another S3 server
the same is done with its own tools, after `policy.json`.
"""

import json
from pathlib import Path

from minio import Minio, MinioAdmin
from minio.commonconfig import ENABLED
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, S3Error
from urllib3.exceptions import HTTPError

from datastore.errors import BucketUnfit, ObjectStoreRefused, ObjectStoreUnreachable
from datastore.objects.minio import client_of, connections, translated
from datastore.objects.place import S3Place

POLICY = Path(__file__).with_name("policy.json")
"""What the service's key may do, for a bucket of the default name."""

_POLICY_NAME = "khoso"


def set_up_server(root: S3Place, bucket: str, *, access_key: str, secret_key: str) -> None:
    """Bucket, user and policy as the service needs them.

    BucketUnfit, ObjectStoreUnreachable, ObjectStoreRefused.
    """
    client = client_of(root)
    with translated("-"):
        make_bucket(client, bucket)
    admin = admin_of(root)
    try:
        admin.user_add(access_key, secret_key)
        admin.policy_add(_POLICY_NAME, policy=policy_for(bucket))
        _attach(admin, access_key)
    except MinioAdminException as error:
        raise ObjectStoreRefused(reason=_code(error)) from error
    except HTTPError as error:
        raise ObjectStoreUnreachable(reason=type(error).__name__) from error


def admin_of(root: S3Place) -> MinioAdmin:
    """The door for users and policies, which only the root key opens."""
    return MinioAdmin(
        endpoint=root.host,
        credentials=StaticProvider(root.access_key, root.secret_key),
        region=root.region,
        secure=root.secure,
        http_client=connections(root),
    )


def policy_for(bucket: str) -> dict[str, object]:
    """`policy.json` for a bucket of this name."""
    policy: dict[str, object] = json.loads(POLICY.read_text("utf-8"))
    statements = policy["Statement"]
    assert isinstance(statements, list), "policy.json is ours"
    for statement in statements:
        (resource,) = statement["Resource"]
        _, slash, rest = resource.partition("/")
        statement["Resource"] = [f"arn:aws:s3:::{bucket}{slash}{rest}"]
    return policy


def make_bucket(client: Minio, bucket: str) -> None:
    """The bucket as it has to be; BucketUnfit, and what the library raises."""
    if not client.bucket_exists(bucket):
        client.make_bucket(bucket, object_lock=True)
    if not has_lock(client, bucket):
        raise BucketUnfit(bucket=bucket)


def has_lock(client: Minio, bucket: str) -> bool:
    """Whether the bucket was made with object lock (and so keeps versions)."""
    try:
        client.get_object_lock_config(bucket)
    except S3Error as error:
        if error.code == "ObjectLockConfigurationNotFoundError":
            return False
        raise
    return client.get_bucket_versioning(bucket).status == ENABLED


def _attach(admin: MinioAdmin, access_key: str) -> None:
    try:
        admin.attach_policy([_POLICY_NAME], user=access_key)
    except MinioAdminException as error:
        if _code(error) != "XMinioAdminPolicyChangeAlreadyApplied":
            raise


def _code(error: MinioAdminException) -> str:
    """The server's own name of what is wrong."""
    try:
        return str(json.loads(error._body)["Code"])
    except (ValueError, KeyError):
        return f"HTTP {error._code}"
