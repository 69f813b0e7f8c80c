"""A node that seals by itself, over standard JSON-RPC (Besu): what it has sealed is final, and it keeps its own
transactions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from offchain.chains import connect
from offchain.errors import UserError
from offchain.health import health
from offchain.node import Node
from offchain.plasma.blocks import BlockLeaf
from offchain.plasma.engine import RpcEngine
from offchain.plasma.jsonrpc import Refusal
from offchain.plasma.log import SealedBlock
from offchain.plasma.transactions import block_transactions

POLL_SECONDS = 0.25

log = logging.getLogger("openmg.plasma")


class RemoteChain:
    """The chain of a node."""

    def __init__(self, engine: RpcEngine) -> None:
        self.engine = engine
        self._height = 0
        self._news = asyncio.Event()
        self._stopping = False

    @property
    def height(self) -> int:
        """Number of the node's last block."""
        return self._height

    async def start(self) -> None:
        """Asks for the last block. Raises ConnectionFailure, EngineError, Refusal."""
        self._height = (await self.engine.block()).number

    async def run(self) -> None:
        """Follows the node until `stop`; one that doesn't answer is asked again."""
        said = ""
        while not self._stopping:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.start()
                said = ""
                health.works("node")
            except UserError as error:
                health.fails("node", f"{self.engine.url}: {error}")
                if str(error) != said:
                    log.warning("the node at %s: %s", self.engine.url, error)
                said = str(error)
                continue
            news, self._news = self._news, asyncio.Event()
            news.set()

    def stop(self) -> None:
        """Ends `run`."""
        self._stopping = True

    async def submit(self, raws: Sequence[bytes]) -> list[bytes | Refusal]:
        """Hands raw transactions to the node; returns each one's hash, or why it is refused."""
        return await self.engine.submit(raws)

    async def settled(self) -> None:
        """Returns at once."""

    async def news(self, height: int) -> None:
        """Waits until there are more blocks than `height`."""
        while self._height <= height:
            await self._news.wait()

    def blocks(self, first: int, last: int) -> list[SealedBlock]:
        """The blocks of these numbers, as far as there are any; for any thread, outside the event loop. Raises
        BlockError if one is not what its hash says, NodeError."""
        node = Node(connect(self.engine.url))
        return [_sealed(node, number) for number in range(max(first, 1), min(last, self.height) + 1)]


def _sealed(node: Node, number: int) -> SealedBlock:
    block = node.call("eth_getBlockByNumber", hex(number), True)
    leaf = BlockLeaf.numbered(number, block)
    return SealedBlock(number, leaf.timestamp, leaf.block_hash, leaf.parent_hash, tuple(block_transactions(block)))
