"""What a station has offered, got and delivered: on the disk before it says so."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from offchain.book import Book, BookError
from offchain.charging.bill import Bill
from offchain.charging.claim import Paid
from offchain.charging.quote import Quote
from offchain.charging.receipt import Receipt
from offchain.metering.signed_reading import SignedReading

SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, quote TEXT NOT NULL, changed INTEGER NOT NULL, reading TEXT, ended INTEGER, due INTEGER,
    receipt TEXT
);
CREATE TABLE IF NOT EXISTS payments (
    commitment BLOB PRIMARY KEY, session TEXT NOT NULL, hash TEXT NOT NULL, amount TEXT NOT NULL, salt TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payments_of_session ON payments (session);
"""
PAID = "EXISTS (SELECT 1 FROM payments WHERE session = sessions.id)"
COLUMNS = "id, quote, changed, reading, ended, due, receipt"


@dataclass(frozen=True)
class Session:
    """A session as the journal has it. Unix times: `changed`, when it last got a payment or energy; `ended`, when it
    ended; `due`, from when on it takes no payment any more and is settled."""

    quote: Quote
    changed: int
    payments: tuple[Paid, ...] = ()
    reading: SignedReading | None = None
    ended: int | None = None
    due: int | None = None
    receipt: Receipt | None = None

    @property
    def paid(self) -> int:
        """Base units."""
        return sum(paid.amount for paid in self.payments)

    @property
    def used(self) -> int:
        """Wh that the meter has counted."""
        return self.reading.imported if self.reading else 0

    @property
    def bill(self) -> Bill:
        """What it comes to so far."""
        return Bill.of(self.quote, self.paid, self.used)


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Holds a journal for one station, which alone says to whom energy flows and pays back. Raises BookError if another
    process is that station."""
    with path.with_name(f"{path.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BookError(f"another process is this wallet's station already: it holds {file.name}") from None
        yield


class StationJournal:
    """One file. Calls of several threads must be kept apart by the caller. Raises BookError."""

    def __init__(self, path: Path) -> None:
        self._book = Book(path, SCHEMA)

    def add(self, quote: Quote) -> None:
        """Keeps a new quote."""
        text = quote.model_dump_json()
        self._book.write("INSERT INTO sessions (id, quote, changed) VALUES (?, ?, ?)", quote.session, text, quote.made)

    def find(self, session: str) -> Session | None:
        """The session of that name, None if there is none."""
        return next(iter(self._sessions("WHERE id = ?", session)), None)

    def running(self) -> list[Session]:
        """Those that haven't ended, oldest first."""
        return self._sessions("WHERE ended IS NULL")

    def due(self, now: int) -> list[Session]:
        """Those that are to be settled, oldest first: none that nothing was paid for."""
        return self._sessions(f"WHERE due <= ? AND receipt IS NULL AND {PAID}", now)

    def settled(self) -> list[Session]:
        """Those with a receipt, oldest first."""
        return self._sessions("WHERE receipt IS NOT NULL")

    def has_counted(self, commitment: int) -> bool:
        """Whether a note was counted already."""
        return bool(self._book.rows("SELECT 1 FROM payments WHERE commitment = ?", _bytes(commitment)))

    def credit(self, session: Session, commitment: int, paid: Paid, now: int) -> Session:
        """Keeps a payment."""
        row = (_bytes(commitment), session.quote.session, paid.transaction, str(paid.amount), paid.salt)
        self._book.write("INSERT INTO payments VALUES (?, ?, ?, ?, ?)", *row)
        self._book.write("UPDATE sessions SET changed = ? WHERE id = ?", now, session.quote.session)
        return replace(session, payments=(*session.payments, paid), changed=now)

    def read(self, session: Session, reading: SignedReading, now: int) -> None:
        """Keeps the latest reading."""
        changed = now if reading.imported > session.used else session.changed
        values = (reading.model_dump_json(), changed, session.quote.session)
        self._book.write("UPDATE sessions SET reading = ?, changed = ? WHERE id = ?", *values)

    def end(self, session: Session, now: int, due: int) -> Session:
        """No more energy flows to a session."""
        self._book.write("UPDATE sessions SET ended = ?, due = ? WHERE id = ?", now, due, session.quote.session)
        return replace(session, ended=now, due=due)

    def close(self, receipt: Receipt, session: Session) -> None:
        """Keeps a session's receipt."""
        values = (receipt.model_dump_json(), session.quote.session)
        self._book.write("UPDATE sessions SET receipt = ? WHERE id = ?", *values)

    def forget(self, before: int) -> None:
        """Forgets quotes made before then that nothing was paid for."""
        self._book.write(f"DELETE FROM sessions WHERE changed < ? AND NOT {PAID}", before)

    def _sessions(self, where: str, *values: str | int) -> list[Session]:
        rows = self._book.rows(f"SELECT {COLUMNS} FROM sessions {where} ORDER BY rowid", *values)
        return [self._session(*row) for row in rows]

    def _session(
        self,
        name: str,
        quote: str,
        changed: int,
        reading: str | None,
        ended: int | None,
        due: int | None,
        receipt: str | None,
    ) -> Session:
        rows = self._book.rows("SELECT hash, amount, salt FROM payments WHERE session = ? ORDER BY rowid", name)
        return Session(
            Quote.of(json.loads(quote)),
            changed,
            tuple(Paid(transaction=name, amount=int(amount), salt=salt) for name, amount, salt in rows),
            SignedReading.of(json.loads(reading)) if reading else None,
            ended,
            due,
            Receipt.of(json.loads(receipt)) if receipt else None,
        )


def _bytes(number: int) -> bytes:
    return number.to_bytes(32, "big")
