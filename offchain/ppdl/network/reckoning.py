"""What comes of the round that runs, as far as the chain and the store tell it; computed once for each closing."""

from __future__ import annotations

from offchain.ppdl.aggregation.messages import Header
from offchain.ppdl.aggregation.unmasking import UnmaskError
from offchain.ppdl.network.board import BoardError
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.outcome import Outcome
from offchain.ppdl.network.registry import Round


class Reckoning:
    """Of one account's ground."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._outcome: tuple[Round, Outcome] | None = None

    def outcome(self, round_: Round) -> Outcome | None:
        """What comes of a closed round, None while something is missing."""
        if self._outcome is None or not self._outcome[0].closed_as(round_):
            board = self._ground.board(round_)
            try:
                evidence = board.evidence()
            except (BoardError, UnmaskError):
                return None
            state = self._ground.synced.chain.state(self._ground.synced.update())
            self._outcome = (round_, Outcome.of(state, evidence, board.alive_uploads()))
        return self._outcome[1]

    def header(self, round_: Round, outcome: Outcome) -> Header:
        """The header that follows: everybody makes the same one."""
        head = self._ground.synced.update()
        task, tolerance = self._ground.synced.chain.task, self._ground.registry.rules.tolerance
        return outcome.header(task, tolerance, head.header, round_.finalised_at)
