"""What waits at a leader: requests that it hasn't looked at, and transactions that it has acknowledged and that are in
no block yet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from offchain.plasma.envelope import Envelope
from offchain.plasma.jsonrpc import Refusal

AT_ONCE = 500
"""Transactions that are admitted, and synced to the disk, together."""

MOST_BYTES = 2**24
"""Bytes of transactions that are taken together."""

MOST_GAS_WAITING = 1_800_000_000
"""Gas limits of transactions that wait for a block: ten blocks'. So much can stand before the operator's own."""

Outcome = bytes | Refusal
"""A transaction's hash, or why it isn't taken."""


@dataclass(frozen=True)
class Request:
    """Transactions of one client, which gets one answer."""

    raws: Sequence[bytes]
    looks: Sequence[Envelope]
    answer: asyncio.Future[list[Outcome]]
    height: int
    """The last block when it came."""


def together(queue: deque[Request]) -> list[Request]:
    """Takes the first request off the queue, and more as long as all together are not too many."""
    taken: list[Request] = []
    count = size = gas = 0
    while queue:
        count, size = count + len(queue[0].raws), size + sum(map(len, queue[0].raws))
        gas += sum(one.gas for one in queue[0].looks)
        if taken and (count > AT_ONCE or size > MOST_BYTES or gas > MOST_GAS_WAITING):
            break
        taken.append(queue.popleft())
    return taken


class Waiting:
    """Acknowledged transactions: their places in the log, by hash, and the gas they may use together."""

    def __init__(self) -> None:
        self._places: dict[bytes, tuple[int, int]] = {}
        self.gas = 0

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._places

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._places)

    def place(self, digest: bytes) -> int:
        """The place of one that waits. Raises KeyError if it doesn't."""
        return self._places[digest][0]

    def add(self, digest: bytes, index: int, gas: int) -> None:
        """One more. One that waits already changes its place."""
        _, before = self._places.get(digest, (0, 0))
        self._places[digest] = index, gas
        self.gas += gas - before

    def take(self, digests: Iterable[bytes]) -> list[int]:
        """Those of these that waited wait no longer; returns their places."""
        found = [self._places.pop(digest) for digest in digests if digest in self._places]
        self.gas -= sum(gas for _, gas in found)
        return [index for index, _ in found]
