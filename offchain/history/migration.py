"""Brings a database to the newest tables, one process at a time.

A version is a file in `migrations/versions`, numbered 0001, 0002, ...; each names the one before.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from offchain.errors import UserError

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x6F70656E6D67
"""The number of PostgreSQL's lock: "openmg" in ASCII."""


class MigrationError(UserError):
    """Says in one line why the tables can't be brought up to date."""


def upgrade(engine: Engine) -> None:
    """Runs what migrations lack, all of them or none; waits for another process that does so. Raises MigrationError
    if the database is of a later version."""
    with _locked(engine), engine.connect() as connection:
        if engine.dialect.name == "sqlite":  # outside a transaction; kept in the file
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            _run(connection)


def _run(connection: Connection) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise MigrationError(f"the history database was made by a later version of this program: {error}") from error


@contextmanager
def _locked(engine: Engine) -> Iterator[None]:
    """Holds a lock beside SQLite's file; PostgreSQL has locks of its own."""
    if engine.url.database is None or engine.dialect.name != "sqlite":
        yield
        return
    with Path(f"{engine.url.database}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
