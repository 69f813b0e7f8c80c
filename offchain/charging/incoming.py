"""The notes of a transaction that somebody was paid, found with a viewing key and without reading the whole chain."""

from __future__ import annotations

from dataclasses import dataclass

from offchain.node import Node
from offchain.wallet.keys import ViewingKey
from offchain.wallet.note import Note
from offchain.wallet.scan import find_notes
from offchain.wallet.transactions import read


@dataclass(frozen=True)
class Incoming:
    """Payments to the owner of a viewing key in one pool."""

    node: Node
    pool: str
    key: ViewingKey

    def notes(self, transaction: str) -> list[Note]:
        """The notes made out to the key in a mined transaction. Raises TransactionMissing, NodeError."""
        found = find_notes(read(self.node, transaction, (self.pool,)).events, self.key)
        return [one.owned.note for one in found if one.owned.amount]
