"""Follows several chains into one database, which it alone writes to."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from offchain.errors import UserError
from offchain.history.database import Database
from offchain.indexer.follower import Follower

LOCK = 0x696E646578
"""The number of PostgreSQL's lock: "index" in ASCII."""


class IndexerError(UserError):
    """Says in one line why chains can't be followed."""


class Indexer:
    """Followers of chains, one step of each after another."""

    def __init__(self, followers: Sequence[Follower]) -> None:
        self._followers = followers

    def step(self) -> None:
        """Takes what is new of each chain. One that can't be read doesn't hold up the others. Raises IndexerError with
        what hindered, once all had their turn."""
        problems = []
        for follower in self._followers:
            try:
                follower.catch_up()
            except UserError as error:
                problems.append(str(error))
        if problems:
            raise IndexerError("; ".join(problems))


@contextmanager
def only_writer(database: Database) -> Iterator[None]:
    """Holds the right to write what chains say, which ends with this process. Raises IndexerError if another has it."""
    url = database.engine.url
    if url.get_backend_name() == "sqlite":
        with _file_locked(Path(f"{url.database}.indexer"), database.place):
            yield
    else:
        with _server_locked(database.engine, database.place):
            yield


@contextmanager
def _file_locked(path: Path, place: str) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken(place) from None
        yield


@contextmanager
def _server_locked(engine: Engine, place: str) -> Iterator[None]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
            raise _taken(place)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})


def _taken(place: str) -> IndexerError:
    return IndexerError(f"another process follows the chains into {place}: one is enough")
