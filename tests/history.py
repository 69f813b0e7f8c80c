"""History databases for tests, of both kinds, each new and empty."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import make_url

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
    return _created(f"history{next(_numbers)}")


def _created(name: str, template: str = "template1") -> str:
    with psycopg.connect(host=_server(), user="openmg", dbname="postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    return f"postgresql://openmg@/{name}?host={_server()}"


@cache
def _template(kind: str) -> str:
    """What databases are copied from, since making the tables takes longer than many a test: a file, or a name."""
    folder = tempfile.mkdtemp(prefix="openmg-history-")
    atexit.register(shutil.rmtree, folder)
    url = empty(kind, Path(folder))
    Database(url).close()
    return url.removeprefix("sqlite:///") if kind == "sqlite" else str(make_url(url).database)


def _copied(kind: str, folder: Path) -> str:
    """The URL of a database without rows; one that is in the folder already stays as it is."""
    template, file = _template(kind), folder / "history.db"
    if kind == "postgresql":
        return _created(f"history{next(_numbers)}", template)
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(template, file)
    return f"sqlite:///{file}"


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Database]:
    """An empty database with the newest tables."""
    database = Database(_copied(kind, folder))
    try:
        yield database
    finally:
        database.close()
