"""Rows of the index as an indexer writes them: trades at a microgrid's exchange, and sums that were published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Table, insert

from offchain.api.followed import Chains, FollowedChain
from offchain.chains import connect
from offchain.deployment.manifest import Manifest
from offchain.history.database import Database
from offchain.indexer import tables
from offchain.node import Node
from offchain.ppdl.inference.served import ChainModels
from offchain.units import ETHER

CHAIN = 950327
TOKEN, EXCHANGE, REGISTRY = (f"0x{digit * 40}" for digit in "123")


class Trade(NamedTuple):
    """When, at how many ETH a kWh, and how many kWh."""

    time: int
    price: float
    kwh: float


class Sums(NamedTuple):
    """Wh of a quarter of an hour, counted from Unix time 0."""

    epoch: int
    imported: int
    exported: int


def chains(folder: Path, models: ChainModels | None = None) -> Chains:
    """A chain whose node doesn't answer: what stands in the index needs none."""
    manifest = Manifest.open(CHAIN, folder)
    manifest.record("MG1", "EnergyToken", TOKEN)
    return Chains(FollowedChain(Node(connect("http://127.0.0.1:1")), manifest), None, models)


def tell(database: Database, trades: Iterable[Trade] = (), sums: Iterable[Sums] = ()) -> None:
    """Writes the exchange and the microgrid, and then a block for each trade and each publication."""
    rules = {"microgrid": 1, "token": TOKEN, "epoch_length": 900}
    logs: list[tuple[Table, str, int, dict[str, Any]]] = [
        (tables.exchanges, EXCHANGE, 5, {"exchange": EXCHANGE, "token": TOKEN}),
        (tables.microgrids, REGISTRY, 5, rules),
        *((tables.swaps, EXCHANGE, time, values) for time, values in _swaps(trades)),
        *((tables.published, REGISTRY, (row.epoch + 1) * 900, _published(row)) for row in sums),
    ]
    blocks, rows = [], defaultdict(list)
    for number, (table, contract, time, values) in enumerate(logs):
        place: dict[str, Any] = {
            "chain": CHAIN,
            "block": number,
            "log": 0,
            "time": time,
            "transaction_hash": b"\5" * 32,
        }
        blocks.append(
            {"chain": CHAIN, "number": number, "hash": number.to_bytes(32, "big"), "time": time, "bare": False}
        )
        rows[table.name].append(place | {"contract": contract} | values)
    with database.write() as connection:
        connection.execute(insert(tables.blocks), blocks)
        for table in tables.OF_LOGS:
            if rows[table.name]:
                connection.execute(insert(table), rows[table.name])


def _swaps(trades: Iterable[Trade]) -> Iterator[tuple[int, dict[str, Any]]]:
    eth_total, tokens_total = 0, 0
    for trade in trades:
        eth, tokens = round(trade.price * trade.kwh * ETHER), round(trade.kwh * ETHER)
        eth_total, tokens_total = eth_total + eth, tokens_total + tokens
        own = {"side": "buy", "eth": eth, "tokens": tokens, "price": eth * ETHER // tokens}
        yield trade.time, own | {"eth_total": eth_total, "tokens_total": tokens_total, "price_seconds": 0}


def _published(row: Sums) -> dict[str, Any]:
    hashes = dict.fromkeys(("root", "data_hash"), b"\7" * 32)
    told = {"microgrid": 1, "epoch": row.epoch, "exported": row.exported, "imported": row.imported}
    return hashes | told | {"exported_total": 0, "imported_total": 0}
