"""A Groth16 proof as contracts take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Pair = tuple[int, int]


@dataclass(frozen=True)
class Proof:
    """Points over BN254; `b` in the order of EIP-197, imaginary part first."""

    a: Pair
    b: tuple[Pair, Pair]
    c: Pair

    @classmethod
    def from_numbers(cls, numbers: Sequence[int]) -> Proof:
        """The proof of its eight numbers in the contracts' order."""
        ax, ay, *b, cx, cy = numbers
        return cls((ax, ay), ((b[0], b[1]), (b[2], b[3])), (cx, cy))

    @classmethod
    def from_snarkjs(cls, content: dict[str, Any]) -> Proof:
        """The proof of snarkjs's `proof.json`, which has the real parts first."""
        a, b, c = ([*map(int, content["pi_a"])], content["pi_b"], [*map(int, content["pi_c"])])
        return cls.from_numbers([*a[:2], *(int(number) for point in b[:2] for number in reversed(point)), *c[:2]])

    @property
    def numbers(self) -> tuple[int, ...]:
        """All eight, in the contracts' order."""
        return (*self.a, *self.b[0], *self.b[1], *self.c)
