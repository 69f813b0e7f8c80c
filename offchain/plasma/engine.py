"""An EVM chain that executes raw transactions: the embedded Anvil, or any node over standard JSON-RPC (Besu).

The embedded one seals when it is told to. The same genesis file, and the same raw transactions sealed in the same
blocks with the same times, give the same block hashes: flags pin the hard fork, the gas limit, and that no account
beyond the genesis file exists; coinbase, base fee and time begin with the genesis file; Anvil derives prevrandao from
the chain itself. Transactions go in few at a time: Anvil works on those of a larger batch out of order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from offchain.chains import ChainSpec, started
from offchain.errors import UserError
from offchain.plasma.connection import Connections
from offchain.plasma.genesis import Genesis
from offchain.plasma.jsonrpc import Refusal

IN_ORDER = 16
"""Transactions of one request. Anvil keeps the order of up to 30, and smaller requests are no slower."""

STATES_KEPT = 128
"""Blocks, counted from the last, whose state can be read and proven. Each costs Anvil 250 bytes an account."""


class EngineError(UserError):
    """Says in one line why an engine can't be used."""


class _Error(msgspec.Struct):
    code: int = -32000
    message: str = "the node gave no reason"
    data: Any = None

    def refusal(self) -> Refusal:
        return Refusal(self.code, self.message, self.data)


class Answer(msgspec.Struct):
    """A JSON-RPC answer whose result is left as it came."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | None = None


class _Sent(msgspec.Struct):
    id: int
    result: str = ""
    error: _Error | None = None


class _Known(msgspec.Struct):
    hash: str


class _Content(msgspec.Struct):
    pending: dict[str, dict[str, _Known]]
    queued: dict[str, dict[str, _Known]]


@dataclass(frozen=True)
class Block:
    """A block's header, as far as the operator needs it, and its transactions' hashes."""

    number: int
    timestamp: int
    hash: bytes
    parent: bytes
    transactions: tuple[bytes, ...]


@dataclass(frozen=True)
class Pool:
    """How many transactions wait: those that the next block could take, and those whose nonce is too high for it."""

    executable: int
    queued: int


@dataclass(frozen=True)
class Dropped:
    """Hashes of transactions that were taken out of a pool, each account's by ascending nonce: those that the next
    block could have had, and those whose nonce is too high for it."""

    executable: list[bytes]
    queued: list[bytes]


class Engine(Protocol):
    """A chain that takes raw transactions."""

    @property
    def url(self) -> str:
        """Where its JSON-RPC is."""

    async def raw_call(self, method: str, parameters: bytes, most: int | None = None) -> msgspec.Raw:
        """The result, as JSON, of a call whose parameters are JSON."""

    async def call(self, method: str, *parameters: Any) -> Any:
        """The result of a call."""

    async def submit(self, raws: Sequence[bytes]) -> list[bytes | Refusal]:
        """Hands transactions in; returns each one's hash, or why it is refused."""

    async def block(self, number: int | None = None) -> Block:
        """A block, the latest without a number."""


class SealingEngine(Engine, Protocol):
    """A chain that makes a block when it is told to."""

    async def seal(self, timestamp: int) -> Block:
        """Makes a block of all executable transactions, with this Unix time."""


class RpcEngine:
    """A node over standard JSON-RPC; it seals by itself."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connections = Connections(url)

    async def raw_call(self, method: str, parameters: bytes, most: int | None = None) -> msgspec.Raw:
        """The result, as JSON of at most `most` bytes, of a call whose parameters are a JSON array.

        Raises Refusal for an error of the node's, ConnectionFailure if there is no answer, or it is too large.
        """
        body = b'{"jsonrpc":"2.0","id":1,"method":%s,"params":%s}' % (json.dumps(method).encode(), parameters)
        text = await self._connections.exchange(body, most)
        try:
            answer = msgspec.json.decode(text, type=Answer)
        except msgspec.MsgspecError as error:
            raise EngineError(f"the node's answer to {method} is no JSON-RPC: {error}") from error
        if answer.error is not None:
            raise answer.error.refusal()
        return answer.result

    async def call(self, method: str, *parameters: Any) -> Any:
        """The result of a call. Raises Refusal, ConnectionFailure or EngineError."""
        return msgspec.json.decode(await self.raw_call(method, msgspec.json.encode(parameters)))

    async def submit(self, raws: Sequence[bytes]) -> list[bytes | Refusal]:
        """Hands transactions in, in their order; returns each one's hash, or why it is refused. Raises
        ConnectionFailure, EngineError."""
        outcomes: list[bytes | Refusal] = []
        for start in range(0, len(raws), IN_ORDER):
            part = raws[start : start + IN_ORDER]
            try:
                sent = msgspec.json.decode(await self._connections.exchange(_batch(part)), type=list[_Sent])
            except msgspec.MsgspecError as error:
                raise EngineError(f"the node's answer to a batch is no JSON-RPC: {error}") from error
            by_id = {one.id: one for one in sent}
            if sorted(by_id) != list(range(len(part))):
                raise EngineError("the node didn't answer every transaction of a batch")
            found = (by_id[place] for place in range(len(part)))
            outcomes += [one.error.refusal() if one.error else bytes.fromhex(one.result[2:]) for one in found]
        return outcomes

    async def block(self, number: int | None = None) -> Block:
        """A block, the latest without a number. Raises EngineError if there is none, Refusal, ConnectionFailure."""
        found = await self.call("eth_getBlockByNumber", "latest" if number is None else hex(number), False)
        if found is None:
            raise EngineError(f"the node has no block {number}")
        digest, parent = (bytes.fromhex(found[name][2:]) for name in ("hash", "parentHash"))
        transactions = tuple(bytes.fromhex(one[2:]) for one in found["transactions"])
        return Block(int(found["number"], 16), int(found["timestamp"], 16), digest, parent, transactions)

    async def close(self) -> None:
        """Closes the connections."""
        await self._connections.close()


class AnvilEngine(RpcEngine):
    """An embedded Anvil, which seals when it is told to."""

    async def seal(self, timestamp: int) -> Block:
        """Makes a block of all executable transactions, with this Unix time. Raises Refusal if the time is before the
        last block's, ConnectionFailure."""
        await self.call("evm_setNextBlockTimestamp", timestamp)
        await self.call("evm_mine")
        return await self.block()

    async def pool(self) -> Pool:
        """How many transactions wait."""
        status = await self.call("txpool_status")
        return Pool(int(status["pending"], 16), int(status["queued"], 16))

    async def unknown(self, digests: Sequence[bytes]) -> set[bytes]:
        """Which of these transactions are neither in the pool nor in a block."""
        return {one for one in digests if await self.call("eth_getTransactionByHash", f"0x{one.hex()}") is None}

    async def drop_queued(self) -> Dropped:
        """Drops all transactions of accounts that have one whose nonce is too high for the next block. Anvil can't drop
        such a one alone."""
        content = msgspec.json.decode(await self.raw_call("txpool_content", b"[]"), type=_Content)
        for account in content.queued:
            await self.call("anvil_removePoolTransactions", account)
        return Dropped(_hashes(content.pending, content.queued), _hashes(content.queued, content.queued))


@contextmanager
def embedded(genesis: Path, states_kept: int = STATES_KEPT) -> Iterator[AnvilEngine]:
    """Starts an Anvil on a free port of this machine, from a genesis file; ends it with the block or this process. The
    state of the last `states_kept` blocks can be read, every block's transactions, receipts and logs.

    Raises GenesisError if the genesis file can't be used, ChainError if Anvil doesn't come up.
    """
    terms = Genesis.read(genesis)
    flags = [*terms.flags(genesis), "--disable-console-log", "--no-mining", "--order", "fifo"]
    flags += ["--prune-history", str(states_kept), "--no-request-size-limit", "--no-cors"]
    with started(ChainSpec("plasma", terms.chain_id, 0), *flags) as chain:
        yield AnvilEngine(chain.url)


def _hashes(content: dict[str, dict[str, _Known]], accounts: Iterable[str]) -> list[bytes]:
    """Of some accounts' transactions, by account and nonce."""
    by_nonce = (sorted(content.get(one, {}).items(), key=lambda entry: int(entry[0])) for one in accounts)
    return [bytes.fromhex(known.hash[2:]) for entries in by_nonce for _, known in entries]


def _batch(raws: Sequence[bytes]) -> bytes:
    call = b'{"jsonrpc":"2.0","id":%d,"method":"eth_sendRawTransaction","params":["0x%s"]}'
    return b"[%s]" % b",".join(call % (place, raw.hex().encode()) for place, raw in enumerate(raws))
