"""The history database: SQLite or PostgreSQL, by one URL.

sqlite:////var/lib/openmg/history.db            a file, made if it isn't there, readable by its owner alone
postgresql://openmg:password@host/openmg        a database that is there
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.history.migration import upgrade

BUSY_SECONDS = 30
CONNECT_SECONDS = 10
PRAGMAS = ("foreign_keys = ON", "synchronous = FULL", "secure_delete = ON", "cache_size = -65536")
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgresql+psycopg": "postgresql+psycopg"}


class HistoryError(UserError):
    """Says in one line why the history can't be read or written."""


class Database:
    """An open database with the newest tables. Many threads may use it. Raises HistoryError, MigrationError, and with
    `must_exist` also for a file that isn't there."""

    def __init__(self, url: str, *, must_exist: bool = False) -> None:
        self._url = _checked(url)
        if must_exist and self._url.get_backend_name() == "sqlite" and not Path(str(self._url.database)).is_file():
            raise HistoryError(f"there is no database {self.place}")
        self.dialect = self._url.get_backend_name()
        try:
            self.engine = _engine(self._url)
            self._writer = self.engine.execution_options(writes=True)
            with self._told():
                upgrade(self._writer)
        except OSError as error:
            raise HistoryError(f"{self.place} can't be used: {error.strerror}") from error

    @property
    def place(self) -> str:
        """The URL without its password."""
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database. Raises HistoryError."""
        with self._told(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection whose changes are made together when it ends, or not at all. Raises HistoryError."""
        with self._told(), self._writer.begin() as connection:
            yield connection

    def version(self) -> str:
        """The newest migration that it has. Raises HistoryError."""
        with self.read() as connection:
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())

    def check(self) -> None:
        """Raises HistoryError if the database doesn't answer."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise HistoryError(f"{self.place} can't be used: {_line(error)}") from error
        except PoolTimeout as error:
            raise HistoryError(f"{self.place} is busy: try again in a moment") from error


def _line(error: DBAPIError) -> str:
    """The first line of what the database says: what follows may hold values."""
    return (str(error.orig).splitlines() or [type(error.orig).__name__])[0]


def _checked(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise HistoryError(
            "this is no URL of a database (OPENMG_DATABASE): write sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from None
    driver = DRIVERS.get(url.drivername)
    if driver is None or not url.database or url.database == ":memory:" or "\0" in url.database:
        raise HistoryError(
            f"the database {url.render_as_string(hide_password=True)} can't be used: "
            "write sqlite:///FILE or postgresql://USER@HOST/NAME"
        )
    database = str(PROJECT / url.database) if driver == "sqlite" else url.database
    return url.set(drivername=driver, database=database)


def _engine(url: URL) -> Engine:
    """An engine whose errors and logs never show values."""
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS}
        )
    path = Path(str(url.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, record: object) -> None:
    """Transactions are begun by `_begin`, what was committed is on the disk, and what was erased is overwritten."""
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Who writes takes the lock at once: one that first reads would have to give up if another wrote meanwhile."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
