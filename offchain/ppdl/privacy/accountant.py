"""How much privacy rounds cost: Rényi differential privacy of sums with discrete Gaussian noise.

Neighbours are two rounds that differ in one participant, whose update the second one takes as zero; so a privacy loss
is a participant's, with all its readings, not a reading's. Noise is given as a multiple of the update's L2 bound.

Sources: Mironov, "Rényi differential privacy" (CSF 2017); Mironov, Talwar and Zhang, "Rényi differential privacy of the
sampled Gaussian mechanism" (2019); Canonne, Kamath and Steinke, "The discrete Gaussian for differential privacy"
(NeurIPS 2020); Kairouz, Liu and Steinke, "The distributed discrete Gaussian mechanism" (ICML 2021).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from offchain.errors import UserError

WHOLE_ORDERS = tuple(float(order) for order in (*range(2, 65), 80, 96, 128, 192, 256, 512))
ORDERS = (*(1 + step / 20 for step in range(1, 180) if step % 20), *WHOLE_ORDERS)
WEAKEST, STRONGEST = 1e-2, 1e5
PRECISION = 1e-4


class PrivacyError(UserError):
    """Says in one line why something can't be done privately."""


@dataclass(frozen=True)
class Budget:
    """The most that may be lost, ever: with probability 1 - delta, no output gets more likely by a factor over
    e^epsilon because one participant took part. Raises PrivacyError if that means nothing."""

    epsilon: float
    delta: float

    def __post_init__(self) -> None:
        if not 0 < self.epsilon < math.inf:
            raise PrivacyError(f"a privacy budget of epsilon {self.epsilon:g} can't be kept: take one above 0")
        if not 0 < self.delta < 1:
            raise PrivacyError(f"a delta of {self.delta:g} isn't a probability: take one between 0 and 1")


@dataclass(frozen=True)
class Cost:
    """Of a round: noise as a multiple of the update's bound, and the share of participants drawn into it.

    `rate` is below 1 only where who takes part is drawn at random and kept secret. On the chain everybody sees it, so
    there it is 1. Raises PrivacyError for numbers that can't be.
    """

    multiplier: float
    rate: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.multiplier < math.inf:
            raise PrivacyError(f"noise of {self.multiplier:g} times the bound hides nothing: take more than 0")
        if not 0 < self.rate <= 1:
            raise PrivacyError(f"a share of {self.rate:g} of the participants can't be drawn: take one up to 1")

    def loss(self, order: float) -> float:
        """A bound of the Rényi divergence of this order.

        All participants: `order / (2 multiplier^2)`, Canonne et al., proposition 5; being drawn never costs more than
        that (the divergence of mixtures is quasi-convex, van Erven and Harremoës 2014). Drawn ones, whole orders:
        Mironov et al. 2019, section 3.3, whose sum is the same for discrete Gaussians, as these move by whole numbers.
        """
        whole_cost = order / (2 * self.multiplier**2)
        if self.rate == 1 or order not in WHOLE_ORDERS:
            return whole_cost
        whole = int(order)
        terms = [
            _log_choose(whole, drawn)
            + (whole - drawn) * math.log1p(-self.rate)
            + drawn * math.log(self.rate)
            + (drawn * drawn - drawn) / (2 * self.multiplier**2)
            for drawn in range(whole + 1)
        ]
        return min(whole_cost, max(0.0, _log_sum(terms) / (order - 1)))


def epsilon(costs: Iterable[Cost], delta: float) -> float:
    """What rounds cost together: the best of all orders, converted after Canonne et
    al., proposition 12. No rounds cost nothing."""
    return composed(Counter(costs), delta)


def composed(counts: Mapping[Cost, int], delta: float) -> float:
    """As `epsilon`, for so many rounds of each cost."""
    if not counts:
        return 0.0
    return min(_converted(counts, order, delta) for order in ORDERS)


def calibrated(budget: Budget, rounds: int, rate: float = 1.0) -> Cost:
    """The least noise with which that many rounds keep within a budget, by bisection, on the safe side of it. Raises
    PrivacyError if no sensible noise does."""
    if rounds < 1:
        raise PrivacyError(f"{rounds} rounds can't be planned: take 1 or more")

    def kept(multiplier: float) -> bool:
        return composed({Cost(multiplier, rate): rounds}, budget.delta) <= budget.epsilon

    low, high = WEAKEST, STRONGEST
    if not kept(high):
        raise PrivacyError(
            f"no noise keeps {rounds} rounds within epsilon {budget.epsilon:g} at delta {budget.delta:g}:"
            " take fewer rounds or a larger budget"
        )
    while high / low > 1 + PRECISION:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if kept(middle) else (middle, high)
    return Cost(high, rate)


def convolution_gap(deviation: float, shares: int) -> float:
    """How far a sum of discrete Gaussians may be from being one itself (tau of Kairouz et al., theorem 9), for shares
    of one standard deviation, at least 1/2, in whole units. From a deviation of 10 on it is below 1e-400."""
    if deviation < 0.5:
        raise PrivacyError(f"noise with a deviation of {deviation:g} units is too coarse: take at least 1/2")
    exponent = -2 * (math.pi * deviation) ** 2
    # the first term is the largest, and all others are at most it
    first = math.exp(exponent / 2)
    return 0.0 if first == 0 else 10 * sum(math.exp(exponent * k / (k + 1)) for k in range(1, shares))


def noise_multiplier(bound: float, deviation: float, shares: int, lanes: int) -> float:
    """What a sum's noise is worth when `shares` participants each add discrete Gaussian noise of a deviation to
    `lanes` lanes, and updates keep a bound, both in whole units: `1 / (bound / (sqrt(shares) deviation) + tau
    sqrt(lanes))`, Kairouz et al., proposition 14."""
    gap = convolution_gap(deviation, shares) * math.sqrt(lanes)
    return 1 / (bound / (math.sqrt(shares) * deviation) + gap)


def _converted(counts: Mapping[Cost, int], order: float, delta: float) -> float:
    loss = sum(count * cost.loss(order) for cost, count in counts.items())
    converted = loss + math.log1p(-1 / order) - (math.log(delta) + math.log(order)) / (order - 1)
    return max(0.0, converted)


def _log_choose(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)


def _log_sum(logarithms: list[float]) -> float:
    largest = max(logarithms)
    return largest + math.log(sum(math.exp(one - largest) for one in logarithms))
