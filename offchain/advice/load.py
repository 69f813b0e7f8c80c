"""When to run a load that can wait: a washing machine, a car."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from offchain.advice.errors import AdviceError
from offchain.advice.usage import WH, hours_between, later


class LoadError(AdviceError):
    """Says in one line why a load can't be placed."""


@dataclass(frozen=True)
class Prices:
    """What a kWh costs in each hour from `start` on: `buy` from the grid or the market, whichever is cheaper; `sell` is
    what the home's own surplus, `surplus` in Wh an hour, would have earned instead."""

    start: datetime
    buy: NDArray[np.float64]
    sell: NDArray[np.float64]
    surplus: NDArray[np.int64]

    def __post_init__(self) -> None:
        if not len(self.buy) == len(self.sell) == len(self.surplus):
            raise LoadError("prices and surplus are of the same hours")

    def own(self, hour: int) -> float:
        """What a kWh of the surplus costs: what it would have earned, or less where buying is cheaper than that."""
        return min(float(self.sell[hour]), float(self.buy[hour]))

    def cost(self, hour: int, wh: int) -> float:
        """Of drawing so much in an hour, surplus first."""
        own = min(wh, int(self.surplus[hour]))
        return (own * self.own(hour) + (wh - own) * float(self.buy[hour])) / WH


@dataclass(frozen=True)
class Placed:
    """`hours[i]` takes `wh[i]`; it costs `cost`, and `now` if it began in the first hour instead."""

    hours: tuple[datetime, ...]
    wh: tuple[int, ...]
    cost: float
    now: float


def run_through(prices: Prices, wh: list[int], until: datetime) -> Placed:
    """A load that runs its hours without a break, `wh[i]` in its i-th, and is done by `until`: the cheapest start, the
    earliest of equals. Raises LoadError if there isn't the time."""
    hours = _hours(prices, until)
    starts = hours - len(wh) + 1
    if not wh or starts < 1:
        raise LoadError(f"{len(wh)} hours don't fit before {until.isoformat()}")
    costs = [sum(prices.cost(start + step, each) for step, each in enumerate(wh)) for start in range(starts)]
    best = int(np.argmin(costs))
    moments = tuple(later(prices.start, best + step) for step in range(len(wh)))
    return Placed(moments, tuple(wh), costs[best], costs[0])


def charge(prices: Prices, wh: int, most: int, until: datetime) -> Placed:
    """A load that takes `wh` in any hours before `until`, at most so many Wh in one, as a car does: the cheapest, which
    filling the cheapest Wh first gives. Raises LoadError if there isn't the time."""
    hours = _hours(prices, until)
    if wh < 1 or most < 1 or hours * most < wh:
        raise LoadError(f"{wh} Wh don't fit before {until.isoformat()} at {most} Wh an hour")
    offers = []
    for hour in range(hours):
        own = min(most, int(prices.surplus[hour]))
        offers += [(prices.own(hour), hour, own), (float(prices.buy[hour]), hour, most - own)]
    taken, left = [0] * hours, wh
    for _, hour, offered in sorted(offers):
        took = min(left, offered)
        taken[hour] += took
        left -= took
    used = [(later(prices.start, hour), each) for hour, each in enumerate(taken) if each]
    cost = sum(prices.cost(hour, each) for hour, each in enumerate(taken))
    return Placed(tuple(at for at, _ in used), tuple(each for _, each in used), cost, _at_once(prices, wh, most))


def _at_once(prices: Prices, wh: int, most: int) -> float:
    cost, hour = 0.0, 0
    while wh > 0:
        cost += prices.cost(hour, min(wh, most))
        wh, hour = wh - most, hour + 1
    return cost


def _hours(prices: Prices, until: datetime) -> int:
    return max(0, min(len(prices.buy), hours_between(prices.start, until)))
