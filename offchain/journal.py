"""What a service has sent, so that the same request gives the same transaction, also after a restart.

It holds hashes of requests and their public transactions, and nothing of who asked.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hexbytes import HexBytes

from offchain.errors import UserError

SCHEMA = "CREATE TABLE IF NOT EXISTS sent (digest BLOB PRIMARY KEY, hash BLOB NOT NULL, raw BLOB NOT NULL)"


class JournalError(UserError):
    """Says in one line why the journal can't be used."""


@dataclass(frozen=True)
class Sent:
    """A signed transaction and its hash."""

    hash: HexBytes
    raw: HexBytes


class Journal:
    """One SQLite file. What was added is on the disk before the transaction goes out. Calls of several threads must be
    kept apart by the caller. Raises JournalError if the file can't be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.execute(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"{path} can't be used: {error}") from error

    def find(self, digest: bytes) -> Sent | None:
        """The transaction of a request, None if none was signed."""
        try:
            with closing(self._base.execute("SELECT hash, raw FROM sent WHERE digest = ?", [digest])) as cursor:
                row = cursor.fetchone()
        except sqlite3.Error as error:
            raise JournalError(f"{self._path} can't be read: {error}") from error
        return Sent(HexBytes(row[0]), HexBytes(row[1])) if row else None

    def add(self, digest: bytes, sent: Sent) -> None:
        """Keeps a request's transaction."""
        try:
            row = [digest, bytes(sent.hash), bytes(sent.raw)]
            self._base.execute("INSERT OR REPLACE INTO sent VALUES (?, ?, ?)", row)
        except sqlite3.Error as error:
            raise JournalError(f"{self._path} can't be written: {error}") from error

    def remove(self, digest: bytes) -> None:
        """Forgets a transaction that the node refused."""
        try:
            self._base.execute("DELETE FROM sent WHERE digest = ?", [digest])
        except sqlite3.Error as error:
            raise JournalError(f"{self._path} can't be written: {error}") from error

    def close(self) -> None:
        """Closes the file."""
        self._base.close()
