"""A node that seals by itself, over standard JSON-RPC: Besu, behind the same public endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from offchain.plasma.engine import RpcEngine
from offchain.plasma.jsonrpc import Refusal

POLL_SECONDS = 0.25


class RemoteChain:
    """The chain of a node. What it seals is there to be shown, and it keeps its own transactions."""

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
        """Asks for the last block. Raises ConnectionFailure, EngineError."""
        self._height = (await self.engine.block()).number

    async def run(self) -> None:
        """Follows the node until `stop`. Raises what `start` does."""
        while not self._stopping:
            await asyncio.sleep(POLL_SECONDS)
            await self.start()
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
