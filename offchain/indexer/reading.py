"""A chain's blocks and their logs, as a node has them.

Logs are asked for by their block's hash, so that a node can't answer for another fork than the header's; and only where
the header's bloom filter says that a followed contract may have logged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_utils.crypto import keccak

from offchain.node import Node

BLOOM_BITS = 2048
HEADERS_AT_ONCE = 100


@dataclass(frozen=True)
class Header:
    """What a block's header says; time in Unix seconds."""

    number: int
    hash: str
    parent: str
    time: int
    bloom: int

    def may_have_logs_of(self, address: str) -> bool:
        """Whether the contract may have logged in the block; False is certain."""
        bits = _bloom_bits(address)
        return self.bloom & bits == bits


@dataclass(frozen=True)
class BlockReader:
    """Reads the blocks of a chain."""

    node: Node

    def header(self, number: int) -> Header | None:
        """A block's header, None if there is none of that number. Raises NodeError."""
        block = self.node.block(number)
        return None if block is None else _header(block)

    def headers(self, first: int, last: int) -> list[Header]:
        """The headers of a range of blocks, as far as they are there. Raises NodeError."""
        found: list[Header] = []
        for start in range(first, last + 1, HEADERS_AT_ONCE):
            numbers = range(start, min(start + HEADERS_AT_ONCE - 1, last) + 1)
            blocks = self.node.call_all("eth_getBlockByNumber", [(hex(number), False) for number in numbers])
            found += [_header(block) for block in blocks if block is not None]
        return found

    def logs(self, block_hash: str) -> list[dict[str, Any]]:
        """All logs of a block, in order. Raises NodeError."""
        logs: list[dict[str, Any]] = self.node.call("eth_getLogs", {"blockHash": block_hash})
        return sorted(logs, key=lambda log: int(log["logIndex"], 16))


def _header(block: dict[str, Any]) -> Header:
    number, time, bloom = (int(block[name], 16) for name in ("number", "timestamp", "logsBloom"))
    return Header(number, block["hash"], block["parentHash"], time, bloom)


@cache
def _bloom_bits(address: str) -> int:
    """The three bits of an address in a header's bloom filter (Ethereum's yellow paper, section 4.3.1)."""
    digest = keccak(bytes.fromhex(address.removeprefix("0x")))
    bits = 0
    for place in (0, 2, 4):
        bits |= 1 << int.from_bytes(digest[place : place + 2], "big") % BLOOM_BITS
    return bits
