"""What a service has sent, so that the same request gives the same transaction, also after a restart.

It holds hashes of requests and their public transactions, and nothing of who asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hexbytes import HexBytes

from offchain.book import Book

SCHEMA = "CREATE TABLE IF NOT EXISTS sent (digest BLOB PRIMARY KEY, hash BLOB NOT NULL, raw BLOB NOT NULL)"


@dataclass(frozen=True)
class Sent:
    """A signed transaction and its hash."""

    hash: HexBytes
    raw: HexBytes


class Journal:
    """One SQLite file, for any thread. What was added is on the disk before the transaction goes out. Raises BookError
    if the file can't be used."""

    def __init__(self, path: Path) -> None:
        self._book = Book(path, SCHEMA)

    def find(self, digest: bytes) -> Sent | None:
        """The transaction of a request, None if none was signed."""
        rows = self._book.rows("SELECT hash, raw FROM sent WHERE digest = ?", digest)
        return Sent(HexBytes(rows[0][0]), HexBytes(rows[0][1])) if rows else None

    def add(self, digest: bytes, sent: Sent) -> None:
        """Keeps a request's transaction."""
        self._book.write("INSERT OR REPLACE INTO sent VALUES (?, ?, ?)", digest, bytes(sent.hash), bytes(sent.raw))

    def remove(self, digest: bytes) -> None:
        """Forgets a transaction that the node refused."""
        self._book.write("DELETE FROM sent WHERE digest = ?", digest)

    def close(self) -> None:
        """Closes the file."""
        self._book.close()
