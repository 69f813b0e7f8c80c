"""Watches what a round was closed with: each update is there and signed, or whoever closed it loses its bond."""

from __future__ import annotations

from offchain.ppdl.disputes.faults import Place
from offchain.ppdl.disputes.proofs import Kind
from offchain.ppdl.network.board import Board
from offchain.ppdl.network.docket import Demands
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.prosecution import Prosecution
from offchain.ppdl.network.registry import Closing


class ClosingWatcher:
    """Of one account."""

    def __init__(self, ground: Ground, prosecution: Prosecution) -> None:
        self._ground = ground
        self._prosecution = prosecution
        self._sound: Closing | None = None

    def step(self, demands: Demands, now: int) -> str | None:
        """Does what is due at a time in Unix seconds; returns what it did, None if nothing was. Raises PublicationError
        if something is missing only because no store answers."""
        closing, number = demands.round.closing, demands.round.number
        if closing is None or closing == self._sound:
            return None
        board = self._ground.board(demands.round)
        doubtful = _doubtful(closing, board)
        if not doubtful:
            self._sound = closing
            return None
        if self._prosecution.is_early(demands, now):
            return None
        board.check_answered()
        count = self._prosecution.demand(demands, doubtful, now)
        return f"demanded {count} signatures of updates of round {number} that aren't in the store" if count else None


def _doubtful(closing: Closing, board: Board) -> list[Place]:
    """The ranks among which there must be one whose signed update isn't there; none if all is as it should be."""
    ranks = [rank for rank, index in enumerate(closing.alive.indices) if index not in board.uploads]
    if not ranks and board.alive_root(closing.alive) == closing.alive_root:
        return []
    return [Place(Kind.SIGNATURE, 0, rank) for rank in ranks or range(len(closing.alive))]
