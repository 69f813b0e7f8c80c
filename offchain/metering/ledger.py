"""An operator's own book: the meters it registers, and what it is about to publish or has published of each epoch.

One SQLite file, readable by its owner alone: it holds every reading, and whose is whose by meter. What is written here
is on the disk before anything goes to the chain, so that a run that was cut off goes on with the same tree.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from offchain.errors import UserError
from offchain.metering.card import MeterCard
from offchain.metering.readings_tree import Reading

FILE = "ledger.db"
BUSY_SECONDS = 30
READING = struct.Struct(">32sII32s")
SCHEMA = """
CREATE TABLE IF NOT EXISTS meters (
    commitment BLOB PRIMARY KEY, microgrid INTEGER NOT NULL, capacity INTEGER NOT NULL, encryption_key BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS epochs (
    microgrid INTEGER NOT NULL, epoch BLOB NOT NULL, readings BLOB NOT NULL, secret BLOB NOT NULL
);
"""


class LedgerError(UserError):
    """Says in one line why the operator's book can't be used."""


@dataclass(frozen=True)
class Meter:
    """A meter of the operator's; capacity in Wh an epoch."""

    card: MeterCard
    microgrid: int
    capacity: int


@dataclass(frozen=True)
class Draft:
    """Readings in the order of their tree, and the keys of the bundle they are sealed in: the owners' public ones by
    meter commitment, and the bundle's own private one."""

    readings: list[Reading] = field(repr=False)
    keys: dict[int, bytes] = field(repr=False)
    secret: bytes = field(repr=False)


class Ledger:
    """The book in a folder. Raises LedgerError if it can't be used."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            self._base = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(f"{self.path} can't be used: {error}") from error

    def close(self) -> None:
        """Closes the file."""
        self._base.close()

    def add_meters(self, meters: Iterable[Meter]) -> None:
        """Adds meters, or replaces those with the same commitment; all of them or, after an error, none."""
        rows = [
            (_bytes(meter.card.commitment), meter.microgrid, meter.capacity, meter.card.encryption_key)
            for meter in meters
        ]
        self._run("BEGIN IMMEDIATE")
        try:
            for row in rows:
                self._run("INSERT OR REPLACE INTO meters VALUES (?, ?, ?, ?)", *row)
            self._run("COMMIT")
        except BaseException:
            self._base.execute("ROLLBACK")
            raise

    def meters(self, microgrid: int) -> list[Meter]:
        """The meters of a microgrid, in the order of their commitments."""
        query = "SELECT commitment, encryption_key, capacity FROM meters WHERE microgrid = ? ORDER BY commitment"
        return [
            Meter(MeterCard(_number(commitment), key), microgrid, capacity)
            for commitment, key, capacity in self._run(query, microgrid)
        ]

    def keys(self, microgrid: int) -> dict[int, bytes]:
        """The encryption keys of a microgrid's meters by commitment."""
        return {meter.card.commitment: meter.card.encryption_key for meter in self.meters(microgrid)}

    def add_draft(self, microgrid: int, epoch: int, draft: Draft) -> None:
        """Adds what is to be published of an epoch; earlier drafts of the epoch are kept."""
        packed = b"".join(
            READING.pack(_bytes(meter), reading.exported, reading.imported, draft.keys[meter])
            for reading in draft.readings
            for meter in [reading.commitment]
        )
        self._run("INSERT INTO epochs VALUES (?, ?, ?, ?)", microgrid, _bytes(epoch), packed, draft.secret)

    def drafts(self, microgrid: int, epoch: int) -> list[Draft]:
        """The drafts of an epoch, latest first."""
        query = "SELECT readings, secret FROM epochs WHERE microgrid = ? AND epoch = ? ORDER BY rowid DESC"
        return [_draft(packed, secret) for packed, secret in self._run(query, microgrid, _bytes(epoch))]

    def _run(self, statement: str, *values: int | bytes) -> list[tuple[Any, ...]]:
        try:
            with closing(self._base.execute(statement, values)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path} can't be used: {error}") from error


def _draft(packed: bytes, secret: bytes) -> Draft:
    readings, keys = [], {}
    for word, exported, imported, key in READING.iter_unpack(packed):
        readings.append(Reading(_number(word), exported, imported))
        keys[_number(word)] = key
    return Draft(readings, keys, secret)


def _bytes(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
