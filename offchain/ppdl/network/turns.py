"""Those in a round take turns, so that not all do the same at the same time."""

from __future__ import annotations

from collections.abc import Hashable

from offchain.ppdl.network.registry import Round

PATIENCE = 3
"""Seconds for which one leaves to others what anyone may do, for each place behind."""


class Turns:
    """Of one account, an address of 20 bytes. The order is another one in each round."""

    def __init__(self, address: bytes) -> None:
        self._address = address
        self._round = 0
        self._noticed: dict[Hashable, int] = {}

    def has_come(self, round_: Round, what: Hashable, now: int, most: int | None = None) -> bool:
        """Whether its turn has come to do something in a round: the first at once when it notices that it is due, the
        next ones later, at most so many seconds."""
        if round_.number != self._round:
            self._round, self._noticed = round_.number, {}
        noticed = self._noticed.setdefault(what, now)
        wait = PATIENCE * self._place(round_)
        return now >= noticed + (wait if most is None else min(wait, most))

    def _place(self, round_: Round) -> int:
        """How many others it lets go first."""
        index = round_.index_of(self._address)
        return len(round_.keys) if index is None else (index - round_.number) % len(round_.keys)
