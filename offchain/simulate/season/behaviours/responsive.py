"""A household that follows the common forecast: it stores when energy will be cheap, and uses and sells when dear."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from offchain.simulate.season.behaviour import Order, Own, Plan, View
from offchain.simulate.season.behaviours.honest import Honest
from offchain.simulate.season.season import Battery, Season

DAY = 24
LEVELS = 13
"""Charges of a battery that are weighed, from empty to full."""
TASTE = 0.02
"""By how much homes' views of a price differ, so that not all choose the same hour."""
FEE = 0.003
MOST_RISE = 10.0
"""Of a price within an hour, as a logarithm: more is more than enough."""
WEAR = 1.0
"""Won a kWh in or out of a battery that must be gained at least."""


class Responsive(Honest):
    """It expects what the microgrid makes and needs to move the exchange's price, within the utility's prices; without
    an exchange, the price to be the side's that has less. For energy that transformer and lines won't carry it expects
    nothing. Before it has traded, it knows the utility's prices alone."""

    def __init__(self, season: Season, place: int, random: Generator) -> None:
        super().__init__(season, place, random)
        self.random = random
        self.trades = False
        microgrid = self.home.microgrid
        reach = sum(line.power for line in season.lines if microgrid in line.ends)
        self.carried = season.microgrids[microgrid].feeder + reach
        self.nets: deque[int] = deque(maxlen=DAY)

    def plan(self, own: Own, view: View) -> Plan:
        """What a day's best schedule begins with, as far as it can foresee the day."""
        buy, sell = self._expected(own.microgrid, view)
        nets = np.array([*self.nets, *[0] * (DAY - len(self.nets))], float)
        nets = np.concatenate([[own.made - own.used], nets[1:]])  # the day as the last one was, but for now
        car = self._car(own.car, view.hour, buy, sell, nets)
        nets[0] -= car
        battery = _battery(self.home.battery, own.battery, buy, sell, nets) if self.home.battery else 0
        self.nets.append(own.made - own.used)
        return Plan(battery, car)

    def orders(self, own: Own, view: View, exported: int, imported: int) -> Sequence[Order]:
        """As any household's."""
        self.trades = True
        return super().orders(own, view, exported, imported)

    def _expected(self, microgrid: int, view: View) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What a kWh will cost and bring in the next hours, won, shape (24,) each."""
        buy, sell = view.tariff.copy(), view.feed_in.copy()
        nets = view.foreseen[:, microgrid]
        if self.trades:
            price, depth = float(view.spot[microgrid]), float(view.depth[microgrid])
            for hour, net in enumerate(nets):
                if depth:
                    price = min(max(price * math.exp(min(-2 * net / depth, MOST_RISE)), sell[hour]), buy[hour])
                else:
                    price = sell[hour] if net > 0 else buy[hour]
                tasted = price * (1 + TASTE * self.random.uniform(-1, 1))
                buy[hour], sell[hour] = min(buy[hour], tasted * (1 + FEE)), max(sell[hour], tasted * (1 - FEE))
        sell[nets > self.carried] = 0
        return buy, sell

    def _car(self, level: int, hour: int, buy: Any, sell: Any, nets: NDArray[np.float64]) -> int:
        """Full when it leaves, charged in the hours in which that costs least."""
        car = self.home.car
        if not car or not car.parked[hour]:
            return 0
        parked = car.parked[hour : hour + DAY]
        stays = len(parked) if parked.all() else int(parked.argmin())
        wanted = car.capacity - level
        costs = np.where(nets[:stays] >= car.power, sell[:stays], buy[:stays])
        needed = -(-wanted // car.power)
        return min(car.power, wanted) if 0 in np.argsort(costs, kind="stable")[:needed] else 0


def _battery(
    battery: Battery, level: int, buy: NDArray[np.float64], sell: NDArray[np.float64], nets: NDArray[np.float64]
) -> int:
    """The first step of a day's best schedule, Wh into the battery, by dynamic programming over its charge. What is
    left at the end is worth what it would bring on the mean."""
    levels = np.linspace(0, battery.capacity, LEVELS)
    changes = levels[None, :] - levels[:, None]
    flows = np.where(changes > 0, changes / battery.efficiency, changes)
    grid = nets[1:, None, None] - flows
    values = np.where(grid > 0, grid * sell[1:, None, None], grid * buy[1:, None, None])
    values -= WEAR * abs(flows)
    values[:, abs(flows) > battery.power] = -np.inf
    worth = levels * float(sell.mean())
    for hour in reversed(range(DAY - 1)):
        worth = (values[hour] + worth).max(axis=1)
    most = min(battery.power, int((battery.capacity - level) / battery.efficiency))
    least = -min(battery.power, level)
    steps = np.concatenate([np.linspace(least, most, LEVELS), [0.0, min(max(nets[0], least), most)]])
    left = nets[0] - steps
    after = level + np.where(steps > 0, steps * battery.efficiency, steps)
    gains = np.where(left > 0, left * sell[0], left * buy[0]) + np.interp(after, levels, worth) - WEAR * abs(steps)
    return int(steps[int(gains.argmax())])
