"""Where our exchange differs from Uniswap V1, as one small object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """What an exchange does beyond, or other than, Uniswap V1.

    `locked_liquidity`: units of liquidity that belong to nobody from the founding on; an exchange where nothing else is
    left, and that is worth less than 1e9 wei, can be founded again. V1: 0.
    `forwards_gas`: ETH is paid out with all gas, so that an exchange can be its receiver and buy with it. V1 pays out
    with 2300 gas, which no exchange can do anything with.
    """

    name: str
    locked_liquidity: int
    forwards_gas: bool


ORIGINAL = Rules("original", locked_liquidity=0, forwards_gas=False)
OURS = Rules("ours", locked_liquidity=1000, forwards_gas=True)

MIN_FOUNDING_WEI = 10**9
"""Least ETH that founds an exchange (V1 documentation, `addLiquidity`)."""
