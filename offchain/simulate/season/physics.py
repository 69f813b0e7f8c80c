"""What electricity does in an hour, the same in every world: batteries, cars, lines between microgrids, transformers.

All energy is in whole Wh, and none is lost or found: see `Hour`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from offchain.errors import UserError
from offchain.simulate.season.behaviour import Plan
from offchain.simulate.season.season import Season

Energy = NDArray[np.int64]


@dataclass(frozen=True)
class Stored:
    """What is in every home's battery and car, Wh, shape (homes,)."""

    battery: Energy
    car: Energy

    @property
    def total(self) -> Energy:
        """Both together."""
        return self.battery + self.car


@dataclass(frozen=True)
class Hour:
    """Shape (homes,): `charged` and `discharged` at the battery's plug, `into_car`, `curtailed` PV, and what the meter
    counts out and in. Shape (lines,): `flow` as it leaves, positive from the line's first end to its second, and `lost`
    on it. Shape (microgrids,): `utility`, positive to it, and `overload`, the need beyond the transformer's power.

    Of each home: made + discharged + imported = used + charged + into_car + curtailed + exported. Of each microgrid:
    exported - imported = what leaves by lines - what arrives + utility.
    """

    stored: Stored
    charged: Energy
    discharged: Energy
    into_car: Energy
    curtailed: Energy
    exported: Energy
    imported: Energy
    flow: Energy
    lost: Energy
    utility: Energy
    overload: Energy


@dataclass(frozen=True)
class Plant:
    """What stands in a season's homes and between them. `needed` is what must be in a car when an hour begins to drive
    whatever comes, Wh, shape (hours + 1, homes)."""

    season: Season
    places: Energy
    battery: Energy
    power: Energy
    efficiency: NDArray[np.float64]
    car: Energy
    car_power: Energy
    driven: Energy
    needed: Energy
    meter: Energy

    @classmethod
    def of(cls, season: Season) -> Self:
        """What the season describes.

        Raises UserError if a car can't drive what it is to drive, however it is charged.
        """
        homes = season.homes
        batteries, cars = [home.battery for home in homes], [home.car for home in homes]
        driven, most = np.zeros((2, season.hours, len(homes)), np.int64)
        for place, car in enumerate(cars):
            if car:
                driven[:, place], most[:, place] = car.driven, car.power * car.parked
        needed = np.zeros((season.hours + 1, len(homes)), np.int64)
        for hour in reversed(range(season.hours)):
            needed[hour] = np.maximum(0, needed[hour + 1] + driven[hour] - most[hour])
        capacity = np.array([car.capacity if car else 0 for car in cars])
        for place in np.flatnonzero((needed > capacity).any(axis=0)):
            raise UserError(
                f"the car of {homes[place].name} can't store what it drives: give it more than {capacity[place]} Wh"
            )
        return cls(
            season,
            season.places,
            np.array([battery.capacity if battery else 0 for battery in batteries]),
            np.array([battery.power if battery else 0 for battery in batteries]),
            np.array([battery.efficiency if battery else 1.0 for battery in batteries]),
            capacity,
            most,
            driven,
            needed,
            np.array([home.capacity for home in homes]),
        )

    @property
    def first(self) -> Stored:
        """Batteries are empty and cars full when the season begins."""
        return Stored(np.zeros_like(self.battery), self.car.copy())

    def hour(self, hour: int, stored: Stored, plans: Sequence[Plan]) -> Hour:
        """What happens if the homes want `plans`, one a home: each is cut to what battery, car and meter can, and a car
        is charged what it must be for its next way. Surplus serves the own microgrid, then over lines the neighbours',
        then goes to the utility as far as the transformer carries it; the rest is curtailed."""
        season = self.season
        made, used = season.made[hour], season.used[hour]
        net = made - used
        into_car = self._car(hour, stored.car, net, plans)
        charged, discharged, battery = self._battery(stored.battery, net - into_car, plans)
        net = net - into_car - charged + discharged
        surplus = self.by_microgrid(net)
        flow, lost = self.flow(surplus)
        for line, leaving, loss in zip(season.lines, flow, lost, strict=True):
            source, target = line.ends if leaving >= 0 else line.ends[::-1]
            surplus[source] -= abs(leaving)
            surplus[target] += abs(leaving) - loss
        feeder = np.array([microgrid.feeder for microgrid in season.microgrids])
        cut = self._cut(net, np.maximum(0, surplus - feeder))
        kept = np.minimum(cut, discharged)  # before PV is curtailed, a battery keeps what it had given
        net = net - cut
        return Hour(
            stored=Stored(battery + kept, stored.car + into_car - self.driven[hour]),
            charged=charged,
            discharged=discharged - kept,
            into_car=into_car,
            curtailed=cut - kept,
            exported=np.maximum(0, net),
            imported=np.maximum(0, -net),
            flow=flow,
            lost=lost,
            utility=np.minimum(surplus, feeder),
            overload=np.maximum(0, -surplus - feeder),
        )

    def by_microgrid(self, energy: Energy) -> Energy:
        """Sums what the homes have, shape (homes,), by microgrid."""
        sums = np.zeros(len(self.season.microgrids), np.int64)
        np.add.at(sums, self.places, energy)
        return sums

    def flow(self, surplus: Energy) -> tuple[Energy, Energy]:
        """What flows over each line and is lost on it, when the microgrids have `surplus` (negative: a need). Energy
        goes over one line at most; lines are used in their order."""
        left = surplus.copy()
        flow, lost = np.zeros((2, len(self.season.lines)), np.int64)
        for number, line in enumerate(self.season.lines):
            for source, target, sign in ((*line.ends, 1), (*line.ends[::-1], -1)):
                if left[source] <= 0 or left[target] >= 0:
                    continue
                for_need = int(-left[target] / (1 - line.loss))  # what arrives of this is never more than the need
                leaving = min(int(left[source]), line.power, for_need)
                loss = int(np.ceil(leaving * line.loss))
                flow[number], lost[number] = sign * leaving, loss
                left[source] -= leaving
                left[target] += leaving - loss
        return flow, lost

    def _car(self, hour: int, car: Energy, net: Energy, plans: Sequence[Plan]) -> Energy:
        """Wh that go into the cars."""
        wanted = np.array([plan.car for plan in plans], np.int64)
        power, driven = self.car_power[hour], self.driven[hour]
        most = np.minimum(np.minimum(power, self.car - car + np.where(power > 0, driven, 0)), self.meter + net)
        least = np.maximum(0, self.needed[hour + 1] + driven - car)
        return np.maximum(least, np.minimum(wanted, most))

    def _battery(self, battery: Energy, net: Energy, plans: Sequence[Plan]) -> tuple[Energy, Energy, Energy]:
        """Wh that go into and come out of the batteries, and what is in them then."""
        wanted = np.array([plan.battery for plan in plans], np.int64)
        fits = ((self.battery - battery) / self.efficiency).astype(np.int64)
        most = np.minimum(np.minimum(self.power, fits), np.maximum(0, self.meter + net))
        charged = np.clip(wanted, 0, most)
        there = np.minimum(np.minimum(self.power, battery), np.maximum(0, self.meter - net))
        discharged = np.clip(-wanted, 0, there)
        return charged, discharged, battery + (charged * self.efficiency).astype(np.int64) - discharged

    def _cut(self, net: Energy, beyond: Energy) -> Energy:
        """What of each home's export must not go out, pro rata, so that its microgrid's is less by `beyond`."""
        cut = np.zeros_like(net)
        for microgrid in np.flatnonzero(beyond):
            members = np.flatnonzero((self.places == microgrid) & (net > 0))
            ends = net[members].cumsum() * beyond[microgrid] // net[members].sum()
            cut[members] = np.diff(ends, prepend=0)
        return cut
