"""A real server for tests: uvicorn in a thread on a free loopback port, over an embedded installation."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI

from api.house import House, open_house
from api.http import make_app
from api.http.serving import bound, server
from api.settings import Settings
from common import utc_now
from tests.databases import PostgresServer
from tests.services import Services

AGENCY, OTHER_AGENCY = "H41.08", "H41.09"
_PATIENCE_SECONDS = 20.0
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of a server on loopback: one that trusts nobody. To load all authorities takes 25 ms for each client."""


class Quiet:
    """Steps that nobody looks at."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def start(self, what: str, total: int) -> None: ...

    def reached(self, done: int, total: int) -> None: ...

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


@dataclass(frozen=True, slots=True)
class Service:
    """A running server and the house that it serves."""

    url: str
    address: tuple[str, int]
    house: House
    app: FastAPI

    def client(self, **headers: str) -> httpx.Client:
        """A client without sign-in. The purpose is said once."""
        return httpx.Client(
            base_url=self.url,
            headers={"Khoso-Purpose": "kiem-thu", **headers},
            timeout=_PATIENCE_SECONDS,
            verify=_NO_TLS,
        )

    def signed_in(
        self, role: str = "clerk", *, person: str = "mai.tran", agency: str = AGENCY, **more: str
    ) -> httpx.Client:
        """A client of somebody who signed in the development way."""
        asked = {"person": person, "role": role, "agency": agency, **more}
        with self.client() as door:
            answer = door.post("/dev/sign-in", json=asked)
        answer.raise_for_status()
        return self.client(Authorization=f"Bearer {answer.json()['token']}")


@contextmanager
def serving(app: FastAPI, house: House, port: int = 0) -> Iterator[Service]:
    """The application behind a socket for as long as the block runs."""
    listening: socket.socket = bound("127.0.0.1", port)
    web = server(app, proxies=house.settings.trusted_proxies)
    thread = threading.Thread(target=web.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not web.started:
            assert thread.is_alive()
            assert time.monotonic() < until
            time.sleep(0.01)
        host, port = listening.getsockname()[:2]
        yield Service(f"http://{host}:{port}", (host, port), house, app)
    finally:
        web.should_exit = True
        thread.join()
        listening.close()


@dataclass(slots=True)
class MovedClock:
    """The time of day, and what a test adds to it."""

    by: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.by


@contextmanager
def service_in_time(folder: Path, **more: object) -> Iterator[tuple[Service, MovedClock]]:
    """A fresh embedded installation under `folder`, served, and the clock by which it lives."""
    settings = Settings.model_validate({"data_dir": folder / "var", "workers": 1, **more})
    clock = MovedClock()
    with (
        open_house(settings, Quiet(), clock) as house,
        serving(make_app(house, development_sign_in=True), house) as up,
    ):
        yield up, clock


@contextmanager
def service(folder: Path, **settings: object) -> Iterator[Service]:
    """A fresh embedded installation under `folder`, served."""
    with service_at(0, folder, **settings) as up:
        yield up


@contextmanager
def service_at(port: int, folder: Path, **settings: object) -> Iterator[Service]:
    """The same on a port that is known before."""
    here = Settings.model_validate({"data_dir": folder / "var", "workers": 1, **settings})
    with (
        open_house(here, Quiet()) as house,
        serving(make_app(house, development_sign_in=True), house, port) as up,
    ):
        yield up


@contextmanager
def real_service(services: Services, folder: Path, **settings: object) -> Iterator[Service]:
    """A fresh installation on PostgreSQL and MinIO, served."""
    told = {**services.start("postgresql"), **services.start("minio")}
    of_the_store = {
        name.removeprefix("KHOSO_").lower(): value
        for name, value in told.items()
        if name.startswith("KHOSO_S3_")
    }
    server = PostgresServer(services)
    database = server.make()
    try:
        with service(folder, database_url=server.url(database), **of_the_store, **settings) as up:
            yield up
    finally:
        server.drop(database)
