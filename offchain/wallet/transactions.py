"""What the chain shows of one transaction: the events of pool and registry, read by its hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from offchain.errors import UserError
from offchain.node import Node
from offchain.wallet.events import Event, NullifiersSpent, Origin, parse
from offchain.wallet.scan import new_leaves


class TransactionMissing(UserError):
    """Says in one line why a transaction shows nothing."""


@dataclass(frozen=True)
class Shown:
    """A mined transaction's events, in their order; `origin.time` is its block's."""

    origin: Origin
    events: Sequence[Event]

    @property
    def nullifiers(self) -> set[int]:
        """Of the notes that it spends, dummies included."""
        return {spent for event in self.events if isinstance(event, NullifiersSpent) for spent in event.nullifiers}

    @property
    def positions(self) -> dict[int, int]:
        """The position of each commitment that it queues."""
        return {commitment: position for position, commitment in new_leaves(self.events).items()}


def read(node: Node, transaction: str, contracts: Sequence[str]) -> Shown:
    """A transaction's events of these contracts. Raises TransactionMissing if it isn't mined or has none of them."""
    receipt = node.call("eth_getTransactionReceipt", transaction)
    if receipt is None:
        raise TransactionMissing(f"transaction {transaction} is not on this chain")
    wanted = {contract.lower() for contract in contracts}
    logs = [log for log in receipt["logs"] if str(log["address"]).lower() in wanted]
    parsed = [found for found in map(parse, logs) if found]
    block = node.block(int(receipt["blockNumber"], 16))
    if not parsed or block is None:
        raise TransactionMissing(f"transaction {transaction} did nothing with the pool")
    origin = parsed[0][0]
    time = int(block["timestamp"], 16)
    return Shown(Origin(origin.block, origin.block_hash, transaction, time), [event for _, event in parsed])
