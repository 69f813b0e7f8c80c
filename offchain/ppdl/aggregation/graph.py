"""Who masks with whom: the neighbours of each participant, and the committee of a header.

Everybody is everybody's neighbour up to 101 participants; above that each has the 100 nearest ones in a ring that is
drawn after all keys were committed. Source: Bell et al., Secure Single-Server Aggregation with (Poly)Logarithmic
Overhead (CCS 2020).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from eth_utils.crypto import keccak

from offchain.ppdl.aggregation.permutation import Permutation

MOST_NEIGHBOURS = 100
HALF = MOST_NEIGHBOURS // 2
COMMITTEE_SEATS = 7


@dataclass(frozen=True)
class RoundKeys:
    """What a participant commits first: its address (20 bytes) and two fresh X25519 public keys (32 bytes each)."""

    participant: bytes
    channel_key: bytes
    mask_key: bytes


def graph_seed(round_: int, keys: Iterable[RoundKeys]) -> bytes:
    """The running hash over all keys in the order of their transactions, 32 bytes."""
    seed = round_.to_bytes(32, "big")
    for one in keys:
        seed = keccak(seed + one.participant + one.channel_key + one.mask_key)
    return seed


@dataclass(frozen=True)
class Graph:
    """The neighbours of `size` participants, at least two of them; symmetric, nobody is its own neighbour."""

    seed: bytes
    size: int

    @property
    def degree(self) -> int:
        """How many neighbours each has."""
        return min(self.size - 1, MOST_NEIGHBOURS)

    @property
    def threshold(self) -> int:
        """How many neighbours' shares open a secret: more than half."""
        return self.degree // 2 + 1

    def neighbours(self, index: int) -> tuple[int, ...]:
        """The participants in all slots of one, slot by slot. Raises IndexError if there is no such participant."""
        if not 0 <= index < self.size:
            raise IndexError(f"no participant {index} among {self.size}")
        if index not in self._known:
            self._known[index] = tuple(self._neighbour(index, slot) for slot in range(self.degree))
        return self._known[index]

    def slot(self, index: int, neighbour: int) -> int | None:
        """In which slot of `index` its neighbour is, None if it is none."""
        if self.size <= MOST_NEIGHBOURS + 1:
            return None if index == neighbour else (neighbour - index - 1) % self.size
        ahead = (self._places[neighbour] - self._places[index]) % self.size
        if 1 <= ahead <= HALF:
            return ahead - 1
        behind = self.size - ahead
        return HALF - 1 + behind if 1 <= behind <= HALF else None

    def _neighbour(self, index: int, slot: int) -> int:
        if self.size <= MOST_NEIGHBOURS + 1:
            return (index + 1 + slot) % self.size
        step = slot + 1 if slot < HALF else HALF - 1 - slot
        return self._ring[(self._places[index] + step) % self.size]

    @cached_property
    def _known(self) -> dict[int, tuple[int, ...]]:
        return {}

    @cached_property
    def _places(self) -> list[int]:
        permutation = Permutation(self.seed, self.size)
        return [permutation(index) for index in range(self.size)]

    @cached_property
    def _ring(self) -> list[int]:
        ring = [0] * self.size
        for index, place in enumerate(self._places):
            ring[place] = index
        return ring


def committee(seed: bytes, alive_root: bytes, close_block_hash: bytes, alive: int) -> list[int]:
    """The alive ranks of the seven seats that sign a round's header; seed is the graph's, the hash that of the block
    before the one that closed the round. Raises IndexError if fewer are alive."""
    permutation = Permutation(keccak(seed + alive_root + close_block_hash), alive)
    return [permutation.inverse(seat) for seat in range(COMMITTEE_SEATS)]
