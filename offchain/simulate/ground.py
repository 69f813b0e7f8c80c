"""Where a simulated day takes place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from web3 import Web3


class Ground(Protocol):
    """Where a day takes place: a plasma chain of its own, whose gas is free and whose clock can be set."""

    @property
    def web3(self) -> Web3:
        """The chain."""

    def deposit(self, amounts: Mapping[str, int]) -> None:
        """Has wei deposited for accounts by their addresses; returns once they have it."""

    def set_time(self, moment: int) -> None:
        """Sets the clock forward to a Unix time, if it isn't later already; returns once a block has that time."""
