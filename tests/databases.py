"""Databases of the tests' own on their PostgreSQL server: made in a moment from a template, gone after the test."""

import secrets
from dataclasses import dataclass

from sqlalchemy import create_engine, make_url, text

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

    def do(self, statement: str) -> None:
        """A statement of the administrator."""
        admin = self.services.admin_settings["KHOSO_ADMIN_DATABASE_URL"]
        engine = create_engine(admin, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()
