"""How an account becomes a node of a market: its key, its bond and its prices."""

from __future__ import annotations

from collections.abc import Iterator

from nacl.public import PrivateKey

from offchain.ppdl.inference.market import Market
from offchain.ppdl.inference.node import Prices
from offchain.sender import Sender


def enrol(market: Market, sender: Sender, key: PrivateKey, prices: Prices) -> Iterator[str]:
    """Brings key, bond and prices on chain to what they should be; yields a line for each change. Raises NodeError,
    TransactionError."""
    bond, _, left_at, known = market.node.ask(market.calls.nodeOf(sender.address))
    missing = max(0, market.rules().bond - bond)
    if missing or left_at or bytes(known) != bytes(key.public_key):
        sender.transact(market.calls.join(bytes(key.public_key)), missing)
        yield f"joined with {missing} wei more at stake"
    for (asset, kind), price in prices.items():
        if market.node.ask(market.calls.priceOf(sender.address, asset, kind)) != price:
            sender.transact(market.calls.setPrice(asset, kind, price))
            yield f"takes {price} of {asset} for an answer of the kind {kind.name.lower()}"
