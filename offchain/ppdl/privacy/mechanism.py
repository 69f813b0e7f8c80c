"""What a participant does to its update in private mode: bounds its length, and adds its share of the sum's noise.

All in whole units of the state (2^-20). Noise goes on after the last rounding, so rounding can't lengthen the update,
and before masking, so nobody sees an update without noise. Sums are modulo 2^32: reading one as a signed number is
right as long as it stays within +-2^31, which `head_room` asks of updates of full length and noise of twelve standard
deviations, an excess of 1e-32 a lane. An overflow would spoil the model, never privacy: it happens after the noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offchain.ppdl.learning.update import LARGEST_MOVE
from offchain.ppdl.privacy.accountant import Cost, PrivacyError, noise_multiplier
from offchain.ppdl.privacy.discrete_gaussian import LARGEST_DEVIATION, Stream, discrete_gaussian

Lanes = NDArray[np.int64]

SUM_BOUND = 1 << 31
TAIL = 12  # standard deviations


@dataclass(frozen=True)
class PrivateSum:
    """The noise of one round's sum, as all its participants reckon it.

    `bound` is the most an update's L2 norm may be, `multiplier` the least noise of the sum as a multiple of it.
    The noise must suffice although up to `missing` of the `participants` fall out after they drew theirs, and
    `knowing` of the others tell theirs to the one who looks (1: who looks took part). Raises PrivacyError for numbers
    that can't be kept.
    """

    bound: int
    multiplier: float
    participants: int
    lanes: int
    missing: float = 0.3
    knowing: int = 1

    def __post_init__(self) -> None:
        Cost(self.multiplier)  # raises what is to be raised for numbers that hide nothing
        if self.lanes < 1:
            raise PrivacyError(f"a sum of {self.lanes} lanes hides nothing: take 1 or more")
        if not 1 <= self.bound <= SUM_BOUND:
            raise PrivacyError(f"an update can't be bounded to {self.bound} units: take 1 to {SUM_BOUND}")
        if not 0 <= self.missing < 1 or self.knowing < 0 or self.hiding < 1:
            raise PrivacyError(
                f"of {self.participants} participants {self.hiding} would be left to hide behind: have more of them"
            )
        if self.deviation > LARGEST_DEVIATION or self.head_room < 0:
            raise PrivacyError(
                f"the sum of {self.participants} updates of up to {self.bound} units with its noise doesn't fit into"
                " 32 bits: take a smaller bound"
            )

    @property
    def alive(self) -> int:
        """Whose updates the sum must have at least."""
        return self.participants - math.floor(self.missing * self.participants)

    def check_alive(self, alive: int) -> None:
        """To be asked before any share of a seed is revealed: raises PrivacyError if so few are alive that their noise
        doesn't suffice."""
        if alive < self.alive:
            raise PrivacyError(
                f"only {alive} of {self.participants} are alive: with the noise of fewer than {self.alive} a sum tells"
                " more than planned, so it stays masked"
            )

    @property
    def hiding(self) -> int:
        """Shares of noise that hide an update at the worst."""
        return self.alive - self.knowing

    @property
    def deviation(self) -> int:
        """Of each participant's noise, rounded up to a whole unit."""
        return max(1, math.ceil(self.multiplier * self.bound / math.sqrt(self.hiding)))

    @property
    def cost(self) -> Cost:
        """Of the round, for a participant's ledger."""
        return Cost(noise_multiplier(self.bound, self.deviation, self.hiding, self.lanes))

    @property
    def head_room(self) -> int:
        """Units left below 2^31 when all take part, all move a lane by the most, and noise is at its tail."""
        largest = min(self.bound, LARGEST_MOVE)
        noise = TAIL * math.ceil(math.sqrt(self.participants) * self.deviation)
        return SUM_BOUND - 1 - self.participants * largest - noise

    def share(self, update: Lanes, stream: Stream) -> Lanes:
        """The bounded update and this participant's noise, to be added modulo 2^32. Raises PrivacyError if the update
        isn't one of this many lanes."""
        sent: Lanes = self.shares(update[None], stream)[0]
        return sent

    def shares(self, updates: Lanes, stream: Stream) -> Lanes:
        """As `share` for a row a participant, all from one stream: for simulations, where one process is them all."""
        if updates.shape[1:] != (self.lanes,):
            raise PrivacyError(f"an update of shape {updates.shape[1:]} can't go into a sum of {self.lanes} lanes")
        noise = discrete_gaussian(updates.size, self.deviation, stream).reshape(updates.shape)
        return np.stack([bounded(update, self.bound) for update in updates]) + noise


def dearest(sums: Iterable[PrivateSum]) -> Cost:
    """What a round of several sums costs whoever is in the one with the least noise."""
    return min((one.cost for one in sums), key=lambda cost: cost.multiplier)


def bounded(update: Lanes, bound: int) -> Lanes:
    """The update, each lane within +-2^20, shortened to an L2 norm of at most `bound`. Whole numbers only: lanes are
    rounded towards zero, so the norm never exceeds the bound by a rounding; a lane loses less than two units to it."""
    lanes = np.clip(update, -LARGEST_MOVE, LARGEST_MOVE).astype(np.int64)
    squared = int(np.dot(lanes, lanes))
    if squared <= bound * bound:
        return lanes
    norm = math.isqrt(squared - 1) + 1  # rounded up
    shorter: Lanes = np.sign(lanes) * (np.abs(lanes) * bound // norm)
    return shorter
