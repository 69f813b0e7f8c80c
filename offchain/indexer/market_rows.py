"""Rows of what factories, exchanges and energy tokens log."""

from __future__ import annotations

from offchain.indexer import tables
from offchain.indexer.entry import Columns, Entry, Takings
from offchain.units import ETHER

NOBODY = "0x" + 40 * "0"


def _exchange(entry: Entry) -> Columns:
    return {"exchange": entry.arguments["exchange"], "token": entry.arguments["token"]}


def _purchase(entry: Entry) -> Columns:
    return _swap(entry, "buy", entry.arguments["eth_sold"], entry.arguments["tokens_bought"])


def _sale(entry: Entry) -> Columns:
    return _swap(entry, "sell", entry.arguments["eth_bought"], entry.arguments["tokens_sold"])


def _swap(entry: Entry, side: str, eth: int, tokens: int) -> Columns:
    """No exchange lets go a trade of no tokens."""
    last = entry.last_here(tables.swaps)
    eth_total, tokens_total, seconds = (last.eth_total, last.tokens_total, last.price_seconds) if last else (0, 0, 0)
    return {
        "side": side,
        "eth": eth,
        "tokens": tokens,
        "price": eth * ETHER // tokens,
        "eth_total": eth_total + eth,
        "tokens_total": tokens_total + tokens,
        "price_seconds": seconds + (last.price * (entry.time - last.time) if last else 0),
    }


def _liquidity(entry: Entry) -> Columns:
    side = {"AddLiquidity": "add", "RemoveLiquidity": "remove"}[entry.event.name]
    return {"side": side, "eth": entry.arguments["eth_amount"], "tokens": entry.arguments["token_amount"]}


def _transfer(entry: Entry) -> Columns | None:
    sender, receiver, amount = entry.arguments["from"], entry.arguments["to"], entry.arguments["value"]
    if NOBODY not in (sender, receiver):
        return None
    last = entry.last_here(tables.supply)
    minted, burned = (last.minted_total, last.burned_total) if last else (0, 0)
    minted += amount if sender == NOBODY else 0
    burned += amount if receiver == NOBODY else 0
    side = "mint" if sender == NOBODY else "burn"
    return {"side": side, "amount": amount, "minted_total": minted, "burned_total": burned}


FACTORY: Takings = {"NewExchange": (tables.exchanges, _exchange)}
EXCHANGE: Takings = {
    "TokenPurchase": (tables.swaps, _purchase),
    "EthPurchase": (tables.swaps, _sale),
    "AddLiquidity": (tables.liquidity, _liquidity),
    "RemoveLiquidity": (tables.liquidity, _liquidity),
}
TOKEN: Takings = {"Transfer": (tables.supply, _transfer)}
