"""The homes of a season through its hours, as they live in any world: they plan, electricity flows, meters count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from offchain.advice.usage import later
from offchain.simulate.season.behaviour import Own, View
from offchain.simulate.season.behaviours import mind
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.physics import Hour, Plant
from offchain.simulate.season.season import Season

AHEAD = 24

Foresight = Callable[[int], NDArray[np.float64]]
"""What the microgrids will have made less used in the `AHEAD` hours from an hour on, as forecast before it, in Wh,
shape (24, microgrids)."""


class Households:
    """Their minds, what they have, and what happened to them so far. `opening` are the prices before the first hour,
    won a kWh, shape (microgrids,)."""

    def __init__(self, season: Season, foresight: Foresight, opening: NDArray[np.float64]) -> None:
        self.season, self.foresight, self.opening = season, foresight, opening
        self.plant = Plant.of(season)
        self.stored = self.plant.first
        self.minds = [mind(season, place) for place in range(len(season.homes))]
        self.owns = [Own(home.microgrid) for home in season.homes]
        self.ledger = Ledger.blank(season.hours, len(season.homes), len(season.microgrids), len(season.lines))

    def view(self, hour: int) -> View:
        """What all can know before an hour."""
        season, ledger = self.season, self.ledger
        ahead = np.minimum(np.arange(hour, hour + AHEAD), season.hours - 1)
        return View(
            hour,
            later(season.start, hour),
            ledger.price[hour - 1] if hour else self.opening,
            ledger.average[hour - 1] if hour else self.opening,
            np.zeros(len(season.microgrids)),
            ledger.price[:hour],
            season.tariff[ahead],
            season.feed_in[ahead],
            self.foresight(hour),
        )

    def live(self, hour: int, view: View) -> Hour:
        """Has them plan, and writes down what electricity does then."""
        season, ledger = self.season, self.ledger
        for place, own in enumerate(self.owns):
            own.battery, own.car = int(self.stored.battery[place]), int(self.stored.car[place])
            own.made, own.used = int(season.made[hour, place]), int(season.used[hour, place])
        plans = [one.plan(own, view) for one, own in zip(self.minds, self.owns, strict=True)]
        passed = self.plant.hour(hour, self.stored, plans)
        self.stored = passed.stored
        ledger.made[hour] = season.made[hour]
        ledger.used[hour] = season.used[hour] + passed.charged + passed.into_car
        ledger.discharged[hour] = passed.discharged
        ledger.curtailed[hour] = passed.curtailed
        ledger.stored[hour] = passed.stored.total
        ledger.overload[hour] = passed.overload
        ledger.flow[hour] = passed.flow
        return passed
