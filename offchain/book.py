"""A SQLite file whose changes are on the disk before they are acted on, readable by its owner alone."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Any

from offchain.errors import UserError

BUSY_SECONDS = 30


class BookError(UserError):
    """Says in one line why the file can't be used."""


class Book:
    """One file with the tables of a schema, for any thread. Raises BookError."""

    def __init__(self, path: Path, schema: str) -> None:
        self._path, self._lock = path, Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._base = sqlite3.connect(path, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._base.execute("PRAGMA journal_mode = WAL")  # one sync for a change
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(schema)
        except (OSError, sqlite3.Error) as error:
            raise BookError(f"{path} can't be used: {error}") from error

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query finds. Raises BookError."""
        try:
            with self._lock, closing(self._base.execute(query, values)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            raise BookError(f"{self._path} can't be read: {error}") from error

    def write(self, query: str, *values: Any) -> None:
        """Makes a change; it is on the disk when this returns. Raises BookError."""
        try:
            with self._lock:
                self._base.execute(query, values).close()
        except sqlite3.Error as error:
            raise BookError(f"{self._path} can't be written: {error}") from error

    def close(self) -> None:
        """Closes the file."""
        self._base.close()
