"""Whether two engines found the same models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from offchain.errors import UserError
from offchain.ppdl.flower.progress import Done
from offchain.ppdl.learning.federation import Round
from offchain.ppdl.learning.model import STATE_UNIT


class DifferenceError(UserError):
    """Says in one line how far two engines are apart."""


def compared(over_flower: Sequence[Done], in_process: Sequence[Round]) -> Iterator[str]:
    """A line for each round, and a last one. Raises DifferenceError at the end unless all states are the same, lane by
    lane, and so is all else of the rounds."""
    if len(over_flower) != len(in_process) or not over_flower:
        raise DifferenceError(f"{len(over_flower)} rounds are over Flower, {len(in_process)} in process")
    differences = []
    for one, other in zip(over_flower, in_process, strict=True):
        differences.append(_difference(one, other))
        same = "the same" if differences[-1] == 0 else f"up to {differences[-1]} units of 2^-20 apart"
        yield f"round {other.number}: {len(one.state)} weights over Flower and in process are {same}"
        if _rest(one) != (other.number, other.clients, other.loss_before, other.loss_after, other.accepted):
            raise DifferenceError(f"not the same: round {other.number} went differently")
    if max(differences) > 0:
        raise DifferenceError(f"not the same: the largest difference is {max(differences) * STATE_UNIT:.2e}")
    yield "same: the largest difference is 0"


def _difference(one: Done, other: Round) -> int:
    """In units of 2^-20."""
    if len(one.state) != len(other.state):
        raise DifferenceError(f"not the same: models of {len(one.state)} and {len(other.state)} weights")
    return int(np.abs(np.array(one.state, np.int64) - other.state).max())


def _rest(done: Done) -> tuple[int, int, int, int, bool]:
    return done.round, done.clients, done.loss_before, done.loss_after, done.accepted
