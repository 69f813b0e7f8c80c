"""Permutations of 0..size-1 that a seed draws: a Feistel network of four rounds on pairs of digits, walked until it
lands in the range.

The chain computes single places of one, in either direction. There are fewer places beyond the range than the lower
digit has values: a walk seldom takes more than one step, and never more than that. Sources: Luby and Rackoff, How to
construct pseudorandom permutations (1988); Black and Rogaway, Ciphers with arbitrary finite domains (2002).
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
        lower = 1 << (size - 1).bit_length() // 2
        self.radices = (-(-size // lower), lower)

    def __call__(self, place: int) -> int:
        """Where a place goes. Raises IndexError for a place that is none."""
        self._check(place)
        while True:
            left, right = divmod(place, self.radices[1])
            for number, table in enumerate(self._tables):
                left, right = right, (left + table[right]) % self.radices[number % 2]
            place = left * self.radices[1] + right
            if place < self.size:
                return place

    def inverse(self, place: int) -> int:
        """Which place goes here. Raises IndexError for a place that is none."""
        self._check(place)
        while True:
            left, right = divmod(place, self.radices[1])
            for number in reversed(range(ROUNDS)):
                left, right = (right - self._tables[number][left]) % self.radices[number % 2], left
            place = left * self.radices[1] + right
            if place < self.size:
                return place

    @cached_property
    def _tables(self) -> list[list[int]]:
        """For each round what is added to the left digit, by the right one; the digits change places after each."""
        return [
            [
                int.from_bytes(keccak(self.seed + bytes([number]) + right.to_bytes(32, "big")), "big")
                % self.radices[number % 2]
                for right in range(self.radices[1 - number % 2])
            ]
            for number in range(ROUNDS)
        ]

    def _check(self, place: int) -> None:
        if not 0 <= place < self.size:
            raise IndexError(f"no place {place} among {self.size}")
