"""Pays once for each purpose, whatever happens to the process in between.

A request is in the book before it goes out. Who starts again finds it on the chain, or sends the same one again: its
nullifiers are spent once. Only when its deadline has passed without it is another one made.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from offchain.book import Book
from offchain.wallet.address import Address
from offchain.wallet.ciphertext import unseal
from offchain.wallet.events import parse
from offchain.wallet.relay import Relay, Submitter
from offchain.wallet.request import Operation, Request
from offchain.wallet.scan import new_leaves
from offchain.wallet.wallet import Wallet
from offchain.zk.prover import Progress

SCHEMA = """
CREATE TABLE IF NOT EXISTS sent (
    purpose TEXT PRIMARY KEY, request TEXT NOT NULL, block INTEGER NOT NULL, hash TEXT
)
"""
BLOCKS_BEFORE = 16
"""A request is looked for from so many blocks before it was made: the chain may have been reorganised since."""


@dataclass(frozen=True)
class Payment:
    """A payment that is mined; base units."""

    transaction: str
    amount: int


class Sent:
    """What one wallet has begun to pay, and what is mined of it. Raises BookError if the file can't be used."""

    def __init__(self, wallet: Wallet, path: Path) -> None:
        self.wallet = wallet
        self._book = Book(path, SCHEMA)

    def mined(self, purpose: str) -> Payment | None:
        """The payment for a purpose if it is on the chain, None if there is none, or not yet."""
        kept = self.kept(purpose)
        if kept is None:
            return None
        request, block, transaction = kept
        if transaction is None:
            transaction = self._found(request, block)
            if transaction is None:
                return None
            self.done(purpose, transaction)
        opened = unseal(request.terms.ciphertexts, self.wallet.viewing)
        record = next(one.record for one in opened if one and one.record)
        return Payment(transaction, record.amount)

    def kept(self, purpose: str) -> tuple[Request, int, str | None] | None:
        """The request for a purpose, the block it was made at, and its transaction once that is mined."""
        rows = self._book.rows("SELECT request, block, hash FROM sent WHERE purpose = ?", purpose)
        return (Request.from_json(rows[0][0]), rows[0][1], rows[0][2]) if rows else None

    def keep(self, purpose: str, request: Request) -> None:
        """Writes a request down, before it goes out."""
        height = self.wallet.node.height()
        self._book.write("INSERT OR REPLACE INTO sent VALUES (?, ?, ?, NULL)", purpose, request.to_json(), height)

    def done(self, purpose: str, transaction: str) -> None:
        """Writes down that a request was mined."""
        self._book.write("UPDATE sent SET hash = ? WHERE purpose = ?", transaction, purpose)

    def forget(self, purpose: str) -> None:
        """Forgets a request that nothing can come of any more."""
        self._book.write("DELETE FROM sent WHERE purpose = ?", purpose)

    def close(self) -> None:
        """Closes the file."""
        self._book.close()

    def _found(self, request: Request, block: int) -> str | None:
        """The transaction that queued the request's notes."""
        node = self.wallet.node
        for log in node.logs([self.wallet.pool], max(block - BLOCKS_BEFORE, 0), node.height()):
            parsed = parse(log)
            if parsed and request.commitments[0] in new_leaves([parsed[1]]).values():
                return parsed[0].transaction
        return None


class Once:
    """Payments of one wallet, each for a purpose of its own. For one thread."""

    def __init__(self, sent: Sent, submitter: Submitter) -> None:
        self.sent, self._submitter = sent, submitter

    def pay(
        self,
        purpose: str,
        receiver: Address,
        amount: int,
        asset: str,
        progress: Progress | None = None,
        blinding: int | None = None,
    ) -> Payment:
        """Pays base units of an asset, unless it was done; then receiver and amount are what they were. Raises what
        `Wallet.send` raises: what went out already may still be mined, and is found by the next call."""
        made = self.finished(purpose)
        if made is None:
            wallet = self.sent.wallet
            wallet.sync()
            keeping = _Keeping(self._submitter, self.sent, purpose)
            self.sent.done(purpose, wallet.send(receiver, amount, asset, keeping, progress, blinding))
            made = self.sent.mined(purpose)
            assert made is not None
        return made

    def finished(self, purpose: str) -> Payment | None:
        """The payment for a purpose, brought to its end if it was begun; None if there is none, and none can come of
        what was begun. Raises UserError if it can't be sent now."""
        kept = self.sent.kept(purpose)
        if kept is None:
            return None
        request = kept[0]
        passed = self.sent.wallet.node.time() > request.terms.deadline  # before the look: it may be mined meanwhile
        made = self.sent.mined(purpose)
        if made:
            return made
        if passed:
            self.sent.forget(purpose)
            return None
        self.sent.done(purpose, self._submitter.submit(request))
        return self.sent.mined(purpose)


@dataclass(frozen=True)
class _Keeping:
    """A submitter that writes a payment down before it sends it; merges of notes need none of that."""

    submitter: Submitter
    sent: Sent
    purpose: str

    def relay(self, operation: Operation, asset: str) -> Relay | None:
        return self.submitter.relay(operation, asset)

    def submit(self, request: Request) -> str:
        if request.operation is Operation.TRANSFER:
            self.sent.keep(self.purpose, request)
        return self.submitter.submit(request)
