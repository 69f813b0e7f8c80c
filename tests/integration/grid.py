"""A real chain with the whole platform, on which homes trade and an operator publishes, for tests of the indexer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import select
from web3 import Web3
from web3.types import RPCEndpoint

from offchain.chains import ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.exchange import Market
from offchain.history.database import Database
from offchain.indexer import tables
from offchain.indexer.follower import Follower
from offchain.node import Node
from offchain.sender import Sender, development_sender
from offchain.units import ETHER

GENESIS = 1_800_000_000
CHAIN = 950327
FIRST_COMMITMENT = 1_000


@dataclass(frozen=True)
class Grid:
    """The chain, and what its people do. The deployer runs both microgrids."""

    web3: Web3
    manifest: Manifest

    @cached_property
    def market(self) -> Market:
        return Market(self.web3, self.manifest)

    @cached_property
    def node(self) -> Node:
        return Node(self.web3)

    @property
    def operator(self) -> Sender:
        return development_sender(self.web3, 0)

    def call(self, method: str, *parameters: Any) -> Any:
        answer = self.web3.provider.make_request(RPCEndpoint(method), list(parameters))
        assert "error" not in answer, answer
        return answer["result"]

    def wait(self, seconds: int) -> None:
        """Lets time pass until the next block."""
        self.call("evm_increaseTime", seconds)

    def mine(self, blocks: int = 1) -> None:
        self.call("anvil_mine", hex(blocks))

    def buy(self, microgrid: str, eth: int, account: int = 1) -> dict[str, Any]:
        """A home buys energy with so many wei; returns the receipt."""
        buyer = development_sender(self.web3, account)
        self.market.admit(self.operator, microgrid, buyer.address)
        call = self.market.exchange(microgrid).functions.ethToTokenSwapInput(1, self.market.deadline())
        return dict(buyer.transact(call, value=eth))

    def sell(self, microgrid: str, tokens: int, account: int = 1) -> dict[str, Any]:
        """A home sells energy that it holds, in base units; returns the receipt."""
        seller, exchange = development_sender(self.web3, account), self.market.exchange(microgrid)
        seller.transact(self.market.token(microgrid).functions.approve(exchange.address, tokens))
        call = exchange.functions.tokenToEthSwapInput(tokens, 1, self.market.deadline())
        return dict(seller.transact(call))

    def register(self, microgrid: str, count: int, capacity: int = 4_000) -> None:
        """So many meters more, each of so many Wh an epoch."""
        registry = self.manifest.contract(self.web3, "registry").functions
        first = FIRST_COMMITMENT + registry.meterCount().call()
        commitments = list(range(first, first + count))
        call = registry.registerMeters(self._number(microgrid), commitments, [capacity] * count)
        self.operator.transact(call)

    def publish(self, microgrid: str, exported: int, imported: int) -> int:
        """Readings of the epoch that just ended, in Wh; returns its number."""
        registry, number = self.manifest.contract(self.web3, "registry").functions, self._number(microgrid)
        self.wait(900)
        self.mine()
        epoch = self.node.time() // 900 - 1
        call = registry.publishReadings(number, epoch, 7, exported, imported, b"\1" * 32)
        self.operator.transact(call)
        return epoch

    def correct(self, microgrid: str, epoch: int, exported: int, imported: int) -> None:
        """Other readings of a published epoch."""
        registry = self.manifest.contract(self.web3, "registry").functions
        call = registry.correctReadings(self._number(microgrid), epoch, 8, exported, imported, b"\2" * 32)
        self.operator.transact(call)

    def follower(self, database: Database) -> Follower:
        return Follower(database, self.node, self.manifest)

    def _number(self, microgrid: str) -> int:
        registry = self.manifest.contract(self.web3, "registry").functions
        return int(registry.microgridOf(self.manifest.address(microgrid)).call())


@contextmanager
def grid(folder: Path) -> Iterator[Grid]:
    """A platform with liquidity, just deployed."""
    with started(ChainSpec("plasma", CHAIN, 0), "--timestamp", str(GENESIS)) as chain:
        manifest = Manifest.open(CHAIN, folder / "deployments")
        deployer = development_sender(chain.web3, 0)
        list(PlatformDeployment(deployer, manifest, deployer.address).run())
        yield Grid(chain.web3, manifest)


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All that the indexer wrote, in order."""
    written = (tables.chains, tables.blocks, *tables.OF_LOGS)
    with database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in written
        }


def rows(database: Database, name: str) -> list[Any]:
    """The rows of a table, in order."""
    table = next(table for table in tables.OF_LOGS if table.name == name)
    with database.read() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key)))


def kwh(amount: int) -> int:
    """Base units of so many kWh."""
    return amount * ETHER
