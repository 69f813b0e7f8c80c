"""Distributed selective SGD (Shokri and Shmatikov, CCS 2015): clients send a small share of their update each round.

What a client doesn't send it adds to its next update (error feedback; Stich et al. 2018), so nothing is lost.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from offchain.ppdl.learning.model import Model, to_parameters, to_state
from offchain.ppdl.learning.training import ClientData, Training, train
from offchain.ppdl.learning.update import LARGEST_MOVE, Lanes, with_losses

Moves = NDArray[np.int64]


@dataclass
class Selective:
    """Local training that sends `share` of the weights' moves. `unsent` [clients, weights] is each client's private
    remainder: a run that goes on needs it.

    Which ones: each client its largest, as in the paper. That shows where its update is large, and masks can't hide
    what isn't sent; so under secure aggregation `shared` takes the same ones for all, drawn anew each round.
    """

    share: float = 0.1
    shared: bool = False
    unsent: Moves | None = field(default=None, repr=False)

    def __call__(self, model: Model, data: ClientData, training: Training, state: Lanes, number: int) -> Lanes:
        """The update vectors [clients, weights + 1]."""
        start = to_parameters(state, str(data.features.device)).expand(len(data.names), -1)
        trained, losses = train(model, start, data, training, number)
        moves = to_state(trained).astype(np.int64) - state
        if self.unsent is not None:
            moves += self.unsent
        chosen = self._shared(moves, training.seed, number) if self.shared else self._largest(moves)
        sent = np.where(chosen, np.clip(moves, -LARGEST_MOVE, LARGEST_MOVE), 0)
        self.unsent = moves - sent
        return with_losses(sent, losses.cpu().double().numpy())

    def _count(self, weights: int) -> int:
        return max(1, math.floor(self.share * weights))

    def _largest(self, moves: Moves) -> NDArray[np.bool_]:
        """Each client's own: the largest, among equals the first."""
        order = np.argsort(-np.abs(moves), axis=1, kind="stable")[:, : self._count(moves.shape[1])]
        chosen = np.zeros(moves.shape, np.bool_)
        np.put_along_axis(chosen, order, True, axis=1)
        return chosen

    def _shared(self, moves: Moves, seed: int, number: int) -> NDArray[np.bool_]:
        """The same for all, from the round's number."""
        digest = hashlib.sha256(f"shared/{seed}/{number}".encode()).digest()
        random = np.random.default_rng(int.from_bytes(digest, "big"))
        chosen = np.zeros(moves.shape, np.bool_)
        chosen[:, random.choice(moves.shape[1], self._count(moves.shape[1]), replace=False)] = True
        return chosen
