"""Those in a round take turns, so that not all do the same at the same time."""

from __future__ import annotations

from collections.abc import Hashable

from offchain.ppdl.network.registry import Round

PATIENCE = 3
"""Seconds for which one leaves to others what anyone may do, for each place behind."""


class Turns:
    """Of one account, an address of 20 bytes. The order is another one in each round. Of work in several pieces each
    piece is another one's to do first: all together do it once, not all the same piece."""

    def __init__(self, address: bytes) -> None:
        self._address = address
        self._round = 0
        self._noticed: dict[Hashable, int] = {}

    def has_come(self, round_: Round, what: Hashable, now: int, most: int | None = None, piece: int = 0) -> bool:
        """Whether its turn has come to do something in a round, a piece of some work by its number: the first at once
        when it notices that it is due, the next ones later, at most so many seconds."""
        if round_.number != self._round:
            self._round, self._noticed = round_.number, {}
        noticed = self._noticed.setdefault(what, now)
        wait = PATIENCE * self._place(round_, piece)
        return now >= noticed + (wait if most is None else min(wait, most))

    def own_first(self, round_: Round, pieces: int) -> list[int]:
        """The numbers of so many pieces of work, in the order in which its turns to do them come."""
        return sorted(range(pieces), key=lambda piece: self._place(round_, piece))

    def _place(self, round_: Round, piece: int) -> int:
        """How many others it lets go first: who isn't in the round all who are."""
        count, index = len(round_.keys), round_.index_of(self._address)
        before, start = (count, int.from_bytes(self._address)) if index is None else (0, index)
        return before + (start - round_.number - piece) % max(count, 1)
