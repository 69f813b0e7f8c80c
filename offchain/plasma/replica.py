"""Follows a leader: executes each of its blocks again, and stops at the first that comes out differently."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from offchain.errors import UserError
from offchain.health import health
from offchain.plasma.engine import Block, SealingEngine
from offchain.plasma.feed import FeedClient, FeedError, Page
from offchain.plasma.jsonrpc import SERVER_ERROR, Refusal
from offchain.plasma.log import Log, SealedBlock
from offchain.plasma.replay import Divergence, replay

POLL_SECONDS = 1.0
"""How long the leader may hold back an answer while it has no new block, and how long an end may take."""

RETRY_SECONDS = 2.0
AHEAD_SECONDS = 30
"""How far the leader's clock may be ahead of the one here."""

log = logging.getLogger("openmg.plasma")


class FollowingError(UserError):
    """Says that a replica has stopped."""


class Replica:
    """A replica over one engine, fresh from its genesis file, and one log of its own. `clock` gives Unix time."""

    def __init__(
        self, engine: SealingEngine, journal: Log, client: FeedClient, clock: Callable[[], float] = time.time
    ) -> None:
        self.engine = engine
        self._log, self._client, self._clock = journal, client, clock
        self._head: Block | None = None
        self._stop = asyncio.Event()
        self._news = asyncio.Event()
        self._ended = False

    @property
    def height(self) -> int:
        """Number of the last block that was executed, compared and logged here."""
        return self._log.height

    async def start(self) -> None:
        """Replays the own log. To be called once, before `run`. Raises Divergence if a block comes out differently."""
        self._head = await self.engine.block()
        if self._head.number != 0 or self._head.hash != self._log.genesis:
            raise Divergence("the engine doesn't stand at the log's genesis block")
        for number in range(1, self.height + 1):
            self._head = await replay(self.engine, self._head, self._log.sealed(number))

    async def run(self) -> None:
        """Follows the leader until `stop`; a leader that doesn't answer is asked again.

        Raises Divergence, and never goes on then. Raises FeedContentError, LogError and the engine's errors as well.
        """
        stopping = asyncio.create_task(self._stop.wait())
        try:
            while not self._stop.is_set():
                fetching = asyncio.create_task(asyncio.to_thread(self._fetch))
                await asyncio.wait([fetching, stopping], return_when=asyncio.FIRST_COMPLETED)
                if not fetching.done():
                    break
                try:
                    page = fetching.result()
                    health.works("leader")
                except FeedError as error:
                    health.fails("leader", str(error))
                    log.warning("%s; trying again", error)
                    await asyncio.wait([stopping], timeout=RETRY_SECONDS)
                    continue
                await self._take(page)
        finally:
            stopping.cancel()
            self._ended = True
            self._news.set()

    def stop(self) -> None:
        """Ends `run` once the block under way is done."""
        self._stop.set()

    async def submit(self, raws: Sequence[bytes]) -> list[bytes | Refusal]:
        """Refuses: the leader alone takes transactions."""
        return [Refusal(SERVER_ERROR, "this node follows the leader: send transactions there") for _ in raws]

    async def settled(self) -> None:
        """Returns at once while the replica runs: the leader has what it gives on its disk. Raises FollowingError."""
        if self._ended:
            raise FollowingError("this node has stopped to follow the leader")

    async def news(self, height: int) -> None:
        """Waits until there are more blocks than `height`. Raises FollowingError if the replica ended."""
        while self.height <= height:
            await self.settled()
            await self._news.wait()

    def blocks(self, first: int, last: int) -> list[SealedBlock]:
        """The blocks of these numbers, as far as there are any. Raises LogError."""
        return [self._log.sealed(number) for number in range(max(first, 1), min(last, self.height) + 1)]

    def _fetch(self) -> Page:
        return self._client.page(self.height + 1, wait=POLL_SECONDS)

    async def _take(self, page: Page) -> None:
        if page.genesis != self._log.genesis:
            raise Divergence(f"the leader's chain begins with 0x{page.genesis.hex()}, not 0x{self._log.genesis.hex()}")
        if page.height < self.height:
            raise Divergence(f"the leader has {page.height} blocks, fewer than the {self.height} it gave before")
        for block in page.blocks:
            if self._stop.is_set():
                return
            if block.timestamp > self._clock() + AHEAD_SECONDS:
                raise Divergence(f"block {block.number} has a time in the future, {block.timestamp}")
            assert self._head is not None
            self._head = await replay(self.engine, self._head, block)
            indices = self._log.add_transactions(block.transactions)
            self._log.add_block(block.number, block.timestamp, block.hash, indices)
            await asyncio.to_thread(self._log.commit)
            news, self._news = self._news, asyncio.Event()
            news.set()
