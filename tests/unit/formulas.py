"""Uniswap V1's prices, written down once more for the tests."""

from __future__ import annotations

ETHER = 10**18
DEADLINE = 2**40
"""A deadline no test reaches."""


def input_price(sold: int, reserve_in: int, reserve_out: int) -> int:
    """What exactly `sold` buys."""
    return sold * 997 * reserve_out // (reserve_in * 1000 + sold * 997)


def output_price(bought: int, reserve_in: int, reserve_out: int) -> int:
    """What exactly `bought` costs."""
    return reserve_in * bought * 1000 // ((reserve_out - bought) * 997) + 1
