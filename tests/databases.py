"""Databases of the tests' own on their PostgreSQL server: made in a moment from a template, gone after the test."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, create_engine, make_url, text

from tests.services import Services


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """The server of `script/services`, with its administrator's hand to make databases for the service's role."""

    services: Services

    def url(self, database: str) -> str:
        """Where the service's role finds this database."""
        own = make_url(self.services.settings["KHOSO_DATABASE_URL"])
        return own.set(database=database).render_as_string(hide_password=False)

    def make(self, template: str = "template0", encoding: str = "UTF8") -> str:
        """A new database like `template`; its name."""
        name = f"khoso_{secrets.token_hex(8)}"
        self.do(
            f"CREATE DATABASE {name} OWNER khoso TEMPLATE {template} ENCODING '{encoding}' LOCALE 'C'"
            if template == "template0"
            else f"CREATE DATABASE {name} OWNER khoso TEMPLATE {template}"
        )
        return name

    def drop(self, name: str) -> None:
        """Take it away, whoever is still connected."""
        self.do(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def configure(self, name: str, value: str | None) -> None:
        """Set a setting of the server (None: as it was before) and wait until new connections have it."""
        before = self.ask(f"SHOW {name}")
        self.do(f"ALTER SYSTEM RESET {name}" if value is None else f"ALTER SYSTEM SET {name} = {value}")
        self.do("SELECT pg_reload_conf()")
        while self.ask(f"SHOW {name}") == before != value:
            time.sleep(0.01)

    def do(self, statement: str) -> None:
        """A statement of the administrator."""
        with self._administrator() as connection:
            connection.execute(text(statement))

    def ask(self, query: str) -> object:
        """The one value that the administrator is told."""
        with self._administrator() as connection:
            return connection.scalar(text(query))

    @contextmanager
    def _administrator(self) -> Iterator[Connection]:
        admin = self.services.admin_settings["KHOSO_ADMIN_DATABASE_URL"]
        engine = create_engine(admin, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection
        engine.dispose()
