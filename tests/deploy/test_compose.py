"""docker-compose.yml keeps what it promises: no rights, closed roots, secrets only where they are needed."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.cli import run as khoso
from api.settings import Settings
from tests.conftest import CHECKOUT
from tests.deploy.dockerfile import stages, with_all_before

_MAIN = CHECKOUT / "docker-compose.yml"
_MALWARE = CHECKOUT / "deploy" / "compose.malware.yml"
_ONCE = {"migrate", "objects-setup", "doctor"}
_FOR_ALL = ("KHOSO_", "MINIO_")
_KEYS_THAT_SIGN = {"signing-keys": {"signer"}, "log-key": {"archivist"}}
_MAY_HAVE = {
    "tls_certificate": {"proxy"},
    "tls_key": {"proxy"},
    "objects_certificate": {"objects"},
    "objects_key": {"objects"},
    "postgresql_certificate": {"postgresql"},
    "postgresql_key": {"postgresql"},
    "postgresql_password": {"postgresql"},
    "postgresql_admin_password": {"postgresql"},
    "redis_password": {"redis"},
    "minio_root_user": {"minio", "objects-setup", "doctor"},
    "minio_root_password": {"minio", "objects-setup", "doctor"},
}


def _read(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return read


def _services() -> dict[str, dict[str, Any]]:
    main, malware = _read(_MAIN)["services"], _read(_MALWARE)["services"]
    added = {name: service for name, service in malware.items() if name not in main}
    return {**main, **added}


def _secrets_of(service: Mapping[str, Any]) -> set[str]:
    return {one if isinstance(one, str) else one["source"] for one in service.get("secrets", [])}


def _volumes_of(service: Mapping[str, Any]) -> dict[str, str]:
    return {one.split(":")[0]: one.split(":")[1] for one in service.get("volumes", [])}


SERVICES = _services()
named = pytest.mark.parametrize("name", sorted(SERVICES))


@named
def test_a_container_has_no_rights_and_writes_only_where_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.keys() & {"privileged", "cap_add", "pid", "ipc", "network_mode", "devices"}
    for place in service.get("tmpfs", []):
        assert "noexec" in place, place
        assert "size=" in place, place


@named
def test_a_container_is_bounded_in_memory_processor_processes_and_logs(name: str) -> None:
    limits = SERVICES[name]["deploy"]["resources"]["limits"]
    assert limits.keys() == {"cpus", "memory", "pids"}
    assert SERVICES[name]["logging"]["options"].keys() == {"max-size", "max-file"}


@named
def test_a_service_says_whether_it_is_well_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    once = name in _ONCE
    assert service["restart"] == ("no" if once else "unless-stopped")
    assert ("test" in service["healthcheck"]) is not once


@named
def test_an_image_is_made_from_a_stage_of_our_dockerfile_and_has_a_version(name: str) -> None:
    service = SERVICES[name]
    stage = service["build"]["target"]
    assert stage in stages()
    assert service["image"] == f"khoso/{stage}:0.1.0"


@named
def test_every_setting_is_one_that_the_program_knows(name: str) -> None:
    known = {f"KHOSO_{field.upper()}" for field in Settings.model_fields}
    given = SERVICES[name].get("environment", {})
    ours = {variable for variable in given if variable.startswith("KHOSO_")}
    assert ours <= known | {f"{variable}_FILE" for variable in known}
    assert all(variable.startswith(_FOR_ALL) for variable in given)


@named
def test_no_secret_stands_in_the_environment(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        secret = any(word in variable for word in ("PASSWORD", "SECRET", "KEY", "URL", "TOKEN"))
        if secret and variable != "KHOSO_PUBLIC_URL":
            assert str(value).startswith("/run/secrets/"), variable


@named
def test_a_secret_file_that_a_setting_names_is_handed_in(name: str) -> None:
    given = SERVICES[name].get("environment", {}).values()
    named = {str(value).removeprefix("/run/secrets/") for value in given if "/run/secrets/" in str(value)}
    assert named <= _secrets_of(SERVICES[name])


@pytest.mark.parametrize("secret", sorted(_read(_MAIN)["secrets"]))
def test_a_secret_is_known_to_those_who_need_it_and_to_nobody_else(secret: str) -> None:
    holders = {name for name, service in SERVICES.items() if secret in _secrets_of(service)}
    khoso = {"web", "reader", "signer", "archivist", "beat", "migrate", "doctor"}
    may = _MAY_HAVE.get(secret, khoso | {"objects-setup"} if secret.startswith("s3_") else khoso)
    assert holders == may


@named
def test_a_volume_is_mounted_where_the_image_has_a_folder_of_its_user(name: str) -> None:
    """A new volume takes owner and rights from that folder; without one it is root's, and signer and archivist could
    not make their keys."""
    service = SERVICES[name]
    runs = " ".join(
        run for one in with_all_before(stages()[service["build"]["target"]]) for run in one.all("RUN")
    )
    made = " ".join(re.findall(r"install -d -o khoso -g khoso -m 7[05]{2}((?: /\S+)+)", runs)).split()
    keys = {
        str(Path(one["target"]).parent)
        for one in service.get("secrets", [])
        if isinstance(one, dict) and "target" in one
    }
    assert keys | set(_volumes_of(service).values()) <= set(made)


def test_only_the_signer_holds_keys_that_sign_and_only_the_archivist_the_one_of_the_log() -> None:
    for volume, holders in _KEYS_THAT_SIGN.items():
        have = {name for name, service in SERVICES.items() if volume in _volumes_of(service)}
        assert have == holders


def test_the_database_and_the_objects_are_out_of_reach_of_the_public() -> None:
    networks = {name: set(service.get("networks", ())) for name, service in SERVICES.items()}
    published = {name for name, service in SERVICES.items() if "ports" in service}
    assert published == {"khoso", "proxy"}
    assert networks["proxy"] == {"public", "front"}
    assert {name for name, has in networks.items() if "vault" in has} == {"minio", "objects", "objects-setup"}
    assert networks["minio"] == {"vault"}
    assert networks["postgresql"] == networks["redis"] == {"data"}
    assert networks["reader"] == networks["archivist"] == {"data", "store"}  # nothing outside to talk to


def test_only_what_must_reach_the_outside_has_a_way_to_it() -> None:
    inside = {name for name, one in _read(_MAIN)["networks"].items() if one.get("internal")}
    assert inside == {"front", "data", "store", "vault"}
    assert _read(_MALWARE)["networks"] == {"scan": {"internal": True}}


def test_everything_that_is_named_is_there() -> None:
    main, malware = _read(_MAIN), _read(_MALWARE)
    volumes, networks = (main[part].keys() | malware[part].keys() for part in ("volumes", "networks"))
    for name, service in SERVICES.items():
        assert _volumes_of(service).keys() <= volumes, name
        assert set(service.get("networks", ())) <= networks, name
        assert set(service.get("depends_on", {})) <= SERVICES.keys(), name
        assert _secrets_of(service) <= main["secrets"].keys(), name
    used = {volume for service in SERVICES.values() for volume in _volumes_of(service)}
    assert volumes == used


def test_a_profile_starts_what_it_needs() -> None:
    by_profile = {
        profile: {name for name, service in SERVICES.items() if service["profiles"] == [profile]}
        for profile in ("minimal", "full", "doctor")
    }
    assert by_profile["minimal"] == {"khoso"}
    assert by_profile["doctor"] == {"doctor"}
    assert set().union(*by_profile.values()) == SERVICES.keys()
    for name, service in SERVICES.items():
        assert all(
            SERVICES[other]["profiles"] == service["profiles"] for other in service.get("depends_on", {})
        ), name


@pytest.mark.parametrize(
    "name", sorted(name for name, one in SERVICES.items() if one["image"] == "khoso/app:0.1.0")
)
def test_the_program_has_the_command_that_a_container_runs(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for word in SERVICES[name]["command"] if not word.startswith("-")]
    path = words[:2] if words[0] == "objects" else words[:1]
    assert khoso([*path, "--help"]) == 0
    told = capsys.readouterr().out
    for option in (word for word in SERVICES[name]["command"] if word.startswith("--")):
        assert option in told, option


def test_the_secrets_are_made_at_once_and_once_only(tmp_path: Path) -> None:
    def make() -> dict[str, bytes]:
        subprocess.run([CHECKOUT / "deploy" / "make-secrets", "kho.example.vn", tmp_path], check=True)
        return {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    made = make()
    assert made.keys() == _read(_MAIN)["secrets"].keys()
    assert make() == made
    assert tmp_path.stat().st_mode & 0o077 == 0
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in made} == {
        0o400 if os.getuid() == 0 else 0o644
    }
    assert len(made["master_key"]) == 32
    for name in ("database_url", "broker_url"):
        assert made[name].decode().strip().isascii()


def test_secrets_never_get_into_the_checkout_or_an_image() -> None:
    assert "/deploy/secrets/" in (CHECKOUT / ".gitignore").read_text().splitlines()
    assert "deploy/secrets" in (CHECKOUT / ".dockerignore").read_text().splitlines()
    assert all(one["file"].startswith("./deploy/secrets/") for one in _read(_MAIN)["secrets"].values())
