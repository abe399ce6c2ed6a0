"""The profile `full` without an engine: its processes with their commands, settings and secrets, on loopback.

What a container would have is taken from docker-compose.yml; only addresses and folders are others. The servers beneath
are those of the tests, the two proxies are the real ones.
"""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from tests.api.http.papers import AN, page
from tests.conftest import CHECKOUT
from tests.databases import PostgresServer
from tests.datastore.stores import root_client
from tests.deploy.proxies import free_port, laid_out, make_certificate, running
from tests.services import Services

_PATIENCE = 180.0
_ONCE = ("migrate", "objects-setup")
_ALWAYS = ("web", "reader", "signer", "archivist", "beat")


@dataclass
class Full:
    """The running service."""

    folder: Path
    url: str
    certificate: Path
    moved: dict[str, str]
    """What is elsewhere here."""
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def client(self) -> httpx.Client:
        trust = ssl.create_default_context(cafile=str(self.certificate))
        return httpx.Client(base_url=self.url, verify=trust, trust_env=False, timeout=60)

    def data(self, name: str) -> Path:
        """What would be the volume of a container."""
        return self.folder / "data" / name

    def events(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / f"{name}.log").read_text().splitlines()]

    def address(self, name: str) -> str:
        """Where the process answers whoever watches it."""
        until = time.monotonic() + _PATIENCE
        while True:
            assert self.processes[name].poll() is None, (self.folder / f"{name}.log").read_text()
            assert time.monotonic() < until, (self.folder / f"{name}.log").read_text()
            for event in self.events(name):
                if event["event"] == "admin_listens":
                    return f"http://{event['where']}"
            time.sleep(0.2)


def _compose() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())[
        "services"
    ]
    return services


def _environment(full: Full, name: str, moved: Mapping[str, str]) -> dict[str, str]:
    """The settings of a container, with this place's addresses in them."""
    given = {
        variable: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(value))
        for variable, value in _compose()[name]["environment"].items()
    }
    for variable, value in given.items():
        for named, there in moved.items():
            value = value.replace(named, there)
        given[variable] = value
    own = {"KHOSO_DATA_DIR": str(full.data(name)), "KHOSO_LOG_STRICT": "true", "KHOSO_WORKERS": "1"}
    return {"PATH": os.environ["PATH"], "HOME": str(full.folder), "PYTHONPATH": str(CHECKOUT), **given, **own}


def _start(full: Full, name: str, moved: Mapping[str, str], *more: str) -> None:
    service = _compose()[name]
    full.data(name).mkdir(parents=True, mode=0o700)  # as the image makes it
    if any(isinstance(one, dict) for one in service["secrets"]):  # the master key, at its place
        keys = full.data(name) / "keys"
        keys.mkdir()
        shutil.copy(full.folder / "secrets" / "master_key", keys / "master.key")
        (keys / "master.key").chmod(0o600)
    words = ["127.0.0.1" if word == "0.0.0.0" else word for word in service["command"]]
    with (full.folder / f"{name}.log").open("w") as log:
        full.processes[name] = subprocess.Popen(
            [sys.executable, "-m", "api.cli", *words, *more],
            env=_environment(full, name, moved),
            cwd=full.folder,
            stderr=log,
            stdout=log,
        )


@pytest.fixture(scope="module")
def full(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    folder = tmp_path_factory.mktemp("full")
    settings = services.start("postgresql", "redis", "minio")
    database = PostgresServer(services)
    secrets = folder / "secrets"
    subprocess.run([CHECKOUT / "deploy" / "make-secrets", "localhost", secrets], check=True)
    name = database.make()
    _give(secrets / "database_url", database.url(name))
    _give(secrets / "broker_url", settings["KHOSO_BROKER_URL"])
    for ours, theirs in (("minio_root_user", "ACCESS"), ("minio_root_password", "SECRET")):
        _give(secrets / ours, Path(services.admin_settings[f"KHOSO_S3_ROOT_{theirs}_KEY_FILE"]).read_text())
    with _proxied(folder, settings["KHOSO_S3_ENDPOINT"]) as (full, port):
        _give(secrets / "internal_ca", (folder / "objects" / "objects_certificate").read_text())
        for once in _ONCE:
            _start(full, once, full.moved)
            assert full.processes.pop(once).wait(_PATIENCE) == 0, (folder / f"{once}.log").read_text()
        for always in _ALWAYS:
            _start(full, always, full.moved, *(("--port", str(port)) if always == "web" else ()))
        try:
            for always in _ALWAYS:
                full.address(always)
            yield full
        finally:
            for process in full.processes.values():
                process.kill()
                process.wait()
    database.drop(name)


def _give(secret: Path, content: str) -> None:
    secret.chmod(0o600)
    secret.write_text(content)


@contextmanager
def _proxied(folder: Path, minio: str) -> Iterator[tuple[Full, int]]:
    """Both proxies; the port at which the web process is looked for."""
    web, https, objects = free_port(), free_port(), free_port()
    (folder / "proxy").mkdir()
    (folder / "objects").mkdir()
    certificate = make_certificate(folder / "proxy", "tls")
    make_certificate(folder / "objects", "objects")
    of_proxy = {
        "web:8080": f"127.0.0.1:{web}",
        "listen 8080": f"listen 127.0.0.1:{free_port()}",
        "listen 8443": f"listen 127.0.0.1:{https}",
        "127.0.0.1:8081": f"127.0.0.1:{free_port()}",
    }
    of_objects = {
        "minio:9000": urlsplit(minio).netloc,
        "listen 9000": f"listen 127.0.0.1:{objects}",
        "127.0.0.1:8081": f"127.0.0.1:{free_port()}",
    }
    moved = {
        "/run/secrets/": f"{folder}/secrets/",
        "https://objects:9000": f"https://localhost:{objects}",
        "http://minio:9000": minio,
        "0.0.0.0:9464": "127.0.0.1:0",
        "172.30.1.0/24": "127.0.0.1",
    }
    with ExitStack() as stack:
        stack.enter_context(running(laid_out("proxy", folder / "proxy", of_proxy)))
        stack.enter_context(running(laid_out("objects", folder / "objects", of_objects)))
        yield Full(folder, f"https://localhost:{https}", certificate, moved), web


def _ask(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=30)


@pytest.fixture(scope="module")
def paper(full: Full) -> str:
    """A paper that came by way of the proxy, and what became of it: read and signed by processes of their own."""
    with full.client() as clerk:
        asked = {"person": "mai.tran", "role": "clerk", "agency": "H41.08"}
        token = clerk.post("/dev/sign-in", json=asked).json()["token"]
        clerk.cookies.clear()
        clerk.headers.update({"Authorization": f"Bearer {token}", "Khoso-Purpose": "kiem-thu"})
        uploaded = clerk.post("/api/v1/uploads", content=page(77))
        assert uploaded.status_code == 201, uploaded.text
        body = {
            "uploads": [uploaded.json()["upload_id"]],
            "owners": [{"identifier": AN}],
            "type": "KET_HON",
            "compared": True,
        }
        taken = clerk.post("/api/v1/documents", json=body)
        assert taken.status_code == 202, taken.text
        id: str = taken.json()["document_id"]
        until = time.monotonic() + _PATIENCE
        while (status := clerk.get(f"/api/v1/documents/{id}").json()["status"]) != "provisional":
            assert time.monotonic() < until, status
            time.sleep(0.5)
    return id


def test_a_paper_goes_through_every_process_and_lies_in_the_object_server(
    full: Full, services: Services, paper: str
) -> None:
    done = {
        name: [one["kind"] for one in full.events(name) if one["event"] == "job_done"] for name in _ALWAYS
    }
    assert done["reader"] == ["read"]
    assert done["signer"] == ["sign"]
    assert done["web"] == done["beat"] == []
    kept = root_client(services).list_objects("archive", f"documents/{paper}/", recursive=True)
    assert {f"documents/{paper}/v1/original", f"documents/{paper}/v1/document-r1.pdf"} <= {
        one.object_name for one in kept
    }


def test_all_lines_about_the_paper_share_one_trace_through_all_processes(full: Full, paper: str) -> None:
    about = [
        event
        for name in _ALWAYS
        for event in full.events(name)
        if event.get("document") == paper or event.get("status") == 202
    ]
    assert {event["process"] for event in about} >= {"web", "reader", "signer"}
    assert len({event["trace"] for event in about}) == 1


def test_only_the_signer_has_keys_that_sign_and_only_the_archivist_that_of_the_log(
    full: Full, paper: str
) -> None:
    keys = {
        name: {
            file.name for file in (full.data(name) / "pki").glob("*") if not file.name.startswith("known-")
        }
        for name in _ALWAYS
    }
    assert "authority.json" in keys.pop("signer") - {"log.json"}
    assert keys.pop("archivist") == {"log.json"}
    assert keys == {"web": set(), "reader": set(), "beat": set()}


def test_the_doctor_finds_the_service_well_and_proves_the_lock(full: Full, paper: str) -> None:
    _start(full, "doctor", full.moved)
    status = full.processes.pop("doctor").wait(_PATIENCE)
    told = (full.folder / "doctor.log").read_text()
    assert status == 0, told
    seen = _ask(f"{full.address('web')}/readyz").json()["checks"]["objects"]
    assert seen["standing"] == "well", seen


@pytest.mark.parametrize("name", _ALWAYS)
def test_every_process_is_alive_and_ready_and_counts(name: str, full: Full) -> None:
    address = full.address(name)
    assert _ask(f"{address}/livez").json() == {"alive": True}
    ready = _ask(f"{address}/readyz")
    assert ready.status_code == 200, ready.text
    assert f'khoso_build_info{{process="{name}"' in _ask(f"{address}/metrics").text


def test_the_public_sees_nothing_of_the_inside(full: Full) -> None:
    with full.client() as anybody:
        for path in ("/readyz", "/livez", "/metrics", "/minio/health/live"):
            assert anybody.get(path).status_code == 404, path


def test_each_process_ends_well_when_it_is_told_to(full: Full, paper: str) -> None:
    for process in full.processes.values():
        process.send_signal(signal.SIGTERM)
    ended = {name: process.wait(90) for name, process in full.processes.items()}
    assert ended == dict.fromkeys(ended, 0)
