"""A season's chain: an Anvil that makes a block when it is told, at the time that it is told."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from web3 import Web3

from offchain.artifacts import describe_revert
from offchain.chains import ROOT, Chain, ChainSpec, started
from offchain.errors import UserError
from offchain.rpc import Rpc, RpcError
from offchain.sender import Sender, development_sender

GAS = hex(12_000_000)
AT_ONCE = 500
"""Transactions of one request; Anvil answers more than 2,000 with nothing that can be read."""

PEAK = re.compile(r"VmHWM:\s+(\d+) kB")

FLAGS = (
    *("--order", "fifo", "--gas-price", "0", "--block-base-fee-per-gas", "0", "--disable-block-gas-limit"),
    *("--balance", "1000000000"),
    *("--no-request-size-limit", "--prune-history", "2", "--transaction-block-keeper", "16"),
)
"""Gas is free, so that every wei is where the market put it; and only what is asked for is kept."""


class SeasonChainError(UserError):
    """Says in one line what the chain did other than it was computed to."""


@dataclass(frozen=True)
class Call:
    """A transaction by the operator, who relays as well, or by `sender`: what it is, for the statistics, and whether it
    must revert."""

    kind: str
    to: str
    data: bytes
    value: int = 0
    fails: bool = False
    sender: str = ""


@dataclass
class Effort:
    """What the chain did: gas by kind of call, shape (calls,), and blocks; the seconds that this and all else took
    until the last hour that was over; and the most memory that its process took, in bytes, where the system tells."""

    gas: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    blocks: int = 0
    seconds: float = field(default=0.0, compare=False)
    memory: int | None = field(default=None, compare=False)

    @property
    def transactions(self) -> int:
        """How many there were."""
        return sum(map(len, self.gas.values()))


class SeasonChain:
    """Sends calls of one account in blocks of given times, and checks that each ends as it must."""

    def __init__(self, chain: Chain) -> None:
        self.web3: Web3 = chain.web3
        self.operator: Sender = development_sender(self.web3, 0)
        self.effort = Effort()
        self._rpc = Rpc(chain.url)
        self._port = urlsplit(chain.url).port
        self._nonces: dict[str, int] = {}

    def close(self) -> None:
        """Ends the connection."""
        self._rpc.close()

    def by_hand(self) -> None:
        """From now on there are blocks only when they are asked for."""
        self._rpc.call("evm_setAutomine", False)

    def block(self, time: int, calls: Sequence[Call]) -> list[dict[str, Any]]:
        """One block at a Unix time with these calls, in this order; returns their receipts. Raises SeasonChainError if
        one ends otherwise than it must."""
        self._send(calls)
        self._rpc.call("evm_mine", time)
        receipts: list[dict[str, Any]] = self._rpc.call("eth_getBlockReceipts", "latest")
        if len(receipts) != len(calls):
            raise SeasonChainError(f"of {len(calls)} transactions {len(receipts)} stand in the block")
        for call, receipt in zip(calls, receipts, strict=True):
            if (int(receipt["status"], 16) == 0) != call.fails:
                raise SeasonChainError(f"{call.kind} {self._why(call, receipt)}")
            self.effort.gas[call.kind].append(int(receipt["gasUsed"], 16))
        self.effort.blocks += 1
        return receipts

    def weigh(self) -> None:
        """Notes the memory that the chain's process has taken (Linux: its peak resident set)."""
        port = f"--port\0{self._port}\0".encode()
        peaks = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it ended meanwhile, or is another user's
                if port in (process / "cmdline").read_bytes():
                    peaks += PEAK.findall((process / "status").read_text())
        self.effort.memory = max((int(peak) * 1024 for peak in peaks), default=None)

    def set_time(self, moment: int) -> None:
        """Makes a block at a Unix time; later ones follow by the wall's clock, one a transaction, unless `by_hand`."""
        self._rpc.call("evm_setNextBlockTimestamp", moment)
        self._rpc.call("evm_mine")

    def stand_still(self) -> None:
        """From now on a block that follows by itself has the time of the one before."""
        self._rpc.call("anvil_setBlockTimestampInterval", 0)

    def state(self) -> bytes:
        """All of the chain's state, compressed; see `load`."""
        return bytes.fromhex(self._rpc.call("anvil_dumpState")[2:])

    def load(self, state: bytes) -> None:
        """Brings a fresh chain to a state."""
        self._rpc.call("anvil_loadState", "0x" + state.hex())

    def _send(self, calls: Sequence[Call]) -> None:
        for start in range(0, len(calls), AT_ONCE):
            sent = self._rpc.batch(
                [
                    (
                        "eth_sendTransaction",
                        [
                            {
                                "from": call.sender or self.operator.address,
                                "to": call.to,
                                "data": "0x" + call.data.hex(),
                                "value": hex(call.value),
                                "gas": GAS,
                                "gasPrice": "0x0",
                                "nonce": hex(self._next(call.sender or self.operator.address)),
                            }
                        ],
                    )
                    for call in calls[start : start + AT_ONCE]
                ]
            )
            refused = next((answer for answer in sent if isinstance(answer, RpcError)), None)
            if refused:
                raise SeasonChainError(f"the chain took no transaction: {refused.message}")

    def _next(self, sender: str) -> int:
        """The nonce of an account's next transaction."""
        if sender not in self._nonces:
            self._nonces[sender] = int(self._rpc.call("eth_getTransactionCount", sender, "latest"), 16)
        self._nonces[sender] += 1
        return self._nonces[sender] - 1

    def _why(self, call: Call, receipt: dict[str, Any]) -> str:
        if call.fails:
            return "was to fail, and did not"
        fields = {"from": call.sender or self.operator.address, "to": call.to, "data": "0x" + call.data.hex()}
        (answer,) = self._rpc.batch([("eth_call", [fields | {"value": hex(call.value)}, receipt["blockNumber"]])])
        reason = describe_revert(answer.data) if isinstance(answer, RpcError) else "out of gas, or by what came before"
        return f"failed: {reason}"


@contextmanager
def season_chain(genesis: int) -> Iterator[SeasonChain]:
    """Starts one whose first block has that Unix time; it ends with the block, or with this process.

    It is a fork of an empty chain: of a fork Anvil computes no state root, which would take longer with every note that
    was ever spent, and which nobody reads here.
    """
    begun = ("--timestamp", str(genesis))
    with started(ChainSpec("season", ROOT.chain_id, 0), *begun) as empty:
        forked = ("--fork-url", empty.url, "--no-storage-caching", *FLAGS)
        with started(ChainSpec("season", ROOT.chain_id, 0), *forked) as running:
            chain = SeasonChain(running)
            try:
                yield chain
            finally:
                chain.close()
