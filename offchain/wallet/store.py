"""What a wallet has read from the chain: one SQLite file per wallet, chain and pool.

It holds the openings of the wallet's notes and its history, so it is readable by its owner alone; keys are not in it.
Everything in it comes from the chain: without the file it is read again.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from offchain.errors import UserError
from offchain.wallet.events import Flushed, MeterChanged
from offchain.wallet.history import Entry, EntryKind, Receipt
from offchain.wallet.note import TREE_LEAVES, Note, OwnedNote

VERSION = "1"
BUSY_SECONDS = 30
BLOCKS_KEPT = 512
"""Hashes of so many of the latest blocks are kept, to find where a reorganised chain forks off."""

NUMBER_LIMIT = 2**63
"""SQLite's numbers are below this; larger ones are kept as 32 bytes."""

ENTRY_COLUMNS = [f'"{field.name}"' for field in fields(Entry)]  # one of them is a word of SQL
SCHEMA = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE blocks (number INTEGER PRIMARY KEY, hash TEXT NOT NULL);
CREATE TABLE leaves (position INTEGER PRIMARY KEY, commitment BLOB NOT NULL, block INTEGER NOT NULL);
CREATE TABLE flushes (tree INTEGER, next_index INTEGER, root BLOB NOT NULL, block INTEGER NOT NULL);
CREATE TABLE notes (
    position INTEGER PRIMARY KEY, asset TEXT NOT NULL, amount BLOB NOT NULL, blinding BLOB NOT NULL,
    nullifier BLOB NOT NULL, block INTEGER NOT NULL, spent_block INTEGER
);
CREATE INDEX unspent ON notes (nullifier) WHERE spent_block IS NULL;
CREATE TABLE entries ({", ".join(ENTRY_COLUMNS)});
CREATE TABLE receipts (microgrid INTEGER, epoch INTEGER, burned BLOB, blinding BLOB, receipt BLOB, block INTEGER);
CREATE TABLE meters (microgrid INTEGER, commitment BLOB, idx INTEGER, capacity INTEGER, removed INTEGER, block INTEGER);
"""
BY_BLOCK = ("blocks", "leaves", "flushes", "notes", "entries", "receipts", "meters")


class StoreError(UserError):
    """Says in one line why what was read can't be used."""


class Store:
    """The file of one wallet (by its public key), chain and pool. Raises StoreError if it is damaged or of another."""

    def __init__(self, folder: Path, owner: int, chain_id: int, pool: str) -> None:
        name = sha256(owner.to_bytes(32, "big")).hexdigest()[:12]
        self.path = folder / f"{name}-{chain_id}-{pool[2:10].lower()}.db"
        identity = {"version": VERSION, "owner": name, "chain": str(chain_id), "pool": pool}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            self._base = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            with self.changes():
                if not self._rows("SELECT 1 FROM sqlite_master"):
                    for statement in SCHEMA.split(";\n"):
                        self._base.execute(statement)
                    self._base.executemany("INSERT INTO meta VALUES (?, ?)", identity.items())
                found = dict(self._rows("SELECT name, value FROM meta"))
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self.path} can't be used ({error}): move it away, it is read again") from error
        if {key: found.get(key) for key in identity} != identity:
            raise StoreError(f"{self.path} is of another wallet, network or version: move it away, it is read again")

    def close(self) -> None:
        """Closes the file."""
        self._base.close()

    @contextmanager
    def changes(self) -> Iterator[None]:
        """Makes all changes of the block at once, or none of them; other processes wait. Raises StoreError."""
        try:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} can't be used ({error}): move it away, it is read again") from error

    def next_block(self) -> int | None:
        """The first block that was not read yet, None at the start."""
        (row,) = self._rows("SELECT max(number) FROM blocks")
        return None if row[0] is None else row[0] + 1

    def blocks(self) -> list[tuple[int, str]]:
        """Numbers and hashes of the latest blocks read, newest first."""
        return self._rows("SELECT number, hash FROM blocks ORDER BY number DESC")

    def add_blocks(self, blocks: Iterable[tuple[int, str]]) -> None:
        """Keeps hashes of blocks, the last of which is read up to now."""
        self._base.executemany("INSERT OR REPLACE INTO blocks VALUES (?, ?)", blocks)
        kept = "SELECT number FROM blocks ORDER BY number DESC LIMIT ?"
        self._base.execute(f"DELETE FROM blocks WHERE number NOT IN ({kept})", [BLOCKS_KEPT])

    def forget_after(self, block: int) -> None:
        """Forgets all that came from later blocks."""
        for table in BY_BLOCK:
            column = "number" if table == "blocks" else "block"
            self._base.execute(f"DELETE FROM {table} WHERE {column} > ?", [block])
        self._base.execute("UPDATE notes SET spent_block = NULL WHERE spent_block > ?", [block])

    def add_leaves(self, leaves: Iterable[tuple[int, int]], block: int) -> None:
        """Adds positions and commitments."""
        rows = [(position, _bytes(commitment), block) for position, commitment in leaves]
        self._base.executemany("INSERT OR IGNORE INTO leaves VALUES (?, ?, ?)", rows)

    def leaf_count(self) -> int:
        """How many notes of all owners were read."""
        return int(self._rows("SELECT count(*) FROM leaves")[0][0])

    def leaves(self, tree: int, start: int, end: int) -> list[int]:
        """Commitments of a tree's places from `start` to before `end`. Raises StoreError if one is missing."""
        first = tree * TREE_LEAVES
        query = "SELECT commitment FROM leaves WHERE position >= ? AND position < ? ORDER BY position"
        found = [_number(row[0]) for row in self._rows(query, first + start, first + end)]
        if len(found) != end - start:
            raise StoreError(f"the node left out notes: use another one, and move {self.path} away")
        return found

    def add_flush(self, flushed: Flushed, block: int) -> None:
        """Adds a flush."""
        row = (flushed.tree, flushed.next_index, _bytes(flushed.root), block)
        self._base.execute("INSERT INTO flushes VALUES (?, ?, ?, ?)", row)

    def flushes(self, until: int = NUMBER_LIMIT - 1) -> dict[int, Flushed]:
        """The latest flush of each tree, as of a block."""
        query = "SELECT tree, max(next_index), root FROM flushes WHERE block <= ? GROUP BY tree"
        return {tree: Flushed(tree, index, _number(root)) for tree, index, root in self._rows(query, until)}

    def add_note(self, owned: OwnedNote, block: int) -> None:
        """Adds a note of this wallet."""
        note = owned.note
        numbers = [_bytes(number) for number in (note.amount, note.blinding, owned.nullifier)]
        self._base.execute(
            "INSERT OR IGNORE INTO notes VALUES (?, ?, ?, ?, ?, ?, NULL)",
            [owned.position, note.asset, *numbers, block],
        )

    def unspent(self, owner: int) -> list[OwnedNote]:
        """The notes that are not spent, oldest first; `owner` is the wallet's public key."""
        return self._notes(owner, "IS NULL")

    def spent(self, owner: int) -> list[OwnedNote]:
        """The notes that were spent, oldest first; `owner` is the wallet's public key."""
        return self._notes(owner, "IS NOT NULL")

    def unspent_at(self, owner: int, block: int) -> list[OwnedNote]:
        """The notes that were there and not spent after a block, oldest first; `owner` is the wallet's public key."""
        return self._notes(owner, "IS NULL AND block <= ?1 OR block <= ?1 AND spent_block > ?1", block)

    def _notes(self, owner: int, spent_block: str, *values: int) -> list[OwnedNote]:
        columns = "position, asset, amount, blinding, nullifier"
        query = f"SELECT {columns} FROM notes WHERE spent_block {spent_block} ORDER BY 1"
        return [
            OwnedNote(Note(asset, _number(amount), _number(blinding), owner), position, _number(nullifier))
            for position, asset, amount, blinding, nullifier in self._rows(query, *values)
        ]

    def spend(self, position: int, block: int) -> None:
        """Marks a note as spent."""
        self._base.execute("UPDATE notes SET spent_block = ? WHERE position = ?", [block, position])

    def add_told(self, told: Entry | Receipt, block: int) -> None:
        """Adds an entry of the history, or a receipt's opening."""
        if isinstance(told, Entry):
            row = [
                _bytes(value) if isinstance(value, int) and value >= NUMBER_LIMIT else value for value in astuple(told)
            ]
            self._base.execute(f"INSERT INTO entries VALUES ({', '.join('?' * len(row))})", row)
        else:
            numbers = [_bytes(number) for number in (told.burned, told.blinding, told.receipt)]
            row = [told.microgrid, told.epoch, *numbers, block]
            self._base.execute("INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?)", row)

    def entries(self) -> list[Entry]:
        """The history, oldest first."""
        rows = self._rows(f"SELECT {', '.join(ENTRY_COLUMNS)} FROM entries ORDER BY rowid")
        return [_entry([_number(value) if isinstance(value, bytes) else value for value in row]) for row in rows]

    def receipts(self) -> list[Receipt]:
        """The openings of settlements' receipts, oldest first."""
        rows = self._rows("SELECT microgrid, epoch, burned, blinding, receipt FROM receipts ORDER BY rowid")
        return [Receipt(microgrid, epoch, *map(_number, numbers)) for microgrid, epoch, *numbers in rows]

    def add_meter(self, meter: MeterChanged, block: int) -> None:
        """Adds a change of the registration tree."""
        row = (meter.microgrid, _bytes(meter.commitment), meter.index, meter.capacity, meter.removed, block)
        self._base.execute("INSERT INTO meters VALUES (?, ?, ?, ?, ?, ?)", row)

    def meters(self) -> list[MeterChanged]:
        """The latest change of each place of the registration tree, in the order of places."""
        query = "SELECT microgrid, commitment, idx, capacity, removed, max(rowid) FROM meters GROUP BY idx ORDER BY idx"
        return [
            MeterChanged(microgrid, _number(commitment), index, capacity, bool(removed))
            for microgrid, commitment, index, capacity, removed, _ in self._rows(query)
        ]

    def _rows(self, query: str, *values: int) -> list[tuple[Any, ...]]:
        with closing(self._base.execute(query, values)) as cursor:
            return cursor.fetchall()


def _entry(row: list[Any]) -> Entry:
    return Entry(EntryKind(row[0]), *row[1:])


def _column(value: str | int) -> str | int | bytes:
    return _bytes(value) if isinstance(value, int) and value >= NUMBER_LIMIT else value


def _bytes(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
