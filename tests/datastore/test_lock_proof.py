"""Whoever breaks a lock must be seen: the attempts are tried where they fail, and where they succeed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig

from common import Sentence
from datastore import DataKey, ObjectStoreUnreachable, S3Place
from datastore.objects.lock_proof import PROBES, attack, prove_lock
from datastore.objects.minio import MinioObjects
from datastore.objects.setup import admin_of, policy_for
from tests.datastore.stores import minio_objects, root_client, root_place, service_place
from tests.services import Services

BUCKET = "archive"
KEY = DataKey(bytes(range(32)), "some document")


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def objects(services: Services, tmp_path: Path) -> MinioObjects:
    return minio_objects(services, tmp_path)


@pytest.fixture
def prove(services: Services, tmp_path: Path) -> Callable[..., set[str]]:
    """Tries the lock of the installation's bucket, or of others; the codes of what gave way."""

    def proven(
        bucket: str = BUCKET, *, service: S3Place | None = None, root: S3Place | None = None
    ) -> set[str]:
        service = service or service_place(services)
        return codes(prove_lock(service, bucket, root, spool=tmp_path, now=now()))

    return proven


def codes(found: tuple[Sentence, ...] | list[Sentence]) -> set[str]:
    return {sentence.code for sentence in found}


def test_a_locked_bucket_holds_against_the_service_and_against_root(
    services: Services, prove: Callable[..., set[str]]
) -> None:
    assert prove(root=root_place(services)) == set()
    assert prove() == set()  # nor does the probe of before stand in the way


def test_every_attempt_is_seen_where_it_succeeds(services: Services, objects: MinioObjects) -> None:
    root = root_client(services)
    root.make_bucket("without-lock")
    root.set_bucket_versioning("without-lock", VersioningConfig(ENABLED))
    mine = MinioObjects(root_place(services), "without-lock", spool=objects._spool)
    probe = mine.put(f"{PROBES}/unlocked", b"content", sealing=KEY)
    found = codes(list(attack(root, "without-lock", probe, now(), whose="root")))
    assert found == {
        "lock_gives_way_to_unversion",
        "lock_gives_way_to_bypass",
        "lock_gives_way_to_delete",
        "lock_gives_way_to_overwrite",
    }
    assert root.get_bucket_versioning("without-lock").status == ENABLED


def test_an_object_that_nobody_locked_gives_way_in_a_locked_bucket(
    services: Services, objects: MinioObjects
) -> None:
    probe = objects.put(f"{PROBES}/unlocked", b"content", sealing=KEY)
    found = codes(list(attack(root_client(services), objects.bucket, probe, now(), whose="root")))
    assert {"lock_gives_way_to_shorten"} <= found


def test_a_missing_and_an_unlocked_bucket_are_said_and_left_alone(
    services: Services, objects: MinioObjects, prove: Callable[..., set[str]]
) -> None:
    assert prove("archive-nobody-made", service=objects.place) == {"lock_bucket_missing"}
    root_client(services).make_bucket("archive-plain")
    assert prove("archive-plain", service=objects.place) == {"lock_off"}
    assert list(root_client(services).list_objects("archive-plain")) == []


def test_a_service_with_the_root_key_has_rights_too_many(
    services: Services, prove: Callable[..., set[str]]
) -> None:
    assert prove(service=root_place(services)) == {"lock_right_too_many"}


def test_a_service_that_cannot_sweep_is_told_so(
    services: Services, objects: MinioObjects, prove: Callable[..., set[str]]
) -> None:
    policy = policy_for(objects.bucket)
    statements = policy["Statement"]
    assert isinstance(statements, list)
    policy["Statement"] = [one for one in statements if not one["Sid"].startswith("Sweep")]
    admin, name = admin_of(root_place(services)), f"sweeps-nothing-{objects.bucket}"
    admin.policy_add(name, policy=policy)
    admin.user_add(name, objects.place.secret_key)
    admin.attach_policy([name], user=name)
    assert prove(objects.bucket, service=replace(objects.place, access_key=name)) == {"lock_sweep_refused"}


def test_a_server_out_of_reach_is_no_broken_lock(services: Services, prove: Callable[..., set[str]]) -> None:
    with services.frozen("minio"), pytest.raises(ObjectStoreUnreachable):
        prove(service=service_place(services, seconds=0.5))


def test_the_proof_clears_up_after_others_whose_time_is_over(
    services: Services, prove: Callable[..., set[str]], tmp_path: Path
) -> None:
    installation = MinioObjects(service_place(services), BUCKET, spool=tmp_path)
    installation.put(f"{PROBES}/earlier", b"its retention has run out", sealing=KEY)
    prove()
    assert [each.key for each in installation.versions(PROBES) if each.key.endswith("earlier")] == []


def test_a_key_that_the_server_does_not_know_or_let_in_is_said_with_its_reason(
    services: Services, prove: Callable[..., set[str]]
) -> None:
    stranger = replace(service_place(services), access_key="nobody")
    for found in (prove(service=stranger), prove("somebody-elses")):
        assert found == {"lock_key_refused"}
