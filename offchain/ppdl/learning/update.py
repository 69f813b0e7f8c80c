"""The update a client sends, and what becomes of the model by their sum: integers (docs/reference/ppdl-protocol.md)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST_MOVE = 2**20
LARGEST_LOSS = 2**20
LOSS_UNIT = 2.0**-20

Lanes = NDArray[np.int32]


def encode(old: Lanes, new: Lanes, losses: NDArray[np.float64]) -> Lanes:
    """The update vectors [clients, weights + 1] of clients whose training went from the state `old` [weights] to the
    states `new` [clients, weights]; the last lane is each one's training loss."""
    moves = np.clip(new.astype(np.int64) - old, -LARGEST_MOVE, LARGEST_MOVE)
    return with_losses(moves, losses)


def with_losses(moves: NDArray[np.int64], losses: NDArray[np.float64]) -> Lanes:
    """Moves [clients, weights] followed by the lane of statistics."""
    lane = np.minimum(np.round(np.nan_to_num(losses, nan=np.inf) / LOSS_UNIT), LARGEST_LOSS)
    updates: Lanes = np.concatenate([moves, lane[:, None]], axis=1).astype(np.int32)
    return updates


def plain_sum(updates: Lanes) -> Lanes:
    """The sum modulo 2^32, what secure aggregation finds too, read as signed."""
    total: Lanes = updates.view(np.uint32).sum(axis=0, dtype=np.uint32).view(np.int32)
    return total


def apply_sum(old: Lanes, total: Lanes, clients: int) -> Lanes:
    """The new state: old + total / clients, rounded to the nearest, halves up, kept within int32."""
    doubled = 2 * total[: len(old)].astype(np.int64) + clients
    moved = old + np.floor_divide(doubled, 2 * clients)
    state: Lanes = np.clip(moved, -(2**31), 2**31 - 1).astype(np.int32)
    return state


def mean_loss(total: Lanes, clients: int) -> float:
    """The clients' mean training loss."""
    return float(total[-1]) * LOSS_UNIT / clients
