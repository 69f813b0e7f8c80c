"""What the public endpoint needs of a chain: a leader gives it, a replica, and a node that seals by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from offchain.plasma.engine import Engine
from offchain.plasma.jsonrpc import Refusal


class Chain(Protocol):
    """An engine, and whoever feeds it."""

    @property
    def engine(self) -> Engine:
        """Answers what is read."""

    @property
    def height(self) -> int:
        """Number of the last block that may be shown."""

    async def submit(self, raws: Sequence[bytes]) -> list[bytes | Refusal]:
        """Takes raw transactions; returns each one's hash, or why it is refused."""

    async def settled(self) -> None:
        """Waits until all that the engine shows now may be shown."""

    async def news(self, height: int) -> None:
        """Waits until there are more blocks than `height`."""
