"""Amounts are integers on chain: wei, and base units of energy tokens."""

from __future__ import annotations

ETHER = 10**18
"""Wei in an ETH, and base units in a token, which is one kWh."""

WATT_HOUR = ETHER // 1000
"""Base units in a Wh."""


def shown(amount: int) -> str:
    """An amount in ETH or kWh, with at most six decimals."""
    return f"{amount / ETHER:,.6f}".rstrip("0").rstrip(".")
