"""History databases for tests, of both kinds, each new and empty."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import psycopg

from offchain.history.database import Database
from tests import postgres, programs

KINDS = ("sqlite", "postgresql")
_numbers = count()


@cache
def _server() -> str:
    """The socket's folder of one server for all tests of this process."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(postgres.started())


def empty(kind: str, folder: Path) -> str:
    """The URL of an empty database; the test is skipped where PostgreSQL isn't installed."""
    if kind == "sqlite":
        return f"sqlite:///{folder}/history.db"
    if postgres.programs() is None:
        programs.missing("PostgreSQL is not installed: `apt-get install postgresql` runs this test too")
    name = f"history{next(_numbers)}"
    with psycopg.connect(host=_server(), user="openmg", dbname="postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"postgresql://openmg@/{name}?host={_server()}"


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Database]:
    """An empty database with the newest tables."""
    database = Database(empty(kind, folder))
    try:
        yield database
    finally:
        database.close()
