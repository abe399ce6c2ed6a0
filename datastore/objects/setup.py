"""Makes a MinIO server ready: the two buckets, the service's own key, and the least rights that work.

Done with the server's root key, which the service itself never has. Run twice it changes nothing; what is there and
not as it should be (a bucket without object lock cannot be given one) is an error that says so. On another S3 server
the same is done with its own tools, after `policy.json`.
"""

import json
from pathlib import Path

from minio import Minio, MinioAdmin
from minio.commonconfig import ENABLED, Filter
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, NoncurrentVersionExpiration, Rule
from minio.versioningconfig import VersioningConfig
from urllib3.exceptions import HTTPError

from datastore.errors import BucketUnfit, ObjectStoreRefused, ObjectStoreUnreachable
from datastore.objects.minio import client_of, connections, translated
from datastore.objects.place import Buckets, S3Place

POLICY = Path(__file__).with_name("policy.json")
"""What the service's key may do, for buckets of the default names."""

_POLICY_NAME = "khoso"
_STAGING_DAYS = 1


def set_up_server(root: S3Place, buckets: Buckets, *, access_key: str, secret_key: str) -> None:
    """Buckets, user and policy as the service needs them.

    BucketUnfit, ObjectStoreUnreachable, ObjectStoreRefused.
    """
    client = client_of(root)
    with translated("-"):
        make_buckets(client, buckets)
    admin = admin_of(root)
    try:
        admin.user_add(access_key, secret_key)
        admin.policy_add(_POLICY_NAME, policy=policy_for(buckets))
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


def policy_for(buckets: Buckets) -> dict[str, object]:
    """`policy.json` for buckets of these names."""
    names = {"arn:aws:s3:::archive": buckets.archive, "arn:aws:s3:::staging": buckets.staging}
    policy: dict[str, object] = json.loads(POLICY.read_text("utf-8"))
    statements = policy["Statement"]
    assert isinstance(statements, list), "policy.json is ours"
    for statement in statements:
        (resource,) = statement["Resource"]
        bucket, slash, rest = resource.partition("/")
        statement["Resource"] = [f"arn:aws:s3:::{names[bucket]}{slash}{rest}"]
    return policy


def make_buckets(client: Minio, buckets: Buckets) -> None:
    """Both buckets as they have to be; BucketUnfit, and what the library raises."""
    _make_archive(client, buckets.archive)
    _make_staging(client, buckets.staging)


def _make_archive(client: Minio, bucket: str) -> None:
    if not client.bucket_exists(bucket):
        client.make_bucket(bucket, object_lock=True)
    if not has_lock(client, bucket):
        raise BucketUnfit(bucket=bucket)


def _make_staging(client: Minio, bucket: str) -> None:
    if not client.bucket_exists(bucket):
        client.make_bucket(bucket)
    client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    client.set_bucket_lifecycle(bucket, LifecycleConfig(_forgetting()))


def _forgetting() -> list[Rule]:
    """After a day an object is hidden, after another its bytes are gone, and then the marker that hid it."""
    everything = Filter(prefix="")
    return [
        Rule(
            ENABLED,
            rule_filter=everything,
            rule_id="staging-expires",
            expiration=Expiration(days=_STAGING_DAYS),
            noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=_STAGING_DAYS),
        ),
        Rule(
            ENABLED,
            rule_filter=everything,
            rule_id="staging-forgets",
            expiration=Expiration(expired_object_delete_marker=True),
        ),
    ]


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
