"""Permutations of 0..size-1 that a seed draws: a Feistel network of four rounds, walked until it lands in the range.

The chain computes single places of one, in either direction. Sources: Luby and Rackoff, How to construct pseudorandom
permutations (1988); Black and Rogaway, Ciphers with arbitrary finite domains (2002), for the walk.
"""

from __future__ import annotations

from functools import cached_property

from eth_utils.crypto import keccak

ROUNDS = 4


class Permutation:
    """A permutation of so many places. Raises ValueError for none."""

    def __init__(self, seed: bytes, size: int) -> None:
        if size < 1:
            raise ValueError("a permutation is of one place or more")
        self.size = size
        self.seed = seed
        self.half_bits = ((size - 1).bit_length() + 1) // 2
        self._mask = (1 << self.half_bits) - 1

    def __call__(self, place: int) -> int:
        """Where a place goes. Raises IndexError for a place that is none."""
        self._check(place)
        while True:
            left, right = place >> self.half_bits, place & self._mask
            for table in self._tables:
                left, right = right, left ^ table[right]
            place = left << self.half_bits | right
            if place < self.size:
                return place

    def inverse(self, place: int) -> int:
        """Which place goes here. Raises IndexError for a place that is none."""
        self._check(place)
        while True:
            left, right = place >> self.half_bits, place & self._mask
            for table in reversed(self._tables):
                left, right = right ^ table[left], left
            place = left << self.half_bits | right
            if place < self.size:
                return place

    @cached_property
    def _tables(self) -> list[list[int]]:
        """For each round what is added to the left half, by the right half."""
        return [
            [
                int.from_bytes(keccak(self.seed + bytes([number]) + right.to_bytes(32, "big")), "big") & self._mask
                for right in range(1 << self.half_bits)
            ]
            for number in range(ROUNDS)
        ]

    def _check(self, place: int) -> None:
        if not 0 <= place < self.size:
            raise IndexError(f"no place {place} among {self.size}")
