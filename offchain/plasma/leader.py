"""Orders the plasma chain's transactions, logs them and seals the blocks.

A transaction is acknowledged after the engine admitted it and the log has it on the disk. A block may be shown after
the log has it on the disk: whoever reads the engine waits for `settled` before an answer goes out. So whatever a crash
takes was told to nobody. At its start the leader replays the log into a fresh engine and compares every hash.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.plasma.engine import Block, Dropped, Pool, SealingEngine
from offchain.plasma.envelope import MOST_GAS, Envelope
from offchain.plasma.jsonrpc import LIMIT_EXCEEDED, Refusal
from offchain.plasma.log import Log, SealedBlock
from offchain.plasma.replay import replay
from offchain.plasma.waiting import AT_ONCE, MOST_BYTES, MOST_GAS_WAITING, Outcome, Request, Waiting, together

HEARTBEAT_SECONDS = 60
"""Time after which a block is sealed though nothing waits."""

MOST_WAITING = 20_000
"""Transactions that may wait for a block."""

CLEAR_SECONDS = 1
"""How often room is made in a full pool, at most."""

SHORTEST_WAIT, LONGEST_WAIT = 0.05, 0.1
"""Seconds after which the engine is asked again while nothing in it can be executed, and after which the clock is
looked at again: one can be set, or run faster."""

log = logging.getLogger("openmg.plasma")


class LeaderError(UserError):
    """Says in one line why the leader stopped."""


class PoolEngine(SealingEngine, Protocol):
    """An engine that tells what waits in it."""

    async def pool(self) -> Pool:
        """How many transactions wait."""

    async def unknown(self, digests: Sequence[bytes]) -> set[bytes]:
        """Which of these transactions are neither in the pool nor in a block."""

    async def drop_queued(self) -> Dropped:
        """Drops all of accounts that have one whose nonce is too high for the next block."""


class Leader:
    """The leader over one engine, fresh from its genesis file, and one log. `clock` gives Unix time."""

    def __init__(self, engine: PoolEngine, journal: Log, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self._log, self._clock = journal, clock
        self._requests: deque[Request] = deque()
        self._system: deque[Request] = deque()
        self._waiting, self._full = Waiting(), False
        self._cleared_at = 0.0
        self._wake, self._settled, self._news = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._settled.set()
        self._failure: UserError | None = None
        self._stopping = False
        self._head: Block | None = None

    @property
    def height(self) -> int:
        """Number of the last sealed block."""
        return self._log.height

    @property
    def genesis(self) -> bytes:
        """The genesis block's hash."""
        return self._log.genesis

    async def start(self) -> int:
        """Replays the log into the engine; returns how many transactions still wait. To be called once, before `run`.

        Raises Divergence if a block comes out differently, LeaderError if the log belongs to another genesis file.
        """
        self._head = await self.engine.block()
        if self._head.number != 0 or self._head.hash != self._log.genesis:
            raise LeaderError("the engine doesn't stand at the log's genesis block")
        if self._log.cut:
            log.warning("cut %d bytes off the log that no client had an answer to", self._log.cut)
        for number in range(1, self.height + 1):
            self._head = await replay(self.engine, self._head, self._log.sealed(number))
        await self._admit_again()
        return len(self._waiting)

    async def run(self) -> None:
        """Admits and seals until `stop`. Raises what stopped it: LogError, EngineError, ConnectionFailure, Refusal."""
        try:
            while not self._stopping:
                await self._step()
        except UserError as error:
            self._failure = error
            raise
        finally:
            self._failure = self._failure or LeaderError("the leader has stopped")
            self._settled.set()
            self._news.set()
            for request in [*self._system, *self._requests]:
                if not request.answer.done():
                    request.answer.set_exception(self._failure)

    def stop(self) -> None:
        """Ends `run` once what is under way is done."""
        self._stopping = True
        self._wake.set()

    async def submit(self, raws: Sequence[bytes]) -> list[Outcome]:
        """Takes raw transactions; returns each one's hash once it is on the disk, or the engine's refusal.

        Raises what stopped the leader, if it has stopped.
        """
        return await self._enqueue(self._requests, raws)

    async def inject(self, raws: Sequence[bytes]) -> list[Outcome]:
        """As `submit`, for the operator's own transactions: they come first in a block. That is the next block if no
        executable transaction waits for it already, otherwise the one after; the answer comes as late."""
        return await self._enqueue(self._system, raws)

    async def settled(self) -> None:
        """Waits while the engine has a block that the log doesn't have yet. Raises what stopped the leader."""
        await self._settled.wait()
        if self._failure:
            raise self._failure

    async def news(self, height: int) -> None:
        """Waits until there are more blocks than `height`. Raises what stopped the leader."""
        while self.height <= height:
            if self._failure:
                raise self._failure
            await self._news.wait()

    def blocks(self, first: int, last: int) -> list[SealedBlock]:
        """The sealed blocks of these numbers, as far as there are any. Raises LogError."""
        return [self._log.sealed(number) for number in range(max(first, 1), min(last, self.height) + 1)]

    async def _enqueue(self, queue: deque[Request], raws: Sequence[bytes]) -> list[Outcome]:
        if self._failure:
            raise self._failure
        if not raws:
            return []
        waiting = len(self._waiting) + sum(len(request.raws) for request in self._requests) + len(raws)
        if queue is self._requests and waiting > MOST_WAITING:
            self._full = True
            self._wake.set()
            return [Refusal(LIMIT_EXCEEDED, "too many transactions wait: try again in some seconds") for _ in raws]
        if sum(map(len, raws)) > MOST_BYTES:
            return [Refusal(LIMIT_EXCEEDED, f"more than {MOST_BYTES:,} bytes of transactions at once") for _ in raws]
        most_gas = MOST_GAS if queue is self._requests else None
        looks = [Envelope.of(raw, most_gas) for raw in raws]
        if queue is self._requests and sum(one.gas for one in looks) > MOST_GAS_WAITING:
            return [Refusal(LIMIT_EXCEEDED, f"gas limits of more than {MOST_GAS_WAITING:,} at once") for _ in raws]
        request = Request(raws, looks, asyncio.get_running_loop().create_future(), self.height)
        queue.append(request)
        self._wake.set()
        return await request.answer

    async def _step(self) -> None:
        """One batch admitted, or one block sealed, or a wait for either."""
        self._wake.clear()
        if self._system and (await self.engine.pool()).executable == 0:
            await self._admit(together(self._system))
        elif await self._is_due():
            await self._seal()
        elif (self._full or self._is_heavy()) and self._clock() - self._cleared_at >= CLEAR_SECONDS:
            await self._clear()
        elif self._requests and not self._is_kept_waiting() and not self._is_heavy():
            await self._admit(together(self._requests))
        else:
            try:
                async with asyncio.timeout(self._seconds_to_wait()):
                    await self._wake.wait()
            except TimeoutError:
                return

    def _is_heavy(self) -> bool:
        """Whether so much waits that the operator's own transactions would come late."""
        return self._waiting.gas >= MOST_GAS_WAITING

    async def _clear(self) -> None:
        """Makes room: drops what can't be in the next block because another transaction before it is missing. Such ones
        cost nothing, and could fill the leader for ever."""
        self._cleared_at, self._full = self._clock(), False
        dropped = await self.engine.drop_queued()
        self._forget(dropped.queued, "stood behind a gap in a full pool")
        await asyncio.to_thread(self._log.commit)
        await self.engine.submit([self._log.transaction(self._waiting.place(one)) for one in dropped.executable])

    def _is_kept_waiting(self) -> bool:
        """Whether full blocks keep the operator's own transactions out. Then nobody else's are admitted for a while."""
        return bool(self._system) and self._system[0].height < self.height

    def _seconds_to_wait(self) -> float:
        head = self._sealed_head()
        due = head.timestamp + (1 if self._waiting or self._system else HEARTBEAT_SECONDS)
        return min(max(due - self._clock(), SHORTEST_WAIT), LONGEST_WAIT)

    async def _is_due(self) -> bool:
        age = int(self._clock()) - self._sealed_head().timestamp
        if age >= HEARTBEAT_SECONDS:
            return True
        return age >= 1 and bool(self._waiting) and (await self.engine.pool()).executable > 0

    async def _admit(self, requests: list[Request]) -> None:
        """Hands transactions to the engine, then to the log, then answers."""
        raws = [raw for request in requests for raw in request.raws]
        looks = [one for request in requests for one in request.looks]
        try:
            fits = [raw for raw, look in zip(raws, looks, strict=True) if look.problem is None]
            outcomes = iter(await self.engine.submit(fits))
            found = [look.problem or next(outcomes) for look in looks]
            asked = zip(found, raws, looks, strict=True)
            accepted = [(one, raw, look.gas) for one, raw, look in asked if isinstance(one, bytes)]
            indices = self._log.add_transactions([raw for _, raw, _ in accepted])
            await asyncio.to_thread(self._log.commit)
        except UserError as error:
            for request in requests:
                if not request.answer.done():
                    request.answer.set_exception(error)
            raise
        for (digest, _, gas), index in zip(accepted, indices, strict=True):
            self._waiting.add(digest, index, gas)
        answers = iter([self._known(one, raw) for one, raw in zip(found, raws, strict=True)])
        for request in requests:
            answer = [next(answers) for _ in request.raws]
            if not request.answer.done():  # the client may have gone
                request.answer.set_result(answer)

    def _known(self, outcome: Outcome, raw: bytes) -> Outcome:
        """The hash of a transaction that waits already: who sends it again may have missed the first answer."""
        if isinstance(outcome, bytes):
            return outcome
        digest = keccak(raw)
        return digest if digest in self._waiting else outcome

    async def _seal(self) -> None:
        head = self._sealed_head()
        self._settled.clear()
        block = await self.engine.seal(int(self._clock()))
        if block.number != self.height + 1 or block.parent != head.hash:
            raise LeaderError(f"the engine made block {block.number} after block {self.height}: who else uses it?")
        strangers = [one for one in block.transactions if one not in self._waiting]
        if strangers:
            raise LeaderError(f"the engine's block has transaction 0x{strangers[0].hex()}, which was not accepted here")
        indices = self._waiting.take(block.transactions)
        self._log.add_block(block.number, block.timestamp, block.hash, indices)
        await self._drop()
        await asyncio.to_thread(self._log.commit)
        self._head = block
        self._settled.set()
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _drop(self) -> None:
        """Logs what will never be in a block: replaced by its sender, or not payable any more."""
        pool = await self.engine.pool() if self._waiting else Pool(0, 0)
        if pool.executable + pool.queued < len(self._waiting):
            gone = await self.engine.unknown(list(self._waiting))
            self._forget(gone, "were replaced or can't be paid for any more")

    def _forget(self, digests: Collection[bytes], why: str) -> None:
        """Logs what is dropped, for the next commit."""
        gone = self._waiting.take(digests)
        if gone:
            self._log.add_dropped(gone)
            log.info("%d transactions %s", len(gone), why)

    async def _admit_again(self) -> None:
        """Hands in what was acknowledged and is in no block yet."""
        waiting = list(self._log.waiting())
        dropped = []
        for start in range(0, len(waiting), AT_ONCE):
            part = waiting[start : start + AT_ONCE]
            for (index, raw), outcome in zip(part, await self.engine.submit([raw for _, raw in part]), strict=True):
                if isinstance(outcome, bytes):
                    self._waiting.add(outcome, index, Envelope.of(raw).gas)
                else:
                    dropped.append(index)
        if dropped:
            log.warning("%d accepted transactions can't be executed any more", len(dropped))
            self._log.add_dropped(dropped)
            await asyncio.to_thread(self._log.commit)

    def _sealed_head(self) -> Block:
        if self._head is None:
            raise LeaderError("the leader was not started")
        return self._head
