"""The schema: brought up to date in-process, and refused when it is not the one this code knows.

Promised: all steps happen or none (one transaction, DDL included); two processes that migrate at once do it
once; a database that a newer Khoso migrated is left alone.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from datastore.dialect import READING, hold, unhurried
from datastore.errors import SchemaTooNew, SchemaTooOld

_SCRIPTS = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    """The revision that this code knows as the last one."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "there is a first migration"
    return head


def current(connection: Connection) -> str | None:
    """The revision that the database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: Engine) -> str:
    """Bring the database to `newest`; SchemaTooNew. Returns the revision it is at then."""
    config = _config()
    with engine.begin() as connection:
        hold(connection, "migrate")  # a second process waits and finds nothing to do
        unhurried(connection)
        _refuse_newer(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return newest()


def require_current(engine: Engine) -> str:
    """SchemaTooNew or SchemaTooOld unless the database is at `newest`."""
    with engine.connect().execution_options(**{READING: True}) as connection:
        _refuse_newer(connection)
        found = current(connection)
    if found != newest():
        raise SchemaTooOld(found=found or "-", needed=newest())
    return newest()


def _refuse_newer(connection: Connection) -> None:
    found = current(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaTooNew(found=found)
